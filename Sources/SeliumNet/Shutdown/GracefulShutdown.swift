internal import Synchronization

/// Ends a service without cutting off what is under way: tells every holder of a token once, counts
/// the work that goes on, and waits until it has ended or a deadline passes.
///
/// The decisions are those of `ShutdownMachine`; here are the lock, the clock and the waiting.
public final class GracefulShutdown: Sendable {
    /// How waiting for the work ended.
    public typealias Outcome = ShutdownMachine.DrainOutcome

    private struct State: ~Copyable {
        var machine = ShutdownMachine()
        var actions: [ShutdownMachine.Token: @Sendable () -> Void] = [:]
        var waiters: [ShutdownMachine.Waiter: Waiting] = [:]

        /// Notes how a wait ended; returns what to do outside of the lock.
        mutating func end(
            _ waiter: ShutdownMachine.Waiter, _ outcome: Outcome
        ) -> (@Sendable () -> Void)? {
            switch waiters[waiter] {
            case .asked:
                waiters[waiter] = .ended(outcome)
                return nil
            case .waits(let continuation):
                waiters[waiter] = nil
                return { continuation.resume(returning: outcome) }
            case .ended, nil: return nil
            }
        }
    }

    /// How far one wait for the drain is.
    private enum Waiting {
        /// The machine knows of it; its task is on its way.
        case asked
        case waits(CheckedContinuation<Outcome, Never>)
        /// Before its task came.
        case ended(Outcome)
    }

    private let state = Mutex(State())

    /// A service that runs and does nothing yet.
    public init() {}

    /// For accept loops, reads and writes.
    public var token: ShutdownToken { ShutdownToken(self) }

    /// Whether ``initiate()`` was called.
    public var isShuttingDown: Bool {
        state.withLock { state in
            if case .running = state.machine.phase { false } else { true }
        }
    }

    /// How many pieces of work are under way.
    public var workCount: Int { state.withLock { $0.machine.workCount } }

    /// Work begins; hold what is returned until it ends.
    public func track() -> ConnectionGuard {
        ConnectionGuard(self, state.withLock { $0.machine.track() })
    }

    func ended(_ piece: ShutdownMachine.Work) {
        let resumed = state.withLock { state in
            var resumed: [@Sendable () -> Void] = []
            for waiter in state.machine.ended(piece) {
                if let resume = state.end(waiter, .drained) { resumed.append(resume) }
            }
            return resumed
        }
        for resume in resumed { resume() }
    }

    /// New work should not begin: every token is told, once. A second time changes nothing.
    public func initiate() {
        let actions = state.withLock { state in
            state.machine.initiate().compactMap { state.actions.removeValue(forKey: $0) }
        }
        for action in actions { action() }
    }

    func register(_ action: @escaping @Sendable () -> Void) -> ShutdownMachine.Token? {
        state.withLock { state in
            switch state.machine.addToken() {
            case .tellNow: return nil
            case .wait(let token):
                state.actions[token] = action
                return token
            }
        }
    }

    func remove(_ token: ShutdownMachine.Token) {
        state.withLock { state in
            state.machine.remove(token)
            state.actions[token] = nil
        }
    }

    func waitForBegin() async {
        let (begun, signal) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        guard let registration = register({ signal.finish() }) else { return }
        defer { remove(registration) }
        for await _ in begun {}
    }

    /// Waits until no work is under way, at most so long; ends early, as expired, when the task is
    /// cancelled.
    public func waitDrained(within duration: Duration) async -> Outcome {
        let deadline = Monotonic.deadline(in: duration) ?? .max
        let action = state.withLock { state in
            let action = state.machine.wait(until: deadline, now: Monotonic.now)
            if case .wait(let waiter) = action { state.waiters[waiter] = .asked }
            return action
        }
        switch action {
        case .finish(let outcome): return outcome
        case .wait(let waiter):
            return await withTaskGroup(of: Outcome?.self) { group in
                group.addTask { await self.outcome(of: waiter) }
                group.addTask {
                    try? await Task.sleep(for: duration)
                    self.expire(waiter)
                    return nil
                }
                var outcome: Outcome?
                while outcome == nil, let next = await group.next() { outcome = next }
                group.cancelAll()
                return outcome ?? .drained
            }
        }
    }

    private func outcome(of waiter: ShutdownMachine.Waiter) async -> Outcome {
        await withCheckedContinuation { continuation in
            let outcome = state.withLock { state -> Outcome? in
                guard case .ended(let outcome) = state.waiters[waiter] else {
                    state.waiters[waiter] = .waits(continuation)
                    return nil
                }
                state.waiters[waiter] = nil
                return outcome
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    private func expire(_ waiter: ShutdownMachine.Waiter) {
        let resumed = state.withLock { state in
            state.machine.remove(waiter)
            return state.end(waiter, .expired(remaining: state.machine.workCount))
        }
        resumed?()
    }

    /// ``initiate()`` and ``waitDrained(within:)`` in one.
    public func shutdown(within duration: Duration) async -> Outcome {
        initiate()
        return await waitDrained(within: duration)
    }
}
