/// Time that stands still until a test moves it. Nanoseconds since it was made.
public struct ManualClock: Sendable {
    /// The present moment.
    public private(set) var now: UInt64

    /// A clock at `start`; not at zero, so that differences before it can be taken.
    public init(start: UInt64 = 1_000_000_000) {
        now = start
    }

    /// Moves on; never back.
    public mutating func advance(to moment: UInt64) {
        now = max(now, moment)
    }

    /// Moves on by so much.
    public mutating func advance(by duration: Duration) {
        let (seconds, attoseconds) = duration.components
        now += UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
    }
}
