/// Accepts connections of processes of this machine.
///
/// A path that it made is removed when it is closed, if it still is the same file.
public final class UnixListener: ConnectionSource {
    /// A new connection.
    public typealias Connection = UnixStream

    /// Where it listens.
    public let localAddress: UnixAddress
    private let acceptor: Acceptor
    private let authority: NetworkAuthority
    private let file: SocketFile?

    init(_ socket: Socket, local: UnixAddress, authority: NetworkAuthority, ownsFile: Bool) {
        localAddress = local
        acceptor = Acceptor(socket, local: .unix(local))
        self.authority = authority
        file = ownsFile ? SocketFile(local) : nil
    }

    deinit { close() }

    /// Listens for a program that acts for itself; see `Network.listen(on:)`.
    public static func bind(
        _ address: UnixAddress, options: UnixOptions = UnixOptions()
    ) throws(NetError) -> UnixListener {
        try Network.unrestricted.listen(on: address, options: options)
    }

    /// The number of the descriptor; see ``StreamSocket/descriptor``.
    public var descriptor: Int32 { acceptor.socket.descriptor }

    /// The next connection; as with TCP. The authority is asked about the listener's own address:
    /// clients have none.
    public func accept(
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> UnixStream {
        try stream(try await acceptor.accept(Patience(duration, shutdown)))
    }

    /// A connection that waits already, nil when none does; from any thread.
    public func tryAccept() throws(NetError) -> UnixStream? {
        guard let accepted = try acceptor.tryAccept() else { return nil }
        return try stream(accepted)
    }

    private func stream(_ accepted: (Socket, EndpointAddress)) throws(NetError) -> UnixStream {
        let (socket, peer) = accepted
        let target = acceptor.local.target(over: .unix)
        if case .denied(let denial) = authority.check(.accept, target) {
            socket.close()
            throw NetError(denial, doing: .accept, address: acceptor.local)
        }
        return UnixStream(socket, local: localAddress, remote: peer.unixAddress ?? .unnamed)
    }

    /// Closes it; who waits is told `.closed`, accepted connections go on.
    public func close() {
        guard !acceptor.socket.isClosed else { return }
        file?.remove()
        acceptor.socket.close()
    }
}
