import SeliumABI
import SeliumTestSupport
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("Every import, with wild arguments", .inTurn(minutes: 3))
struct WildCallTests {
    /// Around the edges of a memory of one page, of handles, and of 32 bits.
    private static let narrow: [Int64] = [
        0, 1, 2, 3, 8, 64, 1_024, 4_096, 4_097, 65_520, 65_528, 65_533, 65_535, 65_536, 65_537,
        1 << 20, 1 << 20 + 1, 2 << 20, 0x7fff_ffff, -1, -4, -8, -48, -65_536, -0x8000_0000,
    ]
    /// No -1, which waits for ever where a wait is what is asked for.
    private static let wide: [Int64] = [
        0, 1, 99_999_999, 100_000_000, 1 << 32, 1 << 40, -2, -0x8000_0000, .min,
    ]

    private static func call(
        _ function: HostFunction, using random: inout SeededRandom
    ) -> String {
        let arguments = function.type.parameters.map { kind in
            let values = kind == .i64 ? wide : narrow
            let value = values.randomElement(using: &random) ?? 0
            return "(\(kind).const \(value))"
        }
        let call = "(call $f \(arguments.joined(separator: " ")))"
        return function.type.results.isEmpty ? call : "(drop \(call))"
    }

    private static func module(_ function: HostFunction, calls: Int, seed: UInt64) -> String {
        var random = SeededRandom(seed: seed)
        let parameters = function.type.parameters.map { "\($0)" }.joined(separator: " ")
        let result = function.type.results.isEmpty ? "" : "(result i32)"
        let calls = (0..<calls).map { _ in call(function, using: &random) }
        return """
            (module
              (import "\(function.module)" "\(function.name)"
                (func $f (param \(parameters)) \(result)))
              (memory (export "memory") 1)
              (func (export "run") \(calls.joined(separator: "\n"))))
            """
    }

    @Test("answers, and leaves guest and host alive", arguments: 0..<4 as Range<UInt64>)
    func survives(seed: UInt64) async throws {
        for function in HostFunctions.all {
            let end = try await WASIRun().run(
                text: Self.module(function, calls: 64, seed: seed))
            switch end.outcome {
            case .returned: break
            case .exited where function.name == "proc_exit": break
            default: Issue.record("\(function.module).\(function.name): \(end.outcome)")
            }
            #expect(end.peakMemory == 65_536)
        }
    }
}
