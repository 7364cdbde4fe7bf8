import Foundation
import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Stops, signs of life, and what a guest makes of them", .inTurn(minutes: 3))
struct StopTests {
    /// Listens for a stop, prints `up`, waits for it, prints `asked`; how it goes on its entrypoint
    /// says. `deaf` closes the handle before it prints, `silent` promises a heartbeat within 100 ms and
    /// gives none, `slow` one within 5 s; `lively` promises one within 4 s, as often as it can, until
    /// it is asked.
    static let listener = ContractModules.wasm(
        """
        (module \(ContractModules.imports)
          (import "selium_process" "stop_handle" (func $stop (param i32) (result i32)))
          (import "selium_process" "ready" (func $ready (result i32)))
          (import "selium_process" "heartbeat" (func $heartbeat (param i64) (result i32)))
          (import "selium_handle" "poll" (func $poll (param i32 i32 i64 i32) (result i32)))
          (import "selium_handle" "close" (func $close (param i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 1024) "up\\nasked\\n")
          (func $say (param $at i32) (param $size i32)
            (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $size))
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
          (func $open
            (drop (call $stop (i32.const 64))) (i32.store (i32.const 68) (i32.const 1))
            (drop (call $ready)) (call $say (i32.const 1024) (i32.const 3)))
          (func $asked (param $timeout i64) (result i32)
            (i32.eqz (call $poll (i32.const 64) (i32.const 1) (local.get $timeout) (i32.const 16))))
          (func $heard
            (call $open) (drop (call $asked (i64.const -1)))
            (call $say (i32.const 1027) (i32.const 6)))
          (func (export "returns") (call $heard))
          (func (export "exits") (call $heard) (call $exit (i32.const 5)))
          (func (export "traps") (call $heard) unreachable)
          (func (export "stubborn") (call $heard) (loop (br 0)))
          (func (export "deaf")
            (drop (call $stop (i32.const 64))) (drop (call $close (i32.load (i32.const 64))))
            (call $say (i32.const 1024) (i32.const 3)) (loop (br 0)))
          (func (export "silent")
            (call $open) (drop (call $heartbeat (i64.const 100000000))) (loop (br 0)))
          (func (export "slow")
            (call $open) (drop (call $heartbeat (i64.const 5000000000)))
            (drop (call $asked (i64.const -1))) unreachable)
          (func (export "lively")
            (call $open)
            (loop $more
              (drop (call $heartbeat (i64.const 4000000000)))
              (br_if $more (i32.eqz (call $asked (i64.const 0)))))
            (call $exit (i32.const 6))))
        """)

    private func start(
        _ runtime: Runtime, _ entrypoint: String, stopTimeout: UInt64 = 60_000_000_000,
        restart: RestartMode? = nil
    ) async throws -> ProcessID {
        var wish = RestartWish()
        wish.mode = restart
        wish.stopTimeout = stopTimeout
        if restart != nil { wish.backOff = try BackOff(minimum: 10_000_000, maximum: 10_000_000) }
        let policy = try RestartPolicy(wish)
        let id = try await runtime.run(Self.listener) {
            $0.entrypoint = entrypoint
            $0.policy = policy
        }
        try await hears(runtime, id, "up\n")
        return id
    }

    /// Waits until the log has this text `times` times, in whole chunks.
    private func hears(
        _ runtime: Runtime, _ id: ProcessID, _ text: String, times: Int = 1
    ) async throws {
        var position: UInt64 = 1
        var seen = 0
        while seen < times {
            let batch = try await runtime.readLog(id, from: position, atMost: 1 << 16)
            for case .chunk(let chunk) in batch.items {
                if case .text(_, let bytes) = chunk.content, bytes == Array(text.utf8) { seen += 1 }
            }
            position = batch.next
            if batch.isEnd, seen < times { throw HostError(.notFound, "the log ended without it") }
        }
    }

    @Test("a guest that listens is asked, and its own end is the process's")
    func asked() async throws {
        try await RuntimeFixture.with { runtime, _ in
            for (entrypoint, outcome) in [
                ("returns", ExitOutcome.returned([])), ("exits", .exit(code: 5)),
            ] {
                let id = try await start(runtime, entrypoint)
                let record = try await runtime.stop(id, idempotency: nil).record
                #expect(record.outcome == outcome)
                #expect(record.stopRequested)
                #expect(try await runtime.output(id) == "up\nasked\n")
                #expect(try await runtime.status(id)?.state == .exited)
            }
            let id = try await start(runtime, "traps")
            let record = try await runtime.stop(id, idempotency: nil).record
            guard case .trap = record.outcome else {
                Issue.record("\(record.outcome)")
                return
            }
            #expect(record.stopRequested)
        }
    }

    @Test("a guest that goes on is ended when its grace is over, not before")
    func stubborn() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await start(runtime, "stubborn", stopTimeout: 200_000_000)
            let began = ContinuousClock.now
            let record = try await runtime.stop(id, idempotency: nil).record
            #expect(record.outcome == .killed(.graceUsedUp))
            #expect(record.stopRequested)
            #expect(ContinuousClock.now - began >= .milliseconds(200))
        }
    }

    @Test("it is stopping until then, and a kill does not wait for that")
    func killed() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await start(runtime, "stubborn", stopTimeout: 3_600_000_000_000)
            async let stop = runtime.stop(id, idempotency: nil)
            try await hears(runtime, id, "asked\n")
            #expect(try await runtime.status(id)?.state == .stopping)
            _ = try await runtime.kill(id, idempotency: nil)
            #expect(try await stop.record.outcome == .killed(.kill))
        }
    }

    @Test("without a grace, or with its handle closed, it is ended at once")
    func atOnce() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let hasty = try await start(runtime, "stubborn", stopTimeout: 0)
            #expect(
                try await runtime.stop(hasty, idempotency: nil).record.outcome
                    == .killed(.graceUsedUp))
            #expect(try await runtime.output(hasty) == "up\n")
            let deaf = try await start(runtime, "deaf")
            #expect(
                try await runtime.stop(deaf, idempotency: nil).record.outcome
                    == .killed(.noStopHandler))
        }
    }

    @Test("a restart asks as well, and the next incarnation has to listen itself")
    func restarted() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await start(runtime, "exits")
            #expect(try await runtime.restart(id, idempotency: nil) == 2)
            try await hears(runtime, id, "up\n", times: 2)
            let record = try await runtime.stop(id, idempotency: nil).record
            #expect(record.outcome == .exit(code: 5))
            #expect(record.incarnation == 2)
            #expect(try await runtime.output(id) == "up\nasked\nup\nasked\n")
        }
    }

    @Test("a stop whose guest ends by itself in its grace does not begin it again")
    func notAgain() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await start(runtime, "exits", restart: .always(most: nil))
            #expect(try await runtime.stop(id, idempotency: nil).record.outcome == .exit(code: 5))
            #expect(try await runtime.status(id)?.state == .exited)
        }
    }

    @Test("the end of the runtime asks those that listen, and the next one begins them again")
    func drained() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try RuntimeFixture.open(path)
        let polite = try await start(first, "exits", restart: .onFailure(most: nil))
        let stubborn = try await start(first, "stubborn", stopTimeout: 100_000_000)
        await first.shutDown()
        let next = try RestartTests.crashed(path)
        defer { try? FileManager.default.removeItem(atPath: next) }
        let second = try RuntimeFixture.open(next)
        #expect(try await second.status(polite)?.exit?.outcome == .exit(code: 5))
        #expect(try await second.wait(stubborn).outcome == .killed(.runtimeShutdown))
        await second.resumeProcesses()
        while try await second.status(polite)?.incarnation != 2 { await Task.yield() }
        #expect(try await second.stop(polite, idempotency: nil).record.incarnation == 2)
        await second.shutDown()
    }

    @Test("a heartbeat that does not come ends the process, as a failure of its own")
    func silent() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await start(runtime, "silent")
            let record = try await runtime.wait(id)
            #expect(record.outcome == .limit("heartbeat"))
            #expect(!record.stopRequested)
            #expect(try await runtime.status(id)?.state == .crashed)
            let again = try await start(runtime, "silent", restart: .onFailure(most: 1))
            let second = try await runtime.wait(again)
            #expect(second.outcome == .limit("heartbeat"))
            #expect(second.incarnation == 2)
        }
    }

    @Test("a guest that keeps its promises lives longer than each of them")
    func lively() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await start(runtime, "lively")
            // Another one that breaks a longer promise, which it made later.
            let clock = try await start(runtime, "slow")
            #expect(try await runtime.wait(clock).outcome == .limit("heartbeat"))
            #expect(try await runtime.status(id)?.state == .running)
            #expect(try await runtime.stop(id, idempotency: nil).record.outcome == .exit(code: 6))
        }
    }
}
