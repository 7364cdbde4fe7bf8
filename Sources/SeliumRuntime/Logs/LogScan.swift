import Glibc
import Logging
import SeliumKernel

/// What an earlier runtime left in the folder of logs, repaired.
///
/// Of each log the last segment is read: it may end in the middle of a write. What is torn is cut
/// off; what is no segment any more is set aside with a message and never read again.
struct LogScan {
    /// A process whose log goes on, or stays to be read.
    struct Process {
        var id: ProcessID
        var namespace: Namespace
        /// The highest sequence on disk.
        var last: UInt64
    }

    static let folderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
    /// Where segments go that cannot be read.
    static let setAside = "set-aside"
    /// A file that is longer is none of ours.
    static let maximumFile = 64 << 20

    let folder: File
    /// As people know it, for messages.
    let path: String
    /// In the order of their ends.
    private(set) var processes: [Process] = []
    private var found: [ProcessID: [StoredSegment]] = [:]
    private var adopted: Set<ProcessID> = []
    private let logger: Logger

    /// Looks at everything; fails when the folder cannot be read.
    init(_ folder: File, path: String, logger: Logger) throws(SystemError) {
        self.folder = folder
        self.path = path
        self.logger = logger
        for name in try folder.names() {
            guard let number = UInt64(name), "\(number)" == name, let id = ProcessID(number) else {
                continue
            }
            do throws(SystemError) {
                found[id] = try segments(of: id, name)
            } catch {
                logger.error(
                    "a log cannot be read",
                    metadata: ["directory": "\(path)/\(name)", "error": "\(error)"])
            }
        }
    }

    /// The highest sequence on disk of a process, 0 when there is nothing.
    func last(_ id: ProcessID) -> UInt64 { found[id]?.last?.last ?? 0 }

    /// This process is known: its log stays.
    mutating func adopt(_ id: ProcessID, in namespace: Namespace) {
        guard adopted.insert(id).inserted else { return }
        processes.append(Process(id: id, namespace: namespace, last: last(id)))
    }

    /// It is forgotten after all.
    mutating func abandon(_ id: ProcessID) {
        guard adopted.remove(id) != nil else { return }
        processes.removeAll { $0.id == id }
    }

    /// The segments of those that are known.
    var kept: [StoredSegment] { processes.flatMap { found[$0.id] ?? [] } }

    /// Whose folders nobody wants.
    var strays: [ProcessID] { found.keys.filter { !adopted.contains($0) }.sorted() }

    // MARK: One process

    private func segments(
        of id: ProcessID, _ name: String
    ) throws(SystemError) -> [StoredSegment] {
        let files = try File.open(name, in: folder, Self.folderFlags).names()
            .compactMap { SegmentName($0) }.sorted()
        var segments: [StoredSegment] = []
        // The last one that has something in it may be torn; those before it were ended in order.
        var isLast = true
        for name in files.reversed() {
            let file = SegmentFile(process: id, firstSequence: name.firstSequence)
            let next = segments.last?.file.firstSequence
            guard let stored = isLast ? read(file) : look(at: file, before: next) else { continue }
            isLast = false
            segments.append(stored)
        }
        return segments.reversed()
    }

    /// All of a segment, repaired; nil when there is nothing in it.
    private func read(_ file: SegmentFile) -> StoredSegment? {
        do {
            let opened = try File.open(file.path, in: folder, O_RDWR | O_NOFOLLOW)
            guard let bytes = try opened.readAll(atMost: Self.maximumFile) else {
                setAside(file, because: "it is longer than any segment")
                return nil
            }
            let scan = try SegmentScan(bytes)
            guard scan.header.process == file.process,
                scan.header.firstSequence == file.firstSequence
            else {
                setAside(file, because: "it belongs to another place")
                return nil
            }
            return try repaired(scan, file, opened, size: bytes.count)
        } catch let error as SegmentError {
            // One that was being made when the runtime died.
            if error.code == .unfinished {
                try? folder.unlink(file.path)
            } else {
                setAside(file, because: error.description)
            }
        } catch {
            setAside(file, because: "\(error)")
        }
        return nil
    }

    private func repaired(
        _ scan: SegmentScan, _ file: SegmentFile, _ opened: File, size: Int
    ) throws(SystemError) -> StoredSegment? {
        if case .unreadable(let fault) = scan.end {
            setAside(file, because: "it is damaged in too many places (\(fault))")
            return nil
        }
        if !scan.holes.isEmpty {
            logger.warning(
                "a log segment is damaged; its readers get gaps",
                metadata: ["file": "\(path)/\(file.path)", "places": "\(scan.holes.count)"])
        }
        if scan.frames == 0 {
            try folder.unlink(file.path)
            return nil
        }
        if scan.validBytes < size {
            try opened.truncate(to: UInt64(scan.validBytes))
            logger.notice(
                "the torn end of a log was cut off",
                metadata: [
                    "file": "\(path)/\(file.path)", "bytes": "\(size - scan.validBytes)",
                ])
        }
        return StoredSegment(
            file: file, last: scan.nextSequence - 1, bytes: UInt64(scan.validBytes),
            latestWallTime: scan.index.latestWallTime ?? scan.header.createdAt)
    }

    /// A segment that was ended before the next one began: its frames are judged by who reads them.
    private func look(at file: SegmentFile, before next: UInt64?) -> StoredSegment? {
        do {
            let opened = try File.open(file.path, in: folder, O_RDONLY | O_NOFOLLOW)
            let status = try opened.status()
            let bytes = try opened.read(at: 0, atMost: SegmentHeader.byteCount)
            let header = try SegmentHeader(bytes.span)
            guard header.process == file.process, header.firstSequence == file.firstSequence
            else {
                setAside(file, because: "it belongs to another place")
                return nil
            }
            return StoredSegment(
                file: file, last: max(file.firstSequence, next ?? 0) - 1, bytes: status.size,
                latestWallTime: status.modified)
        } catch {
            setAside(file, because: "\(error)")
            return nil
        }
    }

    private func setAside(_ file: SegmentFile, because reason: String) {
        var metadata: Logger.Metadata = [
            "file": "\(path)/\(file.path)", "reason": "\(reason)",
        ]
        let name = "\(file.process)-\(file.name)"
        do throws(SystemError) {
            try folder.makeDirectory(Self.setAside, mode: 0o700)
            let place = try File.open(Self.setAside, in: folder, Self.folderFlags)
            try folder.rename(file.path, into: place, as: name)
            metadata["now"] = "\(path)/\(Self.setAside)/\(name)"
        } catch {
            metadata["error"] = "\(error)"
        }
        logger.error("a log segment cannot be read and was set aside", metadata: metadata)
    }
}
