internal import SeliumProtocol

/// One stream of a connection, seen from the requests. The one implementation over QUIC is beside it;
/// tests bring their own.
protocol ControlStream: Sendable {
    /// Sends bytes, waiting while the server does not take them; with `end` nothing follows.
    nonisolated(nonsending) func write(_ bytes: [UInt8], end: Bool) async throws(TransportError)
    /// The next bytes, nil at the end.
    nonisolated(nonsending) func read() async throws(TransportError) -> [UInt8]?
    /// Nothing more will be sent. Harmless when it has ended.
    func finish()
    /// Ends both directions at once: nothing more is sent or wanted. Harmless when it has ended.
    func abandon(_ code: ResetCode)
}

/// A connection to the server that is established.
protocol ControlConnection: AnyObject, Sendable {
    /// A new stream; waits while the server allows no more.
    nonisolated(nonsending) func openStream() async throws(TransportError) -> any ControlStream
    /// Where tasks of its requests run best; nil where it does not matter.
    var executor: (any TaskExecutor)? { get }
    /// Ends it, and waits until the server has been told.
    func close() async
}

/// Makes connections.
protocol Dialer: Sendable {
    /// Connects, or says why not.
    func connect() async throws(ClientError) -> any ControlConnection
}

/// What becomes of a stream or its connection.
struct TransportError: Error, Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The task that waited was cancelled.
        case cancelled
        /// The server reset the stream, with a code.
        case reset(ResetCode)
        /// The server wants no more input on the stream, with a code.
        case stopped(ResetCode)
        /// The connection ended.
        case connectionLost
        /// The server closed the connection, with a code.
        case closed(ResetCode)
        /// The server refused our certificate after all.
        case certificateRefused
    }

    var kind: Kind
    /// For people.
    var message: String

    /// Whether the whole connection is gone.
    var isConnectionGone: Bool {
        switch kind {
        case .connectionLost, .closed, .certificateRefused: true
        case .cancelled, .reset, .stopped: false
        }
    }
}
