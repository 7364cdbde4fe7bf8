/// One log chunk as it travels in the `log` field of a `ServerFrame`.
///
/// The layout is in control.proto beside that field: a varint length, 30 bytes of fixed header in
/// little-endian order, then the bytes.
package struct LogEntry: Sendable, Hashable {
    /// Bytes of the fixed header.
    static let headerLength = 30

    /// Sequence of the first record, from 1.
    package var first: UInt64
    /// How many records, at least 1; `first + count - 1` does not overflow.
    package var count: UInt32
    /// The number of a `LogStream`; a newer server may send others.
    package var stream: UInt8
    /// The last record is an unfinished line.
    package var isPartial: Bool
    /// Wall clock, nanoseconds since 1970.
    package var wallTime: Int64
    /// The server's monotonic clock, nanoseconds.
    package var monotonicTime: UInt64
    /// stdout, stderr: the program's bytes; system: one `SystemRecord` message.
    package var bytes: [UInt8]

    package init(
        first: UInt64, count: UInt32, stream: UInt8, isPartial: Bool, wallTime: Int64,
        monotonicTime: UInt64, bytes: [UInt8]
    ) {
        self.first = first
        self.count = count
        self.stream = stream
        self.isPartial = isPartial
        self.wallTime = wallTime
        self.monotonicTime = monotonicTime
        self.bytes = bytes
    }

    /// The sequence of the last record.
    package var last: UInt64 { first &+ UInt64(count) &- 1 }

    /// What it takes in a `log` field.
    package var encodedLength: Int {
        let length = Self.headerLength + bytes.count
        return Varint.length(length) + length
    }
}
