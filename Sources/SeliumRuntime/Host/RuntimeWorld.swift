import SeliumHosting
import SeliumKernel

/// The tables of a runtime that change together, and what tasks wait for in them.
struct RuntimeWorld: Sendable {
    enum Key: Hashable, Sendable {
        /// A process's end.
        case end(ProcessID)
        /// A process's next incarnation, or its end.
        case began(ProcessID)
        /// A request that is in flight.
        case request(RequestKey)
        /// More process ids.
        case ids
        /// The last living process.
        case drained
    }

    typealias Requests = IdempotencyTable<RequestKey, RequestAnswer>

    var table: ProcessTable
    var requests = Requests()
    /// Every process that has not ended.
    var homes: [ProcessID: ProcessHome] = [:]
    /// Those of them with an incarnation under way.
    var running: [ProcessID: RunningProcess] = [:]
    /// Processes of an earlier run whose modules are not loaded yet.
    var resumable: [ProcessID] = []
    var ids: IDBlock
    /// The place of the newest end in the order of ends.
    var endOrder: Int64
    /// No more starts: the runtime is about to end.
    var isDraining = false
    /// It has ended: nothing happens any more.
    var isClosed = false

    /// Calls under way about processes that are forgotten at their end; never 0.
    private(set) var holds: [ProcessID: Int] = [:]

    /// Keeps a process that is forgotten at its end until `release`; false for any other.
    mutating func hold(_ id: ProcessID) -> Bool {
        guard table.isRemovedAtEnd(id) else { return false }
        holds[id, default: 0] += 1
        return true
    }

    /// One of those who held it does not any more.
    mutating func release(_ id: ProcessID) {
        let count = holds[id, default: 1] - 1
        holds[id] = count > 0 ? count : nil
    }

    /// When such a process may be forgotten, or is to be looked at again; nil when it is kept, or has
    /// not ended.
    func removableAt(_ id: ProcessID, now: UInt64) -> UInt64? {
        guard let time = table.removableAt(id) else { return nil }
        return holds[id] == nil ? time : max(time, now + Limits.removalDelay)
    }

    /// The next place in the order of ends.
    mutating func nextEndOrder() -> Int64 {
        endOrder += 1
        return endOrder
    }
}

/// Process ids that are reserved on disk.
struct IDBlock: Sendable {
    private var next: UInt64
    private var through: UInt64
    private var isReserving = false
    /// Reservations that failed so far.
    private(set) var failures = 0

    /// The block behind `reserved`, which is on disk already.
    init(after reserved: UInt64, count: UInt64 = Limits.idBlock) {
        next = reserved + 1
        through = reserved + count
    }

    /// The last id that is reserved.
    var last: UInt64 { through }

    /// The last id that was given; what is reserved above it was not used.
    var lastGiven: UInt64 { next - 1 }

    /// The next id; nil when the next block has to be waited for.
    mutating func take() -> ProcessID? {
        guard next <= through, let id = ProcessID(next) else { return nil }
        next += 1
        return id
    }

    /// Up to where to reserve now; nil when that is not needed or under way. Early, so that no
    /// start waits for the disk.
    mutating func wanted() -> UInt64? {
        guard !isReserving, through - min(next, through) < Limits.idBlock / 2 else { return nil }
        isReserving = true
        return through + Limits.idBlock
    }

    /// A reservation ended.
    mutating func reserved(through: UInt64, succeeded: Bool) {
        isReserving = false
        if succeeded { self.through = max(self.through, through) } else { failures += 1 }
    }
}
