import SeliumABI
import SeliumKernel
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("selium_log", .inTurn(minutes: 2))
struct LogCallTests {
    /// One page: texts at 1024, a table of fields at 2048.
    private static func module(_ body: String, results count: Int) -> String {
        let results = Array(repeating: "i64", count: count).joined(separator: " ")
        return """
            (module
              (import "selium_log" "write"
                (func $log (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 1024) "partmessagekeyvalueSELIUMX\\ff\\09\\0a")
              (data (i32.const 2048) "\\0b\\04\\00\\00\\03\\00\\00\\00\\0e\\04\\00\\00\\05\\00\\00\\00")
              (data (i32.const 2064) "\\1a\\04\\00\\00\\03\\00\\00\\00\\00\\04\\00\\00\\00\\00\\00\\00")
              (func (export "run") (result \(results)) \(body)))
            """
    }

    private static func call(
        _ level: Int = 3, _ target: (Int, Int) = (1024, 4), _ message: (Int, Int) = (1028, 7),
        _ fields: (Int, Int) = (2048, 0)
    ) -> String {
        let arguments = [
            level, target.0, target.1, message.0, message.1, fields.0, fields.1,
        ].map { "(i32.const \($0))" }.joined(separator: " ")
        return "(i64.extend_i32_u (call $log \(arguments)))"
    }

    private func run(_ run: WASIRun, _ calls: [String]) async throws -> [Int64] {
        let text = Self.module(calls.joined(separator: "\n"), results: calls.count)
        return try await PollTests.numbers(run.run(text: text).outcome)
    }

    @Test("a record is a line of its own stream, with its fields in order")
    func written() async throws {
        let run = WASIRun()
        let calls = [
            Self.call(), Self.call(5, (0, 0), (1028, 7), (2048, 1)),
            Self.call(1, (1024, 4), (0, 0), (2048, 2)),
        ]
        #expect(try await self.run(run, calls) == [0, 0, 0])
        #expect(
            run.output.structured == """
                info\tpart\tmessage
                error\t\tmessage\tkey\tvalue
                trace\tpart\t\tkey\tvalue\t\u{fffd}\\t\\n\t

                """)
        #expect(run.output.order == [.structured, .structured, .structured])
        #expect(run.output.stdout.isEmpty)
    }

    @Test("levels, targets, counts and names that make no sense are refused, and write nothing")
    func invalid() async throws {
        let run = WASIRun()
        let calls = [
            Self.call(0), Self.call(6), Self.call(-1), Self.call(3, (1043, 7)),
            Self.call(3, (1043, 6)), Self.call(3, (1024, 4), (1028, 7), (2048, 65)),
            Self.call(3, (1024, 4), (1028, 7), (2048, -1)),
            // Its name is the empty text.
            Self.call(3, (1024, 4), (1028, 7), (4096, 1)),
        ]
        #expect(try await self.run(run, calls) == [28, 28, 28, 28, 28, 28, 28, 28])
        #expect(run.output.order.isEmpty)
    }

    @Test("wild places are faults, too much text is too big, and the most there may be is taken")
    func bounds() async throws {
        let run = WASIRun()
        let calls = [
            Self.call(3, (65_533, 4)), Self.call(3, (-1, 4)), Self.call(3, (0, -1)),
            Self.call(3, (1024, 4), (65_536, 1)), Self.call(3, (1024, 4), (0, 0), (65_521, 1)),
            Self.call(3, (1024, 4), (0, 0), (-16, 1)),
            Self.call(3, (0, 0), (4096, 8 * 1024 + 1)), Self.call(3, (1024, 1), (4096, 8 * 1024)),
            Self.call(3, (0, 0), (4096, 8 * 1024)),
        ]
        #expect(try await self.run(run, calls) == [21, 21, 21, 21, 21, 21, 1, 1, 0])
        #expect(run.output.structured.utf8.count == "info\t\t\n".utf8.count + 8 * 1024)
    }

    @Test("the longest record is never cut")
    func whole() {
        var record = StructuredRecord(
            level: .warning, target: "", message: String(repeating: "\u{fffd}", count: 8 * 1024))
        record.fields = (0..<Limits.logRecordFields).map { _ in .init("", "") }
        let line = record.line
        #expect(line.count <= LogChunk.maximumBytes)
        var slice = LogSlice()
        for _ in 0..<5 { slice.write(line, to: .structured) }
        let pieces = slice.flush()
        #expect(pieces.reduce(0) { $0 + Int($1.records) } == 5)
        #expect(pieces.allSatisfy { $0.bytes.last == UInt8(ascii: "\n") })
    }

    @Test("a record waits for a log that takes no more, and goes into it whole then")
    func waits() async throws {
        var run = WASIRun()
        run.output = KeptOutput(isShut: true)
        let prepared = try WASIRun.prepare(text: Self.module(Self.call(), results: 1))
        let (_, box) = try run.start(prepared, entry: Entrypoint("run"))
        while !run.output.isWaitedFor { await Task.yield() }
        #expect(run.output.structured.isEmpty)
        run.output.open()
        #expect(PollTests.numbers(await box.get().outcome) == [0])
        #expect(run.output.structured == "info\tpart\tmessage\n")
    }
}
