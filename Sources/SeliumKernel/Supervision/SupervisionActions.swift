internal import SeliumABI

/// Why the host interrupts an incarnation: it becomes the outcome of the ExitRecord, unless the
/// guest ended by itself before the interruption came through.
public enum Interruption: Sendable, Hashable {
    /// Somebody wanted it to end.
    case kill(KillReason)
    /// It did not send the heartbeat that it had promised.
    case heartbeat

    /// What the ExitRecord says when the interruption was the end. A missed heartbeat is the
    /// program's failure and counts as one.
    public var outcome: ExitOutcome {
        switch self {
        case .kill(let reason): .killed(reason)
        case .heartbeat: .limit("heartbeat")
        }
    }
}

/// How a process's life came to its end: there is no further incarnation.
public struct SupervisionEnd: Sendable, Hashable {
    /// Why there is none.
    public enum Reason: Sendable, Hashable {
        /// The policy does not restart after such an end.
        case policy
        /// Somebody stopped or killed it, or its parent ended.
        case requested
        /// All `of` restarts were made.
        case restartsUsedUp(of: UInt32)
        /// It crashed too often in too short a time.
        case limitReached(RestartLimit)
    }

    /// `exited` or `crashed`. Not always what the last ExitRecord alone would say: whoever used up
    /// its restarts has crashed, whatever its code was.
    public var state: ProcessState
    /// Why there is no restart.
    public var reason: Reason

    /// An end of these two.
    public init(state: ProcessState, reason: Reason) {
        self.state = state
        self.reason = reason
    }

    /// A sentence for the log, nil where the ExitRecord says it all.
    public var note: String? {
        switch reason {
        case .policy, .requested: nil
        case .restartsUsedUp(of: 1): "its one restart is used up"
        case .restartsUsedUp(let most): "all \(most) restarts are used up"
        case .limitReached(let limit):
            "\(limit.count) restart\(limit.count == 1 ? "" : "s") within \(DurationText.text(limit.window)): it does not start again"
        }
    }
}

extension SupervisionStateMachine {
    /// What an end asks of the host. Before it does any of this it commits the ExitRecord, and with
    /// it `snapshot(now:)`.
    public enum EndAction: Sendable, Hashable {
        /// Begin this incarnation at once.
        case start(incarnation: UInt32)
        /// Wait: `timePassed` at `deadline` says when to begin.
        case backOff(BackOffStatus)
        /// The runtime is ending: this process begins again with the next one.
        case suspend
        /// No further incarnation: end the log, answer every wait, free the name.
        case end(SupervisionEnd)
        /// Nothing was running: this end was told before.
        case ignore
    }

    /// What somebody's wish that the process end asks of the host.
    public enum StopAction: Sendable, Hashable {
        /// Interrupt the guest now; `ended` follows.
        case interrupt(Interruption)
        /// Tell the guest through its handle; `timePassed` at `until` says when its grace is over.
        case askGuest(until: UInt64)
        /// It is stopping already; wait for `ended`.
        case wait
        /// It was waiting to begin again and does not any more. No new ExitRecord; commit the state.
        case end(SupervisionEnd)
        /// The runtime is ending and the process was waiting to begin again: the next one begins it.
        case suspend
        /// It had ended before.
        case alreadyEnded
    }

    /// What the wish for a new incarnation asks of the host.
    public enum RestartAction: Sendable, Hashable {
        /// Begin this incarnation at once; it was waiting to.
        case start(incarnation: UInt32)
        /// Interrupt the guest now; `ended` then begins the next incarnation.
        case interrupt(Interruption)
        /// Tell the guest; `timePassed` at `until` says when its grace is over.
        case askGuest(until: UInt64)
        /// A restart is under way already.
        case wait
        /// Somebody else wants it to end, or the runtime is ending: a conflict.
        case stopping
        /// It has ended for good, and its log with it: a conflict.
        case alreadyEnded
    }

    /// What the passing of time asks of the host.
    public enum TimeAction: Sendable, Hashable {
        /// Nothing yet; look at `deadline` again.
        case none
        /// It has run long enough to count as healthy: commit the snapshot, so that the next runtime
        /// knows it as well.
        case healthy
        /// The wait is over: begin this incarnation.
        case start(incarnation: UInt32)
        /// The grace or the heartbeat ran out: interrupt the guest.
        case interrupt(Interruption)
    }
}

/// What of a machine survives the runtime: committed with the rows of the process.
///
/// Monotonic time means nothing in the next run, so the window of restarts is kept as ages. How long
/// the runtime was away is unknown (the wall clock may have jumped) and counts as nothing, which
/// errs towards fewer restarts.
public struct SupervisionSnapshot: Sendable, Hashable {
    /// What the process was doing.
    public enum Phase: UInt8, Sendable, Hashable {
        /// An incarnation was under way. If it has no ExitRecord it is `lost`.
        case alive = 1
        /// It waited for its back-off.
        case backingOff = 2
        /// The runtime ended it in order; it begins again at once.
        case suspended = 3
        /// It has come to its end.
        case ended = 4
    }

    /// What it was doing.
    public var phase: Phase
    /// The last incarnation that began, from 1.
    public var incarnation: UInt32
    /// Somebody wanted it to end for good: it is not restarted.
    public var stopRequested: Bool
    /// Restarts so far that count.
    public var restarts: UInt32
    /// Restarts in a row without a healthy period between.
    public var attempt: UInt32
    /// How long ago the restarts within the limit's window were, nanoseconds, the oldest first.
    public var ages: [UInt64]

    /// A snapshot of everything.
    public init(
        phase: Phase, incarnation: UInt32, stopRequested: Bool, restarts: UInt32, attempt: UInt32,
        ages: [UInt64]
    ) {
        self.phase = phase
        self.incarnation = incarnation
        self.stopRequested = stopRequested
        self.restarts = restarts
        self.attempt = attempt
        self.ages = ages
    }
}
