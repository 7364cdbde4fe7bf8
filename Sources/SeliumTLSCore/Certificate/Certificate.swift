public import SeliumNetCore

/// What an X.509 certificate says, as far as anybody here asks.
///
/// A value: it holds no handle of the engine. Whether to believe it is another question.
public struct Certificate: Hashable, Sendable {
    /// A subject alternative name.
    public enum Name: Hashable, Sendable {
        /// dNSName, as written.
        case dns(String)
        /// iPAddress.
        case address(IPAddress)
        /// uniformResourceIdentifier, as written.
        case uri(String)
        /// rfc822Name, as written.
        case email(String)
    }

    /// Purposes of an extended key usage extension (RFC 5280 §4.2.1.12).
    public struct Usage: OptionSet, Hashable, Sendable {
        /// Bits.
        public let rawValue: UInt32

        /// Wraps bits.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// serverAuth
        public static let server = Usage(rawValue: 1)
        /// clientAuth
        public static let client = Usage(rawValue: 2)
        /// Any purpose that is neither.
        public static let other = Usage(rawValue: 4)
    }

    /// The certificate itself.
    public let der: [UInt8]
    /// The subject's CN. For people only: never read it for authority.
    public let commonName: String?
    /// The issuer's CN. For people only.
    public let issuerName: String?
    /// Serial number, big-endian.
    public let serialNumber: [UInt8]
    /// First second of validity, since 1970 in UTC.
    public let notBefore: Int64
    /// Last second of validity, since 1970 in UTC.
    public let notAfter: Int64
    /// Whether it may sign certificates.
    public let isCA: Bool
    /// Its extended key usages; empty when it has none.
    public let usages: Usage
    /// Subject alternative names, in order.
    public let names: [Name]
    /// SHA-256 of `der`: 32 bytes.
    public let fingerprint: [UInt8]
    /// SHA-256 of the SubjectPublicKeyInfo: 32 bytes. It survives renewal with the same key.
    public let publicKeyDigest: [UInt8]

    /// The URIs among its names, in order. The control server's rule (exactly one, of the scheme
    /// `selium`) is applied to these.
    public var uriNames: [String] {
        self.names.compactMap { if case .uri(let uri) = $0 { uri } else { nil } }
    }

    /// The host names and IP addresses it is for, as text, in order.
    public var hostNames: [String] {
        self.names.compactMap { name in
            switch name {
            case .dns(let host): host
            case .address(let address): address.description
            case .uri, .email: nil
            }
        }
    }

    /// Whether `seconds` since 1970 lies within its validity.
    public func isValid(at seconds: Int64) -> Bool {
        seconds >= self.notBefore && seconds <= self.notAfter
    }
}
