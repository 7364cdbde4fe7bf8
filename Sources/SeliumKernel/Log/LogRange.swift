/// Which sequences a log holds.
public struct LogRange: Sendable, Hashable {
    /// The oldest that is kept; `last + 1` when none is.
    public var oldest: UInt64
    /// The newest given, 0 before the first.
    public var last: UInt64

    public init(oldest: UInt64, last: UInt64) {
        self.oldest = oldest
        self.last = last
    }
}
