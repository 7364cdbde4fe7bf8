internal import SeliumHosting
internal import SeliumKernel
internal import SeliumProtocol
internal import SeliumQUIC
internal import SwiftProtobuf
internal import Synchronization

/// One request under way: its stream, its state machine, and who waits for what.
///
/// Three parties look at it: the handler (judges, calls the host, answers), the pump (reads what the
/// client goes on sending) and the clock (deadlines, progress). The lock is held for decisions only.
final class RequestScope: Sendable {
    /// Where bytes of the client go.
    enum Sink: Sendable {
        case none
        case upload(ModuleUpload)
        case input(InputClaim)
        /// The process has ended already and swallows everything.
        case swallowed
    }

    /// Why the request is over.
    enum Verdict: Sendable {
        /// The handler has its outcome.
        case handled
        /// This is the last frame.
        case refused(RequestError)
        /// Nobody reads an answer any more.
        case abandoned
    }

    /// What the clock does while nothing is sent.
    enum Quiet: Sendable {
        /// The answer comes at once or not at all.
        case judging
        case working(WireProgress.Phase)
        case uploading(total: UInt64)
        case following
    }

    struct State: ~Copyable {
        var machine: ServerRequestStateMachine
        var sink = Sink.none
        var quiet = Quiet.judging
        /// When the first frame of the answer must be there; before a request has come, when that
        /// must be there.
        var deadline: UInt64
        var hasAnswered = false
        var lastSent: UInt64
        var uploaded: UInt64 = 0
        var requestID: [UInt8] = []
        /// Nobody waits for a verdict: whoever comes to one says it.
        var isImmediate = false
        /// Only the last frame may be sent now, or it was.
        var isClosing = false

        var verdict: Verdict?
        var verdictWaiter: CheckedContinuation<Verdict, Never>?
        var delivery: Result<Void, RequestError>?
        var deliveryWaiter: CheckedContinuation<Result<Void, RequestError>, Never>?

        var isWriting = false
        /// At most the handler, the clock and the last frame.
        var writers: [CheckedContinuation<Void, Never>] = []
    }

    let stream: QUICStream
    let session: ConnectionSession
    let state: Mutex<State>

    init(_ stream: QUICStream, _ session: ConnectionSession, decoder: RequestDecoder, now: UInt64) {
        self.stream = stream
        self.session = session
        let timeout = session.configuration.firstFrameTimeout.nanosecondCount
        state = Mutex(
            State(
                machine: ServerRequestStateMachine(decoder: decoder), deadline: now &+ timeout,
                lastSent: now))
    }
}

// MARK: The end of it

extension RequestScope {
    /// The first verdict counts; false when there was one.
    @discardableResult
    func decide(_ verdict: Verdict) -> Bool {
        let (isFirst, waiter) = state.withLock {
            state -> (Bool, CheckedContinuation<Verdict, Never>?) in
            guard state.verdict == nil else { return (false, nil) }
            state.verdict = verdict
            let waiter = state.verdictWaiter
            state.verdictWaiter = nil
            return (true, waiter)
        }
        waiter?.resume(returning: verdict)
        return isFirst
    }

    /// Waits for the verdict. The handler always comes to one, also when it is cancelled.
    func verdict() async -> Verdict {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Verdict? in
                if state.verdict == nil { state.verdictWaiter = continuation }
                return state.verdict
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    /// What was decided before, if anything.
    var decided: Verdict? { state.withLock { $0.verdict } }
}

// MARK: Answers

extension RequestScope {
    /// Sends a frame of the answer. Waits while the client's window is full. Throws `cancelled` when
    /// nobody reads.
    func send(_ frame: WireServerFrame.OneOf_Frame) async throws(RequestError) {
        try await send(encode(frame))
    }

    func send(_ bytes: [UInt8]) async throws(RequestError) {
        await acquire()
        defer { release() }
        guard !state.withLock({ $0.isClosing }) else { throw .cancelled }
        try await write(bytes)
    }

    /// The last frame: nothing is sent after it.
    func sendLast(_ bytes: [UInt8]) async throws(RequestError) {
        await stopSending()
        await acquire()
        defer { release() }
        try await write(bytes)
    }

    /// Lets a frame that is on its way come to its end, and no other begin. Cancelling its sender
    /// before would leave half a frame, behind which no error could be read.
    func stopSending() async {
        await acquire()
        state.withLock { $0.isClosing = true }
        release()
    }

    private func write(_ bytes: [UInt8]) async throws(RequestError) {
        state.withLock { $0.lastSent = MonotonicClock.nanoseconds }
        do throws(QUICError) {
            try await stream.write(bytes)
        } catch {
            state.withLock { _ = $0.machine.receivedStopSending() }
            if error.code != .cancelled { decide(.abandoned) }
            throw .cancelled
        }
        state.withLock { state in
            state.hasAnswered = true
            state.lastSent = MonotonicClock.nanoseconds
        }
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

    private func acquire() async {
        let isFree = state.withLock { state in
            guard !state.isWriting else { return false }
            state.isWriting = true
            return true
        }
        if isFree { return }
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.isWriting {
                    state.writers.append(continuation)
                    return false
                }
                state.isWriting = true
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func release() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.writers.isEmpty else {
                state.isWriting = false
                return nil
            }
            return state.writers.removeFirst()
        }
        next?.resume()
    }
}

// MARK: The clock

extension RequestScope {
    enum ClockAction: Sendable {
        case none
        case expire(RequestError)
        case sendProgress(WireProgress)
        /// The client has not read its answer for too long.
        case giveUp
    }

    /// What is due at this moment.
    func tick(now: UInt64) -> ClockAction {
        state.withLock { state in
            let configuration = session.configuration
            let silence = now > state.lastSent ? now - state.lastSent : 0
            if state.isWriting {
                // A write that waits is not silence of ours. What follows a process may stall for as
                // long as its reader likes; an answer may not.
                if case .following = state.quiet { return .none }
                let patience = configuration.stallTimeout.nanosecondCount
                return silence >= patience ? .giveUp : .none
            }
            guard state.verdict == nil else { return .none }
            if !state.hasAnswered, now >= state.deadline { return .expire(.deadline) }
            let working = configuration.progressInterval.nanosecondCount
            var progress = WireProgress()
            switch state.quiet {
            case .judging: return .none
            case .working(let phase):
                guard silence >= working else { return .none }
                progress.phase = phase
            case .uploading(let total):
                guard silence >= working else { return .none }
                progress.phase = .uploading
                progress.total = total
                progress.done = state.uploaded
            case .following:
                guard silence >= configuration.silenceInterval.nanosecondCount else { return .none }
                progress.phase = .working
            }
            return .sendProgress(progress)
        }
    }

    /// The stream is being read: its request has so much time to come.
    func awaitRequest(now: UInt64) {
        let timeout = session.configuration.firstFrameTimeout.nanosecondCount
        state.withLock { state in
            state.deadline = now &+ timeout
            state.lastSent = now
        }
    }

    /// The request has come: from now on its own deadline counts.
    func began(_ request: WireRequest, _ call: Call, now: UInt64) {
        let milliseconds =
            request.deadlineMs == 0
            ? ControlProtocol.defaultDeadlineMilliseconds : request.deadlineMs
        state.withLock { state in
            state.deadline = now &+ UInt64(milliseconds) * 1_000_000
            state.quiet = call.quiet
            state.isImmediate = call.isImmediate
            state.lastSent = now
            state.requestID = request.requestIDBytes
        }
    }

    /// The client's own name for the request, for logs: hexadecimal.
    var requestID: String {
        state.withLock { state in
            state.requestID.map { byte in
                let digits = String(byte, radix: 16)
                return digits.utf8.count == 1 ? "0" + digits : digits
            }.joined()
        }
    }
}
