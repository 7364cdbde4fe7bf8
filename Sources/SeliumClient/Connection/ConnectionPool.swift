internal import Logging
internal import SeliumProtocol
internal import Synchronization

/// The connections of one client: none until somebody asks, one as a rule, up to four when many
/// requests follow something for long.
final class ConnectionPool: Sendable {
    /// Long-lived streams of one connection from which on a second one is opened: the server allows 64
    /// of 100 streams to be long-lived, and a control call must find a slot.
    static let longLivedPerConnection = 60
    /// The most connections.
    static let maximumConnections = 4
    /// Requests that wait for a connection at the same time.
    static let maximumWaiting = 4_096

    /// A place on a connection for one request; give it back with ``ConnectionPool/release(_:)``.
    struct Lease: Sendable {
        let connection: any ControlConnection
        let isLongLived: Bool
    }

    private struct Member {
        let connection: any ControlConnection
        var longLived = 0
    }

    private typealias Waiter = CheckedContinuation<Result<Lease, ClientError>, Never>

    private struct Waiting {
        let id: UInt64
        let isLongLived: Bool
        let waiter: Waiter
        /// Its patience is over; it waits for the end of the attempt that is under way.
        var isOverdue = false
    }

    private struct State {
        var members: [Member] = []
        var waiting: [Waiting] = []
        var cancelled: Set<UInt64> = []
        var nextWaiter: UInt64 = 0
        var isDialing = false
        /// Why the last attempt to connect again failed, of those that go on.
        var lastFailure: ClientError?
        var wasConnected = false
        var isClosed = false
    }

    private enum Choice {
        case lease(Lease)
        case fail(ClientError)
        case wait
    }

    private let state = Mutex(State())
    private let dialer: any Dialer
    private let watch: DeadlineWatch
    private let reconnection: SeliumClient.Reconnection
    /// How long the dialer itself waits for a server that is silent.
    private let dialerPatience: Duration
    private let logger: Logger
    private let dials: AsyncStream<Void>
    private let dial: AsyncStream<Void>.Continuation

    init(_ dialer: any Dialer, _ watch: DeadlineWatch, _ configuration: SeliumClient.Configuration)
    {
        self.dialer = dialer
        self.watch = watch
        reconnection = configuration.reconnection
        dialerPatience = configuration.timeout
        logger = configuration.logger
        (dials, dial) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Makes connections when they are asked for, until the task is cancelled.
    func run() async {
        for await _ in dials {
            let result = await connect()
            let answered = state.withLock { state in
                state.isDialing = false
                return settle(&state, result)
            }
            for (waiter, answer) in answered { waiter.resume(returning: answer) }
        }
    }

    /// A place for a request, on a connection that lives.
    ///
    /// - Parameter patience: how long to wait for a connection; nil for as long as it takes to make
    ///   one or to give that up.
    func lease(isLongLived: Bool, within patience: Duration?) async throws(ClientError) -> Lease {
        let choice = state.withLock { choose(&$0, isLongLived) }
        switch choice {
        case .lease(let lease): return lease
        case .fail(let error): throw error
        case .wait: return try await wait(isLongLived, patience)
        }
    }

    /// Gives a place back.
    func release(_ lease: Lease) {
        guard lease.isLongLived else { return }
        state.withLock { state in
            guard
                let index = state.members.firstIndex(where: { $0.connection === lease.connection })
            else { return }
            state.members[index].longLived -= 1
        }
    }

    /// Forgets a connection that has ended.
    func discard(_ connection: any ControlConnection) {
        state.withLock { $0.members.removeAll { $0.connection === connection } }
    }

    /// Ends all connections and refuses what comes later.
    func close() async {
        let (members, waiting) = state.withLock { state in
            state.isClosed = true
            defer {
                state.members = []
                state.waiting = []
            }
            return (state.members, state.waiting)
        }
        for entry in waiting { entry.waiter.resume(returning: .failure(Self.closed)) }
        for member in members { await member.connection.close() }
    }

    private static let closed = ClientError(.closed, "the client's scope has ended")

    // MARK: Deciding, under the lock

    private func choose(_ state: inout State, _ isLongLived: Bool) -> Choice {
        if state.isClosed { return .fail(Self.closed) }
        if let lease = place(&state, isLongLived) { return .lease(lease) }
        guard state.waiting.count < Self.maximumWaiting else {
            return .fail(
                ClientError(
                    .resourceExhausted, "too many requests wait for a connection", isRetryable: true
                ))
        }
        return .wait
    }

    private func place(_ state: inout State, _ isLongLived: Bool) -> Lease? {
        let fitting = state.members.indices.first {
            !isLongLived || state.members[$0].longLived < Self.longLivedPerConnection
        }
        // With all four full the server is asked: it knows its own limits.
        let isFull = state.members.count >= Self.maximumConnections
        guard let index = fitting ?? (isFull ? state.members.indices.first : nil) else {
            return nil
        }
        if isLongLived { state.members[index].longLived += 1 }
        return Lease(connection: state.members[index].connection, isLongLived: isLongLived)
    }

    private func settle(
        _ state: inout State, _ result: Result<any ControlConnection, ClientError>
    ) -> [(Waiter, Result<Lease, ClientError>)] {
        var answered: [(Waiter, Result<Lease, ClientError>)] = []
        switch result {
        case .failure(let error):
            answered = state.waiting.map { ($0.waiter, .failure(error)) }
            state.waiting = []
        case .success(let connection):
            state.members.append(Member(connection: connection))
            state.wasConnected = true
            while let next = state.waiting.first, let lease = place(&state, next.isLongLived) {
                state.waiting.removeFirst()
                answered.append((next.waiter, .success(lease)))
            }
            if !state.waiting.isEmpty { beginDial(&state) }
        }
        return answered
    }

    private func beginDial(_ state: inout State) {
        guard !state.isDialing else { return }
        state.isDialing = true
        state.lastFailure = nil
        dial.yield()
    }

    // MARK: Waiting and connecting

    private func wait(_ isLongLived: Bool, _ patience: Duration?) async throws(ClientError) -> Lease
    {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let deadline = patience.map { watch.add(.now + $0) {} }
        defer { if let deadline { watch.remove(deadline) } }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                let now: Result<Lease, ClientError>? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .failure(.cancelled) }
                    if state.isClosed { return .failure(Self.closed) }
                    if let lease = place(&state, isLongLived) { return .success(lease) }
                    state.waiting.append(
                        Waiting(id: id, isLongLived: isLongLived, waiter: waiter))
                    beginDial(&state)
                    return nil
                }
                if let now { return waiter.resume(returning: now) }
                if let patience { deadline?.aim { [weak self] in self?.expire(id, patience) } }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.waiting.remove(at: index).waiter
            }
            waiter?.resume(returning: .failure(.cancelled))
        }
        // A cancellation that came after the answer left its mark for nobody.
        state.withLock { _ = $0.cancelled.remove(id) }
        return try result.get()
    }

    /// Somebody has waited for as long as it may. The first attempt is left to end by itself, which
    /// it does about now: it knows why there is no connection.
    private func expire(_ id: UInt64, _ patience: Duration) {
        let expired = state.withLock { state -> (Waiter, ClientError)? in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else { return nil }
            var error = state.lastFailure
            if error == nil, patience < dialerPatience {
                error = ClientError(
                    .deadlineExceeded, "no connection to the server in \(patience.inWords)",
                    isRetryable: true)
            }
            guard let error else {
                state.waiting[index].isOverdue = true
                return nil
            }
            return (state.waiting.remove(at: index).waiter, error)
        }
        if let (waiter, error) = expired { waiter.resume(returning: .failure(error)) }
    }

    /// An attempt to connect again failed: those whose patience is over wait for no other.
    private func failed(_ error: ClientError) {
        let overdue = state.withLock { state in
            state.lastFailure = error
            defer { state.waiting.removeAll(where: \.isOverdue) }
            return state.waiting.filter(\.isOverdue)
        }
        for entry in overdue { entry.waiter.resume(returning: .failure(error)) }
    }

    private func connect() async -> Result<any ControlConnection, ClientError> {
        let isAgain = state.withLock { $0.wasConnected && $0.members.isEmpty }
        let giveUp = ContinuousClock.now + reconnection.giveUpAfter
        var attempt = 0
        while true {
            do {
                return .success(try await dialer.connect())
            } catch {
                logger.debug(
                    "no connection", metadata: ["attempt": "\(attempt)", "error": "\(error.code)"])
                let pause = reconnection.pause(attempt: attempt, random: .random(in: 0..<1))
                guard isAgain, error.isRetryable, ContinuousClock.now + pause < giveUp else {
                    return .failure(error)
                }
                attempt += 1
                failed(error)
                do { try await Task.sleep(for: pause) } catch { return .failure(.cancelled) }
            }
        }
    }
}

extension ClientError {
    /// The task that asked was cancelled.
    static let cancelled = ClientError(.cancelled, "the request was cancelled")
}
