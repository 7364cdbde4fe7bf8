import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTestSupport
import Testing

@Suite("What a user's namespace may hold")
struct QuotaTests {
    /// Grows to `pages` pages and stays.
    private static func grower(_ pages: Int) -> [UInt8] {
        ContractModules.wasm(
            """
            (module (memory (export "memory") 1)
              (func (export "_start") (drop (memory.grow (i32.const \(pages - 1)))) (loop (br 0))))
            """)
    }

    @Test(
        "memory in use is bounded: a start that does not fit is refused, growth beyond ends the process"
    )
    func memory() async throws {
        try await RuntimeFixture.with { runtime, _ in
            // 600 MiB each, untouched: only the numbers count.
            let first = try await runtime.run(Self.grower(9_600)) { $0.memoryLimit = 700 << 20 }
            while try await runtime.status(first)?.memory != 600 << 20 { await Task.yield() }
            let second = try await runtime.run(Self.grower(9_600)) { $0.memoryLimit = 700 << 20 }
            #expect(try await runtime.wait(second).outcome == .limit("namespace-memory"))
            let large = try await runtime.spec(
                ContractModules.wasm(
                    #"(module (memory (export "memory") 8000) (func (export "_start")))"#))
            var spec = large
            spec.memoryLimit = 700 << 20
            let refused = await refusal { [spec] in try await runtime.start(spec, idempotency: nil)
            }
            #expect(refused?.code == .resourceExhausted)
            spec.role = .operator
            _ = try await runtime.start(spec, idempotency: nil)
            _ = try await runtime.stop(first, idempotency: nil)
            let third = try await runtime.run(Self.grower(9_600)) { $0.memoryLimit = 700 << 20 }
            while try await runtime.status(third)?.memory != 600 << 20 { await Task.yield() }
            _ = try await runtime.stop(third, idempotency: nil)
        }
    }
}
