import CWasmtime
import Synchronization

/// How much memory it may hold, and holds. For the holder of `running`.
extension Guest {
    /// What it may grow by in this turn, out of what it shares with others.
    func takeShare() -> UInt64 {
        guard let budget else { return 0 }
        let share = budget.beginTurn(room: limits.memory - min(limits.memory, budgetedBytes))
        let limit = budgetedBytes + share
        if limit != memoryLimit {
            memoryLimit = limit
            limitStore()
        }
        return share
    }

    /// Tells what of it was used; the rest is everybody's again.
    func giveBack(_ share: UInt64) {
        guard let budget else { return }
        noteMemory()
        let memory = max(budgetedBytes, memory)
        budget.endTurn(share: share, growth: memory - budgetedBytes)
        budgetedBytes = memory
    }

    /// Tells the engine; also between the turns of a call, where nothing of the store runs.
    func limitStore() {
        guard let store = unsafe store else { return }
        unsafe wasmtime_store_limiter(
            store, Int64(clamping: memoryLimit), Int64(limits.tableElements), 1,
            Int64(limits.tables), memories)
    }

    /// Looks its memory up, once it is instantiated.
    func findMemory() {
        // A module may export its one memory under several names.
        for name in ["memory", prepared.module.exportedMemory?.name ?? "memory"] {
            guard !knowsMemory else { return }
            var item = unsafe wasmtime_extern_t()
            guard
                unsafe wasmtime_instance_export_get(
                    context, &slots.pointee.instance, name, name.utf8.count, &item)
            else { continue }
            if unsafe item.kind == 3 {
                unsafe slots.pointee.memory = item.of.memory
                knowsMemory = true
                hasMemory = name == "memory"
            }
            unsafe wasmtime_extern_delete(&item)
        }
    }

    /// A memory that is not exported cannot be watched: where memory is shared, all that the guest
    /// may ever hold counts from its beginning. An outcome when that is too much.
    func admitHiddenMemory(_ budget: MemoryBudget) -> RunOutcome? {
        guard budget.reserve(limits.memory - min(limits.memory, budgetedBytes)) else {
            return .startFailed(
                WasmError(
                    .memoryLimit,
                    "the module does not export its memory, so all of its limit, \(limits.memory) bytes, counts: more than is left of what it shares with others"
                ))
        }
        budgetedBytes = max(budgetedBytes, limits.memory)
        memoryLimit = budgetedBytes
        memories = 1
        if let store = unsafe store { unsafe wasmtime_store_delete(store) }
        unsafe store = nil
        phase = .fresh
        return nil
    }

    /// Reads how large its memory is now.
    func noteMemory() {
        guard knowsMemory, let context = unsafe context else { return }
        let size = unsafe wasmtime_memory_data_size(context, &slots.pointee.memory)
        memoryBytes.store(UInt64(size), ordering: .relaxed)
    }
}
