import Dispatch
import Logging
import SeliumHosting
import SeliumKernel
import Synchronization

/// The logs on disk: what the shelf in memory gets is written behind it, and read from here once
/// memory has let go of it.
///
/// The writer is a reader of the shelf like any other, at a position of its own, on a queue of its
/// own: no guest and no event loop waits for it. What comes while it writes is the next write: no
/// timer. Where the disk takes no more, memory keeps what it can, and the log says so.
///
/// What was written survives the runtime's death at once, and a loss of power after `syncInterval`.
final class LogStore: Sendable {
    struct Configuration: Sendable {
        var retention = SegmentRetention()
        var namespaceBytes = SegmentRetention.namespaceBytes
        /// Bytes of a log that stay in memory when they are written.
        var cached = Limits.logCached
        /// Bytes kept free of a disk with so many.
        var reserve: @Sendable (UInt64) -> UInt64 = Limits.diskReserve
    }

    /// One process's log.
    struct Log: Sendable {
        /// The first sequence that is not on disk.
        var next: UInt64
        /// What it writes to, and how long that is; readers go no further.
        var active: SegmentFile?
        var activeBytes: UInt64 = 0
        /// It waits for its turn.
        var isQueued = false
        /// It has something to write, and the disk was full.
        var isHeld = false
        /// Its last word about the disk was that it is full.
        var wasToldOutage = false
        /// When it was read last, monotonic; 0 when nobody reads it.
        var readAt: UInt64 = 0
    }

    /// What everybody looks at; never locked while a file is touched.
    struct Books: Sendable {
        var ledger: SegmentLedger
        var logs: [ProcessID: Log] = [:]
        /// Logs with something to write, in the order they got it.
        var queue: [ProcessID] = []
        var isDraining = false
        var isOut = false
        var isClosed = false
        /// Ended logs that somebody reads.
        var read: Set<ProcessID> = []
        /// Where the readers of late stopped.
        var places: [ReadPlace] = []
        /// Whose damage was reported.
        var reported: Set<SegmentFile> = []

        /// What waited for the disk gets its turn.
        mutating func queueHeld() {
            for (id, log) in logs where log.isHeld {
                logs[id]?.isHeld = false
                guard !log.isQueued else { continue }
                logs[id]?.isQueued = true
                queue.append(id)
            }
        }
    }

    /// When a full disk is tried again, and a file is synced after a write, seconds.
    static let retryInterval = 1.0
    static let syncInterval = 1.0
    /// How often ages are looked at, where they count, seconds.
    static let trimInterval = 60.0
    /// What is written of a log before others get their turn, bytes.
    static let turn = 1 << 20

    let configuration: Configuration
    let folder: File
    /// As people know it, for messages.
    let path: String
    let shelf: LogMonitor
    let clock: SystemClock
    let logger: Logger
    let books: Mutex<Books>
    /// The writer's own; but for a moment of the sync locked on its queue only.
    let desk: Mutex<WriterDesk>
    let writing = DispatchQueue(label: "selium-logs")
    let syncing = DispatchQueue(label: "selium-logs-sync")
    let reading = FileWork("selium-logs-read")

    /// Goes on with what an earlier runtime left.
    ///
    /// - Parameters:
    ///   - scan: what is in the folder, and whose it is; all else in it is deleted.
    ///   - shelf: the logs in memory, with what has to be written of these processes.
    init(
        _ scan: LogScan, configuration: Configuration, shelf: LogMonitor, clock: SystemClock,
        logger: Logger
    ) {
        self.configuration = configuration
        folder = scan.folder
        path = scan.path
        self.shelf = shelf
        self.clock = clock
        self.logger = logger
        var books = Books(ledger: SegmentLedger(namespaceBytes: configuration.namespaceBytes))
        for process in scan.processes {
            books.ledger.open(
                process.id, in: process.namespace, retention: configuration.retention,
                last: process.last)
            books.logs[process.id] = Log(next: process.last + 1)
        }
        let strays = scan.strays
        _ = books.ledger.restore(scan.kept)
        self.books = Mutex(books)
        desk = Mutex(WriterDesk(run: UInt64.random(in: 1...UInt64.max)))
        // In the order of their ends: what ended is known to have by its empty last batch.
        for process in scan.processes { _ = appended(process.id) }
        writing.async { [self] in
            for stray in strays { Self.removeFolder(stray, in: folder, logger) }
            trim()
        }
    }

    /// A process that begins; its first record is to come.
    func open(_ id: ProcessID, in namespace: Namespace) {
        books.withLock { books in
            books.ledger.open(id, in: namespace, retention: configuration.retention)
            if books.logs[id] == nil { books.logs[id] = Log(next: 1) }
        }
    }

    /// The shelf has more of a log, or its end. What the log should say about the disk now, once.
    ///
    /// Called under the lock of the process's output: it takes a note and nothing else.
    func appended(_ id: ProcessID) -> SystemRecord? {
        let (starts, record) = books.withLock { books -> (Bool, SystemRecord?) in
            guard !books.isClosed, var log = books.logs[id] else { return (false, nil) }
            var record: SystemRecord?
            if log.wasToldOutage != books.isOut {
                log.wasToldOutage = books.isOut
                record = .note(books.isOut ? Self.outage : Self.outageEnded)
            }
            defer { books.logs[id] = log }
            guard !books.isOut else {
                log.isHeld = true
                return (false, record)
            }
            guard !log.isQueued else { return (false, record) }
            log.isQueued = true
            books.queue.append(id)
            defer { books.isDraining = true }
            return (!books.isDraining, record)
        }
        if starts { writing.async { [self] in drain() } }
        return record
    }

    static let outage =
        "the server's disk takes no more: from here on records stay in memory, and end with the runtime"
    static let outageEnded = "the server's disk takes records again"

    /// Forgets logs and deletes their files.
    func remove(_ ids: [ProcessID]) {
        writing.async { [self] in
            for id in ids {
                let files = books.withLock { books in
                    books.logs[id] = nil
                    books.read.remove(id)
                    return books.ledger.remove(id)
                }
                desk.withLock { $0.close(id) }
                remove(files, of: id)
            }
        }
    }

    private func remove(_ files: [SegmentFile], of id: ProcessID) {
        do throws(SystemError) {
            for file in files { try folder.unlink(file.path) }
            try folder.removeDirectory("\(id.rawValue)")
        } catch {
            // Something else is in it.
            Self.removeFolder(id, in: folder, logger)
        }
    }

    static func removeFolder(_ id: ProcessID, in folder: File, _ logger: Logger) {
        let name = "\(id.rawValue)"
        guard let files = try? File.open(name, in: folder, LogScan.folderFlags) else { return }
        do throws(SystemError) {
            for file in try files.names() { try files.unlink(file) }
            try folder.removeDirectory(name)
        } catch {
            logger.warning(
                "a log cannot be deleted", metadata: ["process": "\(id)", "error": "\(error)"])
        }
    }

    /// Whether the disk takes no more.
    var isOut: Bool { books.withLock { $0.isOut } }

    /// Waits until everything that came before is written, unless the disk is full.
    func settle() async {
        await withCheckedContinuation { continuation in
            writing.async { continuation.resume() }
        }
    }

    /// Waits until everything is written and synced; nothing is written after that.
    func close() async {
        await withCheckedContinuation { continuation in
            writing.async { [self] in
                // Once more, should the disk have been full.
                books.withLock { $0.queueHeld() }
                drain()
                books.withLock { $0.isClosed = true }
                let unsynced = desk.withLock { $0.takeUnsynced() }
                synchronize(unsynced)
                continuation.resume()
            }
        }
    }
}
