/// The life of one process over all its incarnations, as its policy and its callers want it.
///
///     starting → running → stopping → exited | crashed
///         ↑         ↓          ↓
///         └─── backing-off ←───┘
///
/// It knows no clock and starts nothing: monotonic time (nanoseconds) and randomness come with the
/// events, and whoever drives it performs what the methods return and calls `timePassed` at
/// `deadline`. Events in any order are harmless; those that come too late change nothing.
///
/// Copyable, other than most machines, because it is part of a row of the process table.
public struct SupervisionStateMachine: Sendable {
    enum State {
        /// An incarnation is on its way. Exits: `began`, a stop, `ended` (it could not start).
        case starting(Starting)
        /// The guest runs. Exits: a stop, a missed heartbeat, `ended`. That it is healthy changes only
        /// the history.
        case running(Running)
        /// The guest was asked or interrupted. Exits: `ended`.
        case stopping(Stopping)
        /// Between two incarnations. Exits: its time, a restart, a stop.
        case backingOff(BackingOff)
        /// Final: returned, exit, or stopped.
        case exited(Ended)
        /// Final: trap, limit, could not start, lost, or its restarts are used up.
        case crashed(Ended)
    }

    struct Starting {}

    struct Running {
        /// From when on it counts as healthy: its first instruction, or when it said it was ready.
        var healthySince: UInt64
        var isReady = false
        /// When its next heartbeat is due, nil when it promised none.
        var heartbeat: UInt64?
    }

    struct Stopping {
        /// What follows the end.
        enum Then { case end, start, suspend, judge }
        /// When the grace is over; nil once the guest was interrupted.
        var until: UInt64?
        var interruption: Interruption?
        var then: Then
        /// The guest heard that it is to end, and had a grace.
        var wasTold = false
        /// As in `Running`; nil when it had not begun.
        var healthySince: UInt64?
    }

    struct BackingOff {
        /// nil: when the next runtime begins.
        var until: UInt64?
        /// It did not fail: the runtime ended it in order, and the next one begins it at once.
        var isSuspended = false
    }

    struct Ended { var end: SupervisionEnd }

    /// What its starter wanted.
    public let policy: RestartPolicy
    /// The last incarnation that was begun, from 1.
    public internal(set) var incarnation: UInt32
    /// Whether somebody wanted it to end for good, or its parent ended.
    public internal(set) var stopRequested = false
    var history = RestartHistory()
    var state: State

    /// A new process; its first incarnation is on its way.
    public init(policy: RestartPolicy) {
        self.policy = policy
        incarnation = 1
        state = .starting(Starting())
    }

    /// A process of an earlier run. Call `resumed` next.
    ///
    /// - Parameters:
    ///   - snapshot: what was committed last.
    ///   - last: its last ExitRecord's state, for a snapshot that says `ended`.
    ///   - now: monotonic, nanoseconds.
    public init(
        policy: RestartPolicy, snapshot: SupervisionSnapshot, last: ProcessState = .exited,
        now: UInt64
    ) {
        self.policy = policy
        incarnation = max(1, snapshot.incarnation)
        stopRequested = snapshot.stopRequested
        history = RestartHistory(snapshot, policy: policy, now: now)
        switch snapshot.phase {
        case .alive: state = .starting(Starting())
        case .backingOff: state = .backingOff(BackingOff(until: nil))
        case .suspended: state = .backingOff(BackingOff(until: nil, isSuspended: true))
        case .ended:
            let end = SupervisionEnd(state: last == .crashed ? .crashed : .exited, reason: .policy)
            state = last == .crashed ? .crashed(Ended(end: end)) : .exited(Ended(end: end))
        }
    }
}

extension SupervisionStateMachine {
    /// As shown to people.
    public var shown: ProcessState {
        switch state {
        case .starting: .starting
        case .running: .running
        case .stopping: .stopping
        case .backingOff: .backingOff
        case .exited: .exited
        case .crashed: .crashed
        }
    }

    /// How it came to its end, nil while it has not.
    public var end: SupervisionEnd? {
        switch state {
        case .exited(let ended), .crashed(let ended): ended.end
        default: nil
        }
    }

    /// Whether the guest runs and has said that it is ready.
    public var isReady: Bool {
        if case .running(let running) = state { running.isReady } else { false }
    }

    /// Restarts so far that count: not those after `lost`, and not those that somebody asked for.
    public var restarts: UInt32 { history.total }

    /// The wait that `ps` shows, nil when there is none.
    public var backOff: BackOffStatus? {
        guard case .backingOff(let waiting) = state else { return nil }
        let place = history.place(policy)
        return BackOffStatus(until: waiting.until, attempt: place.attempt, of: place.of)
    }

    /// When to call `timePassed`, monotonic nanoseconds; nil when nothing waits for the time.
    public var deadline: UInt64? {
        switch state {
        case .running(let running):
            [running.heartbeat, healthyAt(running)].compactMap(\.self).min()
        case .stopping(let stopping): stopping.until
        case .backingOff(let waiting): waiting.until
        case .starting, .exited, .crashed: nil
        }
    }

    /// When a guest that runs is healthy; nil when that changes nothing.
    func healthyAt(_ running: Running) -> UInt64? {
        history.attempt > 0 ? later(running.healthySince, policy.resetAfter) : nil
    }

    /// Why the guest was interrupted: its `outcome` belongs into the ExitRecord when the engine says
    /// that the interruption was the end. nil when nobody interrupted it.
    public var interruption: Interruption? {
        if case .stopping(let stopping) = state { stopping.interruption } else { nil }
    }

    /// What to commit with every change of the process's rows.
    public func snapshot(now: UInt64) -> SupervisionSnapshot {
        let phase: SupervisionSnapshot.Phase =
            switch state {
            case .starting, .running, .stopping: .alive
            case .backingOff(let waiting): waiting.isSuspended ? .suspended : .backingOff
            case .exited, .crashed: .ended
            }
        return SupervisionSnapshot(
            phase: phase, incarnation: incarnation, stopRequested: stopRequested,
            restarts: history.total, attempt: history.attempt, ages: history.ages(now: now))
    }
}
