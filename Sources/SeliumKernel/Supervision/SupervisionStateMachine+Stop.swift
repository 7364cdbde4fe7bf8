// What callers, parents and the end of the runtime want.
extension SupervisionStateMachine {
    /// Somebody wants the process to end.
    ///
    /// - Parameters:
    ///   - hasHandler: whether the guest registered for stop requests; without, it is interrupted.
    ///   - grace: nanoseconds instead of the policy's; a later request may shorten an earlier grace.
    public mutating func stopWasRequested(
        now: UInt64, hasHandler: Bool, grace: UInt64? = nil
    ) -> StopAction {
        switch state {
        case .starting, .running:
            stopRequested = true
            return begin(.end, now: now, hasHandler: hasHandler, grace: grace)
        case .stopping(var stopping):
            stopRequested = true
            stopping.then = .end
            state = .stopping(stopping)
            return shorten(now: now, grace: grace ?? policy.stopTimeout)
        case .backingOff:
            stopRequested = true
            return .end(finish(.exited, .requested))
        case .exited, .crashed: return .alreadyEnded
        }
    }

    /// Somebody wants it to end without being asked.
    public mutating func killWasRequested(now: UInt64) -> StopAction {
        switch state {
        case .starting, .running, .stopping:
            stopRequested = true
            return interrupt(.kill(.kill), then: .end)
        case .backingOff:
            stopRequested = true
            return .end(finish(.exited, .requested))
        case .exited, .crashed: return .alreadyEnded
        }
    }

    /// Its parent ended, and it is not detached: as if somebody had asked it to stop.
    public mutating func parentEnded(now: UInt64, hasHandler: Bool) -> StopAction {
        stopWasRequested(now: now, hasHandler: hasHandler)
    }

    /// The runtime is about to end: the guest has `grace` nanoseconds. A process that is restarted
    /// after failures begins again with the next runtime, however it ends now if it was told to. One
    /// that was not told, and came to an end after which its policy does not restart, has ended.
    public mutating func shutdownBegan(
        now: UInt64, hasHandler: Bool, grace: UInt64
    ) -> StopAction {
        let grace = min(grace, policy.stopTimeout)
        switch state {
        case .starting, .running:
            return begin(.suspend, now: now, hasHandler: hasHandler, grace: grace)
        case .stopping(var stopping):
            if stopping.then != .end { stopping.then = .suspend }
            state = .stopping(stopping)
            return shorten(now: now, grace: grace)
        case .backingOff(var waiting):
            waiting.until = nil
            state = .backingOff(waiting)
            return .suspend
        case .exited, .crashed: return .alreadyEnded
        }
    }

    /// Somebody wants a new incarnation. It counts for neither back-off nor limit, and what failed
    /// in a row before is forgiven; the total of the policy is not.
    public mutating func restartWasRequested(
        now: UInt64, hasHandler: Bool, grace: UInt64? = nil
    ) -> RestartAction {
        switch state {
        case .starting, .running:
            history.wasHealthy()
            switch begin(.start, now: now, hasHandler: hasHandler, grace: grace) {
            case .interrupt(let interruption): return .interrupt(interruption)
            case .askGuest(let until): return .askGuest(until: until)
            case .wait, .end, .suspend, .alreadyEnded: return .wait
            }
        case .stopping(var stopping):
            switch stopping.then {
            case .end, .suspend: return .stopping
            case .start: return .wait
            case .judge:
                // Interrupted for its heartbeat: it begins again anyway, now without a wait.
                history.wasHealthy()
                stopping.then = .start
                state = .stopping(stopping)
                return .wait
            }
        case .backingOff(let waiting):
            guard waiting.until != nil else { return .stopping }
            history.wasHealthy()
            return .start(incarnation: next())
        case .exited, .crashed: return .alreadyEnded
        }
    }

    /// The guest is asked, or interrupted where that is of no use.
    private mutating func begin(
        _ then: Stopping.Then, now: UInt64, hasHandler: Bool, grace: UInt64?
    ) -> StopAction {
        let grace = grace ?? policy.stopTimeout
        guard case .running(let running) = state, hasHandler else {
            return interrupt(
                .kill(then == .suspend ? .runtimeShutdown : .noStopHandler), then: then)
        }
        guard grace > 0 else {
            return interrupt(.kill(then == .suspend ? .runtimeShutdown : .graceUsedUp), then: then)
        }
        let until = later(now, grace)
        state = .stopping(
            Stopping(
                until: until, interruption: nil, then: then, wasTold: true,
                healthySince: running.healthySince))
        return .askGuest(until: until)
    }

    private mutating func interrupt(
        _ interruption: Interruption, then: Stopping.Then
    ) -> StopAction {
        var since: UInt64?
        switch state {
        case .running(let running): since = running.healthySince
        case .stopping(var stopping):
            guard stopping.interruption == nil else {
                // One interruption is enough; what follows the end may be another thing now.
                stopping.then = then
                state = .stopping(stopping)
                return .wait
            }
            since = stopping.healthySince
        default: break
        }
        state = .stopping(
            Stopping(until: nil, interruption: interruption, then: then, healthySince: since))
        return .interrupt(interruption)
    }

    /// Moves the end of the grace to the front, never to the back.
    private mutating func shorten(now: UInt64, grace: UInt64) -> StopAction {
        guard case .stopping(var stopping) = state, let until = stopping.until else { return .wait }
        stopping.until = min(until, later(now, grace))
        state = .stopping(stopping)
        return .wait
    }
}
