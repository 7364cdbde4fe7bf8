import Foundation
import Logging
import NIOCore
import NIOPosix
import SeliumNetCore
import SeliumQUIC
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

typealias SocketAddress = SeliumNetCore.SocketAddress

/// A server that answers every stream with what it says, on loopback.
struct EchoServer {
    let listener: QUICListener
    let address: SocketAddress

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func start(
        _ address: String = "127.0.0.1:0", tls: TLSContext,
        configuration: QUICConfiguration = .server
    ) async throws -> EchoServer {
        let listener = try await QUICListener.bind(
            [SocketAddress(parsing: address)], tls: tls, authority: .unrestricted,
            configuration: configuration, logger: quiet)
        return EchoServer(listener: listener, address: listener.localAddresses[0])
    }

    func run() async {
        await withDiscardingTaskGroup { group in
            for await connection in listener.connections {
                group.addTask(executorPreference: listener.taskExecutor) {
                    await Self.serve(connection)
                }
            }
        }
    }

    static func serve(_ connection: QUICConnection) async {
        await withDiscardingTaskGroup { group in
            for await stream in connection.inboundStreams {
                group.addTask(executorPreference: connection.taskExecutor) {
                    await Self.echo(stream)
                }
            }
        }
    }

    static func echo(_ stream: QUICStream) async {
        do {
            while let bytes = try await stream.read(atMost: 64 << 10) {
                try await stream.write(bytes)
            }
            stream.finish()
        } catch {
            stream.reset(code: error.peerCode ?? 9)
        }
    }
}

/// Runs `body` beside an echo server, and stops that afterwards.
func withEcho<Result: Sendable>(
    _ address: String = "127.0.0.1:0", certificates: LiveCertificates,
    configuration: QUICConfiguration = .server,
    _ body: @Sendable @escaping (EchoServer) async throws -> Result
) async throws -> Result {
    let server = try await EchoServer.start(
        address, tls: certificates.serverContext(), configuration: configuration)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask {
            await server.run()
            return nil
        }
        group.addTask { try await body(server) }
        var result: Result?
        do {
            while let one = try await group.next() {
                if let one {
                    result = one
                    break
                }
            }
        } catch {
            await server.listener.close()
            throw error
        }
        await server.listener.close()
        return try #require(result)
    }
}

func connect(
    _ server: EchoServer, _ certificates: LiveCertificates, serverName: String = "localhost",
    identity: String? = "operator", protocols: [String] = ["selium/1"],
    configuration: QUICConfiguration = .client
) async throws -> QUICConnection {
    try await QUICConnection.connect(
        to: server.address, serverName: serverName,
        tls: certificates.clientContext(identity: identity, protocols: protocols),
        authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
}

func exchange(_ connection: QUICConnection, _ bytes: [UInt8]) async throws -> [UInt8] {
    let stream = try await connection.openStream()
    async let writing: Void = {
        try await stream.write(bytes)
        stream.finish()
    }()
    var answer: [UInt8] = []
    while let more = try await stream.read(atMost: 1 << 20) { answer += more }
    try await writing
    return answer
}

@Suite("Over sockets", .inTurn(minutes: 2))
struct SocketTests {
    @Test("a request is echoed", arguments: ["127.0.0.1:0", "[::1]:0"])
    func echo(address: String) async throws {
        let certificates = try LiveCertificates()
        let answer = try await withEcho(address, certificates: certificates) { server in
            let connection = try await connect(server, certificates)
            #expect(connection.negotiatedALPN == "selium/1")
            try await connection.waitUntilConfirmed()
            let answer = try await exchange(connection, Array("hello".utf8))
            connection.close()
            return answer
        }
        #expect(answer == Array("hello".utf8))
    }

    @Test("megabytes go both ways at once, on many streams")
    func bulk() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let connection = try await connect(server, certificates)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        var random = SeededRandom(seed: UInt64(number))
                        let bytes = random.bytes(1_000_000)
                        let answer = try await exchange(connection, bytes)
                        #expect(answer == bytes)
                    }
                }
                try await group.waitForAll()
            }
            connection.close()
        }
    }

    @Test("nothing listens: refused, at once")
    func refused() async throws {
        let certificates = try LiveCertificates()
        let gone = try await EchoServer.start(tls: certificates.serverContext())
        await gone.listener.close()
        let error = await #expect(throws: QUICError.self) {
            _ = try await connect(gone, certificates)
        }
        #expect(error?.code == .refused)
    }

    @Test("a silent peer: nothing heard, after the time allowed")
    func silent() async throws {
        let certificates = try LiveCertificates()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let hole = try await DatagramBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(hole.localAddress?.port ?? 0)
        var configuration = QUICConfiguration.client
        configuration.handshakeTimeout = .milliseconds(300)
        let error = await #expect(throws: QUICError.self) {
            _ = try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: port), serverName: "localhost",
                tls: certificates.clientContext(), authority: .unrestricted,
                configuration: configuration, logger: EchoServer.quiet)
        }
        #expect(error?.code == .nothingHeard)
        try await hole.close()
    }

    @Test("a connect that is cancelled says so, before it began and while it waits")
    func cancelledConnect() async throws {
        let certificates = try LiveCertificates()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let hole = try await DatagramBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).get()
        let port = UInt16(hole.localAddress?.port ?? 0)
        for turns in [0, 200] {
            let connecting = Task {
                try await QUICConnection.connect(
                    to: SocketAddress(IPv4Address.loopback, port: port), serverName: "localhost",
                    tls: certificates.clientContext(), authority: .unrestricted,
                    logger: EchoServer.quiet)
            }
            for _ in 0..<turns { await Task.yield() }
            connecting.cancel()
            let error = await #expect(throws: QUICError.self) { _ = try await connecting.value }
            #expect(error?.code == .cancelled)
        }
        try await hole.close()
    }

    @Test("a certificate for another name is refused here, with both names")
    func wrongName() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let error = await #expect(throws: QUICError.self) {
                _ = try await connect(server, certificates, serverName: "elsewhere.example")
            }
            #expect(error?.code == .verificationFailed)
            #expect(error?.tls?.code == .wrongName)
        }
    }

    @Test("no client certificate: the server's refusal surfaces on the first operation")
    func noCertificate() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let error = await #expect(throws: QUICError.self) {
                let connection = try await connect(server, certificates, identity: nil)
                _ = try await exchange(connection, [1])
            }
            #expect(error?.code == .certificateRefused)
            #expect(error?.tls?.alert == .certificateRequired)
            let waiting = await #expect(throws: QUICError.self) {
                let connection = try await connect(server, certificates, identity: nil)
                try await connection.waitUntilConfirmed()
            }
            #expect(waiting?.code == .certificateRefused)
        }
    }

    @Test("a certificate of another CA: the server's refusal surfaces on the first operation")
    func foreignCertificate() async throws {
        let certificates = try LiveCertificates()
        let foreign = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let tls = try TLSContext(
                client: TLSClientConfiguration(
                    trustRoots: certificates.trustRoots,
                    identity: foreign.identity("operator"), applicationProtocols: ["selium/1"]))
            let error = await #expect(throws: QUICError.self) {
                let connection = try await QUICConnection.connect(
                    to: server.address, serverName: "localhost", tls: tls,
                    authority: .unrestricted, logger: EchoServer.quiet)
                _ = try await exchange(connection, [1])
            }
            #expect(error?.code == .certificateRefused)
            #expect(error?.tls?.alert == .unknownCA)
        }
    }

    @Test("another protocol is refused with no_application_protocol")
    func wrongProtocol() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let error = await #expect(throws: QUICError.self) {
                _ = try await connect(server, certificates, protocols: ["h3"])
            }
            #expect(error?.code == .protocolMismatch)
        }
    }

    @Test("the authority is asked before anything is bound or connected")
    func denied() async throws {
        let certificates = try LiveCertificates()
        let bind = await #expect(throws: QUICError.self) {
            _ = try await QUICListener.bind(
                [SocketAddress(IPv4Address.loopback, port: 0)], tls: certificates.serverContext(),
                authority: .denyAll, logger: EchoServer.quiet)
        }
        #expect(bind?.code == .denied)
        #expect(bind?.denial?.operation == .bind)
        let connect = await #expect(throws: QUICError.self) {
            _ = try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: 9), serverName: "localhost",
                tls: certificates.clientContext(), authority: .denyAll, logger: EchoServer.quiet)
        }
        #expect(connect?.code == .denied)
    }

    @Test("the port in use is an error")
    func inUse() async throws {
        let certificates = try LiveCertificates()
        let first = try await EchoServer.start(tls: certificates.serverContext())
        let error = await #expect(throws: QUICError.self) {
            _ = try await QUICListener.bind(
                [first.address], tls: certificates.serverContext(), authority: .unrestricted,
                logger: EchoServer.quiet)
        }
        #expect(error?.code == .addressInUse)
        await first.listener.close()
    }

    @Test("what cannot be bound keeps no descriptor")
    func noDescriptorLeft() async throws {
        let certificates = try LiveCertificates()
        let tls = try certificates.serverContext()
        let first = try await EchoServer.start(tls: tls)
        let before = try Self.openSockets()
        for _ in 0..<300 {
            await #expect(throws: QUICError.self) {
                _ = try await QUICListener.bind(
                    [first.address], tls: tls, authority: .unrestricted,
                    logger: EchoServer.quiet)
            }
        }
        // Other tests open and close some meanwhile.
        #expect(try Self.openSockets() - before < 150)
        await first.listener.close()
    }

    private static func openSockets() throws -> Int {
        let folder = "/proc/self/fd"
        return try FileManager.default.contentsOfDirectory(atPath: folder).count { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(folder)/\(name)")
            return target?.hasPrefix("socket:") == true
        }
    }

    @Test("resets and stop-sending arrive with their codes")
    func resets() async throws {
        let certificates = try LiveCertificates()
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)], tls: certificates.serverContext(),
            authority: .unrestricted, logger: EchoServer.quiet)
        async let client = QUICConnection.connect(
            to: listener.localAddresses[0], serverName: "localhost",
            tls: certificates.clientContext(), authority: .unrestricted, logger: EchoServer.quiet)
        let accepted = await listener.connections.next()
        let server = try #require(accepted)
        let near = try await client.openStream()
        try await near.write([1])
        let opened = await server.inboundStreams.next()
        let far = try #require(opened)
        #expect(try await far.read(atMost: 10) == [1])
        far.reset(code: 42)
        far.stopSending(code: 43)
        let reading = await #expect(throws: QUICError.self) { _ = try await near.read(atMost: 1) }
        #expect(reading?.code == .streamReset)
        #expect(reading?.peerCode == 42)
        let writing = await #expect(throws: QUICError.self) {
            for _ in 0..<1_000 { try await near.write([UInt8](repeating: 0, count: 64 << 10)) }
        }
        #expect(writing?.code == .stopSending)
        #expect(writing?.peerCode == 43)
        await listener.close()
    }

    @Test("a close by a task on the connection's own loop reaches the other side")
    func closeOnTheLoop() async throws {
        let certificates = try LiveCertificates()
        // Without a word the server would learn of it by silence.
        var configuration = QUICConfiguration.server
        configuration.idleTimeout = .seconds(3)
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)], tls: certificates.serverContext(),
            authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
        async let connecting = QUICConnection.connect(
            to: listener.localAddresses[0], serverName: "localhost",
            tls: certificates.clientContext(), authority: .unrestricted, logger: EchoServer.quiet)
        let accepted = await listener.connections.next()
        let server = try #require(accepted)
        let client = try await connecting
        let near = try await client.openStream()
        try await near.write([1])
        let leaving = Task(executorPreference: client.taskExecutor) {
            // What comes wakes it in the middle of a turn.
            let bytes = try await near.read(atMost: 1)
            client.close(code: 7, reason: "done")
            return bytes
        }
        let opened = await server.inboundStreams.next()
        let far = try #require(opened)
        try await far.write([2])
        #expect(try await leaving.value == [2])
        let end = await server.ended()
        #expect(end == .closedByPeer(code: 7, isTransport: false, reason: "done"))
        await listener.close()
    }

    @Test("a cancelled read loses no bytes")
    func cancelledRead() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let connection = try await connect(server, certificates)
            let stream = try await connection.openStream()
            try await stream.write([1])
            #expect(try await stream.read(atMost: 1) == [1])
            let reader = Task { try await stream.read(atMost: 10) }
            reader.cancel()
            let outcome = await reader.result
            #expect(throws: QUICError.self) { try outcome.get() }
            try await stream.write([2, 3])
            var bytes: [UInt8] = []
            while bytes.count < 2, let more = try await stream.read(atMost: 10) { bytes += more }
            #expect(bytes == [2, 3])
            connection.close()
        }
    }

    @Test("the listener's close reaches the client with its code")
    func shutdown() async throws {
        let certificates = try LiveCertificates()
        let server = try await EchoServer.start(tls: certificates.serverContext())
        let connection = try await connect(server, certificates)
        // One that nobody accepted would be refused instead.
        let arriving = server.listener.connections.makeAsyncIterator()
        let accepted = await arriving.next()
        await server.listener.close()
        let end = await connection.ended()
        #expect(end == .closedByPeer(code: 4, isTransport: false, reason: "shutting down"))
        withExtendedLifetime(accepted) {}
    }

    @Test("a connection that nobody accepted before the shutdown is refused before any work")
    func neverAccepted() async throws {
        let certificates = try LiveCertificates()
        let server = try await EchoServer.start(tls: certificates.serverContext())
        let connection = try await connect(server, certificates)
        // The listener has the whole handshake, and keeps it for somebody who accepts.
        try await connection.waitUntilConfirmed()
        server.listener.beginGracefulShutdown()
        #expect(
            await connection.ended()
                == .closedByPeer(code: 5, isTransport: false, reason: "shutting down"))
        await server.listener.close()
    }

    @Test("graceful shutdown refuses newcomers and leaves the others alone")
    func graceful() async throws {
        let certificates = try LiveCertificates()
        try await withEcho(certificates: certificates) { server in
            let connection = try await connect(server, certificates)
            #expect(try await exchange(connection, [1]) == [1])
            server.listener.beginGracefulShutdown()
            // It takes effect on the listener's loop: an answer from there says that it did.
            #expect(try await exchange(connection, [3]) == [3])
            let error = await #expect(throws: QUICError.self) {
                _ = try await connect(server, certificates)
            }
            #expect(error?.code == .connectionRefused)
            #expect(try await exchange(connection, [2]) == [2])
            connection.close()
        }
    }

    @Test(
        "a wildcard answers from the address that was asked",
        arguments: [
            ("0.0.0.0:0", "127.0.0.1"), ("0.0.0.0:0", "127.0.0.2"), ("[::]:0", "::1"),
            ("[::]:0", "127.0.0.1"), ("[::]:0", "127.0.0.3"),
        ])
    func wildcard(bound: String, asked: String) async throws {
        let certificates = try LiveCertificates()
        try await withEcho(bound, certificates: certificates) { server in
            let target = SocketAddress(try IPAddress(parsing: asked), port: server.address.port)
            let connection = try await QUICConnection.connect(
                to: target, serverName: "localhost", tls: certificates.clientContext(),
                authority: .unrestricted, logger: EchoServer.quiet)
            #expect(try await exchange(connection, [7]) == [7])
            connection.close()
        }
    }

    @Test("openStream waits until the other side grants one")
    func openWaits() async throws {
        let certificates = try LiveCertificates()
        var configuration = QUICConfiguration.server
        configuration.maximumRemoteStreams = 2
        try await withEcho(certificates: certificates, configuration: configuration) { server in
            let connection = try await connect(server, certificates)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 as Range<UInt8> {
                    group.addTask {
                        let answer = try await exchange(connection, [number])
                        #expect(answer == [number])
                    }
                }
                try await group.waitForAll()
            }
            connection.close()
        }
    }
}
