internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// One file of a certificate directory, in a few words.
public struct CertificateSummary: Hashable, Sendable {
    /// The file's name in its directory, as `server.crt` or `issued/build.crt`.
    public let file: String
    /// The subject's CN; nil for keys and unreadable certificates.
    public let commonName: String?
    /// The identity of a client's certificate.
    public let identity: String?
    /// Hosts of a server's certificate.
    public let hosts: [String]
    /// First second of validity since 1970; nil for keys and unreadable certificates.
    public let notBefore: Int64?
    /// Last second of validity since 1970; nil for keys and unreadable certificates.
    public let notAfter: Int64?

    /// A file that holds no readable certificate, keys among them.
    init(file: String) {
        self.init(file: file, certificate: nil)
    }

    /// Reads the first certificate of a PEM text.
    init(file: String, pem: [UInt8]) {
        let text = String(decoding: pem, as: UTF8.self)
        self.init(file: file, certificate: try? Certificate(pemEncoded: text))
    }

    private init(file: String, certificate: Certificate?) {
        self.file = file
        self.commonName = certificate.flatMap { Self.commonName(of: $0.subject) }
        self.notBefore = certificate.map { Int64($0.notValidBefore.timeIntervalSince1970) }
        self.notAfter = certificate.map { Int64($0.notValidAfter.timeIntervalSince1970) }
        let names = (try? certificate?.extensions.subjectAlternativeNames).map { Array($0) } ?? []
        let prefix = IdentityName.uri("")
        var hosts: [String] = []
        var identity: String?
        for name in names {
            switch name {
            case .dnsName(let host): hosts.append(host)
            case .ipAddress(let octets):
                AddressText.text(of: Array(octets.bytes)).map { hosts.append($0) }
            case .uniformResourceIdentifier(let uri) where uri.hasPrefix(prefix):
                identity = String(uri.dropFirst(prefix.count))
            default: break
            }
        }
        self.hosts = hosts
        self.identity = identity
    }

    private static func commonName(of name: DistinguishedName) -> String? {
        for part in name.reversed() {
            for attribute in part where attribute.type == .RDNAttributeType.commonName {
                return String(attribute.value)
            }
        }
        return nil
    }
}
