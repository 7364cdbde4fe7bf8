import CWasmtime
import Synchronization

/// What the engine writes into while a future lives: it must not move.
@safe struct GuestSlots {
    var instance = wasmtime_instance_t()
    var function = unsafe wasmtime_func_t()
    var memory = wasmtime_memory_t()
    var trap: OpaquePointer?
    var error: OpaquePointer?
}

/// A running instance of a module: one store, one call, one stack.
///
/// SAFETY: everything of the engine belongs to whoever holds the state `running`: the scheduler thread
/// in `step`, and host functions called within it; one compare-and-swap hands it over. What others
/// touch is atomic or never changes.
@safe public final class Guest: @unchecked Sendable {
    /// Where it is; the whole hand-over between threads is this one word.
    enum RunState {
        /// Waits for a host call.
        static let parked: UInt8 = 0
        /// In a queue of the scheduler.
        static let queued: UInt8 = 1
        /// On a thread.
        static let running: UInt8 = 2
        /// On a thread, and woken meanwhile: it must run once more before it parks.
        static let runningNotified: UInt8 = 3
        /// Over; nothing of the engine is left.
        static let ended: UInt8 = 4
    }

    enum TickDecision { case goOn, yield, die }

    /// What a host function decided about the run's end.
    enum HostStop {
        case exit(UInt32)
        case trap(String)
    }

    /// How far it is.
    enum Phase {
        case fresh
        case instantiating
        case initializing
        case allocating(Int)
        case running
    }

    /// The object the guest was started with; host functions find theirs by it.
    public let user: any GuestUser
    let core: SchedulerCore
    let state = Atomic<UInt8>(RunState.queued)
    /// 0: none, else 1 + the reason.
    let killRequest = Atomic<UInt16>(0)
    let usedNanoseconds = Atomic<UInt64>(0)
    let memoryBytes = Atomic<UInt64>(0)
    /// Steps that had to be written off.
    let overruns = Atomic<Int>(0)

    // Below: only for the holder of `running`.
    let prepared: PreparedModule
    let plan: EntryPlan
    let limits: GuestLimits
    /// What it shares with others; nil: its own limit alone counts.
    let budget: MemoryBudget?
    /// What the budget knows of it, bytes.
    var budgetedBytes: UInt64
    /// What the engine lets it hold in this turn, bytes.
    var memoryLimit: UInt64
    var onEnd: (@Sendable (RunEnd) -> Void)?
    var phase = Phase.fresh
    var store: OpaquePointer?
    var context: OpaquePointer?
    var future: OpaquePointer?
    let slots: UnsafeMutablePointer<GuestSlots>
    var values: UnsafeMutablePointer<wasmtime_val_t>?
    var argumentCount = 0
    var resultCount = 0
    var entryArguments: [WasmValue] = []
    var hasMemory = false
    /// Its memory is in the slots, whatever it is exported as.
    var knowsMemory = false
    /// Memories the engine lets it have.
    var memories: Int64 = 1
    /// It waits in a host call. Pending without it, the future wants to be polled again: after an
    /// epoch's yield, a host function's, or one of the engine's own (its collector works in steps).
    var isWaiting = false
    var diedAtTick = false
    var hostStop: HostStop?
    var sliceStart: UInt64 = 0

    init(
        _ prepared: PreparedModule, plan: EntryPlan, limits: GuestLimits, budget: MemoryBudget?,
        reserved: UInt64, user: any GuestUser, core: SchedulerCore,
        onEnd: @escaping @Sendable (RunEnd) -> Void
    ) {
        self.prepared = prepared
        self.plan = plan
        self.limits = limits
        self.budget = budget
        budgetedBytes = budget == nil ? 0 : reserved
        memoryLimit = limits.memory
        self.user = user
        self.core = core
        self.onEnd = onEnd
        unsafe slots = .allocate(capacity: 1)
        unsafe slots.initialize(to: GuestSlots())
    }

    deinit {
        tearDown()
        unsafe slots.deallocate()
    }

    /// Ends the guest, wherever it is: within a tick when it runs, at once when it waits. The first
    /// reason counts; a guest that ended stays as it ended. `onEnd` tells when it is gone.
    public func kill(reason: UInt8) {
        let (won, _) = killRequest.compareExchange(
            expected: 0, desired: UInt16(reason) + 1, ordering: .sequentiallyConsistent)
        guard won else { return }
        while true {
            // In one order with the scheduler's store of the state and load of the request.
            let now = state.load(ordering: .sequentiallyConsistent)
            switch now {
            case RunState.parked:
                guard exchange(now, RunState.queued) else { continue }
                core.push(self, .urgent)
            case RunState.queued:
                // It may sit behind many others. The second entry in the queue finds it ended.
                core.push(self, .urgent)
            case RunState.running, RunState.runningNotified:
                prepared.module.engine.tick()
            default: break
            }
            return
        }
    }

    /// CPU time so far, nanoseconds, up to the last time it left a thread.
    public var cpuNanoseconds: UInt64 { usedNanoseconds.load(ordering: .relaxed) }

    /// Linear memory, bytes, when it last left a thread. Wasm memory never shrinks: it is the peak.
    public var memory: UInt64 { memoryBytes.load(ordering: .relaxed) }

    /// Whether it is over.
    public var hasEnded: Bool { state.load(ordering: .acquiring) == RunState.ended }

    /// Somebody completed what it waits for.
    func notify() {
        while true {
            let now = state.load(ordering: .acquiring)
            switch now {
            case RunState.parked:
                guard exchange(now, RunState.queued) else { continue }
                core.push(self, .hot)
                return
            case RunState.running:
                guard exchange(now, RunState.runningNotified) else { continue }
                return
            default: return
            }
        }
    }

    func exchange(_ expected: UInt8, _ desired: UInt8) -> Bool {
        state.compareExchange(
            expected: expected, desired: desired, ordering: .sequentiallyConsistent
        )
        .exchanged
    }

    /// Called on the guest's stack by the engine.
    func decideAtTick() -> TickDecision {
        if killRequest.load(ordering: .relaxed) != 0 {
            diedAtTick = true
            return .die
        }
        // A guest that slept past its deadline is asked at its first loop after waking: it has
        // just begun, and goes on.
        if monotonicNanoseconds() &- sliceStart < core.configuration.slice { return .goOn }
        return .yield
    }

    /// A trap for the engine when `reply` ends the guest, else nil.
    func stop(for reply: HostReply, declared: WasmKind?) -> OpaquePointer? {
        switch reply {
        case .exit(let code): hostStop = .exit(code)
        case .trap(let message): hostStop = .trap(message)
        default:
            guard reply.value?.kind != declared else { return nil }
            hostStop = .trap("the host answered with another type than it declared")
        }
        return unsafe wasmtime_trap_new("host", 4)
    }

    func memory(in context: OpaquePointer) -> GuestMemory {
        unsafe GuestMemory(
            base: wasmtime_memory_data(context, &slots.pointee.memory),
            count: wasmtime_memory_data_size(context, &slots.pointee.memory))
    }

    /// For continuations, where there is no caller.
    func currentMemory() -> GuestMemory {
        guard hasMemory, let context = unsafe context else {
            return unsafe GuestMemory(base: nil, count: 0)
        }
        return unsafe memory(in: context)
    }
}
