import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumKernel

@Suite("The logs of all processes", .inTurn())
struct LogShelfTests {
    static func id(_ number: UInt64) -> ProcessID {
        guard let id = ProcessID(number) else { preconditionFailure("not an id") }
        return id
    }

    static func fill(_ shelf: inout LogShelf, _ id: ProcessID, _ bytes: Int, at time: UInt64) {
        let text = Array(repeating: UInt8(ascii: "x"), count: bytes)
        shelf.append(
            LogPiece.pieces(of: text, stream: .stdout), to: id, wallTime: 0, monotonicTime: time)
    }

    @Test("the oldest ended process loses its log first, and keeps its end")
    func endedFirst() throws {
        var shelf = LogShelf(capacity: 40_000)
        for number in 1...3 as ClosedRange<UInt64> {
            shelf.open(Self.id(number))
            Self.fill(&shelf, Self.id(number), 10_000, at: number)
        }
        for number in [2, 1] as [UInt64] {
            shelf.append(
                .ended(LogBufferTests.record(last: 2)), to: Self.id(number), wallTime: 0,
                monotonicTime: 9)
        }
        shelf.open(Self.id(4))
        Self.fill(&shelf, Self.id(4), 15_000, at: 10)
        // 2 ended first; dropping its text is enough.
        #expect(shelf.range(Self.id(2)) == LogRange(oldest: 2, last: 2))
        #expect(shelf.range(Self.id(1)) == LogRange(oldest: 1, last: 2))
        #expect(shelf.range(Self.id(3))?.oldest == 1)
        #expect(shelf.cost <= 40_000)
    }

    @Test("among the living what is oldest goes first, whoever wrote it")
    func livingByAge() {
        var shelf = LogShelf(capacity: 100_000)
        for number in 1...2 as ClosedRange<UInt64> { shelf.open(Self.id(number)) }
        // 1 wrote long ago, 2 writes now.
        for time in 0..<40 as Range<UInt64> { Self.fill(&shelf, Self.id(1), 1_000, at: time) }
        for time in 100..<160 as Range<UInt64> { Self.fill(&shelf, Self.id(2), 1_000, at: time) }
        #expect(shelf.cost <= 100_000)
        #expect((shelf.range(Self.id(1))?.oldest ?? 0) > 1)
        #expect(shelf.range(Self.id(2))?.oldest == 1)
    }

    @Test("the sum is the sum of all logs, whatever happens", arguments: 0..<20 as Range<UInt64>)
    func bounded(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var shelf = LogShelf(capacity: 50_000, capacityEach: 20_000)
        var time: UInt64 = 0
        for number in 1...8 as ClosedRange<UInt64> { shelf.open(Self.id(number)) }
        for _ in 0..<500 {
            time += 1
            let id = Self.id(UInt64.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<40, using: &random) {
            case 0:
                shelf.append(
                    .ended(LogBufferTests.record(last: 0)), to: id, wallTime: 0, monotonicTime: time
                )
            case 1:
                shelf.remove(id)
                shelf.open(id)
            default: Self.fill(&shelf, id, Int.random(in: 1...3_000, using: &random), at: time)
            }
            if shelf.cost > 50_000 { Issue.record("\(shelf.cost) bytes") }
        }
        for number in 1...8 as ClosedRange<UInt64> { shelf.remove(Self.id(number)) }
        #expect(shelf.cost == 0)
    }

    @Test("thousands of processes later nothing of those that were forgotten is left")
    func forgotten() {
        var shelf = LogShelf()
        for number in 1...5_000 as ClosedRange<UInt64> {
            shelf.open(Self.id(number))
            shelf.append(
                .ended(LogBufferTests.record(last: 1)), to: Self.id(number), wallTime: 0,
                monotonicTime: number)
            if number > 10 { shelf.remove(Self.id(number - 10)) }
        }
        #expect(shelf.endedCount == 10)
    }

    @Test("a removed log is not found")
    func removed() {
        var shelf = LogShelf()
        shelf.open(Self.id(1))
        shelf.remove(Self.id(1))
        #expect(throws: KernelError.self) { try shelf.read(Self.id(1), from: 1, atMost: 1) }
        let appended = shelf.append(.note("x"), to: Self.id(1), wallTime: 0, monotonicTime: 0)
        #expect(!appended)
    }
}
