import Logging
public import SeliumHosting
public import SeliumKernel
import SeliumWasm

// What callers want of processes that exist.
extension Runtime {
    public func stop(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        try await end(id, idempotency) { $0.stopWasRequested(id, now: $1, hasHandler: $2) }
    }

    public func kill(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        try await end(id, idempotency) { table, now, _ in table.killWasRequested(id, now: now) }
    }

    /// A wish of somebody's that a process end: what the table makes of it at a moment, and of whether
    /// the guest listens for stop requests.
    typealias EndRequest =
        @Sendable (inout ProcessTable, UInt64, Bool) -> SupervisionStateMachine.StopAction?

    private func end(
        _ id: ProcessID, _ idempotency: Idempotency?, _ request: EndRequest
    ) async throws(HostError) -> StopOutcome {
        let answer = try await once(idempotency) { () throws(HostError) in
            .stopped(try await self.endAndWait(id, idempotency, request))
        }
        guard case .stopped(let outcome) = answer else { throw Self.reusedKey }
        return outcome
    }

    /// Has a process end, and waits for it. The answer of `idempotency` is written with the end, or
    /// behind it.
    private func endAndWait(
        _ id: ProcessID, _ idempotency: Idempotency?, _ request: EndRequest
    ) async throws(HostError) -> StopOutcome {
        let now = clock.monotonic()
        let isHeld = world.withLock { $0.hold(id) }
        defer { if isHeld { world.withLock { $0.release(id) } } }
        let (action, home, process, order) = try world.withLock { (world) throws(HostError) in
            let listens = world.running[id]?.handles.listensForStop ?? false
            guard let action = request(&world.table, now, listens) else { throw .noProcess(id) }
            let order: Int64? = if case .end = action { world.nextEndOrder() } else { nil }
            return (action, world.homes[id], world.running[id], order)
        }
        var isPromised = false
        if action != .alreadyEnded, let idempotency, let process {
            isPromised = process.promise(idempotency)
        }
        switch action {
        case .interrupt(let interruption):
            process?.interrupt(interruption)
            guard let home else { break }
            if process == nil, world.withLock({ $0.table.willBegin(id) }) {
                // One of an earlier run: what has not begun ends before its module is loaded.
                commitChange(of: home)
            } else if home.isRestartable {
                // A runtime that dies now must not begin it again.
                state.write { try self.writeState(of: home, nil, $0) }
            }
        case .askGuest:
            guard let home, let process else { break }
            ask(process, home)
            if home.isRestartable { state.write { try self.writeState(of: home, nil, $0) } }
        case .end: if let home { commitChange(of: home, order: order) }
        case .wait, .suspend, .alreadyEnded: break
        }
        let record: ExitRecord
        do throws(HostError) {
            record = try await wait(id)
        } catch {
            if let idempotency { process?.withdraw(idempotency) }
            throw error
        }
        let outcome =
            action == .alreadyEnded ? StopOutcome.alreadyEnded(record) : .stopped(record)
        // The effect is there already; a row that is not written only makes a repeat say
        // "had already exited" after a restart.
        if !isPromised { await remember(.stopped(outcome), idempotency) }
        return outcome
    }

    /// Asks a guest to end by itself; when its grace is over it is ended.
    func ask(_ process: RunningProcess, _ home: ProcessHome) {
        setTimer(home)
        process.handles.askToStop()
    }

    static func row(
        _ idempotency: Idempotency, _ answer: RequestAnswer, at time: Int64
    ) -> RequestRow {
        RequestRow(
            key: RequestKey(idempotency), bodyHash: idempotency.bodyHash, answer: answer,
            finishedAt: time)
    }

    /// Keeps the answer of a request for its repeats.
    private func remember(_ answer: RequestAnswer, _ idempotency: Idempotency?) async {
        guard let idempotency else { return }
        let row = Self.row(idempotency, answer, at: clock.realtime())
        _ = await state.commit { try $0.insert(row) }
    }

    // MARK: Another incarnation

    public func restart(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> UInt32 {
        let answer = try await once(idempotency) { () throws(HostError) in
            let answer = RequestAnswer.restarted(try await self.beginAnother(id))
            await self.remember(answer, idempotency)
            return answer
        }
        guard case .restarted(let incarnation) = answer else { throw Self.reusedKey }
        return incarnation
    }

    private func beginAnother(_ id: ProcessID) async throws(HostError) -> UInt32 {
        let now = clock.monotonic()
        let (action, home, process, before) = try world.withLock { (world) throws(HostError) in
            let listens = world.running[id]?.handles.listensForStop ?? false
            guard
                let action = world.table.restartWasRequested(id, now: now, hasHandler: listens)
            else { throw .noProcess(id) }
            return (
                action, world.homes[id], world.running[id], world.table.incarnation(id) ?? 1
            )
        }
        switch action {
        case .interrupt(let interruption): process?.interrupt(interruption)
        case .start: if let home { commitChange(of: home) }
        case .askGuest: if let process, let home { ask(process, home) }
        case .wait: break
        case .stopping: throw .beingStopped(id)
        case .alreadyEnded: throw .hasEnded(id)
        }
        return try await world.wait(for: .began(id)) { (world, _) throws(HostError) -> UInt32? in
            guard !world.isClosed else { throw Self.isClosed }
            guard world.table.isVisible(id), !world.table.hasEnded(id) else {
                throw .hasEnded(id)
            }
            let incarnation = world.table.incarnation(id) ?? 1
            return incarnation > before ? incarnation : nil
        }
    }

    // MARK: Forgetting

    public func remove(
        _ id: ProcessID, force: Bool, idempotency: Idempotency?
    ) async throws(HostError) {
        let answer = try await once(idempotency) { () throws(HostError) in
            if force {
                _ = try await self.endAndWait(id, nil) { table, now, _ in
                    table.killWasRequested(id, now: now)
                }
            }
            try await self.forget(id, idempotency)
            return .removed(id)
        }
        guard case .removed = answer else { throw Self.reusedKey }
    }

    public func removed(by idempotency: Idempotency) async throws(HostError) -> ProcessID? {
        let key = RequestKey(idempotency)
        return try world.withLock { (world) throws(HostError) -> ProcessID? in
            let requests = world.requests
            let answer = try hosted { () throws(KernelError) in
                try requests.result(key, bodyHash: idempotency.bodyHash)
            }
            guard case .removed(let id)? = answer else { return nil }
            return id
        }
    }

    private func forget(_ id: ProcessID, _ idempotency: Idempotency?) async throws(HostError) {
        let namespace = try world.withLock { (world) throws(HostError) -> Namespace in
            guard world.table.isVisible(id), let namespace = world.table.namespace(id) else {
                throw .noProcess(id)
            }
            guard world.table.remove(id) else { throw .isAlive(id) }
            return namespace
        }
        forget([id], in: namespace)
        guard await delete([id], in: namespace, .removed(id), idempotency) else {
            throw Self.notWritten
        }
    }

    public func prune(
        _ namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> [ProcessID] {
        let answer = try await once(idempotency) { () throws(HostError) in
            let gone = self.world.withLock { $0.table.prune(namespace) }
            self.forget(gone, in: namespace)
            guard await self.delete(gone, in: namespace, .pruned(gone), idempotency) else {
                throw Self.notWritten
            }
            return .pruned(gone)
        }
        guard case .pruned(let gone) = answer else { throw Self.reusedKey }
        return gone
    }

    /// Rows go in one transaction with the answer.
    private func delete(
        _ gone: [ProcessID], in namespace: Namespace, _ answer: RequestAnswer,
        _ idempotency: Idempotency?
    ) async -> Bool {
        let now = clock.realtime()
        let request = idempotency.map { Self.row($0, answer, at: now) }
        return await state.commit { database in
            for id in gone { try database.delete(id, in: namespace) }
            if let request { try database.insert(request) }
        }
    }

    /// Forgets a process that nobody wants kept, when whoever waited for its end has heard of it and
    /// nobody reads its log.
    func removeLater(_ id: ProcessID, _ namespace: Namespace, at time: UInt64) {
        _ = timers.schedule(at: time) { [weak self] in
            guard let self else { return }
            let now = clock.monotonic()
            let (later, isGone) = world.withLock { world -> (UInt64?, Bool) in
                guard let time = world.removableAt(id, now: now) else { return (nil, false) }
                return time > now ? (time, false) : (nil, world.table.remove(id))
            }
            if let later { return removeLater(id, namespace, at: later) }
            guard isGone else { return }
            forget([id], in: namespace)
            state.write { try $0.delete(id, in: namespace) }
        }
    }
}
