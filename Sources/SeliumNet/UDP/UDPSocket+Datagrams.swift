internal import CPosix
internal import Glibc
public import NIOCore

extension UDPSocket {
    /// Sends what is readable in the buffer as one datagram to the fixed peer.
    ///
    /// - Throws: `.notConnected` without ``connect(to:)``; `.messageTooLong`; `.refused` when an earlier
    ///   datagram found nobody; `.cancelled`, `.shutDown`, `.timedOut`, `.closed`: nothing was sent.
    public func send(
        _ datagram: ByteBuffer, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        try await send(datagram, nil, Patience(duration ?? sendTimeout, shutdown))
    }

    /// Sends what is readable in the buffer as one datagram to an address. The authority is asked for
    /// each.
    public func send(
        _ datagram: ByteBuffer, to address: SeliumNetCore.SocketAddress,
        within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        try require(.sendTo, address, .send)
        try await send(datagram, address, Patience(duration ?? sendTimeout, shutdown))
    }

    private func send(
        _ datagram: ByteBuffer, _ address: SeliumNetCore.SocketAddress?, _ patience: Patience
    ) async throws(NetError) {
        let target = address.map { EndpointAddress.ip($0) }
        do throws(Failure) {
            _ = try await socket.perform(.writing, patience) {
                Socket.send($0, datagram, to: target)
            }
        } catch {
            throw NetError(error, doing: .send, address: target)
        }
    }

    /// Receives one datagram behind what is readable in the buffer.
    ///
    /// - Parameters:
    ///   - buffer: where the bytes come.
    ///   - limit: room for so many bytes; a longer datagram loses its rest.
    ///   - duration: how long to wait; nil takes ``receiveTimeout``.
    ///   - shutdown: ends the wait when it fires.
    /// - Throws: `.refused` when an earlier datagram to the fixed peer found nobody; `.cancelled`,
    ///   `.shutDown`, `.timedOut`, `.closed`: nothing was taken.
    public func receive(
        into buffer: inout ByteBuffer, atMost limit: Int = UDPSocket.maximumDatagram,
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> Received {
        try await take(
            into: &buffer, limit, false, Patience(duration ?? receiveTimeout, shutdown))
    }

    /// As ``receive(into:atMost:within:until:)``, and the datagram stays there to be received.
    public func peek(
        into buffer: inout ByteBuffer, atMost limit: Int = UDPSocket.maximumDatagram,
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> Received {
        try await take(
            into: &buffer, limit, true, Patience(duration ?? receiveTimeout, shutdown))
    }

    private func take(
        into buffer: inout ByteBuffer, _ limit: Int, _ peeking: Bool, _ patience: Patience
    ) async throws(NetError) -> Received {
        var sender: EndpointAddress?
        var isTruncated = false
        do throws(Failure) {
            let count = try await socket.perform(.reading, patience) {
                Socket.receive(
                    $0, into: &buffer, atMost: max(limit, 1), peeking: peeking, from: &sender,
                    truncated: &isTruncated)
            }
            return Received(
                count: count, sender: sender?.socketAddress ?? localAddress,
                isTruncated: isTruncated)
        } catch {
            throw NetError(error, doing: peeking ? .peek : .receive)
        }
    }

    /// Receives a datagram that is there already, nil when none is; from any thread.
    public func tryReceive(
        into buffer: inout ByteBuffer, atMost limit: Int = UDPSocket.maximumDatagram
    ) throws(NetError) -> Received? {
        var sender: EndpointAddress?
        var isTruncated = false
        do throws(Failure) {
            let result = try socket.use {
                Socket.receive(
                    $0, into: &buffer, atMost: max(limit, 1), peeking: false, from: &sender,
                    truncated: &isTruncated)
            }
            if result == -Int64(EAGAIN) { return nil }
            guard result >= 0 else { throw .system(Int32(clamping: -result)) }
            return Received(
                count: Int(result), sender: sender?.socketAddress ?? localAddress,
                isTruncated: isTruncated)
        } catch {
            throw NetError(error, doing: .receive)
        }
    }

    /// Sends a datagram if that takes no waiting, to the fixed peer or to an address; from any thread.
    ///
    /// - Returns: whether it was sent.
    public func trySend(
        _ datagram: ByteBuffer, to address: SeliumNetCore.SocketAddress? = nil
    ) throws(NetError) -> Bool {
        if let address { try require(.sendTo, address, .send) }
        let target = address.map { EndpointAddress.ip($0) }
        do throws(Failure) {
            let result = try socket.use { Socket.send($0, datagram, to: target) }
            if result == -Int64(EAGAIN) { return false }
            guard result >= 0 else { throw .system(Int32(clamping: -result)) }
            return true
        } catch {
            throw NetError(error, doing: .send, address: target)
        }
    }
}
