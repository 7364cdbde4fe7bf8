internal import DequeModule

/// The restarts of one process that count, and the judgement whether there may be one more.
struct RestartHistory: Sendable {
    /// Restarts in all that count.
    private(set) var total: UInt32 = 0
    /// Those in a row without a healthy period between.
    private(set) var attempt: UInt32 = 0
    /// When those of the window were decided, monotonic nanoseconds; at most `limit.count`.
    private var recent = Deque<UInt64>()

    init() {}

    /// The history in a snapshot. What was not written by us is bounded like everything else.
    init(_ snapshot: SupervisionSnapshot, policy: RestartPolicy, now: UInt64) {
        total = snapshot.restarts
        attempt = snapshot.attempt
        let most = Int(policy.limit?.count ?? 0)
        recent = Deque(
            snapshot.ages.suffix(most).map { now > $0 ? now - $0 : 0 }.sorted())
    }

    /// Ages of the window's restarts, nanoseconds, the oldest first.
    func ages(now: UInt64) -> [UInt64] { recent.map { now > $0 ? now - $0 : 0 } }

    /// A healthy period: the next wait is a first one.
    mutating func wasHealthy() { attempt = 0 }

    /// One more restart is wanted: nil when it is counted, else why there is none.
    mutating func count(
        _ policy: RestartPolicy, now: UInt64
    ) -> SupervisionEnd.Reason? {
        if let most = policy.mode.most, total >= most { return .restartsUsedUp(of: most) }
        if let limit = policy.limit {
            // What a clock that went back makes lie in the future still counts.
            while let oldest = recent.first, now >= oldest, now - oldest >= limit.window {
                recent.removeFirst()
            }
            if recent.count >= Int(limit.count) { return .limitReached(limit) }
            recent.append(now)
        }
        total = total == .max ? .max : total + 1
        attempt = attempt == .max ? .max : attempt + 1
        return nil
    }

    /// Which restart the last counted one is, of how many: the bound that is nearer.
    func place(_ policy: RestartPolicy) -> (attempt: UInt32, of: UInt32?) {
        let window = policy.limit.map { (UInt32(clamping: recent.count), $0.count) }
        switch (policy.mode.most, window) {
        case (let most?, let window?):
            // Both counts are at most their bounds here, a snapshot's aside.
            let left = most - min(most, total)
            let leftInWindow = window.1 - min(window.1, window.0)
            return left <= leftInWindow ? (total, most) : window
        case (let most?, nil): return (total, most)
        case (nil, let window?): return window
        case (nil, nil): return (attempt, nil)
        }
    }
}
