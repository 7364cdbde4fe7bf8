import Foundation
import NIOCore
import NIOPosix
import SeliumNetCore
import SeliumQUIC
import SeliumTLSCore
import SeliumTestSupport
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
    "With gtlsclient and gtlsserver", .enabled(if: Foreign.isInstalled), .serialized,
    .timeLimit(.minutes(2)))
struct InteropTests {
    @Test(
        "gtlsclient completes its handshake with our listener, Retry, key update and moves included",
        arguments: [
            (0, []), (100, []), (100, ["--key-update=30ms"]),
            (100, ["--change-local-addr=30ms", "--nat-rebinding"]),
            (100, ["--change-local-addr=30ms"]),
        ] as [(Int, [String])])
    func foreignClient(retryThreshold: Int, options: [String]) async throws {
        let certificates = try LiveCertificates()
        var configuration = QUICConfiguration.server
        configuration.retryThreshold = retryThreshold
        configuration.idleTimeout = .milliseconds(400)
        // Without HTTP/3's three it does not even begin.
        configuration.maximumRemoteUnidirectionalStreams = 3
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)],
            tls: certificates.serverContext(protocols: ["h3"], requiresClientCertificate: false),
            authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
        let port = listener.localAddresses[0].port
        let client = try Foreign(
            Foreign.client,
            ["--no-quic-dump", "--no-http-dump"] + options + ["127.0.0.1", "\(port)"])
        async let output = client.read(then: { listener.beginGracefulShutdown() })
        let accepted = await listener.connections.next()
        let connection = try #require(accepted)
        #expect(connection.negotiatedALPN == "h3")
        // It has no request to make: it updates keys and moves as it was told, and falls silent.
        let end = await connection.ended()
        #expect(end == .idle || end.isPeerClose)
        client.end()
        let said = await output
        #expect(said.contains("QUIC handshake has completed"))
        if retryThreshold == 0 { #expect(said.lowercased().contains("retry")) }
        await listener.close()
    }

    @Test("a gtlsclient that would resume makes a whole handshake each time: no ticket, no token")
    func wouldResume() async throws {
        let certificates = try LiveCertificates()
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        var configuration = QUICConfiguration.server
        configuration.idleTimeout = .milliseconds(400)
        configuration.maximumRemoteUnidirectionalStreams = 3
        let listener = try await QUICListener.bind(
            [SocketAddress(IPv4Address.loopback, port: 0)],
            tls: certificates.serverContext(protocols: ["h3"], requiresClientCertificate: false),
            authority: .unrestricted, configuration: configuration, logger: EchoServer.quiet)
        let files = ["session", "token"].map { directory.appendingPathComponent($0).path }
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

    @Test("we complete our handshake with gtlsserver, Retry included", arguments: [[], ["-V"]])
    func foreignServer(options: [String]) async throws {
        let certificates = try LiveCertificates()
        let files = try await certificates.writeServerFiles()
        defer { try? FileManager.default.removeItem(at: files.directory) }
        let port = try await Self.freePort()
        let server = try Foreign(
            Foreign.server,
            ["-q"] + options + ["127.0.0.1", "\(port)", files.key, files.certificate])
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
        #expect(connection.peerCertificates.first?.hostNames.contains("localhost") == true)
        try await connection.waitUntilConfirmed()
        connection.close()
        guard case .closedLocally = await connection.ended() else {
            Issue.record("it ended before")
            return
        }
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

extension LiveCertificates {
    fileprivate func writeServerFiles() async throws -> (
        directory: URL, key: String, certificate: String
    ) {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let identity = try serverIdentity()
        let key = directory.appendingPathComponent("server.key")
        let certificate = directory.appendingPathComponent("server.crt")
        try Data(identity.privateKey).write(to: key)
        try Data(identity.certificateChain).write(to: certificate)
        return (directory, key.path, certificate.path)
    }
}
