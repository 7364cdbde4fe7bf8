import Logging
import SeliumCertificates
import SeliumNetCore
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTLSCore
import SeliumTestSupport
import Synchronization

@testable import SeliumClient

/// A control server over the in-memory host, on loopback, and clients of it.
struct ClientFixture: Sendable {
    let host: InMemoryProcessHost
    let certificates: LiveCertificates
    let port: UInt16

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A client's configuration for the server.
    func configuration(as identity: String = "operator") throws -> SeliumClient.Configuration {
        let issued = try certificates.authority.issueClient(
            identity: identity, now: WallClock.seconds())
        return SeliumClient.Configuration(
            host: "127.0.0.1", port: port,
            certificates: .memory(
                authority: certificates.trustRoots, certificate: Array(issued.certificatePEM.utf8),
                key: Array(issued.privateKeyPEM.utf8)),
            // Far beyond what any of them takes: with every suite on two cores at once, ten seconds
            // have passed in silence. The one test of this deadline sets its own.
            timeout: .seconds(120),
            reconnection: .init(
                initialPause: .milliseconds(1), maximumPause: .milliseconds(10),
                giveUpAfter: .seconds(120)))
    }

    /// Runs `body` with a client.
    func withClient<Value: Sendable>(
        as identity: String = "operator", _ body: (SeliumClient) async throws -> Value
    ) async throws -> Value {
        try await SeliumClient.withConnection(try configuration(as: identity), body)
    }
}

/// Runs `body` beside a server, and stops that afterwards.
func withServer<Result: Sendable>(
    identity: TLSIdentity? = nil, clientRoots: [UInt8]? = nil,
    _ body: @Sendable @escaping (ClientFixture) async throws -> Result
) async throws -> Result {
    let certificates = try LiveCertificates()
    let host = InMemoryProcessHost()
    var configuration = ServerConfiguration()
    configuration.tickInterval = .milliseconds(5)
    let listener = try await ControlServer.listen(
        on: [SocketAddress(.v4(.loopback), port: 0)],
        identity: try identity ?? certificates.serverIdentity(),
        clientRoots: clientRoots ?? certificates.trustRoots, configuration: configuration,
        authority: .unrestricted, logger: ClientFixture.quiet)
    let server = ControlServer(
        host: host, configuration: configuration, logger: ClientFixture.quiet)
    let fixture = ClientFixture(
        host: host, certificates: certificates, port: listener.localAddresses.first?.port ?? 0)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            await server.run(listener)
            return nil
        }
        group.addTask { try await body(fixture) }
        defer { group.cancelAll() }
        while let one = try await group.next() { if let one { return one } }
        throw ClientError(.unknown, "no result")
    }
}

/// Makes connections that break after so many bytes read, a number of times.
final class CuttingDialer: Dialer {
    private let inner: QUICDialer
    private let budget: Int
    private let cuts: Mutex<Int>
    let connections = Atomic<Int>(0)

    init(_ configuration: SeliumClient.Configuration, after budget: Int, cuts: Int) {
        inner = QUICDialer(configuration: configuration, unixTime: WallClock.seconds)
        self.budget = budget
        self.cuts = Mutex(cuts)
    }

    func connect() async throws(ClientError) -> any ControlConnection {
        connections.add(1, ordering: .relaxed)
        let connection = try await inner.connect()
        let isCut = cuts.withLock { left in
            defer { left -= 1 }
            return left > 0
        }
        return isCut ? CuttingConnection(connection, budget) : connection
    }
}

private final class CuttingConnection: ControlConnection {
    private let inner: any ControlConnection
    private let left: Mutex<Int>

    init(_ inner: any ControlConnection, _ budget: Int) {
        self.inner = inner
        left = Mutex(budget)
    }

    var executor: (any TaskExecutor)? { nil }

    nonisolated(nonsending) func openStream() async throws(TransportError) -> any ControlStream {
        CuttingStream(inner: try await inner.openStream(), connection: self)
    }

    func close() async { await inner.close() }

    /// Takes from the budget; false when the connection is gone.
    nonisolated(nonsending) func spend(_ count: Int) async -> Bool {
        let goesOn = left.withLock { left in
            left -= count
            return left > 0
        }
        if !goesOn { await inner.close() }
        return goesOn
    }
}

private struct CuttingStream: ControlStream {
    let inner: any ControlStream
    let connection: CuttingConnection

    nonisolated(nonsending) func write(_ bytes: [UInt8], end: Bool) async throws(TransportError) {
        guard await connection.spend(bytes.count) else {
            throw TransportError(kind: .connectionLost, message: "cut")
        }
        try await inner.write(bytes, end: end)
    }

    nonisolated(nonsending) func read() async throws(TransportError) -> [UInt8]? {
        let bytes = try await inner.read()
        guard await connection.spend(bytes?.count ?? 0) else {
            throw TransportError(kind: .connectionLost, message: "cut")
        }
        return bytes
    }

    func finish() { inner.finish() }
    func abandon(_ code: ResetCode) { inner.abandon(code) }
}
