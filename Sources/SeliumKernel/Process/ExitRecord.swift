/// How one incarnation of a process ended. Persisted before anybody hears of it.
public struct ExitRecord: Sendable, Hashable {
    /// What happened.
    public var outcome: ExitOutcome
    /// Which incarnation, from 1.
    public var incarnation: UInt32
    /// Somebody had asked the process to stop before it ended.
    public var stopRequested: Bool
    /// When the incarnation began, wall clock, nanoseconds since 1970.
    public var startedAt: Int64
    /// When it ended, wall clock, nanoseconds since 1970.
    public var endedAt: Int64
    /// CPU time used, nanoseconds.
    public var cpuNanoseconds: UInt64
    /// The most linear memory it held, bytes.
    public var peakMemory: UInt64
    /// Its memory limit, bytes.
    public var memoryLimit: UInt64
    /// The sequence of its last log record, 0 if there was none.
    public var lastSequence: UInt64

    /// A record of everything; no defaults, so that no field is forgotten where one is made.
    public init(
        outcome: ExitOutcome, incarnation: UInt32, stopRequested: Bool, startedAt: Int64,
        endedAt: Int64,
        cpuNanoseconds: UInt64, peakMemory: UInt64, memoryLimit: UInt64, lastSequence: UInt64
    ) {
        self.outcome = outcome
        self.incarnation = incarnation
        self.stopRequested = stopRequested
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.cpuNanoseconds = cpuNanoseconds
        self.peakMemory = peakMemory
        self.memoryLimit = memoryLimit
        self.lastSequence = lastSequence
    }

    /// The state a process has that ended like this and does not start again.
    public var finalState: ProcessState {
        switch outcome {
        case .returned, .exit, .killed: .exited
        case .trap, .limit, .startFailed, .lost: .crashed
        }
    }

    /// A trap or a non-zero exit with a peak of at least 90 % of the limit: very likely the memory.
    public var isProbablyOutOfMemory: Bool {
        guard memoryLimit > 0, peakMemory >= memoryLimit - memoryLimit / 10 else { return false }
        switch outcome {
        case .trap: return true
        case .exit(let code): return code != 0
        default: return false
        }
    }
}

/// The kinds of end: `returned exit trap killed limit start-failed lost`.
public enum ExitOutcome: Sendable, Hashable {
    /// The entrypoint returned; its results, in the kinds its starter declared.
    case returned([Value])
    /// The program called exit.
    case exit(code: UInt32)
    /// The engine stopped it.
    case trap(TrapRecord)
    /// Somebody stopped it.
    case killed(KillReason)
    /// A limit of ours ended it; its name, for example `memory`.
    case limit(String)
    /// The incarnation never ran.
    case startFailed(String)
    /// The runtime ended without a record; written when it starts the next time.
    case lost
}

/// Why a process was interrupted.
public enum KillReason: UInt8, Sendable, Hashable {
    /// It registered no stop handler, so a stop interrupts it at once.
    case noStopHandler = 1
    /// It had a handler, but the grace ran out.
    case graceUsedUp = 2
    /// A kill, which waits for nobody.
    case kill = 3
    /// The runtime was told to end.
    case runtimeShutdown = 4
}

/// What a trap was: data, never the engine's text, because function names come from the guest.
public struct TrapRecord: Sendable, Hashable {
    /// One wasm function on the stack.
    public struct Frame: Sendable, Hashable {
        /// Index in the module's function space.
        public var functionIndex: UInt32
        /// Byte offset in the module, if known.
        public var moduleOffset: UInt64?
        /// From the name section, at most 128 bytes, whatever bytes the module holds there; escape
        /// before showing.
        public var name: String?

        public init(functionIndex: UInt32, moduleOffset: UInt64?, name: String?) {
            self.functionIndex = functionIndex
            self.moduleOffset = moduleOffset
            self.name = name
        }
    }

    /// The kind: `unreachable`, `memory-out-of-bounds`, `stack-overflow`, `divide-by-zero`, ….
    public var kind: String
    /// A short explanation of ours, for example which import is not provided; may be empty.
    public var message: String
    /// Innermost first, at most 64.
    public var frames: [Frame]

    public init(kind: String, message: String, frames: [Frame]) {
        self.kind = kind
        self.message = message
        self.frames = frames
    }
}
