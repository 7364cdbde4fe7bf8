internal import Logging
internal import SeliumNetCore
internal import SeliumProtocol
internal import SeliumQUIC
internal import SeliumTLSCore

/// Connects over QUIC: certificates, addresses, then one address after the other.
struct QUICDialer: Dialer {
    /// The longest wait for the first packet of a server.
    private static let firstPacket = Duration.seconds(3)
    /// Bytes read from a stream at once.
    static let readSize = 128 * 1024

    let configuration: SeliumClient.Configuration
    /// Seconds since 1970.
    let unixTime: @Sendable () -> Int64
    /// Asks for the addresses of a name; may take for ever.
    var lookup: @Sendable (String) throws(AddressLookup.Problem) -> [IPAddress] =
        AddressLookup.addresses(of:)

    func connect() async throws(ClientError) -> any ControlConnection {
        let files = try CertificateFiles(
            configuration.certificates, home: ProcessEnvironment.variable("HOME"))
        try checkOwnCertificate(files)
        let context = try Self.tlsContext(files)
        let addresses = try await addresses()
        let race = AddressRace<QUICConnection>(
            addresses: addresses, patience: patience,
            connect: { await attempt($0, within: $1, context, files) },
            discard: {
                $0.close(code: ResetCode.none.rawValue)
                _ = await $0.ended()
            })
        let (host, port) = (configuration.host, configuration.port)
        switch await race.run() {
        case .connected(let connection): return QUICControlConnection(connection)
        case .failed(let error): throw error
        case .silent:
            throw ClientError(.noAnswer(host: host, port: port, seconds: patience.inSeconds))
        case .refused:
            throw ClientError(
                .nothingListening(host: host, port: port, tried: addresses.map(\.description)))
        }
    }

    private func attempt(
        _ address: IPAddress, within patience: Duration, _ context: TLSContext,
        _ files: CertificateFiles
    ) async -> AddressRace<QUICConnection>.Attempt {
        var quic = QUICConfiguration.client
        quic.handshakeTimeout = patience
        do {
            let connection = try await QUICConnection.connect(
                to: SocketAddress(address, port: configuration.port),
                serverName: serverName, tls: context,
                authority: .unrestricted, configuration: quic, logger: configuration.logger)
            configuration.logger.debug(
                "connected",
                metadata: ["address": "\(address)", "port": "\(configuration.port)"])
            return .connected(connection)
        } catch {
            configuration.logger.debug(
                "no connection to an address",
                metadata: ["address": "\(address)", "error": "\(error)"])
            return switch error.code {
            // The next address may be the right one.
            case .refused, .invalidAddress: .refused
            case .nothingHeard: .silent
            default: .failed(failure(error, files))
            }
        }
    }

    /// What the server's certificate must be for. A dot at the end of a host says that it is whole
    /// already; certificates never have it (RFC 6125 §6.4).
    private var serverName: String {
        if let name = configuration.serverName { return name }
        let host = configuration.host
        return host.hasSuffix(".") ? String(host.dropLast()) : host
    }

    /// How long the first packet may take, from whichever address.
    private var patience: Duration { min(Self.firstPacket, configuration.timeout) }

    private func checkOwnCertificate(_ files: CertificateFiles) throws(ClientError) {
        guard let own = Certificate(files.certificate) else {
            throw ClientError(
                .invalidFile(path: files.certificatePath, reason: "it is no certificate"))
        }
        let now = unixTime()
        guard now >= own.notBefore else {
            throw ClientError(
                .ownCertificateNotYetValid(
                    path: files.certificatePath, notBefore: own.notBefore, now: now))
        }
        guard own.isValid(at: now) else {
            throw ClientError(
                .ownCertificateExpired(
                    path: files.certificatePath, notAfter: own.notAfter, now: now))
        }
    }

    private static func tlsContext(_ files: CertificateFiles) throws(ClientError) -> TLSContext {
        do {
            return try TLSContext(client: files.tlsConfiguration(alpn: ControlProtocol.alpn))
        } catch {
            let path: String
            switch error.code {
            case .unreadableTrustRoots: path = files.authorityPath
            case .unreadablePrivateKey, .keyMismatch: path = files.keyPath
            default: path = files.certificatePath
            }
            throw ClientError(.invalidFile(path: path, reason: error.message))
        }
    }

    /// The addresses of a host that nobody has to be asked about: `localhost` is both loopback
    /// addresses (RFC 6761 §6.3), and an address is itself. Nil for every other name.
    static func knownAddresses(of host: String) -> [IPAddress]? {
        if let literal = IPAddress(host) { return [literal] }
        if host.hasPrefix("["), host.hasSuffix("]"),
            let literal = IPAddress(String(host.dropFirst().dropLast()))
        {
            return [literal]
        }
        let isLoopback = ["localhost", "localhost."].contains(host.lowercased())
        return isLoopback ? [.v6(.loopback), .v4(.loopback)] : nil
    }

    private func addresses() async throws(ClientError) -> [IPAddress] {
        let host = configuration.host
        if let known = Self.knownAddresses(of: host) { return known }
        switch await LookupThread.addresses(of: host, within: configuration.timeout, ask: lookup) {
        case .success(let found)?: return found
        case .failure(let problem)?:
            throw ClientError(.unknownHost(host: host, reason: problem.reason))
        case nil:
            if Task.isCancelled { throw .cancelled }
            let time = configuration.timeout.inWords
            throw ClientError(
                .unknownHost(host: host, reason: "the system has not answered in \(time)"))
        }
    }

    private func failure(_ error: QUICError, _ files: CertificateFiles) -> ClientError {
        let (host, port) = (configuration.host, configuration.port)
        switch error.code {
        case .cancelled: return .cancelled
        case .protocolMismatch, .versionMismatch:
            return ClientError(.protocolDiffers(host: host, port: port))
        case .certificateRefused: return ClientError(.refusedByServer(name: files.name))
        case .verificationFailed:
            return ClientError(certificateFailure(error.tls, error.message, files))
        case .connectionRefused, .handshakeTimeout, .idle, .peerClosed, .peerGone, .statelessReset:
            return ClientError(.unavailable(host: host, port: port, reason: error.message))
        default:
            return ClientError(.other(host: host, port: port, reason: error.message))
        }
    }

    private func certificateFailure(
        _ error: TLSError?, _ message: String, _ files: CertificateFiles
    ) -> ConnectionFailure {
        let (host, port, now) = (configuration.host, configuration.port, unixTime())
        switch (error?.code, error?.certificate) {
        case (.unknownIssuer?, _):
            return .foreignAuthority(host: host, port: port, caPath: files.authorityPath)
        case (.certificateExpired?, let judged?):
            return .serverCertificateExpired(notAfter: judged.notAfter, now: now)
        case (.certificateNotYetValid?, let judged?):
            return .serverCertificateNotYetValid(notBefore: judged.notBefore, now: now)
        case (.wrongName?, let judged?):
            return .wrongName(names: judged.hostNames, host: error?.expectedName ?? host)
        default: return .invalidServerCertificate(host: host, port: port, reason: message)
        }
    }
}

/// A QUIC connection as the requests see it.
final class QUICControlConnection: ControlConnection {
    private let connection: QUICConnection

    init(_ connection: QUICConnection) { self.connection = connection }

    var executor: (any TaskExecutor)? { connection.taskExecutor }

    nonisolated(nonsending) func openStream() async throws(TransportError) -> any ControlStream {
        do {
            return QUICControlStream(stream: try await connection.openStream())
        } catch {
            throw TransportError(error)
        }
    }

    func close() async {
        connection.close(code: ResetCode.none.rawValue)
        _ = await connection.ended()
    }
}

/// A QUIC stream as a request sees it.
struct QUICControlStream: ControlStream {
    let stream: QUICStream

    nonisolated(nonsending) func write(_ bytes: [UInt8], end: Bool) async throws(TransportError) {
        do {
            if !bytes.isEmpty { try await stream.write(bytes) }
        } catch {
            throw TransportError(error)
        }
        if end { stream.finish() }
    }

    nonisolated(nonsending) func read() async throws(TransportError) -> [UInt8]? {
        do {
            return try await stream.read(atMost: QUICDialer.readSize)
        } catch {
            throw TransportError(error)
        }
    }

    func finish() { stream.finish() }

    func abandon(_ code: ResetCode) {
        stream.reset(code: code.rawValue)
        stream.stopSending(code: code.rawValue)
    }
}

extension TransportError {
    /// What a QUIC error means for a stream or its connection.
    init(_ error: QUICError) {
        let code = ResetCode(rawValue: error.peerCode ?? 0)
        let kind: Kind
        switch error.code {
        case .cancelled, .streamClosed: kind = .cancelled
        case .streamReset: kind = .reset(code)
        case .stopSending: kind = .stopped(code)
        case .certificateRefused: kind = .certificateRefused
        case .peerClosed where !error.isTransportCode: kind = .closed(code)
        default: kind = .connectionLost
        }
        self.init(kind: kind, message: error.message)
    }
}

extension Duration {
    /// As seconds with a fraction.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// `10 s`, `0.5 s`.
    var inWords: String {
        let seconds = inSeconds
        return seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
