// What the guest does, and what time does to it.
extension SupervisionStateMachine {
    /// The first instruction is about to run.
    public mutating func began(now: UInt64) {
        switch state {
        case .starting: state = .running(Running(healthySince: now))
        case .stopping(var stopping) where stopping.healthySince == nil:
            stopping.healthySince = now
            state = .stopping(stopping)
        default: break
        }
    }

    /// The guest says that it is ready. True the first time in this incarnation: whoever waits for
    /// that is answered.
    public mutating func becameReady(now: UInt64) -> Bool {
        guard case .running(var running) = state, !running.isReady else { return false }
        running.isReady = true
        running.healthySince = now
        state = .running(running)
        return true
    }

    /// The guest lives, and promises to say so again within `interval` nanoseconds; nil or 0 takes
    /// the promise back.
    public mutating func receivedHeartbeat(promising interval: UInt64?, now: UInt64) {
        guard case .running(var running) = state else { return }
        running.heartbeat = interval.flatMap { $0 == 0 ? nil : later(now, $0) }
        state = .running(running)
    }

    /// It is `now`. Early calls are harmless.
    public mutating func timePassed(now: UInt64) -> TimeAction {
        guard let deadline, deadline <= now else { return .none }
        switch state {
        case .running(let running):
            guard let heartbeat = running.heartbeat, heartbeat <= now else {
                history.wasHealthy()
                return .healthy
            }
            state = .stopping(
                Stopping(
                    until: nil, interruption: .heartbeat, then: .judge,
                    healthySince: running.healthySince))
            return .interrupt(.heartbeat)
        case .stopping(var stopping):
            let reason: KillReason = stopping.then == .suspend ? .runtimeShutdown : .graceUsedUp
            stopping.until = nil
            stopping.interruption = .kill(reason)
            state = .stopping(stopping)
            return .interrupt(.kill(reason))
        case .backingOff:
            return .start(incarnation: next())
        case .starting, .exited, .crashed:
            return .none
        }
    }

    /// An incarnation ended like this. The host commits the record and `snapshot(now:)` before it
    /// performs the action.
    public mutating func ended(
        _ outcome: ExitOutcome, now: UInt64, using random: inout some RandomNumberGenerator
    ) -> EndAction {
        let since: UInt64?
        var then = Stopping.Then.judge
        var wasTold = false
        switch state {
        case .starting: since = nil
        case .running(let running): since = running.healthySince
        case .stopping(let stopping):
            since = stopping.healthySince
            then = stopping.then
            wasTold = stopping.wasTold
        case .backingOff, .exited, .crashed: return .ignore
        }
        if let since, now >= since, now - since >= policy.resetAfter { history.wasHealthy() }
        if stopRequested { then = .end }
        switch then {
        case .end: return .end(finish(finalState(outcome), .requested))
        case .start: return again()
        case .suspend:
            guard policy.mode != .no else {
                return .end(finish(finalState(outcome), .requested))
            }
            // It did not know of the runtime's end and came to its own: nothing is left to do again.
            guard wasTold || policy.wantsRestart(after: outcome) else {
                return .end(finish(finalState(outcome), .policy))
            }
            state = .backingOff(BackingOff(until: nil, isSuspended: true))
            return .suspend
        case .judge: return judge(outcome, now: now, using: &random)
        }
    }

    /// The runtime is there again: what a machine made from a snapshot has to do. For one that was
    /// alive this is `ended(.lost, …)`; commit that record before the action.
    public mutating func resumed(
        now: UInt64, using random: inout some RandomNumberGenerator
    ) -> EndAction {
        switch state {
        case .starting: return ended(.lost, now: now, using: &random)
        case .backingOff where stopRequested:
            return .end(finish(.exited, .requested))
        case .backingOff(let waiting):
            return waiting.isSuspended ? again() : wait(now: now, using: &random)
        case .running, .stopping, .exited, .crashed: return .ignore
        }
    }

    private mutating func judge(
        _ outcome: ExitOutcome, now: UInt64, using random: inout some RandomNumberGenerator
    ) -> EndAction {
        guard policy.wantsRestart(after: outcome) else {
            return .end(finish(finalState(outcome), .policy))
        }
        switch outcome {
        case .lost, .killed(.runtimeShutdown): return again()
        default: break
        }
        if let reason = history.count(policy, now: now) { return .end(finish(.crashed, reason)) }
        return wait(now: now, using: &random)
    }

    private mutating func wait(
        now: UInt64, using random: inout some RandomNumberGenerator
    ) -> EndAction {
        let delay = policy.backOff.delay(attempt: max(1, history.attempt), using: &random)
        let until = later(now, delay)
        state = .backingOff(BackingOff(until: until))
        let place = history.place(policy)
        return .backOff(BackOffStatus(until: until, attempt: place.attempt, of: place.of))
    }

    /// The next incarnation at once, if there are numbers left.
    private mutating func again() -> EndAction {
        guard incarnation < .max else {
            return .end(finish(.crashed, .restartsUsedUp(of: .max)))
        }
        return .start(incarnation: next())
    }

    mutating func next() -> UInt32 {
        // 2^32 incarnations at one per 10 ms are more than a year; the last one is then repeated
        // rather than the server trapped.
        incarnation = incarnation < .max ? incarnation + 1 : incarnation
        state = .starting(Starting())
        return incarnation
    }

    mutating func finish(
        _ final: ProcessState, _ reason: SupervisionEnd.Reason
    ) -> SupervisionEnd {
        let end = SupervisionEnd(state: final, reason: reason)
        state = final == .crashed ? .crashed(Ended(end: end)) : .exited(Ended(end: end))
        return end
    }

    /// `exited` = returned, exit, stopped; `crashed` = trap, limit, could not start, lost.
    private func finalState(_ outcome: ExitOutcome) -> ProcessState {
        switch outcome {
        case .returned, .exit, .killed: .exited
        case .trap, .limit, .startFailed, .lost: .crashed
        }
    }

    /// `now + interval`, never beyond the end of time.
    func later(_ now: UInt64, _ interval: UInt64) -> UInt64 {
        let (sum, overflow) = now.addingReportingOverflow(interval)
        return overflow ? .max : sum
    }
}
