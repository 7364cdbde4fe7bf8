/// The rate of handshakes of each address, for a bounded number of addresses.
package struct HandshakeRates {
    /// Addresses whose rate is remembered: about 1 MB.
    package static let maximumBuckets = 16_384
    /// Sweeping is linear, and a flood decides how often it is due.
    private static let sweepInterval: UInt64 = 1_000_000_000

    private let perSecond: Int
    private let burst: Int
    private var buckets: [IPAddress: TokenBucket] = [:]
    private var nextSweep: UInt64

    init(perSecond: Int, burst: Int, now: UInt64) {
        self.perSecond = perSecond
        self.burst = burst
        self.nextSweep = now
    }

    /// Takes one handshake from the rate of `prefix`; false when it has none left, nil when there is
    /// no room to remember it.
    mutating func take(of prefix: IPAddress, now: UInt64) -> Bool? {
        if buckets[prefix] == nil {
            guard makeRoom(now: now) else { return nil }
            buckets[prefix] = TokenBucket(perSecond: perSecond, burst: burst, now: now)
        }
        return buckets[prefix]?.take(now: now)
    }

    private mutating func makeRoom(now: UInt64) -> Bool {
        guard buckets.count >= Self.maximumBuckets else { return true }
        guard now >= nextSweep else { return false }
        nextSweep = now &+ Self.sweepInterval
        for key in Array(buckets.keys) where buckets[key]?.isFull(now: now) == true {
            buckets[key] = nil
        }
        return buckets.count < Self.maximumBuckets
    }
}
