internal import DequeModule

/// Every process of the server, living and ended, with names, quotas and what is kept.
///
/// A process is invisible until `publish`: it may already run, but nobody hears of it before its row
/// is committed. Its name and its place in the quotas are taken from `insert` on.
public struct ProcessTable: Sendable {
    private struct NameKey: Hashable {
        var namespace: Namespace
        var name: ProcessName
    }

    private struct Row {
        var status: ProcessStatus
        var machine = ProcessMachine()
        var isVisible = false
        /// Nobody forgets it before this, although its turn has come (monotonic nanoseconds).
        var keptUntil: UInt64 = 0
    }

    private var rows: [ProcessID: Row] = [:]
    private var living: [NameKey: ProcessID] = [:]
    private var newestEnded: [NameKey: ProcessID] = [:]
    private var livingCount: [Namespace: Int] = [:]
    private var endedOrder: [Namespace: Deque<ProcessID>] = [:]
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

    /// `admit`, then takes the place. `status.state` and `.incarnation` are the table's business.
    public mutating func insert(_ status: ProcessStatus, role: Role) throws(KernelError) {
        try admit(name: status.name, namespace: status.namespace, role: role)
        rows[status.id] = Row(status: status)
        livingCount[status.namespace, default: 0] += 1
        livingTotal += 1
        if let name = status.name {
            living[NameKey(namespace: status.namespace, name: name)] = status.id
        }
    }

    /// The row is committed: everybody may see it.
    public mutating func publish(_ id: ProcessID) { rows[id]?.isVisible = true }

    /// Takes a process back that never came to be visible.
    public mutating func withdraw(_ id: ProcessID) {
        guard let row = rows.removeValue(forKey: id) else { return }
        leaveLiving(row.status)
    }

    /// A process of an earlier run, ended; visible. Rows come in the order of their ends. Returns
    /// whom it pushed out.
    public mutating func restore(_ status: ProcessStatus, exit: ExitRecord, now: UInt64)
        -> [ProcessID]
    {
        var row = Row(status: status)
        row.isVisible = true
        _ = row.machine.ended(exit)
        row.status.exit = exit
        rows[status.id] = row
        return keep(status.id, status, now: now)
    }

    /// The first instruction is about to run.
    public mutating func began(_ id: ProcessID) { rows[id]?.machine.began() }

    /// Somebody wants it to end; nil when there is no such visible process.
    public mutating func stopWasRequested(_ id: ProcessID) -> ProcessMachine.StopAction? {
        guard rows[id]?.isVisible == true else { return nil }
        return rows[id]?.machine.stopWasRequested()
    }

    /// Whether somebody asked the process to stop.
    public func stopRequested(_ id: ProcessID) -> Bool { rows[id]?.machine.stopRequested ?? false }

    /// It ended: its name is free, and it joins those that are kept. Returns whom it pushed out: the
    /// table has forgotten them, their logs and rows go too.
    public mutating func ended(_ id: ProcessID, _ record: ExitRecord, now: UInt64) -> [ProcessID] {
        guard var row = rows[id], row.machine.ended(record) else { return [] }
        row.status.exit = record
        row.status.cpuNanoseconds = record.cpuNanoseconds
        row.status.uptimeNanoseconds = UInt64(
            clamping: record.endedAt.subtractingReportingOverflow(record.startedAt).partialValue)
        row.status.memory = 0
        rows[id] = row
        leaveLiving(row.status)
        return keep(id, row.status, now: now)
    }

    /// Somebody reads an ended process's log: it outlives its turn for a while.
    public mutating func wasRead(_ id: ProcessID, now: UInt64) {
        rows[id]?.keptUntil = now > .max - Limits.readerLease ? .max : now + Limits.readerLease
    }

    /// The reader came to the end of the log.
    public mutating func wasReadToEnd(_ id: ProcessID) { rows[id]?.keptUntil = 0 }

    /// Whether everybody may see it.
    public func isVisible(_ id: ProcessID) -> Bool { rows[id]?.isVisible ?? false }

    /// Whether it has ended.
    public func hasEnded(_ id: ProcessID) -> Bool { rows[id]?.machine.shown.hasEnded ?? true }

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
            row.isVisible && (includingEnded || !row.machine.shown.hasEnded)
                && namespaces?.contains(row.status.namespace) ?? true
        }.map(shown).sorted { $0.id < $1.id }
    }

    /// The ids of all that have not ended.
    public var livingIDs: [ProcessID] {
        rows.values.lazy.filter { !$0.machine.shown.hasEnded }.map(\.status.id).sorted()
    }

    private func shown(_ row: Row) -> ProcessStatus {
        var status = row.status
        status.state = row.machine.shown
        status.incarnation = row.machine.incarnation
        return status
    }

    private mutating func leaveLiving(_ status: ProcessStatus) {
        livingTotal -= 1
        let count = livingCount[status.namespace, default: 1] - 1
        livingCount[status.namespace] = count > 0 ? count : nil
        guard let name = status.name else { return }
        let key = NameKey(namespace: status.namespace, name: name)
        if living[key] == status.id { living[key] = nil }
    }

    private mutating func keep(_ id: ProcessID, _ status: ProcessStatus, now: UInt64) -> [ProcessID]
    {
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
