import SeliumABI
import SeliumKernel
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("selium_handle.poll", .inTurn(minutes: 2))
struct HandlePollTests {
    /// Opens the stop handle at 8, then polls the entries, which are at 64; an entry of number -2 is
    /// that handle. Leaves the error number, how many are ready, and the answer of each.
    private func poll(
        _ run: WASIRun, _ entries: [(number: Int64, wanted: Int)], timeout: Int64
    ) async throws -> [Int64] {
        try await ProcessCallTests.run(
            run, Self.body(entries, timeout), results: 2 + entries.count)
    }

    private static func body(
        _ entries: [(number: Int64, wanted: Int)], _ timeout: Int64
    ) -> String {
        var body = "(drop (call $stop (i32.const 8)))"
        for (index, entry) in entries.enumerated() {
            let number =
                entry.number == -2 ? "(i32.load (i32.const 8))" : "(i32.const \(entry.number))"
            body += "(i32.store (i32.const \(64 + 8 * index)) \(number))"
            body += "(i32.store (i32.const \(68 + 8 * index)) (i32.const \(entry.wanted)))"
        }
        body += ProcessCallTests.errno(
            "(call $poll (i32.const 64) (i32.const \(entries.count)) (i64.const \(timeout)) (i32.const 16))"
        )
        body += "(i64.load32_u (i32.const 16))"
        for index in entries.indices { body += "(i64.load16_u (i32.const \(70 + 8 * index)))" }
        return body
    }

    @Test("looks at what is ready now, handles and descriptors alike")
    func looks() async throws {
        var run = WASIRun()
        run.input = FedInput("abc", ends: false)
        #expect(
            try await poll(run, [(-2, 1), (0, 1), (1, 2), (2, 2), (1, 0)], timeout: 0)
                == [0, 3, 0, 1, 2, 2, 0])
        run.handles.askToStop()
        #expect(try await poll(run, [(-2, 1), (-2, 0)], timeout: 0) == [0, 1, 1, 0])
        run = WASIRun()
        run.output = KeptOutput(isShut: true)
        run.input = FedInput("", ends: false)
        #expect(try await poll(run, [(0, 1), (1, 2), (-2, 1)], timeout: 0) == [6, 0, 0, 0, 0])
        run = WASIRun()
        run.input = FedInput("", ends: true)
        #expect(try await poll(run, [(0, 1)], timeout: 0) == [0, 1, 5])
    }

    @Test("an entry that cannot be what was asked, or is not open, is ready and bad")
    func bad() async throws {
        let entries: [(number: Int64, wanted: Int)] = [
            (-2, 2), (0, 2), (1, 1), (3, 1), (1 << 20 - 1, 1), (1 << 20 + 1, 1), (-1, 1),
            (2 << 20, 1),
        ]
        #expect(
            try await poll(WASIRun(), entries, timeout: -1)
                == [0, 8] + Array(repeating: 8, count: 8))
    }

    @Test("what was not asked for wakes nobody")
    func notAsked() async throws {
        let run = WASIRun()
        run.handles.askToStop()
        #expect(
            try await poll(run, [(-2, 0), (0, 0), (1, 0)], timeout: 5_000) == [73, 0, 0, 0, 0])
        #expect(run.time.requested == [1_000_005_000])
    }

    @Test("waits for a stop request, for ever, without a clock and without TimeRead")
    func waits() async throws {
        var run = WASIRun()
        run.authority = KeptAuthority([])
        run.time = JumpingTime(jumps: false)
        let prepared = try WASIRun.prepare(
            text: ProcessCallTests.module(Self.body([(-2, 1)], -1), results: 3))
        let (_, box) = try run.start(prepared, entry: Entrypoint("run"))
        while !run.handles.listensForStop { await Task.yield() }
        run.handles.askToStop()
        #expect(PollTests.numbers(await box.get().outcome) == [0, 1, 1])
        #expect(run.time.requested.isEmpty)
        #expect(run.authority.denials.isEmpty)
    }

    @Test("waits for input beside the stop, and takes its timer back")
    func input() async throws {
        var run = WASIRun()
        run.input = FedInput("", ends: false)
        run.time = JumpingTime(jumps: false)
        let prepared = try WASIRun.prepare(
            text: ProcessCallTests.module(Self.body([(-2, 1), (0, 1)], 1_000_000), results: 4))
        let (_, box) = try run.start(prepared, entry: Entrypoint("run"))
        while !run.input.isWaitedFor { await Task.yield() }
        #expect(run.time.waiting == 1)
        run.input.feed("x")
        #expect(PollTests.numbers(await box.get().outcome) == [0, 1, 0, 1])
        #expect(run.time.waiting == 0)
        run.handles.askToStop()
    }

    @Test("gives up when the time is over, which takes TimeRead")
    func timeout() async throws {
        let run = WASIRun()
        #expect(try await poll(run, [(-2, 1)], timeout: 5_000) == [73, 0, 0])
        #expect(run.time.requested == [1_000_005_000])
        var denied = WASIRun()
        denied.authority = KeptAuthority([])
        #expect(try await poll(denied, [(-2, 1)], timeout: 5_000) == [76, 0, 0])
        #expect(
            denied.authority.denials == [
                .init(capability: .timeRead, resource: "selium_handle.poll")
            ])
        #expect(denied.time.requested.isEmpty)
    }

    @Test("a guest that waits for centuries can be killed, and its timer goes with it")
    func endless() async throws {
        var run = WASIRun()
        run.time = JumpingTime(jumps: false)
        let prepared = try WASIRun.prepare(
            text: ProcessCallTests.module(Self.body([(-2, 1)], .max), results: 3))
        let (guest, box) = try run.start(prepared, entry: Entrypoint("run"))
        while !run.handles.listensForStop { await Task.yield() }
        guest.kill(reason: 2)
        guard case .killed = await box.get().outcome else {
            Issue.record("not killed")
            return
        }
        #expect(run.time.waiting == 0)
        // Nobody is there any more.
        run.handles.askToStop()
    }

    @Test("wild pointers, counts, bits and timeouts are refused")
    func hostile() async throws {
        func call(_ place: Int, _ count: Int, _ timeout: String, _ ready: Int) -> String {
            ProcessCallTests.errno(
                "(call $poll (i32.const \(place)) (i32.const \(count)) (i64.const \(timeout)) (i32.const \(ready)))"
            )
        }
        let body = """
            \(call(64, 0, "0", 16)) \(call(64, 4097, "0", 16)) \(call(64, -1, "0", 16))
            \(call(64, 1, "-2", 16)) \(call(64, 1, "0x8000000000000000", 16))
            \(call(65529, 1, "0", 16)) \(call(-8, 1, "0", 16)) \(call(65528, 2, "0", 16))
            \(call(0, 4096, "0", 65533)) \(call(64, 1, "0", -4))
            (i32.store (i32.const 68) (i32.const 4)) \(call(64, 1, "0", 16))
            (i32.store (i32.const 68) (i32.const 0x8001)) \(call(64, 1, "0", 16))
            """
        #expect(
            try await ProcessCallTests.run(WASIRun(), body, results: 12) == [
                28, 28, 28, 28, 28, 21, 21, 21, 21, 21, 28, 28,
            ])
    }

    @Test("WASI's own poll takes the handle as a descriptor to read from")
    func wasiPoll() async throws {
        var handle = [UInt8](repeating: 0, count: 48)
        handle[0] = 7
        handle[8] = 1
        handle[18] = 0x10
        var stale = handle
        stale[0] = 9
        stale[18] = 0x20
        let run = WASIRun()
        #expect(run.handles.openStopRequests()?.rawValue == 1 << 20)
        #expect(
            try await PollTests().poll(run, [handle, stale]) == [0, 1, 9, 1 << 16 | 8, 0, 0, 0])
        let (_, box) = try run.start(
            try PollTests.program([handle]), entry: Entrypoint("run"))
        run.handles.askToStop()
        #expect(PollTests.numbers(await box.get().outcome) == [0, 1, 7, 1 << 16, 1, 0, 0])
    }
}
