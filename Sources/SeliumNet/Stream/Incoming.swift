/// Something that accepts connections: ``TCPListener`` and ``UnixListener``.
public protocol ConnectionSource: Sendable {
    /// What it accepts.
    associatedtype Connection: SocketStream

    /// The next connection.
    func accept(within duration: Duration?, until shutdown: ShutdownToken?)
        async throws(NetError) -> Connection
}

/// Connections as they are accepted, one at a time and only when asked for.
///
/// It ends with a shutdown, the task's cancellation, or when the listener is closed. Peers that the
/// authority does not allow are closed and passed over.
public struct Incoming<Source: ConnectionSource>: AsyncSequence, AsyncIteratorProtocol, Sendable {
    private let source: Source
    private let shutdown: ShutdownToken?

    init(_ source: Source, until shutdown: ShutdownToken?) {
        self.source = source
        self.shutdown = shutdown
    }

    /// Itself.
    public func makeAsyncIterator() -> Incoming { self }

    /// The next connection; nil when there will be none.
    public func next() async throws(NetError) -> Source.Connection? {
        while true {
            do throws(NetError) {
                return try await source.accept(within: nil, until: shutdown)
            } catch {
                if error.code == .denied { continue }
                if error.isInterruption || error.code == .closed { return nil }
                throw error
            }
        }
    }

    /// The next connection; nil when there will be none.
    public func next(
        isolation actor: isolated (any Actor)?
    ) async throws(NetError) -> Source.Connection? {
        try await next()
    }
}

extension ConnectionSource {
    /// The connections as they come; ends when the listener is closed or the task is cancelled.
    public var incoming: Incoming<Self> { Incoming(self, until: nil) }

    /// The same, which ends also when a shutdown begins.
    public func incoming(until shutdown: ShutdownToken) -> Incoming<Self> {
        Incoming(self, until: shutdown)
    }

    /// Runs `handler` for each connection, in a child task of its own, until a shutdown begins or the
    /// task is cancelled; returns when all of them have ended.
    ///
    /// A connection is closed when its handler ends. With a ``GracefulShutdown`` each is tracked while
    /// it lasts.
    ///
    /// - Parameters:
    ///   - shutdown: ends accepting; handlers go on and should look at it too.
    ///   - limit: connections served at once; more wait with the kernel.
    ///   - onError: told what a handler threw; by default nobody is.
    ///   - handler: what is done with one connection.
    /// - Throws: what accepting throws and no later try would mend.
    public func serve(
        until shutdown: ShutdownToken? = nil, limit: Int,
        onError: @escaping @Sendable (any Error, Connection) -> Void = { _, _ in },
        _ handler: @escaping @Sendable (Connection) async throws -> Void
    ) async throws(NetError) {
        let incoming = Incoming(self, until: shutdown)
        let ended = await withTaskGroup(of: Void.self) { group -> NetError? in
            var children = 0
            while true {
                if children >= Swift.max(limit, 1) {
                    await group.next()
                    children -= 1
                }
                let connection: Connection
                do throws(NetError) {
                    guard let next = try await incoming.next() else { return nil }
                    connection = next
                } catch {
                    return error
                }
                let work = shutdown?.track()
                children += 1
                group.addTask {
                    defer {
                        connection.close()
                        work?.end()
                    }
                    do {
                        try await handler(connection)
                    } catch {
                        onError(error, connection)
                    }
                }
            }
        }
        if let ended { throw ended }
    }
}
