internal import NIOCore

extension EndpointDriver {
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
                    case .failure(let error):
                        let end = QUICConnectionEnd.failed(
                            detail: "the socket was closed by the system; another: \(error)")
                        for connection in self.endpoint.connections {
                            connection.abandon(end, now: Self.now)
                        }
                    }
                    self.turn()
                }
        }
    }
}
