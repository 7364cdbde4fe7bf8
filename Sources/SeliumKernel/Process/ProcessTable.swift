internal import DequeModule

/// Every process of the server, living and ended, with names, quotas and what is kept.
///
/// A process is invisible until `publish`: it may already run, but nobody hears of it before its row
/// is committed. Its name and its place in the quotas are taken from `insert` on.
public struct ProcessTable: Sendable {
    struct NameKey: Hashable {
        var namespace: Namespace
        var name: ProcessName
    }

    struct Row {
        var status: ProcessStatus
        var machine: SupervisionStateMachine
        var isVisible = false
        /// Its end has been told: there will be no further incarnation.
        var isOver = false
        /// Nobody keeps it once its end was told.
        var isRemovedAtEnd = false
        /// Changes of the machine that are not on disk yet; nobody hears of any of them before.
        var uncommitted = 0
        /// What is shown meanwhile.
        var shownMeanwhile: ProcessState?
        /// Its host cannot begin an incarnation yet.
        var isHeld = false
        /// The last incarnation that its host was told to begin, from 1.
        var begun: UInt32
        /// The last incarnation that has run, 0 for none.
        var ran: UInt32 = 0
        /// The last one that said that it was ready, 0 for none.
        var readied: UInt32 = 0
        /// Nobody forgets it before this, although its turn has come (monotonic nanoseconds).
        var keptUntil: UInt64 = 0
    }

    var rows: [ProcessID: Row] = [:]
    var living: [NameKey: ProcessID] = [:]
    var newestEnded: [NameKey: ProcessID] = [:]
    private var livingCount: [Namespace: Int] = [:]
    var endedOrder: [Namespace: Deque<ProcessID>] = [:]
    private let ceiling: Int
    private let keptEach: Int

    /// Processes that have not ended, the invisible ones included.
    public private(set) var livingTotal = 0

    /// An empty table.
    ///
    /// - Parameters:
    ///   - ceiling: how many processes the machine can hold.
    ///   - keptEach: how many ended ones are kept per namespace.
    public init(ceiling: Int, keptEach: Int = Limits.endedProcesses) {
        self.ceiling = ceiling
        self.keptEach = keptEach
    }

    /// Judges a start: the name, the namespace's quota (of role `user`), the machine's ceiling.
    public func admit(
        name: ProcessName?, namespace: Namespace, role: Role
    ) throws(KernelError) {
        if let name, let owner = living[NameKey(namespace: namespace, name: name)] {
            throw KernelError(
                .nameTaken, "the name \(name) belongs to process \(owner)",
                remedy: "choose another, or stop it first: selium stop \(owner)")
        }
        if role == .user, livingCount[namespace, default: 0] >= Limits.userProcesses {
            throw KernelError(
                .exhausted,
                "namespace \(namespace) has \(Limits.userProcesses) living processes, its quota",
                remedy: "stop one first: selium ps")
        }
        if livingTotal >= ceiling {
            throw KernelError(
                .exhausted,
                "this machine can hold \(ceiling) processes (vm.max_map_count), and as many are alive",
                remedy: "stop some, or raise vm.max_map_count and start the runtime again")
        }
    }

    /// `admit`, then takes the place. `status.state`, `.incarnation` and what is about restarts are
    /// the table's business; the caller begins the first incarnation.
    ///
    /// - Parameter isRemovedAtEnd: nobody wants it kept once it ended and that was told.
    public mutating func insert(
        _ status: ProcessStatus, role: Role, isRemovedAtEnd: Bool = false
    ) throws(KernelError) {
        try admit(name: status.name, namespace: status.namespace, role: role)
        var row = Row(
            status: status, machine: SupervisionStateMachine(policy: status.policy), begun: 1)
        row.isRemovedAtEnd = isRemovedAtEnd
        rows[status.id] = row
        joinLiving(status)
    }

    /// The row is committed: everybody may see it.
    public mutating func publish(_ id: ProcessID) { rows[id]?.isVisible = true }

    /// Takes a process back that never came to be visible.
    public mutating func withdraw(_ id: ProcessID) {
        guard let row = rows.removeValue(forKey: id) else { return }
        leaveLiving(row.status)
    }

    /// A process of an earlier run that has ended, in that state; visible. Rows come in the order of
    /// their ends. Returns whom it pushed out.
    public mutating func restore(
        _ status: ProcessStatus, machine: SupervisionStateMachine, exit: ExitRecord, now: UInt64,
        isRemovedAtEnd: Bool = false
    ) -> [ProcessID] {
        var row = Row(status: status, machine: machine, begun: max(1, exit.incarnation))
        row.isVisible = true
        row.isOver = true
        row.isRemovedAtEnd = isRemovedAtEnd
        row.status.exit = exit
        rows[status.id] = row
        return keep(status.id, status, now: now)
    }

    /// A process of an earlier run that goes on; visible. Its name and place are taken whatever the
    /// quotas say now. Nothing begins before `willBegin`.
    public mutating func resume(
        _ status: ProcessStatus, machine: SupervisionStateMachine, begun: UInt32,
        isRemovedAtEnd: Bool = false
    ) {
        var row = Row(status: status, machine: machine, begun: begun)
        row.isVisible = true
        row.isHeld = true
        row.isRemovedAtEnd = isRemovedAtEnd
        rows[status.id] = row
        joinLiving(status)
    }

    /// Somebody reads an ended process's log: it outlives its turn for a while.
    public mutating func wasRead(_ id: ProcessID, now: UInt64) {
        rows[id]?.keptUntil = now > .max - Limits.readerLease ? .max : now + Limits.readerLease
    }

    /// The reader came to the end of the log.
    public mutating func wasReadToEnd(_ id: ProcessID) { rows[id]?.keptUntil = 0 }

    /// Whether everybody may see it.
    public func isVisible(_ id: ProcessID) -> Bool { rows[id]?.isVisible ?? false }

    /// Whether it has ended for good, and everybody may know.
    public func hasEnded(_ id: ProcessID) -> Bool { rows[id]?.isOver ?? true }

    /// Whose it is.
    public func namespace(_ id: ProcessID) -> Namespace? { rows[id]?.status.namespace }

    /// One visible row.
    public func status(_ id: ProcessID) -> ProcessStatus? {
        guard let row = rows[id], row.isVisible else { return nil }
        return shown(row)
    }

    /// One row, even if nobody may see it yet.
    public func unpublished(_ id: ProcessID) -> ProcessStatus? { rows[id].map(shown) }

    /// Who has the name: the living one, else the newest of that name that ended.
    public func lookup(_ name: ProcessName, in namespace: Namespace) -> ProcessID? {
        let key = NameKey(namespace: namespace, name: name)
        if let id = living[key], rows[id]?.isVisible == true { return id }
        return newestEnded[key]
    }

    /// Visible rows by ascending id; nil for every namespace.
    public func list(in namespaces: Set<Namespace>?, includingEnded: Bool) -> [ProcessStatus] {
        rows.values.lazy.filter { row in
            row.isVisible && (includingEnded || !row.isOver)
                && namespaces?.contains(row.status.namespace) ?? true
        }.map(shown).sorted { $0.id < $1.id }
    }

    /// The ids of all that have not ended.
    public var livingIDs: [ProcessID] {
        rows.values.lazy.filter { !$0.isOver }.map(\.status.id).sorted()
    }

    func shown(_ row: Row) -> ProcessStatus {
        var status = row.status
        status.state = row.shownMeanwhile ?? row.machine.shown
        status.incarnation = row.begun
        status.restarts = row.machine.restarts
        status.backOff = row.shownMeanwhile == nil ? row.machine.backOff : nil
        return status
    }

    private mutating func joinLiving(_ status: ProcessStatus) {
        livingCount[status.namespace, default: 0] += 1
        livingTotal += 1
        if let name = status.name {
            living[NameKey(namespace: status.namespace, name: name)] = status.id
        }
    }

    mutating func leaveLiving(_ status: ProcessStatus) {
        livingTotal -= 1
        let count = livingCount[status.namespace, default: 1] - 1
        livingCount[status.namespace] = count > 0 ? count : nil
        guard let name = status.name else { return }
        let key = NameKey(namespace: status.namespace, name: name)
        if living[key] == status.id { living[key] = nil }
    }

    mutating func keep(
        _ id: ProcessID, _ status: ProcessStatus, now: UInt64
    ) -> [ProcessID] {
        if let name = status.name {
            newestEnded[NameKey(namespace: status.namespace, name: name)] = id
        }
        endedOrder[status.namespace, default: []].append(id)
        return forget(in: status.namespace, now: now)
    }

    /// Forgets the oldest beyond what is kept. Those somebody reads stay for their lease, but never
    /// more than twice as many as are kept.
    private mutating func forget(in namespace: Namespace, now: UInt64) -> [ProcessID] {
        guard var order = endedOrder[namespace], order.count > keptEach else { return [] }
        var spared: [ProcessID] = []
        var gone: [ProcessID] = []
        while order.count + spared.count > keptEach, let oldest = order.popFirst() {
            if let until = rows[oldest]?.keptUntil, until > now,
                order.count + spared.count < 2 * keptEach
            {
                spared.append(oldest)
                if spared.count > 64 { break }
            } else {
                gone.append(oldest)
            }
        }
        order.prepend(contentsOf: spared)
        endedOrder[namespace] = order
        for id in gone {
            guard let row = rows.removeValue(forKey: id), let name = row.status.name else {
                continue
            }
            let key = NameKey(namespace: namespace, name: name)
            if newestEnded[key] == id { newestEnded[key] = nil }
        }
        return gone
    }
}
