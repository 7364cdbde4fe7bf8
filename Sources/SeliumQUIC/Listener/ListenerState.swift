internal import DequeModule
internal import NIOCore

/// What waits to be taken from a listener.
///
/// SAFETY: confined to the listener's loop; tasks hand it there and touch nothing of it themselves.
final class ListenerState: @unchecked Sendable {
    /// What a connection is closed with that nobody takes: `refused before any work`.
    static let refusedCode: UInt64 = 5

    private let backlog: Int
    private var connections = Deque<QUICConnection>()
    private var acceptor: CheckedContinuation<QUICConnection?, Never>?
    private var isClosed = false

    init(backlog: Int) {
        self.backlog = backlog
    }

    func accepted(_ core: CoreConnection, by driver: EndpointDriver) {
        let state = ConnectionState(core, on: driver)
        guard acceptor != nil || connections.count < backlog, !isClosed else {
            return state.close(code: Self.refusedCode, reason: "too many connections wait")
        }
        core.attachment = state
        let connection = QUICConnection(state, ownsDriver: false)
        if let waiting = acceptor {
            acceptor = nil
            waiting.resume(returning: connection)
        } else {
            connections.append(connection)
        }
    }

    func accept(_ flag: CancelFlag, _ continuation: CheckedContinuation<QUICConnection?, Never>) {
        if let connection = connections.popFirst() {
            continuation.resume(returning: connection)
        } else if isClosed || flag.isSet || acceptor != nil {
            continuation.resume(returning: nil)
        } else {
            acceptor = continuation
        }
    }

    func cancelAccept() {
        acceptor?.resume(returning: nil)
        acceptor = nil
    }

    func close() {
        isClosed = true
        cancelAccept()
        // Nobody takes them any more, and nobody has begun anything for them.
        for connection in connections {
            connection.state.close(code: Self.refusedCode, reason: "shutting down")
        }
        connections = []
    }
}
