/// Where a record came from.
public enum LogStream: UInt8, Sendable, Hashable, CaseIterable {
    case stdout = 1
    case stderr = 2
    /// Records of the program with a level and named values, each a line in a chunk.
    case structured = 3
    /// Written by the runtime.
    case system = 4

    /// As it is written in flags and JSON.
    public var name: String {
        switch self {
        case .stdout: "stdout"
        case .stderr: "stderr"
        case .structured: "structured"
        case .system: "system"
        }
    }
}

/// Where to begin to read a log.
public enum LogPosition: Sendable, Hashable {
    /// The oldest record that is kept.
    case start
    /// This sequence: the next one wanted.
    case sequence(UInt64)
    /// The last so many records.
    case tail(UInt32)
    /// The first record written at this time or later, by the server's clock: nanoseconds since 1970.
    case since(Int64)
}

/// A stretch of one stream's output: whole lines, and perhaps an unfinished one at its end.
public struct LogChunk: Sendable, Hashable {
    /// The sequence of its first record.
    public var first: UInt64
    /// How many records (lines) it holds.
    public var count: UInt32
    public var stream: LogStream
    /// Wall clock of the server, nanoseconds since 1970.
    public var wallTime: Int64
    /// Monotonic clock of the server, nanoseconds.
    public var monotonicTime: UInt64
    /// Whether the last record is an unfinished line.
    public var isPartial: Bool
    /// The program's bytes, as it wrote them; of structured records their lines.
    public var bytes: [UInt8]

    public init(
        first: UInt64, count: UInt32, stream: LogStream, wallTime: Int64, monotonicTime: UInt64,
        isPartial: Bool,
        bytes: [UInt8]
    ) {
        self.first = first
        self.count = count
        self.stream = stream
        self.wallTime = wallTime
        self.monotonicTime = monotonicTime
        self.isPartial = isPartial
        self.bytes = bytes
    }
}

/// Sequences that this reader does not get.
public struct LogGap: Sendable, Hashable {
    /// Why they are missing.
    public enum Reason: String, Sendable, Hashable {
        /// Older than what is kept.
        case retention
        /// The reader was too slow.
        case reader
        /// Torn off when the runtime died.
        case lost
        /// Dropped by the process's own rate limit.
        case rate
        /// A reason this library does not know.
        case unknown
    }

    public var from: UInt64
    public var through: UInt64
    /// Bytes missing, 0 when nobody knows.
    public var bytes: UInt64
    public var reason: Reason

    public init(from: UInt64, through: UInt64, bytes: UInt64, reason: Reason) {
        self.from = from
        self.through = through
        self.bytes = bytes
        self.reason = reason
    }

    /// How many sequences.
    public var records: UInt64 { through >= from ? (through - from) &+ 1 : 0 }
}

/// What the runtime says in a process's log.
public struct SystemRecord: Sendable, Hashable {
    /// The kinds of system records.
    public enum Kind: Sendable, Hashable {
        /// An incarnation began.
        case began(incarnation: UInt32)
        /// An incarnation ended.
        case ended(ExitRecord)
        /// An import that the server does not have; calling it traps.
        case unknownImport(module: String, name: String)
        /// The process tried what it was not granted.
        case denied(Denial)
        /// Anything else, in the runtime's words.
        case note(String)
        /// A kind this library does not know.
        case unknown
    }

    public var sequence: UInt64
    /// Wall clock of the server, nanoseconds since 1970.
    public var wallTime: Int64
    public var kind: Kind

    public init(sequence: UInt64, wallTime: Int64, kind: Kind) {
        self.sequence = sequence
        self.wallTime = wallTime
        self.kind = kind
    }
}

/// One thing that a reader of chunks gets: for those who copy bytes.
public enum LogItem: Sendable, Hashable {
    /// Output of the program.
    case chunk(LogChunk)
    /// A record of the runtime.
    case system(SystemRecord)
    /// Records that are missing.
    case gap(LogGap)
}

/// One line of output.
public struct LogLine: Sendable, Hashable {
    public var sequence: UInt64
    public var stream: LogStream
    /// Wall clock of the server, nanoseconds since 1970.
    public var wallTime: Int64
    /// The line without its newline.
    public var bytes: [UInt8]
    /// The line was not finished when it was recorded; the next record of the stream goes on.
    public var isPartial: Bool

    public init(
        sequence: UInt64, stream: LogStream, wallTime: Int64, bytes: [UInt8], isPartial: Bool
    ) {
        self.sequence = sequence
        self.stream = stream
        self.wallTime = wallTime
        self.bytes = bytes
        self.isPartial = isPartial
    }
}

/// One structured record with its place in the log.
public struct StructuredLine: Sendable, Hashable {
    public var sequence: UInt64
    /// Wall clock of the server, nanoseconds since 1970.
    public var wallTime: Int64
    public var record: StructuredRecord

    public init(sequence: UInt64, wallTime: Int64, record: StructuredRecord) {
        self.sequence = sequence
        self.wallTime = wallTime
        self.record = record
    }
}

extension StructuredRecord {
    /// The record in one line: `level target: message name=value`. What the program wrote is in it as it
    /// wrote it.
    public var text: String {
        let about = target.isEmpty ? "" : " \(target)"
        return fields.reduce("\(level.name)\(about): \(message)") { $0 + " \($1.name)=\($1.value)" }
    }
}

extension LogLine {
    /// The structured record that this line is; nil when it is none.
    public var structured: StructuredRecord? {
        stream == .structured ? StructuredRecord(line: bytes) : nil
    }

    /// This line as a record of its own kind.
    var asRecord: LogRecord {
        guard let structured else { return .line(self) }
        return .structured(
            StructuredLine(sequence: sequence, wallTime: wallTime, record: structured))
    }
}

/// One record of a log, or the place of missing ones.
public enum LogRecord: Sendable, Hashable {
    /// A line of the program's output.
    case line(LogLine)
    /// What the program says with a level and named values.
    case structured(StructuredLine)
    /// A record of the runtime.
    case system(SystemRecord)
    /// Records that are missing.
    case gap(LogGap)

    /// The line's text (bytes that are not UTF-8 as U+FFFD), or what the runtime or we have to say.
    /// What other parties wrote is in it as they wrote it.
    public var text: String {
        switch self {
        case .line(let line): String(decoding: line.bytes, as: UTF8.self)
        case .structured(let line): line.record.text
        case .system(let record): record.text
        case .gap(let gap): "lost \(gap.records) records (\(gap.bytes) bytes)"
        }
    }
}

extension SystemRecord {
    /// The record in one sentence.
    public var text: String {
        switch kind {
        case .began(let incarnation): "began (incarnation \(incarnation))"
        case .ended(let exit): "ended: \(exit.outcome.kind)"
        case .unknownImport(let module, let name):
            "the import \(module).\(name) does not exist here"
        case .denied(let denial): "was denied \(denial.capability) to \(denial.resource)"
        case .note(let text): text
        case .unknown: "a record of a kind that this library does not know"
        }
    }

    /// Whether it only marks an incarnation's begin or end.
    var isLifecycle: Bool {
        switch kind {
        case .began, .ended: true
        case .unknownImport, .denied, .note, .unknown: false
        }
    }
}

extension LogChunk {
    /// Its lines, one record each; at most as many as it says it holds.
    public var lines: [LogLine] {
        var lines: [LogLine] = []
        lines.reserveCapacity(Int(min(count, 4096)))
        var start = bytes.startIndex
        var sequence = first
        while start < bytes.endIndex {
            let newline = bytes[start...].firstIndex(of: 0x0a)
            let end = newline ?? bytes.endIndex
            lines.append(
                LogLine(
                    sequence: sequence, stream: stream, wallTime: wallTime,
                    bytes: Array(bytes[start..<end]),
                    isPartial: newline == nil))
            sequence &+= 1
            start = newline.map { bytes.index(after: $0) } ?? bytes.endIndex
        }
        return lines
    }

    /// The chunk without the records before `position`; nil when nothing is left.
    package func dropping(before position: UInt64) -> LogChunk? {
        guard position > first else { return self }
        let skip = position - first
        guard skip < UInt64(count) else { return nil }
        var start = bytes.startIndex
        for _ in 0..<skip {
            guard let newline = bytes[start...].firstIndex(of: 0x0a) else { return nil }
            start = bytes.index(after: newline)
        }
        var rest = self
        rest.first = position
        rest.count = count - UInt32(truncatingIfNeeded: skip)
        rest.bytes = Array(bytes[start...])
        return rest
    }
}
