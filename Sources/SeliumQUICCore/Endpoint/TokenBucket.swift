/// A rate with a burst, in whole tokens. Time comes from outside.
struct TokenBucket {
    private let perSecond: UInt64
    private let burst: UInt64
    /// In billionths of a token, so that slow trickles are not lost to rounding.
    private var level: UInt64
    private var updated: UInt64

    private static let token: UInt64 = 1_000_000_000

    init(perSecond: Int, burst: Int, now: UInt64) {
        self.perSecond = UInt64(max(0, min(perSecond, 1_000_000_000)))
        self.burst = UInt64(max(0, min(burst, 1_000_000_000)))
        self.level = self.burst * Self.token
        self.updated = now
    }

    /// Takes one token if there is one.
    mutating func take(now: UInt64) -> Bool {
        refill(now: now)
        guard level >= Self.token else { return false }
        level -= Self.token
        return true
    }

    /// Whether nothing was taken lately: such a bucket need not be remembered.
    mutating func isFull(now: UInt64) -> Bool {
        refill(now: now)
        return level == burst * Self.token
    }

    private mutating func refill(now: UInt64) {
        guard now > updated else { return }
        let capacity = burst * Self.token
        let (gain, overflow) = (now - updated).multipliedReportingOverflow(by: perSecond)
        updated = now
        level = overflow || gain > capacity - level ? capacity : level + gain
    }
}
