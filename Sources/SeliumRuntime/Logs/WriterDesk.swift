import Glibc
import SeliumKernel

/// What the one writer of logs has before it: the segments it writes to, some of them open.
struct WriterDesk: Sendable {
    /// One process's segment.
    struct Work: Sendable {
        var name: SegmentFile
        var writer: SegmentWriter
        var file: File?
        /// Ascends with its use.
        var used: UInt64 = 0
    }

    /// What is to be synced.
    struct Unsynced: Sendable {
        var files: [SegmentFile: File] = [:]
        /// There were more.
        var isOverflowing = false
        var isEmpty: Bool { files.isEmpty && !isOverflowing }
    }

    /// Segments whose file stays open, for processes that go on writing.
    static let openFiles = 64
    /// Files that are synced one by one; of more the whole file system is.
    static let syncedFiles = 64

    /// Monotonic times compare among segments with the same number.
    let run: UInt64
    var works: [ProcessID: Work] = [:]
    var unsynced = Unsynced()
    var isSyncScheduled = false
    private var openCount = 0
    private var uses: UInt64 = 0

    init(run: UInt64) { self.run = run }

    /// The open file of a process's segment.
    mutating func file(of id: ProcessID, in folder: File) throws(SystemError) -> File? {
        guard let work = works[id] else { return nil }
        uses += 1
        works[id]?.used = uses
        if let file = work.file { return file }
        let file = try File.open(work.name.path, in: folder, O_WRONLY | O_APPEND | O_NOFOLLOW)
        keep(file, for: id)
        return file
    }

    /// Begins to write to a new segment whose header is written.
    mutating func begin(_ name: SegmentFile, _ header: SegmentHeader, _ file: File) {
        close(name.process)
        uses += 1
        works[name.process] = Work(name: name, writer: SegmentWriter(header), used: uses)
        keep(file, for: name.process)
    }

    private mutating func keep(_ file: File, for id: ProcessID) {
        if openCount >= Self.openFiles,
            let oldest = works.filter({ $0.value.file != nil }).min(by: {
                $0.value.used < $1.value.used
            })
        {
            works[oldest.key]?.file = nil
            openCount -= 1
        }
        works[id]?.file = file
        openCount += 1
    }

    /// Writes no more to a process's segment.
    mutating func close(_ id: ProcessID) {
        if works.removeValue(forKey: id)?.file != nil { openCount -= 1 }
    }

    /// Bytes were written to this file. True when somebody has to see to the sync.
    mutating func wrote(_ name: SegmentFile, _ file: File) -> Bool {
        if unsynced.files[name] == nil {
            if unsynced.files.count < Self.syncedFiles {
                unsynced.files[name] = file
            } else {
                unsynced.isOverflowing = true
            }
        }
        defer { isSyncScheduled = true }
        return !isSyncScheduled
    }

    mutating func takeUnsynced() -> Unsynced {
        defer {
            unsynced = Unsynced()
            isSyncScheduled = false
        }
        return unsynced
    }
}

extension SegmentFile {
    /// Its place in the folder of all logs.
    var path: String { "\(process.rawValue)/\(name)" }
}
