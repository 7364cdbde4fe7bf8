internal import HeapModule
internal import Synchronization

/// Drives a ``ResolverMachine``: its sockets, its clock, and who waits.
///
/// Datagrams are read on the reactor's thread and sent by the task that asks; decisions are the
/// machine's, under one lock, and what follows from them is done outside of it.
final class ResolverDriver: Sendable {
    /// A wait with an end.
    struct Deadline: Comparable {
        let moment: UInt64
        let lookup: DNSLookup

        static func < (left: Deadline, right: Deadline) -> Bool { left.moment < right.moment }
        static func == (left: Deadline, right: Deadline) -> Bool { left.moment == right.moment }
    }

    /// How far a lookup is.
    enum Waiting {
        /// Its task is on its way.
        case begun
        case waits(CheckedContinuation<DNSOutcome, Never>)
        /// Before its task came.
        case ended(DNSOutcome)
    }

    /// One socket that is open.
    struct Open {
        let socket: DNSSocket
        let token: UInt64
        /// Queries that may still be answered there; more than there are when some were given up.
        var awaited = 0
        /// What the kernel had no room for.
        var unsent: [(id: DNSTransmission.ID, message: [UInt8])] = []
    }

    /// What follows from a step.
    struct Work {
        var sends: [(socket: DNSSocket, id: DNSTransmission.ID, message: [UInt8])] = []
        var ended: [(continuation: CheckedContinuation<DNSOutcome, Never>, outcome: DNSOutcome)] =
            []
        var streams: [DNSTransmission] = []
        var closed: [Open] = []
        var alarm: UInt64?
    }

    struct State: ~Copyable {
        var machine: ResolverMachine
        var random = SystemRandom()
        var waiting: [DNSLookup: Waiting] = [:]
        var deadlines = Heap<Deadline>()
        var pools: [SocketAddress: DNSSocketPool] = [:]
        var sockets: [Int: Open] = [:]
        var lastSocket = 0
        /// When to look which sockets can be closed.
        var poolDeadline = UInt64.max
        /// Exchanges that wait for their turn, and those under way.
        var queued: [DNSTransmission] = []
        var streams: [DNSTransmission.ID: Task<Void, Never>?] = [:]
        /// One datagram, of any length.
        var buffer = [UInt8](repeating: 0, count: UDPSocket.maximumDatagram)
        /// Where the reactor knows us; nil before the first lookup.
        var place: (reactor: Reactor, token: UInt64)?
        /// When the reactor wakes us.
        var armed = UInt64.max

        init(_ machine: consuming ResolverMachine) {
            self.machine = machine
        }
    }

    /// Deadlines of lookups that are not worth looking through.
    static let fewDeadlines = 1_024
    /// Datagrams taken from one socket before others have their turn.
    static let batch = 64

    let options: ResolverOptions
    let state: Mutex<State>

    init(configuration: ResolverConfiguration, hosts: HostsFile, options: ResolverOptions) {
        self.options = options
        state = Mutex(State(ResolverMachine(configuration: configuration, hosts: hosts)))
    }

    deinit {
        let (sockets, place) = state.withLock { state in
            let streams = state.streams.values
            for case let task? in streams { task.cancel() }
            return (Array(state.sockets.values), state.place)
        }
        for open in sockets { open.socket.unwatch(open.token) }
        if let place { place.reactor.remove(place.token) }
    }

    /// Begins a lookup and waits for its end.
    ///
    /// - Parameter begin: asks the machine.
    func run(
        within duration: Duration?, until shutdown: ShutdownToken?,
        _ begin: (inout ResolverMachine, UInt64, inout SystemRandom) throws(DNSError) -> DNSLookup
    ) async -> DNSOutcome {
        if Task.isCancelled { return .failed(DNSError(interruptedBy: .cancelled)) }
        if let shutdown, shutdown.isShuttingDown {
            return .failed(DNSError(interruptedBy: .shutDown))
        }
        let deadline = Monotonic.deadline(in: duration)
        let lookup: DNSLookup
        do throws(DNSError) {
            switch try start(deadline, begin) {
            case .ended(let outcome): return outcome
            case .waits(let waiting): lookup = waiting
            }
        } catch {
            return .failed(error)
        }
        let registration = shutdown?.register { self.interrupt(lookup, .shutDown) }
        defer { if let registration { shutdown?.remove(registration) } }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if let outcome = wait(lookup, continuation) {
                    continuation.resume(returning: outcome)
                } else if let shutdown, shutdown.isShuttingDown {
                    // It began before there was somebody to be told.
                    interrupt(lookup, .shutDown)
                }
            }
        } onCancel: {
            interrupt(lookup, .cancelled)
        }
    }

    private enum Start {
        case ended(DNSOutcome)
        case waits(DNSLookup)
    }

    private func start(
        _ deadline: UInt64?,
        _ begin: (inout ResolverMachine, UInt64, inout SystemRandom) throws(DNSError) -> DNSLookup
    ) throws(DNSError) -> Start {
        let (result, work) = state.withLock { state -> (Result<Start, DNSError>, Work) in
            do throws(DNSError) {
                let now = Monotonic.now
                try state.settle(self)
                let lookup = try begin(&state.machine, now, &state.random)
                state.waiting[lookup] = .begun
                if let deadline { state.insert(Deadline(moment: deadline, lookup: lookup)) }
                let work = state.pump(now, for: self)
                guard case .ended(let outcome) = state.waiting[lookup] else {
                    return (.success(.waits(lookup)), work)
                }
                state.waiting[lookup] = nil
                return (.success(.ended(outcome)), work)
            } catch {
                return (.failure(error), Work())
            }
        }
        perform(work)
        return try result.get()
    }

    /// Keeps who waits; or returns what there is to tell already.
    private func wait(
        _ lookup: DNSLookup, _ continuation: CheckedContinuation<DNSOutcome, Never>
    ) -> DNSOutcome? {
        state.withLock { state in
            guard case .ended(let outcome) = state.waiting[lookup] else {
                state.waiting[lookup] = .waits(continuation)
                return nil
            }
            state.waiting[lookup] = nil
            return outcome
        }
    }

    private func interrupt(_ lookup: DNSLookup, _ interruption: DNSError.Interruption) {
        perform(
            state.withLock { state in
                var work = Work()
                state.machine.cancel(lookup)
                state.end(lookup, .failed(DNSError(interruptedBy: interruption)), &work)
                work.add(state.pump(Monotonic.now, for: self))
                return work
            })
    }

    /// Does what a step has decided, outside of the lock.
    func perform(_ work: Work) {
        var work = work
        while true {
            for ended in work.ended { ended.continuation.resume(returning: ended.outcome) }
            for open in work.closed { open.socket.unwatch(open.token) }
            for stream in work.streams { begin(stream) }
            if let alarm = work.alarm { arm(alarm) }
            guard let next = send(work.sends) else { return }
            work = next
        }
    }

    private func arm(_ moment: UInt64) {
        guard let place = state.withLock({ $0.place }) else { return }
        place.reactor.arm(place.token, at: moment)
    }
}
