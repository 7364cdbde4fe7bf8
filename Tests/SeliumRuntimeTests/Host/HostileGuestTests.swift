import SeliumHosting
import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("A guest that means harm", .inTurn(minutes: 2))
struct HostileGuestTests {
    /// What a neighbour of a hostile guest notices: nothing.
    private func neighbourIsWell(_ runtime: Runtime) async throws {
        let id = try await runtime.run(ContractModules.module(.lines(2, exit: 4)))
        #expect(try await runtime.output(id) == "line 1\nline 2\n")
        #expect(try await runtime.wait(id).outcome == .exit(code: 4))
    }

    @Test(
        "with ESC in its functions' names is a record of data, kept as it is and as long as it may be"
    )
    func escapes() async throws {
        // The name section (custom, "name", subsection 1): function 0 is called ESC [ 2 J a a a ….
        let name = [0x1B] + Array("[2J".utf8) + [UInt8](repeating: 0x61, count: 300)
        func leb(_ value: Int) -> [UInt8] { ModuleScannerTests.leb(value) }
        let names = leb(1) + leb(0) + leb(name.count) + name
        let section = [4] + Array("name".utf8) + [1] + leb(names.count) + names
        let module =
            ContractModules.module(.trap) + [0] + leb(section.count) + section
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module)
            guard case .trap(let trap) = try await runtime.wait(id).outcome else {
                Issue.record("no trap")
                return
            }
            let shown = try #require(trap.frames.first?.name)
            #expect(shown.hasPrefix("\u{1B}[2Jaaa"))
            #expect(shown.utf8.count == 128)
            #expect(!trap.message.contains("\u{1B}"))
            try await neighbourIsWell(runtime)
        }
    }

    @Test("that calls itself for ever ends with a stack overflow and at most 64 frames")
    func recursion() async throws {
        let module = ContractModules.wasm(
            """
            (module (memory (export "memory") 1)
              (func $deep (param i64) (result i64)
                (i64.add (call $deep (local.get 0)) (call $deep (i64.const 1))))
              (func (export "_start") (drop (call $deep (i64.const 1)))))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module)
            guard case .trap(let trap) = try await runtime.wait(id).outcome else {
                Issue.record("no trap")
                return
            }
            #expect(trap.kind == "stack-overflow")
            #expect((1...64).contains(trap.frames.count))
            try await neighbourIsWell(runtime)
        }
    }

    @Test("whose module is hard to compile fails by a limit; ps answers and others start meanwhile")
    func compileBomb() async throws {
        let path = try RuntimeFixture.directory()
        var configuration = ModuleCompiler.Configuration(compiler: ModuleCompilerTests.compiler)
        configuration.addressSpace = 400 << 20
        let runtime = try RuntimeFixture.open(path, compiler: ModuleCompiler(configuration))
        // Compiled before, so that it waits for nobody.
        let neighbour = try await runtime.spec(ContractModules.module(.lines(2, exit: 4)))
        _ = try await runtime.start(neighbour, idempotency: nil)
        let spec = try await runtime.spec(ModuleCompilerTests.bomb(locals: 2_000, depth: 8_000))
        let phases = PhaseNotes()
        let bomb = Task {
            await refusal {
                try await runtime.start(spec, idempotency: nil, observer: phases.note)
            }
        }
        while !phases.all.contains(.compiling) { await Task.yield() }
        var answers = 0
        while !phases.all.contains(.starting) {
            _ = try await runtime.processes(in: nil, includingEnded: true)
            try await neighbourIsWell(runtime)
            answers += 1
        }
        #expect(answers >= 1)
        let refused = await bomb.value
        #expect(refused?.code == .invalidArgument)
        #expect(refused?.message == "module too costly to compile (memory)")
        // Remembered: no second compile.
        let again = PhaseNotes()
        let repeated = await refusal {
            try await runtime.start(spec, idempotency: nil, observer: again.note)
        }
        #expect(repeated?.message == refused?.message)
        #expect(!again.all.contains(.compiling))
        await runtime.shutDown()
    }

    @Test("that prints without end and is not read is kept within its share, and can be stopped")
    func flood() async throws {
        let module = ContractModules.wasm(
            """
            (module \(ContractModules.imports) (memory (export "memory") 2)
              (func (export "_start")
                (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 65536))
                (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                  (br 0))))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module)
            // More than is kept of one process.
            while try await runtime.status(id)?.state.hasEnded == false,
                try await runtime.logPosition(id, tail: 0, streams: [.stdout]) < 2_200
            { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await runtime.info().logBytes <= UInt64(Limits.logKept) * 5 / 4)
            try await neighbourIsWell(runtime)
            guard case .stopped(let record) = try await runtime.stop(id, idempotency: nil) else {
                Issue.record("ended by itself")
                return
            }
            #expect(record.outcome == .killed(.noStopHandler))
        }
    }

    @Test("that never reads makes its writer wait in a bounded buffer, and ends all the same")
    func neverReads() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(ContractModules.module(.endless)) {
                $0.takesInput = true
            }
            let claim = try await runtime.openInput(id)
            let writer = Task {
                try await runtime.writeInput(
                    claim, [UInt8](repeating: 1, count: Limits.inputBytes), end: false)
                // No room any more: this one waits.
                try await runtime.writeInput(claim, [1], end: false)
            }
            try await neighbourIsWell(runtime)
            writer.cancel()
            #expect(await refusal { try await writer.value }?.code == .cancelled)
            await runtime.closeInput(claim)
            let next = try await runtime.openInput(id)
            let second = Task { try await runtime.writeInput(next, [1], end: false) }
            guard case .stopped = try await runtime.stop(id, idempotency: nil) else {
                Issue.record("ended by itself")
                return
            }
            // What ended swallows everything.
            try await second.value
        }
    }
}
