internal import CPosix

extension Network {
    /// What one attempt waits before the next address is tried beside it (RFC 8305 section 5).
    private static let headStart = Duration.milliseconds(250)

    /// Connects to the first address of the target that answers. The next one is tried as soon as
    /// one has failed, or 250 ms after it began; the slower ones are given up.
    ///
    /// - Parameters:
    ///   - target: an address or a name with a port, in any of the five shapes.
    ///   - duration: how long it may take in all, resolving included; nil: as long as the system tries.
    ///   - shutdown: ends it when it fires.
    /// - Throws: `.denied` before anything is sent; `.refused`, `.unreachable`, `.timedOut` and so on of
    ///   the first address when none answers.
    public func connect(
        to target: some SocketTargetConvertible, within duration: Duration? = nil,
        until shutdown: ShutdownToken? = nil
    ) async throws(NetError) -> TCPStream {
        let patience = Patience(duration, shutdown)
        let all = try await resolve(target, within: duration, until: shutdown)
        var allowed: [SocketAddress] = []
        var denied: NetError?
        for address in all {
            do throws(NetError) {
                try require(.connect, .socket(.tcp, address), .connect, .ip(address))
                allowed.append(address)
            } catch {
                denied = denied ?? error
            }
        }
        if allowed.isEmpty, let denied { throw denied }
        if allowed.count == 1 { return try await Self.connect(to: allowed[0], patience).get() }
        return try await Self.race(allowed, patience).get()
    }

    private static func connect(
        to address: SocketAddress, _ patience: Patience
    ) async -> Result<TCPStream, NetError> {
        do throws(Failure) {
            let family = address.isIPv4 ? CPOSIX_IPV4 : CPOSIX_IPV6
            let socket = try Socket.make(family: Int(family), kind: Int(CPOSIX_STREAM))
            try await socket.connect(to: .ip(address), patience)
            try? socket.set(.noDelay, true)
            let remote = try socket.remoteAddress()?.socketAddress ?? address
            guard let local = try socket.localAddress()?.socketAddress, local != remote else {
                // An ephemeral port connected to itself: nobody listens there.
                return .failure(NetError(.refused, doing: .connect, address: .ip(address)))
            }
            return .success(TCPStream(socket, local: local, remote: remote))
        } catch {
            return .failure(NetError(error, doing: .connect, address: .ip(address)))
        }
    }

    private enum Event {
        case ended(Result<TCPStream, NetError>)
        case headStartOver(Int)
    }

    private static func race(
        _ addresses: [SocketAddress], _ patience: Patience
    ) async -> Result<TCPStream, NetError> {
        await withTaskGroup(of: Event.self) { group in
            var started = 0
            var running = 0
            var failure: NetError?
            var winner: TCPStream?
            func startNext() {
                guard winner == nil, started < addresses.count else { return }
                let (address, number) = (addresses[started], started)
                started += 1
                running += 1
                group.addTask { .ended(await connect(to: address, patience)) }
                group.addTask {
                    try? await Task.sleep(for: headStart)
                    return .headStartOver(number)
                }
            }
            startNext()
            while running > 0, let event = await group.next() {
                switch event {
                case .ended(.success(let stream)):
                    running -= 1
                    // A second one that came through in the same moment is closed.
                    winner = winner ?? stream
                    group.cancelAll()
                case .ended(.failure(let error)):
                    running -= 1
                    failure = failure ?? error
                    if !error.isInterruption { startNext() }
                case .headStartOver(let number):
                    if number == started - 1, !Task.isCancelled { startNext() }
                }
            }
            group.cancelAll()
            if let winner { return .success(winner) }
            return .failure(failure ?? NetError(.unknownName, doing: .connect))
        }
    }

    /// Listens on the first address of the target that can be bound. Port 0 lets the system choose.
    ///
    /// - Throws: `.denied`, `.addressInUse`, `.permission`, `.addressUnavailable`, of the first
    ///   address when none can be bound.
    public func listen(
        on target: some SocketTargetConvertible, options: ListenOptions = ListenOptions()
    ) async throws(NetError) -> TCPListener {
        var failure: NetError?
        for address in try await resolve(target) {
            do throws(NetError) {
                return try listen(at: address, options)
            } catch {
                failure = failure ?? error
            }
        }
        throw failure ?? NetError(.unknownName, doing: .bind)
    }

    private func listen(
        at address: SocketAddress, _ options: ListenOptions
    ) throws(NetError) -> TCPListener {
        try require(.bind, .socket(.tcp, address), .bind, .ip(address))
        try require(.listen, .socket(.tcp, address), .listen, .ip(address))
        do throws(Failure) {
            let family = address.isIPv4 ? CPOSIX_IPV4 : CPOSIX_IPV6
            let socket = try Socket.make(family: Int(family), kind: Int(CPOSIX_STREAM))
            try socket.set(.reuseAddress, true)
            if options.reusePort { try socket.set(.reusePort, true) }
            if address.isIPv6 { try socket.set(.onlyV6, options.onlyV6) }
            try socket.bind(.ip(address))
            try socket.listen(backlog: options.backlog)
            let local = try socket.localAddress()?.socketAddress ?? address
            return TCPListener(socket, local: local, authority: authority)
        } catch {
            throw NetError(error, doing: .bind, address: .ip(address))
        }
    }
}
