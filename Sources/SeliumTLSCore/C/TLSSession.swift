internal import CBoringTLS

/// One handshake and what became of it: the TLS of one QUIC connection.
///
/// Not Sendable: it belongs to whoever owns the connection. It does nothing by itself; either the
/// packet machinery drives it (`quictls_attach` with ``handle``), or ``HandshakeFlights`` does.
/// It must outlive the `ngtcp2_conn` it is attached to.
@safe
public final class TLSSession {
    /// Which half of the handshake this is.
    public let side: TLSContext.Side
    /// The name the other side's certificate must be for: normalised, nil on servers.
    public let serverName: String?
    /// Seconds since 1970 that certificates are judged by.
    public let unixTime: Int64

    /// The `btls_session`, for `quictls_attach`. Valid as long as this object.
    package let handle: OpaquePointer
    /// Keeps the engine's context alive.
    private let context: TLSContext
    /// Where a client remembers what this server gives it, and under which name.
    var memory: (cache: TLSSessionCache, key: TLSSessionCache.Key)?

    init(
        _ engine: OpaquePointer, of context: TLSContext, serverName: String?, unixTime: Int64
    ) throws(TLSError) {
        let name = try serverName.map { (name) throws(TLSError) in try ServerName.normalised(name) }
        var status = BTLS_OK
        let session =
            if let name {
                unsafe name.withCString { unsafe btls_session_new(engine, $0, unixTime, &status) }
            } else {
                unsafe btls_session_new(engine, nil, unixTime, &status)
            }
        guard let session = unsafe session else {
            throw TLSError(status)
        }
        unsafe self.handle = session
        self.context = context
        self.side = context.side
        self.serverName = name
        self.unixTime = unixTime
    }

    deinit {
        unsafe btls_session_free(self.handle)
    }

    /// Whether the handshake is complete on this side (RFC 9001 §4.1.1). A client that sees this was
    /// not yet judged by the server: only HANDSHAKE_DONE says that its certificate was accepted.
    public var isHandshakeComplete: Bool {
        unsafe btls_session_is_complete(self.handle) == 1
    }

    /// The ALPN protocol agreed on, nil until then.
    public var applicationProtocol: String? {
        let bytes = unsafe btls_session_protocol(self.handle).array
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// The key exchange in use, nil until it is known.
    public var group: KeyExchangeGroup? {
        let number = unsafe btls_session_group(self.handle)
        return number == 0 ? nil : KeyExchangeGroup(rawValue: number)
    }

    /// The registered number of the cipher suite in use (RFC 8446 §B.4), nil until it is known.
    public var cipherSuite: UInt16? {
        let number = unsafe btls_session_suite(self.handle)
        return number == 0 ? nil : number
    }

    /// The host name that the client asked for; servers only.
    public var requestedServerName: String? {
        guard let name = unsafe btls_session_requested_name(self.handle) else { return nil }
        return unsafe String(validatingCString: name)
    }

    /// The other side's certificate as it was presented; when the handshake was resumed, by the
    /// handshake it goes back to. Before the handshake is complete, and after
    /// it failed, nobody vouches for it.
    public var peerCertificate: Certificate? {
        Certificate(der: unsafe btls_session_peer_certificate(self.handle).array)
    }

    /// The alert this side sent, if it did.
    public var sentAlert: TLSAlert? {
        let alert = unsafe btls_session_sent_alert(self.handle)
        return UInt8(exactly: alert).map { TLSAlert(rawValue: $0) }
    }

    /// Why the handshake failed on this side; nil when it did not. What the *other* side found wrong
    /// arrives as an alert: ``TLSError/received(_:)``.
    public var failure: TLSError? {
        guard unsafe btls_session_has_failed(self.handle) == 1 else { return nil }
        return self.makeFailure()
    }
}
