import Foundation
import NIOCore
import NIOPosix
import SeliumNetCore
import SeliumQUIC
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

/// A program of another implementation: GnuTLS and Debian's own use of ngtcp2.
private struct Foreign {
    static let client = "/usr/bin/gtlsclient"
    static let server = "/usr/sbin/gtlsserver"
    static var isInstalled: Bool {
        [client, server].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private let process = Process()
    private let output = Pipe()

    init(_ path: String, _ arguments: [String]) throws {
        try #require(
            Self.isInstalled,
            "gtlsclient or gtlsserver is missing: install Debian's ngtcp2-client and ngtcp2-server")
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    /// Everything it says until it ends, and then `next`: nobody waits for one that is gone.
    func read(then next: @escaping @Sendable () -> Void = {}) async -> String {
        let handle = output.fileHandleForReading
        // On a thread of its own: it blocks, and tasks share two.
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let data = handle.readDataToEndOfFile()
                next()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
        }
    }

    func end() {
        // gtlsserver takes SIGTERM for nothing.
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}

@Suite(
    "With gtlsclient and gtlsserver", .serialized, .inTurn(minutes: 2))
struct InteropTests {
    @Test(
        "gtlsclient gets its own bytes back, after Retry, a key update and moves",
        arguments: [
            (0, []), (100, []), (100, ["--key-update=30ms"]),
            (100, ["--change-local-addr=30ms", "--nat-rebinding"]),
            (100, ["--change-local-addr=30ms"]),
        ] as [(Int, [String])])
    func foreignClient(retryThreshold: Int, options: [String]) async throws {
        let certificates = try LiveCertificates()
        let files = try ScratchDirectory()
        defer { files.remove() }
        var random = SeededRandom(seed: 21)
        let sent = random.bytes(200_000)
        try Data(sent).write(to: files.url.appendingPathComponent("sent"))
        var configuration = QUICConfiguration.server
        configuration.retryThreshold = retryThreshold
        configuration.idleTimeout = .seconds(5)
        // Without HTTP/3's three it does not even begin.
        configuration.maximumRemoteUnidirectionalStreams = 3
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)],
            tls: certificates.serverContext(protocols: ["h3"], requiresClientCertificate: false),
            authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
        let port = listener.localAddresses[0].port
        // The request comes when keys and addresses have changed.
        let client = try Foreign(
            Foreign.client,
            [
                "--no-quic-dump", "--no-http-dump", "--delay-stream=100ms", "-m", "POST",
                "--data=\(files.path("sent"))", "--download=\(files.url.path)",
                "--exit-on-all-streams-close",
            ] + options + ["127.0.0.1", "\(port)", "https://localhost/echoed"])
        async let output = client.read(then: { listener.beginGracefulShutdown() })
        let accepted = await listener.connections.next()
        let connection = try #require(accepted, "gtlsclient did not complete its handshake")
        #expect(connection.negotiatedALPN == "h3")
        // What GnuTLS has in common with us.
        #expect(connection.keyExchangeGroup == .x25519)
        async let echoed = Self.echoRequests(of: connection)
        let end = await connection.ended()
        #expect(end.isPeerClose)
        client.end()
        let said = await output
        #expect(try await echoed == [sent])
        let received = try Data(contentsOf: files.url.appendingPathComponent("echoed"))
        #expect(Array(received) == sent)
        #expect(said.contains("QUIC handshake has completed"))
        if retryThreshold == 0 { #expect(said.lowercased().contains("retry")) }
        // Packets of ours that it opened with the second keys.
        let updated = said.split(separator: "\n").filter {
            $0.contains("pkt rx") && $0.hasSuffix("type=1RTT k=1")
        }
        #expect((updated.count > 10) == options.contains { $0.hasPrefix("--key-update") })
        await listener.close()
    }

    /// Answers every request with 200 and its own body; the bodies, when the connection is over.
    private static func echoRequests(of connection: QUICConnection) async throws -> [[UInt8]] {
        try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            for await stream in connection.inboundStreams {
                group.addTask { try await echo(stream) }
            }
            return try await group.reduce(into: []) { bodies, body in
                if let body { bodies.append(body) }
            }
        }
    }

    /// Echoes all frames but the first one, the head, as they come.
    private static func echo(_ stream: QUICStream) async throws -> [UInt8]? {
        // The client's own streams (SETTINGS and QPACK) live as long as the connection.
        guard stream.id & 2 == 0 else {
            while (try? await stream.read(atMost: 64 << 10)) != nil {}
            return nil
        }
        var request: [UInt8] = []
        var echoed: Int?
        while let more = try await stream.read(atMost: 64 << 10) {
            request += more
            if echoed == nil, let (_, head) = TinyHTTP3.firstFrame(request) {
                try await stream.write(TinyHTTP3.answerHead)
                echoed = head.upperBound
            }
            guard let from = echoed, from < request.count else { continue }
            try await stream.write(Array(request[from...]))
            echoed = request.count
        }
        stream.finish()
        return TinyHTTP3.body(request)
    }

    @Test("a gtlsclient that would resume makes a whole handshake each time: no ticket, no token")
    func wouldResume() async throws {
        let certificates = try LiveCertificates()
        let directory = try ScratchDirectory()
        defer { directory.remove() }
        var configuration = QUICConfiguration.server
        configuration.idleTimeout = .milliseconds(400)
        configuration.maximumRemoteUnidirectionalStreams = 3
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)],
            tls: certificates.serverContext(protocols: ["h3"], requiresClientCertificate: false),
            authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
        let files = ["session", "token"].map { directory.path($0) }
        for _ in 0..<2 {
            let client = try Foreign(
                Foreign.client,
                [
                    "--no-http-dump", "--session-file=\(files[0])", "--token-file=\(files[1])",
                    "127.0.0.1", "\(listener.localAddresses[0].port)",
                ])
            async let output = client.read()
            let accepted = await listener.connections.next()
            let connection = try #require(accepted)
            _ = await connection.ended()
            client.end()
            let said = await output
            #expect(said.contains("QUIC handshake has completed"))
            // The frame would be in its dump of what it received.
            #expect(!said.contains("NEW_TOKEN"))
            for file in files { #expect(!FileManager.default.fileExists(atPath: file)) }
        }
        await listener.close()
    }

    @Test(
        "gtlsclient resumes with our ticket, early data prepared or not, and keeps our token",
        arguments: [false, true])
    func foreignClientResumes(wouldSendEarlyData: Bool) async throws {
        let certificates = try LiveCertificates()
        let files = try ScratchDirectory()
        defer { files.remove() }
        var configuration = QUICConfiguration.server
        configuration.maximumRemoteUnidirectionalStreams = 3
        configuration.retryThreshold = 0
        configuration.issuesAddressTokens = true
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)],
            tls: certificates.serverContext(
                protocols: ["h3"], requiresClientCertificate: false,
                resumption: .tickets(keys: try TLSTicketKeys())),
            authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
        // 0.12.1 writes its token file and cannot read it: it never shows a token to anybody.
        let names = wouldSendEarlyData ? ["session", "token", "tp"] : ["session", "token"]
        let options =
            names.map { "--\($0)-file=\(files.path($0))" }
            + (wouldSendEarlyData ? [] : ["--disable-early-data"])
        for isResumed in [false, true, true] {
            let client = try Foreign(
                Foreign.client,
                ["--no-quic-dump", "--no-http-dump"] + options
                    + ["127.0.0.1", "\(listener.localAddresses[0].port)"])
            async let output = client.read()
            let accepted = await listener.connections.next()
            let connection = try #require(accepted, "gtlsclient did not complete its handshake")
            #expect(connection.isResumed == isResumed)
            // The suite's time limit is the deadline.
            while !names.allSatisfy({ Self.isWritten(files.path($0)) }) {
                try await Task.sleep(for: .milliseconds(2))
            }
            connection.close()
            // It ends by itself then. Killed while it writes, it would leave half a ticket behind, and
            // the next one would not begin.
            #expect(await output.contains("QUIC handshake has completed"))
            client.end()
        }
        await listener.close()
    }

    private static func isWritten(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? Int ?? 0) > 0
    }

    @Test("gtlsclient is refused by a listener that does not speak its protocol")
    func foreignProtocol() async throws {
        let certificates = try LiveCertificates()
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)],
            tls: certificates.serverContext(requiresClientCertificate: false),
            authority: .unrestricted, logger: EchoServer.quiet)
        let client = try Foreign(
            Foreign.client, ["127.0.0.1", "\(listener.localAddresses[0].port)"])
        let said = await client.read()
        // no_application_protocol is alert 120: 0x0100 + 0x78 (RFC 9001 §4.8).
        #expect(said.contains("0x178"))
        client.end()
        await listener.close()
    }

    @Test("gtlsserver answers our request, Retry included", arguments: [[], ["-V"]])
    func foreignServer(options: [String]) async throws {
        let certificates = try LiveCertificates()
        let files = try ScratchDirectory()
        defer { files.remove() }
        let identity = try certificates.serverIdentity()
        try Data(identity.privateKey).write(to: files.url.appendingPathComponent("key"))
        try Data(identity.certificateChain).write(to: files.url.appendingPathComponent("crt"))
        var random = SeededRandom(seed: 22)
        let content = random.bytes(300_000)
        try Data(content).write(to: files.url.appendingPathComponent("content"))
        let port = try await Self.freePort()
        let server = try Foreign(
            Foreign.server,
            ["-q", "-d", files.url.path] + options
                + ["127.0.0.1", "\(port)", files.path("key"), files.path("crt")])
        defer { server.end() }
        // Without HTTP/3's three it does not even begin.
        var configuration = QUICConfiguration.client
        configuration.maximumRemoteUnidirectionalStreams = 3
        let allowing = configuration
        let connection = try await Self.patiently {
            try await QUICConnection.connect(
                to: SocketAddress(IPv4Address.loopback, port: port), serverName: "localhost",
                tls: certificates.clientContext(identity: nil, protocols: ["h3"]),
                authority: .unrestricted, configuration: allowing, logger: EchoServer.quiet)
        }
        #expect(connection.negotiatedALPN == "h3")
        #expect(connection.keyExchangeGroup == .x25519)
        #expect(connection.peerCertificates.first?.hostNames.contains("localhost") == true)
        try await connection.waitUntilConfirmed()
        let answer = try await exchange(connection, TinyHTTP3.request(path: "/content"))
        #expect(answer.starts(with: [0x01]))
        #expect(TinyHTTP3.body(answer) == content)
        connection.close()
        guard case .closedLocally = await connection.ended() else {
            Issue.record("it ended before")
            return
        }
    }

    @Test("we resume with the ticket of gtlsserver, and its token spares us its Retry")
    func foreignServerResumes() async throws {
        let certificates = try LiveCertificates()
        let files = try ScratchDirectory()
        defer { files.remove() }
        let identity = try certificates.serverIdentity()
        try Data(identity.privateKey).write(to: files.url.appendingPathComponent("key"))
        try Data(identity.certificateChain).write(to: files.url.appendingPathComponent("crt"))
        let port = try await Self.freePort()
        let server = try Foreign(
            Foreign.server,
            [
                "--no-quic-dump", "--no-http-dump", "-V", "127.0.0.1", "\(port)",
                files.path("key"), files.path("crt"),
            ])
        async let output = server.read()
        defer { server.end() }
        var configuration = QUICConfiguration.client
        configuration.maximumRemoteUnidirectionalStreams = 3
        let allowing = configuration
        let cache = TLSSessionCache()
        // A hello of one datagram is asked for one Retry.
        let tls = try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots, identity: nil, applicationProtocols: ["h3"],
                groups: [.x25519], sessionCache: cache))
        let key = tls.cacheKey(serverName: "localhost")
        for round in 0..<3 {
            let connection = try await Self.patiently {
                try await QUICConnection.connect(
                    to: SocketAddress(IPv4Address.loopback, port: port), serverName: "localhost",
                    tls: tls, authority: .unrestricted, configuration: allowing,
                    logger: EchoServer.quiet)
            }
            #expect(connection.isResumed == (round > 0))
            #expect(connection.peerCertificates.first?.hostNames.contains("localhost") == true)
            try await connection.waitUntilConfirmed()
            // Both follow the handshake; the test's time limit is the deadline.
            while cache.holdings(of: key).tickets == 0 || cache.holdings(of: key).tokens == 0 {
                await Task.yield()
            }
            connection.close()
            _ = await connection.ended()
        }
        server.end()
        let said = await output
        let retries = said.components(separatedBy: "Sending Retry packet").count - 1
        let tokens = said.components(separatedBy: "Token was successfully validated").count - 1
        #expect(retries == 1)
        // Each datagram of a hello brings it.
        #expect(tokens >= 2)
    }

    private static func freePort() async throws -> UInt16 {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let channel = try await DatagramBootstrap(group: loop).bind(host: "127.0.0.1", port: 0)
            .get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return UInt16(port)
    }

    /// Again while nothing listens yet, which is known at once; for some seconds.
    private static func patiently(
        _ connect: () async throws -> QUICConnection
    ) async throws -> QUICConnection {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(10)
        while true {
            do {
                return try await connect()
            } catch let error as QUICError where error.code == .refused && clock.now < deadline {
                await Task.yield()
            }
        }
    }
}

extension QUICConnectionEnd {
    fileprivate var isPeerClose: Bool {
        if case .closedByPeer = self { true } else { false }
    }
}

/// A directory that is removed at the end.
private struct ScratchDirectory {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

    init() throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func remove() { try? FileManager.default.removeItem(at: url) }
}
