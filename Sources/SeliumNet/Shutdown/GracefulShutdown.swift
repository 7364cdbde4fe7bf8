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
        /// What those are told by who wait for the drain.
        var waiters: [ShutdownMachine.Waiter: Promise<Outcome>] = [:]

        mutating func take(_ ended: [ShutdownMachine.Waiter]) -> [Promise<Outcome>] {
            ended.compactMap { waiters.removeValue(forKey: $0) }
        }
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
        let drained = state.withLock { state in
            let waiters = state.machine.ended(piece)
            return state.take(waiters)
        }
        for promise in drained { promise.fulfil(.drained) }
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
    /// cancelled, or when the process has no descriptors left to wait with.
    public func waitDrained(within duration: Duration) async -> Outcome {
        let deadline = Monotonic.deadline(in: duration) ?? .max
        let promise = try? Promise<Outcome>()
        let action = state.withLock { state in
            let action = state.machine.wait(until: deadline, now: Monotonic.now)
            if case .wait(let waiter) = action { state.waiters[waiter] = promise }
            return action
        }
        switch action {
        case .finish(let outcome): return outcome
        case .wait(let waiter):
            do throws(Failure) {
                guard let promise else { throw .crowded }
                return try await promise.get(Patience(duration, nil))
            } catch {
                return expire(waiter)
            }
        }
    }

    /// Time has passed for `waiter`, or it was cancelled. Returns how its wait ended.
    private func expire(_ waiter: ShutdownMachine.Waiter) -> Outcome {
        let (expired, remaining) = state.withLock { state in
            let timedOut = state.machine.handleTimeouts(now: Monotonic.now)
            let expired = state.take(timedOut)
            // Still there when it was cancelled before its time.
            state.machine.remove(waiter)
            state.waiters[waiter] = nil
            return (expired, state.machine.workCount)
        }
        for promise in expired { promise.fulfil(.expired(remaining: remaining)) }
        // The last work may have ended while this wait did.
        return remaining == 0 ? .drained : .expired(remaining: remaining)
    }

    /// ``initiate()`` and ``waitDrained(within:)`` in one.
    public func shutdown(within duration: Duration) async -> Outcome {
        initiate()
        return await waitDrained(within: duration)
    }
}
