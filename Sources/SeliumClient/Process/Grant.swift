/// A capability to hand to a process, with an optional scope as text; the server judges both.
///
/// Written as a list of values: `[.timeRead, .netHTTPConnect("https://img.example.com:443")]`.
public struct Grant: Sendable, Hashable, CustomStringConvertible {
    /// The capability's name.
    public var capability: String
    /// What it is for; nil is the bare capability.
    public var scope: String?

    /// A grant of `capability`.
    public init(_ capability: Capability, scope: String? = nil) {
        self.capability = capability.name
        self.scope = scope
    }

    /// A grant by name, for capabilities this library does not know yet.
    public init(named capability: String, scope: String? = nil) {
        self.capability = capability
        self.scope = scope
    }

    /// The same capability for `scope` only.
    public func callAsFunction(_ scope: String) -> Grant { Grant(named: capability, scope: scope) }

    /// `NAME` or `NAME=SCOPE`.
    public var description: String { scope.map { "\(capability)=\($0)" } ?? capability }

    public static let sessionLifecycle = Grant(.sessionLifecycle)
    public static let channelLifecycle = Grant(.channelLifecycle)
    public static let channelReader = Grant(.channelReader)
    public static let channelWriter = Grant(.channelWriter)
    public static let processLifecycle = Grant(.processLifecycle)
    public static let netQUICBind = Grant(.netQuicBind)
    public static let netQUICAccept = Grant(.netQuicAccept)
    public static let netQUICConnect = Grant(.netQuicConnect)
    public static let netQUICRead = Grant(.netQuicRead)
    public static let netQUICWrite = Grant(.netQuicWrite)
    public static let netHTTPBind = Grant(.netHttpBind)
    public static let netHTTPAccept = Grant(.netHttpAccept)
    public static let netHTTPConnect = Grant(.netHttpConnect)
    public static let netHTTPRead = Grant(.netHttpRead)
    public static let netHTTPWrite = Grant(.netHttpWrite)
    public static let netTLSServerConfig = Grant(.netTlsServerConfig)
    public static let netTLSClientConfig = Grant(.netTlsClientConfig)
    public static let singletonRegistry = Grant(.singletonRegistry)
    public static let singletonLookup = Grant(.singletonLookup)
    public static let timeRead = Grant(.timeRead)
    public static let netTCPBind = Grant(.netTcpBind)
    public static let netTCPAccept = Grant(.netTcpAccept)
    public static let netTCPConnect = Grant(.netTcpConnect)
    public static let netTCPRead = Grant(.netTcpRead)
    public static let netTCPWrite = Grant(.netTcpWrite)
    public static let netUDPBind = Grant(.netUdpBind)
    public static let netUDPConnect = Grant(.netUdpConnect)
    public static let netUDPRead = Grant(.netUdpRead)
    public static let netUDPWrite = Grant(.netUdpWrite)
    public static let netUnixBind = Grant(.netUnixBind)
    public static let netUnixAccept = Grant(.netUnixAccept)
    public static let netUnixConnect = Grant(.netUnixConnect)
    public static let netUnixRead = Grant(.netUnixRead)
    public static let netUnixWrite = Grant(.netUnixWrite)
    public static let netWebSocketBind = Grant(.netWebSocketBind)
    public static let netWebSocketAccept = Grant(.netWebSocketAccept)
    public static let netWebSocketConnect = Grant(.netWebSocketConnect)
    public static let netWebSocketRead = Grant(.netWebSocketRead)
    public static let netWebSocketWrite = Grant(.netWebSocketWrite)
    public static let netDNSResolve = Grant(.netDnsResolve)
    public static let fsRead = Grant(.fsRead)
    public static let fsWrite = Grant(.fsWrite)
    public static let envRead = Grant(.envRead)
}
