import SeliumABI
import SeliumHosting
import SeliumKernel
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumRuntime

@Suite("A process's way into its log", .inTurn())
struct ProcessOutputTests {
    /// Timers that somebody else lets ring.
    final class HeldTimers: GuestTimers {
        let actions = Mutex<[(deadline: UInt64, action: @Sendable () -> Void)]>([])

        func schedule(at deadline: UInt64, _ action: @escaping @Sendable () -> Void) -> UInt64 {
            actions.withLock { $0.append((deadline, action)) }
            return 1
        }

        let cancelled = Mutex<[UInt64]>([])

        func cancel(_ id: UInt64) { cancelled.withLock { $0.append(id) } }
    }

    /// Time that stands still.
    struct StandingClock: GuestClock {
        func realtime() -> Int64 { 1 }
        func monotonic() -> UInt64 { 1_000 }
        var resolution: UInt64 { 1 }
    }

    /// Reservations that somebody else lets succeed.
    final class HeldRaises: Sendable {
        let pending = Mutex<[(ceiling: UInt64, done: @Sendable () -> Void)]>([])

        func grant() {
            let all = pending.withLock { pending in
                defer { pending = [] }
                return pending
            }
            for one in all { one.done() }
        }

        var wanted: [UInt64] { pending.withLock { $0.map(\.ceiling) } }
    }

    struct Setup {
        let logs: LogMonitor
        let timers = HeldTimers()
        let raises = HeldRaises()
        let output: ProcessOutput
        let id: ProcessID

        init(ceiling: UInt64) throws {
            let id = try #require(ProcessID(1))
            self.id = id
            var shelf = LogShelf()
            shelf.open(id)
            logs = LogMonitor(shelf)
            let raises = self.raises
            output = ProcessOutput(
                id, logs: logs, clock: StandingClock(), timers: timers, ceiling: ceiling
            ) { ceiling, done in
                raises.pending.withLock { $0.append((ceiling, done)) }
            }
        }

        var last: UInt64 { logs.withLock { $0.range(id)?.last ?? 0 } }
    }

    @Test("what a guest writes in a turn is in the log when the turn ends")
    func turn() throws {
        let setup = try Setup(ceiling: 100_000)
        #expect(setup.output.append(Array("a\nb".utf8), to: .stdout))
        #expect(setup.last == 0)
        setup.output.turnEnded()
        #expect(setup.last == 2)
        #expect(setup.output.next == 3)
        #expect(setup.raises.wanted == [])
    }

    @Test(
        "no sequence is given above the ceiling that is on disk; the guest waits for a higher one")
    func ceiling() throws {
        let setup = try Setup(ceiling: 5)
        #expect(setup.output.append(Array("1\n2\n3\n".utf8), to: .stdout))
        setup.output.turnEnded()
        #expect(setup.last == 3)
        #expect(setup.raises.wanted == [5 + Limits.sequenceBlock])
        #expect(setup.output.append(Array("4\n5\n6\n".utf8), to: .stdout))
        setup.output.turnEnded()
        #expect(setup.last == 3, "the piece does not fit below 5")
        #expect(!setup.output.append(Array("7\n".utf8), to: .stdout))
        let resumed = Atomic<Int>(0)
        let drained = Atomic<Int>(0)
        setup.output.onWritable { resumed.add(1, ordering: .relaxed) }
        setup.output.whenDrained { drained.add(1, ordering: .relaxed) }
        #expect(resumed.load(ordering: .relaxed) == 0)
        #expect(drained.load(ordering: .relaxed) == 0)
        setup.raises.grant()
        #expect(resumed.load(ordering: .relaxed) == 1)
        #expect(drained.load(ordering: .relaxed) == 1)
        #expect(setup.last == 6)
        #expect(setup.output.append(Array("7\n".utf8), to: .stdout))
    }

    @Test("beyond the rate a write waits, for the time the bucket says, and nothing is dropped")
    func rate() throws {
        let setup = try Setup(ceiling: .max / 2)
        let block = [UInt8](repeating: 0x61, count: 1 << 20)
        var taken = 0
        while taken < 200, setup.output.append(block, to: .stdout) {
            taken += 1
            setup.output.turnEnded()
        }
        #expect(taken == 64, "the burst")
        setup.output.onWritable {}
        let deadlines = setup.timers.actions.withLock { $0.map(\.deadline) }
        // One byte more is there after 1/64 Mi of a second.
        #expect(deadlines == [1_000 + 15])
        // A guest that is killed meanwhile leaves no timer, which would hold what it wanted to write.
        setup.output.whenDrained {}
        #expect(setup.timers.cancelled.withLock(\.self) == [1])
    }

    @Test("a record of the runtime comes behind what was written before it")
    func order() throws {
        let setup = try Setup(ceiling: 100_000)
        #expect(setup.output.append(Array("a".utf8), to: .stdout))
        setup.output.append(.note("n"))
        #expect(setup.output.append(Array("b".utf8), to: .stdout))
        setup.output.turnEnded()
        let batch = try setup.logs.withLock { try $0.read(setup.id, from: 1, atMost: 1_000) }
        let streams = batch?.items.map {
            if case .chunk(let chunk) = $0 { chunk.stream } else { LogStream.structured }
        }
        #expect(streams == [.stdout, .system, .stdout])
    }

    @Test("denials are one record each, and a sum at the end")
    func denials() throws {
        let setup = try Setup(ceiling: 100_000)
        let authority = ProcessAuthority(CapabilitySet(), output: setup.output)
        for index in 0..<20 {
            #expect(!authority.permits(.timeRead, for: "clock\(index % 3)\u{1b}"))
        }
        #expect(!authority.permits(.fsRead, for: "/etc"))
        #expect(setup.last == 2)
        #expect(
            authority.remainingSummaries() == [
                .note(#"denied TimeRead 19 more times: clock1\u{1B}, clock2\u{1B}, clock0\u{1B}"#)
            ])
        #expect(
            ProcessAuthority(CapabilitySet([.fsRead]), output: setup.output).permits(
                .fsRead, for: "/etc"))
    }
}
