internal import Glibc
public import NIOCore

extension SocketStream {
    /// Reads what is there without waiting; from any thread, also one without tasks.
    public func tryRead(
        into buffer: inout ByteBuffer, atMost limit: Int = 65_536
    ) throws(NetError) -> Attempt {
        try attempt(.reading, .read) {
            let limit = max(limit, 1)
            return Socket.read(
                $0, into: &buffer, room: socket.room(atMost: limit), atMost: limit, peeking: false)
        }
    }

    /// Reads what is there into a span without waiting and without allocating.
    public func tryRead(into span: inout MutableSpan<UInt8>) throws(NetError) -> Attempt {
        guard !span.isEmpty else { return .moved(0) }
        return try attempt(.reading, .read) { Socket.read($0, into: &span, peeking: false) }
    }

    /// As `tryRead`, and the bytes stay there to be read.
    public func tryPeek(
        into buffer: inout ByteBuffer, atMost limit: Int = 65_536
    ) throws(NetError) -> Attempt {
        try attempt(.reading, .peek) {
            let limit = max(limit, 1)
            return Socket.read(
                $0, into: &buffer, room: socket.room(atMost: limit), atMost: limit, peeking: true)
        }
    }

    /// Hands over what the kernel takes without waiting; the reader index moves over it.
    public func tryWrite(_ buffer: inout ByteBuffer) throws(NetError) -> Attempt {
        guard buffer.readableBytes > 0 else { return .moved(0) }
        return try attempt(.writing, .write) { Socket.write($0, from: &buffer) }
    }

    /// Hands over what the kernel takes of a span without waiting and without allocating.
    public func tryWrite(_ span: Span<UInt8>) throws(NetError) -> Attempt {
        guard !span.isEmpty else { return .moved(0) }
        return try attempt(.writing, .write) { Socket.write($0, from: span) }
    }

    /// Waits until a `tryRead` would not answer `.wouldBlock`.
    public func waitReadable(
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        try await wait(.reading, .read, Patience(duration ?? socket.readTimeout, shutdown))
    }

    /// Waits until a `tryWrite` would not answer `.wouldBlock`.
    public func waitWritable(
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        try await wait(.writing, .write, Patience(duration ?? socket.writeTimeout, shutdown))
    }

    private func wait(
        _ direction: Readiness.Direction, _ operation: NetError.Operation, _ patience: Patience
    ) async throws(NetError) {
        try socket.claim(direction, operation)
        defer { socket.release(direction) }
        do throws(Failure) {
            _ = try await socket.socket.perform(direction, patience) {
                Socket.readiness($0, direction)
            }
        } catch {
            throw socket.error(error, operation)
        }
    }

    private func attempt(
        _ direction: Readiness.Direction, _ operation: NetError.Operation, _ body: (Int32) -> Int64
    ) throws(NetError) -> Attempt {
        try socket.claim(direction, operation)
        defer { socket.release(direction) }
        do throws(Failure) {
            let result = try socket.socket.use(body)
            if result > 0 { return .moved(Int(result)) }
            if result == 0 { return direction == .reading ? .ended : .moved(0) }
            guard result == -Int64(EAGAIN) else { throw .system(Int32(clamping: -result)) }
            return .wouldBlock
        } catch {
            throw socket.error(error, operation)
        }
    }
}
