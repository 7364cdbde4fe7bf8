import Foundation
import SeliumABI
import SeliumKernel
import SeliumWasm
import Synchronization
import Testing

@testable import SeliumRuntime

/// Output that is kept, with a door that can be shut.
final class KeptOutput: GuestOutput {
    private struct Contents {
        var bytes: [LogStream: [UInt8]] = [:]
        var order: [LogStream] = []
        var isShut = false
        var refusals = 0
        var resume: (@Sendable () -> Void)?
        var turns = 0
    }

    private let contents = Mutex(Contents())

    init(isShut: Bool = false) { contents.withLock { $0.isShut = isShut } }

    func append(_ bytes: [UInt8], to stream: LogStream) -> Bool {
        contents.withLock { contents in
            if contents.isShut {
                contents.refusals += 1
                return false
            }
            contents.bytes[stream, default: []] += bytes
            contents.order.append(stream)
            return true
        }
    }

    var isWritable: Bool { contents.withLock { !$0.isShut } }

    func onWritable(_ resume: @escaping @Sendable () -> Void) {
        let now = contents.withLock { contents in
            if contents.isShut { contents.resume = resume }
            return !contents.isShut
        }
        if now { resume() }
    }

    func turnEnded() { contents.withLock { $0.turns += 1 } }

    func open() {
        let resume = contents.withLock { contents in
            contents.isShut = false
            defer { contents.resume = nil }
            return contents.resume
        }
        resume?()
    }

    var isWaitedFor: Bool { contents.withLock { $0.resume != nil } }
    var turns: Int { contents.withLock { $0.turns } }
    var stdout: String {
        String(decoding: contents.withLock { $0.bytes[.stdout] ?? [] }, as: UTF8.self)
    }
    var stderr: String {
        String(decoding: contents.withLock { $0.bytes[.stderr] ?? [] }, as: UTF8.self)
    }
    var structured: String {
        String(decoding: contents.withLock { $0.bytes[.structured] ?? [] }, as: UTF8.self)
    }
    var order: [LogStream] { contents.withLock { $0.order } }
}

/// stdin out of a buffer that a test fills.
final class FedInput: GuestInput {
    private struct Contents {
        var buffer: InputBuffer
        var claim: UInt64?
        var resume: (@Sendable () -> Void)?
    }

    private let contents: Mutex<Contents>

    /// Without text stdin has ended; with it, it is open until `end`.
    init(_ text: String? = nil, ends: Bool = true) {
        contents = Mutex(Contents(buffer: InputBuffer(takesInput: text != nil)))
        if let text {
            feed(text)
            if ends { end() }
        }
    }

    func read(atMost limit: Int) -> InputBuffer.Reading {
        contents.withLock { $0.buffer.read(atMost: limit) }
    }

    var readable: Int? { contents.withLock { $0.buffer.isReadable ? $0.buffer.count : nil } }

    func onReadable(_ resume: @escaping @Sendable () -> Void) {
        let now = contents.withLock { contents in
            if !contents.buffer.isReadable { contents.resume = resume }
            return contents.buffer.isReadable
        }
        if now { resume() }
    }

    var isWaitedFor: Bool { contents.withLock { $0.resume != nil } }

    func feed(_ text: String) {
        change { contents in
            if contents.claim == nil { contents.claim = try? contents.buffer.open() }
            if let claim = contents.claim {
                _ = try? contents.buffer.write(Array(text.utf8)[...], token: claim)
            }
        }
    }

    func end() { change { contents in contents.claim.map { contents.buffer.finish(token: $0) } } }

    private func change(_ body: (inout Contents) -> Void) {
        let resume = contents.withLock { contents in
            body(&contents)
            guard contents.buffer.isReadable else { return nil as (@Sendable () -> Void)? }
            defer { contents.resume = nil }
            return contents.resume
        }
        resume?()
    }
}

/// Grants, and what was denied.
final class KeptAuthority: GuestAuthority {
    struct Denied: Hashable {
        var capability: Capability
        var resource: String
    }

    private let granted: CapabilitySet
    private let denied = Mutex<[Denied]>([])

    init(_ granted: [Capability]) { self.granted = CapabilitySet(granted) }

    func permits(_ capability: Capability, for resource: @autoclosure () -> String) -> Bool {
        if granted.contains(capability) { return true }
        let resource = resource()
        denied.withLock { $0.append(Denied(capability: capability, resource: resource)) }
        return false
    }

    var denials: [Denied] { denied.withLock { $0 } }
}

/// What a program told about itself.
final class KeptSupervision: GuestSupervision {
    enum Sign: Equatable {
        case ready
        case heartbeat(UInt64?)
    }

    private let kept = Mutex<[Sign]>([])

    func becameReady() { kept.withLock { $0.append(.ready) } }
    func heartbeat(within interval: UInt64?) { kept.withLock { $0.append(.heartbeat(interval)) } }

    var signs: [Sign] { kept.withLock { $0 } }
}

/// Time that jumps to a deadline as soon as somebody waits for it, or stands still.
final class JumpingTime: GuestClock, GuestTimers {
    private struct Contents {
        var now: UInt64 = 1_000_000_000
        var jumps: Bool
        var lastID: UInt64 = 0
        var waiting: [UInt64: (UInt64, @Sendable () -> Void)] = [:]
        var requested: [UInt64] = []
    }

    private let contents: Mutex<Contents>

    init(jumps: Bool = true) { contents = Mutex(Contents(jumps: jumps)) }

    func realtime() -> Int64 { Int64(monotonic()) + 1_700_000_000_000_000_000 }
    func monotonic() -> UInt64 { contents.withLock { $0.now } }
    var resolution: UInt64 { 1 }

    func schedule(at deadline: UInt64, _ action: @escaping @Sendable () -> Void) -> UInt64 {
        let (id, fire) = contents.withLock { contents in
            contents.lastID += 1
            contents.requested.append(deadline)
            if contents.jumps {
                contents.now = max(contents.now, deadline)
            } else {
                contents.waiting[contents.lastID] = (deadline, action)
            }
            return (contents.lastID, contents.jumps)
        }
        if fire { action() }
        return id
    }

    func cancel(_ id: UInt64) { contents.withLock { $0.waiting[id] = nil } }

    func advance(to time: UInt64) {
        let due = contents.withLock { contents in
            contents.now = max(contents.now, time)
            let due = contents.waiting.filter { $0.value.0 <= contents.now }
            for id in due.keys { contents.waiting[id] = nil }
            return due.values.map(\.1)
        }
        for action in due { action() }
    }

    var waiting: Int { contents.withLock { $0.waiting.count } }
    var requested: [UInt64] { contents.withLock { $0.requested } }
}

/// A program under WASI, with everything it talks to.
struct WASIRun {
    static let engine: Engine = {
        do { return try Engine() } catch { fatalError("no engine: \(error)") }
    }()
    static let linker: Linker = {
        do { return try HostFunctions.makeLinker(engine) } catch {
            fatalError("no linker: \(error)")
        }
    }()
    static let scheduler: Scheduler = {
        do { return try Scheduler(engine, .init(threads: 2, nice: 0)) } catch {
            fatalError("\(error)")
        }
    }()

    var arguments: [String] = ["program"]
    var environment: [(name: String, value: String)] = []
    var output = KeptOutput()
    var input = FedInput()
    var authority = KeptAuthority([.timeRead])
    var time = JumpingTime()
    var name = ""
    var handles = GuestHandles()
    var supervision = KeptSupervision()
    var limits = GuestLimits()

    /// Starts a prepared module; the box tells its end.
    func start(_ prepared: PreparedModule, entry: Entrypoint = Entrypoint("_start")) throws -> (
        Guest, EndBox
    ) {
        let process = WASIProcess(
            arguments: arguments, environment: environment, output: output, input: input,
            authority: authority, clock: time, timers: time)
        let itself = GuestProcess(
            id: 41, name: name, handles: handles, supervision: supervision)
        let box = EndBox()
        let guest = try Self.scheduler.spawn(
            prepared, entry: entry, limits: limits,
            user: GuestContext(wasi: process, process: itself)
        ) { box.put($0) }
        return (guest, box)
    }

    func run(_ prepared: PreparedModule, entry: Entrypoint = Entrypoint("_start")) async throws
        -> RunEnd
    {
        try await start(prepared, entry: entry).1.get()
    }

    /// Runs text whose entry is `run`.
    func run(text: String, arguments: [EntryArgument] = []) async throws -> RunEnd {
        try await run(Self.prepare(text: text), entry: Entrypoint("run", arguments: arguments))
    }

    static func prepare(text: String) throws -> PreparedModule {
        try linker.prepare(try Module.compile(try Module.wasm(fromText: text), engine: engine))
    }

    /// MicroPython as scripts/setup put it there.
    static let python: Result<PreparedModule, any Error> = Result {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let wasm = try Data(contentsOf: root.appending(path: ".deps/guests/micropython.wasm"))
        return try linker.prepare(try Module.compile([UInt8](wasm), engine: engine))
    }

    /// Runs a script in MicroPython.
    func python(_ script: String, _ more: String...) async throws -> RunEnd {
        var run = self
        run.arguments = ["micropython", "-c", script] + more
        return try await run.run(try Self.python.get())
    }
}

/// Tells how a run ended.
final class EndBox: Sendable {
    private enum State {
        case empty
        case waiting(CheckedContinuation<RunEnd, Never>)
        case full(RunEnd)
    }

    private let state = Mutex(State.empty)

    func put(_ end: RunEnd) {
        let waiting = state.withLock { state -> CheckedContinuation<RunEnd, Never>? in
            defer { state = .full(end) }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: end)
    }

    func get() async -> RunEnd {
        await withCheckedContinuation { continuation in
            let ready = state.withLock { state -> RunEnd? in
                if case .full(let end) = state { return end }
                state = .waiting(continuation)
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }
}
