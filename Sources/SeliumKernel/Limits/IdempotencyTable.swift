/// Requests that were seen, so that a repeat joins the one in flight or gets its result.
public struct IdempotencyTable<Key: Hashable & Sendable, Result: Sendable>: Sendable {
    private enum State {
        case inFlight
        case done(Result, at: Int64)
    }

    private struct Entry {
        var bodyHash: [UInt8]
        var state: State
    }

    /// What to do with a request.
    public enum Verdict: Sendable {
        /// It is new: do it, then `finish` or `fail`.
        case proceed
        /// The same is under way: wait for it and ask again.
        case join
        /// It was done.
        case done(Result)
    }

    private var entries: [Key: Entry] = [:]
    /// Keys in the order they were finished.
    private var order: [Key] = []
    private var head = 0
    private let capacity: Int
    private let lifetime: Int64

    /// An empty table; `lifetime` in nanoseconds.
    public init(
        capacity: Int = Limits.idempotencyKeys, lifetime: Int64 = Limits.idempotencyLifetime
    ) {
        self.capacity = capacity
        self.lifetime = lifetime
    }

    /// How many keys are known.
    public var count: Int { entries.count }

    /// A request with `key` came. Fails with `mismatch` when the key was used for another body,
    /// `exhausted` when there are too many requests in flight.
    public mutating func begin(
        _ key: Key, bodyHash: [UInt8], wallTime: Int64
    ) throws(KernelError) -> Verdict {
        expire(wallTime: wallTime)
        if let entry = entries[key] {
            guard entry.bodyHash == bodyHash else {
                throw KernelError(.mismatch, "this idempotency key was used for another request")
            }
            switch entry.state {
            case .inFlight: return .join
            case .done(let result, _): return .done(result)
            }
        }
        while entries.count >= capacity, head < order.count { forgetOldest() }
        guard entries.count < capacity else {
            throw KernelError(.exhausted, "too many requests in flight")
        }
        entries[key] = Entry(bodyHash: bodyHash, state: .inFlight)
        return .proceed
    }

    /// The effect is committed, and this is its answer.
    public mutating func finish(_ key: Key, _ result: Result, wallTime: Int64) {
        guard entries[key] != nil else { return }
        entries[key]?.state = .done(result, at: wallTime)
        order.append(key)
    }

    /// Nothing happened: the key is free again.
    public mutating func fail(_ key: Key) {
        if case .inFlight = entries[key]?.state { entries[key] = nil }
    }

    /// A row of an earlier run, in the order they were finished.
    public mutating func restore(_ key: Key, bodyHash: [UInt8], result: Result, wallTime: Int64) {
        entries[key] = Entry(bodyHash: bodyHash, state: .done(result, at: wallTime))
        order.append(key)
        while entries.count > capacity, head < order.count { forgetOldest() }
    }

    private mutating func expire(wallTime: Int64) {
        while head < order.count, case .done(_, let at) = entries[order[head]]?.state,
            wallTime - lifetime > at
        { forgetOldest() }
    }

    private mutating func forgetOldest() {
        entries[order[head]] = nil
        head += 1
        // The array is cut when half of it is behind us: constant work per key.
        if head > 64, head * 2 > order.count {
            order.removeSubrange(..<head)
            head = 0
        }
    }
}
