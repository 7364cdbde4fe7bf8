/// The application error codes of RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE
/// (RFC 9000 §20.2). Published numbers; a peer may send others.
public struct ResetCode: RawRepresentable, Sendable, Hashable {
    /// The number on the wire, below 2^62.
    public let rawValue: UInt64

    /// Wraps any number.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Nothing is wrong: no more is wanted, or the connection is no longer needed.
    public static let none = ResetCode(rawValue: 0)
    /// The sender lost interest.
    public static let cancelled = ResetCode(rawValue: 1)
    /// What came was not the protocol.
    public static let malformed = ResetCode(rawValue: 2)
    /// What came was longer than the limit.
    public static let tooLarge = ResetCode(rawValue: 3)
    /// The sender is shutting down.
    public static let shuttingDown = ResetCode(rawValue: 4)
    /// Refused before any work: safe to repeat.
    public static let refused = ResetCode(rawValue: 5)
    /// The caller's certificate is no longer accepted.
    public static let certificateNotAccepted = ResetCode(rawValue: 6)
    /// A fault of the sender's own.
    public static let internalError = ResetCode(rawValue: 7)
}

extension ResetCode: CustomStringConvertible {
    /// In words, or the number.
    public var description: String {
        switch self {
        case .none: "no error"
        case .cancelled: "cancelled"
        case .malformed: "malformed"
        case .tooLarge: "too large"
        case .shuttingDown: "shutting down"
        case .refused: "refused before any work"
        case .certificateNotAccepted: "certificate no longer accepted"
        case .internalError: "internal error"
        default: "code \(rawValue)"
        }
    }
}
