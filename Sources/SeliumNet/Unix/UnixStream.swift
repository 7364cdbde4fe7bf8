internal import CPosix

/// A connection between two processes of this machine.
///
/// It is closed when nobody holds it. Reading and writing is what every ``SocketStream`` does; besides
/// it knows who the peer is, and carries descriptors.
public final class UnixStream: SocketStream {
    /// The socket under it.
    public let socket: StreamSocket
    /// The address of this end; most clients have none.
    public let localAddress: UnixAddress
    /// The address of the other end.
    public let remoteAddress: UnixAddress

    init(_ socket: Socket, local: UnixAddress, remote: UnixAddress) {
        self.socket = StreamSocket(socket, remote: .unix(remote))
        localAddress = local
        remoteAddress = remote
    }

    /// Connects for a program that acts for itself; see `Network.connect(to:)`.
    public static func connect(
        to address: UnixAddress, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> UnixStream {
        try await Network.unrestricted.connect(to: address, within: duration, until: shutdown)
    }

    /// Two ends of a connection without a name.
    public static func pair() throws(NetError) -> (UnixStream, UnixStream) {
        do throws(Failure) {
            let (one, other) = try Socket.pair(kind: Int(CPOSIX_STREAM))
            return (
                UnixStream(one, local: .unnamed, remote: .unnamed),
                UnixStream(other, local: .unnamed, remote: .unnamed)
            )
        } catch {
            throw NetError(error, doing: .open)
        }
    }

    /// Who the peer was when it connected, or began to listen (SO_PEERCRED).
    public var peerCredentials: PeerCredentials {
        get throws(NetError) {
            do throws(Failure) {
                return try socket.socket.peerCredentials()
            } catch {
                throw socket.error(error, .option)
            }
        }
    }
}

/// The process at the other end of a Unix connection, as the kernel knows it.
public struct PeerCredentials: Hashable, Sendable {
    /// Its process, 0 when it is none of this namespace. It may have ended, and the number may be
    /// another's by now.
    public let processID: Int32
    /// Its effective user.
    public let userID: UInt32
    /// Its effective group.
    public let groupID: UInt32
}
