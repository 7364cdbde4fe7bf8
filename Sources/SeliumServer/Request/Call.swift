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
    case kill(WireKill)
    case restart(WireRestart)
    case remove(WireRemove)
    case prune(WirePrune)
    case inspect(WireInspect)
    case pushModule(WirePushModule)
    case listModules(WireListModules)
    case inspectModule(WireInspectModule)
    case removeModule(WireRemoveModule)
    case collectModules(WireCollectModules)
    case readEvents(WireReadEvents)

    init?(_ wire: WireRequest.OneOf_Call?) {
        switch wire {
        case .start(let start)?: self = .start(start)
        case .stop(let stop)?: self = .stop(stop)
        case .list(let list)?: self = .list(list)
        case .attach(let attach)?: self = .attach(attach)
        case .wait(let wait)?: self = .wait(wait)
        case .info(let info)?: self = .info(info)
        case .kill(let kill)?: self = .kill(kill)
        case .restart(let restart)?: self = .restart(restart)
        case .remove(let remove)?: self = .remove(remove)
        case .prune(let prune)?: self = .prune(prune)
        case .inspect(let inspect)?: self = .inspect(inspect)
        case .pushModule(let push)?: self = .pushModule(push)
        case .listModules(let list)?: self = .listModules(list)
        case .inspectModule(let inspect)?: self = .inspectModule(inspect)
        case .removeModule(let remove)?: self = .removeModule(remove)
        case .collectModules(let collect)?: self = .collectModules(collect)
        case .readEvents(let read)?: self = .readEvents(read)
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
        case .kill: .kill
        case .restart: .restart
        case .remove: .remove
        case .prune: .prune
        case .inspect: .inspect
        case .pushModule: .pushModule
        case .listModules: .listModules
        case .inspectModule: .inspectModule
        case .removeModule: .removeModule
        case .collectModules: .collectModules
        case .readEvents: .readEvents
        }
    }

    /// Whether frames may follow the request: a module's bytes, or input.
    var maySendFrames: Bool {
        switch self {
        case .start, .pushModule: true
        case .attach(let attach): attach.input
        case .stop, .list, .wait, .info, .kill, .restart, .remove, .prune, .inspect, .listModules,
            .inspectModule, .removeModule, .collectModules, .readEvents:
            false
        }
    }

    /// Whether the host answers at once, and nothing is read beside it.
    var isImmediate: Bool {
        switch self {
        case .list, .info: true
        case .start, .stop, .attach, .wait, .kill, .restart, .remove, .prune, .inspect, .pushModule,
            .listModules, .inspectModule, .removeModule, .collectModules, .readEvents:
            false
        }
    }

    /// Whether the host waits for a process's end, while the client may change its mind.
    var waitsForEnd: Bool {
        switch self {
        case .stop, .kill, .restart, .remove: true
        case .start, .attach, .wait, .list, .info, .prune, .inspect, .pushModule, .listModules,
            .inspectModule, .removeModule, .collectModules, .readEvents:
            false
        }
    }

    /// What the client hears before there is an answer.
    var quiet: RequestScope.Quiet {
        switch self {
        case .start, .prune, .pushModule, .inspectModule, .removeModule, .collectModules:
            .working(.working)
        case .stop, .kill, .restart, .remove: .working(.stopping)
        case .list, .attach, .wait, .info, .inspect, .listModules, .readEvents: .judging
        }
    }
}
