internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol

/// Why a request gets an `Error` as its last frame. The text goes to the client: it holds nothing of
/// the host.
struct RequestError: Error, Sendable {
    var code: ErrorCode
    /// One sentence, no full stop at the end.
    var message: String
    var remedy = ""
    var isRetryable = false
    /// The path of the field at fault.
    var field = ""
    var denial: Denial?
    var range: LogRange?
    /// For `internal`: what really happened. For the server's log only.
    var cause = ""
    /// What the peer is told beside the error when it still sends.
    var stop = ResetCode.none

    init(
        _ code: ErrorCode, _ message: String, remedy: String = "", isRetryable: Bool = false,
        field: String = "", denial: Denial? = nil
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRetryable = isRetryable
        self.field = field
        self.denial = denial
    }

    /// The same words for what is not there and what is not the caller's.
    static func notFound(_ what: String) -> RequestError {
        RequestError(
            .notFound, "no process '\(printable(what))'", remedy: "to list them: selium ps -a")
    }

    static func exhausted(_ message: String) -> RequestError {
        RequestError(.resourceExhausted, message, isRetryable: true)
    }

    static let shuttingDown = RequestError(
        .unavailable, "the server is shutting down", isRetryable: true)

    static let cancelled = RequestError(.cancelled, "the request was cancelled")

    static let deadline = RequestError(
        .deadlineExceeded, "the deadline passed before there was an answer", isRetryable: true)

    /// An upload stood still.
    static func uploadStalled(after patience: Duration) -> RequestError {
        RequestError(
            .deadlineExceeded, "no byte of the module came for \(patience.components.seconds) s",
            remedy: "start it again: the upload goes on where it was", isRetryable: true)
    }

    /// What the peer did wrong on the wire.
    init(_ error: ProtocolError) {
        self.init(error.code, error.message, field: error.field)
        stop = error.reset
    }

    /// What the host refused.
    init(_ error: HostError, field: String = "") {
        let code = ErrorCode(error.code)
        self.init(
            code, error.message, remedy: error.remedy, isRetryable: error.isRetryable, field: field)
        range = error.range
        denial = error.denial
        if code == .internal {
            cause = "\(error.message) \(error.remedy)"
            message = "the server could not do it"
            remedy = ""
        }
    }

    /// Foreign text for a message: short, one line, no control characters.
    static func printable(_ text: String) -> String {
        let limit = 80
        let shown = String(
            text.unicodeScalars.prefix(limit).map { scalar in
                scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    ? "?" : Character(scalar)
            })
        return text.unicodeScalars.count > limit ? shown + "…" : shown
    }
}

extension ErrorCode {
    /// A host's code on the wire.
    init(_ code: HostError.Code) {
        self =
            switch code {
            case .invalidArgument: .invalidArgument
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .aborted: .aborted
            case .failedPrecondition: .failedPrecondition
            case .outOfRange: .outOfRange
            case .dataLoss: .dataLoss
            case .permissionDenied: .permissionDenied
            case .resourceExhausted: .resourceExhausted
            case .unavailable: .unavailable
            case .cancelled: .cancelled
            case .internal: .internal
            }
    }
}
