import Foundation
import SeliumNet
import Testing

/// A name server that somebody else wrote, on a port of the loopback interface.
final class NameServer {
    let address: SocketAddress
    private let process = Process()
    private let hasEnded = GracefulShutdown()
    private let directory: URL

    /// NLnet Labs' authoritative server with these zones, file text by name, while `body` runs.
    static func nsd<Value>(
        _ zones: [String: String], options: String = "",
        _ body: (NameServer) async throws -> Value
    ) async throws -> Value {
        let server = try await NameServer("nsd", zones) { directory, address in
            """
            server:
              ip-address: \(address.address)@\(address.port)
              username: ""
              database: ""
              pidfile: ""
              xfrdfile: ""
              zonesdir: "\(directory)"
              xfrdir: "\(directory)"
              zonelistfile: "\(directory)/zones"
              server-count: 1
              rrl-ratelimit: 0
              \(options)
            remote-control:
              control-enable: no
            \(zones.keys.map { "zone:\n  name: \($0)\n  zonefile: \"\($0).zone\"\n" }.joined())
            """
        }
        return try await server.use(zones.keys.first ?? "test", body)
    }

    /// NLnet Labs' recursive server while `body` runs; it asks another one about these zones.
    static func unbound<Value>(
        _ zones: [String], at server: SocketAddress, options: String = "",
        _ body: (NameServer) async throws -> Value
    ) async throws -> Value {
        let server = try await NameServer("unbound", [:]) { directory, address in
            """
            server:
              interface: \(address.address)
              port: \(address.port)
              username: ""
              chroot: ""
              directory: "\(directory)"
              pidfile: ""
              use-syslog: no
              do-not-query-localhost: no
              module-config: "iterator"
              local-zone: "test." nodefault
              \(options)
            remote-control:
              control-enable: no
            \(zones.map {
                "forward-zone:\n  name: \($0)\n  forward-addr: \(server.address)@\(server.port)\n"
            }.joined())
            """
        }
        return try await server.use(zones.first ?? "test", body)
    }

    private init(
        _ name: String, _ zones: [String: String],
        _ configuration: (String, SocketAddress) -> String
    ) async throws {
        directory = URL(fileURLWithPath: "/tmp/sn-\(UInt64.random(in: 0 ... .max))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        for (zone, text) in zones {
            try Data(text.utf8).write(to: directory.appending(path: "\(zone).zone"))
        }
        address = try await Self.freeAddress()
        let file = directory.appending(path: "\(name).conf")
        try Data(configuration(directory.path, address).utf8).write(to: file)
        process.executableURL = try Self.program(name)
        process.arguments = ["-d", "-c", file.path]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(
            forWritingTo: {
                let log = directory.appending(path: "log")
                try Data().write(to: log)
                return log
            }())
        process.terminationHandler = { [hasEnded] _ in hasEnded.initiate() }
        try process.run()
    }

    private func use<Value>(
        _ zone: String, _ body: (NameServer) async throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            try await waitUntilItAnswers(zone)
            result = .success(try await body(self))
        } catch {
            result = .failure(error)
        }
        // Its children with it: a process that is started here leads a group. Not SIGTERM, which
        // tests of this process let be ignored.
        kill(-process.processIdentifier, SIGKILL)
        await hasEnded.token.wait()
        try? FileManager.default.removeItem(at: directory)
        return try result.get()
    }

    /// What it said, for a test that fails.
    var log: String {
        (try? String(contentsOf: directory.appending(path: "log"), encoding: .utf8)) ?? ""
    }

    /// A resolver that asks it, and nobody else.
    func resolver(
        options: ResolverOptions = ResolverOptions(),
        _ change: (inout ResolverConfiguration) -> Void = { _ in }
    ) -> Resolver {
        var configuration = ResolverConfiguration()
        configuration.servers = [.init(address)]
        change(&configuration)
        return Resolver(configuration, options: options)
    }

    private func waitUntilItAnswers(_ zone: String) async throws {
        let resolver = resolver { configuration in
            configuration.timeout = 50_000_000
            configuration.attempts = 1
            configuration.cacheCapacity = 0
        }
        for _ in 0..<600 where process.isRunning {
            do throws(DNSError) {
                _ = try await resolver.query(zone, .soa)
                return
            } catch {
                switch error.code {
                case .timeout: break
                // Nobody listens yet, and the system says so at once.
                case .networkError: try await Task.sleep(for: .milliseconds(20))
                default: return
                }
            }
        }
        throw PeerFailure(description: "no answer of \(process.arguments ?? []): \(log)")
    }

    /// A port that is free for datagrams and for streams.
    private static func freeAddress() async throws -> SocketAddress {
        while true {
            let socket = try await UDPSocket.bind(anyPort)
            if (try? await TCPListener.bind(socket.localAddress)) != nil {
                return socket.localAddress
            }
        }
    }

    /// What scripts/setup has put there.
    private static func program(_ name: String) throws -> URL {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let program = root.appending(path: ".deps/nameservers/\(name)")
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw PeerFailure(description: "\(program.path) is missing: run scripts/setup")
        }
        return program
    }
}
