public import SeliumABI

/// A typed argument or result of a named entrypoint.
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
}
