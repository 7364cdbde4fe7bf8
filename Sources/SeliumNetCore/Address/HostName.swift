/// A name of a host, checked and in lower case: what may be asked of DNS or found in a hosts file.
///
/// Letters, digits, hyphens and underscores in labels of 1 to 63, at most 253 in all (RFC 1123
/// section 2.1, RFC 2181 section 11; underscores stand in real names, `_dmarc.example.com`). A
/// hyphen neither begins nor ends a label. The last label is not a number, neither decimal nor
/// `0x…`: other parsers take such a text for an IPv4 address, `127.1` for one.
public struct HostName: Hashable, Sendable, LosslessStringConvertible {
    /// The greatest length in bytes without the trailing dot: 255 on the wire.
    public static let maximumLength = 253
    /// The greatest length of one label (RFC 1035 section 2.3.4).
    public static let maximumLabelLength = 63

    /// The name in lower case, without a trailing dot.
    public let text: String
    /// Whether it was written with a trailing dot: the search list is not for it.
    public let isAbsolute: Bool

    /// Reads a name; names outside ASCII have to be A-labels already (RFC 5891).
    public init(parsing text: some StringProtocol) throws(AddressError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(text.utf8.count, Self.maximumLength + 1))
        var label = 0
        for byte in text.utf8 {
            guard bytes.count <= Self.maximumLength else {
                throw AddressError(.badHostName, at: bytes.count)
            }
            switch byte {
            case UInt8(ascii: "."):
                guard label > 0, bytes.last != UInt8(ascii: "-") else {
                    throw AddressError(.badHostName, at: bytes.count)
                }
                label = 0
            case UInt8(ascii: "-") where label == 0:
                throw AddressError(.badHostName, at: bytes.count)
            case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), 0x41...0x5A:
                label += 1
                guard label <= Self.maximumLabelLength else {
                    throw AddressError(.badHostName, at: bytes.count)
                }
            default: throw AddressError(.badHostName, at: bytes.count)
            }
            bytes.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
        }
        isAbsolute = bytes.last == UInt8(ascii: ".")
        if isAbsolute { bytes.removeLast() }
        guard !bytes.isEmpty, bytes.count <= Self.maximumLength, bytes.last != UInt8(ascii: "-"),
            !Self.endsInNumber(bytes)
        else { throw AddressError(.badHostName, at: bytes.count) }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    /// Reads a name as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let name = try? HostName(parsing: description) else { return nil }
        self = name
    }

    /// Whether a text is a name that DNS may be asked for.
    public static func isValidDomain(_ text: some StringProtocol) -> Bool {
        (try? HostName(parsing: text)) != nil
    }

    /// The name, with a dot behind it if it was written so.
    public var description: String { isAbsolute ? text + "." : text }

    /// How many dots stand between its labels; the search list is used by this number.
    public var dots: Int { text.utf8.count(where: { $0 == UInt8(ascii: ".") }) }

    /// "Ends in a number" of the WHATWG URL standard, section 3.5.
    private static func endsInNumber(_ bytes: [UInt8]) -> Bool {
        let last = bytes.split(separator: UInt8(ascii: ".")).last ?? []
        if last.allSatisfy({ (0x30...0x39).contains($0) }) { return true }
        guard last.starts(with: [0x30, 0x78]) else { return false }
        return last.dropFirst(2).allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
        }
    }
}
