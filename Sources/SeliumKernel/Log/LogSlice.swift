/// Gathers what a guest writes in one slice, so that the log gets few large pieces.
///
/// Touched by nobody but the guest's own turn: a write takes no lock. `flush` is called when the
/// guest blocks or its slice ends; an unfinished line becomes a partial record then.
public struct LogSlice: Sendable {
    private var pieces: [LogPiece] = []
    private var pending: [UInt8] = []
    private var stream = LogStream.stdout

    public init() {}

    /// Bytes gathered and not yet flushed.
    public private(set) var byteCount = 0

    /// Whether there is nothing to flush.
    public var isEmpty: Bool { byteCount == 0 }

    /// Appends what the guest wrote to `stream` (stdout, stderr, or lines of structured records, which
    /// are never cut: each is shorter than a chunk).
    public mutating func write(_ bytes: [UInt8], to stream: LogStream) {
        guard !bytes.isEmpty else { return }
        if stream != self.stream {
            seal()
            self.stream = stream
        }
        byteCount += bytes.count
        // The usual case, one write in a turn, copies nothing.
        if pending.isEmpty, bytes.count < LogChunk.maximumBytes {
            pending = bytes
            return
        }
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + LogChunk.maximumBytes - pending.count)
            pending.append(contentsOf: bytes[start..<end])
            start = end
            if pending.count == LogChunk.maximumBytes { cut() }
        }
    }

    /// Everything gathered, in order; the slice is empty afterwards.
    public mutating func flush() -> [LogPiece] {
        seal()
        byteCount = 0
        defer { pieces = [] }
        return pieces
    }

    /// A full chunk: up to its last newline if it has one, so that a line is cut only when it is
    /// longer than a chunk.
    private mutating func cut() {
        guard let newline = pending.lastIndex(of: 0x0a), newline + 1 < pending.count else {
            seal()
            return
        }
        let rest = Array(pending[(newline + 1)...])
        pending.removeSubrange((newline + 1)...)
        seal()
        pending = rest
    }

    private mutating func seal() {
        guard !pending.isEmpty else { return }
        pieces.append(LogPiece(stream: stream, bytes: pending))
        pending = []
    }
}

/// Bytes of one stream, at most one chunk of them, with their records counted.
public struct LogPiece: Sendable, Hashable {
    /// Any but `system`.
    public let stream: LogStream
    /// 1 to `LogChunk.maximumBytes` of them.
    public let bytes: [UInt8]
    /// Lines that end, and one more for an unfinished rest.
    public let records: UInt32

    /// Counts the records of `bytes`, which are not empty.
    public init(stream: LogStream, bytes: [UInt8]) {
        self.stream = stream
        self.bytes = bytes
        var newlines: UInt32 = 0
        for byte in bytes { newlines &+= byte == 0x0a ? 1 : 0 }
        records = newlines + (bytes.last == 0x0a ? 0 : 1)
    }

    /// `bytes` in pieces of at most one chunk, cut behind newlines where there are any.
    public static func pieces(of bytes: [UInt8], stream: LogStream) -> [LogPiece] {
        var slice = LogSlice()
        slice.write(bytes, to: stream)
        return slice.flush()
    }
}
