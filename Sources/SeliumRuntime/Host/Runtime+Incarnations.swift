import GRDB
import Logging
import SeliumHosting
import SeliumKernel
import SeliumWasm

// From one incarnation to the next: the state on disk, the time between, the start.
extension Runtime {
    /// Writes how a process stands. On the writer's thread, with the newest that is known: changes
    /// that come later are written later.
    ///
    /// - Parameter order: its place in the order of ends, when it has come to its end.
    func writeState(of home: ProcessHome, _ order: Int64?, _ database: Database) throws {
        let now = clock.monotonic()
        let known = world.withLock { world in
            world.table.snapshot(home.id, now: now).map {
                ($0, world.table.finalState(home.id))
            }
        }
        guard let (snapshot, end) = known else { return }
        let stored = StoredSupervision(
            policy: home.spec.policy, isRemovedAtEnd: home.spec.isRemovedAtEnd,
            snapshot: snapshot, end: end)
        try database.setSupervision(home.id, in: home.namespace, stored, order: order)
        // What it was started with has done its service; it may hold secrets.
        if end != nil, home.isRestartable {
            try database.deleteLaunch(home.id, in: home.namespace)
        }
        if order != nil, let end {
            try database.note(.finished, home.id, in: home.namespace, end.name)
        }
    }

    /// Commits a change of a process that was decided under the world's lock, then goes on.
    func commitChange(of home: ProcessHome, order: Int64? = nil) {
        state.write(
            { try self.writeState(of: home, order, $0) },
            done: { _ in
                let now = self.clock.monotonic()
                let next = self.world.update { world, wakes in
                    self.committed(home.id, now: now, &world, &wakes)
                }
                self.perform(next, home)
            })
    }

    // MARK: Time

    /// Rings when the process waits for the time to pass, and no more when it does not.
    func setTimer(_ home: ProcessHome) {
        let id = home.id
        // One at a time: the timer of a deadline that is over must not take a newer one's place.
        home.replaceTimer { old in
            if old != 0 { timers.cancel(old) }
            let deadline = world.withLock { $0.isClosed ? nil : $0.table.deadline(id) }
            guard let deadline else { return 0 }
            return timers.schedule(at: deadline) { [weak self] in self?.timePassed(id) }
        }
    }

    /// On the timer's thread.
    private func timePassed(_ id: ProcessID) {
        let now = clock.monotonic()
        let (action, home, process) = world.withLock { world in
            let (home, process) = (world.isClosed ? nil : world.homes[id], world.running[id])
            // The table may know an older one: not every sign of life comes as far.
            if let heartbeat = process?.takeHeartbeat() {
                world.table.receivedHeartbeat(
                    id, promising: heartbeat.interval, now: heartbeat.at)
            }
            let action = home == nil ? .none : world.table.timePassed(id, now: now)
            return (action, home, process)
        }
        guard let home else { return }
        switch action {
        case .start: commitChange(of: home)
        case .interrupt(let interruption):
            process?.interrupt(interruption)
            setTimer(home)
        case .healthy:
            state.write { try self.writeState(of: home, nil, $0) }
            setTimer(home)
        case .none: setTimer(home)
        }
    }

    // MARK: The next incarnation

    /// Begins the incarnation that the table has counted: the same module, arguments, environment.
    func beginAgain(_ home: ProcessHome) {
        let process = RunningProcess(home)
        let (number, interruption) = world.update { world, wakes in
            world.running[home.id] = process
            wakes.wake(.began(home.id))
            return (
                world.table.incarnation(home.id) ?? 1,
                world.isDraining ? .kill(.runtimeShutdown) : world.table.interruption(home.id)
            )
        }
        state.write { try $0.note(.restarted, home.id, in: home.namespace, incarnation: number) }
        home.output.append(.began(incarnation: number))
        if case .kill(let reason) = interruption { return ended(process, .killed(reason)) }
        let program: ProcessHome.Program
        let share: MemoryShare
        do throws(HostError) {
            program = try home.program()
            share = try takeMemory(home.spec, program.plan)
        } catch {
            return ended(process, .startFailed(error.message))
        }
        run(process, program, share)
        // For when it is healthy.
        setTimer(home)
    }

    private func takeMemory(
        _ spec: StartSpec, _ plan: StartPlan
    ) throws(HostError) -> MemoryShare {
        guard spec.role == .user else { return MemoryShare() }
        let budget = budgets.budget(of: spec.namespace)
        let initial = plan.firstMemory
        guard budget.reserve(initial) else {
            throw MemoryBudgets.exhausted(budget, spec.namespace, hidden: plan.hidden)
        }
        return MemoryShare(budget: budget, reserved: initial)
    }

    // MARK: After another runtime

    /// Loads the modules of the processes that an earlier runtime left, and lets them go on. They are
    /// in the table, and can be stopped, from the beginning; call this once, beside serving.
    public func resumeProcesses() async {
        let ids = world.withLock { world in
            defer { world.resumable = [] }
            return world.resumable
        }
        for id in ids {
            guard let home = world.withLock({ $0.isDraining ? nil : $0.homes[id] }) else {
                continue
            }
            home.loaded(await load(home))
            let begins = world.withLock { $0.isDraining ? false : $0.table.willBegin(id) }
            if begins { commitChange(of: home) } else { setTimer(home) }
        }
    }

    private func load(_ home: ProcessHome) async -> Result<ProcessHome.Program, HostError> {
        do throws(HostError) {
            let module = try await modules.load(
                home.spec.module, in: home.namespace, role: home.spec.role)
            let started = world.withLock { $0.table.unpublished(home.id)?.moduleDigest }
            guard module.digest == started else {
                throw HostError(
                    .failedPrecondition, "the module is another one than it was started from")
            }
            return .success(.init(module: module, plan: try StartPlan(home.spec, module)))
        } catch {
            logger.warning(
                "a process of the last run cannot go on",
                metadata: ["process": "\(home.id)", "error": "\(error.message)"])
            return .failure(error)
        }
    }
}
