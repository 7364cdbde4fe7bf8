import SeliumKernel
import SeliumTesting
import Testing

@testable import SeliumClient

@Suite("Modules that are sent", .inTurn())
struct ModuleContentTests {
    @Test("The client refuses what the server would refuse, and nothing else")
    func size() {
        #expect(ModuleContent.moduleBytes == Limits.moduleBytes)
    }
}
