/// A set of capabilities as one 64-bit word: what a host call looks at on every use.
public struct CapabilitySet: Sendable, Hashable {
    /// Bit `n` is the capability with number `n`.
    public private(set) var bits: UInt64

    /// The empty set.
    public init() { bits = 0 }

    /// A set of the capabilities given.
    public init(_ capabilities: some Sequence<Capability>) {
        bits = capabilities.reduce(0) { $0 | (1 << UInt64($1.rawValue)) }
    }

    /// Whether `capability` is in the set.
    public func contains(_ capability: Capability) -> Bool {
        bits & (1 << UInt64(capability.rawValue)) != 0
    }

    /// Adds `capability`.
    public mutating func insert(_ capability: Capability) {
        bits |= 1 << UInt64(capability.rawValue)
    }
}
