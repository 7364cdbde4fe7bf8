import Synchronization

@testable import SeliumWasm

/// A user object for guests that need none.
final class Nobody: GuestUser {}

/// One engine for the whole suite: making one takes a millisecond, sharing costs nothing.
let sharedEngine: Engine = {
    do { return try Engine() } catch { fatalError("no engine: \(error)") }
}()

/// Waits for one value from another thread.
final class Box<Value: Sendable>: Sendable {
    private enum State {
        case empty
        case waiting([CheckedContinuation<Value, Never>])
        case full(Value)
    }

    private let state = Mutex(State.empty)

    func put(_ value: Value) {
        let waiting = state.withLock { state -> [CheckedContinuation<Value, Never>] in
            defer { state = .full(value) }
            if case .waiting(let continuations) = state { return continuations }
            return []
        }
        for continuation in waiting { continuation.resume(returning: value) }
    }

    func get() async -> Value {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> Value? in
                switch state {
                case .full(let value): return value
                case .empty:
                    state = .waiting([continuation])
                    return nil
                case .waiting(let others):
                    state = .waiting(others + [continuation])
                    return nil
                }
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    var now: Value? {
        state.withLock { if case .full(let value) = $0 { value } else { nil } }
    }
}

/// Host calls that guests wait in, for the test to complete.
final class Desk: Sendable {
    private let calls = Mutex<[HostCall]>([])
    private let waiters = Mutex<[(Int, CheckedContinuation<Void, Never>)]>([])

    func add(_ call: HostCall) {
        let count = calls.withLock {
            $0.append(call)
            return $0.count
        }
        let ready = waiters.withLock { waiters in
            let ready = waiters.filter { $0.0 <= count }
            waiters.removeAll { $0.0 <= count }
            return ready
        }
        for (_, continuation) in ready { continuation.resume() }
    }

    /// Waits until `count` calls came in, all told.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let there = waiters.withLock { waiters in
                let there = calls.withLock { $0.count } >= count
                if !there { waiters.append((count, continuation)) }
                return there
            }
            if there { continuation.resume() }
        }
    }

    var all: [HostCall] { calls.withLock { $0 } }
}

/// A guest under test: text in, end out.
final class Running: Sendable {
    let guest: Guest
    private let ending: Box<RunEnd>
    private let clock: Clock

    private final class Clock: Sendable { let time = Atomic<UInt64>(0) }

    init(_ start: (@escaping @Sendable (RunEnd) -> Void) throws -> Guest) rethrows {
        let ending = Box<RunEnd>()
        let clock = Clock()
        guest = try start {
            clock.time.store(TimerService.now(), ordering: .releasing)
            ending.put($0)
        }
        self.ending = ending
        self.clock = clock
    }

    func end() async -> RunEnd { await ending.get() }

    /// Kills it and says how long it took until it was gone, nanoseconds. Told on the guest thread:
    /// when this task goes on is another matter.
    func kill(reason: UInt8) async -> (end: RunEnd, nanoseconds: UInt64) {
        let begin = TimerService.now()
        guest.kill(reason: reason)
        let end = await end()
        let last = clock.time.load(ordering: .acquiring)
        return (end, last > begin ? last - begin : 0)
    }
}

extension Scheduler {
    /// Compiles text, starts `entry`, and gives what tells its end.
    func run(
        _ text: String, entry: Entrypoint = Entrypoint("run"), functions: [HostFunction] = [],
        limits: GuestLimits = .init(), unknownResults: [String: Int32] = [:]
    ) throws -> Running {
        let module = try Module.compile(try Module.wasm(fromText: text), engine: engine)
        let linker = try Linker(engine, functions: functions, unknownResults: unknownResults)
        return try run(try linker.prepare(module), entry: entry, limits: limits)
    }

    func run(
        _ prepared: PreparedModule, entry: Entrypoint = Entrypoint("run"),
        limits: GuestLimits = .init()
    ) throws -> Running {
        try Running { told in
            try spawn(prepared, entry: entry, limits: limits, user: Nobody(), onEnd: told)
        }
    }
}

/// Compiles text and links it.
func prepare(_ text: String, _ functions: [HostFunction] = []) throws -> PreparedModule {
    let module = try Module.compile(try Module.wasm(fromText: text), engine: sharedEngine)
    return try Linker(sharedEngine, functions: functions).prepare(module)
}
