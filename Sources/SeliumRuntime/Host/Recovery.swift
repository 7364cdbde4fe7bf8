import GRDB
import SeliumHosting
import SeliumKernel

/// Brings the tables back from the database when a runtime starts.
///
/// A process without a record did not survive the last runtime: it is `lost`, which is written
/// before anybody can ask. Sequences it may have given, up to its ceiling, are a gap of its log.
struct Recovery {
    struct Result {
        var world: RuntimeWorld
        var shelf: LogShelf
        /// How many processes were lost.
        var lost: Int
    }

    let ceiling: Int
    let clock: SystemClock

    func run(_ state: StateStore) throws(RuntimeError) -> Result {
        let now = clock.monotonic()
        let wall = clock.realtime()
        var rows = try state.atOpen { try $0.processRows() }
        var order = try state.atOpen { try $0.lastEndOrder() }
        var lost: [(ProcessRow, Int64)] = []
        for index in rows.indices where rows[index].exit == nil {
            order += 1
            rows[index].exit = record(of: rows[index], wall: wall)
            lost.append((rows[index], order))
        }
        var table = ProcessTable(ceiling: ceiling)
        var shelf = LogShelf()
        var forgotten: [(Namespace, ProcessID)] = []
        for row in rows {
            guard let exit = row.exit else { continue }
            shelf.open(row.id, lostThrough: exit.lastSequence > 0 ? exit.lastSequence - 1 : 0)
            shelf.append(.ended(exit), to: row.id, wallTime: exit.endedAt, monotonicTime: now)
            for gone in table.restore(row.status, exit: exit, now: now) {
                shelf.remove(gone)
                forgotten.append((row.namespace, gone))
            }
        }
        let reserved = try state.atOpen { try $0.reservedIDs() }
        let ids = IDBlock(after: reserved)
        var world = RuntimeWorld(table: table, ids: ids, endOrder: order)
        try state.atOpen { database in
            try database.reserveIDs(through: ids.last)
            try database.inTransaction(.immediate) {
                for (row, order) in lost {
                    guard let exit = row.exit else { continue }
                    try database.end(row.id, in: row.namespace, exit, order: order)
                }
                for (namespace, id) in forgotten { try database.delete(id, in: namespace) }
                try database.deleteRequests(finishedBefore: wall - Limits.idempotencyLifetime)
                return .commit
            }
        }
        var requests: [RequestKey] = []
        for row in try state.atOpen({ try $0.requestRows() }) {
            requests += world.requests.restore(
                row.key, bodyHash: row.bodyHash, result: row.answer, wallTime: row.finishedAt)
        }
        if !requests.isEmpty {
            let rows = requests
            state.write { for old in rows { try $0.deleteRequest(old) } }
        }
        return Result(world: world, shelf: shelf, lost: lost.count)
    }

    private func record(of row: ProcessRow, wall: Int64) -> ExitRecord {
        ExitRecord(
            outcome: .lost, incarnation: 1, stopRequested: false, startedAt: row.createdAt,
            endedAt: max(row.createdAt, wall), cpuNanoseconds: 0, peakMemory: 0,
            memoryLimit: row.memoryLimit, lastSequence: row.ceiling + 1)
    }
}
