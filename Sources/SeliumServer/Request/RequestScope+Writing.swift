internal import SeliumProtocol
internal import SeliumQUIC
internal import SwiftProtobuf
internal import Synchronization

// Answers: one frame at a time, whole frames only.

extension RequestScope {
    /// Who may have a frame on its way.
    enum Writer: Sendable {
        /// The handler.
        case answer
        case clock
        case lastFrame
    }

    /// A writer that waits for its turn.
    struct Turn: Sendable {
        var id: UInt64
        var writer: Writer
        var continuation: CheckedContinuation<Bool, Never>
    }

    /// Sends a frame of the answer. Waits while the client's window is full. Throws `cancelled` when
    /// nobody reads, or the task is cancelled before the frame began.
    func send(_ frame: WireServerFrame.OneOf_Frame) async throws(RequestError) {
        try await send(encode(frame))
    }

    func send(_ bytes: [UInt8]) async throws(RequestError) {
        guard await acquire(.answer) else { throw .cancelled }
        defer { release() }
        guard !state.withLock({ $0.isClosing }) else { throw .cancelled }
        try await write(bytes)
    }

    /// A sign of life. It never waits behind another frame, which is a better one.
    func sendProgress(_ progress: WireProgress) async {
        guard let bytes = try? encode(.progress(progress)) else { return }
        let isFree = state.withLock { state in
            guard state.writer == nil, !state.isClosing else { return false }
            state.writer = .clock
            return true
        }
        guard isFree else { return }
        defer { release() }
        try? await write(bytes)
    }

    /// The last frame: nothing is sent after it. Only its reader is waited for now.
    func sendLast(_ bytes: [UInt8]) async throws(RequestError) {
        beginWaiting()
        await stopSending()
        _ = await acquire(.lastFrame)
        defer { release() }
        try await write(bytes)
    }

    /// Lets a frame of the handler that is on its way come to its end, and no other begin. Cancelling
    /// its sender before would leave half a frame, behind which no error could be read.
    func stopSending() async {
        let isAnswering = state.withLock { state in
            state.isClosing = true
            return state.writer == .answer
        }
        guard isAnswering else { return }
        _ = await acquire(.lastFrame)
        release()
    }

    private func write(_ bytes: [UInt8]) async throws(RequestError) {
        state.withLock { $0.lastSent = session.configuration.monotonicTime() }
        do throws(QUICError) {
            try await stream.write(bytes)
        } catch {
            state.withLock { _ = $0.machine.receivedStopSending() }
            if error.code != .cancelled { decide(.abandoned) }
            throw .cancelled
        }
        state.withLock { state in
            state.hasAnswered = true
            state.lastSent = session.configuration.monotonicTime()
        }
        await session.wrote(bytes.count)
    }

    func encode(_ frame: WireServerFrame.OneOf_Frame) throws(RequestError) -> [UInt8] {
        var message = WireServerFrame()
        message.frame = frame
        do throws(ProtocolError) {
            return try FrameEncoder.encode(message, limits: session.configuration.wire)
        } catch {
            var failure = RequestError(.internal, "the answer is too long")
            failure.cause = error.message
            throw failure
        }
    }

    // MARK: Turns

    /// Waits for the turn to write; false when the task was cancelled instead. The last frame waits
    /// however that is: whoever holds it up is given up by the clock.
    private func acquire(_ writer: Writer) async -> Bool {
        let id = state.withLock { state -> UInt64? in
            guard state.writer != nil else {
                state.writer = writer
                return nil
            }
            state.turns &+= 1
            return state.turns
        }
        guard let id else { return true }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let known = state.withLock { state -> Bool? in
                    if state.writer == nil {
                        state.writer = writer
                        return true
                    }
                    if writer == .answer, Task.isCancelled { return false }
                    state.writers.append(Turn(id: id, writer: writer, continuation: continuation))
                    return nil
                }
                if let known { continuation.resume(returning: known) }
            }
        } onCancel: {
            guard writer == .answer else { return }
            giveUpTurn(id)
        }
    }

    private func giveUpTurn(_ id: UInt64) {
        let turn = state.withLock { state -> Turn? in
            guard let index = state.writers.firstIndex(where: { $0.id == id }) else { return nil }
            return state.writers.remove(at: index)
        }
        turn?.continuation.resume(returning: false)
    }

    private func release() {
        let next = state.withLock { state -> Turn? in
            guard !state.writers.isEmpty else {
                state.writer = nil
                return nil
            }
            let next = state.writers.removeFirst()
            state.writer = next.writer
            return next
        }
        next?.continuation.resume(returning: true)
    }
}

// MARK: What the request counts as

extension RequestScope {
    /// Its place among the requests of its identity.
    enum Place: Sendable {
        /// None was given.
        case none
        /// At work.
        case working
        /// It waits for its reader, or follows a process.
        case waiting
    }

    func admitted() { state.withLock { $0.place = .working } }

    /// The work is done: from now on it only waits for its reader, or for a process it follows.
    func beginWaiting() {
        let isNew = state.withLock { state in
            guard state.place == .working else { return false }
            state.place = .waiting
            return true
        }
        if isNew { session.account.beginWaiting() }
    }

    /// Counts bytes that the request is about to hold, until it ends or gives them back; false when
    /// its identity has too many.
    func reserve(_ bytes: Int, isBulk: Bool = false) async -> Bool {
        guard await session.reserve(bytes, isBulk: isBulk) else { return false }
        state.withLock { $0.held += bytes }
        return true
    }

    /// Counts bytes that the request holds already (or, below 0, no more).
    func changeHeld(by bytes: Int) {
        state.withLock { $0.held += bytes }
        session.changeInHand(by: bytes)
    }

    /// Waits until the identity holds less than it may. Throws `cancelled`.
    func waitForRoom() async throws(RequestError) {
        while !(await session.hasRoom()) { try await pause() }
    }

    /// Until it is worth to look for room again. Throws `cancelled`.
    func pause() async throws(RequestError) {
        do {
            try await Task.sleep(for: session.configuration.tickInterval)
        } catch {
            throw .cancelled
        }
    }

    /// The request is over: its place and what it held are free.
    func ended() {
        let (place, held) = state.withLock { state in
            defer {
                state.place = .none
                state.held = 0
            }
            return (state.place, state.held)
        }
        session.changeInHand(by: -held)
        guard place != .none else { return }
        session.account.endRequest(
            wasWaiting: place == .waiting, now: session.configuration.monotonicTime())
    }
}
