internal import CPosix

extension Network {
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
        let all = try await candidates(target, within: duration, until: shutdown)
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
        case headStartOver(Duration)
    }

    private static func race(
        _ addresses: [SocketAddress], _ patience: Patience
    ) async -> Result<TCPStream, NetError> {
        let start = ContinuousClock.now
        return await withTaskGroup(of: Event.self) { group in
            var machine = AddressRaceMachine(count: addresses.count)
            var failure: NetError?
            /// Whether the race goes on.
            func perform(_ action: AddressRaceMachine.Action) -> Bool {
                switch action {
                case .wait: break
                case .lost: return false
                case .attempt(let index, let deadline):
                    let address = addresses[index]
                    group.addTask { .ended(await connect(to: address, patience)) }
                    guard let deadline else { break }
                    group.addTask {
                        try? await Task.sleep(until: start + deadline, clock: .continuous)
                        return .headStartOver(deadline)
                    }
                }
                return true
            }
            // What is still under way when it ends is given up, and a second stream that came through
            // in the same moment is closed, because nobody holds it.
            defer { group.cancelAll() }
            var goesOn = perform(machine.begin(now: .zero))
            while goesOn, let event = await group.next() {
                let now = ContinuousClock.now - start
                switch event {
                case .ended(.success(let stream)): return .success(stream)
                case .ended(.failure(let error)):
                    // All attempts have the same token and the same task.
                    if error.isInterruption { return .failure(error) }
                    failure = failure ?? error
                    goesOn = perform(machine.attemptFailed(now: now))
                case .headStartOver(let deadline):
                    // Sleeping ends at once in a task that is cancelled.
                    guard !Task.isCancelled else { continue }
                    goesOn = perform(machine.handleTimeout(now: max(now, deadline)))
                }
            }
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
        for address in try await candidates(target) {
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
