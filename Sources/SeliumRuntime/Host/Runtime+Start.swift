import SeliumABI
public import SeliumHosting
import SeliumKernel
import SeliumWasm

extension Runtime {
    public func start(
        _ spec: StartSpec, idempotency: Idempotency?, observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        let answer = try await once(idempotency) { () throws(HostError) in
            .started(try await self.begin(spec, idempotency, observer))
        }
        guard case .started(let report) = answer else { throw Self.reusedKey }
        return report
    }

    public func dryRun(
        _ spec: StartSpec, observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        try spec.checkLimits()
        let module = try await modules.load(
            spec.module, in: spec.namespace, role: spec.role, observer)
        let plan = try StartPlan(spec, module)
        try world.withLock { (world) throws(HostError) in try Self.admit(spec, &world) }
        try judgeMemory(spec, plan)
        return plan.report
    }

    static let notWritten = HostError(
        .unavailable, "the server's state cannot be written", isRetryable: true)

    static let reusedKey = HostError(.aborted, "this idempotency key was used for another request")

    /// Runs `effect` unless the same request was seen: then joins it, or gives its answer.
    ///
    /// The effect writes the request's row together with what it changes.
    func once(
        _ idempotency: Idempotency?, _ effect: () async throws(HostError) -> RequestAnswer
    ) async throws(HostError) -> RequestAnswer {
        guard let idempotency else { return try await effect() }
        let key = RequestKey(idempotency)
        let wallTime = clock.realtime()
        let verdict = try await world.wait(for: .request(key)) {
            (world, _) throws(HostError) -> RuntimeWorld.Requests.Verdict? in
            let verdict = try hosted { () throws(KernelError) in
                try world.requests.begin(key, bodyHash: idempotency.bodyHash, wallTime: wallTime)
            }
            if case .join = verdict { return nil }
            return verdict
        }
        switch verdict {
        case .done(let answer): return answer
        case .proceed(let forgotten):
            // The database keeps what the table does; in front of the new row in its queue.
            if !forgotten.isEmpty {
                state.write { for old in forgotten { try $0.deleteRequest(old) } }
            }
        case .join: break
        }
        do throws(HostError) {
            let answer = try await effect()
            world.update { world, wakes in
                world.requests.finish(key, answer, wallTime: wallTime)
                wakes.wake(.request(key))
            }
            return answer
        } catch {
            world.update { world, wakes in
                world.requests.fail(key)
                wakes.wake(.request(key))
            }
            throw error
        }
    }

    static func admit(_ spec: StartSpec, _ world: inout RuntimeWorld) throws(HostError) {
        guard !world.isDraining else {
            throw HostError(.unavailable, "the server is shutting down", isRetryable: true)
        }
        let table = world.table
        try hosted { () throws(KernelError) in
            try table.admit(name: spec.name, namespace: spec.namespace, role: spec.role)
        }
    }

    private func judgeMemory(_ spec: StartSpec, _ plan: StartPlan) throws(HostError) {
        guard spec.role == .user else { return }
        let budget = budgets.budget(of: spec.namespace)
        guard plan.firstMemory <= budget.left else {
            throw MemoryBudgets.exhausted(budget, spec.namespace, hidden: plan.hidden)
        }
    }

    /// Takes what counts from the start from the namespace, so that starts that are judged
    /// at the same time count each other. Gives it back when `body` fails; the guest does so when it
    /// is over.
    private func reservingMemory(
        _ spec: StartSpec, _ plan: StartPlan,
        _ body: () async throws(HostError) -> (RunningProcess, ProcessRow)
    ) async throws(HostError) -> (RunningProcess, ProcessRow, MemoryShare) {
        guard spec.role == .user else {
            let (process, row) = try await body()
            return (process, row, MemoryShare())
        }
        let budget = budgets.budget(of: spec.namespace)
        let initial = plan.firstMemory
        guard budget.reserve(initial) else {
            throw MemoryBudgets.exhausted(budget, spec.namespace, hidden: plan.hidden)
        }
        do throws(HostError) {
            let (process, row) = try await body()
            return (process, row, MemoryShare(budget: budget, reserved: initial))
        } catch {
            budget.release(initial)
            throw error
        }
    }

    private func begin(
        _ spec: StartSpec, _ idempotency: Idempotency?, _ observer: StartObserver?
    ) async throws(HostError) -> StartReport {
        try spec.checkLimits()
        let module = try await modules.load(
            spec.module, in: spec.namespace, role: spec.role, observer)
        let plan = try StartPlan(spec, module)
        let program = ProcessHome.Program(module: module, plan: plan)
        let (process, row, share) = try await reservingMemory(spec, plan) {
            () async throws(HostError) in
            let id = try await self.takeID()
            let home = self.makeHome(id, spec, memoryLimit: plan.limits.memory, program: program)
            let process = RunningProcess(home)
            let row = self.row(id, spec, plan, process)
            try self.world.update { (world, _) throws(HostError) in
                try Self.admit(spec, &world)
                // Who removes a module looks for those who use it under this lock.
                guard self.modules.isUsable(plan.report.digest, by: spec.namespace) else {
                    throw .noModule(spec.module)
                }
                try hosted { () throws(KernelError) in
                    try world.table.insert(
                        row.status, role: spec.role, isRemovedAtEnd: spec.isRemovedAtEnd)
                }
                world.homes[id] = home
                world.running[id] = process
            }
            return (process, row)
        }
        var report = plan.report
        report.id = process.id
        openLog(process, module)
        let request = idempotency.map {
            RequestRow(
                key: RequestKey($0), bodyHash: $0.bodyHash, answer: .started(report),
                finishedAt: clock.realtime())
        }
        let isCommitted = await withCheckedContinuation { continuation in
            publish(row, spec, request) { continuation.resume(returning: $0) }
            // Behind the row in the writer's queue, whatever the guest does: its end is an update
            // of that row.
            run(process, program, share)
        }
        guard isCommitted else {
            process.kill(.kill)
            throw Self.notWritten
        }
        return report
    }

    /// The next id; asks for more when they become few.
    private func takeID() async throws(HostError) -> ProcessID {
        let failures = world.withLock { $0.ids.failures }
        return try await world.wait(for: .ids) { (world, _) throws(HostError) -> ProcessID? in
            if let id = world.ids.take() {
                if let through = world.ids.wanted() { reserveIDs(through) }
                return id
            }
            // None is left, and the disk takes no more: not again and again.
            guard world.ids.failures == failures else { throw Self.notWritten }
            if let through = world.ids.wanted() { reserveIDs(through) }
            return nil
        }
    }

    private func reserveIDs(_ through: UInt64) {
        state.reserveIDs(through: through) { [world] succeeded in
            world.update { world, wakes in
                world.ids.reserved(through: through, succeeded: succeeded)
                wakes.wake(.ids)
            }
        }
    }

    /// - Parameters:
    ///   - ceiling: log sequences up to here are reserved on disk.
    ///   - next: the sequence of the next record.
    func makeHome(
        _ id: ProcessID, _ spec: StartSpec, memoryLimit: UInt64, program: ProcessHome.Program?,
        ceiling: UInt64 = Limits.sequenceBlock, next: UInt64 = 1
    ) -> ProcessHome {
        let namespace = spec.namespace
        let output = ProcessOutput(
            id, logs: logs, clock: clock, timers: timers, ceiling: ceiling, next: next,
            waitsForReader: keepsUnreadRecords,
            raise: { [state] ceiling, done in
                // Should the disk be full, the process goes on; a crash may then repeat sequences.
                state.write(
                    { try $0.raiseCeiling(id, in: namespace, to: ceiling) }, done: { _ in done() })
            },
            appended: { [logStore] in logStore?.appended(id) })
        return ProcessHome(
            id: id, spec: spec, output: output, memoryLimit: memoryLimit, program: program)
    }

    private func row(
        _ id: ProcessID, _ spec: StartSpec, _ plan: StartPlan, _ process: RunningProcess
    ) -> ProcessRow {
        ProcessRow(
            id: id, namespace: spec.namespace, name: spec.name, creator: spec.creator,
            moduleName: spec.moduleName, moduleDigest: plan.report.digest,
            entrypoint: plan.report.entrypoint, grants: plan.report.grants,
            memoryLimit: plan.limits.memory, createdAt: process.startedAt,
            ceiling: Limits.sequenceBlock, exit: nil,
            supervision: StoredSupervision(
                policy: spec.policy, isRemovedAtEnd: spec.isRemovedAtEnd,
                snapshot: SupervisionStateMachine(policy: spec.policy).snapshot(now: 0), end: nil),
            outline: StartOutline(spec), labels: spec.labels)
    }

    private func openLog(_ process: RunningProcess, _ module: LoadedModule) {
        logs.withLock { $0.open(process.id) }
        logStore?.open(process.id, in: process.namespace)
        process.output.append(.began(incarnation: 1))
        for note in module.unknownImports.prefix(Limits.moduleNotes) {
            process.output.append(.unknownImport(module: note.module, name: note.name))
        }
    }

    /// Lets the guest run. It may run before its row is committed, but nobody hears of it before.
    func run(_ process: RunningProcess, _ program: ProcessHome.Program, _ share: MemoryShare) {
        let spec = process.home.spec
        world.update { world, wakes in
            world.table.began(process.id, now: clock.monotonic())
            wakes.wake(.began(process.id))
        }
        let wasi = WASIProcess(
            arguments: StartPlan.argv(spec),
            environment: spec.environment.map { (name: $0.name, value: $0.value) },
            output: process, input: process.input ?? NoInput(), authority: process.authority,
            clock: clock, timers: timers)
        let itself = GuestProcess(
            id: process.id.rawValue, name: spec.name.map { "\($0)" } ?? "",
            handles: process.handles,
            supervision: IncarnationSupervision(runtime: self, process: process))
        let guest = scheduler.spawn(
            program.module.prepared, plan: program.plan.entry, limits: program.plan.limits,
            budget: share.budget, reserved: share.reserved,
            user: GuestContext(wasi: wasi, process: itself)
        ) { [self] end in
            process.output.whenDrained { self.ended(process, end) }
        }
        process.attach(guest)
    }

    /// Commits the row; everybody may see the process then. False: it could not be, the process is
    /// taken back when it has ended.
    private func publish(
        _ row: ProcessRow, _ spec: StartSpec, _ request: RequestRow?,
        done: @escaping @Sendable (Bool) -> Void
    ) {
        // What a later incarnation needs; of a process that is not restarted no value is stored.
        let launch = spec.policy.mode == .no ? nil : spec.storedLaunch
        state.write(
            { database in
                try database.insert(row)
                if let launch { try database.insertLaunch(row.id, in: row.namespace, launch) }
                if let request { try database.insert(request) }
            },
            done: { [world] committed in
                // On the writer's thread, before the end's own commit can be told.
                if committed { world.withLock { $0.table.publish(row.id) } }
                done(committed)
            })
    }
}
