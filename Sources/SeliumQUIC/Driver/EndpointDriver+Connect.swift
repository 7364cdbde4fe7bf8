internal import NIOCore

extension EndpointDriver {
    /// Opens a connected socket and begins the handshake.
    func connect(to address: Address, serverName: String) async throws -> ConnectionState {
        try await loop.flatSubmit {
            DatagramSocket.connect(to: address, on: self.loop, for: self)
                .assumeIsolated()
                .flatMapThrowing { socket -> ConnectionState in
                    self.sockets.add(socket)
                    let path = NetworkPath(local: socket.local, remote: address)
                    let core = try self.endpoint.connect(
                        path: path, serverName: serverName, now: Self.now)
                    let state = ConnectionState(core, on: self)
                    core.attachment = state
                    self.turn()
                    return state
                }
                .nonisolated()
        }.get()
    }

    /// The system closed the socket of an established connection, as NIO does when a send reports
    /// "nobody listens": the same port again, so that the other side notices nothing.
    func reconnect(_ handler: DatagramHandler) {
        handler.detach()
        guard let lost = sockets.remove(handler),
            let remote = endpoint.connections.first?.path.remote
        else { return }
        loop.scheduleTask(in: Self.reopenDelay) {
            guard !self.isClosed, !self.endpoint.connections.isEmpty else { return }
            DatagramSocket.connect(from: lost.local, to: remote, on: self.loop, for: self)
                .assumeIsolated()
                .whenComplete { result in
                    switch result {
                    case .success(let socket) where !self.isClosed:
                        self.sockets.add(socket)
                    case .success(let socket):
                        socket.handler.detach()
                        socket.channel.close(promise: nil)
                    case .failure:
                        let end = QUICConnectionEnd.failed(
                            detail: "the socket was closed by the system")
                        for connection in self.endpoint.connections {
                            connection.abandon(end, now: Self.now)
                        }
                    }
                    self.turn()
                }
        }
    }
}
