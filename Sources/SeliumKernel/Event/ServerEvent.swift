/// Something that happened to a process or a module, as a server keeps it.
public struct ServerEvent: Sendable, Hashable {
    /// What happened. The numbers are on disk.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        /// A process was started; its module is the detail.
        case started = 1
        /// A further incarnation begins.
        case restarted = 2
        /// An incarnation ended; how is the detail.
        case ended = 3
        /// No further incarnation will come; `exited` or `crashed` is the detail.
        case finished = 4
        /// A process was forgotten, with its log.
        case removed = 5
        /// A module got a name; its digest is the detail.
        case moduleNamed = 6
        /// A module lost a name, or was forgotten with none; its digest is the detail.
        case moduleRemoved = 7
    }

    /// From 1, in one order over the whole server, never given twice. Of one namespace not every number
    /// is there.
    public var index: UInt64
    /// Wall clock, nanoseconds since 1970.
    public var time: Int64
    public var kind: Kind
    public var namespace: Namespace
    /// nil for events of modules.
    public var process: ProcessID?
    /// 0 where it is about no incarnation.
    public var incarnation: UInt32
    /// Of the process or the module; empty without.
    public var name: String
    public var detail: String

    public init(
        index: UInt64, time: Int64, kind: Kind, namespace: Namespace, process: ProcessID? = nil,
        incarnation: UInt32 = 0, name: String = "", detail: String = ""
    ) {
        self.index = index
        self.time = time
        self.kind = kind
        self.namespace = namespace
        self.process = process
        self.incarnation = incarnation
        self.name = name
        self.detail = detail
    }
}

/// Where a reader of events begins.
public enum EventStart: Sendable, Hashable {
    /// With this index, or the next one there is.
    case index(UInt64)
    /// With the first that was written at this time or later, nanoseconds since 1970.
    case since(Int64)
    /// With the next that comes.
    case end
}

/// Some events, the oldest first.
public struct EventBatch: Sendable, Hashable {
    public var events: [ServerEvent]
    /// Go on from here.
    public var next: UInt64

    public init(events: [ServerEvent], next: UInt64) {
        self.events = events
        self.next = next
    }
}

extension ExitOutcome {
    /// How it ended, in a word or two, as an event tells it.
    public var eventDetail: String {
        switch self {
        case .returned: "returned"
        case .exit(let code): "exit \(code)"
        case .trap(let trap): "trap \(trap.kind)"
        case .killed: "killed"
        case .limit(let name): "limit \(name)"
        case .startFailed: "start-failed"
        case .lost: "lost"
        }
    }
}
