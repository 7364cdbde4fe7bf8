internal import NIOCore

/// One bidirectional stream.
///
/// One task may read and one may write at a time. Letting go of the last reference gives up what is
/// still open: unread bytes are dropped, and a half that was not finished is reset with code 1.
public final class QUICStream: Sendable {
    /// The code with which an abandoned stream is reset: `cancelled` in the control protocol.
    static let abandonedCode: UInt64 = 1

    /// The stream's number (RFC 9000 §2.1): client-opened bidirectional ones are 0, 4, 8…
    public let id: UInt64
    /// The connection it belongs to.
    public let connection: QUICConnection
    private let state: StreamState

    init(_ box: StreamBox, of connection: QUICConnection) {
        self.id = box.id
        self.connection = connection
        self.state = box.state
    }

    deinit {
        let state = self.state
        let loop = connection.loop
        if loop.inEventLoop {
            state.release()
        } else {
            loop.execute { state.release() }
        }
    }

    /// Waits for bytes and returns what is there, at most `limit`; nil when the other side has
    /// finished. Reading is what gives the other side room for more.
    ///
    /// Cancelling loses no bytes: the next read gets them.
    ///
    /// - Parameter limit: bytes, at least 1.
    /// - Throws: `.streamReset` with the peer's code, `.streamClosed` after `stopSending`,
    ///   `.cancelled`, or why the connection is over.
    public func read(atMost limit: Int) async throws(QUICError) -> [UInt8]? {
        let limit = max(1, limit)
        if connection.loop.inEventLoop, let outcome = state.tryRead(atMost: limit) {
            return try Self.value(of: outcome)
        }
        let state = self.state
        let loop = connection.loop
        let flag = CancelFlag()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { state.read(atMost: limit, flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute { state.cancelRead() }
        }
        return try Self.value(of: outcome)
    }

    private static func value(
        of outcome: StreamState.ReadOutcome
    ) throws(QUICError) -> [UInt8]? {
        switch outcome {
        case .bytes(let bytes): return bytes
        case .end: return nil
        case .failed(let error): throw error
        }
    }

    /// Hands over all of `bytes`; waits while 256 KiB of the stream are unacknowledged.
    ///
    /// Returning means that they will be sent, not that they arrived. A cancelled write may have
    /// handed over a part.
    ///
    /// - Throws: `.stopSending` with the peer's code, `.streamClosed` after `finish` or `reset`,
    ///   `.cancelled`, or why the connection is over.
    public func write(_ bytes: [UInt8]) async throws(QUICError) {
        var offset = 0
        if connection.loop.inEventLoop, let outcome = state.tryWrite(bytes, from: &offset) {
            return try Self.check(outcome)
        }
        let state = self.state
        let loop = connection.loop
        let flag = CancelFlag()
        let start = offset
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { state.write(bytes, from: start, flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute { state.cancelWrite() }
        }
        try Self.check(outcome)
    }

    private static func check(_ outcome: StreamState.WriteOutcome) throws(QUICError) {
        if case .failed(let error) = outcome { throw error }
    }

    /// Waits until nothing more that is written here can be of use to the other side: for whoever has
    /// nothing to write, and would not learn it otherwise.
    ///
    /// One task may wait, beside those that read and write; the other side's FIN is no reason. It
    /// holds the stream: cancel it when there is nothing left to wait for.
    ///
    /// - Returns: why, as a write or read would throw it: `.stopSending` or `.streamReset` with the
    ///   peer's code, `.streamClosed` after our own `finish` or `reset`, `.cancelled`, or why the
    ///   connection is over.
    public func stopped() async -> QUICError {
        let state = self.state
        let loop = connection.loop
        if loop.inEventLoop, let stop = state.stop { return stop }
        let flag = CancelFlag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { state.waitForStop(flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute { state.cancelStop() }
        }
    }

    /// No more will be written: FIN follows the last byte. Safe to repeat.
    public func finish() {
        let state = self.state
        connection.loop.perform { state.finish() }
    }

    /// Gives up our half: what was not acknowledged may never arrive. The other side's read throws
    /// `.streamReset` with `code`.
    public func reset(code: UInt64) {
        let state = self.state
        connection.loop.perform { state.reset(code: code) }
    }

    /// Asks the other side to send no more; its write throws `.stopSending` with `code`.
    public func stopSending(code: UInt64) {
        let state = self.state
        connection.loop.perform { state.stopSending(code: code) }
    }
}

extension EventLoop {
    /// At once when this is the loop's thread, else on it.
    func perform(_ work: @escaping @Sendable () -> Void) {
        if inEventLoop {
            work()
        } else {
            execute(work)
        }
    }
}
