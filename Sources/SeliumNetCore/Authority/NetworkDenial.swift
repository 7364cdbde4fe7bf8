/// Why an operation is not allowed: what was wanted, what comes nearest, and what differs.
///
/// It travels as the thrown error, so that the message to a person can name the grant that is
/// missing.
public struct NetworkDenial: Error, Hashable, Sendable, CustomStringConvertible {
    /// What keeps the nearest grant from covering the target. Ordered: a later case is nearer.
    public enum Difference: Int, Hashable, Sendable, Comparable {
        /// There is no grant at all.
        case nothingGranted
        /// The grant is for other operations.
        case operation
        /// The grant is for another kind of target: a name instead of an address, for example.
        case kind
        /// The grant is for another transport.
        case transport
        /// The grant reaches global addresses only, and this one is not.
        case addressClass
        /// The grant is for another address, name or path.
        case place
        /// Only the port differs.
        case port

        /// By nearness.
        public static func < (left: Difference, right: Difference) -> Bool {
            left.rawValue < right.rawValue
        }
    }

    /// What was wanted.
    public let operation: NetworkOperation
    /// With what.
    public let target: NetworkTarget
    /// The grant that comes nearest, nil if there is none.
    public let nearest: NetworkGrant?
    /// What differs between the two.
    public let difference: Difference

    /// A denial of `operation` on `target`.
    public init(
        _ operation: NetworkOperation, _ target: NetworkTarget, nearest: NetworkGrant?,
        difference: Difference
    ) {
        self.operation = operation
        self.target = target
        self.nearest = nearest
        self.difference = difference
    }

    /// One line for logs and people.
    public var description: String {
        let what = "\(operation.rawValue) to \(target) is not granted"
        guard let nearest else { return "\(what): no network grant at all" }
        let why =
            switch difference {
            case .nothingGranted, .operation: "operation differs"
            case .kind: "kind of target differs"
            case .transport: "transport differs"
            case .addressClass: "address is not global"
            case .place: "address or name differs"
            case .port: "port differs"
            }
        return "\(what); nearest grant: \(nearest) (\(why))"
    }
}
