import SeliumABI
import SeliumKernel
import SeliumWasm
import Synchronization

/// The memory of all namespaces, shared by their processes.
final class Ledger: Sendable {
    private let contents = Mutex(MemoryLedger())

    func withLock<R: Sendable, E: Error>(_ body: (inout MemoryLedger) throws(E) -> R) throws(E) -> R
    {
        try contents.withLock { (contents) throws(E) -> R in try body(&contents) }
    }
}

/// A process that has not ended: its guest and the three things it talks through.
///
/// Nothing here runs on its own: a process that waits costs no thread and no task.
final class RunningProcess: GuestOutput {
    private struct Control: Sendable {
        var guest: Guest?
        var killReason: UInt8?
        /// The end was told.
        var isOver = false
    }

    /// For a guest's end by a limit of ours; no `KillReason` has this number.
    private static let memoryLimitReason: UInt8 = 255

    let id: ProcessID
    let namespace: Namespace
    let output: ProcessOutput
    /// nil: stdin is empty.
    let input: ProcessInput?
    let authority: ProcessAuthority
    let memoryLimit: UInt64
    /// Kinds of the results to keep.
    let resultKinds: [ValueKind]
    let startedAt: Int64
    let startedMonotonic: UInt64
    /// What the whole namespace holds; nil where that is not bounded.
    private let ledger: Ledger?
    /// What the ledger knows of this process.
    private let ledgerMemory: Atomic<UInt64>
    /// What was reserved for it when it was judged: it counts until the process is over, for a
    /// memory never becomes smaller than it began.
    private let reservedMemory: UInt64
    private let control = Mutex(Control())

    init(
        id: ProcessID, namespace: Namespace, output: ProcessOutput, input: ProcessInput?,
        authority: ProcessAuthority, memoryLimit: UInt64, resultKinds: [ValueKind],
        ledger: Ledger?, reservedMemory: UInt64 = 0
    ) {
        self.id = id
        self.namespace = namespace
        self.output = output
        self.input = input
        self.authority = authority
        self.memoryLimit = memoryLimit
        self.resultKinds = resultKinds
        self.ledger = ledger
        self.reservedMemory = ledger == nil ? 0 : reservedMemory
        ledgerMemory = Atomic(self.reservedMemory)
        let clock = SystemClock()
        startedAt = clock.realtime()
        startedMonotonic = clock.monotonic()
    }

    /// The guest runs; a kill that came before reaches it now.
    func attach(_ guest: Guest) {
        let reason = control.withLock { control -> UInt8? in
            // A short program may be over before its starter gets here.
            guard !control.isOver else { return nil }
            control.guest = guest
            return control.killReason
        }
        if let reason { guest.kill(reason: reason) }
        // Its first turn may have ended before this.
        noteMemory()
    }

    /// The guest is gone.
    func detach() {
        control.withLock { control in
            control.guest = nil
            control.isOver = true
        }
        noteMemory()
    }

    /// Ends the guest wherever it is; the first reason counts.
    func kill(_ reason: KillReason) { kill(reason.rawValue) }

    private func kill(_ reason: UInt8) {
        let guest = control.withLock { control -> Guest? in
            guard control.killReason == nil else { return nil }
            control.killReason = reason
            return control.guest
        }
        guest?.kill(reason: reason)
    }

    /// What a kill with this number is called in the record.
    static func outcome(killedFor reason: UInt8) -> ExitOutcome {
        guard reason != memoryLimitReason else { return .limit("namespace-memory") }
        return .killed(KillReason(rawValue: reason) ?? .kill)
    }

    // MARK: The guest's output, and the end of its turns

    func append(_ bytes: [UInt8], to stream: LogStream) -> Bool { output.append(bytes, to: stream) }

    func onWritable(_ resume: @escaping @Sendable () -> Void) { output.onWritable(resume) }

    func turnEnded() {
        output.turnEnded()
        // Most turns change nothing, and the ledger is everybody's.
        guard ledger != nil, ledgerMemory.load(ordering: .relaxed) != countedMemory else { return }
        noteMemory()
    }

    /// Tells the ledger; a process that takes its namespace beyond the limit ends.
    private func noteMemory() {
        guard let ledger else { return }
        // Looking, too, is under its lock: a report that was overtaken by the process's end must
        // not be the last.
        let fits = ledger.withLock { ledger in
            let memory = countedMemory
            guard ledgerMemory.load(ordering: .relaxed) != memory else { return true }
            let before = ledgerMemory.exchange(memory, ordering: .relaxed)
            return ledger.change(from: before, to: memory, in: namespace)
        }
        if !fits { kill(Self.memoryLimitReason) }
    }

    /// What counts for its namespace, bytes.
    private var countedMemory: UInt64 {
        control.withLock { control in
            control.isOver ? 0 : max(reservedMemory, control.guest?.memory ?? 0)
        }
    }

    /// CPU time, nanoseconds, and linear memory, bytes, as of its last turn.
    var usage: (cpu: UInt64, memory: UInt64) {
        control.withLock { control in
            (control.guest?.cpuNanoseconds ?? 0, control.guest?.memory ?? 0)
        }
    }
}
