import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("The log of a process", .inTurn())
struct LogBufferTests {
    static func record(last: UInt64) -> ExitRecord {
        ExitRecord(
            outcome: .exit(code: 0), incarnation: 1, stopRequested: false, startedAt: 0, endedAt: 0,
            cpuNanoseconds: 0, peakMemory: 0, memoryLimit: 0, lastSequence: last)
    }

    static func piece(_ text: String, _ stream: LogStream = .stdout) -> LogPiece {
        LogPiece(stream: stream, bytes: Array(text.utf8))
    }

    @Test("an empty log lets position 1 wait and refuses 2")
    func empty() throws {
        let log = LogBuffer()
        #expect(try log.read(from: 1, atMost: 10) == nil)
        #expect(try log.read(from: 0, atMost: 10) == nil)
        let error = #expect(throws: KernelError.self) { try log.read(from: 2, atMost: 10) }
        #expect(error?.code == .outOfRange(LogRange(oldest: 1, last: 0)))
    }

    @Test("the log of a process that may begin again goes on, and ends without a further record")
    func goesOn() throws {
        var log = LogBuffer()
        log.append(.began(incarnation: 1), wallTime: 0, monotonicTime: 0)
        log.append(.ended(Self.record(last: 2)), wallTime: 0, monotonicTime: 0, goesOn: true)
        #expect(!log.hasEnded)
        #expect(try log.read(from: 3, atMost: 100) == nil, "a reader waits")
        log.append(.began(incarnation: 2), wallTime: 0, monotonicTime: 0)
        log.append(.ended(Self.record(last: 4)), wallTime: 0, monotonicTime: 0, goesOn: true)
        log.finish()
        let batch = try #require(try log.read(from: 5, atMost: 100))
        #expect(batch.items.isEmpty)
        #expect(batch.isEnd)
        log.append(.note("late"), wallTime: 0, monotonicTime: 0)
        #expect(log.next == 5)
    }

    @Test("what a program puts into its ends counts: traps for ever take no more than the log may")
    func traps() throws {
        let frame = TrapRecord.Frame(
            functionIndex: 1, moduleOffset: 2, name: String(repeating: "f", count: 128))
        var record = Self.record(last: 0)
        record.outcome = .trap(
            TrapRecord(
                kind: "unreachable", message: "", frames: Array(repeating: frame, count: 64)))
        var log = LogBuffer(capacity: 100_000)
        for _ in 0..<1_000 {
            log.append(.ended(record), wallTime: 0, monotonicTime: 0, goesOn: true)
        }
        #expect(log.cost <= 100_000)
        // Each of them has 64 names of 128 bytes.
        #expect(log.range.last - log.oldest < 100_000 / (64 * 128))
        #expect(try log.read(from: 0, atMost: 20_000)?.items.count == 2)
        // The end of all is not dropped, and costs what anything costs.
        let before = log.cost
        log.append(.ended(record), wallTime: 0, monotonicTime: 0)
        #expect(log.cost <= before + 128)
        log.dropAll()
        #expect(log.range == LogRange(oldest: 1_001, last: 1_001))
        #expect(log.cost == 128)
    }

    @Test("an ended log gives its end at last + 1")
    func end() throws {
        var log = LogBuffer()
        log.append(Self.piece("a\nb\n"), wallTime: 1, monotonicTime: 1)
        log.append(.ended(Self.record(last: 3)), wallTime: 2, monotonicTime: 2)
        log.append(Self.piece("late\n"), wallTime: 3, monotonicTime: 3)
        #expect(log.range == LogRange(oldest: 1, last: 3))
        #expect(try log.read(from: 4, atMost: 10) == LogBatch(items: [], next: 4, isEnd: true))
        #expect(try log.read(from: 2, atMost: 1_000)?.isEnd == true)
        #expect(try log.read(from: 1, atMost: 1)?.isEnd == false)
    }

    @Test("what was dropped is a gap with its reason and bytes")
    func retention() throws {
        var log = LogBuffer(capacity: 1_000)
        for index in 0..<100 {
            log.append(Self.piece("line \(index)\n"), wallTime: 0, monotonicTime: UInt64(index))
        }
        #expect(log.cost <= 1_000)
        let oldest = log.oldest
        let dropped = (0..<(oldest - 1)).reduce(0) { $0 + "line \($1)\n".utf8.count }
        let batch = try #require(try log.read(from: 1, atMost: 10))
        #expect(
            batch.items.first
                == .gap(
                    LogGap(from: 1, through: oldest - 1, bytes: UInt64(dropped), reason: .retention)
                ))
        #expect(
            try log.read(from: 3, atMost: 10)?.items.first
                == .gap(LogGap(from: 3, through: oldest - 1, bytes: 0, reason: .retention)))
        #expect(try log.read(from: 0, atMost: 10)?.items.count == 1)
    }

    @Test("sequences of an earlier runtime are a gap 'lost', and the series goes on above it")
    func lost() throws {
        var log = LogBuffer(lostThrough: 65_536)
        #expect(log.next == 65_537)
        log.append(.ended(Self.record(last: 65_537)), wallTime: 0, monotonicTime: 0)
        let batch = try #require(try log.read(from: 1, atMost: 10))
        #expect(batch.items.count == 2)
        #expect(
            batch.items.first == .gap(LogGap(from: 1, through: 65_536, bytes: 0, reason: .lost)))
        #expect(batch.isEnd)
    }

    @Test("lost and dropped sequences are two gaps")
    func lostAndDropped() throws {
        var log = LogBuffer(lostThrough: 10, capacity: 300)
        for index in 0..<20 {
            log.append(Self.piece("x\n"), wallTime: 0, monotonicTime: UInt64(index))
        }
        let batch = try #require(try log.read(from: 5, atMost: 1_000))
        #expect(
            batch.items.prefix(2) == [
                .gap(LogGap(from: 5, through: 10, bytes: 0, reason: .lost)),
                .gap(
                    LogGap(
                        from: 11, through: log.oldest - 1, bytes: 2 * (log.oldest - 11),
                        reason: .retention)),
            ])
    }

    @Test(
        "what is missing in front of a log whose beginning is on disk: kept there once, then lost")
    func behindDisk() throws {
        var log = LogBuffer(next: 31, lost: 21...30)
        log.append(Self.piece("x\n"), wallTime: 5, monotonicTime: 0)
        log.append(Self.piece("y\n"), wallTime: 9, monotonicTime: 0)
        func gaps(_ position: UInt64) throws -> [LogItem] {
            Array(try #require(try log.read(from: position, atMost: 1_000)).items.dropLast(2))
        }
        let lost = LogItem.gap(LogGap(from: 21, through: 30, bytes: 0, reason: .lost))
        #expect(
            try gaps(7) == [
                .gap(LogGap(from: 7, through: 20, bytes: 0, reason: .retention)), lost,
            ])
        #expect(try gaps(21) == [lost])
        #expect(
            try gaps(25) == [.gap(LogGap(from: 25, through: 30, bytes: 0, reason: .lost))])
        #expect(try gaps(31) == [])
        #expect(log.tail(3, streams: [.stdout]).position == 31)
        #expect(log.tail(3, streams: [.stdout]).missing == 1)
        #expect(log.tail(2, streams: [.stdout]).missing == 0)
        #expect(log.position(since: 6) == 32)
        #expect(log.position(since: 10) == 33)
    }

    @Test("what is on disk leaves memory down to what is kept for followers, but for the newest")
    func written() throws {
        let id = try #require(ProcessID(1))
        var shelf = LogShelf()
        shelf.open(id)
        for index in 0..<100 {
            shelf.append(
                [Self.piece("\(index)\n")], to: id, wallTime: 0, monotonicTime: UInt64(index))
        }
        shelf.wasWritten(id, before: 51, keeping: 1_000_000)
        #expect(shelf.oldest(id) == 1, "there is plenty of room")
        shelf.wasWritten(id, before: 51, keeping: 0)
        #expect(shelf.oldest(id) == 51)
        shelf.wasWritten(id, before: 101, keeping: 0)
        #expect(shelf.oldest(id) == 100)
    }

    @Test("the record that ends a log is never dropped")
    func endStays() {
        var log = LogBuffer(capacity: 500)
        log.append(Self.piece(String(repeating: "x", count: 400)), wallTime: 0, monotonicTime: 0)
        log.append(.ended(Self.record(last: 2)), wallTime: 0, monotonicTime: 1)
        log.dropAll()
        #expect(log.range == LogRange(oldest: 2, last: 2))
    }

    /// A list of single records, each with its sequence: what a log means.
    @Test("a reader sees every record once, or a gap for it", arguments: 0..<30 as Range<UInt64>)
    func model(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var log = LogBuffer(capacity: 4_000)
        var position: UInt64 = 1
        var seen: UInt64 = 0
        var given: UInt64 = 0
        for step in 0..<600 {
            if Int.random(in: 0..<3, using: &random) > 0 {
                let lines = Int.random(in: 1...20, using: &random)
                let text =
                    String(repeating: "abc\n", count: lines)
                    + (Bool.random(using: &random) ? "rest" : "")
                log.append(Self.piece(text), wallTime: 0, monotonicTime: UInt64(step))
                given = log.next - 1
            } else if let batch = try log.read(
                from: position, atMost: Int.random(in: 1...1_000, using: &random))
            {
                for item in batch.items {
                    let (from, through) =
                        switch item {
                        case .gap(let gap): (gap.from, gap.through)
                        case .chunk(let chunk): (max(chunk.first, position), chunk.last)
                        }
                    if from != seen + 1 { Issue.record("\(from) after \(seen)") }
                    seen = through
                    position = through + 1
                }
                if batch.next != position { Issue.record("next is \(batch.next)") }
            }
        }
        while let batch = try log.read(from: position, atMost: 1_000) {
            seen = batch.next - 1
            position = batch.next
        }
        #expect(seen == given)
        #expect(log.cost <= 4_000)
    }

    @Test(
        "tail finds the record that has as many behind it as asked",
        arguments: 0..<20 as Range<UInt64>)
    func tail(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var log = LogBuffer()
        var records: [(UInt64, LogStream)] = []
        log.append(.began(incarnation: 1), wallTime: 0, monotonicTime: 0)
        for _ in 0..<50 {
            let stream = Bool.random(using: &random) ? LogStream.stdout : .stderr
            let piece = Self.piece(
                String(repeating: "x\n", count: Int.random(in: 1...9, using: &random)), stream)
            for offset in 0..<UInt64(piece.records) { records.append((log.next + offset, stream)) }
            log.append(piece, wallTime: 0, monotonicTime: 0)
        }
        log.append(.ended(Self.record(last: log.next)), wallTime: 0, monotonicTime: 0)
        for streams in [Set([LogStream.stdout]), [.stderr], Set(LogStream.allCases)] {
            let chosen = records.filter { streams.contains($0.1) }.map(\.0)
            for count in [1, 2, 7, 40, chosen.count, chosen.count + 1] {
                let expected = count > chosen.count ? 1 : chosen[chosen.count - count]
                #expect(log.position(tail: count, streams: streams) == expected)
            }
        }
    }
}
