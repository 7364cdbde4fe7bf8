/// What each address has: connections now, and handshakes lately. IPv6 counts by /64.
struct AddressLedger {
    /// Addresses whose rate is remembered. 16,384 buckets are about 1 MB; beyond it an address that
    /// is new has to be validated with Retry, which costs no memory.
    static let maximumBuckets = 16_384

    private let perSecond: Int
    private let burst: Int
    private let maximumConnections: Int
    private var connections: [IPAddress: Int] = [:]
    private var buckets: [IPAddress: TokenBucket] = [:]
    private var lastSweep: UInt64 = 0

    init(_ configuration: QUICConfiguration) {
        perSecond = configuration.handshakesPerSecond
        burst = configuration.handshakeBurst
        maximumConnections = configuration.maximumConnectionsPerAddress
    }

    func hasRoom(for address: IPAddress) -> Bool {
        connections[address.rateLimitPrefix, default: 0] < maximumConnections
    }

    mutating func opened(by address: IPAddress) {
        connections[address.rateLimitPrefix, default: 0] += 1
    }

    mutating func closed(by address: IPAddress) {
        let prefix = address.rateLimitPrefix
        guard let count = connections[prefix] else { return }
        connections[prefix] = count > 1 ? count - 1 : nil
    }

    /// Takes one handshake from the address's rate; false when it has none left.
    mutating func takeHandshake(of address: IPAddress, now: UInt64) -> Bool {
        let prefix = address.rateLimitPrefix
        if buckets[prefix] == nil {
            guard makeRoom(now: now) else { return false }
            buckets[prefix] = TokenBucket(perSecond: perSecond, burst: burst, now: now)
        }
        return buckets[prefix]?.take(now: now) ?? false
    }

    private mutating func makeRoom(now: UInt64) -> Bool {
        guard buckets.count >= Self.maximumBuckets else { return true }
        // At most one sweep a second: sweeping is linear, and the flood decides how often it is due.
        guard now >= lastSweep + 1_000_000_000 else { return false }
        lastSweep = now
        for key in Array(buckets.keys) where buckets[key]?.isFull(now: now) == true {
            buckets[key] = nil
        }
        return buckets.count < Self.maximumBuckets
    }
}
