/// A certificate with its private key, as they come from files or memory.
///
/// Nothing is read or judged here; ``TLSContext`` does that.
public struct TLSIdentity: Sendable {
    /// PEM (leaf first, then the CAs below the root) or one DER certificate.
    public var certificateChain: [UInt8]
    /// PEM or DER of the leaf's private key (PKCS#8, SEC 1 or PKCS#1), not encrypted.
    public var privateKey: [UInt8]

    /// Wraps the bytes.
    public init(certificateChain: [UInt8], privateKey: [UInt8]) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
    }
}

extension TLSIdentity: CustomStringConvertible, CustomReflectable {
    /// Nothing of the key: an interpolated configuration must not print it.
    public var description: String { "TLSIdentity" }
    /// Nothing of the key, for `dump` too.
    public var customMirror: Mirror { Mirror(self, children: []) }
}
