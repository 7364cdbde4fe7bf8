/// The life of one request as the server sees it: which frames may come when, what an end or a reset
/// means at that moment, and whether anything may still be said.
///
///     awaitingRequest → working ⇄ uploading → following → finished
///
/// It holds no bytes and knows no clock; whoever drives it performs what its methods return.
package struct ServerRequestStateMachine: ~Copyable {
    private enum State {
        /// Nothing has been understood yet. Exits: a request, a refusal, the peer leaves.
        case awaitingRequest
        /// The call is being judged or carried out; no frame may come now that belongs to a later
        /// phase, but it is not read either. Exits: upload wanted, the stream goes on, finished.
        case working(Working)
        /// The module's bytes are coming. Exits: the last byte (working), finished.
        case uploading(Uploading)
        /// The answer has begun and goes on. Exits: finished.
        case following(Following)
        /// The last frame has been decided, or nobody is there to read one.
        case finished
    }

    private struct Working {
        var inputEnded = false
        var takesInput: Bool
        var hasUploaded = false
    }

    private struct Uploading {
        var inputEnded = false
        var takesInput: Bool
        var remaining: UInt64
    }

    private struct Following {
        var takesInput: Bool
        var inputEnded: Bool
    }

    private var state: State
    private let decoder: RequestDecoder

    /// A request whose stream has just been opened.
    package init(decoder: RequestDecoder) {
        state = .awaitingRequest
        self.decoder = decoder
    }

    /// Whether the last frame has been decided.
    package var isFinished: Bool {
        switch state {
        case .finished: true
        default: false
        }
    }

    /// Whether the driver should read more frames now: a frame that is not wanted yet stays in the
    /// stream's own window, which is what holds the client back.
    package var wantsFrames: Bool {
        switch state {
        case .awaitingRequest, .uploading: true
        case .working, .finished: false
        case .following(let following): following.takesInput && !following.inputEnded
        }
    }
}

extension ServerRequestStateMachine {
    package enum FrameAction: Sendable {
        /// Judge this call and carry it out.
        case perform(DecodedRequest)
        /// Append these bytes to the module; `isLast` when it is complete.
        case store([UInt8], isLast: Bool)
        /// Write these bytes to stdin.
        case feed([UInt8])
    }

    /// A frame has come. Throws what the client did wrong; the request is over then, and the error
    /// is its last frame.
    package mutating func receivedFrame(_ frame: [UInt8]) throws(ProtocolError) -> FrameAction {
        switch state {
        case .awaitingRequest:
            state = .finished
            let request = try decoder.request(frame)
            state = .working(Working(takesInput: request.message.takesInput))
            return .perform(request)
        case .uploading(var uploading):
            state = .finished
            guard case .upload(let bytes) = try decoder.clientFrame(frame) else {
                throw ProtocolError(.invalidArgument, "expected the module's bytes", field: "input")
            }
            guard UInt64(bytes.count) <= uploading.remaining else {
                throw ProtocolError(
                    .invalidArgument, "more bytes than the module has", field: "upload",
                    reset: .tooLarge)
            }
            uploading.remaining -= UInt64(bytes.count)
            if uploading.remaining == 0 {
                state = .working(
                    Working(
                        inputEnded: uploading.inputEnded, takesInput: uploading.takesInput,
                        hasUploaded: true))
                return .store(bytes, isLast: true)
            }
            state = .uploading(uploading)
            return .store(bytes, isLast: false)
        case .following(let following):
            state = .finished
            let chunk = try decoder.clientFrame(frame)
            guard case .input(let bytes) = chunk else {
                throw ProtocolError(.invalidArgument, "nothing is being uploaded", field: "upload")
            }
            guard following.takesInput, !following.inputEnded else {
                throw ProtocolError(
                    .invalidArgument, "the request did not say that it sends input", field: "input")
            }
            state = .following(following)
            return .feed(bytes)
        case .working, .finished:
            state = .finished
            throw ProtocolError(.invalidArgument, "the call takes no such frame now")
        }
    }

    package enum EndAction: Sendable {
        /// The client has said all it will say; nothing to do.
        case none
        /// stdin has come to its end.
        case endInput
        /// The stream ended before it said what it had to.
        case refuse(ProtocolError)
        /// Nothing was ever asked: close without an answer.
        case close
    }

    /// FIN has come, `insideFrame` when a frame was cut off by it.
    package mutating func receivedEnd(insideFrame: Bool) -> EndAction {
        if insideFrame {
            state = .finished
            return .refuse(
                ProtocolError(.invalidArgument, "the stream ended in the middle of a frame"))
        }
        switch state {
        case .awaitingRequest:
            state = .finished
            return .close
        case .working(var working):
            working.inputEnded = true
            state = .working(working)
            return .none
        case .uploading:
            state = .finished
            return .refuse(
                ProtocolError(.invalidArgument, "the upload ended before the module was complete"))
        case .following(var following):
            let ends = following.takesInput && !following.inputEnded
            following.inputEnded = true
            state = .following(following)
            return ends ? .endInput : .none
        case .finished:
            state = .finished
            return .none
        }
    }
}

extension ServerRequestStateMachine {
    package enum ResetAction: Sendable {
        case none
        /// Give the request up; nobody reads an answer.
        case cancel
        /// Leave stdin open for the next writer; the answer goes on.
        case detachInput
    }

    /// RESET_STREAM has come: the client gives up what it was saying.
    package mutating func receivedReset() -> ResetAction {
        switch state {
        case .following(var following) where following.takesInput && !following.inputEnded:
            following.inputEnded = true
            state = .following(following)
            return .detachInput
        case .finished:
            state = .finished
            return .none
        default:
            state = .finished
            return .cancel
        }
    }

    /// STOP_SENDING has come: the client reads no answer.
    package mutating func receivedStopSending() -> ResetAction {
        let wasFinished = isFinished
        state = .finished
        return wasFinished ? .none : .cancel
    }

    /// The server says `upload`: `remaining` bytes are missing, at least one. False when the client
    /// can send none any more or has sent them; the request must then be refused.
    package mutating func beginUpload(remaining: UInt64) -> Bool {
        switch state {
        case .working(let working) where !working.inputEnded && !working.hasUploaded:
            state = .uploading(Uploading(takesInput: working.takesInput, remaining: remaining))
            return true
        case .working(let working):
            state = .working(working)
            return false
        case .awaitingRequest: preconditionFailure("an upload before a request")
        case .uploading: preconditionFailure("an upload inside an upload")
        case .following: preconditionFailure("an upload after the process exists")
        case .finished:
            state = .finished
            return false
        }
    }

    package enum BeginAction: Sendable {
        /// Read frames and feed them.
        case readInput
        /// The client had already sent FIN: stdin ends at once.
        case endInput
        /// The call takes none.
        case noInput
        /// The client is gone.
        case abandoned
    }

    /// The server says `started` or `following` and the stream goes on.
    package mutating func beginFollowing() -> BeginAction {
        switch state {
        case .working(let working):
            state = .following(
                Following(takesInput: working.takesInput, inputEnded: working.inputEnded))
            guard working.takesInput else { return .noInput }
            return working.inputEnded ? .endInput : .readInput
        case .finished:
            state = .finished
            return .abandoned
        case .awaitingRequest: preconditionFailure("an answer before a request")
        case .uploading: preconditionFailure("a process before its module")
        case .following: preconditionFailure("following twice")
        }
    }

    /// The server says its last frame. False when nothing may be said any more.
    package mutating func finish() -> Bool {
        let first = !isFinished
        state = .finished
        return first
    }
}

extension WireRequest {
    /// Whether this stream may carry `input` frames.
    package var takesInput: Bool {
        switch call {
        case .start(let start)?: start.input && !start.dryRun
        case .attach(let attach)?: attach.input
        default: false
        }
    }

    /// Whether the stream lives as long as what it follows, and so counts as long-lived.
    package var isLongLived: Bool {
        switch call {
        case .start(let start)?: (start.hasAttach || start.input) && !start.dryRun
        case .attach?, .wait?: true
        case .readEvents(let read)?: !read.noWait
        default: false
        }
    }
}
