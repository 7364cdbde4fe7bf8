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
        var isReady = false
        var heartbeat: Heartbeat?
        /// When the supervision looks for the next heartbeat, monotonic nanoseconds.
        var watchedUntil = UInt64.max
    }

    /// A sign of life.
    struct Heartbeat: Sendable {
        /// Monotonic, nanoseconds.
        var at: UInt64
        /// Within how long the next one is promised, nanoseconds; nil: it is not.
        var interval: UInt64?

        /// When the next one is due; the end of all time when none was promised.
        var due: UInt64 {
            let (sum, overflow) = at.addingReportingOverflow(interval ?? .max)
            return overflow ? .max : sum
        }
    }

    let home: ProcessHome
    let startedAt: Int64
    let startedMonotonic: UInt64
    /// What its guest has open of ours.
    let handles = GuestHandles()
    private let control = Mutex(Control())

    /// What the record of a guest's end has for one that missed its heartbeat: no `KillReason`.
    private static let missedHeartbeat: UInt8 = 255

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
        handles.end()
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

    // MARK: What the guest tells about itself

    /// The guest is ready: true the first time.
    func noteReady() -> Bool {
        control.withLock { control in
            defer { control.isReady = true }
            return !control.isReady
        }
    }

    /// The guest lives. True when the supervision would look for the next sign too late: a guest may
    /// give as many as it likes, and only the first, or one that promises more than those before,
    /// concerns anybody else at once.
    func note(_ heartbeat: Heartbeat) -> Bool {
        control.withLock { control in
            control.heartbeat = heartbeat
            guard heartbeat.due < control.watchedUntil else { return false }
            control.watchedUntil = heartbeat.due
            return true
        }
    }

    /// The last sign of life, for the supervision, which from now on looks for the next one when it
    /// is due; nil when there was none.
    func takeHeartbeat() -> Heartbeat? {
        control.withLock { control in
            if let heartbeat = control.heartbeat { control.watchedUntil = heartbeat.due }
            return control.heartbeat
        }
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
        case .heartbeat: kill(Self.missedHeartbeat)
        }
    }

    /// What a kill with this number is called in the record.
    static func outcome(killedFor reason: UInt8) -> ExitOutcome {
        reason == missedHeartbeat
            ? Interruption.heartbeat.outcome : .killed(KillReason(rawValue: reason) ?? .kill)
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
