import Logging
import SeliumKernel
import Synchronization

/// Where a reader stopped in a file: those who read on begin there.
struct ReadPlace: Sendable {
    var id: ProcessID
    /// The sequence it wants next.
    var next: UInt64
    var file: SegmentFile
    var offset: Int
}

// On the readers' queue: one of them at a time.
extension LogStore {
    /// Places that are remembered.
    private static let places = 64

    /// The oldest sequence on disk; nil when nothing is.
    func oldest(_ id: ProcessID) -> UInt64? {
        books.withLock { books in
            books.ledger.bytes(of: id) > 0 ? books.ledger.range(id)?.oldest : nil
        }
    }

    /// Records from `position` on that are older than `limit`, where memory begins, about `atMost`
    /// bytes; nil when nothing of that is on disk.
    func read(
        _ id: ProcessID, from position: UInt64, before limit: UInt64, atMost: Int
    ) async -> LogBatch? {
        await reading.run { [self] in readNow(id, position, limit, atMost) }
    }

    private func readNow(
        _ id: ProcessID, _ position: UInt64, _ limit: UInt64, _ atMost: Int
    ) -> LogBatch? {
        let place = noteReader(id, at: position)
        // A file may go while we look; what there is after that is looked at anew.
        for _ in 0..<3 {
            var walk = LogWalk(
                from: position, before: limit, atMost: atMost, oldest: oldest(id) ?? 0)
            var isComplete = true
            for (name, end) in files(id, from: position) where isComplete && !walk.isFull {
                let offset = place?.file == name ? place?.offset : nil
                var last: Int?
                isComplete = scan(name, end, from: offset) { frame, at in
                    last = at
                    return walk.take(frame)
                }
                // The next read begins with the frame that was the last one.
                if walk.isFull, let last {
                    remember(ReadPlace(id: id, next: walk.next, file: name, offset: last))
                }
            }
            if isComplete { return walk.batch }
        }
        return nil
    }

    /// Where to begin to see the `count` last records of `streams` that are older than `limit`; the
    /// oldest on disk when there are not so many, nil when there is nothing.
    func tail(
        _ id: ProcessID, _ count: UInt64, streams: Set<LogStream>, before limit: UInt64
    ) async -> UInt64? {
        await reading.run { [self] in
            var missing = count
            for (name, end) in files(id, from: 1).reversed() {
                var found: [(first: UInt64, count: UInt64)] = []
                scan(name, end, from: nil) { frame, _ in
                    guard frame.first < limit else { return false }
                    if streams.contains(frame.stream), !frame.isLifecycle {
                        found.append((frame.first, UInt64(frame.count)))
                    }
                    return true
                }
                for one in found.reversed() {
                    if one.count >= missing { return one.first + one.count - missing }
                    missing -= one.count
                }
            }
            return oldest(id)
        }
    }

    /// The first record older than `limit` that was written at `wallTime` or later; nil without one.
    func position(
        _ id: ProcessID, since wallTime: Int64, before limit: UInt64
    ) async -> UInt64? {
        await reading.run { [self] in
            for (name, end) in files(id, from: 1) {
                var found: UInt64?
                scan(name, end, from: nil, notOlderThan: wallTime) { frame, _ in
                    guard frame.first < limit else { return false }
                    if frame.wallTime >= wallTime { found = frame.first }
                    return found == nil
                }
                if let found { return found }
            }
            return nil
        }
    }

    // MARK: Files

    /// The segments that hold `position` and what follows, and how far each may be read.
    private func files(
        _ id: ProcessID, from position: UInt64
    ) -> [(name: SegmentFile, end: UInt64?)] {
        books.withLock { books in
            let log = books.logs[id]
            return books.ledger.files(id, from: position).map { name in
                (name, log?.active == name ? log?.activeBytes : nil)
            }
        }
    }

    /// Calls `body` for each frame until it has enough. False when the file is gone.
    @discardableResult
    private func scan(
        _ name: SegmentFile, _ end: UInt64?, from offset: Int?, notOlderThan time: Int64? = nil,
        _ body: (SegmentFrame, Int) -> Bool
    ) -> Bool {
        do throws(SystemError) {
            guard
                var cursor = try SegmentCursor(name, in: folder, end: end, offset: offset)
            else { return false }
            if let time, try cursor.modified() < time { return true }
            while let (frame, at) = try cursor.next(), body(frame, at) {}
            if cursor.isDamaged { report(name, "it is damaged; its readers get gaps") }
        } catch {
            report(name, "\(error)")
        }
        return true
    }

    /// Once for each file.
    private func report(_ name: SegmentFile, _ reason: String) {
        let isNew = books.withLock { books in
            guard books.reported.count < 1_000 else { return false }
            return books.reported.insert(name).inserted
        }
        guard isNew else { return }
        logger.warning(
            "a log segment cannot be read to its end",
            metadata: ["file": "\(path)/\(name.path)", "reason": "\(reason)"])
    }

    // MARK: Readers

    /// Somebody reads this log: while that goes on, an ended process keeps its log. Where it was.
    private func noteReader(_ id: ProcessID, at position: UInt64) -> ReadPlace? {
        let now = clock.monotonic()
        return books.withLock { books in
            guard books.logs[id] != nil else { return nil }
            books.logs[id]?.readAt = now
            if books.read.insert(id).inserted { books.ledger.readerCame(id) }
            return books.places.first { $0.id == id && $0.next == position }
        }
    }

    private func remember(_ place: ReadPlace) {
        books.withLock { books in
            books.places.removeAll { $0.id == place.id && $0.next == place.next }
            if books.places.count >= Self.places { books.places.removeFirst() }
            books.places.append(place)
        }
    }
}

/// Makes a batch of frames, with the gaps between them.
struct LogWalk {
    private let limit: UInt64
    private let atMost: Int
    private let oldest: UInt64
    private var items: [LogItem] = []
    private var bytes = 0
    /// The position to ask for next.
    private(set) var next: UInt64
    private(set) var isFull = false

    init(from position: UInt64, before limit: UInt64, atMost: Int, oldest: UInt64) {
        next = position
        self.limit = limit
        self.atMost = atMost
        self.oldest = oldest
    }

    /// Takes the next frame; whether more fit. One that memory has, too, is left out.
    mutating func take(_ frame: SegmentFrame) -> Bool {
        guard frame.last >= next else { return true }
        guard frame.first < limit else {
            isFull = true
            return false
        }
        if frame.first > next { addGap(before: frame.first) }
        items.append(.chunk(frame.chunk))
        bytes += frame.byteCount
        next = frame.last + 1
        isFull = bytes >= atMost
        return !isFull
    }

    /// What is missing was deleted where the log begins; anywhere else it has never been written:
    /// the runtime died, the disk was full, or the file is damaged.
    private mutating func addGap(before first: UInt64) {
        if next < oldest {
            let through = min(oldest, first) - 1
            items.append(
                .gap(LogGap(from: next, through: through, bytes: 0, reason: .retention)))
            next = through + 1
        }
        guard next < first else { return }
        items.append(.gap(LogGap(from: next, through: first - 1, bytes: 0, reason: .lost)))
    }

    var batch: LogBatch? {
        items.isEmpty ? nil : LogBatch(items: items, next: next, isEnd: false)
    }
}
