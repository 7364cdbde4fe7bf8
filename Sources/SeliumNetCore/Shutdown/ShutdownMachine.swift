/// A graceful shutdown without tasks and clock: who has to be told, what is still under way, and when
/// waiting ends.
///
/// Work is tracked while it lasts; ``initiate()`` tells every token, once; waiting for the drain ends
/// with the last tracked work or at a deadline. Time is in nanoseconds since any fixed moment. The
/// driver keeps it behind a lock: lock, decide, unlock, act.
public struct ShutdownMachine: ~Copyable {
    /// How far it is.
    public enum Phase: Hashable, Sendable {
        /// Nobody has asked for an end. Exit: ``ShutdownMachine/initiate()``.
        case running
        /// New work should not begin; so many pieces are still under way. Exit: the last one ends.
        case draining(remaining: Int)
        /// Nothing is under way. Work that is tracked all the same leads back to draining.
        case drained
    }

    /// Somebody who is told when the shutdown begins: one accept loop, one read.
    public struct Token: Hashable, Sendable {
        let number: UInt64
    }

    /// A piece of work under way: one connection, one request.
    public struct Work: Hashable, Sendable {
        let number: UInt64
    }

    /// Somebody who waits until nothing is under way.
    public struct Waiter: Hashable, Sendable {
        let number: UInt64
    }

    /// How the wait for the drain ended.
    public enum DrainOutcome: Hashable, Sendable {
        case drained
        /// The deadline came first; so many pieces were still under way.
        case expired(remaining: Int)
    }

    /// What to do for somebody who wants to be told.
    public enum TokenAction: Hashable, Sendable {
        /// It has begun already: tell at once.
        case tellNow
        /// Keep this, and tell when ``ShutdownMachine/initiate()`` names it.
        case wait(Token)
    }

    /// What to do for somebody who waits for the drain.
    public enum WaitAction: Hashable, Sendable {
        case finish(DrainOutcome)
        /// Keep this; it is named when the wait ends.
        case wait(Waiter)
    }

    private var hasBegun = false
    private var work: Set<Work> = []
    private var tokens: Set<Token> = []
    private var waiters: [Waiter: UInt64] = [:]
    private var lastNumber: UInt64 = 0

    /// A running service without work.
    public init() {}

    private mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// How far it is.
    public var phase: Phase {
        guard hasBegun else { return .running }
        return work.isEmpty ? .drained : .draining(remaining: work.count)
    }

    /// How many pieces of work are under way.
    public var workCount: Int { work.count }

    /// Work begins. It is counted also while draining: what is under way may need more to finish.
    public mutating func track() -> Work {
        let piece = Work(number: nextNumber())
        work.insert(piece)
        return piece
    }

    /// Work has ended; a second time changes nothing. Returns who waited for this.
    public mutating func ended(_ piece: Work) -> [Waiter] {
        guard work.remove(piece) != nil, work.isEmpty else { return [] }
        defer { waiters = [:] }
        return waiters.keys.sorted { $0.number < $1.number }
    }

    /// The shutdown begins. Returns who has to be told: nobody, if it had begun before.
    public mutating func initiate() -> [Token] {
        guard !hasBegun else { return [] }
        hasBegun = true
        defer { tokens = [] }
        return tokens.sorted { $0.number < $1.number }
    }

    /// Somebody wants to be told.
    public mutating func addToken() -> TokenAction {
        guard !hasBegun else { return .tellNow }
        let token = Token(number: nextNumber())
        tokens.insert(token)
        return .wait(token)
    }

    /// Somebody need not be told any more.
    public mutating func remove(_ token: Token) {
        tokens.remove(token)
    }

    /// Somebody waits until nothing is under way, at most until `deadline`. That the shutdown has
    /// begun is not asked for: without it new work may come while one waits.
    public mutating func wait(until deadline: UInt64, now: UInt64) -> WaitAction {
        guard !work.isEmpty else { return .finish(.drained) }
        guard deadline > now else { return .finish(.expired(remaining: work.count)) }
        let waiter = Waiter(number: nextNumber())
        waiters[waiter] = deadline
        return .wait(waiter)
    }

    /// Somebody does not wait any more.
    public mutating func remove(_ waiter: Waiter) {
        waiters[waiter] = nil
    }

    /// When to call ``handleTimeouts(now:)`` at the latest; nil when nobody waits.
    public var nextDeadline: UInt64? { waiters.values.min() }

    /// Time has passed. Returns whose wait has ended, all with ``DrainOutcome/expired(remaining:)``.
    public mutating func handleTimeouts(now: UInt64) -> [Waiter] {
        let expired = waiters.filter { $0.value <= now }.keys
        for waiter in expired { waiters[waiter] = nil }
        return expired.sorted { $0.number < $1.number }
    }
}
