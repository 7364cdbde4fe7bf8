import SeliumKernel
import SeliumTestSupport
import Testing

@Suite("The memory of a namespace")
struct MemoryLedgerTests {
    @Test("what is held is the sum of what its processes hold", arguments: 0..<10 as Range<UInt64>)
    func sum(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let space = try #require(Namespace("alice"))
        var ledger = MemoryLedger(limit: 1_000)
        var processes = Array(repeating: UInt64(0), count: 5)
        for _ in 0..<500 {
            let index = Int.random(in: 0..<5, using: &random)
            let size = UInt64.random(in: 0...400, using: &random)
            let fits = ledger.change(from: processes[index], to: size, in: space)
            let shrinks = size <= processes[index]
            processes[index] = size
            let total = processes.reduce(0, +)
            if fits != (shrinks || total <= 1_000) || ledger.held(in: space) != total {
                Issue.record("\(total) held, \(fits)")
            }
        }
    }

    @Test("a start whose memory does not fit is refused; other namespaces are not in the way")
    func admission() throws {
        let (alice, bob) = (try #require(Namespace("alice")), try #require(Namespace("bob")))
        var ledger = MemoryLedger(limit: 1_000)
        #expect(ledger.held(in: alice) == 0)
        _ = ledger.change(from: 0, to: 900, in: alice)
        try ledger.judge(100, in: alice)
        let error = #expect(throws: KernelError.self) { try ledger.judge(101, in: alice) }
        #expect(error?.code == .exhausted)
        #expect(throws: KernelError.self) { try ledger.judge(.max, in: alice) }
        try ledger.judge(1_000, in: bob)
    }

    @Test("what a start reserved is taken until it is given back; one that fails takes nothing")
    func reservation() throws {
        let alice = try #require(Namespace("alice"))
        var ledger = MemoryLedger(limit: 1_000)
        try ledger.reserve(600, in: alice)
        #expect(throws: KernelError.self) { try ledger.reserve(401, in: alice) }
        #expect(ledger.held(in: alice) == 600)
        try ledger.reserve(400, in: alice)
        #expect(throws: KernelError.self) { try ledger.reserve(.max, in: alice) }
        _ = ledger.change(from: 600, to: 0, in: alice)
        #expect(ledger.held(in: alice) == 400)
        try ledger.reserve(600, in: alice)
    }
}
