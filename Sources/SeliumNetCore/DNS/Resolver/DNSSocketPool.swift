/// Which socket each datagram to one server leaves by (RFC 5452 section 9.2: ports that cannot be
/// guessed).
///
/// A socket per query would be best and costs most; a few on random ports, each for a short while,
/// make a forger guess port and id alike. The driver opens and closes what it is told to.
public struct DNSSocketPool: Sendable {
    /// How many sockets are in use for a server at once.
    public static let usualSize = 16
    /// After so many queries a socket is replaced.
    public static let usualQueries = 64
    /// While so many replaced ones are open none is replaced for its queries: descriptors run out
    /// sooner than guesses.
    public static let maximumRetired = 64
    /// After so long a socket is replaced, in nanoseconds.
    public static let usualLifetime: UInt64 = 10_000_000_000

    /// What a query leaves by.
    public enum Choice: Hashable, Sendable {
        case use(Int)
        /// A new one on a random port, to be known by this number; then use it.
        case open(Int)
    }

    private struct Socket: Sendable {
        var number: Int
        var opened: UInt64
        var queries: Int
    }

    /// How many sockets are in use at once.
    public let size: Int
    private let queries: Int
    private let lifetime: UInt64
    private var active: [Socket] = []
    /// Those that answers may still come to, and until when.
    private var retired = Fifo<(number: Int, until: UInt64)>()

    /// A pool without sockets. One socket, for ever, is `size: 1, queries: .max, lifetime: .max`.
    public init(
        size: Int = DNSSocketPool.usualSize, queries: Int = DNSSocketPool.usualQueries,
        lifetime: UInt64 = DNSSocketPool.usualLifetime
    ) {
        self.size = max(1, size)
        self.queries = max(1, queries)
        self.lifetime = lifetime
    }

    /// Chooses the socket for a query, at random.
    ///
    /// - Parameters:
    ///   - patience: for how long an answer is waited for; a replaced socket stays open that long.
    ///   - number: makes the number of a new socket, unlike all others of this resolver.
    public mutating func choose(
        now: UInt64, patience: UInt64, using random: inout some RandomNumberGenerator,
        number: () -> Int
    ) -> Choice {
        retireOld(now: now, patience: patience)
        let place = Int.random(in: 0..<size, using: &random)
        guard place < active.count else {
            let socket = Socket(number: number(), opened: now, queries: 1)
            active.append(socket)
            retireUsedUp(at: active.count - 1, now: now, patience: patience)
            return .open(socket.number)
        }
        active[place].queries += 1
        let chosen = active[place].number
        retireUsedUp(at: place, now: now, patience: patience)
        return .use(chosen)
    }

    /// The sockets to be closed now: nothing is waited for at them any more.
    public mutating func takeClosed(now: UInt64, patience: UInt64) -> [Int] {
        retireOld(now: now, patience: patience)
        var closed: [Int] = []
        while let first = retired.first, first.until <= now {
            closed.append(first.number)
            _ = retired.popFirst()
        }
        return closed
    }

    /// Whether no query leaves by it any more: it may be closed as soon as nothing is waited for.
    public func isRetired(_ number: Int) -> Bool {
        !active.contains { $0.number == number }
    }

    /// Forgets a socket: it could not be opened, or was closed.
    public mutating func remove(_ number: Int) {
        active.removeAll { $0.number == number }
        retired.removeAll { $0.number == number }
    }

    /// When to call ``takeClosed(now:patience:)`` next; nil when no socket is open.
    public var nextDeadline: UInt64? {
        let oldest = active.map { $0.opened.addingReportingOverflow(lifetime) }
            .filter { !$0.overflow }
            .map(\.partialValue).filter { $0 < .max }.min()
        return [retired.first?.until, oldest].compactMap { $0 }.min()
    }

    /// How many sockets are open by what it told.
    public var openCount: Int { active.count + retired.count }

    private mutating func retireOld(now: UInt64, patience: UInt64) {
        let lifetime = lifetime
        let old = active.filter { now >= $0.opened && now - $0.opened >= lifetime }
        guard !old.isEmpty else { return }
        active.removeAll { now >= $0.opened && now - $0.opened >= lifetime }
        for socket in old { retire(socket.number, now: now, patience: patience) }
    }

    private mutating func retireUsedUp(at place: Int, now: UInt64, patience: UInt64) {
        guard active[place].queries >= queries, retired.count < Self.maximumRetired else { return }
        retire(active.remove(at: place).number, now: now, patience: patience)
    }

    private mutating func retire(_ number: Int, now: UInt64, patience: UInt64) {
        let (until, overflow) = now.addingReportingOverflow(patience)
        retired.append((number, overflow ? .max : until))
    }
}
