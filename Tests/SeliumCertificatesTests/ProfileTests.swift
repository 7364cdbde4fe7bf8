import SeliumCertificates
import SeliumTesting
import SwiftASN1
import Testing
import X509

@Suite("What is in a certificate", .inTurn())
struct ProfileTests {
    let now: Int64 = 1_800_000_000
    let place = TemporaryDirectory()

    private func certificate(_ file: String) throws -> Certificate {
        try Certificate(pemEncoded: #require(place.read(file)))
    }

    @Test("a CA that signs leaves only, and leaves that sign nothing and have one purpose each")
    func profiles() throws {
        _ = try CertificateDirectory(place.path).initialize(now: now)
        let authority = try certificate("ca.crt")
        #expect(
            try authority.extensions.basicConstraints
                == .isCertificateAuthority(maxPathLength: 0))
        #expect(try authority.extensions.keyUsage == KeyUsage(keyCertSign: true, cRLSign: true))
        #expect(try authority.extensions.extendedKeyUsage == nil)
        for (file, usage) in [
            ("server.crt", ExtendedKeyUsage.Usage.serverAuth),
            ("client.crt", ExtendedKeyUsage.Usage.clientAuth),
        ] {
            let leaf = try certificate(file)
            #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
            #expect(try leaf.extensions.extendedKeyUsage == ExtendedKeyUsage([usage]))
            #expect(try leaf.extensions.keyUsage == KeyUsage(digitalSignature: true))
            #expect(leaf.issuer == authority.subject)
            #expect(authority.publicKey.isValidSignature(leaf.signature, for: leaf))
            #expect(
                try leaf.extensions.authorityKeyIdentifier?.keyIdentifier
                    == authority.extensions.subjectKeyIdentifier?.keyIdentifier)
            #expect(leaf.serialNumber.bytes.count == 16)
            #expect(leaf.signatureAlgorithm == .ecdsaWithSHA256)
        }
        #expect(
            try certificate("client.crt").extensions.subjectAlternativeNames.map(Array.init)
                == [.uniformResourceIdentifier("selium://identity/operator")])
    }
}
