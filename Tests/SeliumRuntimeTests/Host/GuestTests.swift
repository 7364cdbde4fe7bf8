import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTestSupport
import SeliumTesting
import SeliumWasm
import Testing

@Suite("Guests in the runtime", .inTurn(minutes: 2))
struct GuestTests {
    @Test("a named entrypoint gets its typed arguments and returns what was declared")
    func arguments() async throws {
        let module = ContractModules.wasm(
            """
            (module (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
              (func (export "selium_alloc") (param i32) (result i32)
                (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 0))))
              (func (export "sum") (param i32 i32 i64 f64 i32 i32) (result i32 i64)
                (i32.add (i32.add (local.get 0) (local.get 1)) (i32.load8_u (local.get 4)))
                (i64.add (local.get 2) (i64.extend_i32_u (local.get 5)))))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let values: [Value] = [.i8(-5), .u16(60_000), .u64(.max), .f64(1.5), .utf8("A\u{e9}")]
            let id = try await runtime.run(module) { spec in
                spec.entrypoint = "sum"
                spec.arguments = values.map { Argument(value: $0, text: $0.text) }
                spec.results = [.u32, .i64]
            }
            let record = try await runtime.wait(id)
            #expect(record.outcome == .returned([.u32(60_060), .i64(2)]))
        }
    }

    @Test("arguments that do not fit the entrypoint are refused before anything runs")
    func misfit() async throws {
        let module = ContractModules.wasm(
            #"(module (memory (export "memory") 1) (func (export "start") (param i32)) (func (export "_start")))"#
        )
        try await RuntimeFixture.with { runtime, _ in
            let spec = try await runtime.spec(module)
            let error = await refusal {
                try await runtime.start(spec, idempotency: nil)
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("'start'") == true)
            var command = spec
            command.entrypoint = "_start"
            #expect(try await runtime.start(command, idempotency: nil).entrypoint == "_start")
            var buffer = spec
            buffer.arguments = [Argument(value: .utf8("x"), text: "x")]
            let missing = await refusal {
                try await runtime.start(buffer, idempotency: nil)
            }
            #expect(missing?.code == .invalidArgument)
        }
    }

    @Test("a WASI command gets its arguments in argv and its environment, and nothing else")
    func words() async throws {
        let module = ContractModules.wasm(
            """
            (module
              (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "environ_sizes_get" (func $esizes (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "environ_get" (func $env (param i32 i32) (result i32)))
              \(ContractModules.imports.split(separator: "\n").first ?? "")
              (memory (export "memory") 1)
              (func $say (param $size i32)
                (i32.store (i32.const 0) (i32.const 4096)) (i32.store (i32.const 4) (local.get $size))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
              (func (export "_start")
                (drop (call $sizes (i32.const 16) (i32.const 20)))
                (drop (call $args (i32.const 1024) (i32.const 4096)))
                (call $say (i32.load (i32.const 20)))
                (drop (call $esizes (i32.const 16) (i32.const 20)))
                (drop (call $env (i32.const 1024) (i32.const 4096)))
                (call $say (i32.load (i32.const 20)))))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module) { spec in
                spec.arguments = [
                    Argument(value: .u16(7), text: "7"), Argument(value: .utf8("a b"), text: "a b"),
                ]
                spec.argv = ["-x", ""]
                spec.environment = [EnvironmentVariable(name: "A", value: "1", isSensitive: true)]
            }
            #expect(try await runtime.output(id) == "app.wasm\0" + "7\0a b\0-x\0\0A=1\0")
        }
    }

    @Test("a trap tells its functions, and a partial line stays one")
    func trap() async throws {
        let module = ContractModules.wasm(
            """
            (module \(ContractModules.imports) (memory (export "memory") 1)
              (data (i32.const 64) "almost")
              (func $inner unreachable)
              (func $outer (export "_start")
                (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 6))
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                (call $inner)))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module)
            guard case .trap(let trap) = try await runtime.wait(id).outcome else {
                Issue.record("no trap")
                return
            }
            #expect(trap.kind == "unreachable")
            #expect(trap.frames.map(\.name) == ["inner", "outer"])
            let chunks = try await runtime.chunks(id)
            #expect(chunks.map(\.isPartial) == [false, true, false])
        }
    }

    @Test("memory beyond the limit fails in the guest, and the end says what it probably was")
    func memory() async throws {
        let module = ContractModules.wasm(
            """
            (module (memory (export "memory") 1)
              (func (export "_start")
                (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
                unreachable))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module) { $0.memoryLimit = 10 * 65_536 }
            let record = try await runtime.wait(id)
            #expect(record.peakMemory == 10 * 65_536)
            #expect(record.isProbablyOutOfMemory)
            guard case .note(let text) = try await runtime.notes(id).first else {
                Issue.record("no note")
                return
            }
            #expect(
                text
                    == "probably out of memory: it held 640K of 640K; to give it more: --memory SIZE"
            )
            #expect(try await runtime.chunks(id).last?.last == record.lastSequence)
        }
    }

    @Test("a module that begins with more memory than it may have is refused")
    func initialMemory() async throws {
        let module = ContractModules.wasm(
            #"(module (memory (export "memory") 32) (func (export "_start")))"#)
        try await RuntimeFixture.with { runtime, _ in
            var spec = try await runtime.spec(module)
            spec.memoryLimit = 1 << 20
            let error = await refusal {
                try await runtime.start(spec, idempotency: nil)
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.remedy.contains("--memory 2MiB") == true)
        }
    }

    @Test("a memory that is not exported runs, and what it begins with is judged all the same")
    func hiddenMemory() async throws {
        let module = ContractModules.wasm(
            #"(module (memory 3000) (func (export "_start") (i32.store (i32.const 0) (i32.const 7))))"#
        )
        try await RuntimeFixture.with { runtime, _ in
            // 187.5 MiB.
            let small = try await runtime.spec(module)
            for error in [
                await refusal { try await runtime.dryRun(small) },
                await refusal { try await runtime.start(small, idempotency: nil) },
            ] {
                #expect(error?.code == .invalidArgument)
                #expect(error?.remedy == "allow it: --memory 192000KiB")
            }
            let id = try await runtime.run(module) { $0.memoryLimit = 192_000 << 10 }
            #expect(try await runtime.wait(id).outcome == .returned([]))
        }
    }

    @Test(
        "an import that works on memory wants it by its name, others do not",
        arguments: [#"(memory 1)"#, #"(memory (export "mine") 1)"#])
    func blindImports(memory: String) async throws {
        func module(_ call: String, _ type: String) -> [UInt8] {
            ContractModules.wasm(
                """
                (module (import "wasi_snapshot_preview1" "\(call)" (func \(type))) \(memory)
                  (func (export "_start")))
                """)
        }
        try await RuntimeFixture.with { runtime, _ in
            let spec = try await runtime.spec(
                module("fd_write", "(param i32 i32 i32 i32) (result i32)"))
            let error = await refusal { try await runtime.dryRun(spec) }
            #expect(error?.code == .invalidArgument)
            #expect(
                error?.message
                    == "the module imports wasi_snapshot_preview1.fd_write, which needs its memory, and does not export that as \"memory\""
            )
            let id = try await runtime.run(module("proc_exit", "(param i32)"))
            #expect(try await runtime.wait(id).outcome == .returned([]))
        }
    }

    @Test("tables that no process may have are refused before there is one, dry run or not")
    func tables() async throws {
        let many = Array(repeating: "(table 1 funcref)", count: 5).joined()
        try await RuntimeFixture.with { runtime, _ in
            for (text, limit) in [
                ("(table 500000 funcref)", "processTableElements"), (many, "processTables"),
            ] {
                let spec = try await runtime.spec(
                    ContractModules.wasm(#"(module \#(text) (func (export "_start")))"#))
                for error in [
                    await refusal { try await runtime.dryRun(spec) },
                    await refusal { try await runtime.start(spec, idempotency: nil) },
                ] {
                    #expect(error?.code == .invalidArgument)
                    #expect(error?.message.hasPrefix("invalid module: ") == true)
                    #expect(error?.message.contains(limit) == true)
                }
            }
            let most = ContractModules.wasm(
                #"(module (table 100000 funcref) (func (export "_start")))"#)
            let id = try await runtime.run(most)
            #expect(try await runtime.wait(id).outcome == .returned([]))
        }
    }

    @Test("a denied clock is one record, however often it is asked, and an errno in the guest")
    func denial() async throws {
        let module = ContractModules.wasm(
            """
            (module
              (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "errno") (result i32) (local $i i32)
                (loop $more
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  (drop (call $time (i32.const 0) (i64.const 1) (i32.const 0)))
                  (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))
                (call $time (i32.const 0) (i64.const 1) (i32.const 0))))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module) { spec in
                spec.entrypoint = "errno"
                spec.results = [.u16]
            }
            #expect(
                try await runtime.wait(id).outcome == .returned([.u16(Errno.notCapable.rawValue)]))
            let notes = try await runtime.notes(id)
            #expect(
                notes.first
                    == .denied(
                        Denial(
                            capability: "TimeRead", resource: "clock_time_get", nearestGrant: nil,
                            difference: "not granted")))
            #expect(notes.count == 2)
            guard case .note(let summary) = notes.last else { return }
            #expect(summary.hasPrefix("denied TimeRead 1000 more times"))
            let granted = try await runtime.run(module) { spec in
                spec.entrypoint = "errno"
                spec.results = [.u16]
                spec.grants = [Grant(capability: .timeRead)]
            }
            #expect(try await runtime.wait(granted).outcome == .returned([.u16(0)]))
            #expect(try await runtime.notes(granted) == [])
        }
    }

    @Test(
        "an unknown import is told in the log, traps by name when it is called, and strict refuses it"
    )
    func unknownImport() async throws {
        let module = ContractModules.wasm(
            """
            (module (import "acme" "rocket" (func $rocket (param i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "_start") (drop (call $rocket (i32.const 1)))))
            """)
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(module)
            guard case .trap(let trap) = try await runtime.wait(id).outcome else {
                Issue.record("no trap")
                return
            }
            #expect(trap.message.contains("acme.rocket"))
            #expect(try await runtime.notes(id) == [.unknownImport(module: "acme", name: "rocket")])
            var spec = try await runtime.spec(module)
            #expect(
                try await runtime.dryRun(spec).notes == [
                    ImportNote(module: "acme", name: "rocket", capability: nil)
                ])
            spec.strict = true
            let error = await refusal { try await runtime.dryRun(spec) }
            #expect(error?.message.contains("acme.rocket") == true)
        }
    }

    /// Writes 200,000 lines in a thousand writes: more than one reservation of sequences.
    static let flood = """
        (module \(ContractModules.imports) (memory (export "memory") 1)
          (func (export "_start") (local $i i32)
            (memory.fill (i32.const 1024) (i32.const 10) (i32.const 200))
            (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 200))
            (loop $more
              (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
              (local.set $i (i32.add (local.get $i) (i32.const 1)))
              (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))))
        """

    @Test("a guest that outruns its reserved sequences loses nothing")
    func sequences() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(ContractModules.wasm(Self.flood))
            var position: UInt64 = 1
            for chunk in try await runtime.chunks(id) {
                #expect(chunk.first == position)
                position = chunk.last + 1
            }
            #expect(position == 200_003)
            #expect(try await runtime.wait(id).outcome == .returned([]))
        }
    }

    @Test("a process that waits for stdin is stopped at once")
    func stopParked() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(ContractModules.module(.echo)) { $0.takesInput = true }
            let claim = try await runtime.openInput(id)
            try await runtime.writeInput(claim, Array("x\n".utf8), end: false)
            var next: UInt64 = 1
            while next < 3 { next = try await runtime.readLog(id, from: next, atMost: 100).next }
            guard case .stopped(let record) = try await runtime.stop(id, idempotency: nil) else {
                Issue.record("not stopped")
                return
            }
            #expect(record.outcome == .killed(.noStopHandler))
        }
    }

    @Test("living processes show what they use")
    func usage() async throws {
        try await RuntimeFixture.with { runtime, _ in
            let id = try await runtime.run(ContractModules.module(.endless))
            var status = try #require(try await runtime.status(id))
            while status.cpuNanoseconds == 0 {
                await Task.yield()
                status = try #require(try await runtime.status(id))
            }
            #expect(status.memory == 65_536)
            #expect(status.state == .running)
            #expect(status.memoryLimit == Limits.processMemory)
            _ = try await runtime.stop(id, idempotency: nil)
        }
    }

    @Test("the machine's ceiling is told before the kernel does")
    func ceiling() async throws {
        let path = try RuntimeFixture.directory()
        let runtime = try RuntimeFixture.open(path, ceiling: 2)
        for _ in 0..<2 { _ = try await runtime.run(ContractModules.module(.endless)) }
        let spec = try await runtime.spec(ContractModules.module(.endless))
        let error = await refusal {
            try await runtime.start(spec, idempotency: nil)
        }
        #expect(error?.code == .resourceExhausted)
        #expect(error?.message.contains("vm.max_map_count") == true)
        await runtime.shutDown()
    }
}
