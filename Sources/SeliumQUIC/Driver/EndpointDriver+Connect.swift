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
}
