/// What a process may be allowed to do, one by one.
///
/// The numbers are stored in grants and shared with guests, so a number is never reused and never
/// changes its meaning. 0–19 are the names Selium has always published; the others are ours.
public enum Capability: UInt8, CaseIterable, Sendable, Hashable {
    case sessionLifecycle = 0
    case channelLifecycle = 1
    case channelReader = 2
    case channelWriter = 3
    case processLifecycle = 4
    case netQuicBind = 5
    case netQuicAccept = 6
    case netQuicConnect = 7
    case netQuicRead = 8
    case netQuicWrite = 9
    case netHttpBind = 10
    case netHttpAccept = 11
    case netHttpConnect = 12
    case netHttpRead = 13
    case netHttpWrite = 14
    case netTlsServerConfig = 15
    case netTlsClientConfig = 16
    case singletonRegistry = 17
    case singletonLookup = 18
    case timeRead = 19
    case netTcpBind = 20
    case netTcpAccept = 21
    case netTcpConnect = 22
    case netTcpRead = 23
    case netTcpWrite = 24
    case netUdpBind = 25
    case netUdpConnect = 26
    case netUdpRead = 27
    case netUdpWrite = 28
    case netUnixBind = 29
    case netUnixAccept = 30
    case netUnixConnect = 31
    case netUnixRead = 32
    case netUnixWrite = 33
    case netWebSocketBind = 34
    case netWebSocketAccept = 35
    case netWebSocketConnect = 36
    case netWebSocketRead = 37
    case netWebSocketWrite = 38
    case netDnsResolve = 39
    case fsRead = 40
    case fsWrite = 41
    case envRead = 42

    /// The name on the wire, in flags and in stored grants, for example `NetHttpConnect`: the
    /// case's own name with a capital first letter.
    public var name: String {
        switch self {
        case .sessionLifecycle: "SessionLifecycle"
        case .channelLifecycle: "ChannelLifecycle"
        case .channelReader: "ChannelReader"
        case .channelWriter: "ChannelWriter"
        case .processLifecycle: "ProcessLifecycle"
        case .netQuicBind: "NetQuicBind"
        case .netQuicAccept: "NetQuicAccept"
        case .netQuicConnect: "NetQuicConnect"
        case .netQuicRead: "NetQuicRead"
        case .netQuicWrite: "NetQuicWrite"
        case .netHttpBind: "NetHttpBind"
        case .netHttpAccept: "NetHttpAccept"
        case .netHttpConnect: "NetHttpConnect"
        case .netHttpRead: "NetHttpRead"
        case .netHttpWrite: "NetHttpWrite"
        case .netTlsServerConfig: "NetTlsServerConfig"
        case .netTlsClientConfig: "NetTlsClientConfig"
        case .singletonRegistry: "SingletonRegistry"
        case .singletonLookup: "SingletonLookup"
        case .timeRead: "TimeRead"
        case .netTcpBind: "NetTcpBind"
        case .netTcpAccept: "NetTcpAccept"
        case .netTcpConnect: "NetTcpConnect"
        case .netTcpRead: "NetTcpRead"
        case .netTcpWrite: "NetTcpWrite"
        case .netUdpBind: "NetUdpBind"
        case .netUdpConnect: "NetUdpConnect"
        case .netUdpRead: "NetUdpRead"
        case .netUdpWrite: "NetUdpWrite"
        case .netUnixBind: "NetUnixBind"
        case .netUnixAccept: "NetUnixAccept"
        case .netUnixConnect: "NetUnixConnect"
        case .netUnixRead: "NetUnixRead"
        case .netUnixWrite: "NetUnixWrite"
        case .netWebSocketBind: "NetWebSocketBind"
        case .netWebSocketAccept: "NetWebSocketAccept"
        case .netWebSocketConnect: "NetWebSocketConnect"
        case .netWebSocketRead: "NetWebSocketRead"
        case .netWebSocketWrite: "NetWebSocketWrite"
        case .netDnsResolve: "NetDnsResolve"
        case .fsRead: "FsRead"
        case .fsWrite: "FsWrite"
        case .envRead: "EnvRead"
        }
    }

    /// The capability of that exact name; capability names are case-sensitive.
    public init?(name: some StringProtocol) {
        guard let found = Capability.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}
