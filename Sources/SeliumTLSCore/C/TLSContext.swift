internal import CBoringTLS

/// The immutable half of TLS: keys, roots and rules shared by all sessions of one kind.
///
/// TLS 1.3 for QUIC only, no tickets, no resumption, no early data; the largest certificate message
/// is 16 KiB and the longest chain four certificates.
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
    /// The library never changes a context after it was made, and counts references atomically.
    private nonisolated(unsafe) let context: OpaquePointer

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
        try self.init(material)
    }

    /// Reads and checks a client's configuration.
    public convenience init(client configuration: TLSClientConfiguration) throws(TLSError) {
        var material = Material(groups: configuration.groups, isServer: false)
        material.chain = configuration.identity?.certificateChain ?? []
        material.key = configuration.identity?.privateKey ?? []
        material.roots = configuration.trustRoots
        material.protocols = try Self.wireFormat(configuration.applicationProtocols)
        try self.init(material)
    }

    private init(_ material: Material) throws(TLSError) {
        self.side = material.isServer ? .server : .client
        self.certificate = Certificate(material.chain)
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

    /// A session for one connection to `serverName`. Client contexts only.
    ///
    /// - Parameters:
    ///   - serverName: a host name (one trailing dot is dropped) or an IP address, with or without
    ///     brackets. The server's certificate must be for it.
    ///   - unixTime: seconds since 1970 that certificates are judged by.
    public func makeClientSession(
        serverName: String, unixTime: Int64
    ) throws(TLSError) -> TLSSession {
        precondition(self.side == .client, "a server context makes server sessions")
        return try unsafe TLSSession(
            self.context, of: self, serverName: serverName, unixTime: unixTime)
    }

    deinit {
        unsafe btls_context_free(self.context)
    }
}
