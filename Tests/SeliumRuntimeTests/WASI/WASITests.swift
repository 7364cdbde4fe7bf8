import SeliumABI
import SeliumKernel
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("WASI preview 1", .inTurn(minutes: 2))
struct WASITests {
    /// A module that exports one WASI function as `run`, over memory that begins with `data`.
    static func wrapper(_ name: String, data: String = "", pages: Int = 1) throws -> PreparedModule
    {
        let function = try #require(WASI.functions.first { $0.name == name })
        let parameters = function.type.parameters.map { "\($0)" }.joined(separator: " ")
        let result = function.type.results.isEmpty ? "" : "(result i32)"
        let arguments = function.type.parameters.indices.map { "(local.get \($0))" }.joined(
            separator: " ")
        return try WASIRun.prepare(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "\(name)" (func $f (param \(parameters)) \(result)))
                  (memory (export "memory") \(pages))
                  (data (i32.const 0) "\(data)")
                  (func (export "run") (param \(parameters)) \(result) (call $f \(arguments))))
                """)
    }

    /// Calls a function with numbers; every parameter of WASI is an i32 or an i64.
    static func call(
        _ run: WASIRun, _ prepared: PreparedModule, _ name: String, _ arguments: [UInt64]
    ) async throws -> RunOutcome {
        let kinds = try #require(WASI.functions.first { $0.name == name }).type.parameters
        let entry = Entrypoint(
            "run",
            arguments: zip(kinds, arguments).map { kind, value in
                kind == .i64
                    ? .i64(Int64(bitPattern: value)) : .i32(Int32(truncatingIfNeeded: value))
            })
        return try await run.run(prepared, entry: entry).outcome
    }

    static func errno(_ outcome: RunOutcome) -> Int32? {
        if case .returned(let values) = outcome, case .i32(let errno)? = values.first {
            return errno
        }
        return nil
    }

    @Test("has every function of the specification, each once, with i32 and i64 only")
    func complete() {
        #expect(WASI.functions.count == 46)
        #expect(Set(WASI.functions.map(\.name)).count == WASI.functions.count)
        #expect(
            WASI.functions.allSatisfy { $0.type.parameters.allSatisfy { $0 == .i32 || $0 == .i64 } }
        )
    }

    @Test(
        "survives wild pointers, lengths, descriptors and numbers",
        arguments: WASI.functions.map(\.name))
    func hostile(name: String) async throws {
        let prepared = try Self.wrapper(name)
        let wild: [UInt64] = [
            0, 1, 2, 3, 4, 8, 16, 24, 100, 1_024, 1_025, 4_096, 4_097, 65_528, 65_532, 65_535,
            65_536, 65_537,
            0x7fff_ffff, 0x8000_0000, 0xffff_0000, 0xffff_fff0, 0xffff_fff8, 0xffff_ffff,
            0x1_0000_0000,
            0x7fff_ffff_ffff_ffff, 0xffff_ffff_ffff_ffff,
        ]
        var seed = name.utf8.reduce(7 as UInt64) { $0 &* 31 &+ UInt64($1) }
        func random(_ below: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(below))
        }
        let count = try #require(WASI.functions.first { $0.name == name }).type.parameters.count
        for _ in 0..<(count == 0 ? 1 : 60) {
            let arguments = (0..<count).map { _ in wild[random(wild.count)] }
            let run = WASIRun()
            let outcome = try await Self.call(run, prepared, name, arguments)
            if name == "proc_exit" {
                #expect(outcome == .exited(UInt32(truncatingIfNeeded: arguments[0])))
            } else {
                let errno = try #require(
                    Self.errno(outcome), "\(name)\(arguments) ended \(outcome)")
                #expect((0...76).contains(errno), "\(name)\(arguments)")
            }
        }
    }

    @Test(
        "answers fault for a result that does not fit at the end of memory",
        arguments: [
            ("args_sizes_get", [65_533, 0]), ("args_sizes_get", [0, 65_533]),
            ("args_get", [65_533, 0]),
            ("args_get", [0, 65_530]), ("environ_sizes_get", [65_533, 0]),
            ("clock_time_get", [0, 0, 65_529]),
            ("clock_res_get", [0, 65_529]), ("fd_fdstat_get", [1, 65_513]),
            ("fd_filestat_get", [1, 65_473]),
            ("fd_write", [1, 65_529, 1, 0]), ("fd_write", [1, 0, 0, 65_533]),
            ("fd_read", [0, 0, 0, 65_533]),
            ("random_get", [65_535, 2]), ("poll_oneoff", [65_489, 0, 1, 0]),
            ("poll_oneoff", [0, 65_505, 1, 0]),
            ("poll_oneoff", [0, 0, 1, 65_533]), ("path_open", [3, 0, 65_535, 2, 0, 0, 0, 0, 0]),
        ] as [(String, [UInt64])])
    func edges(name: String, arguments: [UInt64]) async throws {
        let run = WASIRun()
        let outcome = try await Self.call(run, try Self.wrapper(name), name, arguments)
        #expect(Self.errno(outcome) == 21, "\(outcome)")
    }

    @Test("writes iovecs in order, to the stream of the descriptor")
    func writing() async throws {
        // Two vectors at 0: (64, 3) and (70, 4); their bytes behind.
        let data =
            #"\40\00\00\00\03\00\00\00\46\00\00\00\04\00\00\00"#
            + String(repeating: #"\00"#, count: 48) + "one---two\\n"
        for (descriptor, stream) in [(1 as UInt64, LogStream.stdout), (2, .stderr)] {
            let run = WASIRun()
            let outcome = try await Self.call(
                run, try Self.wrapper("fd_write", data: data), "fd_write", [descriptor, 0, 2, 32])
            #expect(Self.errno(outcome) == 0)
            #expect(run.output.order == [stream])
            #expect(run.output.stdout + run.output.stderr == "onetwo\n")
            #expect(run.output.turns >= 1)
        }
        for descriptor in [0, 3, 0xffff_ffff] as [UInt64] {
            let outcome = try await Self.call(
                WASIRun(), try Self.wrapper("fd_write", data: data), "fd_write",
                [descriptor, 0, 2, 32])
            #expect(Self.errno(outcome) == 8)
        }
    }

    @Test("a write larger than one call may copy is short, and says so")
    func shortWrite() async throws {
        let run = WASIRun()
        let end = try await run.run(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
                  (memory (export "memory") 40)
                  (func (export "run") (result i32 i32)
                    (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 2000000))
                    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))
                    (i32.load (i32.const 16))))
                """)
        #expect(end.outcome == .returned([.i32(0), .i32(1 << 20)]))
        #expect(run.output.stdout.utf8.count == 1 << 20)
    }

    @Test("a write waits while the log does not take it, and is there whole afterwards")
    func waitingWrite() async throws {
        var run = WASIRun()
        run.output = KeptOutput(isShut: true)
        let data = #"\08\00\00\00\05\00\00\00hello"#
        let entry = Entrypoint("run", arguments: [.i32(1), .i32(0), .i32(1), .i32(32)])
        let (guest, box) = try run.start(try Self.wrapper("fd_write", data: data), entry: entry)
        while !run.output.isWaitedFor { await Task.yield() }
        #expect(!guest.hasEnded)
        #expect(run.output.stdout.isEmpty)
        run.output.open()
        #expect(Self.errno(await box.get().outcome) == 0)
        #expect(run.output.stdout == "hello")
    }

    @Test("a guest that waits in a write can be killed, and what it wanted to write is dropped")
    func killedWrite() async throws {
        var run = WASIRun()
        run.output = KeptOutput(isShut: true)
        let entry = Entrypoint("run", arguments: [.i32(1), .i32(0), .i32(1), .i32(32)])
        let (guest, box) = try run.start(
            try Self.wrapper("fd_write", data: #"\08\00\00\00\05\00\00\00hello"#), entry: entry)
        while !run.output.isWaitedFor { await Task.yield() }
        guest.kill(reason: 3)
        #expect(await box.get().outcome == .killed(reason: 3, frames: []))
        run.output.open()
        #expect(run.output.stdout.isEmpty)
    }

    @Test("reads what is there, waits for more, and sees the end")
    func reading() async throws {
        var run = WASIRun()
        run.input = FedInput("", ends: false)
        let text = """
            (module
              (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (func $once (result i32)
                (if (call $read (i32.const 0) (i32.const 0) (i32.const 2) (i32.const 32)) (then unreachable))
                (i32.load (i32.const 32)))
              (func (export "run") (result i32 i32 i32 i64)
                (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 3))
                (i32.store (i32.const 8) (i32.const 67)) (i32.store (i32.const 12) (i32.const 5))
                (call $once) (call $once) (call $once) (i64.load (i32.const 64))))
            """
        let (_, box) = try run.start(try WASIRun.prepare(text: text), entry: Entrypoint("run"))
        while !run.input.isWaitedFor { await Task.yield() }
        run.input.feed("abcdefghij")
        run.input.end()
        // Two vectors of 3 and 5 bytes take eight, then two, then the end.
        let memory = Array("ijcdefgh".utf8).enumerated().reduce(0) {
            $0 | Int64($1.element) << Int64(8 * $1.offset)
        }
        #expect(await box.get().outcome == .returned([.i32(8), .i32(2), .i32(0), .i64(memory)]))
    }

    @Test("a nonblocking read says again instead of waiting")
    func nonblocking() async throws {
        var run = WASIRun()
        run.input = FedInput("", ends: false)
        let end = try await run.run(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
                  (memory (export "memory") 1)
                  (func (export "run") (result i32 i32)
                    (i32.store (i32.const 4) (i32.const 3))
                    (call $flags (i32.const 0) (i32.const 4))
                    (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 32))))
                """)
        #expect(end.outcome == .returned([.i32(0), .i32(6)]))
    }

    @Test("a nonblocking write says again instead of waiting, and is taken when there is room")
    func nonblockingWrite() async throws {
        for (number, isNonblocking) in [(1, true), (2, true), (1, false)] {
            var run = WASIRun()
            run.output = KeptOutput(isShut: true)
            let flags = isNonblocking ? 4 : 1
            let (_, box) = try run.start(
                try WASIRun.prepare(
                    text: """
                        (module
                          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
                          (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $flags (param i32 i32) (result i32)))
                          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
                          (memory (export "memory") 1)
                          (data (i32.const 64) "hello")
                          (func $go (result i32)
                            (call $write (i32.const \(number)) (i32.const 0) (i32.const 1) (i32.const 32)))
                          (func (export "run") (result i32 i32 i32)
                            (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 5))
                            (i32.store8 (i32.const 108) (i32.const 2))
                            (i32.store (i32.const 116) (i32.const \(number)))
                            (call $flags (i32.const \(number)) (i32.const \(flags)))
                            (call $go)
                            (drop (call $poll (i32.const 100) (i32.const 200) (i32.const 1) (i32.const 300)))
                            (call $go)))
                        """), entry: Entrypoint("run"))
            // The first write, or the poll behind it.
            while !run.output.isWaitedFor { await Task.yield() }
            run.output.open()
            #expect(
                await box.get().outcome
                    == .returned([.i32(0), .i32(isNonblocking ? 6 : 0), .i32(0)]))
            #expect(
                (number == 1 ? run.output.stdout : run.output.stderr)
                    == (isNonblocking ? "hello" : "hellohello"))
        }
    }

    @Test(
        "flags of a descriptor are taken and told, or refused",
        arguments: [(0, 0), (1, 0), (4, 0), (5, 0), (2, 58), (8, 58), (16, 58), (6, 58)]
            + [(32, 28), (36, 28), (65_536, 28), (0xffff_ffff, 28)] as [(UInt32, Int32)])
    func descriptorFlags(flags: UInt32, errno: Int32) async throws {
        for number in 0...2 {
            let end = try await WASIRun().run(
                text: """
                    (module
                      (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $get (param i32 i32) (result i32)))
                      (import "wasi_snapshot_preview1" "fd_fdstat_set_flags" (func $set (param i32 i32) (result i32)))
                      (memory (export "memory") 1)
                      (func (export "run") (result i32 i32 i32)
                        (call $set (i32.const \(number)) (i32.const \(flags)))
                        (call $get (i32.const \(number)) (i32.const 0))
                        (i32.load16_u (i32.const 2))))
                    """)
            let told = errno == 0 ? Int32(flags) : 0
            #expect(end.outcome == .returned([.i32(errno), .i32(0), .i32(told)]))
        }
    }

    @Test("standard descriptors are character devices that cannot seek, until they are closed")
    func descriptors() async throws {
        let end = try await WASIRun().run(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
                  (memory (export "memory") 1)
                  (func (export "run") (result i32 i32 i64 i32 i32 i32 i32 i32)
                    (call $stat (i32.const 1) (i32.const 0))
                    (i32.load8_u (i32.const 0))
                    (i64.and (i64.load (i32.const 8)) (i64.const 0x24))
                    (call $seek (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 64))
                    (call $prestat (i32.const 3) (i32.const 64))
                    (call $close (i32.const 1))
                    (call $close (i32.const 1))
                    (call $stat (i32.const 1) (i32.const 0))))
                """)
        #expect(
            end.outcome
                == .returned([
                    .i32(0), .i32(2), .i64(0), .i32(70), .i32(8), .i32(0), .i32(8), .i32(8),
                ]))
    }

    @Test("arguments and environment arrive as C wants them")
    func words() async throws {
        var run = WASIRun()
        run.arguments = ["prog", "", "häßlich", "cut\u{0}off"]
        run.environment = [("A", "1"), ("EMPTY", "")]
        let end = try await run.run(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $esizes (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "environ_get" (func $eget (param i32 i32) (result i32)))
                  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
                  (memory (export "memory") 1)
                  (func $show (param i32)
                    (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (local.get 0))
                    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
                  (func (export "run") (result i32 i32)
                    (drop (call $sizes (i32.const 16) (i32.const 20)))
                    (drop (call $get (i32.const 100) (i32.const 1000)))
                    (call $show (i32.load (i32.const 20)))
                    (i32.load (i32.const 16)) (i32.load (i32.const 108))
                    (drop (call $esizes (i32.const 16) (i32.const 20)))
                    (drop (call $eget (i32.const 100) (i32.const 1000)))
                    (call $show (i32.load (i32.const 20)))))
                """)
        #expect(end.outcome == .returned([.i32(4), .i32(1_006)]))
        #expect(run.output.stdout == "prog\0\0häßlich\0cut\0A=1\0EMPTY=\0")
    }

    @Test("random numbers fill exactly what was asked, also more than one call copies")
    func random() async throws {
        let end = try await WASIRun().run(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
                  (memory (export "memory") 64)
                  (func (export "run") (result i32 i64 i64 i32)
                    (call $random (i32.const 8) (i32.const 3000000))
                    (i64.load (i32.const 0)) (i64.load (i32.const 3000008))
                    (i64.ne (i64.load (i32.const 2999992)) (i64.const 0))))
                """)
        #expect(end.outcome == .returned([.i32(0), .i64(0), .i64(0), .i32(1)]))
    }

    @Test("without TimeRead clocks and sleeps are notcapable, and each denial names its import")
    func authority() async throws {
        for (name, arguments) in [
            ("clock_time_get", [0, 0, 0]), ("clock_res_get", [1, 0]),
            ("path_open", [3, 0, 0, 4, 0, 0, 0, 0, 0]),
        ] as [(String, [UInt64])] {
            var run = WASIRun()
            run.authority = KeptAuthority([])
            let outcome = try await Self.call(
                run, try Self.wrapper(name, data: "/etc"), name, arguments)
            #expect(Self.errno(outcome) == 76)
            let expected =
                name == "path_open"
                ? KeptAuthority.Denied(capability: .fsRead, resource: "/etc")
                : KeptAuthority.Denied(capability: .timeRead, resource: name)
            #expect(run.authority.denials == [expected])
        }
    }

    @Test("a program that imports a function with another type is refused")
    func otherType() {
        #expect {
            try WASIRun.prepare(
                text: #"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i64))))"#)
        } throws: { ($0 as? WasmError)?.code == .badImport }
    }

    @Test("what is said to take numbers alone is there, and has no more than numbers to take")
    func numberCalls() {
        let functions = WASI.functions.filter { WASI.numberCalls.contains($0.name) }
        #expect(functions.count == WASI.numberCalls.count)
        #expect(WASI.memoryCalls.count + functions.count == WASI.functions.count)
        for name in ["fd_write", "fd_read", "poll_oneoff", "random_get", "clock_time_get"] {
            #expect(WASI.memoryCalls.contains(name))
        }
    }

    @Test("a function of a newer WASI answers ENOSYS")
    func newer() async throws {
        let end = try await WASIRun().run(
            text: """
                (module
                  (import "wasi_snapshot_preview1" "sock_connect_some_day" (func $f (param i32 i64) (result i32)))
                  (func (export "run") (result i32) (call $f (i32.const 1) (i64.const 2))))
                """)
        #expect(end.outcome == .returned([.i32(52)]))
    }
}
