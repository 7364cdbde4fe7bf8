internal import Glibc

/// The socket under a listener: what TCP and Unix listeners have in common.
final class Acceptor: Sendable {
    /// The first pause when there are no descriptors or no memory for another connection, and the
    /// longest: a peer may not keep a thread busy with failing.
    static let firstPause = Duration.milliseconds(5)
    static let longestPause = Duration.seconds(1)

    let socket: Socket
    let local: EndpointAddress

    init(_ socket: Socket, local: EndpointAddress) {
        self.socket = socket
        self.local = local
    }

    /// The next connection and whom it is with. Survives what concerns one connection only, and waits
    /// out a lack of descriptors.
    func accept(_ patience: Patience) async throws(NetError) -> (Socket, EndpointAddress) {
        do throws(Failure) {
            return try await take(patience)
        } catch {
            throw NetError(error, doing: .accept, address: local)
        }
    }

    /// One that waits already; nil when none does.
    func tryAccept() throws(NetError) -> (Socket, EndpointAddress)? {
        do throws(Failure) {
            return try tryTake()
        } catch {
            throw NetError(error, doing: .accept, address: local)
        }
    }

    private func take(_ patience: Patience) async throws(Failure) -> (Socket, EndpointAddress) {
        var pause = Self.firstPause
        while true {
            var peer: EndpointAddress?
            do throws(Failure) {
                let descriptor = try await socket.perform(.reading, patience) {
                    Socket.accept($0, &peer)
                }
                return (
                    try Socket.owning(Int32(truncatingIfNeeded: descriptor)), peer ?? local
                )
            } catch {
                guard case .system(let number) = error else { throw error }
                if Self.concernsOne(number) { continue }
                guard Self.isLack(number) else { throw error }
                try await socket.pause(pause, patience)
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    private func tryTake() throws(Failure) -> (Socket, EndpointAddress)? {
        while true {
            var peer: EndpointAddress?
            let result = try socket.use { Socket.accept($0, &peer) }
            if result >= 0 {
                return (try Socket.owning(Int32(truncatingIfNeeded: result)), peer ?? local)
            }
            let number = Int32(clamping: -result)
            if number == EAGAIN { return nil }
            if !Self.concernsOne(number) { throw .system(number) }
        }
    }

    /// What accept(2) says of a connection that is gone already, network errors included.
    private static func concernsOne(_ number: Int32) -> Bool {
        switch number {
        case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
            ENETUNREACH:
            true
        default: false
        }
    }

    /// ENOSPC is what epoll_ctl(2) says beyond fs.epoll.max_user_watches.
    private static func isLack(_ number: Int32) -> Bool {
        switch number {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC: true
        default: false
        }
    }
}
