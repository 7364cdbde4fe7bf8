import SeliumKernel
import SeliumTestSupport

/// Segments with frames of all kinds, the same for the same seed.
struct SegmentFixture {
    var header: SegmentHeader
    var frames: [SegmentFrame] = []
    var bytes: [UInt8]
    /// Where each frame begins, and where the last one ends.
    var offsets: [Int] = [SegmentHeader.byteCount]
    var writer: SegmentWriter

    init(seed: UInt64, frames count: Int, largest: Int = 60, gaps: Bool = true) throws {
        var random = SeededRandom(seed: seed)
        let process = ProcessID(UInt64.random(in: 1...ProcessID.maximum, using: &random))
        guard let process else { throw KernelError(.invalid, "no process id") }
        header = SegmentHeader(
            process: process, firstSequence: UInt64.random(in: 1...1 << 40, using: &random),
            createdAt: Int64(bitPattern: random.next()), run: random.next())
        writer = SegmentWriter(header)
        bytes = header.bytes
        var next = header.firstSequence
        for _ in 0..<count {
            if gaps, random.happens(perMille: 200) {
                next += UInt64.random(in: 1...9, using: &random)
            }
            let frame = SegmentFrame(
                first: next, count: UInt32.random(in: 1...5, using: &random),
                stream: LogStream.allCases.randomElement(using: &random) ?? .stdout,
                flags: [[], [.partial], [.begins], [.ends]].randomElement(using: &random) ?? [],
                wallTime: Int64.random(in: -1_000...1_000_000, using: &random),
                monotonicTime: random.next(),
                bytes: random.bytes(Int.random(in: 1...largest, using: &random)))
            try writer.append(frame, to: &bytes)
            frames.append(frame)
            offsets.append(bytes.count)
            next = frame.last + 1
        }
    }

    /// Every frame that a reader finds before it stops, and at what it stopped.
    static func read(
        _ header: SegmentHeader, _ bytes: [UInt8], at offset: Int = SegmentHeader.byteCount
    ) -> (frames: [SegmentFrame], last: SegmentReader.Step) {
        guard offset <= bytes.count else { return ([], .end) }
        var reader = SegmentReader(header, bytes: Array(bytes[offset...]), at: offset)
        var frames: [SegmentFrame] = []
        while true {
            let step = reader.next()
            guard case .frame(let frame, _) = step else { return (frames, step) }
            frames.append(frame)
        }
    }
}
