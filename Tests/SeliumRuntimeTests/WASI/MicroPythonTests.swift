import SeliumABI
import SeliumKernel
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

/// A program nobody here wrote, under our WASI.
@Suite("MicroPython", .inTurn(minutes: 2))
struct MicroPythonTests {
    @Test("prints, computes, and returns")
    func prints() async throws {
        let run = WASIRun()
        let end = try await run.python(
            "print('hello', sum(range(1000)))\nimport json\nprint(json.dumps({'a': [1, 2.5]}))")
        #expect(run.output.stdout == "hello 499500\n{\"a\": [1, 2.5]}\n")
        #expect(end.outcome == .exited(0) || end.outcome == .returned([]))
    }

    @Test("exits with the code its script says, and raises on stderr")
    func exits() async throws {
        let run = WASIRun()
        let end = try await run.python("print('bye')\nraise SystemExit(42)")
        #expect(end.outcome == .exited(42))
        #expect(run.output.stdout == "bye\n")
        let failing = WASIRun()
        let failed = try await failing.python("1/0")
        #expect(failed.outcome == .exited(1))
        #expect((failing.output.stderr + failing.output.stdout).contains("ZeroDivisionError"))
    }

    @Test("sleeps without holding a thread, for as long as it was told")
    func sleeps() async throws {
        let run = WASIRun()
        let before = run.time.monotonic()
        let end = try await run.python(
            "import time\nt = time.time()\nfor i in range(3):\n  print('tick', i)\n  time.sleep(0.5)\nprint(time.time() - t >= 1)"
        )
        #expect(end.outcome == .exited(0) || end.outcome == .returned([]))
        #expect(run.output.stdout == "tick 0\ntick 1\ntick 2\nTrue\n")
        #expect(run.time.monotonic() - before >= 1_500_000_000)
    }

    @Test("without TimeRead is told notcapable, and the denial names the import")
    func noClock() async throws {
        var run = WASIRun()
        run.authority = KeptAuthority([])
        _ = try await run.python("import time\nprint(time.time())\ntime.sleep(1)")
        #expect(
            run.authority.denials.contains {
                $0.capability == .timeRead && $0.resource == "clock_time_get"
            })
        #expect(run.time.requested.isEmpty)
    }

    @Test("reads lines from stdin as they come")
    func input() async throws {
        var run = WASIRun()
        run.input = FedInput("first\n", ends: false)
        run.arguments = ["micropython", "-c", "print(input().upper())\nprint(input().upper())"]
        let (_, box) = try run.start(try WASIRun.python.get())
        while !run.input.isWaitedFor { await Task.yield() }
        #expect(run.output.stdout == "FIRST\n")
        run.input.feed("second\n")
        _ = await box.get()
        #expect(run.output.stdout == "FIRST\nSECOND\n")
    }

    @Test("that allocates without end gets a MemoryError inside its limit")
    func memory() async throws {
        var run = WASIRun()
        run.limits = GuestLimits(memory: 32 << 20)
        let end = try await run.python("x = []\nwhile True: x.append(bytearray(100000))")
        #expect(end.outcome == .exited(1))
        #expect((run.output.stderr + run.output.stdout).contains("MemoryError"))
        #expect(end.peakMemory <= 32 << 20)
    }

    @Test("in a loop without end is killed")
    func loop() async throws {
        var run = WASIRun()
        run.arguments = ["micropython", "-c", "print('on')\nwhile True: pass"]
        let (guest, box) = try run.start(try WASIRun.python.get())
        while run.output.stdout != "on\n" { await Task.yield() }
        guest.kill(reason: 1)
        guard case .killed(1, _) = await box.get().outcome else {
            Issue.record("not killed")
            return
        }
    }
}
