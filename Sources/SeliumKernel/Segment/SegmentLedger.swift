internal import DequeModule

/// Which segments there are, when the next one begins, and which have to go.
///
/// It holds numbers, no files: what it says was deleted is gone from its books, and whoever drives it
/// unlinks the file. Of one log the oldest segment goes first, so that what is kept has no hole; the
/// one being written never goes. In a namespace that has too much, whole logs of ended processes go
/// first, the oldest end before the others, then the oldest segments of those that live.
public struct SegmentLedger: Sendable {
    struct Segment {
        var first: UInt64
        var last: UInt64
        var bytes: UInt64
        var latestWallTime: Int64
        /// Ascends with the time of its last write, however clocks jump.
        var serial: UInt64
    }

    struct Entry {
        var namespace: Namespace
        var retention: SegmentRetention
        /// The oldest first.
        var closed = Deque<Segment>()
        var active: Segment?
        var activeSince: Int64 = 0
        var bytes: UInt64 = 0
        var last: UInt64 = 0
        var hasEnded = false
        var readers = 0
    }

    struct Area {
        var bytes: UInt64 = 0
        var members: Set<ProcessID> = []
        /// Ended with something on disk, in the order of their ends.
        var ended = Deque<ProcessID>()
        /// Beyond this it is judged again, bytes.
        var judgeBeyond: UInt64
    }

    var entries: [ProcessID: Entry] = [:]
    var areas: [Namespace: Area] = [:]
    let namespaceBytes: UInt64
    private var serial: UInt64 = 0

    /// An empty ledger.
    public init(namespaceBytes: UInt64 = SegmentRetention.namespaceBytes) {
        self.namespaceBytes = namespaceBytes
    }

    /// A process's log; no file yet. Nothing when it is known.
    ///
    /// - Parameters:
    ///   - last: the highest sequence an earlier run may have given, whether a file still has it or
    ///     not.
    public mutating func open(
        _ id: ProcessID, in namespace: Namespace,
        retention: SegmentRetention = SegmentRetention(), last: UInt64 = 0
    ) {
        guard entries[id] == nil else { return }
        entries[id] = Entry(namespace: namespace, retention: retention, last: last)
        areas[namespace, default: Area(judgeBeyond: namespaceBytes)].members.insert(id)
    }

    /// The segments an earlier run left, of processes that are open; all at once, so that their ages
    /// compare. Those of processes that nobody opened come back: no row knows them, delete them.
    public mutating func restore(_ segments: [StoredSegment]) -> [SegmentFile] {
        var strays: [SegmentFile] = []
        let ordered = segments.sorted {
            ($0.latestWallTime, $0.file.process, $0.file.firstSequence)
                < ($1.latestWallTime, $1.file.process, $1.file.firstSequence)
        }
        var serials: [SegmentFile: UInt64] = [:]
        for segment in ordered { serials[segment.file] = nextSerial() }
        for stored in segments.sorted(by: { $0.file.firstSequence < $1.file.firstSequence }) {
            guard let namespace = entries[stored.file.process]?.namespace else {
                strays.append(stored.file)
                continue
            }
            let segment = Segment(
                first: stored.file.firstSequence, last: stored.last, bytes: stored.bytes,
                latestWallTime: stored.latestWallTime, serial: serials[stored.file] ?? 0)
            let last = max(entries[stored.file.process]?.last ?? 0, stored.last)
            entries[stored.file.process]?.closed.append(segment)
            entries[stored.file.process]?.last = last
            count(stored.bytes, of: stored.file.process, in: namespace)
        }
        return strays
    }

    /// Whether a new segment begins before `bytes` more are written: there is none, it would be too
    /// long, or what is in it is old while the log is kept for a time only.
    public func shouldRotate(_ id: ProcessID, adding bytes: Int, now: Int64) -> Bool {
        guard let entry = entries[id], let active = entry.active else { return true }
        if active.bytes + UInt64(clamping: bytes) > entry.retention.segmentSize {
            // One frame that is longer than a segment gets one for itself.
            return active.last >= active.first
        }
        guard let age = entry.retention.age else { return false }
        return Self.age(entry.activeSince, now: now) > age / 8 && active.last >= active.first
    }

    /// A new file whose header is written; the one before is closed.
    public mutating func began(_ file: SegmentFile, now: Int64) {
        closed(file.process)
        guard let namespace = entries[file.process]?.namespace else { return }
        let bytes = UInt64(SegmentHeader.byteCount)
        let active = Segment(
            first: file.firstSequence, last: file.firstSequence - min(1, file.firstSequence),
            bytes: bytes, latestWallTime: now, serial: nextSerial())
        entries[file.process]?.active = active
        entries[file.process]?.activeSince = now
        count(bytes, of: file.process, in: namespace)
    }

    /// Frames were appended to the segment being written; `last` is their last sequence. True when
    /// the namespace has too much by that: make room.
    public mutating func wrote(
        _ bytes: Int, through last: UInt64, to id: ProcessID, now: Int64
    ) -> Bool {
        guard let namespace = entries[id]?.namespace, entries[id]?.active != nil else {
            return false
        }
        let bytes = UInt64(clamping: bytes)
        let serial = nextSerial()
        entries[id]?.active?.bytes += bytes
        entries[id]?.active?.last = last
        entries[id]?.active?.latestWallTime = now
        entries[id]?.active?.serial = serial
        entries[id]?.last = last
        count(bytes, of: id, in: namespace)
        return areas[namespace].map { $0.bytes > $0.judgeBeyond } ?? false
    }

    /// The segment being written is closed; the next write begins another.
    public mutating func closed(_ id: ProcessID) {
        guard let active = entries[id]?.active else { return }
        entries[id]?.active = nil
        entries[id]?.closed.append(active)
    }

    /// No record will ever come again. Calls come in the order of the ends.
    public mutating func ended(_ id: ProcessID) {
        guard let entry = entries[id], !entry.hasEnded else { return }
        closed(id)
        entries[id]?.hasEnded = true
        areas[entry.namespace]?.ended.append(id)
    }

    /// Somebody reads the log: while it has readers, an ended process keeps it.
    public mutating func readerCame(_ id: ProcessID) { entries[id]?.readers += 1 }

    /// A reader is gone.
    public mutating func readerLeft(_ id: ProcessID) {
        guard let readers = entries[id]?.readers, readers > 0 else { return }
        entries[id]?.readers = readers - 1
    }

    /// Forgets a process; its files, to be deleted.
    public mutating func remove(_ id: ProcessID) -> [SegmentFile] {
        guard var entry = entries.removeValue(forKey: id) else { return [] }
        if let active = entry.active { entry.closed.append(active) }
        areas[entry.namespace]?.bytes -= entry.bytes
        areas[entry.namespace]?.members.remove(id)
        if entry.hasEnded, let index = areas[entry.namespace]?.ended.firstIndex(of: id) {
            areas[entry.namespace]?.ended.remove(at: index)
        }
        if areas[entry.namespace]?.members.isEmpty == true { areas[entry.namespace] = nil }
        return entry.closed.map { SegmentFile(process: id, firstSequence: $0.first) }
    }

    mutating func count(_ bytes: UInt64, of id: ProcessID, in namespace: Namespace) {
        entries[id]?.bytes += bytes
        areas[namespace]?.bytes += bytes
    }

    private mutating func nextSerial() -> UInt64 {
        serial += 1
        return serial
    }

    static func age(_ time: Int64, now: Int64) -> UInt64 {
        now > time ? UInt64(bitPattern: now &- time) : 0
    }
}

extension SegmentLedger {
    /// Bytes on disk of one process, 0 for an unknown one.
    public func bytes(of id: ProcessID) -> UInt64 { entries[id]?.bytes ?? 0 }

    /// Bytes on disk of a namespace.
    public func bytes(in namespace: Namespace) -> UInt64 { areas[namespace]?.bytes ?? 0 }

    /// Which sequences the files hold, nil for an unknown process. `lost` stretches lie within.
    public func range(_ id: ProcessID) -> LogRange? {
        guard let entry = entries[id] else { return nil }
        let first = (entry.closed.first ?? entry.active)?.first
        return LogRange(oldest: first ?? entry.last + 1, last: entry.last)
    }

    /// The files to read for records from `sequence` on, in order; empty when none is kept.
    public func files(_ id: ProcessID, from sequence: UInt64) -> [SegmentFile] {
        guard let entry = entries[id] else { return [] }
        var low = entry.closed.startIndex
        var high = entry.closed.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if entry.closed[middle].last < sequence { low = middle + 1 } else { high = middle }
        }
        var segments = Array(entry.closed[low...])
        if let active = entry.active, active.last >= sequence { segments.append(active) }
        return segments.map { SegmentFile(process: id, firstSequence: $0.first) }
    }
}
