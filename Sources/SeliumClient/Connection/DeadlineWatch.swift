internal import Synchronization

/// Ends what has been silent for too long. One watch serves a whole client, so that a request costs
/// an entry in a table and no timer of its own; deadlines strike up to one tick late.
final class DeadlineWatch: Sendable {
    /// How often the table is looked at while it is in use.
    private static let tick = Duration.milliseconds(100)
    /// A tick that comes later than this says that this process itself stood still (it was stopped, or
    /// the machine slept or had no time for it): nobody else was silent then.
    private static let standstill = Duration.seconds(1)
    /// Ticks without an entry before the watch goes to sleep.
    private static let idleTicks = 20

    /// One thing that must not be silent for too long.
    final class Entry: Sendable {
        private struct State {
            var deadline: ContinuousClock.Instant?
            var hasStruck = false
            var strike: @Sendable () -> Void
        }

        private let state: Mutex<State>

        fileprivate init(
            _ deadline: ContinuousClock.Instant, _ strike: @escaping @Sendable () -> Void
        ) {
            state = Mutex(State(deadline: deadline, strike: strike))
        }

        /// Whether the deadline passed, and its action ran.
        var hasStruck: Bool { state.withLock { $0.hasStruck } }

        /// From now on this is what the deadline does; at once when it has passed.
        func aim(at strike: @escaping @Sendable () -> Void) {
            let isLate = state.withLock { state in
                state.strike = strike
                return state.hasStruck
            }
            if isLate { strike() }
        }

        /// A sign of life: the deadline moves.
        func postpone(to deadline: ContinuousClock.Instant) {
            state.withLock { $0.deadline = deadline }
        }

        /// Silence is all right from now on.
        func suspend() {
            state.withLock { $0.deadline = nil }
        }

        /// So long nobody listened: the deadline moves by it.
        func forgive(_ lost: Duration) {
            state.withLock { $0.deadline = $0.deadline?.advanced(by: lost) }
        }

        func check(_ now: ContinuousClock.Instant) {
            let strike = state.withLock { state -> (@Sendable () -> Void)? in
                guard let deadline = state.deadline, deadline <= now else { return nil }
                state.deadline = nil
                state.hasStruck = true
                return state.strike
            }
            strike?()
        }
    }

    private struct State {
        var entries: [ObjectIdentifier: Entry] = [:]
        var isAwake = false
    }

    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init() {
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Watches until the task is cancelled.
    func run() async {
        for await _ in wakes {
            var idle = 0
            while idle < Self.idleTicks {
                let before = ContinuousClock.now
                do { try await Task.sleep(for: Self.tick) } catch { return }
                let entries = state.withLock { Array($0.entries.values) }
                idle = entries.isEmpty ? idle + 1 : 0
                let now = ContinuousClock.now
                let lost = Self.lost(in: now - before)
                for entry in entries {
                    if lost > .zero { entry.forgive(lost) }
                    entry.check(now)
                }
            }
            let goesOn = state.withLock { state in
                state.isAwake = !state.entries.isEmpty
                return state.isAwake
            }
            if goesOn { wake.yield() }
        }
    }

    /// How much of the time that one tick took nobody listened.
    static func lost(in elapsed: Duration) -> Duration {
        let late = elapsed - tick
        return late > standstill ? late : .zero
    }

    /// Calls `strike` once when `deadline` passes before the entry is removed.
    func add(_ deadline: ContinuousClock.Instant, _ strike: @escaping @Sendable () -> Void) -> Entry
    {
        let entry = Entry(deadline, strike)
        let wasAwake = state.withLock { state in
            state.entries[ObjectIdentifier(entry)] = entry
            defer { state.isAwake = true }
            return state.isAwake
        }
        if !wasAwake { wake.yield() }
        return entry
    }

    /// Forgets an entry.
    func remove(_ entry: Entry) {
        state.withLock { $0.entries[ObjectIdentifier(entry)] = nil }
    }
}
