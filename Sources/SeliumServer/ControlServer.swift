public import Logging
public import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
public import SeliumQUIC
internal import SeliumTLSCore
internal import Synchronization

/// Serves the control protocol over QUIC connections, on behalf of a host.
///
/// ```swift
/// let server = ControlServer(host: host, configuration: configuration, logger: logger)
/// let listener = try await ControlServer.listen(on: addresses, …)
/// await server.run(listener)
/// ```
public final class ControlServer: Sendable {
    let host: any ProcessHost
    let configuration: ServerConfiguration
    let logger: Logger
    let ledger: IdentityLedger
    let decoder: RequestDecoder
    private let sessions = Mutex<[ObjectIdentifier: ConnectionSession]>([:])
    private let shutdown = Mutex<Shutdown>(.running)

    private enum Shutdown: Sendable {
        case running
        /// Since then, nanoseconds.
        case requested(since: UInt64)
    }

    /// A server that serves nobody yet.
    public init(host: any ProcessHost, configuration: ServerConfiguration, logger: Logger) {
        self.host = host
        self.configuration = configuration
        self.logger = logger
        ledger = IdentityLedger(configuration)
        decoder = RequestDecoder(configuration.wire)
    }

    /// Serves the listener's connections until it is closed, a graceful shutdown is through, or the
    /// task is cancelled; then closes it. Its tasks run on the listener's event loop.
    public func run(_ listener: QUICListener) async {
        await withTaskExecutorPreference(listener.taskExecutor) {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.runClock(listener) }
                await withDiscardingTaskGroup { connections in
                    for await connection in listener.connections {
                        connections.addTask { await self.serve(connection) }
                    }
                }
                group.cancelAll()
            }
        }
        await listener.close()
    }

    /// Takes no new connections and requests, lets those under way come to their end (at most the
    /// configured grace), then closes every connection with code 4. Safe to repeat.
    public func beginGracefulShutdown() {
        shutdown.withLock { state in
            if case .running = state { state = .requested(since: configuration.monotonicTime()) }
        }
    }

    /// Requests under way, over all connections.
    public var requestsInFlight: Int { ledger.requests }

    /// Bytes that all callers together make this server hold, as last counted.
    public var bufferedBytes: Int { ledger.buffered }

    var isShuttingDown: Bool {
        shutdown.withLock { if case .running = $0 { false } else { true } }
    }

    // MARK: One connection

    private func serve(_ connection: QUICConnection) async {
        let caller: Caller
        do throws(Caller.Refusal) {
            switch configuration.callers {
            case .anonymous: caller = .anonymous
            case .certificates:
                caller = try Caller.judge(
                    connection.peerCertificates, unixTime: configuration.unixTime())
            }
        } catch {
            audit(refused: error, connection)
            return await end(connection, .certificateNotAccepted, error.reason)
        }
        guard let account = ledger.beginConnection(caller, now: configuration.monotonicTime())
        else {
            return await end(connection, .refused, "too many connections of this identity")
        }
        defer { account.endConnection(now: configuration.monotonicTime()) }
        let session = ConnectionSession(connection, caller, account, self)
        sessions.withLock { $0[ObjectIdentifier(session)] = session }
        defer { _ = sessions.withLock { $0.removeValue(forKey: ObjectIdentifier(session)) } }
        audit(accepted: caller, connection)
        await session.run()
        session.forgetBuffers()
        logger.debug("disconnected", metadata: ["identity": "\(caller.identity)"])
    }

    /// Closes a connection and waits until that has happened: letting go of it would close it with
    /// another code.
    private func end(_ connection: QUICConnection, _ code: ResetCode, _ reason: String) async {
        connection.close(code: code.rawValue, reason: reason)
        _ = await connection.ended()
    }

    // MARK: The clock

    /// Looks at deadlines, progress, certificates and the shutdown, a few times a second.
    private func runClock(_ listener: QUICListener) async {
        await withDiscardingTaskGroup { group in
            var isListening = true
            while !Task.isCancelled {
                try? await Task.sleep(for: configuration.tickInterval)
                let now = configuration.monotonicTime()
                let unixTime = configuration.unixTime()
                let living = sessions.withLock { Array($0.values) }
                for session in living {
                    // Beside the clock: nobody's signs of life wait for another's connection.
                    if session.beginSampling() {
                        group.addTask {
                            await session.sampleBuffers()
                            session.endSampling()
                        }
                    }
                    judge(session, unixTime: unixTime)
                    for scope in session.requests { tick(scope, now: now, &group) }
                }
                guard case .requested(let since) = shutdown.withLock({ $0 }) else { continue }
                if isListening { listener.beginGracefulShutdown() }
                isListening = false
                drain(living, since: since, now: now)
            }
        }
    }

    private func tick(_ scope: RequestScope, now: UInt64, _ group: inout DiscardingTaskGroup) {
        switch scope.tick(now: now) {
        case .none: return
        case .sendProgress(let progress):
            group.addTask { await scope.sendProgress(progress) }
        case .giveUp:
            scope.stream.reset(code: ResetCode.cancelled.rawValue)
        case .expire(let error):
            guard scope.decide(.refused(error)) else { return }
            if scope.state.withLock({ $0.isImmediate }) {
                group.addTask { await scope.finish(.refused(error), nil) }
            } else if scope.isAwaitingRequest {
                // Only a request that has not come yet is waited for by a read of its own.
                scope.stream.stopSending(code: ResetCode.refused.rawValue)
            }
        }
    }

    /// A connection ends when its certificate does.
    private func judge(_ session: ConnectionSession, unixTime: Int64) {
        guard let expiresAt = session.caller.expiresAt, unixTime > expiresAt else { return }
        session.connection.close(
            code: ResetCode.certificateNotAccepted.rawValue, reason: "the certificate has expired")
    }

    private func drain(_ living: [ConnectionSession], since: UInt64, now: UInt64) {
        let isOver = now &- since >= configuration.shutdownGrace.nanosecondCount
        // One tick of quiet lets the last frames arrive before the close overtakes them.
        let quiet = configuration.tickInterval.nanosecondCount
        for session in living {
            let isQuiet = session.quietSince.map { now > $0 && now - $0 >= quiet } ?? false
            guard isOver || isQuiet else { continue }
            session.connection.close(
                code: ResetCode.shuttingDown.rawValue, reason: "shutting down")
        }
    }

    // MARK: Errors

    /// An error as the client gets it. What is internal gets a reference, and the log the rest.
    func describe(_ error: RequestError, in scope: RequestScope) -> WireError {
        let role = scope.session.caller.role
        guard error.code == .internal else { return WireError(error, reference: "", role: role) }
        var random = SystemRandomNumberGenerator()
        let reference = String(random.next(), radix: 16)
        logger.error(
            "a request failed on the server's side",
            metadata: [
                "reference": "\(reference)", "request": "\(scope.requestID)",
                "identity": "\(scope.session.caller.identity)",
                "message": "\(error.message)", "cause": "\(error.cause)",
            ])
        return WireError(error, reference: reference, role: role)
    }
}

extension RequestScope {
    var isAwaitingRequest: Bool {
        state.withLock { state in
            if case .judging = state.quiet {
                !state.hasAnswered && state.machine.wantsFrames
            } else {
                false
            }
        }
    }
}
