/// A typed value: an argument of a named entrypoint, or a result of one.
public enum Value: Sendable, Hashable {
    case i8(Int8)
    case u8(UInt8)
    case i16(Int16)
    case u16(UInt16)
    case i32(Int32)
    case u32(UInt32)
    case i64(Int64)
    case u64(UInt64)
    case f32(Float)
    case f64(Double)
    case buffer([UInt8])
    case utf8(String)

    /// Its kind.
    public var kind: ValueKind {
        switch self {
        case .i8: .i8
        case .u8: .u8
        case .i16: .i16
        case .u16: .u16
        case .i32: .i32
        case .u32: .u32
        case .i64: .i64
        case .u64: .u64
        case .f32: .f32
        case .f64: .f64
        case .buffer: .buffer
        case .utf8: .utf8
        }
    }

    /// As people read it; a buffer in hexadecimal.
    public var text: String {
        switch self {
        case .i8(let value): String(value)
        case .u8(let value): String(value)
        case .i16(let value): String(value)
        case .u16(let value): String(value)
        case .i32(let value): String(value)
        case .u32(let value): String(value)
        case .i64(let value): String(value)
        case .u64(let value): String(value)
        case .f32(let value): String(value)
        case .f64(let value): String(value)
        case .buffer(let bytes): "hex:" + Hexadecimal.text(bytes)
        case .utf8(let text): text
        }
    }

    /// A text that was read as `kind`; nil when the two do not belong together.
    public init?(_ text: ArgumentText, kind: ValueKind) {
        switch (kind, text) {
        case (.i8, .signed(let value)): self = .i8(Int8(truncatingIfNeeded: value))
        case (.i16, .signed(let value)): self = .i16(Int16(truncatingIfNeeded: value))
        case (.i32, .signed(let value)): self = .i32(Int32(truncatingIfNeeded: value))
        case (.i64, .signed(let value)): self = .i64(value)
        case (.u8, .unsigned(let value)): self = .u8(UInt8(truncatingIfNeeded: value))
        case (.u16, .unsigned(let value)): self = .u16(UInt16(truncatingIfNeeded: value))
        case (.u32, .unsigned(let value)): self = .u32(UInt32(truncatingIfNeeded: value))
        case (.u64, .unsigned(let value)): self = .u64(value)
        case (.f32, .f32(let value)): self = .f32(value)
        case (.f64, .f64(let value)): self = .f64(value)
        case (.buffer, .buffer(let value)): self = .buffer(value)
        case (.utf8, .utf8(let value)): self = .utf8(value)
        default: return nil
        }
    }
}

/// One argument of a start. A string literal is the text of a `utf8` argument, an integer literal an
/// `i32` or, where it does not fit, an `i64`.
public struct StartArgument: Sendable, Hashable, ExpressibleByStringLiteral,
    ExpressibleByIntegerLiteral
{
    /// The value a named entrypoint gets.
    public var value: Value
    /// What a WASI command gets in argv instead.
    public var text: String
    /// Show it to nobody.
    public var isSensitive: Bool

    /// An argument of `value`; its text is made from the value unless it is given.
    public init(_ value: Value, text: String? = nil, isSensitive: Bool = false) {
        self.value = value
        self.text = text ?? value.text
        self.isSensitive = isSensitive
    }

    public init(stringLiteral text: String) { self.init(.utf8(text)) }

    public init(integerLiteral number: Int64) {
        self.init(Int32(exactly: number).map(Value.i32) ?? .i64(number))
    }
}

/// One variable of a program's environment. Values are never shown again.
public struct EnvironmentVariable: Sendable, Hashable {
    public var name: String
    public var value: String
    /// Keep it out of everything that shows arguments.
    public var isSensitive: Bool

    public init(name: String, value: String, isSensitive: Bool = false) {
        self.name = name
        self.value = value
        self.isSensitive = isSensitive
    }
}

/// Hexadecimal digits of bytes.
package enum Hexadecimal {
    /// Two lower-case digits a byte.
    package static func text(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// The bytes of an even number of lower-case digits, or nil.
    package static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in text.utf8 {
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
        return high == nil ? bytes : nil
    }
}
