/// A name that a user gives to a process: `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`, not all digits.
public struct ProcessName: Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let text: String

    /// The name, or nil when `text` is not one.
    public init?(_ text: some StringProtocol) {
        guard NameRule.isName(text.utf8, first: NameRule.isAlphanumeric, rest: NameRule.isNameByte),
            !text.utf8.allSatisfy(NameRule.isDigit)
        else { return nil }
        self.text = String(text)
    }

    public var description: String { text }
}

/// Who calls: the NAME of the one `selium://identity/NAME` in a caller's certificate,
/// `[a-z0-9][a-z0-9._-]{0,62}`.
public struct Identity: Hashable, Sendable, CustomStringConvertible {
    /// The text.
    public let name: String

    /// The identity, or nil when `name` is not one.
    public init?(_ name: some StringProtocol) {
        guard
            NameRule.isName(
                name.utf8, first: NameRule.isLowerAlphanumeric, rest: NameRule.isLowerNameByte)
        else { return nil }
        self.name = String(name)
    }

    private init(trusted name: String) { self.name = name }

    /// The operator: everything, in every namespace.
    public static let `operator` = Identity(trusted: "operator")
    /// The runtime itself; no certificate may say this.
    public static let system = Identity(trusted: "system")
    /// A caller without a certificate, where the operator allows that; no certificate may say this.
    public static let anonymous = Identity(trusted: "anonymous")

    public var description: String { name }
}

/// To whom an object belongs: the first column of every key.
public struct Namespace: Hashable, Sendable, CustomStringConvertible {
    /// The text; same rule as `Identity`.
    public let name: String

    /// The namespace, or nil when `name` is not one.
    public init?(_ name: some StringProtocol) {
        guard let identity = Identity(name) else { return nil }
        self.name = identity.name
    }

    /// An identity's own namespace.
    public init(of identity: Identity) { name = identity.name }

    /// Where the runtime's own `--module` processes live.
    public static let system = Namespace(of: .system)

    public var description: String { name }
}

/// The letters names are made of. Longest: 63 bytes, as a DNS label.
enum NameRule {
    static let maximumLength = 63

    static func isName(
        _ bytes: some Collection<UInt8>, first: (UInt8) -> Bool, rest: (UInt8) -> Bool
    ) -> Bool {
        guard let head = bytes.first, first(head), bytes.count <= maximumLength else {
            return false
        }
        return bytes.dropFirst().allSatisfy(rest)
    }

    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x7a).contains(byte)
    }
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (0x41...0x5a).contains(byte)
    }
    static func isPunctuation(_ byte: UInt8) -> Bool {
        byte == 0x2e || byte == 0x5f || byte == 0x2d
    }
    static func isNameByte(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || isPunctuation(byte) }
    static func isLowerNameByte(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || isPunctuation(byte)
    }
}
