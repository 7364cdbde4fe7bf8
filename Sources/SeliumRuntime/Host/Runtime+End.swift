import Logging
import SeliumABI
public import SeliumHosting
public import SeliumKernel
import SeliumWasm

extension Runtime {
    public func stop(
        _ id: ProcessID, idempotency: Idempotency?
    ) async throws(HostError) -> StopOutcome {
        let answer = try await once(idempotency) { () throws(HostError) in
            .stopped(try await self.end(id, idempotency))
        }
        guard case .stopped(let outcome) = answer else { throw Self.reusedKey }
        return outcome
    }

    private func end(_ id: ProcessID, _ idempotency: Idempotency?) async throws(HostError)
        -> StopOutcome
    {
        let (action, process) = try world.withLock { (world) throws(HostError) in
            guard let action = world.table.stopWasRequested(id) else { throw .noProcess(id) }
            return (action, world.running[id])
        }
        var isPromised = false
        if action != .alreadyEnded, let idempotency, let process {
            isPromised = process.promise(idempotency)
        }
        if case .interrupt = action { process?.kill(.noStopHandler) }
        let record: ExitRecord
        do throws(HostError) {
            record = try await wait(id)
        } catch {
            if let idempotency { process?.withdraw(idempotency) }
            throw error
        }
        let outcome = action == .alreadyEnded ? StopOutcome.alreadyEnded(record) : .stopped(record)
        if let idempotency, !isPromised {
            let row = Self.row(idempotency, outcome, at: clock.realtime())
            // The effect is there already; a row that is not written only makes a repeat say
            // "had already exited" after a restart.
            _ = await state.commit { try $0.insert(row) }
        }
        return outcome
    }

    private static func row(
        _ idempotency: Idempotency, _ outcome: StopOutcome, at time: Int64
    ) -> RequestRow {
        RequestRow(
            key: RequestKey(idempotency), bodyHash: idempotency.bodyHash,
            answer: .stopped(outcome), finishedAt: time)
    }

    /// A guest is gone and all it wrote is in its log: its record is written, then told.
    ///
    /// On a guest thread, or on the state's writer.
    func ended(_ process: RunningProcess, _ end: RunEnd) {
        for record in process.authority.remainingSummaries() { process.output.append(record) }
        var record = record(of: process, end)
        if record.isProbablyOutOfMemory {
            process.output.append(
                .note(
                    "probably out of memory: it may have \(record.memoryLimit >> 10) KiB; "
                        + "to give it more: --memory SIZE"))
        }
        record.lastSequence = process.output.next
        let final = record
        let order = world.withLock { world in
            world.endOrder += 1
            return world.endOrder
        }
        let now = clock.realtime()
        let stops = process.takeStops().map { Self.row($0, .stopped(final), at: now) }
        state.write(
            { database in
                for stop in stops { try database.insert(stop) }
                try database.end(process.id, in: process.namespace, final, order: order)
            },
            done: { committed in
                if !committed {
                    self.logger.error(
                        "an exit record could not be written",
                        metadata: ["process": "\(process.id)"])
                }
                self.tell(process, final)
            })
    }

    /// Everybody may hear of the end.
    private func tell(_ process: RunningProcess, _ record: ExitRecord) {
        let id = process.id
        let (wall, monotonic) = (record.endedAt, clock.monotonic())
        process.input?.close()
        process.detach()
        let gone = world.update { world, wakes -> [ProcessID] in
            // In here, so that both are one moment: who has heard of the end finds it in the log,
            // and who found it in the log finds it here. Nobody who holds the logs asks for this.
            logs.update { shelf, wakes in
                shelf.append(.ended(record), to: id, wallTime: wall, monotonicTime: monotonic)
                wakes.wake(id)
            }
            world.running[id] = nil
            wakes.wake(.end(id))
            if world.running.isEmpty { wakes.wake(.drained) }
            guard world.table.isVisible(id) else {
                // Its row was never committed: it has never been.
                world.table.withdraw(id)
                return [id]
            }
            return world.table.ended(id, record, now: monotonic)
        }
        guard !gone.isEmpty else { return }
        logs.update { shelf, wakes in
            for old in gone {
                shelf.remove(old)
                wakes.wake(old)
            }
        }
        state.write { database in
            for old in gone { try database.delete(old, in: process.namespace) }
        }
    }

    private func record(of process: RunningProcess, _ end: RunEnd) -> ExitRecord {
        let requested = world.withLock { $0.table.stopRequested(process.id) }
        let endedAt = max(process.startedAt, clock.realtime())
        return ExitRecord(
            outcome: outcome(of: process, end.outcome), incarnation: 1, stopRequested: requested,
            startedAt: process.startedAt, endedAt: endedAt, cpuNanoseconds: end.cpuNanoseconds,
            peakMemory: end.peakMemory, memoryLimit: process.memoryLimit, lastSequence: 0)
    }

    private func outcome(of process: RunningProcess, _ outcome: RunOutcome) -> ExitOutcome {
        switch outcome {
        case .returned(let values):
            .returned(zip(process.resultKinds, values).compactMap { Value($1, kind: $0) })
        case .exited(let code): .exit(code: code)
        case .trapped(let trap):
            .trap(
                TrapRecord(
                    kind: trap.code.name, message: trap.code.message,
                    frames: trap.frames.map {
                        TrapRecord.Frame(
                            functionIndex: $0.functionIndex, moduleOffset: $0.moduleOffset,
                            name: $0.name)
                    }))
        case .killed(let reason, _): RunningProcess.outcome(killedFor: reason)
        case .startFailed(let error): .startFailed(error.message)
        }
    }
}

extension Value {
    /// A result of a guest as the kind its starter declared: the low bits, as C would take them.
    init?(_ value: WasmValue, kind: ValueKind) {
        switch (value, kind) {
        case (.i32(let bits), .i8): self = .i8(Int8(truncatingIfNeeded: bits))
        case (.i32(let bits), .u8): self = .u8(UInt8(truncatingIfNeeded: bits))
        case (.i32(let bits), .i16): self = .i16(Int16(truncatingIfNeeded: bits))
        case (.i32(let bits), .u16): self = .u16(UInt16(truncatingIfNeeded: bits))
        case (.i32(let bits), .i32): self = .i32(bits)
        case (.i32(let bits), .u32): self = .u32(UInt32(bitPattern: bits))
        case (.i64(let bits), .i64): self = .i64(bits)
        case (.i64(let bits), .u64): self = .u64(UInt64(bitPattern: bits))
        case (.f32(let number), .f32): self = .f32(number)
        case (.f64(let number), .f64): self = .f64(number)
        default: return nil
        }
    }
}
