import GRDB
import SeliumHosting
import SeliumKernel

/// Brings the tables back from the database when a runtime starts.
///
/// A process whose incarnation has no record did not survive the last runtime: it is `lost`, which is
/// written before anybody can ask. Sequences it may have given, up to its ceiling, are a gap of its
/// log. Whether it begins again its policy says.
struct Recovery {
    struct Result {
        var world: RuntimeWorld
        var shelf: LogShelf
        /// Those that go on.
        var living: [Living] = []
        /// Those that have ended and that nobody wants kept.
        var removable: [(id: ProcessID, namespace: Namespace)] = []
        /// How many incarnations were lost.
        var lost = 0
    }

    /// A process that goes on.
    struct Living {
        var row: ProcessRow
        var spec: StartSpec
        /// The sequence of its next log record.
        var next: UInt64
    }

    /// A row, and what came of it.
    private struct Judged {
        var row: ProcessRow
        var machine: SupervisionStateMachine
        /// The last incarnation that was begun.
        var begun: UInt32
        /// What a later incarnation needs; nil for one that has ended.
        var spec: StartSpec?
        /// Its place in the order of ends, when it has just got one.
        var order: Int64?
        /// Its row has to be written.
        var isChanged = false
        var isLost = false
    }

    let ceiling: Int
    let clock: SystemClock

    /// - Parameter logs: what is on disk of logs; hears whose of them stay. nil: nothing is.
    func run(
        _ state: StateStore, _ logs: inout LogScan?
    ) throws(RuntimeError) -> Result {
        let now = clock.monotonic()
        let rows = try state.atOpen { try $0.processRows() }
        var order = try state.atOpen { try $0.lastEndOrder() }
        var judged: [Judged] = []
        for row in rows {
            let spec = try state.atOpen { database in
                row.supervision.policy.mode == .no ? nil : try database.launch(of: row)
            }
            judged.append(judge(row, spec, now: now, &order))
        }
        // The ends of before come first, in their order.
        judged = judged.filter { $0.order == nil } + judged.filter { $0.order != nil }
        let ids = IDBlock(after: try state.atOpen { try $0.reservedIDs() })
        var result = Result(
            world: RuntimeWorld(
                table: ProcessTable(ceiling: ceiling), ids: ids, endOrder: order),
            shelf: LogShelf())
        var forgotten: [(Namespace, ProcessID)] = []
        for one in judged { forgotten += restore(one, &result, &logs, now: now) }
        try write(judged, forgotten, ids, state, logs, now: now)
        var requests: [RequestKey] = []
        for row in try state.atOpen({ try $0.requestRows() }) {
            requests += result.world.requests.restore(
                row.key, bodyHash: row.bodyHash, result: row.answer, wallTime: row.finishedAt)
        }
        if !requests.isEmpty {
            let rows = requests
            state.write { for old in rows { try $0.deleteRequest(old) } }
        }
        return result
    }

    /// What became of a process while no runtime was there.
    private func judge(
        _ row: ProcessRow, _ spec: StartSpec?, now: UInt64, _ order: inout Int64
    ) -> Judged {
        let stored = row.supervision
        var random = SystemRandomNumberGenerator()
        var machine = SupervisionStateMachine(
            policy: stored.policy, snapshot: stored.snapshot, last: stored.end ?? .exited, now: now)
        if stored.snapshot.phase != .ended, stored.policy.mode != .no, spec == nil {
            // Damage: nobody knows any more what to begin.
            var ended = stored.snapshot
            ended.phase = .ended
            machine = SupervisionStateMachine(
                policy: stored.policy, snapshot: ended, last: .crashed, now: now)
        } else {
            _ = machine.resumed(now: now, using: &random)
        }
        var one = Judged(row: row, machine: machine, begun: max(1, stored.snapshot.incarnation))
        if stored.snapshot.phase == .alive {
            one.row.exit = lostRecord(of: row)
            one.isLost = true
            one.isChanged = true
        }
        guard machine.end == nil else {
            if stored.snapshot.phase != .ended {
                order += 1
                one.order = order
                one.isChanged = true
            }
            // The last runtime died between the state and the record of this end.
            if (row.exit?.incarnation ?? 0) < stored.snapshot.incarnation {
                one.row.exit = lostRecord(of: row)
                one.isChanged = true
            }
            return one
        }
        one.spec = spec
        one.isChanged = true
        return one
    }

    private func lostRecord(of row: ProcessRow) -> ExitRecord {
        let startedAt = row.exit?.endedAt ?? row.createdAt
        return ExitRecord(
            outcome: .lost, incarnation: max(1, row.supervision.snapshot.incarnation),
            stopRequested: row.supervision.snapshot.stopRequested, startedAt: startedAt,
            endedAt: max(startedAt, clock.realtime()), cpuNanoseconds: 0, peakMemory: 0,
            memoryLimit: row.memoryLimit,
            lastSequence: max(row.ceiling, row.exit?.lastSequence ?? 0) + 1)
    }

    /// Into the tables; whom that pushed out.
    private func restore(
        _ one: Judged, _ result: inout Result, _ logs: inout LogScan?, now: UInt64
    ) -> [(Namespace, ProcessID)] {
        let (row, exit) = (one.row, one.row.exit)
        if one.isLost { result.lost += 1 }
        let last = openLog(one, &result.shelf, stored: logs?.last(row.id) ?? 0, now: now)
        logs?.adopt(row.id, in: row.namespace)
        func forget(_ id: ProcessID) {
            result.shelf.remove(id)
            logs?.abandon(id)
        }
        if let spec = one.spec {
            result.world.table.resume(
                row.status, machine: one.machine, begun: one.begun,
                isRemovedAtEnd: row.supervision.isRemovedAtEnd)
            result.living.append(Living(row: row, spec: spec, next: last + 1))
            return []
        }
        guard let exit else {
            forget(row.id)
            return [(row.namespace, row.id)]
        }
        let isRemovedAtEnd = row.supervision.isRemovedAtEnd
        if isRemovedAtEnd { result.removable.append((row.id, row.namespace)) }
        return result.world.table.restore(
            row.status, machine: one.machine, exit: exit, now: now, isRemovedAtEnd: isRemovedAtEnd
        ).map { gone in
            forget(gone)
            return (row.namespace, gone)
        }
    }

    /// Begins the part of a log that is in memory: behind what is on disk, and what is lost.
    /// The highest sequence that was given.
    private func openLog(
        _ one: Judged, _ shelf: inout LogShelf, stored: UInt64, now: UInt64
    ) -> UInt64 {
        let (id, exit) = (one.row.id, one.row.exit)
        // Without a record nobody knows how many sequences were given below the ceiling.
        let last = max(1, exit?.lastSequence ?? one.row.ceiling + 1)
        guard stored < last else {
            shelf.open(id, next: stored + 1)
            if one.spec == nil { shelf.finish(id, monotonicTime: now) }
            return stored
        }
        shelf.open(id, next: last, lost: stored + 1 < last ? stored + 1...last - 1 : nil)
        if let exit {
            shelf.append(
                .ended(exit), to: id, wallTime: exit.endedAt, monotonicTime: now,
                goesOn: one.spec != nil)
            return last
        }
        return last - 1
    }

    private func write(
        _ judged: [Judged], _ forgotten: [(Namespace, ProcessID)], _ ids: IDBlock,
        _ state: StateStore, _ logs: LogScan?, now: UInt64
    ) throws(RuntimeError) {
        let wall = clock.realtime()
        try state.atOpen { database in
            try database.reserveIDs(through: ids.last)
            try database.inTransaction(.immediate) {
                for one in judged where one.isChanged {
                    let stored = logs?.last(one.row.id) ?? 0
                    try write(one, onDisk: stored, database, now: now)
                }
                for (namespace, id) in forgotten { try database.delete(id, in: namespace) }
                try database.deleteRequests(finishedBefore: wall - Limits.idempotencyLifetime)
                return .commit
            }
        }
    }

    private func write(
        _ one: Judged, onDisk: UInt64, _ database: Database, now: UInt64
    ) throws {
        let row = one.row
        if let exit = row.exit { try database.end(row.id, in: row.namespace, exit) }
        var stored = row.supervision
        stored.snapshot = one.machine.snapshot(now: now)
        stored.end = one.machine.end?.state
        if one.spec != nil {
            // What begins at once is not begun yet: should this runtime die first, the next begins
            // the same incarnation, and nothing was lost.
            if stored.snapshot.incarnation > one.begun {
                stored.snapshot.incarnation = one.begun
                stored.snapshot.phase = .suspended
            }
            try database.raiseCeiling(
                row.id, in: row.namespace,
                to: max(row.exit?.lastSequence ?? row.ceiling + 1, onDisk) + Limits.sequenceBlock)
        } else {
            try database.deleteLaunch(row.id, in: row.namespace)
        }
        try database.setSupervision(row.id, in: row.namespace, stored, order: one.order)
        if one.order != nil, let end = stored.end {
            try database.note(.finished, row.id, in: row.namespace, end.name)
        }
    }
}
