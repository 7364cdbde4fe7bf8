/// Runs guests on a few threads of its own.
///
/// Guest code never runs on a thread of the event loop or of Swift's pool. A guest that waits costs
/// no thread. The scheduler ends when it is released; the guests in it should have ended before
/// (`Guest.kill`), because those that still wait then never run again.
public final class Scheduler: Sendable {
    public let engine: Engine
    private let core: SchedulerCore

    /// Starts the threads. Throws `resources` when the machine gives none.
    public init(_ engine: Engine, _ configuration: SchedulerConfiguration = .init())
        throws(WasmError)
    {
        self.engine = engine
        let core = SchedulerCore(engine, configuration)
        self.core = core
        var started = true
        for index in 0..<core.threadCount where started { started = core.startWorker(index) }
        // Last: the list of workers is the ticker's.
        guard started, Thread.start("selium-tick", nice: 0, { core.tick() }) else {
            core.stop()
            throw WasmError(.resources, "this machine has no more threads")
        }
    }

    deinit { core.stop() }

    /// Starts a guest; it is queued at once and instantiated on a guest thread.
    ///
    /// - Parameters:
    ///   - prepared: the module with its host functions.
    ///   - plan: what to call, checked against the module's exports.
    ///   - limits: memory and tables.
    ///   - budget: memory it shares with other guests, besides its own limit.
    ///   - reserved: what the caller took from the budget for it; the guest gives it back at its end.
    ///   - user: the object its host functions find themselves by.
    ///   - onEnd: called once, on a guest thread: hand over and return; nothing that blocks.
    @discardableResult
    public func spawn(
        _ prepared: PreparedModule, plan: EntryPlan, limits: GuestLimits = .init(),
        budget: MemoryBudget? = nil, reserved: UInt64 = 0, user: any GuestUser,
        onEnd: @escaping @Sendable (RunEnd) -> Void
    ) -> Guest {
        let guest = Guest(
            prepared, plan: plan, limits: limits, budget: budget, reserved: reserved, user: user,
            core: core, onEnd: onEnd)
        core.guestStarted()
        core.push(guest, .hot)
        return guest
    }

    /// Checks the entrypoint and starts a guest.
    ///
    /// Throws `badEntrypoint`; everything else is told through `onEnd`.
    @discardableResult
    public func spawn(
        _ prepared: PreparedModule, entry: Entrypoint, limits: GuestLimits = .init(),
        budget: MemoryBudget? = nil, reserved: UInt64 = 0, user: any GuestUser,
        onEnd: @escaping @Sendable (RunEnd) -> Void
    ) throws(WasmError) -> Guest {
        let plan = try EntryPlan(entry, exports: prepared.module.exports)
        return spawn(
            prepared, plan: plan, limits: limits, budget: budget, reserved: reserved, user: user,
            onEnd: onEnd)
    }

    /// What it is doing now.
    public var statistics: SchedulerStatistics { core.statistics }
}
