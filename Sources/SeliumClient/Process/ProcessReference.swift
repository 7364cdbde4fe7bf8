/// A process by its id or by its name.
public enum ProcessReference: Sendable, Hashable, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral,
    CustomStringConvertible
{
    case id(UInt64)
    /// A name in the caller's own namespace.
    case name(String)
    /// A name in another namespace, which the caller's role has to reach.
    case qualified(namespace: String, name: String)

    public init(integerLiteral id: UInt64) { self = .id(id) }

    /// What people type; see ``init(_:)``.
    public init(stringLiteral text: String) { self.init(text) }

    /// What people type, and what lists show: a number is an id (names are never only digits),
    /// `NAMESPACE/NAME` a name in another namespace, anything else a name in the caller's own.
    public init(_ text: String) {
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let id = UInt64(text)
        {
            self = .id(id)
        } else if let slash = text.firstIndex(of: "/"), slash != text.startIndex {
            let name = text[text.index(after: slash)...]
            self = .qualified(namespace: String(text[..<slash]), name: String(name))
        } else {
            self = .name(text)
        }
    }

    public var description: String {
        switch self {
        case .id(let id): String(id)
        case .name(let name): name
        case .qualified(let namespace, let name): "\(namespace)/\(name)"
        }
    }
}
