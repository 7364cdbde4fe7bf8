import SeliumTesting
import Testing

@testable import SeliumWasm

@Suite("Entrypoints", .inTurn(minutes: 2))
struct EntrypointTests {
    let scheduler: Scheduler

    init() throws { scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0)) }

    @Test("get numbers and give numbers")
    func numbers() async throws {
        let end = try await scheduler.run(
            """
            (module (func (export "f") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
              local.get 3 local.get 2 local.get 1 local.get 0))
            """,
            entry: Entrypoint("f", arguments: [.i32(-1), .i64(.min), .f32(1.5), .f64(-2.25)])
        ).end()
        #expect(end.outcome == .returned([.f64(-2.25), .f32(1.5), .i64(.min), .i32(-1)]))
    }

    /// Sums the bytes of two buffers; a bump allocator under the name and type given.
    static func summing(allocator: String, parameters: String = "(param i32)", length: Int = 0)
        -> String
    {
        """
        (module
          (memory (export "memory") 1)
          (global $next (mut i32) (i32.const 1024))
          (func (export "\(allocator)") \(parameters) (result i32)
            global.get $next
            (global.set $next (i32.add (global.get $next) (local.get \(length)))))
          (func $sum (param $at i32) (param $left i32) (result i32)
            (if (result i32) (local.get $left)
              (then (i32.add (i32.load8_u (local.get $at))
                (call $sum (i32.add (local.get $at) (i32.const 1)) (i32.sub (local.get $left) (i32.const 1)))))
              (else (i32.const 0))))
          (func (export "f") (param i32 i32 i64 i32 i32) (result i32 i64)
            (i32.add (call $sum (local.get 0) (local.get 1)) (call $sum (local.get 3) (local.get 4)))
            local.get 2))
        """
    }

    @Test(
        "get buffers in memory from any of the three allocators",
        arguments: [
            ("selium_alloc", "(param i32)", 0), ("malloc", "(param i32)", 0),
            ("cabi_realloc", "(param i32 i32 i32 i32)", 3),
        ])
    func buffers(name: String, parameters: String, length: Int) async throws {
        let end = try await scheduler.run(
            Self.summing(allocator: name, parameters: parameters, length: length),
            entry: Entrypoint("f", arguments: [.bytes([1, 2, 3]), .i64(9), .bytes([100, 200])])
        ).end()
        #expect(end.outcome == .returned([.i32(306), .i64(9)]))
    }

    @Test("with an allocator that gives no room, or null, fail to start")
    func badAllocators() async throws {
        for constant in ["0", "65534", "-1"] {
            let end = try await scheduler.run(
                """
                (module (memory (export "memory") 1)
                  (func (export "selium_alloc") (param i32) (result i32) (i32.const \(constant)))
                  (func (export "f") (param i32 i32)))
                """, entry: Entrypoint("f", arguments: [.bytes([1, 2, 3])])
            ).end()
            guard case .startFailed(let error) = end.outcome else {
                Issue.record("ended \(end)")
                return
            }
            #expect(error.code == .badEntrypoint)
        }
    }

    @Test("that are missing, no function, of another type or without an allocator are refused")
    func refusals() throws {
        let prepared = try prepare(
            """
            (module (memory (export "memory") 1) (global (export "g") i32 (i32.const 1))
              (func (export "f") (param i32) (result i32) (i32.const 1))
              (func (export "b") (param i32 i32))
              (func (export "v") (result v128) (v128.const i64x2 0 0))
              (func (export "p") (param exnref externref funcref)))
            """)
        let bad: [(Entrypoint, String)] = [
            (Entrypoint("nosuch\u{1b}"), "no entrypoint 'nosuch\\u{1B}'"),
            (Entrypoint("g"), "not a function"),
            (Entrypoint("f"), "(i32) -> (i32), but the arguments given are ()"),
            (Entrypoint("f", arguments: [.i64(1)]), "are (i64)"),
            (Entrypoint("f", arguments: [.i32(1)], results: [.i64]), "results declared are (i64)"),
            (Entrypoint("b", arguments: [.bytes([1])]), "selium_alloc"),
            (Entrypoint("v"), "cannot be taken"),
            (Entrypoint("p"), "(reference, reference, funcRef) -> ()"),
        ]
        for (entry, words) in bad {
            #expect {
                try scheduler.run(prepared, entry: entry)
            } throws: { error in
                let error = error as? WasmError
                return error?.code == .badEntrypoint && error?.message.contains(words) == true
            }
        }
        #expect(scheduler.statistics.living == 0)
    }

    @Test("run after a reactor's _initialize, and _start without it")
    func initialize() async throws {
        let text = """
            (module (global $ready (mut i32) (i32.const 0))
              (func (export "_initialize") (global.set $ready (i32.const 5)))
              (func (export "run") (result i32) (global.get $ready))
              (func (export "_start") (result i32) (global.get $ready)))
            """
        #expect(try await scheduler.run(text).end().outcome == .returned([.i32(5)]))
        #expect(
            try await scheduler.run(text, entry: Entrypoint("_start")).end().outcome
                == .returned([.i32(0)]))
    }
}
