import Glibc
import SeliumCertificates
import SeliumNetCore
import SeliumQUIC
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumClient

@Suite("Connections that do not come about", .inTurn(minutes: 2))
struct ConnectionFailureTests {
    private func failure(_ configuration: SeliumClient.Configuration) async -> ConnectionFailure? {
        do {
            _ = try await SeliumClient.withConnection(configuration) { try await $0.info() }
            return nil
        } catch {
            return (error as? ClientError)?.connectionFailure
        }
    }

    @Test("Nothing listens there")
    func nothing() async throws {
        let certificates = try LiveCertificates()
        let free = try await QUICListener.bind(
            [SocketAddress(.v4(.loopback), port: 0)], tls: certificates.serverContext(),
            authority: .unrestricted,
            logger: ClientFixture.quiet)
        let port = try #require(free.localAddresses.first?.port)
        await free.close()
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates, port: port)
        let found = await failure(try fixture.configuration())
        #expect(found == .nothingListening(host: "127.0.0.1", port: port, tried: ["127.0.0.1"]))
    }

    @Test("Nobody answers")
    func silence() async throws {
        let certificates = try LiveCertificates()
        let socket = try SilentSocket()
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates, port: socket.port)
        var configuration = try fixture.configuration()
        configuration.timeout = .milliseconds(200)
        #expect(
            await failure(configuration)
                == .noAnswer(host: "127.0.0.1", port: socket.port, seconds: 0.2))
    }

    @Test("A server that ends refuses newcomers, for whom trying again may help")
    func ending() async throws {
        let certificates = try LiveCertificates()
        let listener = try await QUICListener.bind(
            [SocketAddress(.v4(.loopback), port: 0)], tls: certificates.serverContext(),
            authority: .unrestricted, logger: ClientFixture.quiet)
        let port = try #require(listener.localAddresses.first?.port)
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates, port: port)
        listener.beginGracefulShutdown()
        let found = await failure(try fixture.configuration())
        #expect(
            found
                == .unavailable(
                    host: "127.0.0.1", port: port, reason: "the server takes no new connection now")
        )
        #expect(found?.isRetryable == true)
        await listener.close()
    }

    @Test("The server's CA is another")
    func foreignAuthority() async throws {
        try await withServer { fixture in
            var configuration = try fixture.configuration()
            guard case .memory(_, let certificate, let key) = configuration.certificates else {
                return
            }
            let other = try LiveCertificates()
            configuration.certificates = .memory(
                authority: other.trustRoots, certificate: certificate, key: key)
            let found = await failure(configuration)
            #expect(
                found
                    == .foreignAuthority(
                        host: "127.0.0.1", port: fixture.port, caPath: "the given CA"))
        }
    }

    @Test("The server's certificate is for other names, unless another is expected")
    func wrongName() async throws {
        try await withServer { fixture in
            var configuration = try fixture.configuration()
            configuration.serverName = "other.example"
            let found = await failure(configuration)
            #expect(
                found
                    == .wrongName(names: ["localhost", "127.0.0.1", "::1"], host: "other.example"))
            configuration.serverName = "localhost"
            #expect(await failure(configuration) == nil)
        }
    }

    @Test("The server refuses our certificate")
    func refused() async throws {
        let other = try LiveCertificates()
        try await withServer(clientRoots: other.trustRoots) { fixture in
            let found = await failure(try fixture.configuration(as: "alice"))
            #expect(found == .refusedByServer(name: "alice"))
        }
    }

    @Test("The server speaks something else")
    func otherProtocol() async throws {
        let certificates = try LiveCertificates()
        let listener = try await QUICListener.bind(
            [SocketAddress(.v4(.loopback), port: 0)],
            tls: certificates.serverContext(protocols: ["h3"]),
            authority: .unrestricted, logger: ClientFixture.quiet)
        let port = try #require(listener.localAddresses.first?.port)
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates, port: port)
        let found = await failure(try fixture.configuration())
        #expect(found == .protocolDiffers(host: "127.0.0.1", port: port))
        await listener.close()
    }

    @Test("A certificate of the server that has expired")
    func serverExpired() async throws {
        let certificates = try LiveCertificates()
        let now = WallClock.seconds()
        var oddity = CertificateAuthority.Oddity(notBefore: now - 200, notAfter: now - 100)
        oddity.hosts = ["127.0.0.1"]
        oddity.isServer = true
        let issued = try certificates.authority.issue(oddity)
        let tls = try TLSContext(
            server: TLSServerConfiguration(
                identity: TLSIdentity(issued),
                clientAuthentication: .required(trustRoots: certificates.trustRoots),
                applicationProtocols: ["selium/1"]))
        let listener = try await QUICListener.bind(
            [SocketAddress(.v4(.loopback), port: 0)], tls: tls, authority: .unrestricted,
            logger: ClientFixture.quiet)
        let port = try #require(listener.localAddresses.first?.port)
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: certificates, port: port)
        guard
            case .serverCertificateExpired(let notAfter, _)? = await failure(
                try fixture.configuration())
        else {
            Issue.record("not told as expired")
            return
        }
        #expect(notAfter == now - 100)
        await listener.close()
    }

    @Test("Files: none, unreadable, open to others, ours expired")
    func files() async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let path = directory.path
        func found() async -> ConnectionFailure? {
            await failure(.init(host: "127.0.0.1", port: 1, certificates: .directory(path)))
        }
        #expect(await found() == .noCertificates(tried: [path]))
        let certificates = try LiveCertificates()
        let now = WallClock.seconds()
        let issued = try certificates.authority.issueClient(identity: "alice", now: now)
        try directory.write("client.crt", issued.certificatePEM)
        try directory.write("ca.crt", certificates.authority.certificatePEM)
        #expect(
            await found()
                == .unreadableFile(path: "\(path)/client.key", reason: "No such file or directory"))
        try directory.write("client.key", issued.privateKeyPEM, mode: 0o644)
        #expect(await found() == .keyReadableByOthers(path: "\(path)/client.key", mode: 0o644))
        try directory.write("client.key", "nonsense", mode: 0o600)
        guard case .invalidFile? = await found() else {
            Issue.record("nonsense was taken for a key")
            return
        }
        var oddity = CertificateAuthority.Oddity(notBefore: now - 200, notAfter: now - 100)
        oddity.uris = ["selium://identity/alice"]
        oddity.isClient = true
        let expired = try certificates.authority.issue(oddity)
        try directory.write("client.crt", expired.certificatePEM)
        try directory.write("client.key", expired.privateKeyPEM, mode: 0o600)
        guard case .ownCertificateExpired(let file, let notAfter, _)? = await found() else {
            Issue.record("an expired certificate was used")
            return
        }
        #expect(file == "\(path)/client.crt")
        #expect(notAfter == now - 100)
        oddity.notBefore = now + 100_000
        oddity.notAfter = now + 200_000
        let early = try certificates.authority.issue(oddity)
        try directory.write("client.crt", early.certificatePEM)
        try directory.write("client.key", early.privateKeyPEM, mode: 0o600)
        guard case .ownCertificateNotYetValid(_, let notBefore, _)? = await found() else {
            Issue.record("a certificate of the future was used")
            return
        }
        #expect(notBefore == now + 100_000)
    }

    @Test(
        "localhost is both loopback addresses, and asks nobody",
        arguments: ["localhost", "LOCALHOST"])
    func localhost(_ name: String) {
        #expect(QUICDialer.knownAddresses(of: name) == [.v6(.loopback), .v4(.loopback)])
    }

    @Test("Addresses are themselves, brackets or not; every other name is asked for")
    func literals() {
        #expect(QUICDialer.knownAddresses(of: "::1") == [.v6(.loopback)])
        #expect(QUICDialer.knownAddresses(of: "[::1]") == [.v6(.loopback)])
        #expect(QUICDialer.knownAddresses(of: "127.0.0.1") == [.v4(.loopback)])
        #expect(QUICDialer.knownAddresses(of: "localhost.example") == nil)
    }

    @Test("A name without an address")
    func unknownHost() async throws {
        let fixture = ClientFixture(
            host: InMemoryProcessHost(), certificates: try LiveCertificates(), port: 7000)
        var configuration = try fixture.configuration()
        configuration.host = "no-such-host.invalid"
        guard case .unknownHost(host: "no-such-host.invalid", _)? = await failure(configuration)
        else {
            Issue.record("it was found")
            return
        }
    }

    @Test("The environment is read, and what makes no sense is named")
    func environment() throws {
        let values = [
            "SELIUM_DOMAIN": "h", "SELIUM_PORT": "7001", "SELIUM_CERT_DIR": "d",
            "SELIUM_TIMEOUT": "500ms",
        ]
        let configuration = try SeliumClient.Configuration.from { values[$0] }
        #expect(configuration.host == "h" && configuration.port == 7001)
        #expect(configuration.certificates == .directory("d"))
        #expect(configuration.timeout == .milliseconds(500))
        for (name, value) in [("SELIUM_PORT", "0"), ("SELIUM_PORT", "x"), ("SELIUM_TIMEOUT", "-1")]
        {
            #expect(throws: ClientError.self) {
                try SeliumClient.Configuration.from { $0 == name ? value : nil }
            }
        }
    }
}

/// A directory of this test's own.
private struct TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/selium-client-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw ClientError(.unknown, "no directory") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        let file = "\(path)/\(name)"
        _ = unsafe unlink(file)
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL, mode)
        guard descriptor >= 0 else { throw ClientError(.unknown, "cannot write \(file)") }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)
        guard unsafe Glibc.write(descriptor, &bytes, bytes.count) == bytes.count,
            fchmod(descriptor, mode) == 0
        else { throw ClientError(.unknown, "cannot write \(file)") }
    }

    func remove() {
        for name in ["ca.crt", "client.crt", "client.key"] { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }
}
