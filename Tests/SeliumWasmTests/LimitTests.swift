import SeliumTesting
import Testing

@testable import SeliumWasm

@Suite("Limits of a guest", .inTurn(minutes: 2))
struct LimitTests {
    let scheduler: Scheduler

    init() throws { scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0)) }

    @Test("growth beyond the memory limit fails in the guest, which goes on")
    func growth() async throws {
        let end = try await scheduler.run(
            """
            (module (memory (export "memory") 1)
              (func (export "run") (result i32 i32 i32)
                (memory.grow (i32.const 9)) (memory.grow (i32.const 1)) (memory.size)))
            """, limits: GuestLimits(memory: 10 * 65_536)
        ).end()
        #expect(end.outcome == .returned([.i32(1), .i32(-1), .i32(10)]))
        #expect(end.peakMemory == 655_360)
    }

    @Test("a module that begins above its limit does not start, exported memory or not")
    func initialMemory() async throws {
        for export in [#"(export "memory")"#, #"(export "mine")"#, ""] {
            let end = try await scheduler.run(
                #"(module (memory \#(export) 11) (func (export "run")))"#,
                limits: GuestLimits(memory: 10 * 65_536)
            ).end()
            guard case .startFailed(let error) = end.outcome else {
                Issue.record("ended \(end)")
                return
            }
            #expect(error.code == (export.isEmpty ? .resources : .memoryLimit))
        }
    }

    @Test("tables are limited in size and number")
    func tables() async throws {
        let grown = try await scheduler.run(
            """
            (module (table $t 1 funcref)
              (func (export "run") (result i32 i32)
                (table.grow $t (ref.null func) (i32.const 98))
                (table.grow $t (ref.null func) (i32.const 2))))
            """, limits: GuestLimits(tableElements: 100)
        ).end()
        #expect(grown.outcome == .returned([.i32(1), .i32(-1)]))
        let many = try await scheduler.run(
            #"(module (table 1 funcref) (table 1 funcref) (table 1 funcref) (func (export "run")))"#,
            limits: GuestLimits(tables: 2)
        ).end()
        guard case .startFailed = many.outcome else {
            Issue.record("ended \(many)")
            return
        }
    }

    @Test("a guest that recurses without end traps, on a stack of its own")
    func recursion() async throws {
        for _ in 0..<3 {
            let end = try await scheduler.run(
                """
                (module (func $f (export "run") (param i64 i64) (result i64)
                    (i64.add (call $f (local.get 0) (local.get 1)) (i64.const 1))))
                """, entry: Entrypoint("run", arguments: [.i64(1), .i64(2)])
            ).end()
            guard case .trapped(let trap) = end.outcome else {
                Issue.record("ended \(end)")
                return
            }
            #expect(trap.code == .stackOverflow)
        }
    }

    /// Throws `count` exceptions of `size` numbers each, and keeps them all.
    static func keepingExceptions(_ count: Int, size: Int) -> String {
        """
        (module
          (tag $e (param \(String(repeating: "i64 ", count: size))))
          (table $kept 90000 exnref)
          (func $throw (throw $e \(String(repeating: "(i64.const 1) ", count: size))))
          (func (export "run") (local $i i32) (local $caught exnref)
            (loop $again
              (block $catch (result exnref)
                (try_table (catch_all_ref $catch) (call $throw))
                unreachable)
              (local.set $caught)
              (table.set $kept (local.get $i) (local.get $caught))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $again (i32.lt_u (local.get $i) (i32.const \(count)))))))
        """
    }

    @Test(
        "exceptions outlive the engine's collections, which suspend the guest without a host call")
    func collections() async throws {
        let end = try await scheduler.run(Self.keepingExceptions(20_000, size: 10)).end()
        #expect(end.outcome == .returned([]))
    }

    @Test("exceptions that are kept count against the memory limit")
    func exceptions() async throws {
        let end = try await scheduler.run(
            Self.keepingExceptions(10_000, size: 1_000), limits: GuestLimits(memory: 16 << 20)
        ).end()
        guard case .trapped(let trap) = end.outcome else {
            Issue.record("ended \(end)")
            return
        }
        #expect(trap.frames.map(\.name) == ["throw", nil])
    }
}
