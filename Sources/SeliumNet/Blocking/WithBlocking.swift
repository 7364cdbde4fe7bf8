internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Runs any of this room's operations from code that is not asynchronous, and blocks its thread until
/// it has ended.
///
///     let answer = try withBlocking {
///         let stream = try await TCPStream.connect(to: "127.0.0.1:7")
///         …
///     }
///
/// - Throws: what the body throws; ``NetError`` with `.wrongThread` on an event loop or in a task: such
///   a thread has others to serve, the one that this waits for perhaps among them.
public func withBlocking<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) throws -> Value {
    guard MultiThreadedEventLoopGroup.currentEventLoop == nil else {
        throw NetError(.wrongThread, doing: .block, detail: "an event loop must not block")
    }
    guard unsafe withUnsafeCurrentTask(body: { unsafe $0 == nil }) else {
        throw NetError(.wrongThread, doing: .block, detail: "a task awaits instead of blocking")
    }
    let box = BlockingBox<Value>()
    // The one task outside of a group: this thread is what it is bound to, and waits for it.
    Task.detached {
        do {
            box.set(.success(try await body()))
        } catch {
            box.set(.failure(error))
        }
    }
    return try box.wait().get()
}

/// What a blocked thread waits for.
private final class BlockingBox<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let gate = Gate()

    func set(_ result: Result<Value, any Error>) {
        self.result.withLock { $0 = result }
        gate.open()
    }

    func wait() -> Result<Value, any Error> {
        gate.wait()
        guard let result = result.withLock({ $0 }) else {
            preconditionFailure("the gate opened without a result")
        }
        return result
    }
}
