import Foundation
import GRDB
import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("When things go wrong around a runtime", .inTurn(minutes: 2))
struct FaultTests {
    /// Makes every write to the database fail, or succeed again.
    static func setReadOnly(_ runtime: Runtime, _ on: Bool) throws {
        try runtime.state.atOpen { try $0.execute(sql: "PRAGMA query_only = \(on ? 1 : 0)") }
    }

    @Test("without a place to write, starts are refused and leave nothing, and ends are still told")
    func database() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let living = try await runtime.run(ContractModules.module(.endless))
            let spec = try await runtime.spec(ContractModules.module(.endless), name: "web")
            try Self.setReadOnly(runtime, true)
            let refused = await refusal {
                try await runtime.start(spec, idempotency: HostContract.request(1, body: 1))
            }
            #expect(refused?.code == .unavailable)
            #expect(refused?.isRetryable == true)
            // The guest that had begun is gone when its end was told.
            while try await runtime.info().livingProcesses > 1 { await Task.yield() }
            #expect(
                try await runtime.processes(in: nil, includingEnded: true).map(\.id) == [living])
            guard case .stopped(let record) = try await runtime.stop(living, idempotency: nil)
            else {
                Issue.record("not stopped")
                return
            }
            #expect(record.outcome == .killed(.noStopHandler))
            #expect(try await runtime.items(living).count == 2)
            try Self.setReadOnly(runtime, false)
            let id = try #require(
                try await runtime.start(spec, idempotency: HostContract.request(1, body: 1)).id)
            _ = try await runtime.stop(id, idempotency: nil)
        }
    }

    @Test("when no more ids can be reserved, the starts that wait for one are refused, once")
    func ids() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let spec = try await runtime.spec(ContractModules.module(.lines(1, exit: 0)))
            let first = try #require(try await runtime.start(spec, idempotency: nil).id)
            runtime.world.withLock { $0.ids = IDBlock(after: 5_000, count: 0) }
            try Self.setReadOnly(runtime, true)
            let refused = await refusal { try await runtime.start(spec, idempotency: nil) }
            #expect(refused?.code == .unavailable)
            try Self.setReadOnly(runtime, false)
            let ids = try await withThrowingTaskGroup(of: ProcessID?.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await runtime.start(spec, idempotency: nil).id }
                }
                return try await group.reduce(into: Set<ProcessID?>()) { $0.insert($1) }
            }
            #expect(ids.count == 8)
            #expect(ids.allSatisfy { ($0?.rawValue ?? 0) > 5_000 })
            #expect(first.rawValue < 5_000)
        }
    }

    @Test("a cancelled wait for a compile leaves nothing behind, and the next start works")
    func cancelledCompile() async throws {
        let path = try RuntimeFixture.directory()
        let runtime = try RuntimeFixture.open(path, compiler: StuckCompiler())
        let spec = try await runtime.spec(ContractModules.module(.lines(1, exit: 0)))
        let other = try await runtime.spec(ContractModules.module(.lines(2, exit: 0)))
        let starts = [spec, other, spec].map { spec in
            Task { await refusal { try await runtime.start(spec, idempotency: nil) } }
        }
        // ps answers meanwhile.
        #expect(try await runtime.processes(in: nil, includingEnded: true) == [])
        for start in starts { start.cancel() }
        for start in starts {
            let code = await start.value?.code
            #expect(code == .cancelled || code == .unavailable)
        }
        #expect(try await runtime.info().livingProcesses == 0)
        await runtime.shutDown()
    }

    /// Compiles for ever, until it is cancelled.
    struct StuckCompiler: ModuleCompiling {
        func compile(wasm: Int32, to output: Int32) async throws(CompileFailure) {
            do {
                try await Task.sleep(for: .seconds(3_600))
            } catch {
                throw .unavailable("the compilation was cancelled")
            }
        }
    }

    @Test("an ended process leaves nothing of its guest behind")
    func released() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(ContractModules.module(.echo)) { $0.takesInput = true }
            weak let process = runtime.world.withLock { $0.running[id] }
            #expect(process != nil)
            _ = try await runtime.stop(id, idempotency: nil)
            // Whoever told of the end may still be on the way out.
            for _ in 0..<100_000 where process != nil { await Task.yield() }
            #expect(process == nil)
        }
    }

    @Test("files that belong to no upload are removed when a runtime starts")
    func orphans() async throws {
        let path = try RuntimeFixture.directory()
        let first = try RuntimeFixture.open(path)
        let digest = try #require(ModuleDigest(bytes: Array(repeating: 7, count: 32)))
        let upload = try await first.beginUpload(
            digest, size: 100, namespace: Runtime.space, role: .user)
        try await first.append([1, 2, 3], to: upload)
        await first.shutDown()
        let copy = try RestartTests.crashed(path)
        for name in ["state/uploads/orphan", "state/modules/x.tmp", "state/compiled/x.tmp"] {
            try Data([1]).write(to: URL(fileURLWithPath: copy + "/" + name))
        }
        let second = try RuntimeFixture.open(copy)
        let files = FileManager.default
        #expect(try files.contentsOfDirectory(atPath: copy + "/state/uploads").count == 1)
        #expect(try files.contentsOfDirectory(atPath: copy + "/state/modules") == [])
        #expect(try files.contentsOfDirectory(atPath: copy + "/state/compiled") == [])
        let resumed = try await second.beginUpload(
            digest, size: 100, namespace: Runtime.space, role: .user)
        #expect(resumed.offset == 3)
        await second.shutDown()
    }

    @Test("hundreds of starts at once: every line, every exit code")
    func many() async throws {
        try await RuntimeFixture.with { runtime, _ in
            var spec = try await runtime.spec(ContractModules.module(.lines(3, exit: 7)))
            spec.role = .operator
            let start = spec
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<16 {
                    group.addTask {
                        for _ in 0..<25 {
                            guard let id = try await runtime.start(start, idempotency: nil).id
                            else {
                                Issue.record("no id")
                                return
                            }
                            let text = try await runtime.output(id)
                            let outcome = try await runtime.wait(id).outcome
                            if text != "line 1\nline 2\nline 3\n" || outcome != .exit(code: 7) {
                                Issue.record(
                                    "process \(id) wrote \(text) and ended with \(outcome)")
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await runtime.processes(in: nil, includingEnded: true).count == 400)
            #expect(try await runtime.info().livingProcesses == 0)
        }
    }
}
