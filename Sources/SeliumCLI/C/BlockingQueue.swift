internal import Dispatch
internal import Synchronization

/// Runs system calls that may block for ever, one after the other, on a thread of its own, so that
/// they never hold one of the few that run everything else.
final class BlockingQueue: Sendable {
    private let queue: DispatchQueue

    init(_ label: String) { queue = DispatchQueue(label: label) }

    /// Runs `work` and returns what it returns, or `cancelled` as soon as the task is cancelled; the
    /// call itself goes on until the system ends it.
    func run<Value: Sendable>(
        cancelled: Value, _ work: @escaping @Sendable () -> Value
    ) async -> Value {
        let waiting = Waiting<Value>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard waiting.begin(continuation) else {
                    return continuation.resume(returning: cancelled)
                }
                queue.async {
                    guard waiting.isWanted else { return }
                    let value = work()
                    waiting.end()?.resume(returning: value)
                }
            }
        } onCancel: {
            waiting.end()?.resume(returning: cancelled)
        }
    }

    /// Runs `work` some time, for nobody.
    func post(_ work: @escaping @Sendable () -> Void) { queue.async { work() } }
}

/// The one who waits for a call, until it is answered or cancelled.
private final class Waiting<Value: Sendable>: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Value, Never>)
        case over
    }

    private let state = Mutex(State.new)

    /// False when the task was cancelled before.
    func begin(_ continuation: CheckedContinuation<Value, Never>) -> Bool {
        state.withLock { state in
            guard case .new = state else { return false }
            state = .waiting(continuation)
            return true
        }
    }

    var isWanted: Bool { state.withLock { if case .waiting = $0 { true } else { false } } }

    /// The one who waits, once.
    func end() -> CheckedContinuation<Value, Never>? {
        state.withLock { state in
            defer { state = .over }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
    }
}
