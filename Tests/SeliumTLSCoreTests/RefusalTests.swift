import SeliumCertificates
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A handshake is refused", .inTurn())
struct RefusalTests {
    let certificates = TestCertificates.shared
    let now = TestCertificates.now
    let day = TestCertificates.day

    private func serverContext(_ issued: IssuedCertificate) throws -> TLSContext {
        try TLSContext(
            server: TLSServerConfiguration(
                identity: TLSIdentity(issued),
                clientAuthentication: .required(trustRoots: certificates.trustRoots),
                applicationProtocols: ["selium/1"]))
    }

    private func clientContext(_ issued: IssuedCertificate) throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots, identity: TLSIdentity(issued),
                applicationProtocols: ["selium/1"]))
    }

    private func oddity() -> CertificateAuthority.Oddity {
        CertificateAuthority.Oddity(notBefore: now - day, notAfter: now + day)
    }

    /// What the client says of a server with that certificate.
    private func clientFailure(
        _ oddity: CertificateAuthority.Oddity, name: String = "localhost"
    ) throws -> TLSError {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(),
            server: serverContext(certificates.authority.issue(oddity)), name: name)
        #expect(!pair.client.session.isHandshakeComplete)
        return try #require(pair.clientFailure)
    }

    /// What the server says of a client with that certificate.
    private func serverFailure(_ oddity: CertificateAuthority.Oddity) throws -> TLSError {
        let pair = try HandshakePair.run(
            client: clientContext(certificates.authority.issue(oddity)),
            server: certificates.serverContext())
        #expect(!pair.server.session.isHandshakeComplete)
        // The client believed itself connected before it was judged.
        #expect(pair.client.session.isHandshakeComplete)
        return try #require(pair.serverFailure)
    }

    @Test("by a client when the server's CA is another one of the same name")
    func otherAuthority() throws {
        let other = try TestCertificates()
        let pair = try HandshakePair.run(
            client: certificates.clientContext(), server: other.serverContext())
        let failure = try #require(pair.clientFailure)
        #expect(failure.code == .unknownIssuer)
        #expect(failure.alert == .unknownCA)
        #expect(failure.certificate?.hostNames == TestCertificates.hosts)
    }

    @Test("by a client when the server's certificate has expired, naming the day")
    func expired() throws {
        var odd = oddity()
        odd.isServer = true
        odd.hosts = ["localhost"]
        odd.notAfter = now - 1
        let failure = try clientFailure(odd)
        #expect(failure.code == .certificateExpired)
        #expect(failure.alert == .certificateExpired)
        #expect(failure.certificate?.notAfter == now - 1)
        #expect(
            failure.message
                == "the server's certificate expired on 2027-01-15T07:59:59Z (your clock: "
                + "2027-01-15T08:00:00Z)")
    }

    @Test("by a client when the server's certificate is not valid yet")
    func notYetValid() throws {
        var odd = oddity()
        odd.isServer = true
        odd.hosts = ["localhost"]
        odd.notBefore = now + 60
        let failure = try clientFailure(odd)
        #expect(failure.code == .certificateNotYetValid)
        #expect(failure.message.contains("2027-01-15T08:01:00Z"))
    }

    @Test("by a client whose clock lies beyond the CA's end, which is not the leaf's fault")
    func expiredAuthority() throws {
        let later = now + Int64(CertificateAuthority.defaultDays + 1) * day
        var odd = oddity()
        odd.isServer = true
        odd.hosts = ["localhost"]
        odd.notAfter = later + day
        let pair = try HandshakePair.run(
            client: certificates.clientContext(),
            server: serverContext(certificates.authority.issue(odd)), now: later)
        let failure = try #require(pair.clientFailure)
        #expect(failure.code == .certificateExpired)
        #expect(failure.certificate?.isCA == true)
        #expect(failure.message.hasPrefix("the CA above the server's certificate"))
    }

    @Test("by a client when the name is in the CN only")
    func commonNameOnly() throws {
        var odd = oddity()
        odd.isServer = true
        odd.commonName = "localhost"
        let failure = try clientFailure(odd)
        #expect(failure.code == .wrongName)
        #expect(failure.message == "the certificate is for no host at all, not for localhost")
    }

    @Test(
        "by a client when the certificate is for other names",
        arguments: ["other.test", "127.0.0.2", "::2", "sub.localhost", "localhost.localdomain"])
    func otherNames(_ name: String) throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(), server: certificates.serverContext(), name: name)
        let failure = try #require(pair.clientFailure)
        #expect(failure.code == .wrongName)
        #expect(failure.expectedName == name)
        #expect(failure.certificate?.hostNames == TestCertificates.hosts)
        #expect(
            failure.message
                == "the certificate is for localhost, 127.0.0.1, ::1, not for \(name)")
    }

    @Test("by a client that asked for an address which is there as a DNS name only")
    func addressAsName() throws {
        var odd = oddity()
        odd.isServer = true
        odd.uris = ["https://127.0.0.1"]
        odd.commonName = "127.0.0.1"
        #expect(try clientFailure(odd, name: "127.0.0.1").code == .wrongName)
    }

    @Test("by a client when the server shows a client's certificate, or one for nothing")
    func serverPurpose() throws {
        var odd = oddity()
        odd.hosts = ["localhost"]
        #expect(try clientFailure(odd).code == .wrongPurpose)
        odd.isClient = true
        let failure = try clientFailure(odd)
        #expect(failure.code == .wrongPurpose)
        #expect(failure.alert == .unsupportedCertificate)
    }

    @Test("by a server when the client shows a server's certificate, or one for nothing")
    func clientPurpose() throws {
        var odd = oddity()
        odd.uris = ["selium://identity/operator"]
        #expect(try serverFailure(odd).code == .wrongPurpose)
        odd.isServer = true
        #expect(try serverFailure(odd).code == .wrongPurpose)
    }

    @Test("by a server when the client shows nothing")
    func noCertificate() throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(identity: nil),
            server: certificates.serverContext())
        let failure = try #require(pair.serverFailure)
        #expect(failure.code == .noCertificate)
        #expect(failure.alert == .certificateRequired)
        #expect(pair.server.session.peerCertificate == nil)
    }

    @Test("by a server when the client's CA is foreign")
    func foreignClient() throws {
        let other = try TestCertificates(commonName: "Foreign CA")
        let client = try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots, identity: other.clientIdentity(),
                applicationProtocols: ["selium/1"]))
        let pair = try HandshakePair.run(client: client, server: certificates.serverContext())
        let failure = try #require(pair.serverFailure)
        #expect(failure.code == .unknownIssuer)
        #expect(failure.alert == .unknownCA)
        #expect(failure.certificate?.issuerName == "Foreign CA")
        #expect(pair.server.session.sentAlert == .unknownCA)
    }

    @Test("by a server when the client's certificate has expired")
    func expiredClient() throws {
        var odd = oddity()
        odd.isClient = true
        odd.uris = ["selium://identity/operator"]
        odd.notAfter = now - 10
        let failure = try serverFailure(odd)
        #expect(failure.code == .certificateExpired)
        #expect(failure.alert == .certificateExpired)
    }

    @Test("by a server when the two have no protocol in common")
    func noCommonProtocol() throws {
        let pair = try HandshakePair.run(
            client: certificates.clientContext(protocols: ["h3"]),
            server: certificates.serverContext())
        let failure = try #require(pair.serverFailure)
        #expect(failure.code == .noCommonProtocol)
        #expect(failure.alert == .noApplicationProtocol)
        #expect(failure.alert?.quicErrorCode == 0x178)
    }

    @Test("by either side when the certificates take more than 16 KiB, before they are judged")
    func largeList() throws {
        var odd = oddity()
        odd.isServer = true
        odd.hosts = ["localhost"] + (0..<400).map { "a-rather-long-name-of-a-host-\($0).example" }
        #expect(
            try certificates.authority.issue(odd).certificatePEM.utf8.count > 16_384 * 4 / 3)
        let failure = try clientFailure(odd)
        #expect(failure.code == .chainTooLong)
        odd.isServer = false
        odd.isClient = true
        odd.uris = ["selium://identity/operator"]
        // A server's whole flight is bounded too, so it may not even come to the chain.
        #expect([.chainTooLong, .handshakeFailed].contains(try serverFailure(odd).code))
        // What just fits is judged and, being good, taken.
        odd.hosts = Array(odd.hosts.prefix(300))
        let pair = try HandshakePair.run(
            client: clientContext(certificates.authority.issue(odd)),
            server: certificates.serverContext())
        #expect(pair.server.session.isHandshakeComplete)
    }

    @Test("by a server when the client shows a chain of five")
    func longChain() throws {
        let identity = try certificates.clientIdentity()
        let next = Array("\n".utf8) + certificates.trustRoots
        #expect(throws: TLSError.self) {
            _ = try TLSContext(
                client: TLSClientConfiguration(
                    trustRoots: certificates.trustRoots,
                    identity: TLSIdentity(
                        certificateChain: identity.certificateChain
                            + Array(repeating: next, count: 4).flatMap { $0 },
                        privateKey: identity.privateKey),
                    applicationProtocols: ["selium/1"]))
        }
        // Four are fine.
        let four = try TLSContext(
            client: TLSClientConfiguration(
                trustRoots: certificates.trustRoots,
                identity: TLSIdentity(
                    certificateChain: identity.certificateChain
                        + Array(repeating: next, count: 3).flatMap { $0 },
                    privateKey: identity.privateKey),
                applicationProtocols: ["selium/1"]))
        let pair = try HandshakePair.run(client: four, server: certificates.serverContext())
        #expect(pair.server.session.isHandshakeComplete)
    }
}
