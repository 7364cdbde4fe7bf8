/// What the connecting side of TLS is made of.
public struct TLSClientConfiguration: Sendable {
    /// PEM or DER certificates of the CAs a server must chain to; never the system's store.
    public var trustRoots: [UInt8]
    /// What the client shows when asked; nil for nothing.
    public var identity: TLSIdentity?
    /// ALPN protocols in preference order. A server that picks none is refused.
    public var applicationProtocols: [String]
    /// Key exchange groups in preference order.
    public var groups: [KeyExchangeGroup]
    /// Where tickets and address tokens of servers are remembered, and taken from for the next
    /// connection; nil remembers nothing and never resumes.
    public var sessionCache: TLSSessionCache?

    /// Collects the values; they are judged by ``TLSContext``.
    public init(
        trustRoots: [UInt8], identity: TLSIdentity?, applicationProtocols: [String],
        groups: [KeyExchangeGroup] = KeyExchangeGroup.standard,
        sessionCache: TLSSessionCache? = nil
    ) {
        self.trustRoots = trustRoots
        self.identity = identity
        self.applicationProtocols = applicationProtocols
        self.groups = groups
        self.sessionCache = sessionCache
    }
}
