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
            stream, session, decoder: decoder, now: session.configuration.monotonicTime())
    }

    func run() async {
        guard await admit() else { return }
        scope.awaitRequest(now: session.configuration.monotonicTime())
        session.insert(scope)
        var frames = FrameDecoder.requests(session.configuration.wire)
        var rest: [UInt8] = []
        var offset = 0
        switch await firstFrame(&frames, &rest, &offset) {
        case .request(let request):
            await perform(request, frames, rest, offset)
        case .refused(let error):
            await scope.finish(.refused(error), nil)
        case .nothing:
            scope.stream.finish()
        case .abandoned:
            await scope.finish(.abandoned, nil)
        }
        session.remove(scope)
        scope.ended()
    }

    /// Takes a place among the identity's requests; where they come too fast, this one is read later.
    private func admit() async -> Bool {
        while true {
            switch session.account.beginRequest(now: session.configuration.monotonicTime()) {
            case .admitted:
                scope.admitted()
                return true
            case .exhausted:
                await scope.finish(.refused(.exhausted("too many requests of this identity")), nil)
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
                guard let frame = try frames.next(chunk, at: &offset) else {
                    // Not complete, and held until it is.
                    guard await scope.reserve(chunk.count) else { return .refused(Self.noRoom) }
                    continue
                }
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
            return await scope.finish(.refused(RequestError(.unimplemented, "unknown call")), nil)
        }
        let isLongLived = request.message.isLongLived
        if let error = await obstacle(call, isLongLived, hasMore: offset < rest.count) {
            session.server.audit(request, call, .refused(error), nil, scope)
            return await scope.finish(.refused(error), nil)
        }
        defer { if isLongLived { session.endLongLived() } }
        scope.began(request.message, call, now: session.configuration.monotonicTime())
        let handler = RequestHandler(scope, request)
        if call.isImmediate {
            // Nothing to read and nothing to wait for: no task of its own, which is what makes the
            // common call cheap. Should the host be slow after all, the clock answers for it.
            let outcome = await handler.run(call)
            if scope.decide(.handled) { await scope.finish(.handled, outcome) }
            return
        }
        let (verdict, outcome) = await withTaskGroup(of: HandlerOutcome?.self) { group in
            group.addTask {
                let outcome = await handler.run(call)
                scope.decide(.handled)
                return outcome
            }
            group.addTask {
                await scope.noticeStop()
                return nil
            }
            if call.maySendFrames || isLongLived || call.waitsForEnd {
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
        session.server.audit(request, call, verdict, outcome, scope)
        await scope.finish(verdict, outcome)
    }

    /// What keeps a request from being looked at; a long-lived one has its place otherwise.
    private func obstacle(
        _ call: Call, _ isLongLived: Bool, hasMore: Bool
    ) async -> RequestError? {
        guard !session.server.isShuttingDown else { return .shuttingDown }
        guard await session.hasRoom() else { return Self.noRoom }
        guard !hasMore || call.maySendFrames else {
            return RequestError(.invalidArgument, "\(call.verb.rawValue) takes no more frames")
        }
        guard !isLongLived || session.beginLongLived() else {
            return .exhausted(
                "this connection has \(session.configuration.maximumLongLived) long-lived streams")
        }
        return nil
    }

    private static let noRoom = RequestError.exhausted(
        "the answers and uploads of this identity that are under way hold too much")
}
