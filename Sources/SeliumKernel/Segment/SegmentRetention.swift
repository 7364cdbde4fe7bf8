/// How much of logs is kept on disk.
public struct SegmentRetention: Sendable, Hashable {
    /// A segment is closed before it grows beyond this, bytes (4 MiB): what is deleted at once when a
    /// log is full, and what a repair reads into memory.
    public static let segmentBytes: UInt64 = 4 << 20
    /// The smallest size at which a segment is closed, however little is kept, bytes.
    public static let leastSegmentBytes: UInt64 = 64 << 10
    /// Logs of one namespace, bytes (2 GiB).
    public static let namespaceBytes: UInt64 = 2 << 30

    /// Bytes kept of one process.
    public var bytes: UInt64
    /// How long a record is kept, nanoseconds; nil for as long as there is room. Ages go by the wall
    /// clock, the only one that outlives the runtime: a record from the future is new.
    public var age: UInt64?

    /// What is kept of one process.
    public init(bytes: UInt64 = UInt64(Limits.logKept), age: UInt64? = nil) {
        self.bytes = bytes
        self.age = age
    }

    /// When a segment is full, bytes: an eighth of what is kept, so that what is deleted at once is
    /// no more than that.
    var segmentSize: UInt64 {
        min(Self.segmentBytes, max(Self.leastSegmentBytes, bytes / 8))
    }
}

/// One file: whose log, and the sequence in its header, which is its name.
public struct SegmentFile: Sendable, Hashable {
    /// Whose log.
    public var process: ProcessID
    /// The sequence in its header.
    public var firstSequence: UInt64

    /// A file of these two.
    public init(process: ProcessID, firstSequence: UInt64) {
        self.process = process
        self.firstSequence = firstSequence
    }

    /// Its name in the process's folder.
    public var name: SegmentName { SegmentName(firstSequence: firstSequence) }
}

/// A segment that an earlier run of the runtime left, closed.
public struct StoredSegment: Sendable, Hashable {
    /// Which.
    public var file: SegmentFile
    /// The sequence of its last record; below `file.firstSequence` without one.
    public var last: UInt64
    /// How long the file is.
    public var bytes: UInt64
    /// The latest wall time in it, nanoseconds since 1970.
    public var latestWallTime: Int64

    /// A segment of everything.
    public init(file: SegmentFile, last: UInt64, bytes: UInt64, latestWallTime: Int64) {
        self.file = file
        self.last = last
        self.bytes = bytes
        self.latestWallTime = latestWallTime
    }
}
