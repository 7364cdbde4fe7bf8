public import SeliumABI

extension Value {
    /// The value that a text such as `-5` or `hex:00ff` is in `kind`. Fails with `invalid`.
    public init(text: String, kind: ValueKind) throws(KernelError) {
        let read: ArgumentText
        do throws(ArgumentText.Problem) {
            read = try ArgumentText(text, kind: kind)
        } catch {
            throw KernelError(.invalid, error.description)
        }
        guard let value = Value(read, kind: kind) else {
            throw KernelError(.invalid, "argument '\(text)' is no \(kind.name)")
        }
        self = value
    }

    /// What was read from text as this kind; nil when it does not fit.
    public init?(_ text: ArgumentText, kind: ValueKind) {
        switch text {
        case .signed(let number): self.init(signed: number, kind: kind)
        case .unsigned(let number): self.init(unsigned: number, kind: kind)
        case .f32(let number):
            guard kind == .f32 else { return nil }
            self = .f32(number)
        case .f64(let number):
            guard kind == .f64 else { return nil }
            self = .f64(number)
        case .buffer(let bytes):
            guard kind == .buffer else { return nil }
            self = .buffer(bytes)
        case .utf8(let text):
            guard kind == .utf8 else { return nil }
            self = .utf8(text)
        }
    }

    /// A number for one of i8…i64; nil when it does not fit the kind.
    public init?(signed number: Int64, kind: ValueKind) {
        switch kind {
        case .i8:
            guard let value = Int8(exactly: number) else { return nil }
            self = .i8(value)
        case .i16:
            guard let value = Int16(exactly: number) else { return nil }
            self = .i16(value)
        case .i32:
            guard let value = Int32(exactly: number) else { return nil }
            self = .i32(value)
        case .i64: self = .i64(number)
        default: return nil
        }
    }

    /// A number for one of u8…u64; nil when it does not fit the kind.
    public init?(unsigned number: UInt64, kind: ValueKind) {
        switch kind {
        case .u8:
            guard let value = UInt8(exactly: number) else { return nil }
            self = .u8(value)
        case .u16:
            guard let value = UInt16(exactly: number) else { return nil }
            self = .u16(value)
        case .u32:
            guard let value = UInt32(exactly: number) else { return nil }
            self = .u32(value)
        case .u64: self = .u64(number)
        default: return nil
        }
    }

    /// As argv gets it when its starter gave no text: numbers in decimal, a buffer as `hex:…`.
    public var text: String {
        switch self {
        case .i8(let value): "\(value)"
        case .u8(let value): "\(value)"
        case .i16(let value): "\(value)"
        case .u16(let value): "\(value)"
        case .i32(let value): "\(value)"
        case .u32(let value): "\(value)"
        case .i64(let value): "\(value)"
        case .u64(let value): "\(value)"
        case .f32(let value): "\(value)"
        case .f64(let value): "\(value)"
        case .buffer(let bytes): "hex:" + bytes.map { Self.hex($0) }.joined()
        case .utf8(let text): text
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}
