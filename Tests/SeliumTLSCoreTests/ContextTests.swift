import SeliumCertificates
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("A TLS context is not made", .inTurn())
struct ContextTests {
    let certificates = TestCertificates.shared

    private func code(
        chain: [UInt8]? = nil, key: [UInt8]? = nil, roots: [UInt8]? = nil,
        protocols: [String] = ["selium/1"]
    ) throws -> TLSError.Code? {
        let identity = try certificates.serverIdentity()
        do {
            _ = try TLSContext(
                server: TLSServerConfiguration(
                    identity: TLSIdentity(
                        certificateChain: chain ?? identity.certificateChain,
                        privateKey: key ?? identity.privateKey),
                    clientAuthentication: .required(trustRoots: roots ?? certificates.trustRoots),
                    applicationProtocols: protocols))
            return nil
        } catch {
            return error.code
        }
    }

    @Test("of unreadable bytes, each with its own code")
    func unreadable() throws {
        let garbage = Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
        #expect(try code() == nil)
        for bad in [[], [0x30], garbage, Array("hello".utf8)] {
            #expect(try code(chain: bad) == .unreadableCertificate)
            #expect(try code(roots: bad) == .unreadableTrustRoots)
            #expect(try code(key: bad) == .unreadablePrivateKey)
        }
        let identity = try certificates.serverIdentity()
        #expect(try code(chain: identity.privateKey) == .unreadableCertificate)
        #expect(try code(key: identity.certificateChain) == .unreadablePrivateKey)
    }

    @Test("with a key of another certificate")
    func mismatch() throws {
        let other = try certificates.serverIdentity()
        #expect(try code(key: other.privateKey) == .keyMismatch)
    }

    @Test("with the CA's own certificate and key")
    func authority() throws {
        let key = try Array(certificates.authority.privateKeyPEM.utf8)
        #expect(try code(chain: certificates.trustRoots, key: key) == .unsuitableCertificate)
    }

    @Test("of a chain with a broken second certificate")
    func brokenChain() throws {
        let identity = try certificates.serverIdentity()
        let broken = Array("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".utf8)
        let pair = TLSIdentity(
            certificateChain: identity.certificateChain + Array("\n".utf8) + broken,
            privateKey: identity.privateKey)
        #expect(
            try code(chain: pair.certificateChain, key: pair.privateKey)
                == .unreadableCertificate)
    }

    @Test("without a usable protocol")
    func protocols() throws {
        #expect(try code(protocols: []) == .invalidProtocols)
        #expect(try code(protocols: [""]) == .invalidProtocols)
        let long = String(repeating: "x", count: 256)
        #expect(try code(protocols: [long]) == .invalidProtocols)
        #expect(try code(protocols: [String(long.dropLast())]) == nil)
    }

    @Test("for a client without roots")
    func rootless() {
        let failure = #expect(throws: TLSError.self) {
            try TLSContext(
                client: TLSClientConfiguration(
                    trustRoots: [], identity: nil, applicationProtocols: ["selium/1"]))
        }
        #expect(failure?.code == .unreadableTrustRoots)
    }

    @Test("and a configuration prints nothing of its key")
    func silent() throws {
        let identity = try certificates.serverIdentity()
        #expect("\(identity)" == "TLSIdentity")
        var dumped = ""
        dump(identity, to: &dumped)
        #expect(dumped.count < 40)
        #expect(!"\(String(reflecting: identity))".contains("privateKey"))
    }
}
