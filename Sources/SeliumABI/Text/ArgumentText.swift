/// A value that was read from text such as `i32:-5` or `buffer:hex:00ff`.
///
/// What `-a TYPE:VALUE` and `args=` of a module spec have in common; each side turns it into its own
/// value type.
public enum ArgumentText: Sendable, Hashable {
    /// Of the kinds i8, i16, i32 and i64, inside their range.
    case signed(Int64)
    /// Of the kinds u8, u16, u32 and u64, inside their range.
    case unsigned(UInt64)
    case f32(Float)
    case f64(Double)
    case buffer([UInt8])
    case utf8(String)

    /// Why a text is no value of its kind.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// One sentence that quotes the text.
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// Reads `text` as a value of `kind`.
    ///
    /// Numbers are decimal with an optional sign, or `0x` and hexadecimal digits; floats are what
    /// Swift reads, `inf` and `nan` included, but a number too large for its kind is no infinity. A buffer is the text's UTF-8 bytes, or what `hex:` and
    /// an even number of hexadecimal digits say.
    public init(_ text: String, kind: ValueKind) throws(Problem) {
        switch kind {
        case .i8: self = .signed(try Self.signed(text, kind, Int64(Int8.min)...Int64(Int8.max)))
        case .i16: self = .signed(try Self.signed(text, kind, Int64(Int16.min)...Int64(Int16.max)))
        case .i32: self = .signed(try Self.signed(text, kind, Int64(Int32.min)...Int64(Int32.max)))
        case .i64: self = .signed(try Self.signed(text, kind, Int64.min...Int64.max))
        case .u8: self = .unsigned(try Self.unsigned(text, kind, UInt64(UInt8.max)))
        case .u16: self = .unsigned(try Self.unsigned(text, kind, UInt64(UInt16.max)))
        case .u32: self = .unsigned(try Self.unsigned(text, kind, UInt64(UInt32.max)))
        case .u64: self = .unsigned(try Self.unsigned(text, kind, UInt64.max))
        case .f32:
            guard let value = Float(text), value.isFinite || !text.contains(where: \.isNumber)
            else {
                throw Self.misfit(text, kind)
            }
            self = .f32(value)
        case .f64:
            guard let value = Double(text), value.isFinite || !text.contains(where: \.isNumber)
            else {
                throw Self.misfit(text, kind)
            }
            self = .f64(value)
        case .buffer: self = .buffer(try Self.bytes(text))
        case .utf8: self = .utf8(text)
        case .resource:
            throw Problem(
                description:
                    "argument '\(text)': the kind 'resource' needs channels, which this version lacks"
            )
        }
    }

    /// Splits `TYPE:VALUE` into its kind and the rest; nil when no known kind stands in front.
    public static func split(_ text: String) -> (kind: ValueKind, value: String)? {
        guard let colon = text.firstIndex(of: ":"), let kind = ValueKind(name: text[..<colon])
        else {
            return nil
        }
        return (kind, String(text[text.index(after: colon)...]))
    }

    /// Reads a list of arguments: with `kinds` one value per kind, each may still be written
    /// `TYPE:VALUE` with that same type; without `kinds` every one has to be.
    ///
    /// - Returns: for each argument its kind, its value and the text without the type.
    public static func list(
        _ texts: [String], kinds: [ValueKind]
    ) throws(Problem) -> [(kind: ValueKind, value: ArgumentText, text: String)] {
        guard kinds.isEmpty || kinds.count == texts.count else {
            throw Problem(
                description:
                    "\(texts.count) arguments for \(kinds.count) parameters (\(names(kinds)))")
        }
        var values: [(kind: ValueKind, value: ArgumentText, text: String)] = []
        for (index, text) in texts.enumerated() {
            let found = split(text)
            if kinds.isEmpty {
                guard let found else {
                    throw Problem(
                        description:
                            "argument '\(text)' has no type; write TYPE:VALUE, as in utf8:\(text)")
                }
                values.append(
                    (found.kind, try ArgumentText(found.value, kind: found.kind), found.value))
            } else if let found, found.kind == kinds[index] {
                values.append(
                    (found.kind, try ArgumentText(found.value, kind: found.kind), found.value))
            } else {
                values.append((kinds[index], try ArgumentText(text, kind: kinds[index]), text))
            }
        }
        return values
    }

    private static func names(_ kinds: [ValueKind]) -> String {
        kinds.map(\.name).joined(separator: " ")
    }

    private static func misfit(_ text: String, _ kind: ValueKind) -> Problem {
        Problem(description: "argument '\(text)' is no \(kind.name)")
    }

    private static func signed(
        _ text: String, _ kind: ValueKind, _ range: ClosedRange<Int64>
    ) throws(Problem) -> Int64 {
        let value =
            text.hasPrefix("-0x")
            ? Int64("-" + text.dropFirst(3), radix: 16)
            : text.hasPrefix("0x") ? Int64(text.dropFirst(2), radix: 16) : Int64(text)
        guard let value else { throw misfit(text, kind) }
        guard range.contains(value) else { throw misfit(text, kind) }
        return value
    }

    private static func unsigned(_ text: String, _ kind: ValueKind, _ limit: UInt64) throws(Problem)
        -> UInt64
    {
        let value = text.hasPrefix("0x") ? UInt64(text.dropFirst(2), radix: 16) : UInt64(text)
        guard let value, value <= limit else { throw misfit(text, kind) }
        return value
    }

    private static func bytes(_ text: String) throws(Problem) -> [UInt8] {
        guard text.hasPrefix("hex:") else { return Array(text.utf8) }
        let digits = Array(text.utf8.dropFirst(4))
        guard digits.count.isMultiple(of: 2) else { throw misfit(text, .buffer) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else {
                throw misfit(text, .buffer)
            }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }
}
