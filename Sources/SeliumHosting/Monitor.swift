internal import Synchronization

/// A lock around a pure machine, with tasks that wait for it to change.
///
/// A waiting task names a key; who changes the machine names the keys that may have become
/// interesting. No polling, no task per waiter: a waiter is one continuation.
public final class Monitor<State: Sendable, Key: Hashable & Sendable>: Sendable {
    private struct Guarded: Sendable {
        var state: State
        var waiters: [Key: [Waiter]] = [:]
    }

    private let guarded: Mutex<Guarded>

    /// A monitor of `state`.
    public init(_ state: State) { guarded = Mutex(Guarded(state: state)) }

    /// The keys a change wakes.
    public struct Wakes: Sendable {
        fileprivate var keys: [Key] = []
        /// Whoever waits for `key` looks again.
        public mutating func wake(_ key: Key) { keys.append(key) }
    }

    /// Looks at the machine, or changes it without interest to anybody.
    public func withLock<R: Sendable, E: Error>(
        _ body: (inout State) throws(E) -> R
    ) throws(E) -> R {
        try guarded.withLock { (guarded) throws(E) -> R in try body(&guarded.state) }
    }

    /// Changes the machine and wakes those who wait for the keys it names, also when it throws.
    @discardableResult
    public func update<R: Sendable, E: Error>(
        _ body: (inout State, inout Wakes) throws(E) -> R
    ) throws(E) -> R {
        let (result, woken) = guarded.withLock { guarded -> (Result<R, E>, [Waiter]) in
            Self.run(body, &guarded)
        }
        for waiter in woken { waiter.fire() }
        return try result.get()
    }

    /// Waits until `attempt` gives something; it is asked now and after every wake of `key`.
    ///
    /// Fails with `HostError.cancelled` promptly when the task is cancelled.
    public func wait<R: Sendable>(
        for key: Key, until attempt: (inout State, inout Wakes) throws(HostError) -> R?
    ) async throws(HostError) -> R {
        while true {
            guard !Task.isCancelled else { throw .cancelled }
            let waiter = Waiter()
            // One lock for looking and enlisting: no change is missed in between.
            let (result, woken) = guarded.withLock { guarded -> (Result<R?, HostError>, [Waiter]) in
                let done = Self.run(attempt, &guarded)
                if case .success(nil) = done.0 { guarded.waiters[key, default: []].append(waiter) }
                return done
            }
            for waiter in woken { waiter.fire() }
            if let found = try result.get() { return found }
            await withTaskCancellationHandler {
                await waiter.wait()
            } onCancel: {
                waiter.fire()
            }
            if Task.isCancelled { remove(waiter, key) }
        }
    }

    private static func run<R, E: Error>(
        _ body: (inout State, inout Wakes) throws(E) -> R, _ guarded: inout Guarded
    ) -> (Result<R, E>, [Waiter]) {
        var wakes = Wakes()
        let result: Result<R, E>
        do throws(E) {
            result = .success(try body(&guarded.state, &wakes))
        } catch {
            result = .failure(error)
        }
        var woken: [Waiter] = []
        if !guarded.waiters.isEmpty {
            for key in wakes.keys {
                if let waiters = guarded.waiters.removeValue(forKey: key) { woken += waiters }
            }
        }
        return (result, woken)
    }

    private func remove(_ waiter: Waiter, _ key: Key) {
        guarded.withLock { guarded in
            guarded.waiters[key]?.removeAll { $0 === waiter }
            if guarded.waiters[key]?.isEmpty == true { guarded.waiters[key] = nil }
        }
    }
}

/// One task that waits, once.
private final class Waiter: Sendable {
    private enum State: Sendable {
        case idle
        case waiting(CheckedContinuation<Void, Never>)
        case fired
    }

    private let state = Mutex(State.idle)

    /// Ends the wait, also one that has not begun.
    func fire() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .fired }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }

    /// Suspends until `fire`.
    func wait() async {
        await withCheckedContinuation { continuation in
            let hasFired = state.withLock { state -> Bool in
                if case .fired = state { return true }
                state = .waiting(continuation)
                return false
            }
            if hasFired { continuation.resume() }
        }
    }
}
