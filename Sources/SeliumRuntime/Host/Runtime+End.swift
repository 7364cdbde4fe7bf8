import Logging
import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumWasm

extension Runtime {
    /// A guest is gone and all it wrote is in its log: its record is written, then told.
    ///
    /// On a guest thread, or on the state's writer.
    func ended(_ process: RunningProcess, _ end: RunEnd) {
        ended(
            process, outcome(of: process, end.outcome), cpuNanoseconds: end.cpuNanoseconds,
            peakMemory: end.peakMemory)
    }

    /// An incarnation has ended, or never ran.
    func ended(
        _ process: RunningProcess, _ outcome: ExitOutcome, cpuNanoseconds: UInt64 = 0,
        peakMemory: UInt64 = 0
    ) {
        for record in process.authority.remainingSummaries() { process.output.append(record) }
        var record = ExitRecord(
            outcome: outcome, incarnation: 1, stopRequested: false, startedAt: process.startedAt,
            endedAt: max(process.startedAt, clock.realtime()), cpuNanoseconds: cpuNanoseconds,
            peakMemory: peakMemory, memoryLimit: process.memoryLimit, lastSequence: 0)
        if record.isProbablyOutOfMemory { process.output.append(.note(Self.memoryNote(record))) }
        let now = clock.monotonic()
        var random = SystemRandomNumberGenerator()
        let decided = world.withLock { world -> (ProcessTable.Ending, Int64?)? in
            guard
                let ending = world.table.ended(process.id, outcome, now: now, using: &random)
            else { return nil }
            return (ending, ending.goesOn ? nil : world.nextEndOrder())
        }
        guard let (ending, order) = decided else { return }
        if let note = ending.note { process.output.append(.note(note)) }
        record.incarnation = ending.incarnation
        record.stopRequested = ending.stopRequested
        record.lastSequence = process.output.next
        write(record, of: process, ending, order)
    }

    private func write(
        _ record: ExitRecord, of process: RunningProcess, _ ending: ProcessTable.Ending,
        _ order: Int64?
    ) {
        let home = process.home
        let now = clock.realtime()
        let stops = process.takeStops().map { Self.row($0, .stopped(.stopped(record)), at: now) }
        state.write(
            { database in
                for stop in stops { try database.insert(stop) }
                try database.end(home.id, in: home.namespace, record)
                try self.writeState(of: home, order, database)
            },
            done: { committed in
                if !committed {
                    self.logger.error(
                        "an exit record could not be written",
                        metadata: ["process": "\(process.id)"])
                }
                self.tell(process, record, goesOn: ending.goesOn)
            })
    }

    /// In the unit of the limit, and as people write it behind `--memory`.
    private static func memoryNote(_ record: ExitRecord) -> String {
        let isWhole = record.memoryLimit % (1 << 20) == 0
        let (shift, unit): (UInt64, String) = isWhole ? (20, "M") : (10, "K")
        return
            "probably out of memory: it held \(record.peakMemory >> shift)\(unit) of \(record.memoryLimit >> shift)\(unit); to give it more: --memory SIZE"
    }

    /// Everybody may hear of an incarnation's end.
    private func tell(_ process: RunningProcess, _ record: ExitRecord, goesOn: Bool) {
        let id = process.id
        let now = clock.monotonic()
        process.detach()
        let next = world.update { world, wakes -> ProcessTable.Next? in
            // In here, so that both are one moment: who has heard of the end finds it in the log,
            // and who found it in the log finds it here. Nobody who holds the logs asks for this.
            process.output.append(end: record, goesOn: goesOn)
            world.running[id] = nil
            guard world.table.isVisible(id) else {
                // Its row was never committed: it has never been.
                world.table.withdraw(id)
                world.homes[id] = nil
                wakes.wake(.end(id))
                if world.running.isEmpty { wakes.wake(.drained) }
                return nil
            }
            return committed(id, exit: record, now: now, &world, &wakes)
        }
        if let next {
            perform(next, process.home)
        } else {
            process.input?.close()
            forget([id], in: process.namespace)
        }
    }

    /// A change of a process is on disk; what is to be done now, told to those who wait.
    func committed(
        _ id: ProcessID, exit: ExitRecord? = nil, now: UInt64, _ world: inout RuntimeWorld,
        _ wakes: inout Monitor<RuntimeWorld, RuntimeWorld.Key>.Wakes
    ) -> ProcessTable.Next {
        let next = world.table.committed(id, exit: exit, now: now)
        if case .finish = next {
            world.homes[id] = nil
            // A log that expected a further incarnation ends here.
            logs.update { shelf, wakes in
                shelf.finish(id, monotonicTime: now)
                wakes.wake(id)
            }
            _ = logStore?.appended(id)
            wakes.wake(.end(id))
            wakes.wake(.began(id))
        }
        if world.running.isEmpty { wakes.wake(.drained) }
        return next
    }

    /// Does what a committed change asks for.
    func perform(_ next: ProcessTable.Next, _ home: ProcessHome) {
        switch next {
        case .wait: setTimer(home)
        case .begin: beginAgain(home)
        case .finish(let pushedOut):
            setTimer(home)
            home.input?.close()
            if !pushedOut.isEmpty {
                forget(pushedOut, in: home.namespace)
                let namespace = home.namespace
                state.write { database in
                    for old in pushedOut { try database.delete(old, in: namespace) }
                }
            }
            if home.spec.isRemovedAtEnd {
                removeLater(home.id, home.namespace, at: clock.monotonic() + Limits.removalDelay)
            }
        }
    }

    /// The logs of processes that the table has forgotten go.
    func forget(_ gone: [ProcessID], in namespace: Namespace) {
        logs.update { shelf, wakes in
            for old in gone {
                shelf.remove(old)
                wakes.wake(old)
            }
        }
        logStore?.remove(gone)
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
