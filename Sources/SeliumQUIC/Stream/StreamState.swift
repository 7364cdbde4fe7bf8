internal import NIOCore

/// Who waits for a stream; hangs on the core's stream.
///
/// SAFETY: confined to the connection's loop; tasks hand it there and touch nothing of it themselves.
final class StreamState: @unchecked Sendable {
    enum ReadOutcome: Sendable {
        case bytes([UInt8])
        case end
        case failed(QUICError)
    }

    enum WriteOutcome: Sendable {
        case done
        case failed(QUICError)
    }

    private struct Reader {
        let limit: Int
        let continuation: CheckedContinuation<ReadOutcome, Never>
    }

    private struct Writer {
        let bytes: [UInt8]
        var offset: Int
        let continuation: CheckedContinuation<WriteOutcome, Never>
    }

    private let core: CoreStream
    private let connection: ConnectionState
    private var reader: Reader?
    private var writer: Writer?
    private var stopWaiter: CheckedContinuation<QUICError, Never>?

    init(_ core: CoreStream, of connection: ConnectionState) {
        self.core = core
        self.connection = connection
    }

    // MARK: Reading

    /// Nil when there is nothing yet.
    func tryRead(atMost limit: Int) -> ReadOutcome? {
        switch connection.core.read(core, atMost: limit) {
        case .bytes(let bytes):
            connection.driver.wake()
            return .bytes(bytes)
        case .end:
            return .end
        case .reset(let code):
            return .failed(Self.resetError(code))
        case .stopped:
            return .failed(QUICError(.streamClosed, "reading was stopped here"))
        case .ended(let end):
            return .failed(end.error)
        case .blocked:
            return nil
        }
    }

    func read(
        atMost limit: Int, _ flag: CancelFlag,
        _ continuation: CheckedContinuation<ReadOutcome, Never>
    ) {
        if let outcome = tryRead(atMost: limit) { return continuation.resume(returning: outcome) }
        if flag.isSet { return continuation.resume(returning: .failed(.cancelled)) }
        guard reader == nil else {
            let error = QUICError(.internalError, "two tasks read one stream")
            return continuation.resume(returning: .failed(error))
        }
        reader = Reader(limit: limit, continuation: continuation)
    }

    func cancelRead() {
        reader?.continuation.resume(returning: .failed(.cancelled))
        reader = nil
    }

    func readable() {
        noticeStop()
        guard let waiting = reader, let outcome = tryRead(atMost: waiting.limit) else { return }
        reader = nil
        waiting.continuation.resume(returning: outcome)
    }

    // MARK: Writing

    /// Writes from `offset` on as far as there is room. Nil when some is left.
    func tryWrite(_ bytes: [UInt8], from offset: inout Int) -> WriteOutcome? {
        while offset < bytes.count {
            let rest = bytes.span.extracting(offset..<bytes.count)
            switch connection.core.write(core, rest) {
            case .taken(0):
                return nil
            case .taken(let count):
                offset += count
                connection.driver.wake()
            case let refusal:
                return .failed(Self.error(for: refusal))
            }
        }
        return .done
    }

    func write(
        _ bytes: [UInt8], from offset: Int, _ flag: CancelFlag,
        _ continuation: CheckedContinuation<WriteOutcome, Never>
    ) {
        var offset = offset
        if let outcome = tryWrite(bytes, from: &offset) {
            return continuation.resume(returning: outcome)
        }
        if flag.isSet { return continuation.resume(returning: .failed(.cancelled)) }
        guard writer == nil else {
            let error = QUICError(.internalError, "two tasks write one stream")
            return continuation.resume(returning: .failed(error))
        }
        writer = Writer(bytes: bytes, offset: offset, continuation: continuation)
    }

    func cancelWrite() {
        writer?.continuation.resume(returning: .failed(.cancelled))
        writer = nil
    }

    func writable() {
        noticeStop()
        guard var waiting = writer else { return }
        let outcome = tryWrite(waiting.bytes, from: &waiting.offset)
        writer = outcome == nil ? waiting : nil
        if let outcome { waiting.continuation.resume(returning: outcome) }
    }

    private static func resetError(_ code: UInt64) -> QUICError {
        QUICError(.streamReset, "the other side gave up the stream (code \(code))", peerCode: code)
    }

    private static func error(for refusal: CoreWrite) -> QUICError {
        switch refusal {
        case .stopped(let code):
            QUICError(
                .stopSending, "the other side wants no more (code \(code))", peerCode: code)
        case .ended(let end):
            end.error
        case .closed, .taken:
            QUICError(.streamClosed, "this half of the stream was ended before")
        }
    }

    // MARK: Being stopped

    /// Why nobody waits for anything more of ours; nil while somebody may.
    var stop: QUICError? {
        if let refusal = connection.core.refusal(of: core) { return Self.error(for: refusal) }
        return connection.core.resetCode(of: core).map { Self.resetError($0) }
    }

    func waitForStop(_ flag: CancelFlag, _ continuation: CheckedContinuation<QUICError, Never>) {
        if let stop {
            continuation.resume(returning: stop)
        } else if flag.isSet {
            continuation.resume(returning: .cancelled)
        } else if stopWaiter != nil {
            let error = QUICError(.internalError, "two tasks wait for one stream's stop")
            continuation.resume(returning: error)
        } else {
            stopWaiter = continuation
        }
    }

    func cancelStop() {
        stopWaiter?.resume(returning: .cancelled)
        stopWaiter = nil
    }

    private func noticeStop() {
        guard let waiting = stopWaiter, let stop else { return }
        stopWaiter = nil
        waiting.resume(returning: stop)
    }

    // MARK: Ending

    func finish() {
        connection.core.finish(core)
        connection.driver.wake()
        noticeStop()
    }

    func reset(code: UInt64) {
        connection.core.reset(core, code: code)
        connection.driver.wake()
        writable()
    }

    func stopSending(code: UInt64) {
        connection.core.stopSending(core, code: code)
        connection.driver.wake()
        readable()
    }

    func release() {
        connection.core.release(core, code: QUICStream.abandonedCode)
        connection.driver.wake()
    }
}

extension QUICError {
    static let cancelled = QUICError(.cancelled, "the task was cancelled")
}
