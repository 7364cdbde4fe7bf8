internal import Synchronization

/// A value that a thread outside of the reactor makes, for one task that waits as for a socket: with
/// a deadline, and until it is cancelled or shut down.
final class Promise<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)
    private let token: UInt64
    private let reactor: Reactor
    private let readiness: Readiness

    init() throws(Failure) {
        reactor = try Reactor.shared()
        (token, readiness) = reactor.addPlace()
    }

    deinit {
        reactor.remove(token)
    }

    /// Keeps it; whoever waits goes on.
    func fulfil(_ value: Value) {
        self.value.withLock { $0 = value }
        readiness.handleEvent(.reading)
    }

    func get(_ patience: Patience) async throws(Failure) -> Value {
        while true {
            let events = readiness.look(.reading).events
            if let value = value.withLock({ $0 }) { return value }
            switch await readiness.wait(
                .reading, since: events, until: patience.deadline, patience.shutdown)
            {
            case .ready: continue
            case .timedOut: throw .timedOut
            case .cancelled: throw .cancelled
            case .shutDown: throw .shutDown
            case .closed: throw .closed
            case .crowded: throw .crowded
            }
        }
    }
}
