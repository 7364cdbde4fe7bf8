/// The SHA-256 of a module's bytes: a name, not a key (who may use it is asked separately).
public struct ModuleDigest: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// A digest, or nil when there are not exactly 32 bytes.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Reads `sha256:` and 64 lower-case hexadecimal digits; nil for anything else.
    public init?(_ text: some StringProtocol) {
        guard text.hasPrefix("sha256:"), text.utf8.count == 71 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        var high: UInt8?
        for digit in text.utf8.dropFirst(7) {
            let value: UInt8
            switch digit {
            case 0x30...0x39: value = digit - 0x30
            case 0x61...0x66: value = digit - 0x61 + 10
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        self.bytes = bytes
    }

    /// 64 lower-case hexadecimal digits, without the prefix: the name of the file in the store.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// `sha256:` and 64 digits.
    public var description: String { "sha256:" + hex }
}

/// How somebody names a module: by its digest, or by a name in a namespace.
public enum ModuleReference: Sendable, Hashable {
    case digest(ModuleDigest)
    /// A file name in the server's modules folder, or (later) a pushed name.
    case name(String)
}
