import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A handshake in memory", .inTurn())
struct HandshakeTests {
    let certificates = TestCertificates.shared

    @Test("completes on both sides, post-quantum, with the protocol agreed on")
    func completes() throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(identity: "build"),
            server: certificates.serverContext(protocols: ["other/1", "selium/1"]))
        #expect(pair.clientFailure == nil)
        #expect(pair.serverFailure == nil)
        for side in [pair.client, pair.server] {
            #expect(side.session.isHandshakeComplete)
            #expect(side.session.applicationProtocol == "selium/1")
            #expect(side.session.group == .x25519MLKEM768)
            #expect([0x1301, 0x1302, 0x1303].contains(side.session.cipherSuite))
            #expect(side.session.sentAlert == nil)
            #expect(side.session.failure == nil)
        }
        #expect(pair.server.session.requestedServerName == "localhost")
        #expect(
            pair.server.session.peerCertificate?.uriNames == ["selium://identity/build"])
        #expect(pair.client.session.peerCertificate?.hostNames == TestCertificates.hosts)
        #expect(pair.server.peerTransportParameters == [1, 2, 3])
        #expect(pair.client.peerTransportParameters == [4, 5])
    }

    @Test("leaves no ticket behind and installs each secret once, acknowledging keys first")
    func noTickets() throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(), server: certificates.serverContext())
        #expect(pair.server.session.isHandshakeComplete)
        // A ticket would be a last flight of the server at the application level.
        #expect(pair.server.pollFlights().isEmpty)
        #expect(
            pair.server.installed.sorted() == [
                "read application", "read handshake", "write application", "write handshake",
            ])
        #expect(pair.server.installed.first == "write handshake")
        #expect(pair.client.installed.count == 4)
    }

    @Test("falls back to X25519 with a side that has no ML-KEM")
    func fallsBack() throws {
        let client = try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots, identity: certificates.clientIdentity(),
                applicationProtocols: ["selium/1"], groups: [.x25519]))
        let pair = try HandshakePair.run(
            client: client, server: certificates.serverContext())
        #expect(pair.client.session.isHandshakeComplete)
        #expect(pair.server.session.group == .x25519)
    }

    @Test("asks for no client certificate when the server says so")
    func withoutClientCertificate() throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(identity: nil),
            server: certificates.serverContext(requiresClientCertificate: false))
        #expect(pair.server.session.isHandshakeComplete)
        #expect(pair.server.session.peerCertificate == nil)
    }

    @Test(
        "matches the server's name by its alternative names",
        arguments: [
            "localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1", "[::1]",
            "0:0:0:0:0:0:0:1",
        ])
    func rightName(_ name: String) throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(), server: certificates.serverContext(), name: name)
        #expect(pair.clientFailure == nil)
        #expect(pair.server.session.isHandshakeComplete)
        // An address is never sent as a name (RFC 6066 §3), nor is a trailing dot.
        let isAddress = name.contains(":") || name.hasPrefix("127")
        #expect(pair.server.session.requestedServerName == (isAddress ? nil : "localhost"))
    }

    @Test(
        "cannot begin without a usable server name",
        arguments: [
            "", ".", "..", "a..b", "-a.b", "a b", "1.2.3", "x\u{0}y", "[::1", "ü.example",
            "\u{212a}",
        ])
    func unusableName(_ name: String) throws {
        let context = try certificates.clientContext()
        #expect(throws: TLSError.self) {
            _ = try context.makeClientSession(serverName: name, unixTime: TestCertificates.now)
        }
    }

    @Test(
        "fails on garbage instead of a ClientHello, with an alert",
        arguments: [
            // A whole message that is no ClientHello, one of another kind, and more than any
            // handshake needs.
            [1, 0, 0, 60] + [UInt8](repeating: 0xff, count: 60),
            [20, 0, 0, 4, 1, 2, 3, 4], [UInt8](repeating: 0xff, count: 40_000),
        ])
    func garbage(_ bytes: [UInt8]) throws {
        let context = try certificates.serverContext()
        let server = try HandshakeFlights(
            context.makeServerSession(unixTime: TestCertificates.now))
        let failure = #expect(throws: TLSError.self) {
            try server.receive(HandshakeFlights.Flight(level: .initial, bytes: bytes))
        }
        #expect(failure?.code == .handshakeFailed)
        #expect(server.session.failure?.code == .handshakeFailed)
        // And it stays failed.
        #expect(throws: TLSError.self) { try server.drive() }
    }
}
