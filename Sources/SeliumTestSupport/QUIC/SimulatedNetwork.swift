public import SeliumNetCore

/// One datagram on its way.
public struct SimulatedDatagram: Sendable {
    /// Whom its header says it is from.
    public var source: SocketAddress
    /// Whom it is for.
    public var destination: SocketAddress
    /// Its payload.
    public var bytes: [UInt8]

    /// A datagram.
    public init(source: SocketAddress, destination: SocketAddress, bytes: [UInt8]) {
        self.source = source
        self.destination = destination
        self.bytes = bytes
    }
}

/// A network of virtual time that delays, loses, doubles and reorders, the same way for the same
/// seed.
public struct SimulatedNetwork {
    /// How bad it is.
    public struct Conditions: Sendable {
        /// One way, nanoseconds.
        public var delay: UInt64 = 1_000_000
        /// Added at random, up to so many nanoseconds: this reorders.
        public var jitter: UInt64 = 0
        /// Of a thousand datagrams so many are lost.
        public var lossPerMille = 0
        /// Of a thousand so many arrive twice.
        public var duplicatePerMille = 0

        /// Nothing but a millisecond.
        public static let perfect = Conditions()

        /// One with these figures.
        public init(
            delay: UInt64 = 1_000_000, jitter: UInt64 = 0, lossPerMille: Int = 0,
            duplicatePerMille: Int = 0
        ) {
            self.delay = delay
            self.jitter = jitter
            self.lossPerMille = lossPerMille
            self.duplicatePerMille = duplicatePerMille
        }
    }

    /// May change while it runs.
    public var conditions: Conditions
    /// Sees every datagram before it is sent: what it returns is sent instead.
    public var filter: (@Sendable (SimulatedDatagram) -> [SimulatedDatagram])?
    private var random: SeededRandom
    private var inFlight: [(arrival: UInt64, order: UInt64, datagram: SimulatedDatagram)] = []
    private var order: UInt64 = 0
    /// Datagrams sent so far, lost ones included.
    public private(set) var sentCount = 0

    /// A network that misbehaves by this seed.
    public init(_ conditions: Conditions = .perfect, seed: UInt64 = 1) {
        self.conditions = conditions
        self.random = SeededRandom(seed: seed)
    }

    /// When the next datagram arrives.
    public var nextArrival: UInt64? { inFlight.map(\.arrival).min() }

    /// Puts a datagram on its way.
    public mutating func send(_ datagram: SimulatedDatagram, now: UInt64) {
        sentCount += 1
        for one in filter?(datagram) ?? [datagram] {
            if random.happens(perMille: conditions.lossPerMille) { continue }
            enqueue(one, now: now)
            if random.happens(perMille: conditions.duplicatePerMille) { enqueue(one, now: now) }
        }
    }

    private mutating func enqueue(_ datagram: SimulatedDatagram, now: UInt64) {
        let jitter =
            conditions.jitter == 0 ? 0 : UInt64.random(in: 0...conditions.jitter, using: &random)
        order += 1
        inFlight.append((now + conditions.delay + jitter, order, datagram))
    }

    /// What has arrived by `now`, earliest first.
    public mutating func arrivals(now: UInt64) -> [SimulatedDatagram] {
        let due = inFlight.filter { $0.arrival <= now }
        inFlight.removeAll { $0.arrival <= now }
        return due.sorted { ($0.arrival, $0.order) < ($1.arrival, $1.order) }.map(\.datagram)
    }
}
