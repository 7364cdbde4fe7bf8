import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumWasm
import Synchronization

/// An incarnation of a process that has not ended: its guest.
///
/// Nothing here runs on its own: a process that waits costs no thread and no task.
final class RunningProcess: GuestOutput {
    private struct Control: Sendable {
        var guest: Guest?
        var killReason: UInt8?
        /// The end was told.
        var isOver = false
        /// Stops whose answer is the end; nil once it is being written.
        var stops: [Idempotency]? = []
    }

    let home: ProcessHome
    let startedAt: Int64
    let startedMonotonic: UInt64
    private let control = Mutex(Control())

    var id: ProcessID { home.id }
    var namespace: Namespace { home.namespace }
    var output: ProcessOutput { home.output }
    var input: ProcessInput? { home.input }
    var authority: ProcessAuthority { home.authority }
    var memoryLimit: UInt64 { home.memoryLimit }
    /// Kinds of the results to keep.
    var resultKinds: [ValueKind] { home.spec.results }

    init(_ home: ProcessHome) {
        self.home = home
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
    }

    /// The guest is gone.
    func detach() {
        control.withLock { control in
            control.guest = nil
            control.isOver = true
        }
    }

    /// Ends the guest wherever it is; the first reason counts.
    func kill(_ reason: KillReason) {
        let guest = control.withLock { control -> Guest? in
            guard control.killReason == nil else { return nil }
            control.killReason = reason.rawValue
            return control.guest
        }
        guest?.kill(reason: reason.rawValue)
    }

    /// The answer of a stop is to be written together with the end. False when it is too late for
    /// that, or there are too many: then its row comes later.
    func promise(_ stop: Idempotency) -> Bool {
        control.withLock { control in
            guard let count = control.stops?.count, count < Limits.stopAnswers else { return false }
            control.stops?.append(stop)
            return true
        }
    }

    /// Nobody waits for the answer any more.
    func withdraw(_ stop: Idempotency) {
        control.withLock { control in
            control.stops?.removeAll { RequestKey($0) == RequestKey(stop) }
        }
    }

    /// The stops to be written together with the end; once.
    func takeStops() -> [Idempotency] {
        control.withLock { control in
            defer { control.stops = nil }
            return control.stops ?? []
        }
    }

    /// Does what the supervision asks for.
    func interrupt(_ interruption: Interruption) {
        switch interruption {
        case .kill(let reason): kill(reason)
        // No guest can promise heartbeats yet.
        case .heartbeat: kill(.kill)
        }
    }

    /// What a kill with this number is called in the record.
    static func outcome(killedFor reason: UInt8) -> ExitOutcome {
        .killed(KillReason(rawValue: reason) ?? .kill)
    }

    // MARK: The guest's output, and the end of its turns

    func append(_ bytes: [UInt8], to stream: LogStream) -> Bool { output.append(bytes, to: stream) }

    var isWritable: Bool { output.isWritable }

    func onWritable(_ resume: @escaping @Sendable () -> Void) { output.onWritable(resume) }

    func turnEnded() { output.turnEnded() }

    /// CPU time, nanoseconds, and linear memory, bytes, as of its last turn.
    var usage: (cpu: UInt64, memory: UInt64) {
        control.withLock { control in
            (control.guest?.cpuNanoseconds ?? 0, control.guest?.memory ?? 0)
        }
    }
}
