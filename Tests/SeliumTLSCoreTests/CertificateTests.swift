import SeliumCertificates
import SeliumNetCore
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A certificate", .inTurn())
struct CertificateTests {
    let certificates = TestCertificates.shared

    @Test("of a server says what the CA wrote into it")
    func server() throws {
        let identity = try certificates.serverIdentity(hosts: ["a.test", "10.0.0.1", "2001:db8::1"])
        let certificate = try #require(Certificate(identity.certificateChain))
        #expect(
            certificate.names == [
                .dns("a.test"), .address(try IPAddress(parsing: "10.0.0.1")),
                .address(try IPAddress(parsing: "2001:db8::1")),
            ])
        #expect(certificate.hostNames == ["a.test", "10.0.0.1", "2001:db8::1"])
        #expect(certificate.commonName == "selium server")
        #expect(certificate.issuerName == "Test CA")
        #expect(certificate.usages == .server)
        #expect(!certificate.isCA)
        #expect(certificate.notBefore == TestCertificates.now - 300)
        #expect(certificate.notAfter == TestCertificates.now + 365 * TestCertificates.day)
        #expect(certificate.serialNumber.count == 16)
        #expect(certificate.isValid(at: TestCertificates.now))
        #expect(!certificate.isValid(at: certificate.notAfter + 1))
        #expect(!certificate.isValid(at: certificate.notBefore - 1))
    }

    @Test("of a client has one URI, one purpose and ninety days")
    func client() throws {
        let certificate = try #require(
            Certificate(certificates.clientIdentity("build-7").certificateChain))
        #expect(certificate.names == [.uri("selium://identity/build-7")])
        #expect(certificate.uriNames == ["selium://identity/build-7"])
        #expect(certificate.hostNames.isEmpty)
        #expect(certificate.usages == .client)
        #expect(certificate.notAfter == TestCertificates.now + 90 * TestCertificates.day)
    }

    @Test("of two identities shows both, for the rule that wants exactly one")
    func twoIdentities() throws {
        var odd = CertificateAuthority.Oddity(notBefore: 0, notAfter: TestCertificates.now)
        odd.uris = ["selium://identity/a", "https://b.test/", "selium://identity/b"]
        odd.hosts = ["c.test"]
        let issued = try certificates.authority.issue(odd)
        let certificate = try #require(Certificate(Array(issued.certificatePEM.utf8)))
        #expect(certificate.uriNames == odd.uris)
        #expect(certificate.usages.isEmpty)
        #expect(certificate.commonName == "odd")
    }

    @Test("of a CA is one, and two of them differ in serial, key and fingerprint")
    func authority() throws {
        let first = try #require(Certificate(certificates.trustRoots))
        let second = try #require(Certificate(TestCertificates().trustRoots))
        #expect(first.isCA)
        #expect(first.usages.isEmpty)
        #expect(first.serialNumber != second.serialNumber)
        #expect(first.publicKeyDigest != second.publicKeyDigest)
        #expect(first.fingerprint != second.fingerprint)
        #expect(first.fingerprint == SHA256.hash(first.der))
        #expect(first.fingerprint.count == 32)
        #expect(Certificate(first.der) == first)
    }

    @Test("cut short or flipped anywhere is read, or not, and nothing else happens")
    func mutated() throws {
        let der = try #require(Certificate(certificates.trustRoots)).der
        for length in 0..<der.count {
            #expect(Certificate(Array(der.prefix(length))) == nil)
        }
        for index in der.indices {
            var bytes = der
            bytes[index] ^= 0xff
            _ = Certificate(bytes)
        }
        #expect(Certificate(der + [0]) == nil)
    }
}

@Suite("A digest", .inTurn())
struct SHA256Tests {
    @Test("of the examples of FIPS 180-4 is theirs")
    func examples() {
        #expect(
            hex(SHA256.hash([UInt8]())) == "e3b0c44298fc1c149afbf4c8996fb924"
                + "27ae41e4649b934ca495991b7852b855")
        #expect(
            hex(SHA256.hash("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223"
                + "b00361a396177a9cb410ff61f20015ad")
    }

    @Test("does not depend on how the bytes came, and a copy goes its own way")
    func incremental() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var hash = SHA256()
        var branch = hash
        for start in stride(from: 0, to: bytes.count, by: 7) {
            hash.update(bytes[start..<min(start + 7, bytes.count)])
            if start == 497 { branch = hash }
        }
        #expect(hash.finalize() == SHA256.hash(bytes))
        #expect(hash.finalize() == SHA256.hash(bytes))
        let rest = Array(bytes[504...])
        branch.update(rest.span)
        #expect(branch.finalize() == SHA256.hash(bytes))
        branch.update([0])
        #expect(branch.finalize() != SHA256.hash(bytes))
    }

    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

@Suite("Alerts and random bytes", .inTurn())
struct AlertTests {
    @Test("an alert goes into a QUIC error code and comes back")
    func codes() {
        #expect(TLSAlert(quicErrorCode: 0x178) == .noApplicationProtocol)
        #expect(TLSAlert(quicErrorCode: 0x12d) == .certificateExpired)
        #expect(TLSAlert(quicErrorCode: 0xff) == nil)
        #expect(TLSAlert(quicErrorCode: 0x200) == nil)
        #expect(TLSAlert.unknownCA.quicErrorCode == 0x130)
        #expect("\(TLSAlert(rawValue: 200))" == "alert 200")
    }

    @Test("a received alert becomes the right kind of error")
    func received() {
        #expect(TLSError.received(.noApplicationProtocol).code == .noCommonProtocol)
        #expect(TLSError.received(.unknownCA).code == .refusedByPeer)
        #expect(TLSError.received(.unknownCA).alert?.isAboutCertificate == true)
        #expect(TLSAlert.decodeError.isAboutCertificate == false)
    }

    @Test("random bytes are of the length asked for and do not repeat")
    func random() {
        let source = SystemRandom()
        #expect(source.bytes(0).isEmpty)
        #expect(source.bytes(-1).isEmpty)
        #expect(source.bytes(33).count == 33)
        #expect(source.bytes(32) != source.bytes(32))
        var generator = SystemRandom()
        #expect(generator.next() != generator.next())
    }
}
