internal import Dispatch
internal import Glibc
internal import Synchronization

/// SIGINT and SIGTERM as values. From the moment it is made neither ends the process by itself.
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
    /// SAFETY: made once and only kept alive; libdispatch guards its objects itself.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init() {
        let queue = DispatchQueue(label: "selium.signals")
        _ = signal(SIGINT, SIG_IGN)
        _ = signal(SIGTERM, SIG_IGN)
        unsafe sources = [SIGINT, SIGTERM].map {
            DispatchSource.makeSignalSource(signal: $0, queue: queue)
        }
        for (source, event) in unsafe zip(sources, [Event.interrupt, .terminate]) {
            source.setEventHandler { [weak self] in self?.received(event) }
            source.resume()
        }
    }

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

    /// What the handler of a signal does: whoever has waited longest gets it.
    private func received(_ event: Event) {
        let waiting = state.withLock { state -> CheckedContinuation<Event?, Never>? in
            if let id = state.waiting.keys.min() { return state.waiting.removeValue(forKey: id) }
            if state.pending.count < Self.maximumPending { state.pending.append(event) }
            return nil
        }
        waiting?.resume(returning: event)
    }
}
