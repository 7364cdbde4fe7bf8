/// A use or a grant of a capability that was refused: everything a person needs to decide about it.
public struct Denial: Sendable, Hashable {
    /// The capability's name.
    public var capability: String
    /// On what: an address, a path, an import's name; may be empty.
    public var resource: String
    /// The grant that comes nearest, empty when there is none.
    public var nearestGrant: String
    /// What differs between the two: `host differs`, `not granted`.
    public var difference: String
    /// The caller's role.
    public var role: String
    /// Whether that role may grant what is missing.
    public var rolePermits: Bool

    public init(
        capability: String, resource: String, nearestGrant: String, difference: String,
        role: String,
        rolePermits: Bool
    ) {
        self.capability = capability
        self.resource = resource
        self.nearestGrant = nearestGrant
        self.difference = difference
        self.role = role
        self.rolePermits = rolePermits
    }
}
