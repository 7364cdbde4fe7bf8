internal import Synchronization

/// Who waits for one descriptor, and what the poller said about it.
///
/// Events are counted per direction. Whoever wants to wait says which count it saw *before* its call
/// would have blocked, so an event in between is never missed.
final class Readiness: ReactorClient {
    /// What one can wait for.
    enum Direction: Int, Sendable {
        case reading = 0
        case writing = 1
        /// Nothing but the time: the pause before something is tried again.
        case pausing = 2
    }

    /// How a wait ended.
    enum Outcome: Sendable {
        case ready, timedOut, cancelled, shutDown, closed, crowded
    }

    private struct Waiter {
        let number: UInt64
        let deadline: UInt64
        let continuation: CheckedContinuation<Outcome, Never>
    }

    private struct Side {
        var events: UInt64 = 0
        var waiters: [Waiter] = []
    }

    private struct State {
        var sides = [Side(), Side(), Side()]
        /// The earliest moment at which the reactor calls ``Readiness/handleTimeout(at:now:)``.
        var armed = UInt64.max
        var isClosed = false
        var lastNumber: UInt64 = 0
        var calls: UInt64 = 0
    }

    private enum Addition {
        case resume(Outcome)
        case wait
        case arm(UInt64)
    }

    /// Tasks that may wait for one direction of one socket: as many as anybody accepts with.
    static let maximumWaiters = 1_024
    /// Calls without a wait after which a task lets others run: a fast peer may not keep a thread.
    static let callsBeforeYield: UInt64 = 64

    private let state = Mutex(State())
    private let token: UInt64
    private let reactor: Reactor

    init(token: UInt64, reactor: Reactor) {
        self.token = token
        self.reactor = reactor
    }

    /// The count of events so far, and whether it is somebody else's turn to run.
    func look(_ direction: Direction) -> (events: UInt64, yields: Bool) {
        state.withLock { state in
            state.calls &+= 1
            return (
                state.sides[direction.rawValue].events,
                state.calls.isMultiple(of: Self.callsBeforeYield)
            )
        }
    }

    /// Waits for an event after `events`, at most until `deadline`.
    func wait(
        _ direction: Direction, since events: UInt64, until deadline: UInt64?,
        _ shutdown: ShutdownToken?
    ) async -> Outcome {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let registration = shutdown?.register { self.finish(direction, number, .shutDown) }
        defer { if let registration { shutdown?.remove(registration) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let waiter = Waiter(
                    number: number, deadline: deadline ?? .max, continuation: continuation)
                add(waiter, direction, since: events)
                // What happened before there was a waiter to end.
                if Task.isCancelled {
                    finish(direction, number, .cancelled)
                } else if let shutdown, shutdown.isShuttingDown {
                    finish(direction, number, .shutDown)
                }
            }
        } onCancel: {
            finish(direction, number, .cancelled)
        }
    }

    private func add(_ waiter: Waiter, _ direction: Direction, since events: UInt64) {
        let addition = state.withLock { state -> Addition in
            guard !state.isClosed else { return .resume(.closed) }
            let index = direction.rawValue
            guard state.sides[index].events == events else { return .resume(.ready) }
            guard state.sides[index].waiters.count < Self.maximumWaiters else {
                return .resume(.crowded)
            }
            state.sides[index].waiters.append(waiter)
            guard waiter.deadline < state.armed else { return .wait }
            state.armed = waiter.deadline
            return .arm(waiter.deadline)
        }
        switch addition {
        case .resume(let outcome): waiter.continuation.resume(returning: outcome)
        case .wait: break
        case .arm(let deadline): reactor.arm(token, at: deadline)
        }
    }

    private func finish(_ direction: Direction, _ number: UInt64, _ outcome: Outcome) {
        let waiter = state.withLock { state -> Waiter? in
            let index = direction.rawValue
            guard
                let place = state.sides[index].waiters.firstIndex(where: { $0.number == number })
            else { return nil }
            return state.sides[index].waiters.remove(at: place)
        }
        waiter?.continuation.resume(returning: outcome)
    }

    /// The poller has seen something.
    func handleEvent(_ direction: Direction) {
        let waiters = state.withLock { state -> [Waiter] in
            let index = direction.rawValue
            state.sides[index].events &+= 1
            guard !state.sides[index].waiters.isEmpty else { return [] }
            defer { state.sides[index].waiters = [] }
            return state.sides[index].waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: .ready) }
    }

    /// The moment `armed` has come. Returns when to be called next, nil if nobody needs it.
    func handleTimeout(at armed: UInt64, now: UInt64) -> UInt64? {
        let (expired, next) = state.withLock { state -> ([Waiter], UInt64?) in
            // A moment that an earlier one has replaced.
            guard state.armed == armed else { return ([], nil) }
            var expired: [Waiter] = []
            var next = UInt64.max
            for index in state.sides.indices {
                expired += state.sides[index].waiters.filter { $0.deadline <= now }
                state.sides[index].waiters.removeAll { $0.deadline <= now }
                next = state.sides[index].waiters.reduce(next) { min($0, $1.deadline) }
            }
            state.armed = next
            return (expired, next == .max ? nil : next)
        }
        for waiter in expired { waiter.continuation.resume(returning: .timedOut) }
        return next
    }

    /// Whether this is the moment at which it has to be called.
    func isArmed(at deadline: UInt64) -> Bool {
        state.withLock { $0.armed == deadline }
    }

    /// Nobody waits any more, and nobody will.
    func close() {
        let waiters = state.withLock { state -> [Waiter] in
            state.isClosed = true
            defer { for index in state.sides.indices { state.sides[index].waiters = [] } }
            return state.sides.flatMap(\.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(returning: .closed) }
    }
}
