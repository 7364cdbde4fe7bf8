internal import NIOCore

/// One task's wait for one handshake.
///
/// SAFETY: confined to the driver's loop; `connect` calls it there only.
final class ConnectAttempt: @unchecked Sendable {
    typealias Outcome = Result<QUICConnection, QUICError>

    private let driver: EndpointDriver
    private var continuation: CheckedContinuation<Outcome, Never>?
    private var isCancelled = false

    init(_ driver: EndpointDriver) {
        self.driver = driver
    }

    /// Opens a connected socket and sends the first flight.
    func begin(
        _ address: Address, _ serverName: String,
        _ continuation: CheckedContinuation<Outcome, Never>
    ) {
        self.continuation = continuation
        guard !isCancelled else { return failed(.cancelled) }
        DatagramSocket.connect(to: address, on: driver.loop, for: driver)
            .assumeIsolated()
            .whenComplete { self.opened($0, to: address, serverName) }
    }

    private func opened(
        _ result: Result<DatagramSocket, any Error>, to address: Address, _ serverName: String
    ) {
        do {
            let socket = try result.get()
            guard continuation != nil else {
                // Cancelled meanwhile.
                socket.handler.detach()
                return socket.channel.close(promise: nil)
            }
            driver.sockets.add(socket)
            let path = NetworkPath(local: socket.local, remote: address)
            let core = try driver.endpoint.connect(
                path: path, serverName: serverName, now: EndpointDriver.now)
            let state = ConnectionState(core, on: driver)
            state.attempt = self
            core.attachment = state
            driver.turn()
        } catch let error as QUICError {
            failed(error)
        } catch {
            failed(Errno.error(error, doing: "connecting to \(address)"))
        }
    }

    /// Both sides have keys.
    func completed(_ state: ConnectionState) {
        guard let waiting = continuation else { return }
        continuation = nil
        waiting.resume(returning: .success(QUICConnection(state, ownsDriver: true)))
    }

    func failed(_ error: QUICError) {
        guard let waiting = continuation else { return }
        continuation = nil
        waiting.resume(returning: .failure(error))
        // Not from here: this may be in the middle of the driver's turn.
        driver.loop.execute { self.driver.close().whenFailure { _ in } }
    }

    /// The task was cancelled; nothing happens when it has its connection already.
    func cancel() {
        isCancelled = true
        guard continuation != nil else { return }
        for connection in driver.endpoint.connections {
            connection.close(code: 0, reason: "", now: EndpointDriver.now)
        }
        failed(.cancelled)
    }
}
