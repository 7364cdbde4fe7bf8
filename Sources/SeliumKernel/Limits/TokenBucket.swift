/// How fast something may go: `rate` units per second, up to `burst` at once.
///
/// Time is passed in, in nanoseconds of a clock that never goes back. A use larger than what is
/// there is granted when the bucket is full enough for the part that exceeds nothing: it may dip
/// below zero once, so that a single large write does not wait for ever.
public struct TokenBucket: Sendable {
    private let rate: UInt64
    private let burst: UInt64
    private var tokens: Double
    private var stamp: UInt64

    /// A full bucket. `rate` is per second, at least 1.
    public init(rate: UInt64, burst: UInt64, now: UInt64) {
        self.rate = max(1, rate)
        self.burst = max(1, burst)
        tokens = Double(self.burst)
        stamp = now
    }

    /// What is answered.
    public enum Answer: Sendable, Hashable {
        case granted
        /// Ask again after this many nanoseconds.
        case wait(nanoseconds: UInt64)
    }

    /// Takes `count`, or says how long to wait. Nothing is taken while there is debt.
    public mutating func take(_ count: Int, now: UInt64) -> Answer {
        refill(now: now)
        guard tokens > 0 else {
            let nanoseconds = (1 - tokens) / Double(rate) * 1e9
            return .wait(nanoseconds: UInt64(max(1, min(nanoseconds.rounded(.up), 3.6e12))))
        }
        tokens -= Double(max(0, count))
        return .granted
    }

    private mutating func refill(now: UInt64) {
        guard now > stamp else { return }
        tokens = min(Double(burst), tokens + Double(now - stamp) / 1e9 * Double(rate))
        stamp = now
    }
}
