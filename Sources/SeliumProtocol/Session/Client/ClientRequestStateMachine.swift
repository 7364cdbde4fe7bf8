/// What a client asked for, as far as it decides which answers are legal.
package enum ClientCall: Sendable, Hashable {
    /// `moduleSize` is what the request says; `follows` with `attach`.
    case start(moduleSize: UInt64, follows: Bool, input: Bool)
    /// Also for a kill.
    case stop
    case restart
    case remove
    case prune
    case list
    /// `isOnce` with `no_follow`.
    case attach(input: Bool, isOnce: Bool = false)
    /// For its end.
    case wait
    /// For something else.
    case waitUntilReached
    case info
    case inspect
    case pushModule(size: UInt64)
    case listModules
    case inspectModule
    case removeModule
    case collectModules
    case readEvents
}

extension ClientCall {
    /// The call of a request; nil when it has none.
    package init?(_ request: WireRequest) {
        switch request.call {
        case .start(let start)?:
            self = .start(
                moduleSize: start.moduleSize, follows: start.hasAttach && !start.dryRun,
                input: start.input && !start.dryRun)
        case .stop?, .kill?: self = .stop
        case .restart?: self = .restart
        case .remove?: self = .remove
        case .prune?: self = .prune
        case .list?: self = .list
        case .attach(let attach)?:
            self = .attach(input: attach.input, isOnce: attach.noFollow)
        case .wait(let wait)?:
            self = wait.until == .running || wait.until == .ready ? .waitUntilReached : .wait
        case .info?: self = .info
        case .inspect?: self = .inspect
        case .pushModule(let push)?: self = .pushModule(size: push.size)
        case .listModules?: self = .listModules
        case .inspectModule?: self = .inspectModule
        case .removeModule?: self = .removeModule
        case .collectModules?: self = .collectModules
        case .readEvents?: self = .readEvents
        case nil: return nil
        }
    }
}

/// The life of one request as the client sees it: which answers may come when. A server that sends
/// another gets the stream stopped with the thrown error's reset code; the connection lives on.
///
///     asked ⇄ uploading → following → finished
package struct ClientRequestStateMachine: ~Copyable {
    private enum State {
        /// The request is sent. Exits: upload, started or following, result or error.
        case asked
        /// The server wants the module. Exits: as asked, but no second upload.
        case uploading
        /// `started` or `following` came and the stream goes on. Exits: result or error.
        case following
        /// The last frame came.
        case finished
    }

    private let call: ClientCall
    private var state = State.asked

    /// The request's first frame has been handed to the stream.
    package init(call: ClientCall) {
        self.call = call
    }

    /// Whether `input` frames may be sent now.
    package var maySendInput: Bool {
        guard case .following = state else { return false }
        switch call {
        case .start(_, _, let input), .attach(let input, _): return input
        case .stop, .restart, .remove, .prune, .list, .wait, .waitUntilReached, .info, .inspect,
            .pushModule, .listModules, .inspectModule, .removeModule, .collectModules,
            .readEvents:
            return false
        }
    }

    /// Whether the result or error has come.
    package var isFinished: Bool {
        if case .finished = state { true } else { false }
    }
}

extension ClientRequestStateMachine {
    package enum AnswerAction: Sendable {
        /// The server is at work.
        case progress(WireProgress)
        /// Send the module from this offset on.
        case sendModule(from: UInt64)
        /// The process exists and the stream goes on.
        case started(WireStarted)
        case following(WireFollowing)
        /// The content of a `log` field.
        case log([UInt8])
        case gap(WireGap)
        /// Part of a list.
        case rows([WireProcessInfo])
        case moduleRows([WireModuleRow])
        /// The last frame.
        case succeeded(WireResult.OneOf_Result)
        case failed(WireError)
        /// Something newer than this client.
        case skip
    }

    /// A frame has come. Throws when the server may not say this now.
    package mutating func receivedAnswer(_ answer: Answer) throws(ProtocolError) -> AnswerAction {
        guard !isFinished else { throw Self.misplaced("a frame after the last one") }
        switch answer {
        case .unknown: return .skip
        case .log(let bytes):
            guard followsLog else { throw Self.misplaced("log") }
            return .log(bytes)
        case .frame(let frame): return try receivedFrame(frame)
        }
    }

    private mutating func receivedFrame(
        _ frame: WireServerFrame.OneOf_Frame
    ) throws(ProtocolError) -> AnswerAction {
        switch frame {
        case .error(let error):
            state = .finished
            return .failed(error)
        case .result(let result):
            guard let content = result.result, accepts(content) else {
                throw Self.misplaced("the result of another call")
            }
            state = .finished
            return .succeeded(content)
        case .progress(let progress): return .progress(progress)
        case .upload(let upload): return try receivedUpload(upload)
        case .started(let started):
            guard case .start = call else { throw Self.misplaced("started") }
            try beginFollowing("started")
            return .started(started)
        case .following(let following):
            guard call == .wait || call == .waitUntilReached || call == .readEvents || isAttach
            else {
                throw Self.misplaced("following")
            }
            try beginFollowing("following")
            return .following(following)
        case .log(let bytes):
            guard followsLog else { throw Self.misplaced("log") }
            return .log(Array(bytes))
        case .gap(let gap):
            guard followsLog, gap.from >= 1, gap.through >= gap.from else {
                throw Self.misplaced("gap")
            }
            return .gap(gap)
        case .processes(let part):
            guard call == .list else { throw Self.misplaced("processes") }
            return .rows(part.processes)
        case .modules(let part):
            guard call == .listModules else { throw Self.misplaced("modules") }
            return .moduleRows(part.modules)
        }
    }

    private mutating func receivedUpload(
        _ upload: WireUpload
    ) throws(ProtocolError) -> AnswerAction {
        let size: UInt64
        switch call {
        case .start(let moduleSize, _, _): size = moduleSize
        case .pushModule(let moduleSize): size = moduleSize
        case .stop, .restart, .remove, .prune, .list, .attach, .wait, .waitUntilReached, .info,
            .inspect, .listModules, .inspectModule, .removeModule, .collectModules,
            .readEvents:
            throw Self.misplaced("upload")
        }
        guard case .asked = state, upload.offset < size else { throw Self.misplaced("upload") }
        state = .uploading
        return .sendModule(from: upload.offset)
    }

    private mutating func beginFollowing(_ name: String) throws(ProtocolError) {
        if case .following = state { throw Self.misplaced("a second \(name)") }
        state = .following
    }

    private var isAttach: Bool {
        if case .attach = call { true } else { false }
    }

    /// Whether log frames may come now.
    private var followsLog: Bool {
        guard case .following = state else { return false }
        switch call {
        case .start(_, let follows, _): return follows
        case .attach: return true
        case .stop, .restart, .remove, .prune, .list, .wait, .waitUntilReached, .info, .inspect,
            .pushModule, .listModules, .inspectModule, .removeModule, .collectModules,
            .readEvents:
            return false
        }
    }

    private func accepts(_ result: WireResult.OneOf_Result) -> Bool {
        switch (call, result) {
        case (.start(_, let follows, _), .started): !follows
        case (.start(_, let follows, _), .ended): follows
        case (.attach(_, let isOnce), .logRead): isOnce
        case (.stop, .stopped), (.list, .processes), (.attach, .ended), (.wait, .ended),
            (.info, .info), (.restart, .restarted), (.remove, .removed), (.prune, .pruned),
            (.inspect, .inspected), (.pushModule, .pushedModule), (.listModules, .modules),
            (.inspectModule, .inspectedModule), (.removeModule, .removedModule),
            (.waitUntilReached, .reached), (.readEvents, .events),
            (.collectModules, .collectedModules):
            true
        default: false
        }
    }

    private static func misplaced(_ what: String) -> ProtocolError {
        ProtocolError(.internal, "the server sent \(what), which has no place here")
    }
}

extension ClientRequestStateMachine {
    package enum EndAction: Sendable {
        /// The last frame had come: all is said.
        case complete
        /// The stream ended without a result or error: the connection counts as lost.
        case lost
    }

    /// FIN or RESET_STREAM has come.
    package mutating func receivedEnd() -> EndAction {
        let wasFinished = isFinished
        state = .finished
        return wasFinished ? .complete : .lost
    }
}
