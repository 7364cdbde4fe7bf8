internal import DequeModule

/// The logs of all processes, with one bound on their memory.
///
/// When it is reached the processes that ended lose their logs first, the oldest end before the
/// others; then all living ones lose what is oldest. The record that ends a log is never dropped.
public struct LogShelf: Sendable {
    private var logs: [ProcessID: LogBuffer] = [:]
    /// Ended, with text to lose, in the order of their ends.
    private var ended = Deque<ProcessID>()
    /// What a process may write between two looks at its log, bytes with what chunks cost.
    private static let turn = 4 << 20

    private let capacity: Int
    private let capacityEach: Int

    /// Bytes of memory all logs take.
    public private(set) var cost = 0

    /// Ended processes that may still have text to lose; never more than there are logs.
    var endedCount: Int { ended.count }

    /// An empty shelf.
    public init(capacity: Int = Limits.logMemory, capacityEach: Int = Limits.logKept) {
        self.capacity = capacity
        self.capacityEach = capacityEach
    }

    /// Begins the log of a process. `lostThrough`: sequences an earlier runtime gave.
    public mutating func open(_ id: ProcessID, lostThrough: UInt64 = 0) {
        logs[id] = LogBuffer(lostThrough: lostThrough, capacity: capacityEach)
    }

    /// Begins what follows the part of a log that is on disk. See `LogBuffer.init(next:lost:)`.
    public mutating func open(_ id: ProcessID, next: UInt64, lost: ClosedRange<UInt64>? = nil) {
        logs[id] = LogBuffer(next: next, lost: lost, capacity: capacityEach)
    }

    /// Forgets a log.
    public mutating func remove(_ id: ProcessID) {
        guard let log = logs.removeValue(forKey: id) else { return }
        cost -= log.cost
        // Those that are forgotten are the oldest: this looks at the front.
        if log.hasEnded, let index = ended.firstIndex(of: id) { ended.remove(at: index) }
    }

    /// The sequence of the next record, 1 for a log that does not exist.
    public func next(_ id: ProcessID) -> UInt64 { logs[id]?.next ?? 1 }

    /// Which sequences a log holds, nil for none of that id.
    public func range(_ id: ProcessID) -> LogRange? { logs[id]?.range }

    /// Appends text. False when there is no such log.
    @discardableResult
    public mutating func append(
        _ pieces: [LogPiece], to id: ProcessID, wallTime: Int64, monotonicTime: UInt64
    ) -> Bool {
        change(id, now: monotonicTime) { log in
            for piece in pieces {
                log.append(piece, wallTime: wallTime, monotonicTime: monotonicTime)
            }
        }
    }

    /// Appends one record of the runtime; an `ended` one ends the log unless it `goesOn`. False
    /// without such a log.
    @discardableResult
    public mutating func append(
        _ record: SystemRecord, to id: ProcessID, wallTime: Int64, monotonicTime: UInt64,
        goesOn: Bool = false
    ) -> Bool {
        change(id, now: monotonicTime) { log in
            log.append(
                record, wallTime: wallTime, monotonicTime: monotonicTime, goesOn: goesOn)
        }
    }

    /// Ends a log with what it has: no further incarnation comes.
    public mutating func finish(_ id: ProcessID, monotonicTime: UInt64) {
        change(id, now: monotonicTime) { $0.finish() }
    }

    /// `LogBuffer.read`; `notFound` for an unknown id.
    public func read(
        _ id: ProcessID, from position: UInt64, atMost limit: Int
    ) throws(KernelError) -> LogBatch? {
        guard let log = logs[id] else { throw KernelError(.notFound, "no log of process \(id)") }
        return try log.read(from: position, atMost: limit)
    }

    /// `LogBuffer.position`; nil for an unknown id.
    public func position(_ id: ProcessID, tail count: Int?, streams: Set<LogStream>) -> UInt64? {
        logs[id]?.position(tail: count, streams: streams)
    }

    /// `LogBuffer.tail`; nil for an unknown id.
    public func tail(
        _ id: ProcessID, _ count: UInt64, streams: Set<LogStream>
    ) -> (position: UInt64, missing: UInt64)? {
        logs[id]?.tail(count, streams: streams)
    }

    /// `LogBuffer.position(since:)`; nil for an unknown id.
    public func position(_ id: ProcessID, since wallTime: Int64) -> UInt64? {
        logs[id]?.position(since: wallTime)
    }

    /// Where a reader begins; nil for an unknown id.
    public func position(_ id: ProcessID, _ start: LogStart) -> UInt64? {
        guard let log = logs[id] else { return nil }
        return switch start {
        case .oldest: log.oldest
        case .end: log.next
        case .last(let count, let streams): log.tail(count, streams: streams).position
        case .since(let wallTime): log.position(since: wallTime)
        }
    }

    /// The oldest sequence in memory, `next` when none is; nil for an unknown id.
    public func oldest(_ id: ProcessID) -> UInt64? { logs[id]?.oldest }

    /// Everything before `position` is on disk: no more than `keeping` bytes of it stay in memory,
    /// for those who read what is new.
    public mutating func wasWritten(_ id: ProcessID, before position: UInt64, keeping: Int) {
        guard let index = logs.index(forKey: id), logs.values[index].cost > keeping else { return }
        drop(at: index) { $0.dropRead(before: position, keeping: keeping) }
    }

    /// Whether more text would make the log drop records, a turn's worth of it included; false for
    /// an unknown id.
    public func isFull(_ id: ProcessID) -> Bool {
        guard let log = logs[id] else { return false }
        return log.cost > capacityEach - min(capacityEach / 4, Self.turn)
    }

    /// The one reader of a log has everything before `position`: that makes room, unless there is
    /// plenty.
    public mutating func wasRead(_ id: ProcessID, before position: UInt64) {
        guard let index = logs.index(forKey: id) else { return }
        let keeping = capacityEach / 2
        drop(at: index) { $0.dropRead(before: position, keeping: keeping) }
    }

    @discardableResult
    private mutating func change(
        _ id: ProcessID, now: UInt64, _ body: (inout LogBuffer) -> Void
    ) -> Bool {
        guard let index = logs.index(forKey: id) else { return false }
        let before = logs.values[index].cost
        let hadEnded = logs.values[index].hasEnded
        body(&logs.values[index])
        cost += logs.values[index].cost - before
        if !hadEnded, logs.values[index].hasEnded { ended.append(id) }
        if cost > capacity { makeRoom(now: now) }
        return true
    }

    private mutating func makeRoom(now: UInt64) {
        while cost > capacity, let id = ended.popFirst() {
            if let index = logs.index(forKey: id) { drop(at: index) { $0.dropAll() } }
        }
        guard cost > capacity, let oldest = logs.values.lazy.compactMap(\.oldestTime).min() else {
            return
        }
        // Sixteen cuts through time: what goes is exactly what is older than the last of them, and
        // each round costs one look at every log, however small the chunks are.
        let step = (now > oldest ? now - oldest : 0) / 16 + 1
        var cut = oldest
        while cost > capacity - capacity / 16 {
            cut = cut > UInt64.max - step ? .max : cut + step
            // By index: a copy of the keys would make every change below copy its log.
            var index = logs.startIndex
            while index != logs.endIndex {
                drop(at: index) { $0.drop(before: cut) }
                logs.formIndex(after: &index)
            }
            if cut > now { break }
        }
    }

    private mutating func drop(
        at index: Dictionary<ProcessID, LogBuffer>.Index, _ body: (inout LogBuffer) -> Void
    ) {
        let before = logs.values[index].cost
        body(&logs.values[index])
        cost += logs.values[index].cost - before
    }
}
