/// Makes the bytes of one segment, in order; whoever drives it appends them to the file.
public struct SegmentWriter: Sendable {
    /// The header its file begins with.
    public let header: SegmentHeader
    /// Where to begin a read of it.
    public private(set) var index: SegmentIndex
    /// How long the file is once everything so far is in it.
    public private(set) var byteCount: Int
    /// The lowest sequence the next frame may have.
    public private(set) var nextSequence: UInt64
    private let seed: UInt32

    /// A new segment: write `header.bytes` first.
    public init(_ header: SegmentHeader) {
        self.header = header
        index = SegmentIndex()
        byteCount = SegmentHeader.byteCount
        nextSequence = header.firstSequence
        seed = header.seed
    }

    /// Goes on behind what a scan found whole, once the file is no longer than that.
    public init(continuing scan: SegmentScan) {
        header = scan.header
        index = scan.index
        byteCount = scan.validBytes
        nextSequence = scan.nextSequence
        seed = scan.header.seed
    }

    /// Appends the bytes of `frame` to `output`, so that many frames make one write. Fails with
    /// `invalid` for one that has no bytes or too many, or a sequence that was given before.
    public mutating func append(
        _ frame: SegmentFrame, to output: inout [UInt8]
    ) throws(KernelError) {
        guard frame.isValid else {
            throw KernelError(.invalid, "a chunk of \(frame.bytes.count) bytes cannot be stored")
        }
        guard frame.first >= nextSequence else {
            throw KernelError(
                .invalid,
                "record \(frame.first) cannot be stored behind record \(nextSequence - 1)")
        }
        index.note(frame.first, wallTime: frame.wallTime, at: byteCount)
        frame.encode(seed: seed, to: &output)
        byteCount += frame.byteCount
        nextSequence = frame.last + 1
    }
}
