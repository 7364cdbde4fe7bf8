internal import CPosix
internal import Glibc
public import NIOCore

/// A Unix socket of datagrams: kept whole, in order, and never lost; a sender waits for a full receiver.
public final class UnixDatagramSocket: Sendable {
    /// What has come in one datagram.
    public struct Received: Hashable, Sendable {
        /// How many bytes were put into the buffer.
        public let count: Int
        /// Who sent it; unnamed when it has no address to answer to.
        public let sender: UnixAddress
        /// Whether it was longer than the room it had: the rest is lost.
        public let isTruncated: Bool
    }

    /// Where it is bound; unnamed when it only sends.
    public let localAddress: UnixAddress
    private let socket: Socket
    private let authority: NetworkAuthority
    private let file: SocketFile?

    init(_ socket: Socket, local: UnixAddress, authority: NetworkAuthority) {
        self.socket = socket
        localAddress = local
        self.authority = authority
        file = SocketFile(local)
    }

    deinit { close() }

    /// Binds for a program that acts for itself; see ``Network/bindUnixDatagrams(_:options:)``.
    public static func bind(
        _ address: UnixAddress = .unnamed, options: UnixOptions = UnixOptions()
    ) throws(NetError) -> UnixDatagramSocket {
        try Network.unrestricted.bindUnixDatagrams(address, options: options)
    }

    /// The number of the descriptor; see ``StreamSocket/descriptor``.
    public var descriptor: Int32 { socket.descriptor }

    /// Sends what is readable in the buffer as one datagram; waits while the receiver's queue is full.
    ///
    /// - Throws: `.denied`, `.notFound`, `.refused`, `.messageTooLong`, `.cancelled`, `.timedOut`.
    public func send(
        _ datagram: ByteBuffer, to address: UnixAddress, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) {
        let target = EndpointAddress.unix(address)
        if case .denied(let denial) = authority.check(.sendTo, target.target(over: .unix)) {
            throw NetError(denial, doing: .send, address: target)
        }
        let patience = Patience(duration, shutdown)
        var delay = Duration.milliseconds(1)
        do throws(Failure) {
            while true {
                try socket.check(patience)
                let result = try socket.use { Socket.send($0, datagram, to: target) }
                if result >= 0 { return }
                guard result == -Int64(EAGAIN) else { throw .system(Int32(clamping: -result)) }
                // It is the receiver's queue that is full: this socket stays writable, and the kernel
                // tells a sender without a fixed peer nothing.
                try await socket.pause(delay, patience)
                delay = min(delay * 2, .milliseconds(50))
            }
        } catch {
            throw NetError(error, doing: .send, address: target)
        }
    }

    /// Receives one datagram behind what is readable in the buffer.
    ///
    /// - Throws: `.cancelled`, `.shutDown`, `.timedOut`, `.closed`: nothing was taken.
    public func receive(
        into buffer: inout ByteBuffer, atMost limit: Int = 65_536,
        within duration: Duration? = nil, until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> Received {
        var sender: EndpointAddress?
        var isTruncated = false
        do throws(Failure) {
            let count = try await socket.perform(.reading, Patience(duration, shutdown)) {
                Socket.receive(
                    $0, into: &buffer, atMost: max(limit, 1), peeking: false, from: &sender,
                    truncated: &isTruncated)
            }
            return Received(
                count: count, sender: sender?.unixAddress ?? .unnamed, isTruncated: isTruncated)
        } catch {
            throw NetError(error, doing: .receive, address: .unix(localAddress))
        }
    }

    /// Closes it; who waits is told `.closed`.
    public func close() {
        guard !socket.isClosed else { return }
        file?.remove()
        socket.close()
    }
}
