/// What a whole segment holds, judged after a crash: how far it is whole, and its index.
///
/// A write that a crash cut off leaves bytes at the end that are no frame, and nothing behind them:
/// the store truncates there, and what was given beyond is a gap `lost`. Damage with whole frames
/// behind it is something else, a bad disk or somebody's editor: nothing is truncated then, the file
/// is kept as it is, and readers get a gap `lost` in its middle.
public struct SegmentScan: Sendable, Hashable {
    /// How a segment ends.
    public enum End: Sendable, Hashable {
        /// With a whole frame, or the header.
        case whole
        /// `validBytes` are whole, nothing behind them is. How many records that were is unknown:
        /// from `nextSequence` to what the process's row says was reserved.
        case torn(SegmentFault)
        /// As `torn`, but looking for whole frames behind it was given up: set the file aside.
        case unreadable(SegmentFault)
    }

    /// Bytes between two whole frames that are none.
    public struct Hole: Sendable, Hashable {
        /// Where in the segment.
        public var bytes: Range<Int>
        /// What is wrong where it begins.
        public var fault: SegmentFault
        /// The sequence after the last whole record before it.
        public var from: UInt64
        /// The sequence before the first whole record behind it; may be below `from` when every
        /// record is there.
        public var through: UInt64
    }

    /// How many bytes may be checksummed in the search for whole frames behind damage: what a guest
    /// that prints things like frames can make a repair cost.
    public static let searchBytes = 8 << 20
    /// Holes that are looked behind; a segment with more is not worth it.
    public static let maximumHoles = 64

    /// Whose segment.
    public let header: SegmentHeader
    /// How long the file has to be for a writer to go on; everything behind the last whole frame is
    /// beyond it.
    public private(set) var validBytes = SegmentHeader.byteCount
    /// The sequence after the last whole record; the header's first without one.
    public private(set) var nextSequence: UInt64
    /// Whole frames.
    public private(set) var frames = 0
    /// Records in them.
    public private(set) var records: UInt64 = 0
    /// The sequence of the first whole record, nil without one.
    public private(set) var firstRecord: UInt64?
    /// Where to begin a read.
    public private(set) var index = SegmentIndex()
    /// Damage with whole frames behind it.
    public private(set) var holes: [Hole] = []
    /// How it ends.
    public private(set) var end = End.whole
    /// The last whole frame is the record that ends an incarnation.
    public private(set) var endsIncarnation = false

    private var searchLeft = Self.searchBytes

    /// Judges all bytes of a file. Fails when it has no good header; never else.
    public init(_ bytes: [UInt8]) throws(SegmentError) {
        let span = bytes.span
        header = try SegmentHeader(span)
        nextSequence = header.firstSequence
        let seed = header.seed
        var offset = SegmentHeader.byteCount
        while offset < span.count {
            if let fault = fault(span, at: offset, seed: seed) {
                guard let next = search(span, behind: offset, fault: fault, seed: seed) else {
                    return
                }
                offset = next
            }
            offset = take(span, at: offset) ?? span.count
        }
    }

    private func fault(_ bytes: Span<UInt8>, at offset: Int, seed: UInt32) -> SegmentFault? {
        switch SegmentFrameHead.parse(bytes, at: offset, notBefore: nextSequence) {
        case .fault(let fault): fault
        case .head(let head):
            head.isIntact(bytes, at: offset, seed: seed) ? nil : .checksum
        }
    }

    /// Counts the whole frame at `offset`; where it ends.
    private mutating func take(_ bytes: Span<UInt8>, at offset: Int) -> Int? {
        guard
            case .head(let head) = SegmentFrameHead.parse(
                bytes, at: offset, notBefore: nextSequence)
        else { return nil }
        index.note(head.first, wallTime: head.wallTime, at: offset)
        frames += 1
        records += UInt64(head.count)
        firstRecord = firstRecord ?? head.first
        nextSequence = head.last + 1
        endsIncarnation = head.flags.contains(.ends)
        validBytes = offset + head.byteCount
        return validBytes
    }

    /// Looks for a whole frame behind damage; nil when the segment ends there.
    private mutating func search(
        _ bytes: Span<UInt8>, behind damage: Int, fault: SegmentFault, seed: UInt32
    ) -> Int? {
        var offset = damage + 1
        while offset < bytes.count {
            if case .head(let head) = SegmentFrameHead.parse(
                bytes, at: offset, notBefore: nextSequence)
            {
                searchLeft -= head.byteCount
                guard searchLeft >= 0, holes.count < Self.maximumHoles else {
                    end = .unreadable(fault)
                    return nil
                }
                if head.isIntact(bytes, at: offset, seed: seed) {
                    holes.append(
                        Hole(
                            bytes: damage..<offset, fault: fault, from: nextSequence,
                            through: head.first - 1))
                    return offset
                }
            }
            offset += 1
        }
        end = .torn(fault)
        return nil
    }
}
