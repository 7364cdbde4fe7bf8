import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Log segments", .inTurn())
struct SegmentTests {
    @Test(
        "the checksum is that of RFC 3720, appendix B.4",
        arguments: [
            (Array(repeating: UInt8(0), count: 32), UInt32(0x8a91_36aa)),
            (Array(repeating: UInt8(0xff), count: 32), 0x62a8_ab43),
            (Array(UInt8(0)..<32), 0x46dd_794e),
            (Array((UInt8(0)..<32).reversed()), 0x113f_db5c),
            (
                [
                    0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                    0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00,
                    0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                    0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                ], 0xd996_3a56
            ),
            (Array("123456789".utf8), 0xe306_9283), ([], 0),
        ] as [([UInt8], UInt32)])
    func checksum(bytes: [UInt8], value: UInt32) {
        #expect(CRC32C.of(bytes.span) == value)
        for cut in 0...bytes.count {
            var crc = CRC32C()
            let (head, tail) = (Array(bytes[..<cut]), Array(bytes[cut...]))
            crc.update(head.span)
            var rest = CRC32C(continuing: crc.value)
            rest.update(tail.span)
            #expect(rest.value == value)
        }
    }

    @Test("what is written is read", arguments: 0..<20 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        let segment = try SegmentFixture(
            seed: seed, frames: 30, largest: seed == 0 ? SegmentFrame.maximumBytes : 900)
        #expect(try SegmentHeader(segment.bytes.span) == segment.header)
        let scan = try SegmentScan(segment.bytes)
        #expect(scan.header == segment.header)
        #expect(scan.end == .whole)
        #expect(scan.holes.isEmpty)
        #expect(scan.frames == 30)
        #expect(scan.records == segment.frames.reduce(0) { $0 + UInt64($1.count) })
        #expect(scan.validBytes == segment.bytes.count)
        #expect(scan.nextSequence == segment.writer.nextSequence)
        #expect(scan.firstRecord == segment.frames[0].first)
        #expect(scan.index == segment.writer.index)
        #expect(scan.endsIncarnation == segment.frames[29].flags.contains(.ends))
        let read = SegmentFixture.read(segment.header, segment.bytes)
        #expect(read.frames == segment.frames)
        #expect(read.last == .end)
    }

    @Test("a chunk of output survives the disk; a record of the runtime is its owner's to encode")
    func chunks() throws {
        let header = SegmentHeader(
            process: try #require(ProcessID(7)), firstSequence: 1, createdAt: 0, run: 0)
        var writer = SegmentWriter(header)
        var bytes: [UInt8] = []
        var chunks: [LogChunk] = []
        for (stream, text) in [
            (LogStream.stdout, "a\nb\n"), (.stderr, "c\nd"),
            (.structured, "info\t\tc\ninfo\t\td\n"),
        ] {
            let chunk = LogChunk(
                first: writer.nextSequence, count: 2, wallTime: -5, monotonicTime: 6,
                content: .text(stream, Array(text.utf8)))
            try writer.append(try #require(SegmentFrame(text: chunk)), to: &bytes)
            chunks.append(chunk)
        }
        let read = SegmentFixture.read(header, header.bytes + bytes).frames
        #expect(read.map(\.textChunk) == chunks)
        #expect(read.map { $0.flags.contains(.partial) } == [false, true, false])
        let note = LogChunk(
            first: 1, count: 1, wallTime: 0, monotonicTime: 0, content: .system(.note("n")))
        #expect(SegmentFrame(text: note) == nil)
        var system = try #require(read.first)
        system.stream = .system
        #expect(system.textChunk == nil)
    }

    @Test("every prefix is a prefix of the records, and says where it tore")
    func prefixes() throws {
        let segment = try SegmentFixture(seed: 11, frames: 24)
        for length in 0...segment.bytes.count {
            let prefix = Array(segment.bytes[..<length])
            guard length >= SegmentHeader.byteCount else {
                let error = #expect(throws: SegmentError.self) { try SegmentScan(prefix) }
                #expect(error?.code == .unfinished)
                continue
            }
            let whole = segment.offsets.count { $0 <= length } - 1
            let scan = try SegmentScan(prefix)
            let read = SegmentFixture.read(segment.header, prefix)
            let isWhole = segment.offsets[whole] == length
            let next = whole > 0 ? segment.frames[whole - 1].last + 1 : segment.header.firstSequence
            guard scan.validBytes == segment.offsets[whole], scan.frames == whole,
                scan.holes.isEmpty, scan.nextSequence == next,
                read.frames == Array(segment.frames[..<whole]), (scan.end == .whole) == isWhole,
                (read.last == .end) == isWhole
            else {
                Issue.record("\(length) bytes: \(scan)")
                return
            }
            if !isWhole {
                guard case .torn(.tooShort(let needed)) = scan.end, case .cut(needed) = read.last,
                    needed > length - segment.offsets[whole]
                else {
                    Issue.record("\(length) bytes: \(scan.end), \(read.last)")
                    return
                }
            }
        }
    }

    @Test("every single changed byte is noticed, and costs no more than its own frame")
    func flips() throws {
        let segment = try SegmentFixture(seed: 12, frames: 12, gaps: false)
        var random = SeededRandom(seed: 1)
        for offset in segment.bytes.indices {
            var bytes = segment.bytes
            bytes[offset] ^= UInt8.random(in: 1...255, using: &random)
            guard offset >= SegmentHeader.byteCount else {
                let error = #expect(throws: SegmentError.self) { try SegmentScan(bytes) }
                let expected: SegmentError.Code =
                    offset < 8 ? .foreign : offset < 10 ? .unsupported : .damaged
                #expect(error?.code == expected)
                continue
            }
            let hit = segment.offsets.count { $0 <= offset } - 1
            let scan = try SegmentScan(bytes)
            let isLast = hit == segment.frames.count - 1
            let read = SegmentFixture.read(segment.header, bytes)
            guard scan.frames == segment.frames.count - 1,
                read.frames == Array(segment.frames[..<hit])
            else {
                Issue.record("byte \(offset) in frame \(hit): \(scan)")
                return
            }
            if isLast {
                guard case .torn = scan.end, scan.holes.isEmpty,
                    scan.validBytes == segment.offsets[hit]
                else {
                    Issue.record("byte \(offset) in the last frame: \(scan)")
                    return
                }
            } else {
                let hole = try #require(scan.holes.first)
                guard scan.end == .whole, scan.holes.count == 1,
                    hole.bytes == segment.offsets[hit]..<segment.offsets[hit + 1],
                    hole.from == segment.frames[hit].first,
                    hole.through == segment.frames[hit].last,
                    scan.validBytes == segment.bytes.count
                else {
                    Issue.record("byte \(offset) in frame \(hit): \(scan)")
                    return
                }
            }
        }
    }

    @Test(
        "ten thousand mutated segments never trap, and nothing is read that was not written",
        arguments: 0..<10 as Range<UInt64>)
    func mutations(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let segments = try (0..<10).map {
            try SegmentFixture(seed: seed * 100 + $0, frames: 8, largest: 40)
        }
        for _ in 0..<1_000 {
            guard let segment = segments.randomElement(using: &random) else { return }
            var bytes = segment.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let place = Int.random(in: bytes.indices, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes.removeSubrange(place...)
                case 2: bytes.insert(contentsOf: random.bytes(9), at: place)
                case 3: bytes.remove(at: place)
                case 4:
                    let source = segments.randomElement(using: &random)?.bytes ?? []
                    bytes.insert(contentsOf: source.dropFirst(56), at: place)
                default:
                    for index in place..<min(bytes.count, place + 8) { bytes[index] = 0xff }
                }
            }
            guard let scan = try? SegmentScan(bytes) else { continue }
            let read = SegmentFixture.read(scan.header, bytes)
            // What a reader gives was written, in order, and a scan finds no fewer.
            let known = Set(segment.frames)
            guard read.frames.allSatisfy(known.contains), scan.header == segment.header,
                scan.frames >= read.frames.count, scan.validBytes <= bytes.count,
                zip(read.frames, read.frames.dropFirst()).allSatisfy({ $0.last < $1.first })
            else {
                Issue.record("seed \(seed): \(scan)")
                return
            }
        }
        for length in 0..<200 { _ = try? SegmentScan(random.bytes(length)) }
    }

    @Test("a segment goes on where a repair cut it")
    func continues() throws {
        var segment = try SegmentFixture(seed: 13, frames: 10)
        let cut = segment.offsets[7] + 5
        let scan = try SegmentScan(Array(segment.bytes[..<cut]))
        var bytes = Array(segment.bytes[..<scan.validBytes])
        var writer = SegmentWriter(continuing: scan)
        for frame in segment.frames[7...] { try writer.append(frame, to: &bytes) }
        #expect(bytes == segment.bytes)
        #expect(writer.index == segment.writer.index)
        let error = #expect(throws: KernelError.self) {
            try segment.writer.append(segment.frames[9], to: &bytes)
        }
        #expect(error?.code == .invalid)
    }

    @Test("frames of another segment, and what a guest prints of them, are no frames here")
    func foreignFrames() throws {
        let other = try SegmentFixture(seed: 14, frames: 3)
        let header = SegmentHeader(
            process: other.header.process, firstSequence: other.header.firstSequence,
            createdAt: other.header.createdAt, run: other.header.run &+ 1)
        var writer = SegmentWriter(header)
        var bytes = header.bytes
        try writer.append(
            SegmentFrame(
                first: header.firstSequence, count: 1, stream: .stdout, wallTime: 0,
                monotonicTime: 0, bytes: Array(other.bytes[56...])), to: &bytes)
        bytes[60] ^= 1
        let scan = try SegmentScan(bytes)
        #expect(scan.frames == 0)
        #expect(scan.end == .torn(.checksum))
        #expect(try SegmentScan(header.bytes + other.bytes[56...]).frames == 0)
    }

    @Test("a search behind damage is bounded, whatever a guest wrote there")
    func boundedSearch() throws {
        let header = SegmentHeader(
            process: try #require(ProcessID(7)), firstSequence: 1, createdAt: 0, run: 0)
        // Heads of frames as long as they can be, one after the other.
        var head: [UInt8] = [0, 0x80, 0, 0, 1, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]
        head += Array(repeating: 0, count: 18)
        var bytes = header.bytes
        for _ in 0..<1_200 { bytes += head }
        bytes += Array(repeating: 0, count: 33_000)
        let scan = try SegmentScan(bytes)
        #expect(scan.end == .unreadable(.checksum))
        #expect(scan.validBytes == SegmentHeader.byteCount)
    }

    @Test("what no segment can hold is refused before a byte is written")
    func refusals() throws {
        let header = SegmentHeader(
            process: try #require(ProcessID(7)), firstSequence: 5, createdAt: 0, run: 0)
        var writer = SegmentWriter(header)
        var bytes: [UInt8] = []
        let good = SegmentFrame(
            first: 5, count: 1, stream: .stderr, wallTime: 0, monotonicTime: 0, bytes: [1])
        var bad = Array(repeating: good, count: 6)
        bad[0].bytes = []
        bad[1].bytes = Array(repeating: 0, count: SegmentFrame.maximumBytes + 1)
        bad[2].count = 0
        bad[3].first = 4
        bad[4].first = .max
        bad[5].flags = SegmentFrame.Flags(rawValue: 128)
        for frame in bad {
            #expect(throws: KernelError.self) { try writer.append(frame, to: &bytes) }
        }
        #expect(bytes.isEmpty)
        #expect(writer.byteCount == SegmentHeader.byteCount)
        try writer.append(good, to: &bytes)
        #expect(bytes.count == 41)
    }

    @Test("a seek by sequence or time begins at or before what it looks for, and near it")
    func seeks() throws {
        let segment = try SegmentFixture(seed: 15, frames: 300, largest: 4_000)
        let index = segment.writer.index
        #expect(index.count > 5)
        var random = SeededRandom(seed: 2)
        for _ in 0..<300 {
            let frame = Int.random(in: 0..<300, using: &random)
            let offset = index.offset(sequence: segment.frames[frame].first)
            #expect(segment.offsets.contains(offset))
            #expect(offset <= segment.offsets[frame])
            #expect(segment.offsets[frame] - offset <= SegmentIndex.stride + 8_000)
            let read = SegmentFixture.read(segment.header, segment.bytes, at: offset)
            #expect(read.frames.contains(segment.frames[frame]))

            let time = Int64.random(in: -2_000...1_100_000, using: &random)
            let from = index.offset(wallTime: time)
            let wanted = segment.frames.indices.first { segment.frames[$0].wallTime >= time }
            #expect(from <= wanted.map { segment.offsets[$0] } ?? segment.bytes.count)
        }
        #expect(index.offset(sequence: 0) == SegmentHeader.byteCount)
        #expect(index.offset(wallTime: .min) == SegmentHeader.byteCount)
        #expect(SegmentIndex().offset(sequence: 9) == SegmentHeader.byteCount)
        #expect(index.latestWallTime == segment.frames.map(\.wallTime).max())
    }

    @Test("names of files sort as their records and read back; others are no segments")
    func names() {
        let numbers: [UInt64] = [1, 9, 10, 255, 65_536, 1 << 53, 1 << 62]
        let names = numbers.map { SegmentName(firstSequence: $0) }
        #expect(names[0].description == "0000000000000001.log")
        #expect(names.map(\.description).sorted() == names.map(\.description))
        for name in names { #expect(SegmentName(name.description) == name) }
        for text in [
            "", "1.log", "0000000000000000.log", "0000000000000001.tmp", "000000000000000A.log",
            "+000000000000001.log", "0000000000000001.log ", "00000000000000001.log",
        ] {
            #expect(SegmentName(text) == nil)
        }
    }

    @Test("a position begins at what is kept and counts what it misses")
    func positions() throws {
        let range = LogRange(oldest: 5, last: 9)
        #expect(try range.begin(at: 0).start == 5)
        #expect(try range.begin(at: 0).missed == nil)
        #expect(try range.begin(at: 2).missed == 2...4)
        #expect(try range.begin(at: 2).start == 5)
        #expect(try range.begin(at: 7).start == 7)
        #expect(try range.begin(at: 10).start == 10)
        let error = #expect(throws: KernelError.self) { _ = try range.begin(at: 11) }
        #expect(error?.code == .outOfRange(range))
        #expect(range.count == 5)
        #expect(range.contains(5) && range.contains(9) && !range.contains(10))
        #expect(LogRange(oldest: 10, last: 9).count == 0)
        #expect(try LogRange(oldest: 1, last: .max).begin(at: .max).start == .max)
    }
}
