import GRDB
import Logging
import SeliumHosting
import SeliumKernel
import Synchronization

/// The database: processes, requests, modules, the next id. One writer.
///
/// Writes that arrive while a commit is under way are the next commit together: a start costs a
/// transaction when it is alone and a row when there are many. What was committed survives the
/// runtime's death (WAL, synchronous=NORMAL); a loss of power may take the last second, but never
/// repeats an id (those commits are FULL).
final class StateStore: Sendable {
    /// One change; all statements of it are in one transaction.
    private struct Write: Sendable {
        var body: @Sendable (Database) throws -> Void
        var done: @Sendable (Bool) -> Void
    }

    private struct Pending: Sendable {
        var writes: [Write] = []
        var isDraining = false
        /// Nothing is taken any more.
        var isClosed = false
    }

    private let queue: DatabaseQueue
    private let pending = Mutex(Pending())
    /// What is committed of events, for those who wait for more.
    let eventMarks = Monitor<EventMarks, EventMarks.Key>(EventMarks())
    private let logger: Logger

    /// Opens the database, makes it, or brings it to the present layout.
    init(path: String, logger: Logger) throws(RuntimeError) {
        self.logger = logger
        var configuration = Configuration()
        configuration.label = "selium-state"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            // Checkpoints stall a commit; 16 MiB of log are cheap and make them rare.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 4000")
        }
        do {
            queue = try DatabaseQueue(path: path, configuration: configuration)
            try StateSchema.migrator.migrate(queue)
            let last = try queue.read { try $0.lastEvent() }
            eventMarks.withLock { $0.last = last }
        } catch {
            throw RuntimeError("cannot use the database \(path): \(error)")
        }
    }

    /// Queues a change; `done` is told on the writer's thread, in the order of the calls, whether it
    /// is committed. Short, no waiting in it.
    func write(
        _ body: @escaping @Sendable (Database) throws -> Void,
        done: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        let starts = pending.withLock { pending -> Bool? in
            guard !pending.isClosed else { return nil }
            pending.writes.append(Write(body: body, done: done))
            defer { pending.isDraining = true }
            return !pending.isDraining
        }
        switch starts {
        case true: queue.asyncWriteWithoutTransaction { database in self.drain(database) }
        case false: break
        case nil: done(false)
        }
    }

    /// Commits a change; false when it could not be.
    func commit(_ body: @escaping @Sendable (Database) throws -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            write(body) { continuation.resume(returning: $0) }
        }
    }

    /// Reads what is committed; nil when the database cannot be read, or is closed.
    func read<R: Sendable>(_ body: @escaping @Sendable (Database) throws -> R) async -> R? {
        guard !pending.withLock({ $0.isClosed }) else { return nil }
        return await withCheckedContinuation { continuation in
            queue.asyncRead { [logger] opened in
                do {
                    continuation.resume(returning: try body(opened.get()))
                } catch {
                    logger.error("state cannot be read", metadata: ["error": "\(error)"])
                    continuation.resume(returning: nil)
                }
            }
        }
    }

    /// Reserves ids on disk up to `through`; false when that failed.
    func reserveIDs(through: UInt64, done: @escaping @Sendable (Bool) -> Void) {
        guard !pending.withLock({ $0.isClosed }) else { return done(false) }
        queue.asyncWriteWithoutTransaction { database in
            do {
                try database.reserveIDs(through: through)
                done(true)
            } catch {
                self.logger.error("no process ids can be reserved", metadata: ["error": "\(error)"])
                done(false)
            }
        }
    }

    /// Reads and writes at once, before the runtime serves anybody.
    func atOpen<R>(_ body: (Database) throws -> R) throws(RuntimeError) -> R {
        do {
            return try queue.writeWithoutTransaction { database in
                defer { tellEvents(database) }
                return try body(database)
            }
        } catch {
            throw RuntimeError("the database cannot be used: \(error)")
        }
    }

    /// Waits until everything queued is committed, then closes; what comes later is not committed.
    func close() {
        pending.withLock { $0.isClosed = true }
        do {
            try queue.close()
        } catch {
            logger.error("the database does not close", metadata: ["error": "\(error)"])
        }
    }

    private func drain(_ database: Database) {
        while true {
            let group = pending.withLock { pending -> [Write] in
                if pending.writes.isEmpty { pending.isDraining = false }
                defer { pending.writes = [] }
                return pending.writes
            }
            guard !group.isEmpty else { return }
            if run(group[...], database) {
                for write in group { write.done(true) }
            } else {
                // One of them cannot be written: each for itself, so that it hurts nobody else.
                for write in group { write.done(run([write], database)) }
            }
        }
    }

    private func run(_ group: ArraySlice<Write>, _ database: Database) -> Bool {
        do {
            try database.inTransaction(.immediate) {
                for write in group { try write.body(database) }
                return .commit
            }
            tellEvents(database)
            return true
        } catch {
            logger.error("state cannot be written", metadata: ["error": "\(error)"])
            return false
        }
    }
}
