/// Reads frames out of a window of a segment: bytes from a place where a frame begins, as an index
/// or an earlier read gave it.
///
/// It stops at the first thing that is no frame; a `SegmentScan` says what that is.
public struct SegmentReader: Sendable {
    /// What comes next.
    public enum Step: Sendable, Hashable {
        /// A frame, and where in the segment it begins.
        case frame(SegmentFrame, at: Int)
        /// The window ends here, at a frame's end.
        case end
        /// The window ends within a frame of `needed` bytes: read again from `offset`, at least so
        /// many. The same at the end of the file is a tear.
        case cut(needed: Int)
        /// No frame.
        case damaged(SegmentFault)
    }

    private let bytes: [UInt8]
    private let start: Int
    private let seed: UInt32
    private var position = 0
    private var nextSequence: UInt64

    /// A reader of `bytes`, which begin at `offset` of the segment.
    public init(_ header: SegmentHeader, bytes: [UInt8], at offset: Int) {
        self.bytes = bytes
        start = offset
        seed = header.seed
        nextSequence = header.firstSequence
    }

    /// Where in the segment the next frame begins.
    public var offset: Int { start + position }

    /// The next frame, or why there is none; then `offset` stays.
    public mutating func next() -> Step {
        guard position < bytes.count else { return .end }
        // A local one: the span borrows it while the position moves.
        let bytes = bytes
        let span = bytes.span
        switch SegmentFrameHead.parse(span, at: position, notBefore: nextSequence) {
        case .fault(.tooShort(let needed)): return .cut(needed: needed)
        case .fault(let fault): return .damaged(fault)
        case .head(let head):
            guard head.isIntact(span, at: position, seed: seed) else {
                return .damaged(.checksum)
            }
            let begin = position
            position += head.byteCount
            nextSequence = head.last + 1
            let frame = SegmentFrame(
                first: head.first, count: head.count, stream: head.stream, flags: head.flags,
                wallTime: head.wallTime, monotonicTime: head.monotonicTime,
                bytes: Array(bytes[(begin + SegmentFrame.headerBytes)..<position]))
            return .frame(frame, at: start + begin)
        }
    }
}
