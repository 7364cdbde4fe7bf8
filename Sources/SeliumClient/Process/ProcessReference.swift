/// A process by its id or by its name.
public enum ProcessReference: Sendable, Hashable, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral,
    CustomStringConvertible
{
    case id(UInt64)
    case name(String)

    public init(integerLiteral id: UInt64) { self = .id(id) }

    /// What people type: a number is an id, anything else a name (names are never only digits).
    public init(stringLiteral text: String) { self.init(text) }

    /// What people type: a number is an id, anything else a name (names are never only digits).
    public init(_ text: String) {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let id = UInt64(text)
        {
            self = .id(id)
        } else {
            self = .name(text)
        }
    }

    public var description: String {
        switch self {
        case .id(let id): String(id)
        case .name(let name): name
        }
    }
}
