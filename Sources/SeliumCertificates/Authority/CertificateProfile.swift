internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// How the three kinds of certificates are built; one place for every extension.
enum CertificateProfile {
    static let secondsPerDay: Int64 = 86_400
    /// Clocks of a client and a server differ; a certificate made now must be valid there too.
    static let backdating: Int64 = 300
    /// 128 random bits, as many as nobody guesses and everybody reads.
    static let serialLength = 16

    /// What a leaf is for: exactly one purpose each.
    enum Purpose {
        case server(hosts: [HostName])
        case client(uris: [String])
    }

    static func serial() -> Certificate.SerialNumber {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<self.serialLength).map { _ in
            UInt8.random(in: .min ... .max, using: &generator)
        }
        // A positive number of full length, whatever was drawn (RFC 5280 §4.1.2.2).
        bytes[0] = (bytes[0] & 0x7f) | 0x40
        return Certificate.SerialNumber(bytes: bytes)
    }

    static func date(_ seconds: Int64) -> Date {
        Date(timeIntervalSince1970: TimeInterval(seconds))
    }

    static func name(_ commonName: String) throws -> DistinguishedName {
        try DistinguishedName { CommonName(commonName) }
    }

    /// Itself signed, path length 0: it signs leaves and nothing that signs.
    static func authority(_ key: Certificate.PrivateKey) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(keyCertSign: true, cRLSign: true))
            SubjectKeyIdentifier(hash: key.publicKey)
        }
    }

    static func leaf(
        _ key: Certificate.PrivateKey, issuer: Certificate, purposes: [ExtendedKeyUsage.Usage],
        names: [GeneralName]
    ) throws -> Certificate.Extensions {
        let issuerKey = try issuer.extensions.subjectKeyIdentifier?.keyIdentifier
        return try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            if !purposes.isEmpty {
                try ExtendedKeyUsage(purposes)
            }
            if !names.isEmpty {
                SubjectAlternativeNames(names)
            }
            SubjectKeyIdentifier(hash: key.publicKey)
            AuthorityKeyIdentifier(keyIdentifier: issuerKey)
        }
    }

    static func generalName(_ host: HostName) -> GeneralName {
        switch host {
        case .dns(let name): .dnsName(name)
        case .address(let octets): .ipAddress(ASN1OctetString(contentBytes: octets[...]))
        }
    }
}
