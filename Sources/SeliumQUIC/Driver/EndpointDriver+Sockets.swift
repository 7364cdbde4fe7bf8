internal import Logging
internal import NIOCore

extension EndpointDriver {
    /// Times a port chosen by the system for IPv6 is tried for IPv4 as well.
    private static let dualStackAttempts = 16
    /// Pause before a socket that the system closed is opened again.
    static let reopenDelay = TimeAmount.milliseconds(10)

    /// Binds every address. `[::]` means both families, on one port.
    func bind(_ addresses: [Address]) -> EventLoopFuture<Void> {
        var future = loop.makeSucceededVoidFuture()
        for address in addresses {
            let isDual =
                address.address.isIPv6 && address.address.isUnspecified
                && !addresses.contains(Address(IPv4Address.any, port: address.port))
            future = future.flatMap {
                isDual
                    ? self.bindDual(address, attempts: Self.dualStackAttempts)
                    : self.bindOne(address)
            }
        }
        return future
    }

    private func bindOne(_ address: Address) -> EventLoopFuture<Void> {
        DatagramSocket.bind(address, isShared: false, on: loop, for: self)
            .assumeIsolated()
            .map { self.sockets.add($0) }
            .nonisolated()
    }

    private func bindDual(_ address: Address, attempts: Int) -> EventLoopFuture<Void> {
        bindOne(address).flatMap {
            let port = self.sockets.sockets.last?.local.port ?? address.port
            return self.bindOne(Address(IPv4Address.any, port: port)).flatMapError { error in
                guard address.port == 0, attempts > 1,
                    Errno.error(error, doing: "bind").code == .addressInUse,
                    let last = self.sockets.sockets.last,
                    let socket = self.sockets.remove(last.handler)
                else { return self.loop.makeFailedFuture(error) }
                socket.handler.detach()
                return socket.channel.close().flatMap {
                    self.bindDual(address, attempts: attempts - 1)
                }
            }
        }
    }

    // MARK: Answering from the right address

    /// A datagram came to a wildcard socket: NIO cannot choose a source address when it answers, so
    /// the address gets a socket of its own. What arrives meanwhile waits.
    func holdUntilBound(_ datagrams: ReceivedDatagrams) {
        let local = datagrams.path.local
        if sockets.held[local] != nil {
            if sockets.held[local, default: []].count < SocketTable.maximumHeld {
                sockets.held[local]?.append(datagrams)
            }
            return
        }
        sockets.held[local] = [datagrams]
        guard let wildcard = sockets.wildcard(beside: local) else { return release(local) }
        // Sharing is allowed for this moment only: a second server on the port must be refused.
        let isShared = wildcard.channel.setOption(.socketOption(.so_reuseaddr), value: 1)
        isShared.flatMap {
            DatagramSocket.bind(local, isShared: true, on: self.loop, for: self)
        }.assumeIsolated().whenComplete { result in
            wildcard.channel.setOption(.socketOption(.so_reuseaddr), value: 0).whenFailure { _ in }
            switch result {
            case .success(let socket) where !self.isClosed:
                socket.channel.setOption(.socketOption(.so_reuseaddr), value: 0)
                    .whenFailure { _ in }
                self.sockets.add(socket)
            case .success(let socket):
                socket.handler.detach()
                socket.channel.close(promise: nil)
            case .failure(let error):
                self.sockets.unbindable.insert(local)
                self.logger.debug(
                    "no socket for an own address",
                    metadata: ["address": "\(local)", "error": "\(error)"])
            }
            self.release(local)
        }
    }

    private func release(_ local: Address) {
        guard let waiting = sockets.held.removeValue(forKey: local), !isClosed else { return }
        for datagrams in waiting { deliver(datagrams) }
        turn()
    }

    // MARK: Surviving

    /// Opens a socket again that the system closed.
    func reopen(_ handler: DatagramHandler) {
        handler.detach()
        guard let lost = sockets.remove(handler) else { return }
        logger.warning("a socket was closed by the system", metadata: ["address": "\(lost.local)"])
        reopen(lost.local)
    }

    private func reopen(_ local: Address) {
        loop.scheduleTask(in: Self.reopenDelay) {
            guard !self.isClosed else { return }
            if self.sockets.wildcard(beside: local) != nil, !local.address.isUnspecified {
                // It is made again when somebody writes to it.
                return
            }
            self.bindOne(local).whenComplete { result in
                if case .failure(let error) = result {
                    self.logger.error(
                        "a socket could not be opened again",
                        metadata: ["address": "\(local)", "error": "\(error)"])
                    self.reopen(local)
                } else {
                    self.turn()
                }
            }
        }
    }
}
