import SeliumABI
import SeliumKernel
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("selium_process and selium_time", .inTurn(minutes: 2))
struct ProcessCallTests {
    static let imports = """
        (import "selium_process" "id" (func $id (param i32) (result i32)))
        (import "selium_process" "name" (func $name (param i32 i32 i32) (result i32)))
        (import "selium_process" "ready" (func $ready (result i32)))
        (import "selium_process" "heartbeat" (func $heartbeat (param i64) (result i32)))
        (import "selium_process" "stop_handle" (func $stop (param i32) (result i32)))
        (import "selium_handle" "poll" (func $poll (param i32 i32 i64 i32) (result i32)))
        (import "selium_handle" "close" (func $close (param i32) (result i32)))
        (import "selium_time" "now" (func $now (param i32) (result i32)))
        (import "selium_time" "monotonic" (func $monotonic (param i32) (result i32)))
        (import "selium_time" "sleep" (func $sleep (param i64) (result i32)))
        """

    /// Runs instructions that leave `count` i64 behind; one page of memory.
    static func run(_ run: WASIRun, _ body: String, results count: Int) async throws -> [Int64] {
        try await PollTests.numbers(run.run(text: module(body, results: count)).outcome)
    }

    static func module(_ body: String, results count: Int) -> String {
        let results = Array(repeating: "i64", count: count).joined(separator: " ")
        return """
            (module \(imports)
              (memory (export "memory") 1)
              (func (export "run") (result \(results)) \(body)))
            """
    }

    /// A call's error number as an i64.
    static func errno(_ call: String) -> String { "(i64.extend_i32_u \(call))" }

    @Test("a process knows its id")
    func id() async throws {
        let body = """
            \(Self.errno("(call $id (i32.const 8))")) (i64.load (i32.const 8))
            \(Self.errno("(call $id (i32.const 65528))"))
            \(Self.errno("(call $id (i32.const 65529))"))
            \(Self.errno("(call $id (i32.const -1))"))
            """
        #expect(try await Self.run(WASIRun(), body, results: 5) == [0, 41, 0, 21, 21])
    }

    @Test("a process knows its name, when there is room for it")
    func name() async throws {
        var run = WASIRun()
        run.name = "web-1"
        func call(_ place: Int, _ room: Int, _ length: Int) -> String {
            Self.errno(
                "(call $name (i32.const \(place)) (i32.const \(room)) (i32.const \(length)))")
        }
        let body = """
            \(call(16, 5, 8)) (i64.load32_u (i32.const 8))
            (i64.and (i64.load (i32.const 16)) (i64.const 0xffffffffff))
            (i64.store (i32.const 16) (i64.const 0)) (i64.store (i32.const 8) (i64.const 0))
            \(call(16, 4, 8)) (i64.load32_u (i32.const 8)) (i64.load (i32.const 16))
            \(call(65530, 7, 8)) \(call(16, -1, 8)) \(call(-5, 16, 8)) \(call(16, 63, 65533))
            """
        let text = Array("web-1".utf8).reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        #expect(
            try await Self.run(run, body, results: 10)
                == [0, 5, text, 68, 5, 0, 21, 21, 21, 21])
        #expect(
            try await Self.run(
                WASIRun(), call(16, 0, 8) + "(i64.load32_u (i32.const 8))", results: 2) == [0, 0])
    }

    @Test("signs of life within their bounds reach the supervision, others are refused")
    func signs() async throws {
        func heartbeat(_ interval: String) -> String {
            Self.errno("(call $heartbeat (i64.const \(interval)))")
        }
        let run = WASIRun()
        let body = """
            \(Self.errno("(call $ready)"))
            \(heartbeat("100000000")) \(heartbeat("3600000000000")) \(heartbeat("0"))
            \(heartbeat("99999999")) \(heartbeat("3600000000001")) \(heartbeat("-1"))
            \(heartbeat("1")) \(heartbeat("0x8000000000000000"))
            """
        #expect(
            try await Self.run(run, body, results: 9) == [0, 0, 0, 0, 28, 28, 28, 28, 28])
        #expect(
            run.supervision.signs == [
                .ready, .heartbeat(100_000_000), .heartbeat(3_600_000_000_000), .heartbeat(nil),
            ])
    }

    @Test("the handle of stop requests is one, until it is closed")
    func stopHandle() async throws {
        let run = WASIRun()
        let stop = Self.errno("(call $stop (i32.const 8))")
        let close = Self.errno("(call $close (i32.load (i32.const 8)))")
        let handle = "(i64.load32_u (i32.const 8))"
        let body = """
            \(Self.errno("(call $stop (i32.const 65533))"))
            \(stop) \(handle) \(stop) \(handle) \(close) \(close) \(stop) \(handle)
            \(Self.errno("(call $close (i32.const 0))")) \(Self.errno("(call $close (i32.const 1))"))
            \(Self.errno("(call $close (i32.const -1))"))
            """
        #expect(
            try await Self.run(run, body, results: 12) == [
                21, 0, 1 << 20, 0, 1 << 20, 0, 8, 0, 2 << 20, 8, 8, 8,
            ])
        #expect(run.handles.listensForStop)
    }

    @Test("a place outside the memory opens nothing")
    func faultOpensNothing() async throws {
        let run = WASIRun()
        #expect(
            try await Self.run(run, Self.errno("(call $stop (i32.const 65533))"), results: 1) == [
                21
            ])
        #expect(!run.handles.listensForStop)
    }

    @Test("clocks tell the time, and sleeping lets it pass")
    func time() async throws {
        let run = WASIRun()
        let body = """
            \(Self.errno("(call $sleep (i64.const 5000))"))
            \(Self.errno("(call $monotonic (i32.const 8))")) (i64.load (i32.const 8))
            \(Self.errno("(call $now (i32.const 8))")) (i64.load (i32.const 8))
            \(Self.errno("(call $sleep (i64.const 0))")) \(Self.errno("(call $sleep (i64.const -1))"))
            \(Self.errno("(call $now (i32.const 65529))"))
            \(Self.errno("(call $monotonic (i32.const -8))"))
            """
        #expect(
            try await Self.run(run, body, results: 9) == [
                0, 0, 1_000_005_000, 0, 1_700_000_001_000_005_000, 0, 28, 21, 21,
            ])
        #expect(run.time.requested == [1_000_005_000])
    }

    @Test("without TimeRead there is no clock, and the denials say which call it was")
    func noTime() async throws {
        var run = WASIRun()
        run.authority = KeptAuthority([])
        let body = """
            \(Self.errno("(call $sleep (i64.const 5000))"))
            \(Self.errno("(call $monotonic (i32.const 8))")) \(Self.errno("(call $now (i32.const 8))"))
            """
        #expect(try await Self.run(run, body, results: 3) == [76, 76, 76])
        #expect(
            run.authority.denials.map(\.resource) == [
                "selium_time.sleep", "selium_time.monotonic", "selium_time.now",
            ])
        #expect(run.time.requested.isEmpty)
    }

    @Test("a name of ours that is not there traps and says so")
    func unknown() async throws {
        let end = try await WASIRun().run(
            text: """
                (module (import "selium_process" "fork" (func $fork (result i32)))
                  (func (export "run") (drop (call $fork))))
                """)
        guard case .trapped(let trap) = end.outcome else {
            Issue.record("\(end.outcome)")
            return
        }
        #expect("\(trap.code.message)".contains("selium_process.fork is not provided"))
    }
}
