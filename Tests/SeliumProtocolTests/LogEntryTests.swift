import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite(.inTurn()) struct LogEntryTests {
    private func entry(_ random: inout SeededRandom) -> LogEntry {
        LogEntry(
            first: .random(in: 1...(1 << 60), using: &random),
            count: .random(in: 1...1_000, using: &random),
            stream: .random(in: 0...9, using: &random),
            isPartial: .random(using: &random), wallTime: Int64(bitPattern: random.next()),
            monotonicTime: random.next(),
            bytes: random.bytes(.random(in: 0...3_000, using: &random)))
    }

    private func content(of frame: [UInt8]) throws -> [UInt8] {
        var decoder = FrameDecoder.answers(.standard)
        var offset = 0
        let message = try #require(try decoder.next(frame, at: &offset))
        #expect(offset == frame.count)
        guard case .log(let bytes) = try AnswerDecoder().answer(message) else {
            Issue.record("not a log frame")
            return []
        }
        return bytes
    }

    @Test("Entries survive the wire, in frames that keep their limit", arguments: 1...40)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let entries = (0..<100).map { _ in entry(&random) }
        var encoder = LogFrameEncoder()
        var frames: [[UInt8]] = []
        for entry in entries { if let frame = encoder.append(entry) { frames.append(frame) } }
        if let last = encoder.flush() { frames.append(last) }
        #expect(encoder.isEmpty)
        #expect(frames.allSatisfy { $0.count <= ProtocolConfiguration.standard.bulkFrame })
        var found: [LogEntry] = []
        for frame in frames {
            var decoder = LogEntryDecoder(try content(of: frame))
            while let entry = try decoder.next() { found.append(entry) }
        }
        #expect(found == entries)
    }

    @Test("An entry that is too large for a frame of the usual size gets its own")
    func large() throws {
        var encoder = LogFrameEncoder()
        let large = LogEntry(
            first: 1, count: 1, stream: 1, isPartial: true, wallTime: 0, monotonicTime: 0,
            bytes: [UInt8](repeating: 0, count: 200_000))
        let small = LogEntry(
            first: 2, count: 1, stream: 1, isPartial: false, wallTime: 0, monotonicTime: 0,
            bytes: [10])
        let none = encoder.append(large)
        #expect(none == nil)
        let full = encoder.append(small)
        let first = try #require(full)
        var decoder = LogEntryDecoder(try content(of: first))
        #expect(try decoder.next() == large)
        #expect(try decoder.next() == nil)
    }

    @Test("Every truncation is refused or a shorter list", arguments: 1...10)
    func truncated(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var encoder = LogFrameEncoder()
        var small = (0..<5).map { _ in entry(&random) }
        for index in small.indices { small[index].bytes = random.bytes(20) }
        for entry in small { _ = encoder.append(entry) }
        let flushed = encoder.flush()
        let whole = try content(of: #require(flushed))
        for length in 0..<whole.count {
            var decoder = LogEntryDecoder(Array(whole[..<length]))
            var count = 0
            do {
                while try decoder.next() != nil { count += 1 }
            } catch {
                #expect(try decoder.next() == nil)
            }
            #expect(count < 5)
        }
    }

    @Test(
        "Impossible sequences and mutated bytes never do more than be refused", arguments: 1...300)
    func hostile(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var encoder = LogFrameEncoder()
        for _ in 0..<3 {
            var entry = entry(&random)
            entry.first = .max
            entry.bytes = random.bytes(10)
            _ = encoder.append(entry)
        }
        let flushed = encoder.flush()
        var bytes = try content(of: #require(flushed))
        for _ in 0..<10 {
            bytes[.random(in: bytes.indices, using: &random)] = UInt8(
                truncatingIfNeeded: random.next())
        }
        var decoder = LogEntryDecoder(bytes)
        do {
            while let entry = try decoder.next() { #expect(entry.last >= entry.first) }
        } catch {}
    }
}
