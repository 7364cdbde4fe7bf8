internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGINT and SIGTERM as values. From the moment it is made neither ends the process by itself; with
/// the last watch they do what they did before.
final class SignalWatch: Sendable {
    /// What somebody wants.
    enum Event: Sendable, Hashable {
        case interrupt
        case terminate

        /// What a command that obeys returns.
        var status: ExitStatus { self == .interrupt ? .interrupted : .terminated }
    }

    private struct State {
        var waiting: [UInt64: CheckedContinuation<Event?, Never>] = [:]
        var cancelled: Set<UInt64> = []
        var pending: [Event] = []
        var next: UInt64 = 0
    }

    /// Signals nobody has asked for yet; more than this say nothing new.
    private static let maximumPending = 4

    private let state = Mutex(State())

    init() { SignalHandlers.shared.add(self) }

    deinit { SignalHandlers.shared.remove(ObjectIdentifier(self)) }

    /// Waits for the next signal; nil when the task is cancelled.
    func next() async -> Event? {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Event?? = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return .some(nil) }
                    if !state.pending.isEmpty { return .some(state.pending.removeFirst()) }
                    state.waiting[id] = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiting = state.withLock { state in
                let waiting = state.waiting.removeValue(forKey: id)
                if waiting == nil { state.cancelled.insert(id) }
                return waiting
            }
            waiting?.resume(returning: nil)
        }
    }

    /// What a signal does: whoever has waited longest gets it.
    fileprivate func received(_ event: Event) {
        let waiting = state.withLock { state -> CheckedContinuation<Event?, Never>? in
            if let id = state.waiting.keys.min() { return state.waiting.removeValue(forKey: id) }
            if state.pending.count < Self.maximumPending { state.pending.append(event) }
            return nil
        }
        waiting?.resume(returning: event)
    }
}

/// The handlers of this process, there while somebody watches. libdispatch's sources of signals are no
/// way: they take a signal over once and never give it back, and whoever ignores it for them leaves
/// that to every program it starts.
private final class SignalHandlers: Sendable {
    static let shared = SignalHandlers()

    private static let numbers: [(Int32, SignalWatch.Event)] = [
        (SIGINT, .interrupt), (SIGTERM, .terminate),
    ]

    private struct Watcher {
        weak var watch: SignalWatch?
    }

    private struct State {
        var watchers: [ObjectIdentifier: Watcher] = [:]
        /// What there was before the first of them.
        var old: [sigaction] = []
    }

    private let state = Mutex(State())
    /// SAFETY: made once and only kept alive; libdispatch guards its objects itself.
    private nonisolated(unsafe) let source: (any DispatchSourceRead)?

    private init() {
        var ends: [Int32] = [-1, -1]
        // Without a pipe signals do what they always did.
        guard unsafe pipe(&ends) == 0 else {
            unsafe source = nil
            return
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            // A full pipe holds more signals than anybody asks for.
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        let (reading, writing) = (ends[0], ends[1])
        signalPipe.store(writing, ordering: .relaxed)
        let source = DispatchSource.makeReadSource(
            fileDescriptor: reading, queue: DispatchQueue(label: "selium.signals"))
        unsafe self.source = source
        source.setEventHandler { [weak self] in
            var number: UInt8 = 0
            while unsafe read(reading, &number, 1) == 1 { self?.received(Int32(number)) }
        }
        source.resume()
    }

    func add(_ watch: SignalWatch) {
        state.withLock { state in
            if state.watchers.isEmpty { state.old = install() }
            state.watchers[ObjectIdentifier(watch)] = Watcher(watch: watch)
        }
    }

    func remove(_ watch: ObjectIdentifier) {
        state.withLock { state in
            guard state.watchers.removeValue(forKey: watch) != nil, state.watchers.isEmpty else {
                return
            }
            for ((number, _), old) in zip(Self.numbers, state.old) {
                var old = old
                _ = unsafe sigaction(number, &old, nil)
            }
        }
    }

    /// Puts ours in place; what was there.
    private func install() -> [sigaction] {
        guard unsafe source != nil else { return [] }
        return Self.numbers.map { number, _ in
            var ours = sigaction()
            unsafe ours.__sigaction_handler.sa_handler = noteSignal
            ours.sa_flags = SA_RESTART
            var old = sigaction()
            _ = unsafe sigaction(number, &ours, &old)
            return old
        }
    }

    private func received(_ number: Int32) {
        guard let event = Self.numbers.first(where: { $0.0 == number })?.1 else { return }
        let watches = state.withLock { $0.watchers.values.compactMap(\.watch) }
        for watch in watches { watch.received(event) }
    }
}

/// Where the handler writes the signal's number.
private let signalPipe = Atomic<Int32>(-1)

/// Runs wherever the signal strikes: nothing in it but what signal-safety(7) allows.
private func noteSignal(_ number: Int32) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(signalPipe.load(ordering: .relaxed), &byte, 1)
    errno = saved
}
