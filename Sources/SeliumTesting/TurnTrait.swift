import Glibc
import Synchronization
package import Testing

extension Trait where Self == TurnTrait {
    /// The suite's tests run when it is their turn: as many at a time as there are processors, of all
    /// suites together, each for at most `minutes` of its own.
    ///
    /// The runner begins all tests at once, and its time limit counts the waiting. On two processors a
    /// thousand tests then starve each other until deadlines of the product have passed.
    package static func inTurn(minutes: Int = 5) -> Self {
        TurnTrait(limit: .seconds(60 * minutes))
    }
}

/// What `inTurn(minutes:)` makes.
package struct TurnTrait: SuiteTrait, TestTrait, TestScoping {
    /// Whether this task is a test's that has its turn: a suite in a suite takes no second one.
    @TaskLocal private static var isRunning = false

    let limit: Duration

    package var isRecursive: Bool { true }

    package func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        guard !Self.isRunning else { return try await function() }
        await Turns.shared.take()
        defer { Turns.shared.give() }
        try await Self.$isRunning.withValue(true) {
            try await withoutActuallyEscaping(function) { function in
                try await run(function)
            }
        }
    }

    private func run(_ function: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let limit = limit
            group.addTask { try await function() }
            group.addTask {
                try await Task.sleep(for: limit)
                Issue.record("it took longer than \(limit)")
            }
            // Whichever is first ends the other.
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}

/// Who runs, and who waits, first come first served.
private final class Turns: Sendable {
    static let shared = Turns(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: count)) }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func give() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
