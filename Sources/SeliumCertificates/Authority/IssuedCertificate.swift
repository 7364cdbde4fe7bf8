/// A certificate with its key, in memory.
public struct IssuedCertificate: Sendable {
    /// The certificate in PEM.
    public let certificatePEM: String
    /// Its private key in PEM, not encrypted.
    public let privateKeyPEM: String
    /// First second of validity since 1970.
    public let notBefore: Int64
    /// Last second of validity since 1970.
    public let notAfter: Int64
}

extension IssuedCertificate: CustomStringConvertible, CustomReflectable {
    /// Nothing of the key: an interpolated value must not print it.
    public var description: String { "IssuedCertificate" }
    /// Nothing of the key, for `dump` too.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
