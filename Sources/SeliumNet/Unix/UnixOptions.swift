internal import CPosix

/// How a Unix socket is bound.
public struct UnixOptions: Hashable, Sendable {
    /// Connections that the kernel keeps for a listener that does not accept.
    public var backlog: Int
    /// Whether a socket's file that nobody listens on any more is replaced. Any other file stays, and
    /// one that somebody listens on too: `.addressInUse`.
    public var replacesStale: Bool

    /// A socket that is alone on its path.
    public init(backlog: Int = 1_024, replacesStale: Bool = false) {
        self.backlog = backlog
        self.replacesStale = replacesStale
    }
}

extension Network {
    /// Connects to a Unix socket. While its listener's queue is full it tries again, every 50 ms at
    /// the longest.
    ///
    /// - Throws: `.denied`, `.notFound`, `.refused`, `.permission`, `.timedOut`.
    public func connect(
        to address: UnixAddress, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> UnixStream {
        let endpoint = EndpointAddress.unix(address)
        try require(.connect, endpoint.target(over: .unix), .connect, endpoint)
        do throws(Failure) {
            let socket = try Socket.make(family: Int(CPOSIX_UNIX), kind: Int(CPOSIX_STREAM))
            try await socket.connect(to: endpoint, Patience(duration, shutdown))
            return UnixStream(socket, local: .unnamed, remote: address)
        } catch {
            throw NetError(error, doing: .connect, address: endpoint)
        }
    }

    /// Listens on a path or an abstract name.
    ///
    /// - Throws: `.denied`, `.addressInUse`, `.permission`, `.notFound` for a directory that is not there.
    public func listen(
        on address: UnixAddress, options: UnixOptions = UnixOptions()
    ) throws(NetError) -> UnixListener {
        let endpoint = EndpointAddress.unix(address)
        try require(.bind, endpoint.target(over: .unix), .bind, endpoint)
        try require(.listen, endpoint.target(over: .unix), .listen, endpoint)
        do throws(Failure) {
            let socket = try Socket.make(family: Int(CPOSIX_UNIX), kind: Int(CPOSIX_STREAM))
            try bind(socket, endpoint, options)
            try socket.listen(backlog: options.backlog)
            let local = try socket.localAddress()?.unixAddress ?? address
            return UnixListener(socket, local: local, authority: authority, ownsFile: true)
        } catch {
            throw NetError(error, doing: .bind, address: endpoint)
        }
    }

    /// Binds a Unix datagram socket; `.unnamed` for one that only sends.
    ///
    /// - Throws: as listening.
    public func bindUnixDatagrams(
        _ address: UnixAddress = .unnamed, options: UnixOptions = UnixOptions()
    ) throws(NetError) -> UnixDatagramSocket {
        let endpoint = EndpointAddress.unix(address)
        if address != .unnamed {
            try require(.bind, endpoint.target(over: .unix), .bind, endpoint)
        }
        do throws(Failure) {
            let socket = try Socket.make(family: Int(CPOSIX_UNIX), kind: Int(CPOSIX_DATAGRAM))
            if address != .unnamed { try bind(socket, endpoint, options) }
            return UnixDatagramSocket(socket, local: address, authority: authority)
        } catch {
            throw NetError(error, doing: .bind, address: endpoint)
        }
    }

    private func bind(
        _ socket: Socket, _ endpoint: EndpointAddress, _ options: UnixOptions
    ) throws(Failure) {
        do throws(Failure) {
            try socket.bind(endpoint)
        } catch {
            guard options.replacesStale, let address = endpoint.unixAddress,
                try SocketFile.removeStale(address, unless: error)
            else { throw error }
            try socket.bind(endpoint)
        }
    }
}
