internal import CBoringTLS

/// The immutable half of TLS: keys, roots and rules shared by all sessions of one kind.
///
/// TLS 1.3 for QUIC only, no early data, and no resumption unless its configuration says so; the
/// largest certificate message is 16 KiB and the longest chain four certificates.
@safe
public final class TLSContext: Sendable {
    /// Which half of a handshake the context's sessions play.
    public enum Side: Hashable, Sendable {
        /// Accepts.
        case server
        /// Connects.
        case client
    }

    /// Which half its sessions play.
    public let side: Side
    /// Our own certificate, the leaf.
    public let certificate: Certificate?
    /// SAFETY: the library never changes a context after it was made, and counts references atomically.
    nonisolated(unsafe) let context: OpaquePointer
    /// The library's context points to them.
    private let ticketKeys: TLSTicketKeys?
    /// A client's memory of servers, and what its configuration is known by there.
    private let cache: TLSSessionCache?
    private let digest: [UInt8]

    /// Whether its sessions give and take tickets (a server's), or keep and offer them (a client's).
    public var allowsResumption: Bool { self.ticketKeys != nil || self.cache != nil }

    /// Reads and checks a server's configuration.
    public convenience init(server configuration: TLSServerConfiguration) throws(TLSError) {
        var material = Material(groups: configuration.groups, isServer: true)
        material.chain = configuration.identity.certificateChain
        material.key = configuration.identity.privateKey
        if case .required(let roots) = configuration.clientAuthentication {
            material.roots = roots
            material.requiresClientCertificate = true
        }
        material.protocols = try Self.wireFormat(configuration.applicationProtocols)
        try material.allow(configuration.resumption)
        try self.init(material, cache: nil)
    }

    /// Reads and checks a client's configuration.
    public convenience init(client configuration: TLSClientConfiguration) throws(TLSError) {
        var material = Material(groups: configuration.groups, isServer: false)
        material.chain = configuration.identity?.certificateChain ?? []
        material.key = configuration.identity?.privateKey ?? []
        material.roots = configuration.trustRoots
        material.protocols = try Self.wireFormat(configuration.applicationProtocols)
        material.keepsTickets = configuration.sessionCache != nil
        try self.init(material, cache: configuration.sessionCache)
    }

    private init(_ material: Material, cache: TLSSessionCache?) throws(TLSError) {
        self.side = material.isServer ? .server : .client
        self.certificate = Certificate(material.chain)
        self.ticketKeys = material.ticketKeys
        self.cache = cache
        self.digest = cache != nil ? material.digest : []
        unsafe self.context = try material.makeContext()
    }

    /// A session for one accepted connection. Server contexts only.
    ///
    /// - Parameter unixTime: seconds since 1970 that certificates are judged by.
    public func makeServerSession(unixTime: Int64) throws(TLSError) -> TLSSession {
        precondition(self.side == .server, "a client context makes client sessions")
        return try unsafe TLSSession(
            self.context, of: self, serverName: nil, unixTime: unixTime)
    }

    /// By what the cache knows connections to a server; the name as it was normalised.
    package func cacheKey(serverName: String) -> TLSSessionCache.Key {
        TLSSessionCache.Key(serverName: serverName, configuration: self.digest)
    }

    /// A session for one connection to `serverName`. Client contexts only. With a cache that has a
    /// ticket of that server, it offers to resume.
    ///
    /// - Parameters:
    ///   - serverName: a host name (one trailing dot is dropped) or an IP address, with or without
    ///     brackets. The server's certificate must be for it.
    ///   - unixTime: seconds since 1970 that certificates are judged by.
    public func makeClientSession(
        serverName: String, unixTime: Int64
    ) throws(TLSError) -> TLSSession {
        precondition(self.side == .client, "a server context makes server sessions")
        let session = try unsafe TLSSession(
            self.context, of: self, serverName: serverName, unixTime: unixTime)
        if let cache, let name = session.serverName {
            let key = self.cacheKey(serverName: name)
            session.memory = (cache, key)
            // What cannot be offered is not tried again.
            if let ticket = cache.takeTicket(of: key, now: unixTime) { _ = session.offer(ticket) }
        }
        return session
    }

    deinit {
        unsafe btls_context_free(self.context)
    }
}
