internal import CPosix
internal import Glibc
internal import HeapModule
internal import Synchronization

/// Who is told by the reactor, on its thread: it must not block there.
protocol ReactorClient: AnyObject, Sendable {
    /// The poller has seen something.
    func handleEvent(_ direction: Readiness.Direction)
    /// The moment of ``Reactor/arm(_:at:)`` has come. Returns when to be called next, nil for never.
    func handleTimeout(at armed: UInt64, now: UInt64) -> UInt64?
    /// Whether this is the moment at which it has to be called. Asked under the reactor's lock: it may
    /// not take one under which the reactor is called.
    func isArmed(at deadline: UInt64) -> Bool
}

/// The one thread that waits for all sockets of this room and for the deadlines of who uses them.
///
/// Of streams it reads and writes nothing: it tells whoever waits that a call is worth another try, and
/// the call is made by the task itself. So no byte is ever between the kernel and its reader. The
/// resolver's datagrams are its own, and read by it where it is told of them.
final class Reactor: Sendable {
    private struct Timer: Comparable, Hashable {
        let deadline: UInt64
        let token: UInt64

        static func < (left: Timer, right: Timer) -> Bool { left.deadline < right.deadline }
    }

    private struct State {
        var table: [UInt64: any ReactorClient] = [:]
        var timers = Heap<Timer>()
        var lastToken: UInt64 = 0
        /// When the thread wakes up by itself.
        var sleepsUntil: UInt64 = 0
        /// So many timers, and those that nobody waits for are thrown out.
        var mostTimers = Reactor.fewTimers

        /// Adds a timer; the heap stays in proportion to the sockets there are. One that an earlier
        /// one has replaced is added again when that has fired, so it may stand there many times.
        mutating func insert(_ timer: Timer) {
            timers.insert(timer)
            guard timers.count > mostTimers else { return }
            timers = Heap(
                Set(timers.unordered).filter {
                    table[$0.token]?.isArmed(at: $0.deadline) == true
                })
            mostTimers = max(Reactor.fewTimers, timers.count * 2)
        }
    }

    /// The token of the descriptor that wakes the thread; sockets have others.
    private static let wakeToken: UInt64 = 0
    /// Events taken from the kernel in one call.
    private static let batch = 256
    /// Timers that are not worth looking through.
    private static let fewTimers = 1_024

    private static let current = Mutex<Reactor?>(nil)

    private let poller: Int32
    private let wake: Int32
    private let state = Mutex(State())

    /// The process's reactor, made when it is needed first.
    static func shared() throws(Failure) -> Reactor {
        let made = current.withLock { current -> Result<Reactor, Failure> in
            if let current { return .success(current) }
            let made = Result { () throws(Failure) in try Reactor() }
            current = try? made.get()
            return made
        }
        return try made.get()
    }

    private init() throws(Failure) {
        poller = try Call.checked(cposix_poller())
        let wake = cposix_event_descriptor()
        guard wake >= 0 else {
            _ = cposix_close(poller)
            throw .system(-wake)
        }
        self.wake = wake
        var started = cposix_poller_add(poller, wake, Self.wakeToken)
        if started >= 0 {
            let retained = unsafe Unmanaged.passRetained(self)
            // SAFETY: the thread gets the pointer that is passed here and takes its reference, once;
            // when there is no thread the reference is taken back below.
            started = unsafe cposix_start_thread(
                "selium-net",
                { unsafe Unmanaged<Reactor>.fromOpaque($0!).takeRetainedValue().run() },
                retained.toOpaque())
            if started < 0 { unsafe retained.release() }
        }
        guard started >= 0 else {
            _ = cposix_close(wake)
            _ = cposix_close(poller)
            throw .system(-started)
        }
    }

    /// Watches a descriptor from now on.
    func add(_ descriptor: Int32) throws(Failure) -> (token: UInt64, readiness: Readiness) {
        let (token, readiness) = addPlace()
        try watch(descriptor, token)
        return (token, readiness)
    }

    /// Watches a descriptor for somebody who is no ``Readiness``.
    func add(_ descriptor: Int32, for client: any ReactorClient) throws(Failure) -> UInt64 {
        let token = addPlace(for: client)
        try watch(descriptor, token)
        return token
    }

    private func watch(_ descriptor: Int32, _ token: UInt64) throws(Failure) {
        let result = cposix_poller_add(poller, descriptor, token)
        guard result >= 0 else {
            remove(token)
            throw .system(-result)
        }
    }

    /// A place for waiting and deadlines without a descriptor; somebody else tells of the events.
    func addPlace() -> (token: UInt64, readiness: Readiness) {
        state.withLock { state in
            state.lastToken += 1
            let readiness = Readiness(token: state.lastToken, reactor: self)
            state.table[state.lastToken] = readiness
            return (state.lastToken, readiness)
        }
    }

    /// A place for deadlines without a descriptor, for somebody who is no ``Readiness``.
    func addPlace(for client: any ReactorClient) -> UInt64 {
        state.withLock { state in
            state.lastToken += 1
            state.table[state.lastToken] = client
            return state.lastToken
        }
    }

    /// Forgets a place.
    func remove(_ token: UInt64) {
        _ = state.withLock { $0.table.removeValue(forKey: token) }
    }

    /// Forgets a descriptor; before it is closed.
    func remove(_ token: UInt64, _ descriptor: Int32) {
        remove(token)
        // It is there: ``add(_:)`` put it in, and only its owner takes it out.
        _ = cposix_poller_remove(poller, descriptor)
    }

    /// Calls ``Readiness/handleTimeout(at:now:)`` of this token at a moment.
    func arm(_ token: UInt64, at deadline: UInt64) {
        let wakes = state.withLock { state in
            state.insert(Timer(deadline: deadline, token: token))
            guard deadline < state.sleepsUntil else { return false }
            state.sleepsUntil = deadline
            return true
        }
        if wakes { _ = cposix_event_signal(wake) }
    }

    /// How many timers are kept, for tests.
    var timerCount: Int { state.withLock { $0.timers.count } }

    private func run() {
        var events = [cposix_event](repeating: cposix_event(), count: Self.batch)
        while true {
            let milliseconds = sleepTime()
            let found = unsafe events.withUnsafeMutableBufferPointer { events in
                unsafe cposix_poller_wait(
                    poller, events.baseAddress, Int32(events.count), milliseconds)
            }
            // Interruptions are no failure of it; what is left (EBADF, EFAULT, EINVAL) is a bug of this
            // file, or somebody has closed descriptors that are not theirs. No wait of the room would
            // ever end again.
            guard found >= 0 else { fatalError("the poller failed: \(SystemName.of(-found))") }
            state.withLock { $0.sleepsUntil = 0 }
            dispatch(events[..<Int(found)])
            expire()
        }
    }

    /// How long to sleep, rounded up: a deadline that is looked at too early is looked at twice.
    private func sleepTime() -> Int32 {
        let now = Monotonic.now
        return state.withLock { state in
            guard let first = state.timers.min else {
                state.sleepsUntil = .max
                return -1
            }
            state.sleepsUntil = first.deadline
            guard first.deadline > now else { return 0 }
            return Int32(clamping: (first.deadline - now) / 1_000_000 + 1)
        }
    }

    private func dispatch(_ events: ArraySlice<cposix_event>) {
        for event in events {
            guard event.token != Self.wakeToken else {
                _ = cposix_event_drain(wake)
                continue
            }
            // Not there any more: it was closed while the event was on its way.
            guard let client = state.withLock({ $0.table[event.token] }) else { continue }
            if event.ready & Int32(CPOSIX_READABLE) != 0 {
                client.handleEvent(.reading)
            }
            if event.ready & Int32(CPOSIX_WRITABLE) != 0 {
                client.handleEvent(.writing)
            }
        }
    }

    private func expire() {
        let now = Monotonic.now
        while let (timer, client) = due(now) {
            guard let next = client?.handleTimeout(at: timer.deadline, now: now) else {
                continue
            }
            state.withLock {
                $0.insert(Timer(deadline: next, token: timer.token))
            }
        }
    }

    private func due(_ now: UInt64) -> (Timer, (any ReactorClient)?)? {
        state.withLock { state in
            guard let first = state.timers.min, first.deadline <= now else { return nil }
            state.timers.removeMin()
            return (first, state.table[first.token])
        }
    }
}

/// What calls of the C room answer.
enum Call {
    /// The value, or the errno behind the sign.
    @discardableResult
    static func checked(_ result: Int32) throws(Failure) -> Int32 {
        guard result >= 0 else { throw .system(-result) }
        return result
    }
}
