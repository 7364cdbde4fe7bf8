public import NIOCore

/// A connected stream of bytes over a socket: ``TCPStream`` and ``UnixStream``.
///
/// One task may read and one may write at a time; a second one is told `.busy`. Nothing is buffered
/// here: bytes are with the kernel until a read returns them, and a write has handed over exactly what
/// its buffer does not hold any more. So an operation that is cancelled, shut down or out of time
/// loses nothing and may be tried again.
public protocol SocketStream: Sendable {
    /// The socket under it.
    var socket: StreamSocket { get }
}

extension SocketStream {
    /// Reads what there is, at most `limit` bytes, behind what is readable in the buffer.
    ///
    /// - Parameters:
    ///   - buffer: where the bytes come.
    ///   - limit: how many bytes at most, at least 1. A buffer without room gets some, 4 KiB for a
    ///     stream that has little to read and up to 64 KiB for one that has much.
    ///   - duration: how long to wait; nil takes ``readTimeout``.
    ///   - shutdown: ends the wait when it fires.
    /// - Returns: the number of bytes, 0 when the peer has finished.
    /// - Throws: `.cancelled`, `.shutDown`, `.timedOut`, `.reset`, `.closed`, `.busy`.
    public func read(
        into buffer: inout ByteBuffer, atMost limit: Int = 65_536, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> Int {
        try await take(
            into: &buffer, limit, false, Patience(duration ?? socket.readTimeout, shutdown))
    }

    /// As ``read(into:atMost:within:until:)``, and the bytes stay there to be read.
    public func peek(
        into buffer: inout ByteBuffer, atMost limit: Int = 65_536, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> Int {
        try await take(
            into: &buffer, limit, true, Patience(duration ?? socket.readTimeout, shutdown))
    }

    private func take(
        into buffer: inout ByteBuffer, _ limit: Int, _ peeking: Bool, _ patience: Patience
    ) async throws(NetError) -> Int {
        let operation: NetError.Operation = peeking ? .peek : .read
        try socket.claim(.reading, operation)
        defer { socket.release(.reading) }
        do throws(Failure) {
            let limit = max(limit, 1)
            let count = try await socket.socket.read(
                into: &buffer, room: socket.room(atMost: limit), atMost: limit, peeking: peeking,
                patience)
            socket.noteRead(count)
            return count
        } catch {
            throw socket.error(error, operation)
        }
    }

    /// Reads until the buffer holds `count` readable bytes. What has come before it throws is in the
    /// buffer.
    ///
    /// - Throws: as a read; `.truncated` when the peer finishes before.
    public func read(
        into buffer: inout ByteBuffer, upTo count: Int, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        let patience = Patience(duration ?? socket.readTimeout, shutdown)
        while buffer.readableBytes < count {
            let missing = min(count - buffer.readableBytes, 65_536)
            guard try await take(into: &buffer, missing, false, patience) > 0 else {
                throw NetError(
                    .truncated, doing: .read, address: socket.remote,
                    detail: "\(buffer.readableBytes) of \(count) bytes came")
            }
        }
    }

    /// Writes everything that is readable in the buffer. The reader index moves over what has been
    /// handed to the kernel, also when it throws.
    ///
    /// - Parameters:
    ///   - buffer: what to write.
    ///   - duration: how long it may take in all; nil takes ``writeTimeout``.
    ///   - shutdown: ends the wait when it fires.
    /// - Throws: `.cancelled`, `.shutDown`, `.timedOut`, `.reset`, `.brokenPipe`, `.closed`, `.busy`.
    public func write(
        _ buffer: inout ByteBuffer, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        try socket.claim(.writing, .write)
        defer { socket.release(.writing) }
        let patience = Patience(duration ?? socket.writeTimeout, shutdown)
        do throws(Failure) {
            while buffer.readableBytes > 0 {
                _ = try await socket.socket.perform(.writing, patience) { descriptor in
                    Socket.write(descriptor, from: &buffer)
                }
            }
        } catch {
            throw socket.error(error, .write)
        }
    }

    /// Writes a text in UTF-8; as `write(_:)` of a buffer but for the account of what has gone.
    public func write(
        _ text: String, within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        var buffer = ByteBuffer(string: text)
        try await write(&buffer, within: duration, until: shutdown)
    }

    /// Waits until what was written is handed over. It always is: a write returns no sooner.
    public func flush() async throws(NetError) {
        guard !socket.socket.isClosed else { throw socket.error(.closed, .write) }
    }

    /// Ends a direction; the other goes on.
    public func shutdown(_ half: StreamHalf) throws(NetError) {
        try socket.shutdown(half)
    }

    /// Closes it. Whoever waits is told `.closed`. Bytes that came and were not read make the peer see
    /// a reset. Nothing happens a second time, and without a call when nobody holds the stream.
    public func close() {
        socket.socket.close()
    }

    /// How long reads wait that do not say it; nil: for ever.
    public var readTimeout: Duration? {
        get { socket.readTimeout }
        nonmutating set { socket.readTimeout = newValue }
    }

    /// How long writes wait that do not say it; nil: for ever.
    public var writeTimeout: Duration? {
        get { socket.writeTimeout }
        nonmutating set { socket.writeTimeout = newValue }
    }
}
