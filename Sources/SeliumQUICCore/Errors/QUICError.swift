/// Why an operation on an endpoint, a connection or a stream did not happen.
///
/// Decide by `code`; `message` is for people. What a command needs for its own words is here as
/// values: the peer's code, the TLS failure, the denial.
public struct QUICError: Error, Hashable, Sendable {
    /// The kinds of failure. More may come; compare, never switch exhaustively.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String, Hashable, Sendable {
            case refused, nothingHeard, handshakeTimeout, handshakeFailed, certificateRefused
            case verificationFailed, protocolMismatch, versionMismatch
            case idle, peerClosed, peerGone, statelessReset, closed, connectionRefused
            case streamReset, stopSending, streamClosed, tooManyStreams
            case cancelled, denied, addressInUse, invalidAddress, invalidKey, tls, socket
            case protocolViolation, internalError
        }

        private let kind: Kind

        private init(_ kind: Kind) {
            self.kind = kind
        }

        /// The name of the case.
        public var description: String { self.kind.rawValue }

        // Connecting.

        /// Nothing listens there: the host answered with "port unreachable".
        public static let refused = Code(.refused)
        /// No packet was heard until the deadline.
        public static let nothingHeard = Code(.nothingHeard)
        /// The other side answered, but the handshake was not complete at the deadline.
        public static let handshakeTimeout = Code(.handshakeTimeout)
        /// The other side's TLS refused *our* certificate, or the lack of one. On a client this can
        /// come after `connect` returned, from the first operation; see `tls` for the alert.
        public static let certificateRefused = Code(.certificateRefused)
        /// *We* refused the other side's certificate; see `tls`.
        public static let verificationFailed = Code(.verificationFailed)
        /// The two sides have no ALPN protocol in common.
        public static let protocolMismatch = Code(.protocolMismatch)
        /// The two sides have no QUIC version in common.
        public static let versionMismatch = Code(.versionMismatch)
        /// Another failure of the handshake; see `tls`.
        public static let handshakeFailed = Code(.handshakeFailed)
        /// The server takes no new connection now (CONNECTION_REFUSED). Nothing happened.
        public static let connectionRefused = Code(.connectionRefused)

        // A connection's end.

        /// Nothing was heard for the idle timeout.
        public static let idle = Code(.idle)
        /// The other side closed; see `peerCode` and `isTransportCode`.
        public static let peerClosed = Code(.peerClosed)
        /// Its host said that nothing listens there any more, and nothing was heard since.
        public static let peerGone = Code(.peerGone)
        /// The other side has no memory of the connection (it was restarted).
        public static let statelessReset = Code(.statelessReset)
        /// We closed it.
        public static let closed = Code(.closed)
        /// The other side broke the protocol, or flooded us; we closed.
        public static let protocolViolation = Code(.protocolViolation)

        // Streams.

        /// The other side reset its half; see `peerCode`.
        public static let streamReset = Code(.streamReset)
        /// The other side wants no more of ours; see `peerCode`.
        public static let stopSending = Code(.stopSending)
        /// Our half was finished or reset by us before.
        public static let streamClosed = Code(.streamClosed)
        /// More streams are waiting to be opened than is allowed.
        public static let tooManyStreams = Code(.tooManyStreams)

        // Ourselves.

        /// The task was cancelled.
        public static let cancelled = Code(.cancelled)
        /// The authority does not allow it; see `denial`.
        public static let denied = Code(.denied)
        /// Somebody listens there already.
        public static let addressInUse = Code(.addressInUse)
        /// The address is not one of this machine, or cannot be used like this.
        public static let invalidAddress = Code(.invalidAddress)
        /// A reset key is not as long as it has to be.
        public static let invalidKey = Code(.invalidKey)
        /// A TLS context or session could not be made; see `tls`.
        public static let tls = Code(.tls)
        /// The operating system refused something; see `errno`.
        public static let socket = Code(.socket)
        /// A fault of this library or of ngtcp2.
        public static let internalError = Code(.internalError)
    }

    /// What kind of failure.
    public var code: Code
    /// One line for people, without secrets.
    public var message: String
    /// The other side's code: of its close, reset or STOP_SENDING.
    public var peerCode: UInt64?
    /// Whether `peerCode` is a transport code (RFC 9000 §20.1) and not one of the application.
    public var isTransportCode = false
    /// What TLS says.
    public var tls: TLSError?
    /// What the authority says.
    public var denial: NetworkDenial?
    /// The system's error number.
    public var errno: Int32?

    /// An error of that kind.
    public init(
        _ code: Code, _ message: String, peerCode: UInt64? = nil, isTransportCode: Bool = false,
        tls: TLSError? = nil, denial: NetworkDenial? = nil, errno: Int32? = nil
    ) {
        self.code = code
        self.message = message
        self.peerCode = peerCode
        self.isTransportCode = isTransportCode
        self.tls = tls
        self.denial = denial
        self.errno = errno
    }
}

extension QUICError: CustomStringConvertible {
    /// Kind and message.
    public var description: String { "\(self.code): \(self.message)" }
}
