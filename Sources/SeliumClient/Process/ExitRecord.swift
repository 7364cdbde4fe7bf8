/// How one incarnation of a process ended, as the server keeps it.
public struct ExitRecord: Sendable, Hashable {
    /// What happened.
    public var outcome: ExitOutcome
    /// Which incarnation, from 1.
    public var incarnation: UInt32
    /// Somebody had asked the process to stop before it ended.
    public var stopRequested: Bool
    /// Wall clock of the server, nanoseconds since 1970.
    public var startedAt: Int64
    /// Wall clock of the server, nanoseconds since 1970.
    public var endedAt: Int64
    /// CPU time used, nanoseconds.
    public var cpuNanoseconds: UInt64
    /// The most linear memory it held, bytes.
    public var peakMemory: UInt64
    /// Its memory limit, bytes.
    public var memoryLimit: UInt64
    /// The sequence of its last log record, 0 if there was none.
    public var lastSequence: UInt64

    public init(
        outcome: ExitOutcome, incarnation: UInt32 = 1, stopRequested: Bool = false,
        startedAt: Int64 = 0,
        endedAt: Int64 = 0, cpuNanoseconds: UInt64 = 0, peakMemory: UInt64 = 0,
        memoryLimit: UInt64 = 0,
        lastSequence: UInt64 = 0
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

    /// A trap or a non-zero exit with a peak of at least 90 % of the limit: very likely the memory.
    public var isProbablyOutOfMemory: Bool {
        guard memoryLimit > 0, peakMemory >= memoryLimit - memoryLimit / 10 else { return false }
        switch outcome {
        case .trapped: return true
        case .exited(let code): return code != 0
        default: return false
        }
    }
}

/// The kinds of end. More may come with later servers; those arrive as ``unknown``.
public enum ExitOutcome: Sendable, Hashable {
    /// The entrypoint returned; its results, in the kinds that were declared.
    case returned([Value])
    /// The program called exit.
    case exited(UInt32)
    /// The engine stopped it.
    case trapped(Trap)
    /// Somebody stopped it.
    case killed(KillReason)
    /// A limit ended it; its name, for example `memory`.
    case limit(String)
    /// It never ran.
    case startFailed(String)
    /// The runtime ended without a record of it.
    case lost
    /// A kind this library does not know.
    case unknown

    /// The kind's name as it is stored: `returned exit trap killed limit start-failed lost`.
    public var kind: String {
        switch self {
        case .returned: "returned"
        case .exited: "exit"
        case .trapped: "trap"
        case .killed: "killed"
        case .limit: "limit"
        case .startFailed: "start-failed"
        case .lost: "lost"
        case .unknown: "unknown"
        }
    }
}

/// Why a process was interrupted.
public enum KillReason: Sendable, Hashable {
    /// It had no stop handler, so the stop interrupted it at once.
    case noStopHandler
    /// It had one, but the grace ran out.
    case graceUsedUp
    /// A kill, which waits for nobody.
    case kill
    /// The runtime was told to end.
    case runtimeShutdown
    /// A reason this library does not know.
    case unknown

    /// As it is written in JSON.
    public var name: String {
        switch self {
        case .noStopHandler: "no-stop-handler"
        case .graceUsedUp: "grace-used-up"
        case .kill: "kill"
        case .runtimeShutdown: "runtime-shutdown"
        case .unknown: "unknown"
        }
    }
}

/// What a trap was. The function names come from the module: escape them before a terminal.
public struct Trap: Sendable, Hashable {
    /// One wasm function on the stack.
    public struct Frame: Sendable, Hashable {
        /// Index in the module's function space.
        public var functionIndex: UInt32
        /// Byte offset in the module, if known.
        public var moduleOffset: UInt64?
        /// From the module's name section; empty when it has none.
        public var name: String

        public init(functionIndex: UInt32, moduleOffset: UInt64?, name: String) {
            self.functionIndex = functionIndex
            self.moduleOffset = moduleOffset
            self.name = name
        }
    }

    /// `unreachable`, `memory-out-of-bounds`, `stack-overflow`, `divide-by-zero`, ….
    public var kind: String
    /// A short explanation; may be empty.
    public var message: String
    /// Innermost first.
    public var frames: [Frame]

    public init(kind: String, message: String, frames: [Frame]) {
        self.kind = kind
        self.message = message
        self.frames = frames
    }

    /// The frames as lines, innermost first: `#0 name (function 12, offset 0x3f)`.
    ///
    /// One line a frame, whatever a module calls its functions: control characters in names are
    /// written as `\u{hex}`.
    public var backtrace: String {
        frames.enumerated().map { index, frame in
            let name = frame.name.isEmpty ? "?" : Self.visible(frame.name)
            let offset = frame.moduleOffset.map { ", offset 0x" + String($0, radix: 16) } ?? ""
            return "#\(index) \(name) (function \(frame.functionIndex)\(offset))"
        }.joined(separator: "\n")
    }

    private static func visible(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .format:
                text += "\\u{" + String(scalar.value, radix: 16) + "}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
