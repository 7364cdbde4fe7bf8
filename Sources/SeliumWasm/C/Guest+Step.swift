import CWasmtime
import Synchronization

/// What one step did.
enum StepEnd {
    case parked
    case yielded
    case ended
}

extension Guest {
    /// Runs until it waits, has used its slice, or is over. State: `running`.
    func step() -> StepEnd {
        let begin = monotonicNanoseconds()
        sliceStart = begin
        let share = takeShare()
        let result = advance()
        giveBack(share)
        let used = monotonicNanoseconds() &- begin
        usedNanoseconds.wrappingAdd(used, ordering: .relaxed)
        user.turnEnded()
        switch result {
        case .none: return isWaiting ? .parked : .yielded
        case .some(let outcome):
            end(outcome)
            return .ended
        }
    }

    private func advance() -> RunOutcome? {
        while true {
            if let reason = killReason { return .killed(reason: reason, frames: []) }
            if unsafe future == nil, let outcome = begin() { return outcome }
            guard let future = unsafe future else { return .startFailed(Self.noFuture) }
            isWaiting = false
            let isReady = unsafe wasmtime_call_future_poll(future)
            noteMemory()
            guard isReady else { return nil }
            unsafe wasmtime_call_future_delete(future)
            unsafe self.future = nil
            if let outcome = finishCall() { return outcome }
        }
    }

    private static var noFuture: WasmError { WasmError(.engine, "the engine began no call") }

    private var killReason: UInt8? {
        let request = killRequest.load(ordering: .acquiring)
        return request == 0 ? nil : UInt8(truncatingIfNeeded: request - 1)
    }

    /// Begins the next call; an outcome when that is impossible.
    private func begin() -> RunOutcome? {
        switch phase {
        case .fresh: return instantiate()
        case .instantiating: return afterInstantiation()
        case .initializing: return nextArgument(0)
        case .allocating(let index): return nextArgument(index + 1)
        case .running: return nil
        }
    }

    private func instantiate() -> RunOutcome? {
        let needed = prepared.module.initialMemory
        guard needed <= limits.memory else {
            return .startFailed(
                WasmError(
                    .memoryLimit,
                    "the module begins with \(needed) bytes of memory, more than its limit of \(limits.memory)"
                ))
        }
        guard needed <= memoryLimit else {
            return .startFailed(
                WasmError(
                    .memoryLimit,
                    "the module begins with \(needed) bytes of memory, of what it shares with others \(memoryLimit) are left"
                ))
        }
        if budget != nil, prepared.module.exportedMemory == nil, budgetedBytes < limits.memory {
            // Whether it has one at all only the engine knows: it refuses, then, before anything runs.
            memories = 0
        }
        let this = unsafe Unmanaged.passUnretained(self).toOpaque()
        guard let store = unsafe wasmtime_store_new(prepared.module.engine.raw, this, nil) else {
            return .startFailed(WasmError(.resources, "the engine made no store"))
        }
        unsafe self.store = store
        let context = unsafe wasmtime_store_context(store)
        unsafe self.context = context
        limitStore()
        // A new store's deadline has already passed.
        unsafe wasmtime_context_set_epoch_deadline(context, 1)
        unsafe wasmtime_store_epoch_deadline_callback(store, epochThunk, this, nil)
        phase = .instantiating
        unsafe future = wasmtime_instance_pre_instantiate_async(
            prepared.raw, context, &slots.pointee.instance, &slots.pointee.trap,
            &slots.pointee.error)
        return nil
    }

    private func afterInstantiation() -> RunOutcome? {
        findMemory()
        noteMemory()
        guard plan.initializes else { return nextArgument(0) }
        phase = .initializing
        return call("_initialize", [], results: 0)
    }

    /// Prepares entry arguments from `index` on until one needs memory; then the entry itself.
    private func nextArgument(_ index: Int) -> RunOutcome? {
        var index = index
        while index < plan.arguments.count {
            switch plan.arguments[index] {
            case .i32(let value): entryArguments.append(.i32(value))
            case .i64(let value): entryArguments.append(.i64(value))
            case .f32(let value): entryArguments.append(.f32(value))
            case .f64(let value): entryArguments.append(.f64(value))
            case .bytes(let bytes):
                guard let allocator = plan.allocator, let length = Int32(exactly: bytes.count)
                else {
                    return .startFailed(WasmError(.badEntrypoint, "an argument is too long"))
                }
                phase = .allocating(index)
                return call(allocator.name, allocator.arguments(length: length), results: 1)
            }
            index += 1
        }
        phase = .running
        return call(plan.name, entryArguments, results: plan.results.count)
    }

    private func call(_ name: String, _ arguments: [WasmValue], results: Int) -> RunOutcome? {
        var item = unsafe wasmtime_extern_t()
        guard
            unsafe wasmtime_instance_export_get(
                context, &slots.pointee.instance, name, name.utf8.count, &item)
        else { return .startFailed(WasmError(.engine, "an export has gone")) }
        defer { unsafe wasmtime_extern_delete(&item) }
        guard unsafe item.kind == 0 else {
            return .startFailed(WasmError(.engine, "an export has changed"))
        }
        unsafe slots.pointee.function = item.of.func
        unsafe values?.deallocate()
        unsafe values = .allocate(capacity: max(1, arguments.count + results))
        guard let values = unsafe values else { return nil }
        for (index, argument) in arguments.enumerated() {
            unsafe (values + index).initialize(to: wasmtime_val_t(argument))
        }
        for index in 0..<results {
            unsafe (values + arguments.count + index).initialize(to: wasmtime_val_t())
        }
        argumentCount = arguments.count
        resultCount = results
        unsafe future = wasmtime_func_call_async(
            context, &slots.pointee.function, values, argumentCount, values + argumentCount,
            resultCount, &slots.pointee.trap, &slots.pointee.error)
        return nil
    }

    /// Looks at what a finished call left; an outcome when it was the last.
    private func finishCall() -> RunOutcome? {
        if let outcome = failure() { return outcome }
        switch phase {
        case .fresh, .instantiating, .initializing: return nil
        case .allocating(let index):
            guard case .bytes(let bytes) = plan.arguments[index], let values = unsafe values else {
                return nil
            }
            let pointer = unsafe values[argumentCount].of.i32
            do {
                try currentMemory().write(bytes, at: UInt32(bitPattern: pointer))
            } catch {
                return .startFailed(
                    WasmError(
                        .badEntrypoint,
                        "\(plan.allocator?.name ?? "the allocator") gave no room for an argument"))
            }
            // A null pointer for something: the allocator failed, the way C says it.
            if pointer == 0, !bytes.isEmpty {
                return .startFailed(
                    WasmError(
                        .badEntrypoint,
                        "\(plan.allocator?.name ?? "the allocator") had no memory for an argument"))
            }
            entryArguments.append(.i32(pointer))
            entryArguments.append(.i32(Int32(bytes.count)))
            return nil
        case .running:
            guard let values = unsafe values else { return .returned([]) }
            return .returned(
                (0..<resultCount).compactMap { unsafe values[argumentCount + $0].number })
        }
    }

    /// The outcome of a call that did not return.
    private func failure() -> RunOutcome? {
        if let trap = unsafe slots.pointee.trap {
            unsafe slots.pointee.trap = nil
            let (code, frames) = unsafe TrapReader.take(trap: trap)
            return stopped(frames) ?? .trapped(Trap(code: TrapCode(engine: code), frames: frames))
        }
        guard let error = unsafe slots.pointee.error else { return nil }
        unsafe slots.pointee.error = nil
        let (message, frames) = unsafe TrapReader.take(error: error)
        if let stop = stopped(frames) { return stop }
        if unsafe wasmtime_context_has_exception(context) {
            return .trapped(Trap(code: .uncaughtException, frames: frames))
        }
        if case .instantiating = phase {
            if memories == 0, let budget { return admitHiddenMemory(budget) }
            return .startFailed(WasmError(.resources, message))
        }
        return .trapped(Trap(code: .other(nil), frames: frames))
    }

    /// The outcome when it was we who stopped it.
    private func stopped(_ frames: [TrapFrame]) -> RunOutcome? {
        switch hostStop {
        case .exit(let code): return .exited(code)
        case .trap(let message): return .trapped(Trap(code: .host(message), frames: frames))
        case nil: break
        }
        guard diedAtTick, let reason = killReason else { return nil }
        return .killed(reason: reason, frames: frames)
    }

    private func end(_ outcome: RunOutcome) {
        noteMemory()
        tearDown()
        state.store(RunState.ended, ordering: .releasing)
        let tell = onEnd
        onEnd = nil
        core.guestEnded()
        tell?(RunEnd(outcome: outcome, peakMemory: memory, cpuNanoseconds: cpuNanoseconds))
    }

    /// Gives everything of the engine back. The future goes first: what it points to is in the
    /// store and in the slots.
    func tearDown() {
        if let future = unsafe future { unsafe wasmtime_call_future_delete(future) }
        unsafe future = nil
        if let trap = unsafe slots.pointee.trap { unsafe wasm_trap_delete(trap) }
        if let error = unsafe slots.pointee.error { unsafe wasmtime_error_delete(error) }
        unsafe slots.pointee.trap = nil
        unsafe slots.pointee.error = nil
        if let store = unsafe store { unsafe wasmtime_store_delete(store) }
        unsafe store = nil
        unsafe context = nil
        budget?.release(budgetedBytes)
        budgetedBytes = 0
        unsafe values?.deallocate()
        unsafe values = nil
        hasMemory = false
        knowsMemory = false
    }
}
