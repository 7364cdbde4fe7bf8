import SeliumTesting
import Testing

@testable import SeliumKernel

@Suite("A log whose one reader is waited for", .inTurn())
struct ReadLogTests {
    private static let id = ProcessID(1)

    private func shelf(capacityEach: Int) throws -> LogShelf {
        var shelf = LogShelf(capacity: 1 << 20, capacityEach: capacityEach)
        shelf.open(try #require(Self.id))
        return shelf
    }

    private func write(_ count: Int, _ shelf: inout LogShelf) throws {
        let id = try #require(Self.id)
        for _ in 0..<count {
            let piece = LogPiece(stream: .stdout, bytes: Array(repeating: 0x0a, count: 100))
            shelf.append([piece], to: id, wallTime: 0, monotonicTime: 0)
        }
    }

    @Test("it is full before it drops anything, and has room again when it was read")
    func room() throws {
        let id = try #require(Self.id)
        var shelf = try shelf(capacityEach: 4_000)
        #expect(!shelf.isFull(id))
        var pieces: UInt64 = 0
        while !shelf.isFull(id) {
            try write(1, &shelf)
            pieces += 1
        }
        #expect(shelf.range(id) == LogRange(oldest: 1, last: pieces * 100))
        // Nothing was read: nothing goes.
        shelf.wasRead(id, before: 0)
        shelf.wasRead(id, before: 1)
        #expect(shelf.isFull(id))
        #expect(shelf.range(id)?.oldest == 1)
        // One chunk was read, and a half of another: the one goes.
        shelf.wasRead(id, before: 150)
        #expect(shelf.range(id)?.oldest == 101)
        shelf.wasRead(id, before: pieces * 100 + 1)
        #expect(!shelf.isFull(id))
    }

    @Test("what was read is kept while there is plenty of room, for a reader that comes again")
    func plenty() throws {
        let id = try #require(Self.id)
        var shelf = try shelf(capacityEach: 100_000)
        try write(20, &shelf)
        shelf.wasRead(id, before: 2_001)
        #expect(shelf.range(id)?.oldest == 1)
    }

    @Test("a log that does not exist is never full")
    func unknown() throws {
        var shelf = LogShelf()
        let id = try #require(ProcessID(9))
        shelf.wasRead(id, before: 5)
        #expect(!shelf.isFull(id))
    }
}
