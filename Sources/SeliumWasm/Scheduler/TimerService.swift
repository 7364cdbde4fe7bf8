/// Calls closures at a time of the monotonic clock, from one thread of its own.
///
/// For sleeping guests: no thread and no task each.
public final class TimerService: Sendable {
    private let core = TimerCore()

    /// Starts the thread. Throws `resources` when the machine gives none: later nobody could tell
    /// the guests that wait.
    public init() throws(WasmError) {
        guard Thread.start("selium-timer", nice: 0, { [core] in core.run() }) else {
            throw WasmError(.resources, "this machine has no more threads")
        }
    }

    deinit { core.stop() }

    /// Nanoseconds of the clock that deadlines are given in.
    public static func now() -> UInt64 { monotonicNanoseconds() }

    /// Calls `action` once when the clock shows `deadline` nanoseconds or more, on the timer
    /// thread: short, never blocking. The id is never 0.
    public func schedule(at deadline: UInt64, _ action: @escaping @Sendable () -> Void) -> UInt64 {
        core.schedule(at: deadline, action)
    }

    /// Takes a timer back. It may be running at this moment, or be over: then nothing happens.
    public func cancel(_ id: UInt64) { core.cancel(id) }

    /// How many wait.
    public var count: Int { core.count }
}

/// What the service shares with its thread.
///
/// SAFETY: all that changes is under `monitor`.
private final class TimerCore: @unchecked Sendable {
    private let monitor = Monitor()
    // Under `monitor`.
    private var heap = TimerHeap<@Sendable () -> Void>()
    private var lastID: UInt64 = 0
    private var isStopped = false

    var count: Int {
        monitor.lock()
        defer { monitor.unlock() }
        return heap.count
    }

    func schedule(at deadline: UInt64, _ action: @escaping @Sendable () -> Void) -> UInt64 {
        monitor.lock()
        let isFirst = heap.next.map { deadline < $0 } ?? true
        lastID += 1
        let id = lastID
        heap.insert(id, at: deadline, action)
        monitor.unlock()
        if isFirst { monitor.signal() }
        return id
    }

    func cancel(_ id: UInt64) {
        monitor.lock()
        // Released outside the lock: its end may call back into this service.
        let action = heap.remove(id)
        monitor.unlock()
        _ = action
    }

    func stop() {
        monitor.lock()
        isStopped = true
        monitor.unlock()
        monitor.broadcast()
    }

    /// The thread's whole life.
    func run() {
        monitor.lock()
        while !isStopped {
            if let action = heap.popDue(monotonicNanoseconds()) {
                monitor.unlock()
                action()
                monitor.lock()
            } else if let next = heap.next {
                monitor.wait(until: next)
            } else {
                monitor.wait()
            }
        }
        monitor.unlock()
    }
}
