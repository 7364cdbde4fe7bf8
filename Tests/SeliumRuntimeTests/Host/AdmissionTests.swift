import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("Starts that are judged before their module is here", .inTurn(minutes: 2))
struct AdmissionTests {
    @Test("A user whose memory is used up is refused before the bytes are sent, an operator is not")
    func memory() async throws {
        try await RuntimeFixture.with { runtime, _ in
            // 1 GiB from its beginning, the whole quota.
            var large = try await runtime.spec(
                ContractModules.wasm(
                    """
                    (module (memory (export "memory") 16384)
                      (func (export "_start") (loop (br 0))))
                    """))
            large.memoryLimit = 1 << 30
            var wanted = large
            wanted.module = .digest(
                try #require(ModuleDigest(bytes: [UInt8](repeating: 7, count: 32))))
            let absent = wanted
            try await runtime.admit(absent, idempotency: nil)
            let id = try #require(try await runtime.start(large, idempotency: nil).id)
            let error = await #expect(throws: HostError.self) {
                try await runtime.admit(absent, idempotency: nil)
            }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.isRetryable == true)
            wanted.role = .operator
            try await runtime.admit(wanted, idempotency: nil)
            _ = try await runtime.stop(id, idempotency: nil)
            try await runtime.admit(absent, idempotency: nil)
        }
    }
}
