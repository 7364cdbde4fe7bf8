/// What a peer did wrong on one stream. The damage never reaches beyond that stream.
public struct ProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What an `Error` frame says about it.
    public var code: ErrorCode
    /// One sentence for people, without a full stop.
    public var message: String
    /// The path of the field at fault, such as `start.limits.43`; empty when it is none.
    public var field: String
    /// The code that tells the peer to stop sending, or resets the stream.
    public var reset: ResetCode

    package init(
        _ code: ErrorCode, _ message: String, field: String = "", reset: ResetCode = .malformed
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.reset = reset
    }

    /// The sentence, with the field where there is one.
    public var description: String { field.isEmpty ? message : "\(field): \(message)" }

    /// The same fault seen from one message further out.
    func inside(_ outer: String) -> ProtocolError {
        var copy = self
        copy.field = field.isEmpty ? outer : "\(outer).\(field)"
        return copy
    }
}
