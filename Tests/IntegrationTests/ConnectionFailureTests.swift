import Foundation
import Glibc
import SeliumCertificates
import SeliumTesting
import Testing

/// Every row of the table of connection failures: the real command against a real fault, its first
/// line and its code, and what it says to do.
@Suite("Connection failures of selium", .inTurn(minutes: 5))
struct ConnectionFailureTests {
    private static let day: Int64 = 86_400

    /// `selium ps` with these settings, in a directory of its own.
    private func ps(
        _ port: Int, _ certificates: URL, _ more: String..., host: String = "127.0.0.1"
    ) async throws -> Command {
        try await Command.run(
            RealServer.selium,
            ["ps", "--domain", host, "--port", "\(port)", "--cert-dir", certificates.path] + more)
    }

    private func expect(
        _ result: Command, _ code: Int32, _ lines: String...,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(result.code == code, sourceLocation: location)
        #expect(result.errors == lines.map { $0 + "\n" }.joined(), sourceLocation: location)
        #expect(result.output.isEmpty, sourceLocation: location)
    }

    /// Certificates as `selium cert init` makes them, at another time or for another host.
    private func certificates(
        in files: TemporaryDirectory, _ name: String = "certs", hosts: [String] = [],
        daysAgo: Int64 = 0, days: Int? = nil
    ) throws -> URL {
        let place = files.url.appending(path: name)
        try Self.make(place, hosts: hosts, daysAgo: daysAgo, days: days)
        return place
    }

    private static func make(
        _ place: URL, hosts: [String] = [], daysAgo: Int64 = 0, days: Int? = nil
    ) throws {
        var setup = CertificateDirectory.Setup()
        setup.hosts = hosts
        setup.days = days
        _ = try CertificateDirectory(place.path).initialize(
            setup, now: Int64(time(nil)) - daysAgo * day)
    }

    @Test("no certificates anywhere")
    func noCertificates() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let result = try await Command.run(RealServer.selium, ["ps"], directory: files.url)
        expect(
            result, 78, "error: no certificates in ./certs or ~/.config/selium/certs",
            "to make them: selium cert init")
    }

    @Test("nothing listens, on one address and on both of localhost")
    func nothingListens() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let place = try certificates(in: files)
        // Port 1 is nobody's.
        expect(
            try await ps(1, place), 69,
            "error: nothing listens on 127.0.0.1:1 (tried 127.0.0.1)", "start it: selium-runtime")
        expect(
            try await ps(1, place, host: "localhost"), 69,
            "error: nothing listens on localhost:1 (tried ::1, 127.0.0.1)",
            "start it: selium-runtime")
    }

    @Test("a black hole: three seconds, or the timeout when that is shorter")
    func noAnswer() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let place = try certificates(in: files)
        let hole = try SilentPort()
        let check = "check: the host is up, and UDP port \(hole.port) is open on the way"
        expect(
            try await ps(hole.port, place), 69,
            "error: no answer from 127.0.0.1:\(hole.port) in 3 s: host down, or UDP \(hole.port) filtered",
            check)
        expect(
            try await ps(hole.port, place, "--timeout", "500ms"), 69,
            "error: no answer from 127.0.0.1:\(hole.port) in 0.5 s: host down, or UDP \(hole.port) filtered",
            check)
    }

    @Test("the server's certificate is of another CA; the server refuses one of another CA")
    func authorities() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let other = try certificates(in: files, "other")
        try await RealServer.withServer { server in
            expect(
                try await ps(server.port, other), 78,
                "error: 127.0.0.1:\(server.port) shows a certificate of another CA than \(other.path)/ca.crt",
                "take the certificates that belong to that server: --cert-dir DIR")
            // We believe the server, and show it a stranger's certificate.
            let mixed = files.url.appending(path: "mixed")
            try FileManager.default.copyItem(at: other, to: mixed)
            try FileManager.default.removeItem(at: mixed.appending(path: "ca.crt"))
            try FileManager.default.copyItem(
                at: server.directory.appending(path: "certs/ca.crt"),
                to: mixed.appending(path: "ca.crt"))
            expect(
                try await ps(server.port, mixed), 77,
                "error: the server refused the certificate operator (unknown CA, expired or revoked)",
                "ask for one of its CA: selium cert issue NAME")
        }
    }

    @Test("the server's certificate has expired")
    func serverExpired() async throws {
        let expired: (URL) throws -> Void = { try Self.make($0, daysAgo: 10, days: 5) }
        try await RealServer.withServer(certify: expired) { server in
            // One's own of the same CA is still valid.
            let place = server.directory.appending(path: "alice-certs")
            _ = try CertificateDirectory(server.directory.appending(path: "certs").path).issue(
                {
                    var request = CertificateDirectory.Request(name: "alice")
                    request.output = place.path
                    return request
                }(), now: Int64(time(nil)))
            let result = try await ps(server.port, place)
            #expect(result.code == 78)
            let lines = result.errors.split(separator: "\n")
            let words =
                /error: the server's certificate expired on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(your clock: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\)/
            #expect(try words.wholeMatch(in: lines.first ?? "") != nil, "\(result.errors)")
            #expect(
                lines.dropFirst() == ["on the server, make new ones: selium cert init --dir NEW"])
        }
    }

    @Test("one's own certificate has expired")
    func ownExpired() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let place = try certificates(in: files, daysAgo: 10, days: 5)
        let result = try await ps(1, place)
        #expect(result.code == 78)
        let start = "error: your certificate \(place.path)/client.crt expired on "
        #expect(result.errors.hasPrefix(start), "\(result.errors)")
        #expect(result.errors.contains(" UTC (your clock: "))
        #expect(result.errors.hasSuffix("where the CA is: selium cert issue NAME --renew\n"))
    }

    @Test("the certificate is for other names, and the advice works")
    func wrongName() async throws {
        let elsewhere: (URL) throws -> Void = {
            try Self.make($0, hosts: ["a.example", "b.example"])
        }
        try await RealServer.withServer(certify: elsewhere) { server in
            let place = server.directory.appending(path: "certs")
            expect(
                try await ps(server.port, place), 78,
                "error: the certificate is for a.example, b.example, not for 127.0.0.1",
                "try: --server-name a.example")
            let advised = try await ps(server.port, place, "--server-name", "a.example")
            #expect(advised.code == 0, "\(advised.errors)")
        }
    }

    @Test("the key is not there, no file, no key, or readable by others")
    func keys() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let place = try certificates(in: files)
        let key = place.appending(path: "client.key").path
        let advice = "check the file, or name another directory: --cert-dir DIR"
        try unsafe #require(chmod(key, 0o644) == 0)
        expect(
            try await ps(1, place), 78, "error: \(key) is readable by others (0644)",
            "fix: chmod 600 \(key)")
        try unsafe #require(unlink(key) == 0)
        expect(
            try await ps(1, place), 78, "error: cannot read \(key): No such file or directory",
            advice)
        // Root reads everything, so this one cannot be read by anybody.
        try unsafe #require(mkdir(key, 0o700) == 0)
        expect(try await ps(1, place), 78, "error: cannot read \(key): it is a directory", advice)
    }

    @Test("a server of another implementation that speaks another protocol")
    func otherProtocol() async throws {
        let files = try TemporaryDirectory()
        defer { files.remove() }
        let place = try certificates(in: files)
        let script = """
            import asyncio, socket, sys
            from aioquic.asyncio import serve
            from aioquic.quic.configuration import QuicConfiguration
            async def main():
                c = QuicConfiguration(is_client=False, alpn_protocols=["hq-interop"])
                c.load_cert_chain(sys.argv[1] + "/server.crt", sys.argv[1] + "/server.key")
                s = await serve("127.0.0.1", 0, configuration=c)
                port = s._transport.get_extra_info("sockname")[1]
                print(f"ready {port}", file=sys.stderr, flush=True)
                await asyncio.Future()
            asyncio.run(main())
            """
        let python = try RunningCommand(Checkout.python, ["-c", script, place.path])
        let words = try await python.errors(until: "\n")
        let port = try #require(
            words.split(separator: " ").last.flatMap { Int($0.trimmingCharacters(in: .newlines)) },
            "\(words)")
        expect(
            try await ps(port, place), 76, "error: 127.0.0.1:\(port) does not speak selium/1",
            "check the port: --port PORT")
        _ = await python.end(SIGKILL)
    }
}

/// A UDP port of 127.0.0.1 that takes everything and answers nothing.
private final class SilentPort: Sendable {
    private let descriptor: Int32
    let port: Int

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw MissingTool(message: "no UDP port") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(descriptor) }
}
