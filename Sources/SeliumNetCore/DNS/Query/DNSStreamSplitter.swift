/// Takes messages out of a stream, where each has its length in front of it (RFC 1035
/// section 4.2.2), in whatever pieces the bytes come. Holds at most one message and its length.
public struct DNSStreamSplitter: Sendable {
    private var pending: [UInt8] = []
    private var start = 0

    /// A splitter at the start of a stream.
    public init() {}

    /// Adds bytes and hands over each message that is complete. An empty one is handed over too: it
    /// is no message, and the reader of it says so.
    public mutating func receive(
        _ bytes: some Collection<UInt8>, _ message: ([UInt8]) -> Void
    ) {
        pending.append(contentsOf: bytes)
        while pending.count - start >= 2 {
            let count = Int(pending[start]) << 8 | Int(pending[start + 1])
            guard pending.count - start - 2 >= count else { break }
            message(Array(pending[(start + 2)..<(start + 2 + count)]))
            start += 2 + count
        }
        pending.removeFirst(start)
        start = 0
    }

    /// Whether the stream may end here.
    public var isAtBoundary: Bool { pending.isEmpty }

    /// The message with its length in front of it; nil when it has more than 65,535 bytes.
    public static func framed(_ message: [UInt8]) -> [UInt8]? {
        guard let count = UInt16(exactly: message.count) else { return nil }
        return [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)] + message
    }
}
