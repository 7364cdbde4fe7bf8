public import Logging
public import NIOCore
internal import NIOPosix

/// Accepts QUIC connections on one or several addresses.
///
/// All of it lives on one event loop: sockets, connections, and the tasks that run on
/// ``taskExecutor``.
public final class QUICListener: Sendable {
    /// Where it listens, ports resolved; in the order of binding. `[::]` listens on `0.0.0.0` too.
    public let localAddresses: [SeliumNetCore.SocketAddress]
    /// Runs tasks on the listener's event loop: use it with `withTaskExecutorPreference`.
    public let taskExecutor: any TaskExecutor

    let driver: EndpointDriver
    private let state: ListenerState
    private let loop: any EventLoop

    /// Bytes of a reset key.
    public static let resetKeyLength = 32

    /// What every connection is closed with by ``close()``: `shutting down`.
    static let shutdownCode: UInt64 = 4

    private init(
        driver: EndpointDriver, state: ListenerState, addresses: [SeliumNetCore.SocketAddress]
    ) {
        self.driver = driver
        self.state = state
        self.loop = driver.loop
        self.taskExecutor = driver.executor
        self.localAddresses = addresses
    }

    deinit {
        let (driver, state) = (self.driver, self.state)
        loop.execute { Self.close(driver, state).whenFailure { _ in } }
    }

    /// Binds and begins to listen.
    ///
    /// - Parameters:
    ///   - addresses: at least one; port 0 lets the system choose; `[::]` means both families.
    ///   - tls: a server context.
    ///   - authority: asked for every address before anything is bound.
    ///   - configuration: every limit, per connection, per address and in total.
    ///   - resetKey: ``resetKeyLength`` secret bytes of which stateless resets are made (RFC 9000
    ///     §10.3.2). With those of a listener before it, what that one's clients send to the same
    ///     address is answered so that they know at once; nil draws new ones.
    ///   - eventLoop: where it lives; nil takes one of the process's loops.
    ///   - logger: told at debug level what happens; never payloads or keys.
    /// - Throws: `.denied`, `.addressInUse`, `.invalidAddress`, `.invalidKey`, `.tls`, `.socket`.
    public static func bind(
        _ addresses: [SeliumNetCore.SocketAddress], tls: TLSContext, authority: NetworkAuthority,
        configuration: QUICConfiguration = .server, resetKey: [UInt8]? = nil,
        eventLoop: (any EventLoop)? = nil, logger: Logger
    ) async throws(QUICError) -> QUICListener {
        guard !addresses.isEmpty else {
            throw QUICError(.invalidAddress, "no address to listen on")
        }
        for address in addresses {
            if case .denied(let denial) = authority.check(.bind, .socket(.quic, address)) {
                throw QUICError(.denied, denial.description, denial: denial)
            }
        }
        guard tls.side == .server else {
            throw QUICError(.tls, "a client's TLS context cannot listen")
        }
        if let resetKey, resetKey.count != resetKeyLength {
            throw QUICError(.invalidKey, "a reset key has \(resetKeyLength) bytes")
        }
        let loop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
        let driver = EndpointDriver(
            loop: loop, tls: tls, configuration: configuration, resetKey: resetKey,
            logger: logger)
        let state = ListenerState(backlog: configuration.acceptBacklog)
        do {
            let bound = try await loop.flatSubmit {
                driver.listener = state
                return driver.bind(addresses).map { driver.sockets.sockets.map(\.local) }
            }.get()
            return QUICListener(driver: driver, state: state, addresses: bound)
        } catch {
            loop.execute { Self.close(driver, state).whenFailure { _ in } }
            let list = addresses.map(\.description).joined(separator: ", ")
            throw Errno.error(error, doing: "listening on \(list)")
        }
    }

    /// The connections whose handshake is complete, client certificate verified when one is
    /// required. One task may iterate; it ends when the listener is closed, or with the task.
    public var connections: Connections { Connections(listener: self) }

    /// See ``QUICListener/connections``. Bounded by `acceptBacklog`: beyond it connections are closed
    /// with code 5.
    public struct Connections: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let listener: QUICListener

        /// Itself.
        public func makeAsyncIterator() -> Connections { self }

        /// The next connection; nil when there will be none.
        public func next() async -> QUICConnection? {
            await listener.nextConnection()
        }

        /// The next connection; nil when there will be none.
        public func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> QUICConnection? {
            await listener.nextConnection()
        }
    }

    private func nextConnection() async -> QUICConnection? {
        let (state, loop) = (self.state, self.loop)
        let flag = CancelFlag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { state.accept(flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute { state.cancelAccept() }
        }
    }

    /// Refuses new connections from now on (CONNECTION_REFUSED); the living ones go on. Safe to
    /// repeat.
    public func beginGracefulShutdown() {
        let (driver, state) = (self.driver, self.state)
        loop.perform {
            driver.endpoint.beginShutdown()
            state.close()
        }
    }

    /// Closes what still lives with code 4, then the sockets. Safe to repeat.
    public func close() async {
        let (driver, state) = (self.driver, self.state)
        // Closing a socket cannot fail in a way that anybody could do something about.
        try? await loop.flatSubmit { Self.close(driver, state) }.get()
    }

    private static func close(
        _ driver: EndpointDriver, _ state: ListenerState
    ) -> EventLoopFuture<Void> {
        state.close()
        driver.endpoint.beginShutdown()
        for connection in driver.endpoint.connections {
            connection.close(
                code: shutdownCode, reason: "shutting down", now: EndpointDriver.now)
        }
        return driver.close()
    }
}
