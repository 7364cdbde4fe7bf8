internal import DequeModule
internal import Logging
internal import NIOCore
internal import NIOPosix

/// Runs one endpoint on one event loop: sockets in, timers in, datagrams out, events forwarded.
///
/// One turn is: events → tasks they woke → packets → timer, so that what a request answers at once
/// leaves together with the acknowledgement of the request.
///
/// SAFETY: everything here happens on the loop, but for making it and reading its `let`s.
final class EndpointDriver: @unchecked Sendable {
    /// Buffers filled in one turn before the loop looks at its other work: 1 MiB.
    private static let buffersPerTurn = 16
    /// Rounds of events and the tasks they wake before packets are made.
    private static let roundsPerTurn = 8
    /// One buffer for everything that is sent: the largest run the system cuts.
    private static let sendBufferSize = 64 << 10

    let loop: any EventLoop
    let executor: LoopExecutor
    let endpoint: CoreEndpoint
    let logger: Logger
    var sockets = SocketTable()
    /// A listener's owner, or nil on a client.
    var listener: ListenerState?

    private var sendBuffer: ByteBuffer
    private var transmits: [Transmit] = []
    private var isInTurn = false
    private var isWakeScheduled = false
    private var timer: Scheduled<Void>?
    private var armedDeadline = UInt64.max
    private(set) var isClosed = false
    /// Segmentation offload: off when the interface refused it.
    private(set) var segments = true

    init(
        loop: any EventLoop, tls: TLSContext, configuration: QUICConfiguration,
        resetKey: [UInt8]? = nil, logger: Logger
    ) {
        self.loop = loop
        self.executor = LoopExecutor(loop)
        self.endpoint = CoreEndpoint(
            tls: tls, configuration: configuration, resetKey: resetKey, now: Self.now)
        self.endpoint.unixTime = WallClock.seconds
        self.logger = logger
        self.sendBuffer = ByteBufferAllocator().buffer(capacity: Self.sendBufferSize)
    }

    /// Nanoseconds of the loop's clock.
    static var now: UInt64 { NIODeadline.now().uptimeNanoseconds }

    // MARK: From the sockets

    func received(_ datagrams: ReceivedDatagrams, by handler: DatagramHandler) {
        guard !isClosed else { return }
        if handler.local.address.isUnspecified, sockets.needsOwnSocket(datagrams.path.local) {
            holdUntilBound(datagrams)
            return
        }
        deliver(datagrams)
    }

    func deliver(_ datagrams: ReceivedDatagrams) {
        let now = Self.now
        // Certificates are judged by it: an endpoint that slept has to look again.
        endpoint.unixTime = WallClock.seconds
        let all = datagrams.bytes.readableBytesSpan
        let size = datagrams.segmentSize ?? 0
        guard size > 0, size < all.byteCount else {
            endpoint.receive(all, path: datagrams.path, ecn: datagrams.ecn, now: now)
            return
        }
        var start = 0
        while start < all.byteCount {
            let end = min(start + size, all.byteCount)
            endpoint.receive(
                all.extracting(start..<end), path: datagrams.path, ecn: datagrams.ecn, now: now)
            start = end
        }
    }

    /// Nobody listens where we send: only a client's connected socket is told whom that is about.
    func refused() {
        guard listener == nil else { return }
        for connection in endpoint.connections { connection.refused(now: Self.now) }
        turn()
    }

    // MARK: The turn

    /// Something is to be done; once, however often it is said.
    func wake() {
        guard !isInTurn, !isWakeScheduled else { return }
        isWakeScheduled = true
        loop.execute {
            self.isWakeScheduled = false
            self.turn()
        }
    }

    func turn() {
        guard !isInTurn else { return }
        isInTurn = true
        for _ in 0..<Self.roundsPerTurn {
            guard forwardEvents() else { break }
            executor.drain()
        }
        send()
        // Making packets may have ended a connection.
        _ = forwardEvents()
        isInTurn = false
        armTimer()
    }

    /// Hands events to whom they concern; false when there were none.
    private func forwardEvents() -> Bool {
        var hadEvents = false
        while let connection = endpoint.nextEventful() {
            hadEvents = true
            for event in connection.takeEvents() { forward(event, of: connection) }
        }
        return hadEvents
    }

    private func forward(_ event: CoreEvent, of connection: CoreConnection) {
        if let state = connection.attachment as? ConnectionState {
            state.handle(event)
        } else if case .handshakeCompleted = event {
            listener?.accepted(connection, by: self)
        } else if case .ended(let end) = event {
            logger.debug(
                "connection ended before it was accepted",
                metadata: ["reason": "\(end.error)", "remote": "\(connection.path.remote)"])
        }
    }

    private func send() {
        guard !isClosed, endpoint.wantsToTransmit else { return }
        let now = Self.now
        for _ in 0..<Self.buffersPerTurn {
            guard sockets.areWritable else { return }
            sendBuffer.clear(minimumCapacity: Self.sendBufferSize)
            transmits.removeAll(keepingCapacity: true)
            var hasMore = false
            sendBuffer.writeWithOutputRawSpan(minimumWritableBytes: Self.sendBufferSize) { span in
                hasMore = endpoint.transmit(into: &span, now: now, &transmits)
            }
            if transmits.isEmpty { break }
            for transmit in transmits { write(transmit) }
            sockets.flush()
            guard hasMore else { return }
        }
        if endpoint.wantsToTransmit {
            // Not `wake`: this is inside a turn.
            isWakeScheduled = true
            loop.execute {
                self.isWakeScheduled = false
                self.turn()
            }
        }
    }

    private func write(_ transmit: Transmit) {
        guard let socket = sockets.socket(for: transmit.path.local),
            let bytes = sendBuffer.getSlice(
                at: transmit.range.lowerBound, length: transmit.range.count)
        else { return }
        if transmit.datagramCount <= 1 {
            socket.write(bytes, to: transmit.path.remote, segmentSize: nil, ecn: transmit.ecn)
        } else if segments {
            socket.write(
                bytes, to: transmit.path.remote, segmentSize: transmit.segmentSize,
                ecn: transmit.ecn)
        } else {
            var rest = bytes
            while let part = rest.readSlice(length: min(transmit.segmentSize, rest.readableBytes)),
                part.readableBytes > 0
            {
                socket.write(part, to: transmit.path.remote, segmentSize: nil, ecn: transmit.ecn)
            }
        }
    }

    // MARK: The timer

    /// One timer for all connections. It is moved only when it would be too late; too early costs a
    /// look at the heap.
    private func armTimer() {
        guard !isClosed, let deadline = endpoint.nextDeadline, deadline < armedDeadline else {
            return
        }
        timer?.cancel()
        armedDeadline = deadline
        timer = loop.scheduleTask(deadline: .uptimeNanoseconds(deadline)) { self.timerFired() }
    }

    private func timerFired() {
        timer = nil
        armedDeadline = .max
        guard !isClosed else { return }
        endpoint.handleTimers(now: Self.now)
        turn()
        armTimer()
    }

    // MARK: Its end

    /// Closes the sockets after what is waiting was sent. Connections should have been closed before.
    func close() -> EventLoopFuture<Void> {
        guard !isClosed else { return loop.makeSucceededVoidFuture() }
        guard !isInTurn else {
            // By a task that this turn woke: the farewell is sent when the turn is over.
            let promise = loop.makePromise(of: Void.self)
            loop.execute { self.close().cascade(to: promise) }
            return promise.futureResult
        }
        turn()
        isClosed = true
        timer?.cancel()
        timer = nil
        listener = nil
        return sockets.close(on: loop)
    }

    /// The system closed a socket under us: a send failed in a way NIO takes for fatal. A listener
    /// opens it again, and so does a client whose connection is established.
    func lostSocket(_ handler: DatagramHandler) {
        guard !isClosed else { return }
        if listener != nil {
            // Without segmentation bulk costs three to five times as much: not for a passing reason.
            if handler.refusesSegments { segments = false }
            reopen(handler)
        } else {
            // NIO does not say why; the likeliest reason is that a send was refused.
            refused()
            reconnect(handler)
        }
    }
}
