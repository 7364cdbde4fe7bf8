import SeliumABI
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("WASI poll_oneoff", .inTurn(minutes: 2))
struct PollTests {
    /// One subscription, 48 bytes, as wat data.
    static func clock(_ userData: UInt8, _ clock: UInt8, _ timeout: UInt64, absolute: Bool = false)
        -> [UInt8]
    {
        var bytes = [UInt8](repeating: 0, count: 48)
        bytes[0] = userData
        bytes[16] = clock
        for index in 0..<8 {
            bytes[24 + index] = UInt8(truncatingIfNeeded: timeout >> UInt64(8 * index))
        }
        bytes[40] = absolute ? 1 : 0
        return bytes
    }

    static func descriptor(_ userData: UInt8, _ kind: UInt8, _ number: UInt8) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 48)
        bytes[0] = userData
        bytes[8] = kind
        bytes[16] = number
        return bytes
    }

    /// Polls once and prints the events; returns errno and their number.
    static func program(_ subscriptions: [[UInt8]]) throws -> PreparedModule {
        let data = subscriptions.joined().map {
            "\\" + ($0 < 16 ? "0" : "") + String($0, radix: 16)
        }.joined()
        return try WASIRun.prepare(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                  (memory (export "memory") 1)
                  (data (i32.const 1024) "\(data)")
                  (func (export "run") (result i32 i32 i64 i64 i64 i64 i64)
                    (call $poll (i32.const 1024) (i32.const 8192) (i32.const \(subscriptions.count)) (i32.const 0))
                    (i32.load (i32.const 0))
                    (i64.load (i32.const 8192)) (i64.load (i32.const 8200)) (i64.load (i32.const 8208))
                    (i64.load (i32.const 8224)) (i64.load (i32.const 8232))))
                """)
    }

    /// errno, number of events; of the first user data, error + kind, bytes; of the second user
    /// data, error + kind.
    func poll(_ run: WASIRun, _ subscriptions: [[UInt8]]) async throws -> [Int64] {
        Self.numbers(
            try await run.run(try Self.program(subscriptions), entry: Entrypoint("run")).outcome)
    }

    static func numbers(_ outcome: RunOutcome) -> [Int64] {
        guard case .returned(let values) = outcome else { return [] }
        return values.map { value in
            switch value {
            case .i32(let number): Int64(number)
            case .i64(let number): number
            default: -1
            }
        }
    }

    @Test("sleeps until the earliest deadline and tells who is due")
    func sleeping() async throws {
        let run = WASIRun()
        let numbers = try await poll(run, [Self.clock(7, 1, 5_000), Self.clock(9, 1, 3_000)])
        #expect(run.time.requested == [1_000_003_000])
        #expect(numbers == [0, 1, 9, 0, 0, 0, 0])
    }

    @Test("takes absolute deadlines, wall-clock ones too, and those that have passed")
    func absolute() async throws {
        let run = WASIRun()
        let wall = UInt64(run.time.realtime())
        #expect(
            try await poll(run, [Self.clock(1, 0, wall + 77, absolute: true)]) == [
                0, 1, 1, 0, 0, 0, 0,
            ])
        #expect(run.time.requested == [1_000_000_077])
        #expect(
            try await poll(WASIRun(), [Self.clock(2, 1, 5, absolute: true)]) == [
                0, 1, 2, 0, 0, 0, 0,
            ])
        #expect(
            try await poll(WASIRun(), [Self.clock(3, 0, 5, absolute: true)]) == [
                0, 1, 3, 0, 0, 0, 0,
            ])
    }

    @Test("without TimeRead clocks are notcapable events, and nothing is armed")
    func notCapable() async throws {
        var run = WASIRun()
        run.authority = KeptAuthority([])
        #expect(try await poll(run, [Self.clock(1, 1, 5_000)]) == [0, 1, 1, 76, 0, 0, 0])
        #expect(run.time.requested.isEmpty)
        #expect(run.authority.denials == [.init(capability: .timeRead, resource: "poll_oneoff")])
    }

    @Test("knows what can be read and written now")
    func readiness() async throws {
        var run = WASIRun()
        run.input = FedInput("12345", ends: false)
        #expect(
            try await poll(run, [Self.descriptor(1, 1, 0), Self.descriptor(2, 2, 1)])
                == [0, 2, 1, 1 << 16, 5, 2, 2 << 16])
        #expect(
            try await poll(WASIRun(), [Self.descriptor(1, 1, 1), Self.descriptor(2, 2, 7)])
                == [0, 2, 1, 1 << 16 | 8, 0, 2, 2 << 16 | 8])
        let none = try await poll(run, [Self.descriptor(1, 9, 0)])
        #expect(none == [0, 1, 1, 9 << 16 | 28, 0, 0, 0])
    }

    @Test("a clock with flags that do not exist is an error of that subscription")
    func clockFlags() async throws {
        var odd = Self.clock(1, 1, 5)
        odd[40] = 3
        var odder = Self.clock(2, 1, 5)
        odder[41] = 1
        #expect(try await poll(WASIRun(), [odd, odder]) == [0, 2, 1, 28, 0, 2, 28])
    }

    @Test("waits for room to write, and gives up when its time is over")
    func output() async throws {
        for isFirst in [true, false] {
            var run = WASIRun()
            run.output = KeptOutput(isShut: true)
            run.time = JumpingTime(jumps: false)
            let (_, box) = try run.start(
                try Self.program([Self.descriptor(1, 2, 1), Self.clock(2, 1, 1_000_000)]),
                entry: Entrypoint("run"))
            while !run.output.isWaitedFor { await Task.yield() }
            #expect(run.time.waiting == 1)
            if isFirst { run.output.open() } else { run.time.advance(to: 1_001_000_000) }
            #expect(
                Self.numbers(await box.get().outcome)
                    == (isFirst ? [0, 1, 1, 2 << 16, 1 << 20, 0, 0] : [0, 1, 2, 0, 0, 0, 0]))
            #expect(run.time.waiting == 0)
            run.output.open()
        }
    }

    @Test("waits for input, takes its timer back, and leaves nothing behind")
    func inputWins() async throws {
        var run = WASIRun()
        run.input = FedInput("", ends: false)
        run.time = JumpingTime(jumps: false)
        let (_, box) = try run.start(
            try Self.program([Self.descriptor(1, 1, 0), Self.clock(2, 1, 1_000_000)]),
            entry: Entrypoint("run"))
        while !run.input.isWaitedFor { await Task.yield() }
        #expect(run.time.waiting == 1)
        run.input.feed("x")
        #expect(Self.numbers(await box.get().outcome) == [0, 1, 1, 1 << 16, 1, 0, 0])
        #expect(run.time.waiting == 0)
    }

    @Test("gives up waiting for input when its time is over")
    func timerWins() async throws {
        var run = WASIRun()
        run.input = FedInput("", ends: false)
        run.time = JumpingTime(jumps: false)
        let (_, box) = try run.start(
            try Self.program([Self.descriptor(1, 1, 0), Self.clock(2, 1, 1_000_000)]),
            entry: Entrypoint("run"))
        while !run.input.isWaitedFor { await Task.yield() }
        run.time.advance(to: 1_001_000_000)
        #expect(Self.numbers(await box.get().outcome) == [0, 1, 2, 0, 0, 0, 0])
        run.input.feed("late")
    }

    @Test("a guest that sleeps can be killed, and its timer goes with it")
    func killed() async throws {
        var run = WASIRun()
        run.time = JumpingTime(jumps: false)
        let (guest, box) = try run.start(
            try Self.program([Self.clock(2, 1, 1_000_000)]), entry: Entrypoint("run"))
        while run.time.waiting == 0 { await Task.yield() }
        guest.kill(reason: 2)
        _ = await box.get()
        #expect(run.time.waiting == 0)
    }

    @Test("a deadline beyond all time waits without a timer")
    func forEver() async throws {
        var run = WASIRun()
        run.time = JumpingTime(jumps: false)
        let (guest, box) = try run.start(
            try Self.program([Self.clock(2, 1, .max)]), entry: Entrypoint("run"))
        while WASIRun.scheduler.statistics.running > 0, guest.memory == 0 { await Task.yield() }
        guest.kill(reason: 2)
        guard case .killed = await box.get().outcome else {
            Issue.record("not killed")
            return
        }
        #expect(run.time.requested.isEmpty)
    }
}
