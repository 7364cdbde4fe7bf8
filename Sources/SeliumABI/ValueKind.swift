/// The kinds an argument of a named entrypoint can have, as written in `-a TYPE:VALUE` and in a
/// module spec.
public enum ValueKind: UInt8, CaseIterable, Sendable, Hashable {
    case i8 = 1
    case u8 = 2
    case i16 = 3
    case u16 = 4
    case i32 = 5
    case u32 = 6
    case i64 = 7
    case u64 = 8
    case f32 = 9
    case f64 = 10
    case buffer = 11
    case utf8 = 12
    case resource = 13

    /// The canonical spelling.
    public var name: String {
        switch self {
        case .i8: "i8"
        case .u8: "u8"
        case .i16: "i16"
        case .u16: "u16"
        case .i32: "i32"
        case .u32: "u32"
        case .i64: "i64"
        case .u64: "u64"
        case .f32: "f32"
        case .f64: "f64"
        case .buffer: "buffer"
        case .utf8: "utf8"
        case .resource: "resource"
        }
    }

    /// The kind with this spelling, aliases included (`bytes byte data`, `utf-8 string str text`,
    /// `handle`).
    public init?(name: some StringProtocol) {
        switch name {
        case "bytes", "byte", "data": self = .buffer
        case "utf-8", "string", "str", "text": self = .utf8
        case "handle": self = .resource
        default:
            guard let kind = ValueKind.allCases.first(where: { $0.name == name }) else {
                return nil
            }
            self = kind
        }
    }
}
