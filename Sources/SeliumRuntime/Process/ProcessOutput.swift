import SeliumHosting
import SeliumKernel
import Synchronization

/// The log of all processes, with those who wait for records.
typealias LogMonitor = Monitor<LogShelf, ProcessID>

/// Where a process's output goes, over all its incarnations: gathered in its turn, then appended to
/// its log.
///
/// A sequence is given only below the ceiling that is on disk, so that a crash never repeats one.
/// The ceiling is raised ahead of time; a guest that outruns it waits in its next write.
final class ProcessOutput: GuestOutput {
    private struct State: Sendable {
        var slice = LogSlice()
        /// Flushed, waiting for a higher ceiling.
        var held: [LogPiece] = []
        /// The sequence of the next record.
        var next: UInt64 = 1
        var ceiling: UInt64
        var isRaising = false
        var bucket: TokenBucket
        /// When the rate lets the guest write again.
        var writableAt: UInt64 = 0
        /// Rings then; 0 when there is none.
        var timer: UInt64 = 0
        var resume: (@Sendable () -> Void)?
        /// Waits for everything to be in the log.
        var onDrained: (@Sendable () -> Void)?
    }

    /// What a change of the state asks for after it.
    private enum Then {
        case nothing
        case raise(to: UInt64)
    }

    private let id: ProcessID
    private let logs: LogMonitor
    private let clock: any GuestClock
    private let timers: any GuestTimers
    /// Puts a higher ceiling on disk and says so.
    private let raise: @Sendable (UInt64, @escaping @Sendable () -> Void) -> Void
    /// Says that the log has more; what it should say for that, if anything.
    private let appended: @Sendable () -> SystemRecord?
    /// A write waits where it would make the log drop what its one reader has not read.
    private let waitsForReader: Bool
    private let state: Mutex<State>

    /// More than this in one turn goes into the log before the turn ends.
    private static let turnBytes = 1 << 20

    init(
        _ id: ProcessID, logs: LogMonitor, clock: any GuestClock, timers: any GuestTimers,
        ceiling: UInt64, next: UInt64 = 1, waitsForReader: Bool = false,
        raise: @escaping @Sendable (UInt64, @escaping @Sendable () -> Void) -> Void,
        appended: @escaping @Sendable () -> SystemRecord? = { nil }
    ) {
        self.id = id
        self.logs = logs
        self.clock = clock
        self.timers = timers
        self.raise = raise
        self.appended = appended
        self.waitsForReader = waitsForReader
        state = Mutex(
            State(
                next: next, ceiling: ceiling,
                bucket: TokenBucket(
                    rate: Limits.logRate, burst: Limits.logBurst, now: clock.monotonic())))
    }

    // MARK: The guest's side

    func append(_ bytes: [UInt8], to stream: LogStream) -> Bool {
        let (taken, then) = state.withLock { state -> (Bool, Then) in
            guard state.held.isEmpty, !isFull else { return (false, .nothing) }
            let now = clock.monotonic()
            if case .wait(let nanoseconds) = state.bucket.take(bytes.count, now: now) {
                state.writableAt = now &+ nanoseconds
                return (false, .nothing)
            }
            state.slice.write(bytes, to: stream)
            return (true, state.slice.byteCount > Self.turnBytes ? flush(&state) : .nothing)
        }
        perform(then)
        return taken
    }

    var isWritable: Bool {
        state.withLock { $0.held.isEmpty && !isFull && $0.writableAt <= clock.monotonic() }
    }

    func onWritable(_ resume: @escaping @Sendable () -> Void) {
        enum Wait {
            case no, resume
            case until(UInt64)
        }
        let wait = state.withLock { state -> Wait in
            if !state.held.isEmpty || isFull {
                state.resume = resume
                return .resume
            }
            return state.writableAt > clock.monotonic() ? .until(state.writableAt) : .no
        }
        switch wait {
        case .no: resume()
        case .resume: break
        case .until(let time):
            let timer = timers.schedule(at: time, resume)
            state.withLock { $0.timer = timer }
        }
    }

    func turnEnded() {
        let then = state.withLock { state in state.slice.isEmpty ? .nothing : flush(&state) }
        perform(then)
    }

    // MARK: The host's side

    /// Appends a record of the runtime behind everything the guest wrote so far.
    func append(_ record: SystemRecord) {
        let then = state.withLock { state -> Then in
            let then = flush(&state)
            // Behind held output it would come too early; then it is the one that is left out.
            guard state.held.isEmpty, state.next <= state.ceiling else { return then }
            append(record, &state)
            return then
        }
        perform(then)
    }

    /// Appends the record that an incarnation ended with: its guest is gone and its output drained.
    /// Whether the ceiling reaches it does not matter, the record is on disk with its sequence.
    func append(end record: ExitRecord, goesOn: Bool) {
        state.withLock { state in
            // Whoever waited to write is not there any more.
            state.resume = nil
            state.next += 1
            logs.update { shelf, wakes in
                shelf.append(
                    .ended(record), to: id, wallTime: record.endedAt,
                    monotonicTime: clock.monotonic(), goesOn: goesOn)
                wakes.wake(id)
            }
            // Nothing is said behind the end.
            _ = appended()
        }
    }

    /// The guest is gone: calls `done` once when everything it wrote is in the log; at once when
    /// it is.
    func whenDrained(_ done: @escaping @Sendable () -> Void) {
        let (now, timer, then) = state.withLock { state -> (Bool, UInt64, Then) in
            let then = flush(&state)
            if !state.held.isEmpty { state.onDrained = done }
            defer { state.timer = 0 }
            return (state.held.isEmpty, state.timer, then)
        }
        // Else it would keep the bytes of a write that nobody waits for.
        if timer != 0 { timers.cancel(timer) }
        perform(then)
        if now { done() }
    }

    /// The reader has taken records: a write that waited for room goes on.
    func roomWasMade() {
        let resume = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.held.isEmpty, !isFull else { return nil }
            defer { state.resume = nil }
            return state.resume
        }
        resume?()
    }

    /// Whether the log would have to drop what nobody has read.
    private var isFull: Bool { waitsForReader && logs.withLock { $0.isFull(id) } }

    /// The sequence of the next record.
    var next: UInt64 { state.withLock { $0.next } }

    // MARK: Inside

    /// Appends what was gathered, as far as the ceiling allows.
    private func flush(_ state: inout State) -> Then {
        state.held += state.slice.flush()
        return push(&state)
    }

    private func push(_ state: inout State) -> Then {
        var ready = 0
        var records: UInt64 = 0
        while ready < state.held.count {
            let more = UInt64(state.held[ready].records)
            guard state.next + records + more - 1 <= state.ceiling else { break }
            records += more
            ready += 1
        }
        if ready > 0 {
            let pieces = Array(state.held.prefix(ready))
            state.held.removeFirst(ready)
            state.next += records
            let (wall, monotonic) = (clock.realtime(), clock.monotonic())
            // Under this lock, so that two flushes cannot change places.
            logs.update { shelf, wakes in
                if shelf.append(pieces, to: id, wallTime: wall, monotonicTime: monotonic) {
                    wakes.wake(id)
                }
            }
            if let note = appended(), state.next <= state.ceiling { append(note, &state) }
        }
        let isNear = state.ceiling - min(state.next, state.ceiling) < Limits.sequenceBlock / 2
        guard !state.isRaising, isNear || !state.held.isEmpty else { return .nothing }
        state.isRaising = true
        let wanted = state.held.reduce(state.next) { $0 + UInt64($1.records) }
        return .raise(to: max(wanted, state.ceiling) + Limits.sequenceBlock)
    }

    private func append(_ record: SystemRecord, _ state: inout State) {
        state.next += 1
        let (wall, monotonic) = (clock.realtime(), clock.monotonic())
        logs.update { shelf, wakes in
            if shelf.append(record, to: id, wallTime: wall, monotonicTime: monotonic) {
                wakes.wake(id)
            }
        }
        if let note = appended(), state.next <= state.ceiling { append(note, &state) }
    }

    private func perform(_ then: Then) {
        guard case .raise(let ceiling) = then else { return }
        raise(ceiling) { [self] in raised(to: ceiling) }
    }

    private func raised(to ceiling: UInt64) {
        let (callbacks, then) = state.withLock { state -> ([@Sendable () -> Void], Then) in
            state.ceiling = ceiling
            state.isRaising = false
            // Only what was flushed: the guest may be in the middle of a line at this moment.
            let then = state.held.isEmpty ? .nothing : push(&state)
            guard state.held.isEmpty else { return ([], then) }
            defer {
                state.resume = nil
                state.onDrained = nil
            }
            return ([state.resume, state.onDrained].compactMap(\.self), then)
        }
        perform(then)
        for callback in callbacks { callback() }
    }
}
