/// How much a structured log record matters; guests pass the number.
public enum LogLevel: UInt32, Sendable, Hashable, CaseIterable {
    /// What happens step by step.
    case trace = 1
    /// For whoever looks for a fault.
    case debug = 2
    /// The usual course of things.
    case info = 3
    /// Something is not as it should be, and the program goes on.
    case warning = 4
    /// Something failed.
    case error = 5
}
