import Dispatch
import SeliumABI
import SeliumKernel
import SeliumWasm
import Synchronization
import Testing

@testable import SeliumRuntime

@Suite("A process that has not ended")
struct RunningProcessTests {
    @Test("whose end meets its beginning leaves nothing in its namespace's account")
    func account() async throws {
        let prepared = try WASIRun.prepare(
            text: #"(module (memory (export "memory") 3) (func (export "_start")))"#)
        let (guest, box) = try WASIRun().start(prepared)
        _ = await box.get()
        #expect(guest.memory == 3 * 65_536)
        let ledger = Ledger()
        let namespace = try #require(Namespace("alice"))
        for round in 0..<20_000 {
            let output = try ProcessOutputTests.Setup(ceiling: 100).output
            let process = RunningProcess(
                id: try #require(ProcessID(1)), namespace: namespace, output: output, input: nil,
                authority: ProcessAuthority(CapabilitySet([]), output: output),
                memoryLimit: 1 << 20, resultKinds: [], ledger: ledger)
            // Both at the same moment, as near as two threads come; one thread may have to do both.
            let ready = Atomic<Int>(0)
            DispatchQueue.concurrentPerform(iterations: 2) { side in
                ready.add(1, ordering: .sequentiallyConsistent)
                for _ in 0..<10_000 where ready.load(ordering: .sequentiallyConsistent) < 2 {}
                guard side == 1 else { return process.attach(guest) }
                // A little later each time, to come between any two steps of the other.
                for _ in 0..<round % 64 { ready.add(1, ordering: .relaxed) }
                process.detach()
            }
        }
        #expect(ledger.withLock { $0.held(in: namespace) } == 0)
    }
}
