public import Logging
public import NIOCore
internal import NIOPosix

/// One QUIC connection whose handshake is complete.
///
/// Its work happens on one event loop. A task that runs on ``taskExecutor`` talks to it without any
/// hand-over between threads; every other task may use it as well, and pays for two.
///
/// Letting go of the last reference, those of its streams included, closes it with code 0.
public final class QUICConnection: Sendable {
    /// The other side's address when the handshake was complete.
    public let remoteAddress: SeliumNetCore.SocketAddress
    /// Our address when the handshake was complete.
    public let localAddress: SeliumNetCore.SocketAddress
    /// The other side's certificate chain as far as it is known, leaf first; verified. Empty when a
    /// server asked for none.
    public let peerCertificates: [Certificate]
    /// The ALPN protocol agreed on.
    public let negotiatedALPN: String?
    /// The key exchange agreed on: `.x25519MLKEM768` (0x11ec) unless one side does not have it.
    public let keyExchangeGroup: KeyExchangeGroup?
    /// Whether the handshake resumed an earlier one (RFC 8446 §2.2): then `peerCertificates` are those
    /// of the earlier one. Only with a cache in the client's TLS configuration, and tickets in the
    /// server's.
    public let isResumed: Bool
    /// Runs tasks on the connection's event loop: use it with `withTaskExecutorPreference`.
    public let taskExecutor: any TaskExecutor

    let state: ConnectionState
    let loop: any EventLoop
    private let ownsDriver: Bool

    /// On the loop, once the handshake is complete.
    init(_ state: ConnectionState, ownsDriver: Bool) {
        self.state = state
        self.loop = state.driver.loop
        self.taskExecutor = state.driver.executor
        self.remoteAddress = state.core.path.remote
        self.localAddress = state.core.path.local
        self.peerCertificates = state.core.peerCertificates
        self.negotiatedALPN = state.core.applicationProtocol
        self.keyExchangeGroup = state.core.keyExchangeGroup
        self.isResumed = state.core.isResumed
        self.ownsDriver = ownsDriver
    }

    deinit {
        let state = self.state
        let ownsDriver = self.ownsDriver
        loop.execute {
            state.close(code: 0, reason: "")
            if ownsDriver { state.driver.close().whenFailure { _ in } }
        }
    }

    /// Connects to a server.
    ///
    /// Returns when both sides have keys and the server's certificate was verified. The server may
    /// refuse *our* certificate afterwards: then the first operation throws `.certificateRefused`.
    /// ``waitUntilConfirmed()`` waits for its verdict.
    ///
    /// - Parameters:
    ///   - address: where to.
    ///   - serverName: what the server's certificate must be for: a host name or an IP address.
    ///   - tls: a client context.
    ///   - authority: asked for `address` before a socket is opened.
    ///   - configuration: its `handshakeTimeout` bounds the wait.
    ///   - eventLoop: where it lives; nil takes one of the process's loops.
    ///   - logger: told at debug level what happens; never payloads or keys.
    /// - Throws: `.denied`, `.refused` (nothing listens), `.nothingHeard`, `.handshakeTimeout`,
    ///   `.verificationFailed`, `.protocolMismatch`, `.certificateRefused`, `.cancelled`…
    public static func connect(
        to address: SeliumNetCore.SocketAddress, serverName: String, tls: TLSContext,
        authority: NetworkAuthority, configuration: QUICConfiguration = .client,
        eventLoop: (any EventLoop)? = nil, logger: Logger
    ) async throws(QUICError) -> QUICConnection {
        if case .denied(let denial) = authority.check(.connect, .socket(.quic, address)) {
            throw QUICError(.denied, denial.description, denial: denial)
        }
        guard tls.side == .client else {
            throw QUICError(.tls, "a server's TLS context cannot connect")
        }
        let loop = eventLoop ?? MultiThreadedEventLoopGroup.singleton.next()
        let driver = EndpointDriver(
            loop: loop, tls: tls, configuration: configuration, logger: logger)
        // One way to the loop and one back: the connection is made there, in between nothing is
        // handed over.
        let attempt = ConnectAttempt(driver)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { attempt.begin(address, serverName, continuation) }
            }
        } onCancel: {
            loop.execute { attempt.cancel() }
        }
        return try outcome.get()
    }

    /// Waits until the server accepted this client, certificate included; on a server that is at
    /// once. It comes with the first packets after the handshake.
    ///
    /// - Throws: `.certificateRefused`, `.cancelled`, or why else the connection is over.
    public func waitUntilConfirmed() async throws(QUICError) {
        let (state, loop) = (self.state, self.loop)
        let flag = CancelFlag()
        let ticket = Ticket()
        let failure = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { ticket.id = state.waitForConfirmation(flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute {
                if let id = ticket.id { state.cancelConfirmation(id) }
            }
        }
        if let failure { throw failure }
    }

    // MARK: Streams

    /// Opens a bidirectional stream; waits until the other side grants one.
    ///
    /// - Throws: `.tooManyStreams` when 1,024 wait already, `.cancelled`, or why the connection is
    ///   over.
    public func openStream() async throws(QUICError) -> QUICStream {
        if loop.inEventLoop, let outcome = state.tryOpen() {
            return try stream(of: outcome)
        }
        let (state, loop) = (self.state, self.loop)
        let flag = CancelFlag()
        let ticket = Ticket()
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { ticket.id = state.open(flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute {
                if let id = ticket.id { state.cancelOpen(id) }
            }
        }
        return try stream(of: outcome)
    }

    private func stream(of outcome: ConnectionState.OpenOutcome) throws(QUICError) -> QUICStream {
        switch outcome {
        case .opened(let box): return QUICStream(box, of: self)
        case .failed(let error): throw error
        }
    }

    /// The streams that the other side opens, in order. One task may iterate; it ends with the
    /// connection or the task.
    public var inboundStreams: InboundStreams { InboundStreams(connection: self) }

    /// See ``QUICConnection/inboundStreams``. Bounded by the limit on streams of the other side.
    public struct InboundStreams: AsyncSequence, AsyncIteratorProtocol, Sendable {
        let connection: QUICConnection

        /// Itself.
        public func makeAsyncIterator() -> InboundStreams { self }

        /// The next stream; nil when there will be none.
        public func next() async -> QUICStream? {
            await connection.nextStream()
        }

        /// The next stream; nil when there will be none.
        public func next(isolation actor: isolated (any Actor)?) async throws(Never) -> QUICStream?
        {
            await connection.nextStream()
        }
    }

    private func nextStream() async -> QUICStream? {
        let (state, loop) = (self.state, self.loop)
        let flag = CancelFlag()
        let box = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.perform { state.accept(flag, continuation) }
            }
        } onCancel: {
            flag.set()
            loop.execute { state.cancelAccept() }
        }
        return box.map { QUICStream($0, of: self) }
    }

    // MARK: Its end

    /// Closes it with an application code. Nothing more is delivered; what was written and not yet
    /// acknowledged may be lost. Safe to repeat: the first one counts.
    public func close(code: UInt64 = 0, reason: String = "") {
        let (state, ownsDriver) = (self.state, self.ownsDriver)
        loop.perform {
            state.close(code: code, reason: reason)
            if ownsDriver { state.driver.close().whenFailure { _ in } }
        }
    }

    /// Waits until the connection is over and tells why.
    public func ended() async -> QUICConnectionEnd {
        let (state, loop) = (self.state, self.loop)
        return await withCheckedContinuation { continuation in
            loop.perform { state.waitForEnd(continuation) }
        }
    }

    /// Why it is over; nil while it lives. A look, not a wait.
    public func endedAlready() async -> QUICConnectionEnd? {
        let (state, loop) = (self.state, self.loop)
        return await withCheckedContinuation { continuation in
            loop.perform { continuation.resume(returning: state.core.end) }
        }
    }
}

/// The place of a waiting task.
///
/// SAFETY: read and written on the loop only; the task carries the reference.
private final class Ticket: @unchecked Sendable {
    var id: UInt64?
}
