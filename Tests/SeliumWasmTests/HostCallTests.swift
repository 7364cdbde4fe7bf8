import SeliumTesting
import Synchronization
import Testing

@testable import SeliumWasm

@Suite("Host calls", .inTurn(minutes: 2))
struct HostCallTests {
    let scheduler: Scheduler

    init() throws { scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0)) }

    @Test("get arguments of every kind and give results of every kind")
    func kinds() async throws {
        let seen = Mutex<[WasmValue]>([])
        let functions: [HostFunction] = [
            .immediate("host", "mix", [.i32, .i64, .f64], [.i64]) { call in
                seen.withLock { $0 = [.i32(call.i32(0)), .i64(call.i64(1)), .f64(call.f64(2))] }
                return .i64(-5)
            },
            .waiting("host", "slow", [.i32, .i64, .f64], [.f64]) { call in
                .reply(.f64(Double(call.i32(0)) + Double(call.i64(1)) + call.f64(2)))
            },
        ]
        let end = try await scheduler.run(
            """
            (module
              (import "host" "mix" (func $mix (param i32 i64 f64) (result i64)))
              (import "host" "slow" (func $slow (param i32 i64 f64) (result f64)))
              (func (export "run") (result i64 f64)
                (call $mix (i32.const -7) (i64.const 1099511627776) (f64.const 0.5))
                (call $slow (i32.const 1) (i64.const 2) (f64.const 0.25))))
            """, functions: functions
        ).end()
        #expect(end.outcome == .returned([.i64(-5), .f64(3.25)]))
        #expect(seen.withLock { $0 } == [.i32(-7), .i64(1_099_511_627_776), .f64(0.5)])
    }

    @Test(
        "suspend the guest until another thread completes them, and see the memory of that moment")
    func completion() async throws {
        let desk = Desk()
        let receive = HostFunction.waiting("host", "receive", [.i32], [.i32]) { call in
            let wait = HostCall(call.guest)
            desk.add(wait)
            return .wait(wait)
        }
        let running = try scheduler.run(
            """
            (module
              (import "host" "receive" (func $receive (param i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "run") (result i32 i32)
                (call $receive (i32.const 65536))
                (i32.load (i32.const 65536)))
              (func (export "unused")))
            """.replacing(
                "(call $receive (i32.const 65536))",
                with: "(drop (memory.grow (i32.const 1))) (call $receive (i32.const 65536))"),
            functions: [receive])
        await desk.wait(for: 1)
        #expect(!running.guest.hasEnded)
        let first = desk.all[0].complete { memory in
            do throws(MemoryFault) {
                try memory.store(UInt32(4242), at: 65_536)
                return .reply(.i32(1))
            } catch {
                return .reply(.i32(-1))
            }
        }
        #expect(first)
        #expect(!desk.all[0].complete(.i32(9)), "only the first completion counts")
        let end = await running.end()
        #expect(end.outcome == .returned([.i32(1), .i32(4242)]))
        #expect(end.peakMemory == 131_072)
    }

    @Test("may be complete before they are returned")
    func completeAtOnce() async throws {
        let answer = HostFunction.waiting("host", "answer", [], [.i32]) { call in
            let wait = HostCall(call.guest)
            wait.complete(.i32(7))
            return .wait(wait)
        }
        let end = try await scheduler.run(
            """
            (module (import "host" "answer" (func $answer (result i32)))
              (func (export "run") (result i32) (call $answer)))
            """, functions: [answer]
        ).end()
        #expect(end.outcome == .returned([.i32(7)]))
    }

    @Test("may work in pieces, letting others run in between")
    func yielding() async throws {
        let steps = Atomic<Int>(0)
        @Sendable func step(_ left: Int) -> HostResult {
            steps.wrappingAdd(1, ordering: .relaxed)
            return left == 0 ? .reply(.i32(3)) : .yield { _ in step(left - 1) }
        }
        let end = try await scheduler.run(
            """
            (module (import "host" "work" (func $work (result i32)))
              (func (export "run") (result i32) (call $work)))
            """,
            functions: [.waiting("host", "work", [], [.i32]) { _ in step(100) }]
        ).end()
        #expect(end.outcome == .returned([.i32(3)]))
        #expect(steps.load(ordering: .relaxed) == 101)
    }

    @Test("see the memory of a module's own start function")
    func duringStart() async throws {
        let end = try await scheduler.run(
            """
            (module
              (import "host" "poke" (func $poke))
              (memory (export "memory") 1)
              (func $start (call $poke))
              (start $start)
              (func (export "run") (result i32) (i32.load (i32.const 8))))
            """,
            functions: [
                .immediate("host", "poke", [], []) { call in
                    do throws(MemoryFault) {
                        try call.memory.store(UInt32(77), at: 8)
                        return .none
                    } catch {
                        return .trap("no memory")
                    }
                }
            ]
        ).end()
        #expect(end.outcome == .returned([.i32(77)]))
    }

    @Test("end the guest with its exit code, from both kinds of functions")
    func exits() async throws {
        let functions: [HostFunction] = [
            .immediate("host", "exit", [.i32], []) { .exit($0.u32(0)) },
            .waiting("host", "exit_later", [.i32], []) { .reply(.exit($0.u32(0))) },
        ]
        for name in ["exit", "exit_later"] {
            let end = try await scheduler.run(
                """
                (module (import "host" "\(name)" (func $exit (param i32)))
                  (func (export "run") (call $exit (i32.const 300)) unreachable))
                """, functions: functions
            ).end()
            #expect(end.outcome == .exited(300))
        }
    }

    @Test("that answer with another type than declared trap, and the server goes on")
    func wrongReply() async throws {
        let end = try await scheduler.run(
            """
            (module (import "host" "odd" (func $odd (result i32)))
              (func (export "run") (result i32) (call $odd)))
            """, functions: [.immediate("host", "odd", [], [.i32]) { _ in .i64(1) }]
        ).end()
        guard case .trapped(let trap) = end.outcome else {
            Issue.record("ended \(end)")
            return
        }
        #expect(trap.code == .host("the host answered with another type than it declared"))
    }

    @Test("of unknown names trap with that name, but those of listed modules answer a number")
    func unknownImports() async throws {
        let text = """
            (module
              (import "wasi" "future_call" (func $future (param i64) (result i32)))
              (import "env" "missing\\1b[31m" (func $missing))
              (func (export "run") (result i32) (call $future (i64.const 1)))
              (func (export "bad") (call $missing)))
            """
        let module = try Module.compile(try Module.wasm(fromText: text), engine: sharedEngine)
        let linker = try Linker(sharedEngine, functions: [], unknownResults: ["wasi": 52])
        let prepared = try linker.prepare(module)
        #expect(prepared.unknownImports.map(\.name) == ["missing\u{1b}[31m"])
        let good = try await scheduler.run(prepared).end()
        #expect(good.outcome == .returned([.i32(52)]))
        let bad = try await scheduler.run(prepared, entry: Entrypoint("bad")).end()
        guard case .trapped(let trap) = bad.outcome else {
            Issue.record("ended \(bad)")
            return
        }
        #expect(trap.code.message == "import env.missing\\u{1B}[31m is not provided by this server")
    }

    @Test("of unknown names may have vectors and references in their types")
    func unknownTypes() async throws {
        let end = try await scheduler.run(
            """
            (module
              (import "env" "odd" (func $odd (param v128 externref exnref funcref) (result v128 externref)))
              (func (export "run") (call $odd
                (v128.const i64x2 1 2) (ref.null extern) (ref.null exn) (ref.null func)) drop drop))
            """
        ).end()
        guard case .trapped(let trap) = end.outcome else {
            Issue.record("ended \(end)")
            return
        }
        #expect(trap.code.message == "import env.odd is not provided by this server")
    }

    @Test(
        "imported with another type, or as something else than a function, are refused before anything runs"
    )
    func badImports() throws {
        let functions: [HostFunction] = [.immediate("host", "one", [.i32], []) { _ in .none }]
        for text in [
            #"(module (import "host" "one" (func (param i64))))"#,
            #"(module (import "env" "memory" (memory 1)))"#,
            #"(module (import "env" "base" (global i32)))"#,
        ] {
            #expect { try prepare(text, functions) } throws: {
                ($0 as? WasmError)?.code == .badImport
            }
        }
    }

    @Test("completed after their guest was killed change nothing")
    func lateCompletion() async throws {
        let desk = Desk()
        let abandoned = Box<Bool>()
        let running = try scheduler.run(
            """
            (module (import "host" "wait" (func $wait (result i32)))
              (func (export "run") (result i32) (call $wait)))
            """,
            functions: [
                .waiting("host", "wait", [], [.i32]) { call in
                    let wait = HostCall(call.guest) { abandoned.put(true) }
                    desk.add(wait)
                    return .wait(wait)
                }
            ])
        await desk.wait(for: 1)
        running.guest.kill(reason: 4)
        let end = await running.end()
        #expect(end.outcome == .killed(reason: 4, frames: []))
        #expect(await abandoned.get())
        #expect(!desk.all[0].complete(.i32(1)))
        #expect(running.guest.hasEnded)
    }
}
