/// Why a request failed. Decide by ``code`` and ``detail``; the texts are for people.
public struct ClientError: Error, Sendable, Hashable {
    /// The kinds of failure: gRPC's canonical codes as the server gives them, and ours. More may
    /// come; compare, never switch exhaustively.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Hashable, Sendable {
            case cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists
            case permissionDenied, resourceExhausted, failedPrecondition, aborted, outOfRange
            case unimplemented, `internal`, unavailable, dataLoss, unauthenticated
            case connectionFailed, connectionLost, malformedAnswer, localFile, closed
        }

        private let kind: Kind

        private init(_ kind: Kind) { self.kind = kind }

        /// The request was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The server does not know what happened, or sent a code that we do not know.
        public static let unknown = Code(.unknown)
        /// What was sent makes no sense to the server.
        public static let invalidArgument = Code(.invalidArgument)
        /// No answer, or no sign of progress, within the deadline.
        public static let deadlineExceeded = Code(.deadlineExceeded)
        /// No such process or module, or none the caller may see.
        public static let notFound = Code(.notFound)
        /// The name is taken.
        public static let alreadyExists = Code(.alreadyExists)
        /// The caller's role, or a layer above it, does not allow it; see ``ClientError/denial``.
        public static let permissionDenied = Code(.permissionDenied)
        /// A quota, or the machine, is used up.
        public static let resourceExhausted = Code(.resourceExhausted)
        /// The state of things does not allow it now.
        public static let failedPrecondition = Code(.failedPrecondition)
        /// Another request was in the way, for example the same key with another body.
        public static let aborted = Code(.aborted)
        /// A position beyond the end of a log; see ``ClientError/detail``.
        public static let outOfRange = Code(.outOfRange)
        /// The server does not know the call or a field; see ``ClientError/detail``.
        public static let unimplemented = Code(.unimplemented)
        /// The server's own fault; its log explains ``ClientError/detail``.
        public static let `internal` = Code(.internal)
        /// The server cannot do it now; the same request may succeed later.
        public static let unavailable = Code(.unavailable)
        /// What was sent is not what had been announced.
        public static let dataLoss = Code(.dataLoss)
        /// The server does not know who is calling.
        public static let unauthenticated = Code(.unauthenticated)
        /// There is no connection; see ``ClientError/connectionFailure``.
        public static let connectionFailed = Code(.connectionFailed)
        /// The connection ended before the request did.
        public static let connectionLost = Code(.connectionLost)
        /// The server's answer is not of the protocol.
        public static let malformedAnswer = Code(.malformedAnswer)
        /// A file of this machine cannot be read.
        public static let localFile = Code(.localFile)
        /// The client's scope has ended.
        public static let closed = Code(.closed)

        public var description: String { kind.rawValue }
    }

    /// What kind of failure.
    public let code: Code
    /// One sentence. What other parties wrote is in it as they wrote it: escape before a terminal.
    public let message: String
    /// What to do next; may be empty.
    public let remedy: String
    /// Whether the same request may succeed later.
    public let isRetryable: Bool
    /// The request's id as it stands in the server's log, in hexadecimal; empty when none was sent.
    public let requestID: String
    /// More about it, by kind.
    public let detail: Detail
    /// The server did nothing: the library repeats the request by itself.
    var isSafeToRepeat = false

    /// What is known beyond the code.
    public enum Detail: Sendable, Hashable {
        case none
        /// For ``Code/connectionFailed``.
        case connection(ConnectionFailure)
        /// For ``Code/permissionDenied``.
        case denial(Denial)
        /// For ``Code/outOfRange`` of a log position: the positions that exist.
        case logRange(oldest: UInt64, last: UInt64)
        /// For ``Code/unimplemented``: the path of the field.
        case field(String)
        /// For ``Code/internal``: what to look for in the server's log.
        case reference(String)
    }

    /// An error of these parts.
    public init(
        _ code: Code, _ message: String, remedy: String = "", isRetryable: Bool = false,
        requestID: String = "",
        detail: Detail = .none
    ) {
        self.code = code
        self.message = message
        self.remedy = remedy
        self.isRetryable = isRetryable
        self.requestID = requestID
        self.detail = detail
    }

    /// For ``Code/connectionFailed``: why.
    public var connectionFailure: ConnectionFailure? {
        if case .connection(let failure) = detail { failure } else { nil }
    }

    /// For ``Code/permissionDenied``: what was refused and what would allow it.
    public var denial: Denial? {
        if case .denial(let denial) = detail { denial } else { nil }
    }
}

extension ClientError: CustomStringConvertible {
    /// The message, and on a second line the remedy.
    public var description: String { remedy.isEmpty ? message : "\(message)\n\(remedy)" }
}
