/// A number that crosses between host and guest.
public enum WasmValue: Sendable, Hashable {
    case i32(Int32)
    case i64(Int64)
    case f32(Float)
    case f64(Double)

    /// Its type.
    public var kind: WasmKind {
        switch self {
        case .i32: .i32
        case .i64: .i64
        case .f32: .f32
        case .f64: .f64
        }
    }
}
