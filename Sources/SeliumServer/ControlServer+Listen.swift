public import Logging
public import SeliumNetCore
internal import SeliumProtocol
public import SeliumQUIC
public import SeliumTLSCore

extension ControlServer {
    /// Binds the control protocol to addresses: QUIC v1, TLS 1.3, ALPN `selium/1` and nothing else,
    /// no resumption.
    ///
    /// - Parameters:
    ///   - addresses: all on one listener; port 0 lets the system choose.
    ///   - identity: what the server shows.
    ///   - clientRoots: PEM of the CAs whose clients may call; nil asks for no certificate, which
    ///     goes with ``CallerPolicy/anonymous`` only.
    ///   - authority: asked for every address before anything is bound.
    ///   - resetKey: 32 secret bytes by which a server that was started again ends the connections
    ///     of the one before; nil draws new ones.
    /// - Throws: what binding throws, and `.tls` when the identity or the roots cannot be used.
    public static func listen(
        on addresses: [SocketAddress], identity: TLSIdentity, clientRoots: [UInt8]?,
        configuration: ServerConfiguration, authority: NetworkAuthority,
        resetKey: [UInt8]? = nil, logger: Logger
    ) async throws(QUICError) -> QUICListener {
        let callers: TLSServerConfiguration.ClientAuthentication
        switch (clientRoots, configuration.callers) {
        case (let roots?, .certificates): callers = .required(trustRoots: roots)
        case (nil, .anonymous): callers = .none
        case (nil, .certificates), (.some, .anonymous):
            throw QUICError(.tls, "client roots and the callers' policy contradict each other")
        }
        let tls: TLSContext
        do throws(TLSError) {
            tls = try TLSContext(
                server: TLSServerConfiguration(
                    identity: identity, clientAuthentication: callers,
                    applicationProtocols: [ControlProtocol.alpn]))
        } catch {
            throw QUICError(.tls, error.message, tls: error)
        }
        var transport = QUICConfiguration.server
        transport.maximumRemoteStreams = configuration.maximumStreams
        transport.maximumUnacknowledged = configuration.streamBuffer
        transport.floodCloseCode = ResetCode.malformed.rawValue
        return try await QUICListener.bind(
            addresses, tls: tls, authority: authority, configuration: transport,
            resetKey: resetKey, logger: logger)
    }
}
