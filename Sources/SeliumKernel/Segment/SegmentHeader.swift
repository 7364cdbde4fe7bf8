/// What is wrong with a whole segment file; it is set aside, never emptied.
public struct SegmentError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: UInt8, Sendable, Hashable {
        /// Shorter than a header: the runtime died while it made the file, and nothing is lost.
        case unfinished
        /// Not a segment at all.
        case foreign
        /// A segment of a format that this runtime does not know.
        case unsupported
        /// A segment whose header does not match its checksum, or makes no sense.
        case damaged
    }

    /// What is wrong.
    public var code: Code
    /// One sentence: what was expected, what was there.
    public var description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}

/// The first bytes of a segment: what it is and whose.
///
/// Little-endian, 56 bytes, version 1:
///
///      0  magic "SELIUMLG"
///      8  version, 2 bytes
///     10  bytes of the header, 2 bytes
///     12  0, 4 bytes
///     16  process id, 8 bytes
///     24  the sequence its first record has or is beyond, 8 bytes, from 1
///     32  made at, wall clock, nanoseconds since 1970, 8 bytes
///     40  the run of the runtime, 8 bytes: monotonic times compare within one run
///     48  0, 4 bytes
///     52  CRC-32C of the 52 bytes before, 4 bytes
public struct SegmentHeader: Sendable, Hashable {
    /// How long it is.
    public static let byteCount = 56
    /// The format.
    public static let version: UInt16 = 1
    static let magic = Array("SELIUMLG".utf8)

    /// Whose log.
    public var process: ProcessID
    /// No record has a lower sequence; from 1.
    public var firstSequence: UInt64
    /// When the file was made, wall clock, nanoseconds since 1970.
    public var createdAt: Int64
    /// A number that no two runs of the runtime share.
    public var run: UInt64

    /// A header of everything.
    public init(process: ProcessID, firstSequence: UInt64, createdAt: Int64, run: UInt64) {
        self.process = process
        self.firstSequence = firstSequence
        self.createdAt = createdAt
        self.run = run
    }

    /// As it is written.
    public var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.reserveCapacity(Self.byteCount)
        LittleEndian.append(Self.version, to: &bytes)
        LittleEndian.append(UInt16(Self.byteCount), to: &bytes)
        LittleEndian.append(UInt32(0), to: &bytes)
        LittleEndian.append(process.rawValue, to: &bytes)
        LittleEndian.append(firstSequence, to: &bytes)
        LittleEndian.append(UInt64(bitPattern: createdAt), to: &bytes)
        LittleEndian.append(run, to: &bytes)
        LittleEndian.append(UInt32(0), to: &bytes)
        LittleEndian.append(CRC32C.of(bytes.span), to: &bytes)
        return bytes
    }

    /// What every frame's checksum begins with: a frame that was written into another segment, or
    /// that a guest prints to deceive a repair, does not pass as one of this.
    ///
    /// The checksum of the header without its checksum: with it, it would be the same for all.
    public var seed: UInt32 {
        let bytes = bytes
        return CRC32C.of(bytes.span.extracting(0..<52))
    }

    /// Reads the header at the beginning of `bytes`, which may go on.
    public init(_ bytes: Span<UInt8>) throws(SegmentError) {
        let magicLength = min(bytes.count, Self.magic.count)
        for index in 0..<magicLength where bytes[index] != Self.magic[index] {
            throw SegmentError(.foreign, "expected a log segment, found other bytes")
        }
        guard bytes.count >= Self.byteCount else {
            throw SegmentError(
                .unfinished,
                "expected a header of \(Self.byteCount) bytes, the file has \(bytes.count)")
        }
        let stored = LittleEndian.uint32(bytes, at: 52)
        let crc = CRC32C.of(bytes.extracting(0..<52))
        let version = LittleEndian.uint16(bytes, at: 8)
        guard version == Self.version else {
            throw SegmentError(
                .unsupported, "expected format \(Self.version), found \(version)")
        }
        guard crc == stored else {
            throw SegmentError(.damaged, "the header does not match its checksum")
        }
        let process = ProcessID(LittleEndian.uint64(bytes, at: 16))
        let first = LittleEndian.uint64(bytes, at: 24)
        guard let process, first >= 1, first <= SegmentFrame.maximumSequence,
            LittleEndian.uint16(bytes, at: 10) == UInt16(Self.byteCount),
            LittleEndian.uint32(bytes, at: 12) == 0, LittleEndian.uint32(bytes, at: 48) == 0
        else { throw SegmentError(.damaged, "the header has a value out of range") }
        self.process = process
        firstSequence = first
        createdAt = Int64(bitPattern: LittleEndian.uint64(bytes, at: 32))
        run = LittleEndian.uint64(bytes, at: 40)
    }
}

/// The name of a segment file in its process's folder: its first sequence in 16 hexadecimal digits,
/// so that names sort as records do. A file gets its name when it is made and never another.
public struct SegmentName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The sequence in the header of the file.
    public let firstSequence: UInt64

    /// The name of a segment that begins there.
    public init(firstSequence: UInt64) { self.firstSequence = firstSequence }

    /// Reads a file's name; nil for any other file.
    public init?(_ text: some StringProtocol) {
        let digits = text.utf8.prefix(16)
        guard text.utf8.count == 20, text.hasSuffix(".log"),
            digits.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            let number = UInt64(String(text.prefix(16)), radix: 16), number >= 1
        else { return nil }
        firstSequence = number
    }

    /// `0000000000000001.log`
    public var description: String {
        let digits = String(firstSequence, radix: 16)
        return String(repeating: "0", count: max(0, 16 - digits.count)) + digits + ".log"
    }

    /// The order of their records.
    public static func < (a: SegmentName, b: SegmentName) -> Bool {
        a.firstSequence < b.firstSequence
    }
}

/// Numbers as segments hold them. Whoever reads has compared the length before.
enum LittleEndian {
    static func append(_ number: some FixedWidthInteger & UnsignedInteger, to bytes: inout [UInt8])
    {
        for place in 0..<(number.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> (8 * place)))
        }
    }

    static func uint16(_ bytes: Span<UInt8>, at offset: Int) -> UInt16 {
        UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    static func uint32(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        UInt32(uint16(bytes, at: offset)) | UInt32(uint16(bytes, at: offset + 2)) << 16
    }

    static func uint64(_ bytes: Span<UInt8>, at offset: Int) -> UInt64 {
        UInt64(uint32(bytes, at: offset)) | UInt64(uint32(bytes, at: offset + 4)) << 32
    }
}
