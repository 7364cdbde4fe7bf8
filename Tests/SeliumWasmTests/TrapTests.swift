import SeliumTesting
import Testing

@testable import SeliumWasm

@Suite("Traps", .inTurn(minutes: 2))
struct TrapTests {
    let scheduler: Scheduler

    init() throws { scheduler = try Scheduler(sharedEngine, .init(threads: 2, nice: 0)) }

    @Test(
        "have a code and frames",
        arguments: [
            ("unreachable", TrapCode.unreachable),
            ("(drop (i32.load (i32.const 0x7fffffff)))", .memoryOutOfBounds),
            ("(drop (i32.div_s (i32.const 1) (i32.const 0)))", .divideByZero),
            ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", .integerOverflow),
            ("(drop (i32.trunc_f64_s (f64.const nan)))", .badConversionToInteger),
            ("(call_indirect (i32.const 0))", .indirectCallToNull),
            ("(call_indirect (i32.const 9))", .tableOutOfBounds),
            ("(call_indirect (i32.const 1))", .badSignature),
            ("(call $deep)", .stackOverflow),
            ("(throw $oops)", .uncaughtException),
        ])
    func codes(body: String, code: TrapCode) async throws {
        let end = try await scheduler.run(
            """
            (module
              (memory 1) (table 2 funcref) (tag $oops)
              (func $other (param i32)) (elem (i32.const 1) $other)
              (func $deep (call $deep) (call $deep))
              (func $inner \(body))
              (func $outer (export "run") (call $inner)))
            """
        ).end()
        guard case .trapped(let trap) = end.outcome else {
            Issue.record("ended \(end)")
            return
        }
        #expect(trap.code == code)
        if code == .stackOverflow {
            // All that the engine records. Should a newer one record more, up to 64 are kept.
            #expect(trap.frames.count == 20)
            #expect(trap.frames.allSatisfy { $0.name == "deep" && $0.functionIndex == 1 })
        } else if code != .uncaughtException {
            #expect(trap.frames.map(\.name) == ["inner", "outer"])
            #expect(trap.frames.map(\.functionIndex) == [2, 3])
            #expect(trap.frames.allSatisfy { $0.moduleOffset != nil })
        }
    }

    @Test("keep names as the module has them, cut to 128 bytes, with ESC and foreign bytes in them")
    func names() async throws {
        let long = String(repeating: "é", count: 200)
        for (name, expected) in [
            ("a\u{1b}[2Jb", "a\u{1b}[2Jb"), (long, String(repeating: "é", count: 64)),
            ("x" + long, "x" + String(repeating: "é", count: 63) + "?"),
        ] {
            let wasm = moduleWithNamedTrap(Array(name.utf8))
            let module = try Module.compile(wasm, engine: sharedEngine)
            let prepared = try Linker(sharedEngine, functions: []).prepare(module)
            let end = try await scheduler.run(prepared).end()
            guard case .trapped(let trap) = end.outcome, let found = trap.frames.first?.name else {
                Issue.record("ended \(end)")
                return
            }
            #expect(found.utf8.count <= TrapFrame.maximumNameBytes)
            #expect(found.hasPrefix(String(expected.dropLast())))
        }
    }

    /// A module whose one function is `unreachable` and has this name.
    private func moduleWithNamedTrap(_ name: [UInt8]) -> [UInt8] {
        func leb(_ value: Int) -> [UInt8] {
            value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128), UInt8(value >> 7)]
        }
        func section(_ id: UInt8, _ body: [UInt8]) -> [UInt8] { [id] + leb(body.count) + body }
        let map = [1, 0] + leb(name.count) + name
        return [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
            + section(1, [1, 0x60, 0, 0]) + section(3, [1, 0])
            + section(7, [1, 3] + Array("run".utf8) + [0, 0])
            + section(10, [1, 3, 0, 0, 0x0b])
            + section(0, [4] + Array("name".utf8) + [1] + leb(map.count) + map)
    }

    @Test("of a start function and of a data segment that does not fit are traps")
    func duringInstantiation() async throws {
        for text in [
            #"(module (func $start unreachable) (start $start) (func (export "run")))"#,
            #"(module (memory 1) (data (i32.const 65536) "x") (func (export "run")))"#,
        ] {
            let end = try await scheduler.run(text).end()
            guard case .trapped = end.outcome else {
                Issue.record("ended \(end)")
                return
            }
        }
    }

    @Test("of many guests at once disturb no other")
    func many() async throws {
        let prepared = try prepare(#"(module (func (export "run") unreachable))"#)
        let crowd = try (0..<500).map { _ in try scheduler.run(prepared) }
        for running in crowd {
            guard case .trapped(let trap) = await running.end().outcome else {
                Issue.record("did not trap")
                return
            }
            #expect(trap.code == .unreachable)
        }
        #expect(scheduler.statistics.living == 0)
    }
}
