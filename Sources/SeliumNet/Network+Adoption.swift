internal import Glibc

extension Network {
    /// Takes over a listening TCP socket that somebody else opened: a service manager, an earlier
    /// process. The descriptor is this room's afterwards; when it throws it stays the caller's.
    ///
    /// - Throws: `.denied`, `.unsupported` for another kind of descriptor, `.other` for none.
    public func adoptTCPListener(_ descriptor: Int32) throws(NetError) -> TCPListener {
        let (socket, local) = try adopt(
            descriptor, as: Socket.Kind(isUnix: false, isStream: true, isListening: true), .tcp)
        guard let local = local.socketAddress else { throw Self.wrongKind }
        return TCPListener(socket, local: local, authority: authority)
    }

    /// Takes over a connected TCP socket; see ``adoptTCPListener(_:)``.
    public func adoptTCPStream(_ descriptor: Int32) throws(NetError) -> TCPStream {
        guard let peer = Socket.peer(descriptor)?.socketAddress else { throw Self.wrongKind }
        let (socket, local) = try adopt(
            descriptor, as: Socket.Kind(isUnix: false, isStream: true, isListening: false), .tcp)
        guard let local = local.socketAddress else { throw Self.wrongKind }
        return TCPStream(socket, local: local, remote: peer)
    }

    /// Takes over a bound UDP socket; see ``adoptTCPListener(_:)``.
    public func adoptUDPSocket(_ descriptor: Int32) throws(NetError) -> UDPSocket {
        let (socket, local) = try adopt(
            descriptor, as: Socket.Kind(isUnix: false, isStream: false, isListening: false), .udp)
        guard let local = local.socketAddress else { throw Self.wrongKind }
        return UDPSocket(
            socket, local: local, peer: Socket.peer(descriptor)?.socketAddress, authority: authority
        )
    }

    /// Takes over a listening Unix socket; see ``adoptTCPListener(_:)``. The file is not removed when
    /// it is closed: whoever made it may use it again.
    public func adoptUnixListener(_ descriptor: Int32) throws(NetError) -> UnixListener {
        let (socket, local) = try adopt(
            descriptor, as: Socket.Kind(isUnix: true, isStream: true, isListening: true), .unix)
        guard let local = local.unixAddress else { throw Self.wrongKind }
        return UnixListener(socket, local: local, authority: authority, ownsFile: false)
    }

    /// Takes over a connected Unix socket, one end of a socketpair(2) too; see
    /// ``adoptTCPListener(_:)``.
    public func adoptUnixStream(_ descriptor: Int32) throws(NetError) -> UnixStream {
        guard let peer = Socket.peer(descriptor)?.unixAddress else { throw Self.wrongKind }
        let (socket, local) = try adopt(
            descriptor, as: Socket.Kind(isUnix: true, isStream: true, isListening: false), .unix)
        guard let local = local.unixAddress else { throw Self.wrongKind }
        return UnixStream(socket, local: local, remote: peer)
    }

    private static var wrongKind: NetError {
        NetError(
            .unsupported, doing: .adopt, errno: EPROTOTYPE, detail: "another kind of descriptor")
    }

    private func adopt(
        _ descriptor: Int32, as wanted: Socket.Kind, _ transport: NetworkTransport
    ) throws(NetError) -> (Socket, EndpointAddress) {
        let local: EndpointAddress
        do throws(Failure) {
            let found: Socket.Kind
            (found, local) = try Socket.inspect(descriptor)
            guard found == wanted else { throw .system(EPROTOTYPE) }
        } catch {
            if case .system(EPROTOTYPE) = error { throw Self.wrongKind }
            throw NetError(error, doing: .adopt)
        }
        try require(.adopt, local.target(over: transport), .adopt, local)
        do throws(Failure) {
            return (try Socket.adopt(descriptor), local)
        } catch {
            throw NetError(error, doing: .adopt, address: local)
        }
    }
}

extension EndpointAddress {
    /// What the authority is asked about.
    func target(over transport: NetworkTransport) -> NetworkTarget {
        switch self {
        case .ip(let address): .socket(transport, address)
        case .unix(let address): .path(address.description)
        }
    }
}
