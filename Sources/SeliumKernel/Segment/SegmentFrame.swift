/// One chunk of a log in a segment: the writes of one slice to one stream, byte for byte.
///
/// Little-endian, 40 bytes before the chunk's own:
///
///      0  bytes of the chunk, 4 bytes, 1 to 32,768
///      4  CRC-32C of everything else in the frame, begun with the segment's seed
///      8  the sequence of its first record, 8 bytes
///     16  records, 4 bytes, at least 1
///     20  stream, 1 byte
///     21  flags, 1 byte
///     22  0, 2 bytes
///     24  wall clock, nanoseconds since 1970, 8 bytes
///     32  monotonic clock, nanoseconds, 8 bytes
///     40  the bytes
public struct SegmentFrame: Sendable, Hashable {
    /// Bytes before the chunk's own.
    public static let headerBytes = 40
    /// The most bytes of a chunk.
    public static let maximumBytes = LogChunk.maximumBytes
    /// The highest sequence: the one behind it is a number still.
    public static let maximumSequence: UInt64 = 1 << 62

    /// What else is to be known about a chunk.
    public struct Flags: OptionSet, Sendable, Hashable {
        /// The bits as they are written.
        public let rawValue: UInt8
        /// Flags from their bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The last record is an unfinished line.
        public static let partial = Flags(rawValue: 1)
        /// The record that begins an incarnation.
        public static let begins = Flags(rawValue: 2)
        /// The record that ends one.
        public static let ends = Flags(rawValue: 4)
        static let known: Flags = [.partial, .begins, .ends]
    }

    /// The sequence of its first record, from 1.
    public var first: UInt64
    /// Records, at least 1.
    public var count: UInt32
    /// Where it came from.
    public var stream: LogStream
    /// What else is to be known.
    public var flags: Flags
    /// Wall clock, nanoseconds since 1970.
    public var wallTime: Int64
    /// Monotonic clock, nanoseconds, comparable within the header's run.
    public var monotonicTime: UInt64
    /// Output as it was written, lines of structured records, or one encoded record of the runtime.
    public var bytes: [UInt8]

    /// A frame of everything.
    public init(
        first: UInt64, count: UInt32, stream: LogStream, flags: Flags = [], wallTime: Int64,
        monotonicTime: UInt64, bytes: [UInt8]
    ) {
        self.first = first
        self.count = count
        self.stream = stream
        self.flags = flags
        self.wallTime = wallTime
        self.monotonicTime = monotonicTime
        self.bytes = bytes
    }

    /// The sequence of its last record.
    public var last: UInt64 { first &+ UInt64(count) &- 1 }

    /// How much of a segment it takes.
    public var byteCount: Int { Self.headerBytes + bytes.count }

    /// Whether a segment can hold it.
    var isValid: Bool {
        !bytes.isEmpty && bytes.count <= Self.maximumBytes
            && Self.isSequence(first, count: count) && flags.isSubset(of: .known)
    }

    static func isSequence(_ first: UInt64, count: UInt32) -> Bool {
        first >= 1 && count >= 1 && first <= maximumSequence
            && first + UInt64(count) - 1 <= maximumSequence
    }

    /// As it is written into the segment with that seed.
    func encode(seed: UInt32, to output: inout [UInt8]) {
        var head: [UInt8] = []
        head.reserveCapacity(Self.headerBytes)
        LittleEndian.append(UInt32(truncatingIfNeeded: bytes.count), to: &head)
        LittleEndian.append(first, to: &head)
        LittleEndian.append(count, to: &head)
        head.append(stream.rawValue)
        head.append(flags.rawValue)
        LittleEndian.append(UInt16(0), to: &head)
        LittleEndian.append(UInt64(bitPattern: wallTime), to: &head)
        LittleEndian.append(monotonicTime, to: &head)
        var crc = CRC32C(continuing: seed)
        crc.update(head.span)
        crc.update(bytes.span)
        output.append(contentsOf: head[..<4])
        LittleEndian.append(crc.value, to: &output)
        output.append(contentsOf: head[4...])
        output.append(contentsOf: bytes)
    }
}

/// Why bytes are not a frame.
public enum SegmentFault: Sendable, Hashable {
    /// Fewer bytes are there than a frame needs: `of` in all.
    case tooShort(of: Int)
    /// A length, sequence, count, stream or flag that no frame has.
    case value
    /// The sequence is not beyond the frame before it.
    case order
    /// The bytes do not match their checksum.
    case checksum
}

/// Everything of a frame but its bytes.
struct SegmentFrameHead: Sendable {
    var first: UInt64
    var count: UInt32
    var stream: LogStream
    var flags: SegmentFrame.Flags
    var wallTime: Int64
    var monotonicTime: UInt64
    /// Of the whole frame.
    var byteCount: Int

    var last: UInt64 { first &+ UInt64(count) &- 1 }

    enum Parsed {
        case head(SegmentFrameHead)
        case fault(SegmentFault)
    }

    /// Reads and judges the frame at `offset`, all but its checksum. Cheap: what looks for the next
    /// whole frame calls it at every byte.
    static func parse(
        _ bytes: Span<UInt8>, at offset: Int, notBefore sequence: UInt64
    ) -> Parsed {
        let left = bytes.count - offset
        guard left >= 4 else { return .fault(.tooShort(of: SegmentFrame.headerBytes)) }
        let length = LittleEndian.uint32(bytes, at: offset)
        guard length >= 1, length <= UInt32(SegmentFrame.maximumBytes) else {
            return .fault(.value)
        }
        let byteCount = SegmentFrame.headerBytes + Int(length)
        guard left >= byteCount else { return .fault(.tooShort(of: byteCount)) }
        let first = LittleEndian.uint64(bytes, at: offset + 8)
        let count = LittleEndian.uint32(bytes, at: offset + 16)
        guard SegmentFrame.isSequence(first, count: count),
            let stream = LogStream(rawValue: bytes[offset + 20]),
            SegmentFrame.Flags.known.isSuperset(
                of: SegmentFrame.Flags(rawValue: bytes[offset + 21])),
            LittleEndian.uint16(bytes, at: offset + 22) == 0
        else { return .fault(.value) }
        guard first >= sequence else { return .fault(.order) }
        return .head(
            SegmentFrameHead(
                first: first, count: count, stream: stream,
                flags: SegmentFrame.Flags(rawValue: bytes[offset + 21]),
                wallTime: Int64(bitPattern: LittleEndian.uint64(bytes, at: offset + 24)),
                monotonicTime: LittleEndian.uint64(bytes, at: offset + 32), byteCount: byteCount))
    }

    /// Whether the frame at `offset`, of which this is the head, matches its checksum.
    func isIntact(_ bytes: Span<UInt8>, at offset: Int, seed: UInt32) -> Bool {
        var crc = CRC32C(continuing: seed)
        crc.update(bytes.extracting(offset..<(offset + 4)))
        crc.update(bytes.extracting((offset + 8)..<(offset + byteCount)))
        return crc.value == LittleEndian.uint32(bytes, at: offset + 4)
    }
}
