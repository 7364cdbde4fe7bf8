internal import CPosix

/// Accepts TCP connections on one address.
///
/// Nothing is accepted that nobody asks for: what waits is with the kernel, bounded by its backlog. Any
/// number of tasks may accept at once.
public final class TCPListener: ConnectionSource {
    /// A new connection.
    public typealias Connection = TCPStream

    /// Where it listens, the port resolved.
    public let localAddress: SocketAddress
    private let acceptor: Acceptor
    private let authority: NetworkAuthority

    init(_ socket: Socket, local: SocketAddress, authority: NetworkAuthority) {
        localAddress = local
        acceptor = Acceptor(socket, local: .ip(local))
        self.authority = authority
    }

    /// Listens for a program that acts for itself; see `Network.listen(on:)`.
    public static func bind(
        _ target: some SocketTargetConvertible, options: ListenOptions = ListenOptions()
    ) async throws(NetError) -> TCPListener {
        try await Network.unrestricted.listen(on: target, options: options)
    }

    /// The number of the descriptor; see ``StreamSocket/descriptor``.
    public var descriptor: Int32 { acceptor.socket.descriptor }

    /// The next connection.
    ///
    /// A lack of descriptors or memory is waited out, with pauses from 5 ms to a second; connections
    /// that ended before they were accepted are passed over.
    ///
    /// - Parameters:
    ///   - duration: how long to wait; nil: for ever.
    ///   - shutdown: ends the wait when it fires.
    /// - Throws: `.denied` for a peer that the authority does not allow, which is closed;
    ///   `.cancelled`, `.shutDown`, `.timedOut`, `.closed`.
    public func accept(
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> TCPStream {
        try stream(try await acceptor.accept(Patience(duration, shutdown)))
    }

    /// A connection that waits already, nil when none does; from any thread.
    public func tryAccept() throws(NetError) -> TCPStream? {
        guard let accepted = try acceptor.tryAccept() else { return nil }
        return try stream(accepted)
    }

    private func stream(_ accepted: (Socket, EndpointAddress)) throws(NetError) -> TCPStream {
        let (socket, peer) = accepted
        guard let remote = peer.socketAddress else {
            throw NetError(.unsupported, doing: .accept, address: peer)
        }
        if case .denied(let denial) = authority.check(.accept, .socket(.tcp, remote)) {
            socket.close()
            throw NetError(denial, doing: .accept, address: peer)
        }
        // Gone between accepting and asking is what the first read will say.
        let local = (try? socket.localAddress())??.socketAddress ?? localAddress
        try? socket.set(.noDelay, true)
        return TCPStream(socket, local: local, remote: remote)
    }

    /// Closes it: the address is free, who waits is told `.closed`, accepted connections go on.
    public func close() {
        acceptor.socket.close()
    }

    /// How many routers the packets of connections may pass (the hop limit, for IPv6).
    public var ttl: Int { get throws(NetError) { try option(ttlOption) } }

    /// See ``ttl``: 1 to 255; for connections accepted from now on.
    public func setTTL(_ ttl: Int) throws(NetError) {
        do throws(Failure) {
            try acceptor.socket.set(ttlOption, ttl)
        } catch {
            throw NetError(error, doing: .option, address: acceptor.local)
        }
    }

    /// Whether it refuses IPv4; false on an IPv4 address. It is decided before binding, by
    /// ``ListenOptions/onlyV6``: the system changes it for nobody afterwards.
    public var onlyV6: Bool {
        get throws(NetError) { localAddress.isIPv6 ? try option(.onlyV6) != 0 : false }
    }

    private var ttlOption: SocketOption { localAddress.isIPv6 ? .hops : .ttl }

    private func option(_ option: SocketOption) throws(NetError) -> Int {
        do throws(Failure) {
            return Int(try acceptor.socket.option(option))
        } catch {
            throw NetError(error, doing: .option, address: acceptor.local)
        }
    }
}
