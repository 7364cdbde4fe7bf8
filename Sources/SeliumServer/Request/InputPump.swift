internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SeliumQUIC
internal import Synchronization

/// Reads what a client goes on sending after its request, and hands it on at the pace of whoever
/// takes it: that is the back-pressure.
struct InputPump: Sendable {
    let scope: RequestScope
    let host: any ProcessHost

    /// Bytes asked of the stream in one go.
    static let readSize = 64 << 10
    /// A chunk of 64 KiB with its tag and length.
    static let usualFrame = (64 << 10) + 16

    /// Runs until the client has nothing more to say, or said something wrong; what it means for the
    /// request is told to the scope.
    func run(_ decoder: consuming FrameDecoder, rest: [UInt8], from offset: Int) async {
        var decoder = decoder
        var reservation = 0
        // What was read and nobody has taken yet: the chunk at hand and what it goes on from.
        var held = 0
        defer { scope.session.releaseLargeFrame(reservation) }
        do throws(PumpEnd) {
            var chunk = rest
            var offset = offset
            while true {
                while let frame = try next(&decoder, chunk, at: &offset) {
                    scope.session.releaseLargeFrame(reservation)
                    reservation = 0
                    try await deliver(frame)
                    setHeld(&held, min(held, chunk.count))
                }
                if !decoder.isInsideFrame { setHeld(&held, 0) }
                if reservation == 0 { reservation = try reserve(decoder.announcedLength) }
                guard let more = try await read() else { break }
                chunk = more
                offset = 0
                setHeld(&held, held + more.count)
            }
            try await ended(insideFrame: decoder.isInsideFrame)
        } catch {
            await stopped(by: error)
        }
    }

    /// Why the pump stops early.
    private enum PumpEnd: Error {
        case refused(RequestError)
        case reset
        case lost
        case cancelled
    }

    private func next(
        _ decoder: inout FrameDecoder, _ chunk: [UInt8], at offset: inout Int
    ) throws(PumpEnd) -> [UInt8]? {
        do throws(ProtocolError) {
            return try decoder.next(chunk, at: &offset)
        } catch {
            throw .refused(RequestError(error))
        }
    }

    /// A frame of the usual size is always taken. Longer ones share the connection's 16 MiB.
    private func reserve(_ announced: Int?) throws(PumpEnd) -> Int {
        guard let announced, announced > Self.usualFrame else {
            return 0
        }
        guard scope.session.reserveLargeFrame(announced) else {
            throw .refused(.exhausted("too many long frames are unfinished on this connection"))
        }
        return announced
    }

    private func setHeld(_ held: inout Int, _ bytes: Int) {
        guard held != bytes else { return }
        scope.changeHeld(by: bytes - held)
        held = bytes
    }

    private func read() async throws(PumpEnd) -> [UInt8]? {
        do throws(RequestError) {
            try await scope.waitForRoom()
        } catch {
            throw .cancelled
        }
        scope.beginReading(now: scope.session.configuration.monotonicTime())
        defer { scope.endReading() }
        do throws(QUICError) {
            return try await scope.stream.read(atMost: Self.readSize)
        } catch {
            switch error.code {
            case .streamReset: throw .reset
            case .cancelled: throw .cancelled
            default: throw .lost
            }
        }
    }

    private func deliver(_ frame: [UInt8]) async throws(PumpEnd) {
        let action: ServerRequestStateMachine.FrameAction
        let sink: RequestScope.Sink
        do throws(ProtocolError) {
            (action, sink) = try scope.received(frame)
        } catch {
            throw .refused(RequestError(error))
        }
        switch (action, sink) {
        case (.store(let bytes, let isLast), .upload(let upload)):
            do throws(HostError) {
                try await host.append(bytes, to: upload)
            } catch {
                scope.delivered(.failure(RequestError(error)))
                throw .cancelled
            }
            if isLast { scope.delivered(.success(())) }
        case (.feed(let bytes), .input(let claim)):
            try await write(bytes, to: claim, end: false)
        case (.perform, _), (.store, _), (.feed, _):
            break
        }
    }

    private func write(_ bytes: [UInt8], to claim: InputClaim, end: Bool) async throws(PumpEnd) {
        do throws(HostError) {
            try await host.writeInput(claim, bytes, end: end)
        } catch {
            throw error.code == .cancelled ? .cancelled : .refused(RequestError(error))
        }
    }

    private func ended(insideFrame: Bool) async throws(PumpEnd) {
        let (action, sink) = scope.receivedEnd(insideFrame: insideFrame)
        switch action {
        case .none, .close: return
        case .refuse(let error): throw .refused(RequestError(error))
        case .endInput:
            if case .input(let claim) = sink { try await write([], to: claim, end: true) }
            scope.delivered(.success(()))
        }
    }

    private func stopped(by end: PumpEnd) async {
        switch end {
        case .cancelled: return
        case .lost: scope.decide(.abandoned)
        case .refused(let error): scope.decide(.refused(error))
        case .reset:
            let (action, sink) = scope.receivedReset()
            switch action {
            case .none: return
            case .cancel: scope.decide(.abandoned)
            case .detachInput:
                if case .input(let claim) = sink { await host.closeInput(claim) }
                scope.delivered(.success(()))
            }
        }
    }
}

extension RequestScope {
    /// A frame has come: what to do, and with what.
    func received(
        _ frame: [UInt8]
    ) throws(ProtocolError) -> (ServerRequestStateMachine.FrameAction, Sink) {
        try state.withLock { state throws(ProtocolError) in
            let action = try state.machine.receivedFrame(frame)
            if case .store(let bytes, _) = action { state.uploaded &+= UInt64(bytes.count) }
            return (action, state.sink)
        }
    }

    func receivedEnd(insideFrame: Bool) -> (ServerRequestStateMachine.EndAction, Sink) {
        state.withLock { state in
            (state.machine.receivedEnd(insideFrame: insideFrame), state.sink)
        }
    }

    func receivedReset() -> (ServerRequestStateMachine.ResetAction, Sink) {
        state.withLock { state in (state.machine.receivedReset(), state.sink) }
    }
}
