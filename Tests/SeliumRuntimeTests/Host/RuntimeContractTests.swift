import SeliumRuntime
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The runtime as a host", .inTurn(minutes: 2))
struct RuntimeContractTests {
    @Test("keeps the contract of every host", arguments: HostContract.checks)
    func contract(check: HostContract.Check) async throws {
        try await RuntimeFixture.with { runtime, _ in
            try await check.run(
                over: HostContract.Fixture(host: runtime, module: { ContractModules.module($0) }))
        }
    }
}
