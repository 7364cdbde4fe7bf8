import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The in-memory host", .inTurn(minutes: 2))
struct InMemoryHostTests {
    @Test("keeps the contract of every host", arguments: HostContract.checks)
    func contract(check: HostContract.Check) async throws {
        try await check.run(over: InMemoryProcessHost.fixture())
    }
}
