import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("What a user's namespace may hold", .inTurn(minutes: 2))
struct QuotaTests {
    /// Grows to `pages` pages and stays.
    private static func grower(_ pages: Int) -> [UInt8] {
        ContractModules.wasm(
            """
            (module (memory (export "memory") 1)
              (func (export "_start") (drop (memory.grow (i32.const \(pages - 1)))) (loop (br 0))))
            """)
    }

    @Test("starts at the same moment count each other: what fits runs on, the rest is refused")
    func parallelStarts() async throws {
        try await RuntimeFixture.with { runtime, _ in
            // 300 MiB each from its beginning: three fit.
            var spec = try await runtime.spec(
                ContractModules.wasm(
                    """
                    (module (memory (export "memory") 4800)
                      (func (export "_start") (loop (br 0))))
                    """))
            spec.memoryLimit = 700 << 20
            let wanted = spec
            for _ in 0..<3 {
                let ids = try await withThrowingTaskGroup(of: ProcessID?.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            do {
                                return try await runtime.start(wanted, idempotency: nil).id
                            } catch let error as HostError where error.code == .resourceExhausted {
                                return nil
                            }
                        }
                    }
                    return try await group.reduce(into: [ProcessID]()) { ids, id in
                        if let id { ids.append(id) }
                    }
                }
                #expect(ids.count == 3)
                for id in ids {
                    #expect(try await runtime.status(id)?.state.hasEnded == false)
                    let outcome = try await runtime.stop(id, idempotency: nil)
                    guard case .stopped(let record) = outcome else {
                        Issue.record("\(outcome)")
                        continue
                    }
                    #expect(record.outcome == .killed(.noStopHandler))
                }
                #expect(runtime.budgets.budget(of: Runtime.space).held == 0)
            }
        }
    }

    @Test("a memory that is not exported counts with all it may have, and is given back")
    func hiddenMemory() async throws {
        try await RuntimeFixture.with { runtime, _ in
            var spec = try await runtime.spec(
                ContractModules.wasm(
                    #"(module (memory 1) (func (export "_start") (loop (br 0))))"#))
            spec.memoryLimit = 600 << 20
            let wanted = spec
            let budget = runtime.budgets.budget(of: Runtime.space)
            let first = try #require(try await runtime.start(wanted, idempotency: nil).id)
            #expect(budget.held == 600 << 20)
            for refused in [
                await refusal { try await runtime.dryRun(wanted) },
                await refusal { try await runtime.start(wanted, idempotency: nil) },
            ] {
                #expect(refused?.code == .resourceExhausted)
                #expect(refused?.message.contains("does not export its memory") == true)
            }
            #expect(try await runtime.status(first)?.state == .running)
            _ = try await runtime.stop(first, idempotency: nil)
            #expect(budget.held == 0)
            let second = try #require(try await runtime.start(wanted, idempotency: nil).id)
            _ = try await runtime.stop(second, idempotency: nil)
        }
    }

    @Test("a start that fails gives its memory back")
    func failedStart() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let bytes = ContractModules.wasm(
                #"(module (memory (export "memory") 8000) (func (export "_start") (loop (br 0))))"#)
            var spec = try await runtime.spec(bytes, name: "one")
            spec.memoryLimit = 700 << 20
            let first = try #require(try await runtime.start(spec, idempotency: nil).id)
            _ = try await runtime.stop(first, idempotency: nil)
            let tiny = try await runtime.run(ContractModules.module(.endless)) {
                $0.name = ProcessName("one")
            }
            for _ in 0..<3 {
                let taken = await refusal { [spec] in
                    try await runtime.start(spec, idempotency: nil)
                }
                #expect(taken?.code == .alreadyExists)
            }
            spec.name = nil
            let second = try #require(try await runtime.start(spec, idempotency: nil).id)
            for id in [tiny, second] { _ = try await runtime.stop(id, idempotency: nil) }
        }
    }

    @Test(
        "memory in use is bounded: a start that does not fit is refused, growth beyond fails in the guest"
    )
    func memory() async throws {
        try await RuntimeFixture.with { runtime, _ in
            // 600 MiB each, untouched: only the numbers count.
            let first = try await runtime.run(Self.grower(9_600)) { $0.memoryLimit = 700 << 20 }
            while try await runtime.status(first)?.memory != 600 << 20 { await Task.yield() }
            // This one says with its exit code that memory.grow gave -1, and lives to say it.
            let second = try await runtime.run(
                ContractModules.wasm(
                    """
                    (module \(ContractModules.imports) (memory (export "memory") 1)
                      (func (export "_start")
                        (if (i32.eq (memory.grow (i32.const 9599)) (i32.const -1))
                          (then (call $exit (i32.const 12))))
                        (call $exit (i32.const 13))))
                    """)
            ) { $0.memoryLimit = 700 << 20 }
            #expect(try await runtime.wait(second).outcome == .exit(code: 12))
            #expect(try await runtime.status(first)?.state == .running)
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
