internal import DequeModule
internal import NIOCore

/// Who waits for a connection, and what waits to be taken from it; hangs on the core's connection.
///
/// SAFETY: confined to the driver's loop; tasks hand it there and touch nothing of it themselves.
final class ConnectionState: @unchecked Sendable {
    /// Tasks that may wait for the other side to grant a stream.
    static let maximumOpeners = 1_024

    enum OpenOutcome: Sendable {
        case opened(StreamBox)
        case failed(QUICError)
    }

    let core: CoreConnection
    let driver: EndpointDriver
    private var inbound = Deque<CoreStream>()
    private var acceptor: CheckedContinuation<StreamBox?, Never>?
    private var openers: [(id: UInt64, continuation: CheckedContinuation<OpenOutcome, Never>)] = []
    private var lastTicket: UInt64 = 0
    private var enders: [CheckedContinuation<QUICConnectionEnd, Never>] = []
    /// Who began to connect; nil once the handshake is over, one way or the other.
    var attempt: ConnectAttempt?
    private var confirmers: [(id: UInt64, continuation: CheckedContinuation<QUICError?, Never>)] =
        []

    init(_ core: CoreConnection, on driver: EndpointDriver) {
        self.core = core
        self.driver = driver
    }

    func handle(_ event: CoreEvent) {
        switch event {
        case .readable(let stream):
            (stream.attachment as? StreamState)?.readable()
        case .writable(let stream):
            (stream.attachment as? StreamState)?.writable()
        case .streamOpened(let stream):
            opened(stream)
        case .streamCredit:
            open()
        case .handshakeCompleted:
            attempt?.completed(self)
            attempt = nil
        case .handshakeConfirmed:
            confirmed(nil)
        case .ended(let end):
            ended(end)
        }
    }

    // MARK: Connecting

    /// The place of the waiting task; nil when it need not wait.
    func waitForConfirmation(
        _ flag: CancelFlag, _ continuation: CheckedContinuation<QUICError?, Never>
    ) -> UInt64? {
        if let end = core.end {
            continuation.resume(returning: end.error)
        } else if core.isHandshakeConfirmed {
            continuation.resume(returning: nil)
        } else if flag.isSet {
            continuation.resume(returning: .cancelled)
        } else {
            lastTicket += 1
            confirmers.append((lastTicket, continuation))
            return lastTicket
        }
        return nil
    }

    func cancelConfirmation(_ id: UInt64) {
        guard let index = confirmers.firstIndex(where: { $0.id == id }) else { return }
        confirmers.remove(at: index).continuation.resume(returning: .cancelled)
    }

    private func confirmed(_ failure: QUICError?) {
        for confirmer in confirmers { confirmer.continuation.resume(returning: failure) }
        confirmers = []
    }

    // MARK: Streams of the other side

    private func opened(_ stream: CoreStream) {
        if let waiting = acceptor {
            acceptor = nil
            waiting.resume(returning: StreamBox(stream, of: self))
        } else {
            inbound.append(stream)
        }
    }

    func accept(
        _ flag: CancelFlag, _ continuation: CheckedContinuation<StreamBox?, Never>
    ) {
        if let stream = inbound.popFirst() {
            continuation.resume(returning: StreamBox(stream, of: self))
        } else if core.end != nil || flag.isSet || acceptor != nil {
            continuation.resume(returning: nil)
        } else {
            acceptor = continuation
        }
    }

    func cancelAccept() {
        acceptor?.resume(returning: nil)
        acceptor = nil
    }

    // MARK: Streams of ours

    func tryOpen() -> OpenOutcome? {
        if let end = core.end { return .failed(end.error) }
        guard openers.isEmpty, let stream = core.openStream() else { return nil }
        return .opened(StreamBox(stream, of: self))
    }

    func open(
        _ flag: CancelFlag, _ continuation: CheckedContinuation<OpenOutcome, Never>
    ) -> UInt64? {
        if let outcome = tryOpen() {
            continuation.resume(returning: outcome)
        } else if flag.isSet {
            continuation.resume(returning: .failed(.cancelled))
        } else if openers.count >= Self.maximumOpeners {
            let error = QUICError(.tooManyStreams, "too many streams wait to be opened")
            continuation.resume(returning: .failed(error))
        } else {
            lastTicket += 1
            openers.append((lastTicket, continuation))
            return lastTicket
        }
        return nil
    }

    func cancelOpen(_ id: UInt64) {
        guard let index = openers.firstIndex(where: { $0.id == id }) else { return }
        openers.remove(at: index).continuation.resume(returning: .failed(.cancelled))
    }

    private func open() {
        while let first = openers.first, let stream = core.openStream() {
            openers.removeFirst()
            first.continuation.resume(returning: .opened(StreamBox(stream, of: self)))
        }
    }

    // MARK: The end

    func waitForEnd(_ continuation: CheckedContinuation<QUICConnectionEnd, Never>) {
        if let end = core.end {
            continuation.resume(returning: end)
        } else {
            enders.append(continuation)
        }
    }

    func close(code: UInt64, reason: String) {
        core.close(code: code, reason: reason, now: EndpointDriver.now)
        driver.wake()
    }

    private func ended(_ end: QUICConnectionEnd) {
        attempt?.failed(end.error)
        attempt = nil
        cancelAccept()
        inbound = []
        for opener in openers { opener.continuation.resume(returning: .failed(end.error)) }
        openers = []
        confirmed(end.error)
        for ender in enders { ender.resume(returning: end) }
        enders = []
        // It was the last event; they held each other.
        core.attachment = nil
    }
}

/// Carries a stream from the loop to the task that takes it. Made on the loop.
struct StreamBox: Sendable {
    let id: UInt64
    let state: StreamState

    init(_ core: CoreStream, of connection: ConnectionState) {
        id = core.id
        state = StreamState(core, of: connection)
        core.attachment = state
    }
}
