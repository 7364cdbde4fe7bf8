internal import SeliumClient

/// How the records of a process are written.
struct RecordForm: Hashable, Sendable {
    /// JSON lines instead of what the program wrote.
    var isJSON = false
    /// A time in front of every line.
    var hasTimestamps = false
    /// The process's id in front of every line: several are followed.
    var hasIDs = false
    /// Only these streams of the program; nil for both, with the runtime's own records.
    var streams: Set<LogStream>?
    /// Stdout and stderr are terminals: their text passes through ``TerminalFilter``.
    var filtersOut = false
    var filtersErr = false
    /// The runtime's own records are left out.
    var isQuiet = false

    /// Only lines in which this regular expression is found.
    var pattern: String?

    /// Only structured records of this level or above, of those.
    var level: LogLevel?

    /// Whether a line is written as the program wrote it, nothing in front.
    var isPlain: Bool { !isJSON && !hasTimestamps && !hasIDs && pattern == nil }

    /// Whether the runtime's records are shown.
    var showsSystem: Bool { isJSON ? streams == nil : !isQuiet && streams == nil }
}
