internal import SeliumProtocol

/// The calls there are, each with the verb that is asked of the caller's role. A call without a line
/// here does not compile.
enum Call: Sendable {
    case start(WireStart)
    case stop(WireStop)
    case list(WireList)
    case attach(WireAttach)
    case wait(WireWait)
    case info(WireInfo)

    init?(_ wire: WireRequest.OneOf_Call?) {
        switch wire {
        case .start(let start)?: self = .start(start)
        case .stop(let stop)?: self = .stop(stop)
        case .list(let list)?: self = .list(list)
        case .attach(let attach)?: self = .attach(attach)
        case .wait(let wait)?: self = .wait(wait)
        case .info(let info)?: self = .info(info)
        case nil: return nil
        }
    }

    var verb: Verb {
        switch self {
        case .start: .start
        case .stop: .stop
        case .list: .list
        case .attach: .attach
        case .wait: .wait
        case .info: .info
        }
    }

    /// Whether frames may follow the request: a module's bytes, or input.
    var maySendFrames: Bool {
        switch self {
        case .start: true
        case .attach(let attach): attach.input
        case .stop, .list, .wait, .info: false
        }
    }

    /// Whether the host answers at once, and nothing is read beside it.
    var isImmediate: Bool {
        switch self {
        case .list, .info: true
        case .start, .stop, .attach, .wait: false
        }
    }

    /// What the client hears before there is an answer.
    var quiet: RequestScope.Quiet {
        switch self {
        case .start: .working(.working)
        case .stop: .working(.stopping)
        case .list, .attach, .wait, .info: .judging
        }
    }
}
