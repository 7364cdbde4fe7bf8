/// A number by which a guest names something that the host keeps for it.
///
/// 12 bits of generation above 20 bits of index. What a handle denotes, and what may be done with it,
/// is in the host's table alone. The generation of one that was given is never 0: so 0 is no handle,
/// and none is below 2^20, where the descriptors of WASI are.
public struct GuestHandle: Sendable, Hashable {
    /// Bits of the index.
    public static let indexBits: UInt32 = 20
    /// How many indices there are.
    public static let indexCount: UInt32 = 1 << indexBits
    /// The last generation of an index; its place is not used again after that.
    public static let lastGeneration: UInt32 = (1 << 12) - 1

    /// As guests see it.
    public let rawValue: UInt32

    /// A number from a guest; nil below 2^20, which no handle is.
    public init?(rawValue: UInt32) {
        guard rawValue >= Self.indexCount else { return nil }
        self.rawValue = rawValue
    }

    /// The handle of a place in the host's table; nil where either number is out of its range.
    public init?(index: UInt32, generation: UInt32) {
        guard index < Self.indexCount, generation <= Self.lastGeneration else { return nil }
        self.init(rawValue: generation << Self.indexBits | index)
    }

    /// The place in the host's table.
    public var index: UInt32 { rawValue & (Self.indexCount - 1) }

    /// How often that place was used, from 1.
    public var generation: UInt32 { rawValue >> Self.indexBits }
}
