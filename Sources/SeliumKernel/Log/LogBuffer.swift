internal import DequeModule

/// One process's log in memory: chunks by position, the oldest dropped first.
///
/// Sequences are given before retention drops anything, so a reader always learns what it missed.
public struct LogBuffer: Sendable {
    private var chunks = Deque<LogChunk>()
    /// The sequence of the next record, from 1.
    public private(set) var next: UInt64
    /// What the chunks cost in memory, bytes: their content and a fixed sum for each.
    public private(set) var cost = 0
    /// No record will ever come again.
    public private(set) var hasEnded = false
    /// What was torn off by the end of a runtime; nil when nothing was.
    private let lost: ClosedRange<UInt64>?
    /// The first sequence that could be here.
    private let begin: UInt64
    /// Bytes of text and count of everything dropped so far.
    private var droppedBytes: UInt64 = 0
    /// The most `cost` may be.
    private let capacity: Int

    /// An empty log.
    ///
    /// - Parameters:
    ///   - lostThrough: sequences that an earlier runtime gave and nobody has any more.
    ///   - capacity: how much to keep, bytes.
    public init(lostThrough: UInt64 = 0, capacity: Int = Limits.logKept) {
        self.init(
            next: lostThrough + 1, lost: lostThrough > 0 ? 1...lostThrough : nil,
            capacity: capacity)
    }

    /// The rest of a log whose beginning is on disk.
    ///
    /// - Parameters:
    ///   - next: the sequence of the first record that comes here.
    ///   - lost: sequences before that which nobody has any more.
    ///   - capacity: how much to keep, bytes.
    public init(next: UInt64, lost: ClosedRange<UInt64>? = nil, capacity: Int = Limits.logKept) {
        self.lost = lost
        self.capacity = capacity
        self.next = next
        begin = next
    }

    /// What is here.
    public var range: LogRange { LogRange(oldest: oldest, last: next - 1) }

    /// The oldest sequence kept, `next` when none is.
    public var oldest: UInt64 { chunks.first?.first ?? next }

    /// When the oldest chunk was written, monotonic nanoseconds; nil without one.
    public var oldestTime: UInt64? { chunks.first?.monotonicTime }

    /// Appends text as records; nothing after the end.
    public mutating func append(_ piece: LogPiece, wallTime: Int64, monotonicTime: UInt64) {
        guard !piece.bytes.isEmpty else { return }
        add(
            LogChunk(
                first: next, count: piece.records, wallTime: wallTime, monotonicTime: monotonicTime,
                content: .text(piece.stream, piece.bytes)))
    }

    /// Appends one record of the runtime; nothing after the end. An `ended` record ends the log, but
    /// for `goesOn`: then a further incarnation may come.
    public mutating func append(
        _ record: SystemRecord, wallTime: Int64, monotonicTime: UInt64, goesOn: Bool = false
    ) {
        var isEnd = false
        if case .ended = record { isEnd = !goesOn }
        add(
            LogChunk(
                first: next, count: 1, wallTime: wallTime, monotonicTime: monotonicTime,
                content: .system(record)), isEnd: isEnd)
        if isEnd { hasEnded = true }
    }

    /// No further incarnation comes after all: the log ends with what it has.
    public mutating func finish() { hasEnded = true }

    private mutating func add(_ chunk: LogChunk, isEnd: Bool = false) {
        guard !hasEnded else { return }
        chunks.append(chunk)
        // The end of a whole log is never dropped: one of each process, which is bounded, and not counted,
        // or a shelf full of ends would look for room at every line.
        cost += isEnd ? LogChunk.overhead : chunk.cost
        next += UInt64(chunk.count)
        while cost > capacity, chunks.count > 1 { dropOldest() }
    }

    private mutating func dropOldest() {
        guard let chunk = chunks.popFirst() else { return }
        cost -= chunk.cost
        droppedBytes += UInt64(chunk.textBytes)
    }

    /// Drops what was written before `time` (monotonic), but never the record that ends the log.
    public mutating func drop(before time: UInt64) {
        while let first = chunks.first, first.monotonicTime < time, !(hasEnded && chunks.count == 1)
        {
            dropOldest()
        }
    }

    /// Drops records before `position` that a reader has taken, the oldest first, until no more than
    /// `cost` is kept.
    mutating func dropRead(before position: UInt64, keeping cost: Int) {
        while self.cost > cost, let first = chunks.first, first.last < position, chunks.count > 1 {
            dropOldest()
        }
    }

    /// Drops everything but the record that ends the log.
    public mutating func dropAll() { drop(before: .max) }

    /// What a reader at `position` gets: at most about `limit` bytes, at least one item; nil when
    /// it has to wait. Position 0 means the oldest kept, without a gap.
    ///
    /// Fails with `outOfRange` beyond `next`.
    public func read(from position: UInt64, atMost limit: Int) throws(KernelError) -> LogBatch? {
        var position = position == 0 ? oldest : position
        guard position <= next else {
            throw KernelError(
                .outOfRange(range), "record \(position) does not exist, the last one is \(next - 1)"
            )
        }
        guard position < next else {
            return hasEnded ? LogBatch(items: [], next: next, isEnd: true) : nil
        }
        var items: [LogItem] = []
        if position < oldest {
            items = gaps(from: position)
            position = oldest
        }
        var bytes = 0
        var index = firstIndex(at: position)
        while index < chunks.endIndex, items.isEmpty || bytes < limit {
            let chunk = chunks[index]
            items.append(.chunk(chunk))
            bytes += chunk.cost
            position = chunk.last + 1
            index += 1
        }
        return LogBatch(items: items, next: position, isEnd: hasEnded && position == next)
    }

    /// What is missing between `position` and the oldest that is kept.
    private func gaps(from position: UInt64) -> [LogItem] {
        var gaps: [LogItem] = []
        var from = position
        func add(through: UInt64, bytes: UInt64 = 0, _ reason: GapReason) {
            guard from <= through else { return }
            gaps.append(
                .gap(LogGap(from: from, through: through, bytes: bytes, reason: reason)))
            from = through + 1
        }
        if let lost {
            add(through: min(lost.lowerBound, oldest) - 1, .retention)
            if from >= lost.lowerBound { add(through: min(lost.upperBound, oldest - 1), .lost) }
        }
        // Who begins where the dropping began misses all of it; in between nobody knows.
        add(through: oldest - 1, bytes: from == begin ? droppedBytes : 0, .retention)
        return gaps
    }

    /// The index of the chunk that holds `position`, which is at least `oldest`.
    private func firstIndex(at position: UInt64) -> Int {
        var low = chunks.startIndex
        var high = chunks.endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if chunks[middle].last < position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Where to begin to see the last `count` records of `streams`; nil: all that are kept.
    ///
    /// Begin and end records do not count: they are no output.
    public func position(tail count: Int?, streams: Set<LogStream>) -> UInt64 {
        guard let count else { return oldest }
        return tail(UInt64(clamping: count), streams: streams).position
    }

    /// As `position`, and how many of the records are older than what is kept here.
    public func tail(
        _ count: UInt64, streams: Set<LogStream>
    ) -> (position: UInt64, missing: UInt64) {
        guard count > 0 else { return (next, 0) }
        var missing = count
        for chunk in chunks.reversed() where streams.contains(chunk.stream) && !chunk.isFrame {
            if UInt64(chunk.count) >= missing { return (chunk.last + 1 - missing, 0) }
            missing -= UInt64(chunk.count)
        }
        return (oldest, missing)
    }

    /// The first record that was written at `wallTime` or later, nanoseconds since 1970; `next`
    /// without one.
    public func position(since wallTime: Int64) -> UInt64 {
        chunks.first { $0.wallTime >= wallTime }?.first ?? next
    }
}

extension LogChunk {
    /// Bytes of memory a chunk takes besides its text: the entry, the array's header, the allocator.
    public static let overhead = 128

    /// Bytes of text.
    var textBytes: Int {
        guard case .text(_, let bytes) = content else { return 0 }
        return bytes.count
    }

    /// About how many bytes of memory it takes.
    public var cost: Int {
        guard case .system(let record) = content else { return textBytes + Self.overhead }
        return record.heldBytes + Self.overhead
    }

    /// Whether it is the record that begins or ends an incarnation.
    var isFrame: Bool {
        switch content {
        case .system(.began), .system(.ended): true
        default: false
        }
    }
}
