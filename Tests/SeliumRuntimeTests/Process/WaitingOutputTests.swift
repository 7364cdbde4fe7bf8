import SeliumHosting
import SeliumKernel
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumRuntime

@Suite("Output that waits for its reader", .inTurn())
struct WaitingOutputTests {
    private func output(
        waits: Bool, _ body: (ProcessOutput, LogMonitor, ProcessID) throws -> Void
    ) throws {
        let id = try #require(ProcessID(1))
        var shelf = LogShelf(capacity: 1 << 20, capacityEach: 8_000)
        shelf.open(id)
        let logs = LogMonitor(shelf)
        let output = ProcessOutput(
            id, logs: logs, clock: ProcessOutputTests.StandingClock(),
            timers: ProcessOutputTests.HeldTimers(), ceiling: 1_000_000, waitsForReader: waits
        ) { _, _ in }
        try body(output, logs, id)
    }

    /// Turns of a kilobyte until a write is refused, at most 100.
    private func fill(_ output: ProcessOutput) -> Int {
        for turn in 0..<100 {
            let line = Array(repeating: UInt8(ascii: "x"), count: 999) + [0x0a]
            guard output.append(line, to: .stdout) else { return turn }
            output.turnEnded()
        }
        return 100
    }

    @Test("a write waits before anything unread is dropped, and goes on when it was read")
    func waits() throws {
        try output(waits: true) { output, logs, id in
            let turns = fill(output)
            #expect(turns < 8)
            #expect(logs.withLock { $0.range(id)?.oldest } == 1)
            let resumed = Atomic<Int>(0)
            output.onWritable { resumed.add(1, ordering: .relaxed) }
            // Somebody read nothing: still no room.
            output.roomWasMade()
            #expect(resumed.load(ordering: .relaxed) == 0)
            logs.withLock { $0.wasRead(id, before: UInt64(turns) + 1) }
            output.roomWasMade()
            output.roomWasMade()
            #expect(resumed.load(ordering: .relaxed) == 1)
            #expect(output.append([0x0a], to: .stdout))
        }
    }

    @Test("room that was made before somebody waits for it is found at once")
    func found() throws {
        try output(waits: true) { output, logs, id in
            let turns = fill(output)
            logs.withLock { $0.wasRead(id, before: UInt64(turns) + 1) }
            output.roomWasMade()
            let resumed = Atomic<Int>(0)
            output.onWritable { resumed.add(1, ordering: .relaxed) }
            #expect(resumed.load(ordering: .relaxed) == 1)
        }
    }

    @Test("on a server nobody is waited for: the oldest goes")
    func drops() throws {
        try output(waits: false) { output, logs, id in
            #expect(fill(output) == 100)
            #expect(logs.withLock { $0.range(id)?.oldest } ?? 0 > 1)
        }
    }
}
