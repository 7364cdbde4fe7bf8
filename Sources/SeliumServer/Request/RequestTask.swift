internal import Logging
internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SeliumQUIC
internal import SwiftProtobuf

/// One stream from its first byte to its last frame.
struct RequestTask: Sendable {
    let session: ConnectionSession
    let scope: RequestScope
    let decoder: RequestDecoder

    init(_ stream: QUICStream, _ session: ConnectionSession) {
        self.session = session
        decoder = session.server.decoder
        scope = RequestScope(
            stream, session, decoder: decoder, now: MonotonicClock.nanoseconds)
    }

    func run() async {
        guard await admit() else { return }
        scope.awaitRequest(now: MonotonicClock.nanoseconds)
        session.insert(scope)
        var frames = FrameDecoder.requests(session.configuration.wire)
        var rest: [UInt8] = []
        var offset = 0
        switch await firstFrame(&frames, &rest, &offset) {
        case .request(let request):
            await perform(request, frames, rest, offset)
        case .refused(let error):
            await finish(.refused(error), nil)
        case .nothing:
            scope.stream.finish()
        case .abandoned:
            await finish(.abandoned, nil)
        }
        session.remove(scope)
        session.server.ledger.endRequest(session.caller, now: MonotonicClock.nanoseconds)
    }

    /// Takes a place among the identity's requests; where they come too fast, this one is read later.
    private func admit() async -> Bool {
        while true {
            switch session.server.ledger.beginRequest(
                session.caller, now: MonotonicClock.nanoseconds)
            {
            case .admitted: return true
            case .exhausted:
                await finish(.refused(.exhausted("too many requests of this identity")), nil)
                return false
            case .later(let nanoseconds):
                do {
                    try await Task.sleep(nanoseconds: nanoseconds)
                } catch {
                    return false
                }
            }
        }
    }

    // MARK: The first frame

    private enum FirstFrame {
        case request(DecodedRequest)
        case refused(RequestError)
        /// The stream ended without a byte.
        case nothing
        case abandoned
    }

    private func firstFrame(
        _ frames: inout FrameDecoder, _ rest: inout [UInt8], _ offset: inout Int
    ) async -> FirstFrame {
        while true {
            let chunk: [UInt8]?
            do throws(QUICError) {
                chunk = try await scope.stream.read(atMost: InputPump.readSize)
            } catch {
                if case .refused(let error)? = scope.decided { return .refused(error) }
                return .abandoned
            }
            guard let chunk else {
                let (action, _) = scope.receivedEnd(insideFrame: frames.isInsideFrame)
                if case .refuse(let error) = action { return .refused(RequestError(error)) }
                return .nothing
            }
            offset = 0
            do throws(ProtocolError) {
                guard let frame = try frames.next(chunk, at: &offset) else { continue }
                guard case (.perform(let request), _) = try scope.received(frame) else {
                    return .refused(RequestError(.internal, "the first frame is no request"))
                }
                rest = chunk
                return .request(request)
            } catch {
                return .refused(RequestError(error))
            }
        }
    }

    // MARK: The call

    private func perform(
        _ request: DecodedRequest, _ frames: FrameDecoder, _ rest: [UInt8], _ offset: Int
    ) async {
        guard let call = Call(request.message.call) else {
            return await finish(.refused(RequestError(.unimplemented, "unknown call")), nil)
        }
        guard !session.server.isShuttingDown else {
            return await finish(.refused(.shuttingDown), nil)
        }
        let isLongLived = request.message.isLongLived
        guard !isLongLived || session.beginLongLived() else {
            let error = RequestError.exhausted(
                "this connection has \(session.configuration.maximumLongLived) long-lived streams")
            return await finish(.refused(error), nil)
        }
        defer { if isLongLived { session.endLongLived() } }
        guard offset == rest.count || call.maySendFrames else {
            let error = RequestError(.invalidArgument, "\(call.verb.rawValue) takes no more frames")
            return await finish(.refused(error), nil)
        }
        scope.began(request.message, quiet: call.quiet, now: MonotonicClock.nanoseconds)
        let outcome = await withTaskGroup(of: HandlerOutcome?.self) { group in
            let handler = RequestHandler(scope, request)
            group.addTask {
                let outcome = await handler.run(call)
                scope.decide(.handled)
                return outcome
            }
            if call.maySendFrames || isLongLived || call.verb == .stop {
                let pump = InputPump(scope: scope, host: session.server.host)
                group.addTask {
                    await pump.run(frames, rest: rest, from: offset)
                    return nil
                }
            }
            let verdict = await scope.verdict()
            if case .refused = verdict { await scope.stopSending() }
            group.cancelAll()
            var outcome: HandlerOutcome?
            for await result in group where result != nil { outcome = result }
            return (verdict, outcome)
        }
        await finish(outcome.0, outcome.1)
    }

    // MARK: The last frame

    /// A result that exists is said, whatever was decided meanwhile: the effect stays.
    private func finish(
        _ verdict: RequestScope.Verdict, _ outcome: HandlerOutcome?
    ) async {
        if case .abandoned = verdict { return abandon() }
        let last: WireServerFrame.OneOf_Frame
        var stop = ResetCode.none
        switch (verdict, outcome) {
        case (_, .success(let result)?):
            last = .result(.with { $0.result = result })
        case (.refused(let error), _), (_, .failure(let error)?):
            stop = error.stop
            last = .error(session.server.describe(error, in: scope))
        case (.handled, nil), (.abandoned, nil):
            return abandon()
        }
        do throws(RequestError) {
            try await scope.sendLast(encode(last))
        } catch {
            return abandon()
        }
        scope.stream.finish()
        scope.stream.stopSending(code: stop.rawValue)
    }

    /// A result that does not fit a frame is a fault of ours, and said as one.
    private func encode(_ last: WireServerFrame.OneOf_Frame) throws(RequestError) -> [UInt8] {
        do throws(RequestError) {
            return try scope.encode(last)
        } catch {
            return try scope.encode(.error(session.server.describe(error, in: scope)))
        }
    }

    private func abandon() {
        scope.stream.reset(code: ResetCode.cancelled.rawValue)
        scope.stream.stopSending(code: ResetCode.cancelled.rawValue)
    }
}
