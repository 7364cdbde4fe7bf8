public import SeliumABI

/// A capability handed to one process, with the resource it is meant for.
///
/// The scope's canonical text is what is stored, shown and compared. No capability has a scope yet
/// (see `GrantParser`), so `scope` is nil for every grant that exists.
public struct Grant: Sendable, Hashable, CustomStringConvertible {
    /// What is allowed.
    public var capability: Capability
    /// On what, in canonical form; nil is the bare grant.
    public var scope: String?

    public init(capability: Capability, scope: String? = nil) {
        self.capability = capability
        self.scope = scope
    }

    /// `NAME` or `NAME=SCOPE`.
    public var description: String {
        scope.map { "\(capability.name)=\($0)" } ?? capability.name
    }
}
