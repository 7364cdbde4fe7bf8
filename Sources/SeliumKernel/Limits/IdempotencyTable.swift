/// What a request is known by. Whoever sends many pushes out only its own.
public protocol IdempotencyKey: Hashable, Sendable {
    /// Who sends requests.
    associatedtype Owner: Hashable & Sendable
    /// Whose request it is.
    var owner: Owner { get }
}

/// Requests that were seen, so that a repeat joins the one in flight or gets its result.
///
/// An owner has at most so many keys, and all owners together: when these are too many the one that
/// has the most loses its oldest.
public struct IdempotencyTable<Key: IdempotencyKey, Result: Sendable>: Sendable {
    private enum State {
        case inFlight
        case done(Result, at: Int64)
    }

    private struct Entry {
        var bodyHash: [UInt8]
        var state: State
    }

    /// The keys of one owner.
    private struct Owned {
        var count = 0
        /// Those that are done, in the order they were finished; from `head` on.
        var order: [Key] = []
        var head = 0

        var oldest: Key? { head < order.count ? order[head] : nil }

        mutating func dropOldest() {
            count -= 1
            head += 1
            // The array is cut when half of it is behind us: constant work per key.
            if head > 64, head * 2 > order.count {
                order.removeSubrange(..<head)
                head = 0
            }
        }
    }

    /// What to do with a request.
    public enum Verdict: Sendable {
        /// It is new: do it, then `finish` or `fail`. These others are not known any more.
        case proceed(forgotten: [Key])
        /// The same is under way: wait for it and ask again.
        case join
        /// It was done.
        case done(Result)
    }

    private var entries: [Key: Entry] = [:]
    private var owners: [Key.Owner: Owned] = [:]
    private let capacity: Int
    private let capacityEach: Int
    private let lifetime: Int64

    /// An empty table for `capacity` keys, `capacityEach` of one owner; `lifetime` in nanoseconds.
    public init(
        capacity: Int = Limits.idempotencyKeys,
        capacityEach: Int = Limits.idempotencyKeysPerIdentity,
        lifetime: Int64 = Limits.idempotencyLifetime
    ) {
        self.capacity = capacity
        self.capacityEach = capacityEach
        self.lifetime = lifetime
    }

    /// How many keys are known.
    public var count: Int { entries.count }

    /// A request with `key` came. Fails with `mismatch` when the key was used for another body,
    /// `exhausted` when there are too many requests in flight.
    public mutating func begin(
        _ key: Key, bodyHash: [UInt8], wallTime: Int64
    ) throws(KernelError) -> Verdict {
        if let entry = entries[key], !isOver(entry, wallTime) {
            guard entry.bodyHash == bodyHash else {
                throw KernelError(.mismatch, "this idempotency key was used for another request")
            }
            switch entry.state {
            case .inFlight: return .join
            case .done(let result, _): return .done(result)
            }
        }
        var forgotten: [Key] = []
        expire(key.owner, wallTime, &forgotten)
        makeRoom(for: key.owner, wallTime, &forgotten)
        guard entries.count < capacity, owners[key.owner]?.count ?? 0 < capacityEach else {
            throw KernelError(.exhausted, "too many requests in flight")
        }
        entries[key] = Entry(bodyHash: bodyHash, state: .inFlight)
        owners[key.owner, default: Owned()].count += 1
        return .proceed(forgotten: forgotten)
    }

    /// Whether a request with `key` came before, and is under way or done. Fails with `mismatch` when
    /// it had another body.
    public func knows(_ key: Key, bodyHash: [UInt8]) throws(KernelError) -> Bool {
        guard let entry = entries[key] else { return false }
        guard entry.bodyHash == bodyHash else {
            throw KernelError(.mismatch, "this idempotency key was used for another request")
        }
        return true
    }

    /// The answer of a request that was done; nil for one that is new or under way. Fails with
    /// `mismatch` when the key was used for another body.
    public func result(_ key: Key, bodyHash: [UInt8]) throws(KernelError) -> Result? {
        guard let entry = entries[key] else { return nil }
        guard entry.bodyHash == bodyHash else {
            throw KernelError(.mismatch, "this idempotency key was used for another request")
        }
        guard case .done(let result, _) = entry.state else { return nil }
        return result
    }

    /// The effect is committed, and this is its answer.
    public mutating func finish(_ key: Key, _ result: Result, wallTime: Int64) {
        guard entries[key] != nil else { return }
        entries[key]?.state = .done(result, at: wallTime)
        owners[key.owner]?.order.append(key)
    }

    /// Nothing happened: the key is free again.
    public mutating func fail(_ key: Key) {
        guard case .inFlight = entries[key]?.state else { return }
        entries[key] = nil
        owners[key.owner]?.count -= 1
        if owners[key.owner]?.count == 0 { owners[key.owner] = nil }
    }

    /// A row of an earlier run, in the order they were finished. Returns whom it pushed out.
    @discardableResult
    public mutating func restore(
        _ key: Key, bodyHash: [UInt8], result: Result, wallTime: Int64
    ) -> [Key] {
        var forgotten: [Key] = []
        makeRoom(for: key.owner, wallTime, &forgotten)
        entries[key] = Entry(bodyHash: bodyHash, state: .done(result, at: wallTime))
        owners[key.owner, default: Owned()].count += 1
        owners[key.owner]?.order.append(key)
        return forgotten
    }

    private func isOver(_ entry: Entry, _ wallTime: Int64) -> Bool {
        guard case .done(_, let at) = entry.state else { return false }
        return wallTime - lifetime > at
    }

    /// Forgets what one owner's time is over of.
    private mutating func expire(
        _ owner: Key.Owner, _ wallTime: Int64, _ forgotten: inout [Key]
    ) {
        while let key = owners[owner]?.oldest, let entry = entries[key], isOver(entry, wallTime) {
            forgetOldest(of: owner, &forgotten)
        }
    }

    private mutating func makeRoom(
        for owner: Key.Owner, _ wallTime: Int64, _ forgotten: inout [Key]
    ) {
        while owners[owner]?.count ?? 0 >= capacityEach, owners[owner]?.oldest != nil {
            forgetOldest(of: owner, &forgotten)
        }
        guard entries.count >= capacity else { return }
        for owner in Array(owners.keys) { expire(owner, wallTime, &forgotten) }
        while entries.count >= capacity,
            let largest = owners.lazy.filter({ $0.value.oldest != nil })
                .max(by: { $0.value.count < $1.value.count })?.key
        {
            forgetOldest(of: largest, &forgotten)
        }
    }

    private mutating func forgetOldest(of owner: Key.Owner, _ forgotten: inout [Key]) {
        guard let key = owners[owner]?.oldest else { return }
        owners[owner]?.dropOldest()
        if owners[owner]?.count == 0 { owners[owner] = nil }
        entries[key] = nil
        forgotten.append(key)
    }
}
