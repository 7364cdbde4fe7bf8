// What happens to the processes of the table. Every change of a machine that must survive the runtime
// is decided here, committed by the host, and then `committed`: nobody hears of it before.
extension ProcessTable {
    /// An end that was decided and is not committed yet.
    public struct Ending: Sendable, Hashable {
        /// Somebody had asked the process to stop.
        public var stopRequested: Bool
        /// Which incarnation ended.
        public var incarnation: UInt32
        /// A sentence for the log, in front of the end's own record; nil when there is nothing to
        /// add.
        public var note: String?
        /// A further incarnation may come: the log goes on.
        public var goesOn: Bool
        /// The state to commit together with the ExitRecord.
        public var snapshot: SupervisionSnapshot
    }

    /// What is to be done now that everything is committed.
    public enum Next: Sendable, Hashable {
        /// Nothing but to look at `deadline`.
        case wait
        /// Begin this incarnation; its state is committed.
        case begin(incarnation: UInt32)
        /// There is no further incarnation: end the log, answer every wait. Its name is free. Whom it
        /// pushed out the table has forgotten, their logs and rows go too.
        case finish(pushedOut: [ProcessID])
    }

    /// The first instruction of an incarnation is about to run.
    public mutating func began(_ id: ProcessID, now: UInt64) {
        rows[id]?.machine.began(now: now)
        if let begun = rows[id]?.begun { rows[id]?.ran = begun }
    }

    /// An incarnation ended like this. Commit its record with the snapshot, then call `committed`.
    /// nil when no incarnation was under way.
    public mutating func ended(
        _ id: ProcessID, _ outcome: ExitOutcome, now: UInt64,
        using random: inout some RandomNumberGenerator
    ) -> Ending? {
        guard var row = rows[id] else { return nil }
        let before = row.machine.shown
        let incarnation = row.begun
        let action = row.machine.ended(outcome, now: now, using: &random)
        guard action != .ignore else { return nil }
        row.uncommitted += 1
        row.shownMeanwhile = row.shownMeanwhile ?? before
        rows[id] = row
        return Ending(
            stopRequested: row.machine.stopRequested, incarnation: incarnation,
            note: row.machine.end?.note, goesOn: row.machine.end == nil,
            snapshot: row.machine.snapshot(now: now))
    }

    /// The guest says that it is ready; true the first time in this incarnation.
    public mutating func becameReady(_ id: ProcessID, now: UInt64) -> Bool {
        guard var row = rows[id], row.machine.becameReady(now: now) else { return false }
        row.readied = row.begun
        rows[id] = row
        return true
    }

    /// The guest gave a sign of life at `now`, and promises the next one within `interval`
    /// nanoseconds; nil takes the promise back.
    public mutating func receivedHeartbeat(
        _ id: ProcessID, promising interval: UInt64?, now: UInt64
    ) {
        rows[id]?.machine.receivedHeartbeat(promising: interval, now: now)
    }

    /// Somebody wants it to end; nil when there is no such visible process. For `.end` commit the
    /// snapshot, then call `committed`.
    ///
    /// - Parameter hasHandler: whether the guest listens for stop requests.
    public mutating func stopWasRequested(
        _ id: ProcessID, now: UInt64, hasHandler: Bool = false
    ) -> SupervisionStateMachine.StopAction? {
        stop(id) { $0.stopWasRequested(now: now, hasHandler: hasHandler) }
    }

    /// Somebody wants it gone without asking it; as `stopWasRequested`.
    public mutating func killWasRequested(
        _ id: ProcessID, now: UInt64
    ) -> SupervisionStateMachine.StopAction? {
        stop(id) { $0.killWasRequested(now: now) }
    }

    /// The runtime is about to end: those with a restart policy begin again with the next one.
    public mutating func shutdownBegan(
        _ id: ProcessID, now: UInt64, hasHandler: Bool = false, grace: UInt64
    ) -> SupervisionStateMachine.StopAction? {
        stop(id, mayBeInvisible: true) {
            $0.shutdownBegan(now: now, hasHandler: hasHandler, grace: grace)
        }
    }

    private mutating func stop(
        _ id: ProcessID, mayBeInvisible: Bool = false,
        _ request: (inout SupervisionStateMachine) -> SupervisionStateMachine.StopAction
    ) -> SupervisionStateMachine.StopAction? {
        guard var row = rows[id], row.isVisible || mayBeInvisible else { return nil }
        let before = row.machine.shown
        let action = request(&row.machine)
        if case .end = action {
            row.uncommitted += 1
            row.shownMeanwhile = row.shownMeanwhile ?? before
        }
        rows[id] = row
        return action
    }

    /// Somebody wants a new incarnation; nil when there is no such visible process. For `.start`
    /// commit the snapshot, then call `committed`.
    public mutating func restartWasRequested(
        _ id: ProcessID, now: UInt64, hasHandler: Bool = false
    ) -> SupervisionStateMachine.RestartAction? {
        guard var row = rows[id], row.isVisible else { return nil }
        let before = row.machine.shown
        let action = row.machine.restartWasRequested(now: now, hasHandler: hasHandler)
        if case .start = action {
            row.uncommitted += 1
            row.shownMeanwhile = row.shownMeanwhile ?? before
        }
        rows[id] = row
        return action
    }

    /// It is `now`. For `.start` commit the snapshot, then call `committed`; for `.healthy` only commit
    /// it.
    public mutating func timePassed(
        _ id: ProcessID, now: UInt64
    ) -> SupervisionStateMachine.TimeAction {
        guard var row = rows[id] else { return .none }
        let before = row.machine.shown
        let action = row.machine.timePassed(now: now)
        if case .start = action {
            row.uncommitted += 1
            row.shownMeanwhile = row.shownMeanwhile ?? before
        }
        rows[id] = row
        return action
    }

    /// One change of a process is on disk, with it the ExitRecord if it was an end.
    public mutating func committed(_ id: ProcessID, exit: ExitRecord? = nil, now: UInt64) -> Next {
        guard rows[id] != nil else { return .wait }
        rows[id]?.uncommitted -= 1
        if let exit {
            rows[id]?.status.exit = exit
            rows[id]?.status.cpuNanoseconds = exit.cpuNanoseconds
            rows[id]?.status.uptimeNanoseconds = UInt64(
                clamping: exit.endedAt.subtractingReportingOverflow(exit.startedAt).partialValue)
            rows[id]?.status.memory = 0
        }
        return next(id, now: now)
    }

    /// What a process waits for its host to do; the host does it at once.
    public mutating func next(_ id: ProcessID, now: UInt64) -> Next {
        guard var row = rows[id], row.uncommitted <= 0, !row.isOver else { return .wait }
        row.shownMeanwhile = nil
        defer { if rows[id] != nil { rows[id] = row } }
        if row.machine.end != nil {
            row.isOver = true
            rows[id] = row
            leaveLiving(row.status)
            return .finish(pushedOut: keep(id, row.status, now: now))
        }
        guard !row.isHeld, row.machine.backOff == nil, row.begun < row.machine.incarnation else {
            return .wait
        }
        row.begun = row.machine.incarnation
        return .begin(incarnation: row.begun)
    }

    /// What to commit with a change of a process.
    public func snapshot(_ id: ProcessID, now: UInt64) -> SupervisionSnapshot? {
        rows[id]?.machine.snapshot(now: now)
    }

    /// How a process has come to its end, told or not; nil while it may begin again.
    public func finalState(_ id: ProcessID) -> ProcessState? { rows[id]?.machine.end?.state }

    /// A process of an earlier run may begin its next incarnation from now on: true when it wants to.
    /// Commit the snapshot then, and call `committed`.
    public mutating func willBegin(_ id: ProcessID) -> Bool {
        rows[id]?.isHeld = false
        guard var row = rows[id], !row.isOver, row.uncommitted <= 0, row.machine.backOff == nil,
            row.machine.end == nil, row.begun < row.machine.incarnation
        else { return false }
        row.uncommitted += 1
        row.shownMeanwhile = row.shownMeanwhile ?? row.machine.shown
        rows[id] = row
        return true
    }

    /// Whether no process is on its way to anything that the end of the runtime has to wait for:
    /// those that are left wait, and begin again with the next one.
    public var isSettled: Bool {
        rows.values.allSatisfy { row in
            row.isOver
                || row.uncommitted <= 0
                    && (row.machine.backOff != nil || row.begun < row.machine.incarnation)
        }
    }

    /// When `timePassed` is due, monotonic nanoseconds; nil when the process waits for no time.
    public func deadline(_ id: ProcessID) -> UInt64? {
        guard let row = rows[id], row.uncommitted <= 0 else { return nil }
        return row.machine.deadline
    }

    /// Why its incarnation is to be interrupted; nil when it is not.
    public func interruption(_ id: ProcessID) -> Interruption? { rows[id]?.machine.interruption }

    /// The last incarnation whose first instruction was about to run, 0 for none.
    public func lastRun(_ id: ProcessID) -> UInt32 { rows[id]?.ran ?? 0 }

    /// Whether its incarnation runs and has said that it is ready.
    public func isReady(_ id: ProcessID) -> Bool { rows[id]?.machine.isReady ?? false }

    /// The last incarnation that said that it was ready, 0 for none.
    public func lastReady(_ id: ProcessID) -> UInt32 { rows[id]?.readied ?? 0 }

    /// The last incarnation that was begun.
    public func incarnation(_ id: ProcessID) -> UInt32? { rows[id]?.begun }

    /// Whether somebody wanted the process to end.
    public func stopRequested(_ id: ProcessID) -> Bool { rows[id]?.machine.stopRequested ?? false }

    // MARK: Forgetting

    /// Forgets a process that has ended. False for one that lives, or that nobody may see.
    public mutating func remove(_ id: ProcessID) -> Bool {
        guard let row = rows[id], row.isVisible, row.isOver else { return false }
        rows[id] = nil
        endedOrder[row.status.namespace]?.removeAll { $0 == id }
        if let name = row.status.name {
            let key = NameKey(namespace: row.status.namespace, name: name)
            if newestEnded[key] == id { newestEnded[key] = nil }
        }
        return true
    }

    /// Forgets every process of a namespace that has ended; who they were, by ascending id.
    public mutating func prune(_ namespace: Namespace) -> [ProcessID] {
        let ended = rows.values.lazy.filter {
            $0.isVisible && $0.isOver && $0.status.namespace == namespace
        }.map(\.status.id).sorted()
        let all = Set(ended)
        for id in ended { rows[id] = nil }
        endedOrder[namespace] = nil
        newestEnded = newestEnded.filter { !all.contains($0.value) }
        return ended
    }

    /// Whether nobody wants it kept once its end was told.
    public func isRemovedAtEnd(_ id: ProcessID) -> Bool { rows[id]?.isRemovedAtEnd ?? false }

    /// When a process that nobody wants kept may be forgotten: not while somebody reads its log.
    /// nil for one that is kept, or has not ended.
    public func removableAt(_ id: ProcessID) -> UInt64? {
        guard let row = rows[id], row.isOver, row.isRemovedAtEnd else { return nil }
        return row.keptUntil
    }
}
