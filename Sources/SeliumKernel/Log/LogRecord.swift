/// Where a record came from. Numbers are stored and sent; never reused.
public enum LogStream: UInt8, Sendable, Hashable, CaseIterable {
    case stdout = 1
    case stderr = 2
    /// level, target, message, fields; written through `selium_log`, each a line as
    /// `StructuredRecord` has it.
    case structured = 3
    /// Written by the runtime: begin, end, notes.
    case system = 4
}

/// The writes of one slice to one stream, kept and sent as they are.
///
/// A text chunk holds `count` records: every line that ends in a newline is one, and so is an
/// unfinished rest (`isPartial`). Lines are found by scanning for newlines.
public struct LogChunk: Sendable, Hashable {
    /// The most bytes of text in one chunk.
    public static let maximumBytes = 32 * 1024

    /// The sequence of its first record, from 1.
    public var first: UInt64
    /// How many records; at least 1.
    public var count: UInt32
    /// Wall clock, nanoseconds since 1970.
    public var wallTime: Int64
    /// Monotonic clock, nanoseconds; comparable only within one run of the runtime.
    public var monotonicTime: UInt64
    /// What it holds.
    public var content: LogContent

    public init(
        first: UInt64, count: UInt32, wallTime: Int64, monotonicTime: UInt64, content: LogContent
    ) {
        self.first = first
        self.count = count
        self.wallTime = wallTime
        self.monotonicTime = monotonicTime
        self.content = content
    }

    /// The sequence of its last record.
    public var last: UInt64 { first + UInt64(count) - 1 }

    /// Whether the last record of a text chunk is an unfinished line.
    public var isPartial: Bool {
        guard case .text(_, let bytes) = content else { return false }
        return bytes.last != 0x0a
    }

    /// Where it came from.
    public var stream: LogStream {
        switch content {
        case .text(let stream, _): stream
        case .system: .system
        }
    }
}

/// What a chunk holds.
public enum LogContent: Sendable, Hashable {
    /// Output of the program, byte for byte, or lines of structured records; any stream but `system`.
    case text(LogStream, [UInt8])
    /// One record of the runtime.
    case system(SystemRecord)
}

/// What the runtime says in a process's log.
public enum SystemRecord: Sendable, Hashable {
    /// An incarnation begins.
    case began(incarnation: UInt32)
    /// An incarnation ended; the last record of its log.
    case ended(ExitRecord)
    /// An import that this server does not have; calling it traps.
    case unknownImport(module: String, name: String)
    /// The process tried what it was not granted.
    case denied(Denial)
    /// Anything else worth telling, in our words.
    case note(String)
}

extension SystemRecord {
    /// Bytes of what it refers to: texts, and the frames of a trap, which a program chooses the size of.
    var heldBytes: Int {
        switch self {
        case .began: 0
        case .ended(let record): record.outcome.heldBytes
        case .unknownImport(let module, let name): module.utf8.count + name.utf8.count
        case .denied(let denial):
            denial.capability.utf8.count + denial.resource.utf8.count
                + (denial.nearestGrant?.utf8.count ?? 0) + denial.difference.utf8.count
        case .note(let text): text.utf8.count
        }
    }
}

extension ExitOutcome {
    fileprivate var heldBytes: Int {
        switch self {
        case .returned(let values):
            values.reduce(0) { sum, value in
                switch value {
                case .buffer(let bytes): sum + bytes.count + MemoryLayout<Value>.stride
                case .utf8(let text): sum + text.utf8.count + MemoryLayout<Value>.stride
                default: sum + MemoryLayout<Value>.stride
                }
            }
        case .exit, .killed, .lost: 0
        case .trap(let trap):
            trap.frames.reduce(trap.kind.utf8.count + trap.message.utf8.count) {
                $0 + ($1.name?.utf8.count ?? 0) + MemoryLayout<TrapRecord.Frame>.stride
            }
        case .limit(let text), .startFailed(let text): text.utf8.count
        }
    }
}

/// A use of a capability that was refused: everything a person needs to decide about it.
public struct Denial: Sendable, Hashable {
    /// The capability's name.
    public var capability: String
    /// On what: an address, a path, an import's name.
    public var resource: String
    /// The grant that comes nearest, if there is one, in canonical form.
    public var nearestGrant: String?
    /// What differs between the two: `host differs`, `not granted`.
    public var difference: String

    public init(capability: String, resource: String, nearestGrant: String?, difference: String) {
        self.capability = capability
        self.resource = resource
        self.nearestGrant = nearestGrant
        self.difference = difference
    }
}

/// Why sequences are missing for a reader. Made for that reader, never stored.
public enum GapReason: UInt8, Sendable, Hashable {
    /// Older than what is kept.
    case retention = 1
    /// The reader was too slow.
    case reader = 2
    /// Torn off when the runtime died.
    case lost = 3
    /// Dropped by the process's own `--log-drop`.
    case rate = 4
}

/// A range of sequences that a reader does not get.
public struct LogGap: Sendable, Hashable {
    public var from: UInt64
    public var through: UInt64
    /// Bytes missing, 0 when nobody knows.
    public var bytes: UInt64
    public var reason: GapReason

    public init(from: UInt64, through: UInt64, bytes: UInt64, reason: GapReason) {
        self.from = from
        self.through = through
        self.bytes = bytes
        self.reason = reason
    }

    /// How many sequences.
    public var records: UInt64 { through - from + 1 }
}

/// One thing a reader gets.
public enum LogItem: Sendable, Hashable {
    case chunk(LogChunk)
    case gap(LogGap)
}

/// What one read of a log gives.
public struct LogBatch: Sendable, Hashable {
    /// In order of sequence. A chunk may begin before the position that was asked for (a chunk is
    /// never cut by the log); the reader skips those records.
    public var items: [LogItem]
    /// The position to ask for next.
    public var next: UInt64
    /// No record will ever come at or after `next`; the last record is in `items` or was before.
    public var isEnd: Bool

    public init(items: [LogItem], next: UInt64, isEnd: Bool) {
        self.items = items
        self.next = next
        self.isEnd = isEnd
    }
}
