internal import CPosix
internal import Synchronization

/// A UDP socket.
///
/// Any number of tasks may send and receive at once; each datagram goes to one of them. What nobody
/// takes is with the kernel, which drops what its buffer cannot hold.
public final class UDPSocket: Sendable {
    /// What has come in one datagram; its bytes are in the buffer that was given.
    public struct Received: Hashable, Sendable {
        /// How many bytes were put into the buffer.
        public let count: Int
        /// Who sent it.
        public let sender: SocketAddress
        /// Whether it was longer than the room it had: the rest is lost.
        public let isTruncated: Bool
    }

    private struct State {
        var peer: SocketAddress?
        var receiveTimeout: Duration?
        var sendTimeout: Duration?
    }

    /// The most a datagram can hold, in bytes.
    public static let maximumDatagram = 65_535

    let socket: Socket
    private let bound: SocketAddress
    let authority: NetworkAuthority
    private let state: Mutex<State>

    init(
        _ socket: Socket, local: SocketAddress, peer: SocketAddress?, authority: NetworkAuthority
    ) {
        self.socket = socket
        bound = local
        self.authority = authority
        state = Mutex(State(peer: peer))
    }

    /// Binds for a program that acts for itself; see ``Network/bindUDP(_:options:)``.
    public static func bind(
        _ target: some SocketTargetConvertible, options: UDPOptions = UDPOptions()
    ) async throws(NetError) -> UDPSocket {
        try await Network.unrestricted.bindUDP(target, options: options)
    }

    /// Where it is bound, the port resolved. Connecting chooses the address of one that was bound to
    /// all of them.
    public var localAddress: SocketAddress {
        (try? socket.localAddress())??.socketAddress ?? bound
    }

    /// The fixed peer, nil when there is none.
    public var remoteAddress: SocketAddress? { state.withLock(\.peer) }

    /// The number of the descriptor; see ``StreamSocket/descriptor``.
    public var descriptor: Int32 { socket.descriptor }

    /// How long receiving waits that does not say it; nil: for ever.
    public var receiveTimeout: Duration? {
        get { state.withLock(\.receiveTimeout) }
        set { state.withLock { $0.receiveTimeout = newValue } }
    }

    /// How long sending waits that does not say it; nil: for ever.
    public var sendTimeout: Duration? {
        get { state.withLock(\.sendTimeout) }
        set { state.withLock { $0.sendTimeout = newValue } }
    }

    /// Fixes the peer: ``send(_:within:until:)`` goes there, only its datagrams are received, and its
    /// ICMP errors are heard. Nothing is sent.
    ///
    /// - Throws: `.denied` by the authority, which is asked to connect.
    public func connect(to peer: SocketAddress) throws(NetError) {
        try require(.connect, peer, .connect)
        do throws(Failure) {
            try socket.setPeer(.ip(peer))
        } catch {
            throw NetError(error, doing: .connect, address: .ip(peer))
        }
        state.withLock { $0.peer = peer }
    }

    /// Has no fixed peer any more.
    public func disconnect() throws(NetError) {
        do throws(Failure) {
            try socket.call { cposix_disconnect($0) }
        } catch {
            throw NetError(error, doing: .connect)
        }
        state.withLock { $0.peer = nil }
    }

    /// Closes it; whoever waits is told `.closed`.
    public func close() {
        socket.close()
    }

    func require(
        _ operation: NetworkOperation, _ address: SocketAddress, _ doing: NetError.Operation
    ) throws(NetError) {
        if case .denied(let denial) = authority.check(operation, .socket(.udp, address)) {
            throw NetError(denial, doing: doing, address: .ip(address))
        }
    }
}
