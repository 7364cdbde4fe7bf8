/// Collects log entries into `log` frames of at most ``ProtocolConfiguration/bulkFrame`` bytes;
/// an entry that is longer by itself gets a frame of its own.
package struct LogFrameEncoder: Sendable {
    private let limit: Int
    private var body: [UInt8] = []

    /// Room in front of the body for the frame's length, the field's tag and the field's length.
    private static let headroom = 2 * FrameEncoder.maximumPrefix + 1

    package init(limits: ProtocolConfiguration = .standard) {
        limit = limits.bulkFrame - Self.headroom
    }

    /// Whether nothing has been collected.
    package var isEmpty: Bool { body.isEmpty }

    /// Adds an entry; returns the frame that was full before it, if there was one.
    package mutating func append(_ entry: LogEntry) -> [UInt8]? {
        let needed = entry.encodedLength
        let full = !body.isEmpty && body.count + needed > limit ? flush() : nil
        if body.isEmpty { body.reserveCapacity(max(needed, min(limit, 4 * needed))) }
        Varint.append(LogEntry.headerLength + entry.bytes.count, to: &body)
        Self.append(entry.first, to: &body)
        Self.append(entry.count, to: &body)
        body.append(entry.stream)
        body.append(entry.isPartial ? 1 : 0)
        Self.append(UInt64(bitPattern: entry.wallTime), to: &body)
        Self.append(entry.monotonicTime, to: &body)
        body.append(contentsOf: entry.bytes)
        return full
    }

    /// The frame of what has been collected, or nil when there is nothing.
    package mutating func flush() -> [UInt8]? {
        guard !body.isEmpty else { return nil }
        let frame = FrameEncoder.bulk(field: ServerField.log, body)
        body.removeAll(keepingCapacity: true)
        return frame
    }

    private static func append(_ value: some FixedWidthInteger, to output: inout [UInt8]) {
        var rest = value
        for _ in 0..<(value.bitWidth / 8) {
            output.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }
}

/// Takes the content of a `log` field apart. The server may be of any version or hostile: an entry
/// that cannot be right is a ``ProtocolError``, a stream or flag it does not know is passed on.
package struct LogEntryDecoder: Sendable {
    private let content: [UInt8]
    private var offset = 0

    package init(_ content: [UInt8]) {
        self.content = content
    }

    /// The next entry, or nil at the end.
    package mutating func next() throws(ProtocolError) -> LogEntry? {
        guard offset < content.count else { return nil }
        var position = offset
        let content = self.content
        // Whatever is wrong with this entry, nothing behind it can be found any more.
        offset = content.count
        let bytes = content.span
        guard let announced = Varint.read(bytes, at: &position, end: content.count),
            let length = Int(exactly: announced), length <= content.count - position
        else { throw Self.fail("a log entry is cut off") }
        guard length >= LogEntry.headerLength else {
            throw Self.fail("a log entry has no header")
        }
        let end = position + length
        let first = Self.read(bytes, at: position, bytes: 8)
        let count = UInt32(truncatingIfNeeded: Self.read(bytes, at: position + 8, bytes: 4))
        guard first >= 1, count >= 1, !first.addingReportingOverflow(UInt64(count) - 1).overflow
        else { throw Self.fail("a log entry has impossible sequences") }
        let entry = LogEntry(
            first: first, count: count, stream: bytes[position + 12],
            isPartial: bytes[position + 13] & 1 != 0,
            wallTime: Int64(bitPattern: Self.read(bytes, at: position + 14, bytes: 8)),
            monotonicTime: Self.read(bytes, at: position + 22, bytes: 8),
            bytes: Array(content[(position + LogEntry.headerLength)..<end]))
        offset = end
        return entry
    }

    /// Little-endian; the caller has checked that the bytes are there.
    private static func read(_ bytes: Span<UInt8>, at start: Int, bytes count: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<count {
            value |= UInt64(bytes[start + index]) << UInt64(8 * index)
        }
        return value
    }

    private static func fail(_ message: String) -> ProtocolError {
        ProtocolError(.internal, message)
    }
}
