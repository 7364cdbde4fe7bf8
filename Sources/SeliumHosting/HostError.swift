public import SeliumKernel

/// Why a host did not do what it was asked. The server turns it into an answer on the wire; the
/// code decides, the text is for people and holds nothing of the host (no paths, no SQL).
public struct HostError: Error, Sendable, CustomStringConvertible {
    /// gRPC's canonical list, as far as a host uses it.
    public enum Code: Sendable, Hashable {
        case invalidArgument
        case notFound
        case alreadyExists
        case aborted
        case failedPrecondition
        case outOfRange
        case dataLoss
        case permissionDenied
        case resourceExhausted
        case unavailable
        case cancelled
        case `internal`
    }

    public var code: Code
    /// One sentence, no full stop at the end.
    public var message: String
    /// What to do next, or empty.
    public var remedy: String
    /// Whether the same request may succeed later.
    public var isRetryable: Bool
    /// For `permissionDenied`.
    public var denial: Denial?
    /// For `outOfRange` of a log position.
    public var range: LogRange?

    public init(
        _ code: Code, _ message: String, remedy: String = "", isRetryable: Bool = false, denial: Denial? = nil,
        range: LogRange? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRetryable = isRetryable
        self.denial = denial
        self.range = range
    }

    public var description: String { remedy.isEmpty ? message : "\(message)\n\(remedy)" }
}

/// Which sequences a log holds.
public struct LogRange: Sendable, Hashable {
    /// The oldest that is kept; `last + 1` when none is.
    public var oldest: UInt64
    /// The newest given, 0 before the first.
    public var last: UInt64

    public init(oldest: UInt64, last: UInt64) {
        self.oldest = oldest
        self.last = last
    }
}
