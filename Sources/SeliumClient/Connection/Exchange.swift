internal import SeliumProtocol
internal import Synchronization

/// One request on one stream, and until when silence is all right. Reading belongs to one task; input
/// may be written by another.
final class Exchange: Sendable {
    private enum Phase {
        case open, over
    }

    private let context: RequestContext
    private let lease: ConnectionPool.Lease
    private let stream: any ControlStream
    private let deadline: DeadlineWatch.Entry
    private let phase = Mutex(Phase.open)
    /// As it stands in the server's log.
    let requestID: String

    /// Opens a stream on the leased connection and sends the request. The lease is given back when
    /// the exchange ends, and when this throws.
    nonisolated(nonsending) static func begin(
        _ request: WireRequest, on lease: ConnectionPool.Lease, _ context: RequestContext
    ) async throws(ClientError) -> Exchange {
        let requestID = Hexadecimal.text(request.requestIDBytes)
        do {
            let frame = try FrameEncoder.encode(request)
            let (stream, deadline) = try await open(on: lease, context, requestID)
            let exchange = Exchange(context, lease, stream, deadline, requestID)
            do {
                // Input may follow: the stream stays open where the call takes some.
                try await stream.write(frame, end: !request.takesFrames)
            } catch  where error.isStopped {
                // A server that refuses at once may have said why: read on.
            } catch {
                throw exchange.failure(error)
            }
            return exchange
        } catch let error as ProtocolError {
            context.pool.release(lease)
            throw ClientError(.invalidArgument, error.message, requestID: requestID)
        } catch let error as TransportError {
            context.pool.release(lease)
            if error.isConnectionGone { context.pool.discard(lease.connection) }
            throw context.error(error, requestID: requestID)
        } catch let error as ClientError {
            throw error
        } catch {
            throw ClientError(.internal, "\(error)", requestID: requestID)
        }
    }

    /// A stream, and the deadline of the request. It is counted from here: a server that allows no
    /// more streams is as silent as one that does not answer.
    nonisolated(nonsending) private static func open(
        on lease: ConnectionPool.Lease, _ context: RequestContext, _ requestID: String
    ) async throws -> (any ControlStream, DeadlineWatch.Entry) {
        let connection = lease.connection
        // Begins here and now: where a stream is to be had at once, nothing is handed over.
        let opening = Task.immediate(executorPreference: connection.executor) {
            try await connection.openStream()
        }
        let deadline = context.watch.add(.now + context.timeout) { opening.cancel() }
        do {
            let stream = try await withTaskCancellationHandler {
                try await opening.value
            } onCancel: {
                opening.cancel()
            }
            deadline.aim { stream.abandon(.cancelled) }
            return (stream, deadline)
        } catch {
            context.watch.remove(deadline)
            let isGone = (error as? TransportError)?.isConnectionGone ?? false
            guard deadline.hasStruck, !isGone else { throw error }
            context.pool.release(lease)
            throw ClientError(
                .deadlineExceeded,
                "the server allowed no further request for \(context.timeout.inWords)",
                isRetryable: true, requestID: requestID)
        }
    }

    private init(
        _ context: RequestContext, _ lease: ConnectionPool.Lease, _ stream: any ControlStream,
        _ deadline: DeadlineWatch.Entry, _ requestID: String
    ) {
        self.context = context
        self.lease = lease
        self.stream = stream
        self.requestID = requestID
        self.deadline = deadline
    }

    deinit { abandon() }

    /// The next bytes, nil at the end of the stream.
    nonisolated(nonsending) func read() async throws(ClientError) -> [UInt8]? {
        do {
            return try await stream.read()
        } catch {
            throw failure(error)
        }
    }

    /// Sends more frames. A server that wants no more says why in its answer, so that is no error.
    ///
    /// - Returns: whether the server still takes frames.
    nonisolated(nonsending) func write(_ bytes: [UInt8], end: Bool) async throws(ClientError)
        -> Bool
    {
        do {
            try await stream.write(bytes, end: end)
            return true
        } catch  where error.isStopped {
            return false
        } catch {
            throw failure(error)
        }
    }

    /// Sends bytes for stdin, cut into frames.
    ///
    /// - Returns: whether the server still takes input.
    nonisolated(nonsending) func send(input bytes: [UInt8], end: Bool) async throws(ClientError)
        -> Bool
    {
        let chunk = ProtocolConfiguration.standard.bulkFrame - 16
        var start = 0
        while start < bytes.count {
            let part = bytes[start..<min(start + chunk, bytes.count)]
            start += part.count
            guard try await write(FrameEncoder.input(part), end: false) else { return false }
        }
        return end ? try await write([], end: true) : true
    }

    /// A sign that the server is at work: it has until then again.
    func heard() { deadline.postpone(to: .now + context.timeout) }

    /// From now on the server may be silent for long, unless the caller bounded that too.
    func follows() {
        if context.boundsFollowing { heard() } else { deadline.suspend() }
    }

    /// The last frame came. Waits for the stream's end, which is as good as there: a stream that is
    /// given up instead costs the server a frame of a kind that it counts.
    nonisolated(nonsending) func complete() async {
        stream.finish()
        heard()
        if let rest = try? await stream.read() {
            // Bytes behind the last frame: not our protocol, but the answer stands.
            _ = rest
            stream.abandon(.malformed)
        }
        leave()
    }

    /// The server said something that has no place here.
    func refuse(_ error: ProtocolError) -> ClientError {
        stream.abandon(error.reset)
        leave()
        return ClientError(
            .malformedAnswer, "the server's answer is not of selium/1: \(error)",
            requestID: requestID)
    }

    /// Gives the request up: nothing more is sent or wanted. Harmless after its end.
    func abandon() {
        if leave() { stream.abandon(.cancelled) }
    }

    @discardableResult
    private func leave() -> Bool {
        let isFirst = phase.withLock { phase in
            defer { phase = .over }
            return phase == .open
        }
        guard isFirst else { return false }
        context.watch.remove(deadline)
        context.pool.release(lease)
        return true
    }

    private func failure(_ error: TransportError) -> ClientError {
        let struck = deadline.hasStruck
        if error.isConnectionGone { context.pool.discard(lease.connection) }
        abandon()
        if struck {
            return ClientError(
                .deadlineExceeded, "the server said nothing for \(context.timeout.inWords)",
                isRetryable: true,
                requestID: requestID)
        }
        return context.error(error, requestID: requestID)
    }
}

extension TransportError {
    /// Whether the server wants no more of what we send.
    fileprivate var isStopped: Bool {
        if case .stopped = kind { true } else { false }
    }
}

extension WireRequest {
    /// Whether the client may send more frames on the stream of this request.
    fileprivate var takesFrames: Bool {
        switch call {
        case .start(let start)?: start.input || start.moduleSize > 0
        case .pushModule(let push)?: push.size > 0
        case .attach(let attach)?: attach.input
        default: false
        }
    }
}
