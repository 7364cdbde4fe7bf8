/// A TCP connection.
///
/// It is closed when nobody holds it. Reading and writing is what every ``SocketStream`` does.
public final class TCPStream: SocketStream {
    /// The socket under it.
    public let socket: StreamSocket
    /// The address of this end.
    public let localAddress: SocketAddress
    /// The address of the other end. On a socket for both families an IPv4 peer is an IPv4-mapped
    /// IPv6 address; `canonical` of its address is the IPv4 one.
    public let remoteAddress: SocketAddress

    init(_ socket: Socket, local: SocketAddress, remote: SocketAddress) {
        self.socket = StreamSocket(socket, remote: .ip(remote))
        self.localAddress = local
        self.remoteAddress = remote
    }

    /// Connects for a program that acts for itself; see `Network.connect(to:)`.
    public static func connect(
        to target: some SocketTargetConvertible, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> TCPStream {
        try await Network.unrestricted.connect(to: target, within: duration, until: shutdown)
    }

    /// Whether small writes go at once instead of waiting for an acknowledgement (TCP_NODELAY). On
    /// for every stream made here: who writes in small pieces and wants them gathered turns it off.
    public var noDelay: Bool { get throws(NetError) { try socket.option(.noDelay) != 0 } }

    /// See ``noDelay``.
    public func setNoDelay(_ enable: Bool) throws(NetError) {
        try socket.set(.noDelay, enable ? 1 : 0)
    }

    /// Whether the kernel asks a silent peer if it is still there.
    public var keepAlive: Bool { get throws(NetError) { try socket.option(.keepAlive) != 0 } }

    /// See ``keepAlive``. The three values are the system's when they are nil, and in whole seconds,
    /// rounded up.
    ///
    /// - Parameters:
    ///   - enable: whether it asks.
    ///   - idle: silence before the first question.
    ///   - interval: time between questions.
    ///   - count: questions without an answer after which the connection is over.
    public func setKeepAlive(
        _ enable: Bool, idle: Duration? = nil, interval: Duration? = nil, count: Int? = nil
    ) throws(NetError) {
        if let idle { try socket.set(.keepIdle, seconds(idle)) }
        if let interval { try socket.set(.keepInterval, seconds(interval)) }
        if let count { try socket.set(.keepCount, count) }
        try socket.set(.keepAlive, enable ? 1 : 0)
    }

    /// How long the kernel goes on to send after closing while closing waits, in whole seconds; nil
    /// when closing does not wait. Zero resets the connection instead of finishing it.
    public var linger: Duration? {
        get throws(NetError) {
            do throws(Failure) {
                return try socket.socket.linger().map { .seconds($0) }
            } catch {
                throw socket.error(error, .option)
            }
        }
    }

    /// See ``linger``, rounded up: half a second is not the zero that resets. Anything but nil and
    /// zero blocks the thread that closes.
    public func setLinger(_ duration: Duration?) throws(NetError) {
        do throws(Failure) {
            try socket.socket.setLinger(duration.map { seconds($0) })
        } catch {
            throw socket.error(error, .option)
        }
    }

    /// How many routers a packet may pass (the hop limit, for IPv6).
    public var ttl: Int { get throws(NetError) { try socket.option(ttlOption) } }

    /// See ``ttl``: 1 to 255.
    public func setTTL(_ ttl: Int) throws(NetError) {
        try socket.set(ttlOption, ttl)
    }

    private var ttlOption: SocketOption { localAddress.isIPv6 ? .hops : .ttl }

    private func seconds(_ duration: Duration) -> Int {
        let (whole, rest) = duration.components
        return Int(clamping: rest > 0 && whole < .max ? whole + 1 : whole)
    }
}

extension SocketStream {
    /// Bytes that the kernel keeps of what was written. It doubles what is set and says the double.
    public var sendBufferSize: Int { get throws(NetError) { try socket.option(.sendBuffer) } }

    /// See ``sendBufferSize``.
    public func setSendBufferSize(_ bytes: Int) throws(NetError) {
        try socket.set(.sendBuffer, bytes)
    }

    /// Bytes that the kernel keeps of what was not read. It doubles what is set and says the double.
    public var receiveBufferSize: Int { get throws(NetError) { try socket.option(.receiveBuffer) } }

    /// See ``receiveBufferSize``.
    public func setReceiveBufferSize(_ bytes: Int) throws(NetError) {
        try socket.set(.receiveBuffer, bytes)
    }
}
