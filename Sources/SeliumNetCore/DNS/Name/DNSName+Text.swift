extension DNSName: LosslessStringConvertible {
    /// Reads the text form of zone files: labels between dots, `\.` for a dot inside a label,
    /// `\DDD` for a byte by its decimal number (RFC 1035 section 5.1). Always absolute: a trailing
    /// dot makes no difference. Bytes outside ASCII have to be escaped.
    public init(parsing text: some StringProtocol) throws(DNSFormatError) {
        let bytes = Array(text.utf8)
        guard bytes != [UInt8(ascii: ".")] else {
            self = .root
            return
        }
        var labels: [[UInt8]] = []
        var label: [UInt8] = []
        var index = 0
        while index < bytes.count {
            // A name of escapes alone has four bytes of text for each of its own.
            guard index <= 4 * Self.maximumLength else {
                throw DNSFormatError(.nameTooLong, at: index)
            }
            switch bytes[index] {
            case UInt8(ascii: "."):
                guard !label.isEmpty else { throw DNSFormatError(.badLabel, at: index) }
                labels.append(label)
                label = []
                index += 1
            case UInt8(ascii: "\\"):
                let (byte, length) = try Self.escape(bytes, at: index)
                label.append(byte)
                index += length
            case 0x21...0x7E:
                label.append(bytes[index])
                index += 1
            default: throw DNSFormatError(.badText, at: index)
            }
        }
        if !label.isEmpty { labels.append(label) }
        guard !labels.isEmpty else { throw DNSFormatError(.badLabel, at: 0) }
        try self.init(labels: labels)
    }

    /// Reads a name as ``init(parsing:)`` does, nil if it is none.
    public init?(_ description: String) {
        guard let name = try? DNSName(parsing: description) else { return nil }
        self = name
    }

    /// The byte that an escape stands for, and how many bytes of text it takes.
    private static func escape(
        _ bytes: [UInt8], at index: Int
    ) throws(DNSFormatError) -> (UInt8, Int) {
        guard index + 1 < bytes.count else { throw DNSFormatError(.badText, at: index) }
        let digits = bytes[(index + 1)...].prefix(3)
        guard (0x30...0x39).contains(bytes[index + 1]) else {
            guard (0x21...0x7E).contains(bytes[index + 1]) else {
                throw DNSFormatError(.badText, at: index)
            }
            return (bytes[index + 1], 2)
        }
        guard digits.count == 3, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw DNSFormatError(.badText, at: index)
        }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        guard let byte = UInt8(exactly: value) else { throw DNSFormatError(.badText, at: index) }
        return (byte, 4)
    }

    /// The name as zone files write it, without the trailing dot; the root is `.`. Only visible
    /// ASCII stands in it unescaped, so it may be shown on a terminal.
    public var description: String {
        guard !isRoot else { return "." }
        var text = ""
        for (index, label) in labels.enumerated() {
            if index > 0 { text += "." }
            for byte in label { text += DNSText.escaped(byte, special: "\\.\"();@$") }
        }
        return text
    }
}

/// How zone files write bytes (RFC 1035 section 5.1).
enum DNSText {
    /// The byte itself, behind a backslash if it is one of `special`, or as `\DDD`.
    static func escaped(_ byte: UInt8, special: String, spaces: Bool = false) -> String {
        guard (0x21...0x7E).contains(byte) || spaces && byte == 0x20 else {
            let digits = String(byte)
            return "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
        let character = String(UnicodeScalar(byte))
        return special.utf8.contains(byte) ? "\\" + character : character
    }

    /// A character string in quotes.
    static func quoted(_ bytes: some Sequence<UInt8>) -> String {
        var text = "\""
        for byte in bytes { text += escaped(byte, special: "\\\"", spaces: true) }
        return text + "\""
    }

    /// Bytes in hexadecimal.
    static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 0xF)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
