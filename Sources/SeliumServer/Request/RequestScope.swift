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
        /// Since when bytes of the client have been waited for; nil while there are some at hand.
        var readingSince: UInt64?
        var requestID: [UInt8] = []
        /// Nobody waits for a verdict: whoever comes to one says it.
        var isImmediate = false
        /// Only the last frame may be sent now, or it was.
        var isClosing = false

        var verdict: Verdict?
        var isRefused: Bool { if case .refused? = verdict { true } else { false } }
        var verdictWaiter: CheckedContinuation<Verdict, Never>?
        var delivery: Result<Void, RequestError>?
        var deliveryWaiter: CheckedContinuation<Result<Void, RequestError>, Never>?

        /// Who has a frame on its way.
        var writer: Writer?
        /// At most the handler and the last frame.
        var writers: [Turn] = []
        var turns: UInt64 = 0

        var place = Place.none
        /// Bytes in hand that count for the identity.
        var held = 0
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
            if state.writer != nil {
                // A write that waits is not silence of ours. What follows a process may stall for as
                // long as its reader likes; an answer may not, and neither may word of an error.
                if case .following = state.quiet, !state.isRefused { return .none }
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
                let patience = configuration.uploadStall.nanosecondCount
                if let since = state.readingSince, now > since, now - since >= patience {
                    return .expire(.uploadStalled(after: configuration.uploadStall))
                }
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

    /// The client's next bytes are waited for from now on. What the server itself takes long for
    /// (a slow disk, an identity that holds too much) is not the client's standing still.
    func beginReading(now: UInt64) { state.withLock { $0.readingSince = now } }

    /// They came, or never will.
    func endReading() { state.withLock { $0.readingSince = nil } }

    /// What a start waits for now. What takes long is said at the next tick.
    func observe(_ phase: StartPhase) {
        state.withLock { state in
            guard case .working = state.quiet else { return }
            switch phase {
            case .starting: state.quiet = .working(.working)
            case .compiling:
                state.quiet = .working(.compiling)
                // While a frame is on its way this is when it set out: what its reader is judged by.
                if state.writer == nil { state.lastSent = 0 }
            }
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
