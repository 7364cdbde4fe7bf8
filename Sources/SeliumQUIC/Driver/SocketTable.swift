internal import NIOCore

/// The sockets of one endpoint, found by the address they answer from.
struct SocketTable {
    /// Addresses of this host that get a socket of their own beside a wildcard.
    static let maximumSockets = 64
    /// Datagrams that wait while such a socket is made.
    static let maximumHeld = 64

    private(set) var sockets: [DatagramSocket] = []
    /// What waits for a socket that is being bound, by its address.
    var held: [Address: [ReceivedDatagrams]] = [:]
    /// Addresses that cannot be bound (broadcast, for example): the wildcard answers for them.
    var unbindable: Set<Address> = []

    mutating func add(_ socket: DatagramSocket) {
        sockets.append(socket)
    }

    mutating func remove(_ handler: DatagramHandler) -> DatagramSocket? {
        guard let index = sockets.firstIndex(where: { $0.handler === handler }) else { return nil }
        return sockets.remove(at: index)
    }

    var areWritable: Bool { sockets.allSatisfy { $0.handler.isWritable } }

    /// Whether answers from `local` would leave with another source address.
    func needsOwnSocket(_ local: Address) -> Bool {
        !sockets.contains { $0.local == local } && !unbindable.contains(local)
            && sockets.count < Self.maximumSockets && !local.address.isUnspecified
    }

    /// The socket that answers from `local`, else the wildcard of its family and port.
    func socket(for local: Address) -> DatagramHandler? {
        if sockets.count == 1 { return sockets[0].handler }
        if let exact = sockets.first(where: { $0.local == local }) { return exact.handler }
        return sockets.first {
            $0.isWildcard && $0.local.port == local.port
                && $0.local.address.isIPv6 == local.address.isIPv6
        }?.handler
    }

    /// The wildcard beside which `local` lies.
    func wildcard(beside local: Address) -> DatagramSocket? {
        sockets.first {
            $0.isWildcard && $0.local.port == local.port
                && $0.local.address.isIPv6 == local.address.isIPv6
        }
    }

    func flush() {
        for socket in sockets { socket.handler.flush() }
    }

    mutating func close(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let closing = sockets.map { socket in
            socket.handler.detach()
            return socket.channel.close()
        }
        sockets = []
        held = [:]
        return EventLoopFuture.whenAllComplete(closing, on: loop).map { _ in }
    }
}
