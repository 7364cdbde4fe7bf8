/// A key exchange of TLS 1.3, by its registered number.
public struct KeyExchangeGroup: RawRepresentable, Hashable, Sendable {
    /// The number in the TLS Supported Groups registry.
    public let rawValue: UInt16

    /// Wraps any number; only those named here can be configured.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// X25519 with ML-KEM-768: safe also against who records now and computes later.
    public static let x25519MLKEM768 = KeyExchangeGroup(rawValue: 0x11ec)
    /// X25519 (RFC 7748).
    public static let x25519 = KeyExchangeGroup(rawValue: 0x001d)
    /// NIST P-256.
    public static let secp256r1 = KeyExchangeGroup(rawValue: 0x0017)

    /// Post-quantum first, X25519 for peers without it.
    public static let standard: [KeyExchangeGroup] = [.x25519MLKEM768, .x25519]

    /// The name the engine's configuration takes; nil for a group that is not named here.
    var configurationName: String? {
        switch self {
        case .x25519MLKEM768: "X25519MLKEM768"
        case .x25519: "X25519"
        case .secp256r1: "P-256"
        default: nil
        }
    }
}

extension KeyExchangeGroup: CustomStringConvertible {
    /// Its name, or its number.
    public var description: String {
        self.configurationName ?? "group \(self.rawValue)"
    }
}
