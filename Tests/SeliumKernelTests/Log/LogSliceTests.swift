import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("What a guest writes in one slice", .inTurn())
struct LogSliceTests {
    @Test("writes to one stream become one piece")
    func gathers() {
        var slice = LogSlice()
        for word in ["one ", "two\n", "three"] { slice.write(Array(word.utf8), to: .stdout) }
        #expect(slice.byteCount == 13)
        #expect(slice.flush() == [LogPiece(stream: .stdout, bytes: Array("one two\nthree".utf8))])
        #expect(slice.isEmpty)
        #expect(slice.flush() == [])
    }

    @Test("the order of stdout and stderr is kept")
    func order() {
        var slice = LogSlice()
        for (word, stream) in [("a\n", LogStream.stdout), ("b\n", .stderr), ("c\n", .stdout)] {
            slice.write(Array(word.utf8), to: stream)
        }
        #expect(slice.flush().map(\.stream) == [.stdout, .stderr, .stdout])
    }

    @Test(
        "records are lines, and an unfinished rest",
        arguments: [
            ("a\n", 1), ("a", 1), ("\n", 1), ("\n\n\n", 3), ("a\nb", 2), ("a\n\nb\n", 3),
        ])
    func records(text: String, count: UInt32) {
        #expect(LogPiece(stream: .stdout, bytes: Array(text.utf8)).records == count)
    }

    @Test("a line is cut only when it is longer than a chunk")
    func cuts() {
        let line = Array(repeating: UInt8(ascii: "x"), count: 999) + [0x0a]
        let many = (0..<100).flatMap { _ in line }
        let pieces = LogPiece.pieces(of: many, stream: .stdout)
        #expect(pieces.allSatisfy { $0.bytes.last == 0x0a })
        #expect(pieces.flatMap(\.bytes) == many)
        #expect(pieces.reduce(0) { $0 + $1.records } == 100)

        let long = Array(repeating: UInt8(ascii: "y"), count: 3 * LogChunk.maximumBytes + 5)
        #expect(
            LogPiece.pieces(of: long, stream: .stdout).map(\.bytes.count) == [
                32_768, 32_768, 32_768, 5,
            ])
    }

    @Test("whatever is written comes out in order and in bounds", arguments: 0..<4 as Range<UInt64>)
    func random(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var slice = LogSlice()
        var expected: [LogStream: [UInt8]] = [:]
        var found: [LogStream: [UInt8]] = [:]
        for _ in 0..<100 {
            let stream = Bool.random(using: &random) ? LogStream.stdout : .stderr
            let size = Int.random(
                in: 0...(Int.random(in: 0..<10, using: &random) == 0 ? 100_000 : 50), using: &random
            )
            let bytes = (0..<size).map { _ in UInt8.random(in: 9...12, using: &random) }
            slice.write(bytes, to: stream)
            expected[stream, default: []] += bytes
            guard Int.random(in: 0..<8, using: &random) == 0 else { continue }
            for piece in slice.flush() {
                if piece.bytes.isEmpty || piece.bytes.count > LogChunk.maximumBytes {
                    Issue.record("a piece of \(piece.bytes.count) bytes")
                }
                found[piece.stream, default: []] += piece.bytes
            }
        }
        for piece in slice.flush() { found[piece.stream, default: []] += piece.bytes }
        #expect(found == expected.filter { !$0.value.isEmpty })
    }
}
