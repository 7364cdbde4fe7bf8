internal import Crypto
internal import SwiftASN1
internal import X509

extension CertificateAuthority {
    /// A leaf of exactly one purpose. Hosts, identities and days were judged by the caller.
    func issue(
        commonName: String, purpose: CertificateProfile.Purpose, now: Int64, notAfter: Int64
    ) throws(CertificateError) -> IssuedCertificate {
        switch purpose {
        case .server(let hosts):
            try self.issueUnchecked(
                commonName: commonName, purposes: [.serverAuth],
                names: hosts.map(CertificateProfile.generalName),
                notBefore: now - CertificateProfile.backdating, notAfter: notAfter)
        case .client(let uris):
            try self.issueUnchecked(
                commonName: commonName, purposes: [.clientAuth],
                names: uris.map { .uniformResourceIdentifier($0) },
                notBefore: now - CertificateProfile.backdating, notAfter: notAfter)
        }
    }

    /// A leaf of whatever is asked for: the rules above are what makes it a good one.
    private func issueUnchecked(
        commonName: String, purposes: [ExtendedKeyUsage.Usage], names: [GeneralName],
        notBefore: Int64, notAfter: Int64
    ) throws(CertificateError) -> IssuedCertificate {
        try Self.wrapping {
            let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
            let certificate = try Certificate(
                version: .v3, serialNumber: CertificateProfile.serial(), publicKey: key.publicKey,
                notValidBefore: CertificateProfile.date(notBefore),
                notValidAfter: CertificateProfile.date(notAfter),
                issuer: self.certificate.subject, subject: CertificateProfile.name(commonName),
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: CertificateProfile.leaf(
                    key, issuer: self.certificate, purposes: purposes, names: names),
                issuerPrivateKey: self.key)
            return IssuedCertificate(
                certificatePEM: try certificate.serializeAsPEM().pemString,
                privateKeyPEM: try key.serializeAsPEM().pemString, notBefore: notBefore,
                notAfter: notAfter)
        }
    }

    /// What a hostile or careless CA could issue: for tests of who must refuse it.
    package struct Oddity: Sendable {
        package var commonName = "odd"
        package var hosts: [String] = []
        package var uris: [String] = []
        package var isServer = false
        package var isClient = false
        package var notBefore: Int64
        package var notAfter: Int64

        package init(notBefore: Int64, notAfter: Int64) {
            self.notBefore = notBefore
            self.notAfter = notAfter
        }
    }

    /// Issues what no command issues: any purposes, names and dates. For tests.
    package func issue(_ oddity: Oddity) throws(CertificateError) -> IssuedCertificate {
        var names: [GeneralName] = []
        for host in oddity.hosts {
            names.append(CertificateProfile.generalName(try HostName(host)))
        }
        names += oddity.uris.map { .uniformResourceIdentifier($0) }
        return try self.issueUnchecked(
            commonName: oddity.commonName,
            purposes: (oddity.isServer ? [.serverAuth] : [])
                + (oddity.isClient ? [.clientAuth] : []),
            names: names, notBefore: oddity.notBefore, notAfter: oddity.notAfter)
    }
}
