extension SegmentFrame {
    /// The frame of a chunk of output; nil for any other, whose bytes somebody else has to make.
    public init?(text chunk: LogChunk) {
        guard case .text(let stream, let bytes) = chunk.content else { return nil }
        self.init(
            first: chunk.first, count: chunk.count, stream: stream,
            flags: chunk.isPartial ? [.partial] : [], wallTime: chunk.wallTime,
            monotonicTime: chunk.monotonicTime, bytes: bytes)
    }

    /// The chunk of output that this is; nil for a record of the runtime.
    public var textChunk: LogChunk? {
        switch stream {
        case .stdout, .stderr, .structured:
            LogChunk(
                first: first, count: count, wallTime: wallTime, monotonicTime: monotonicTime,
                content: .text(stream, bytes))
        case .system: nil
        }
    }
}
