/// Where a process is in its life.
public enum ProcessState: String, Sendable, Hashable {
    case starting
    case running
    case stopping
    case backingOff = "backing-off"
    case exited
    case crashed
    /// A state this library does not know.
    case unknown

    /// Whether the process has come to its end.
    public var hasEnded: Bool { self == .exited || self == .crashed }
}

/// One row of the server's process table.
public struct ProcessStatus: Sendable, Hashable {
    public var id: UInt64
    public var namespace: String
    /// Empty when it has none.
    public var name: String
    /// Who started it.
    public var owner: String
    /// How the starter called the module.
    public var moduleName: String
    /// SHA-256, 32 bytes.
    public var moduleDigest: [UInt8]
    public var entrypoint: String
    public var state: ProcessState
    /// From 1.
    public var incarnation: UInt32
    /// Wall clock of the server, nanoseconds since 1970.
    public var createdAt: Int64
    /// How long the present incarnation has been running, or ran, nanoseconds.
    public var uptimeNanoseconds: UInt64
    public var cpuNanoseconds: UInt64
    /// Linear memory now, bytes.
    public var memory: UInt64
    public var memoryLimit: UInt64
    public var grants: [Grant]
    /// The last incarnation's end, once there is one.
    public var exit: ExitRecord?
    /// Restarts that count for the policy: not those that somebody asked for, nor those after the
    /// runtime's death.
    public var restarts: UInt32
    /// Between two incarnations.
    public var waiting: Waiting?
    /// When it begins again.
    public var supervision: Supervision
    /// What it can be found by.
    public var labels: [String: String]

    public init(
        id: UInt64, namespace: String, name: String, owner: String, moduleName: String,
        moduleDigest: [UInt8],
        entrypoint: String, state: ProcessState, incarnation: UInt32, createdAt: Int64,
        uptimeNanoseconds: UInt64,
        cpuNanoseconds: UInt64, memory: UInt64, memoryLimit: UInt64, grants: [Grant],
        exit: ExitRecord?, restarts: UInt32 = 0, waiting: Waiting? = nil,
        supervision: Supervision = .standard, labels: [String: String] = [:]
    ) {
        self.id = id
        self.namespace = namespace
        self.name = name
        self.owner = owner
        self.moduleName = moduleName
        self.moduleDigest = moduleDigest
        self.entrypoint = entrypoint
        self.state = state
        self.incarnation = incarnation
        self.createdAt = createdAt
        self.uptimeNanoseconds = uptimeNanoseconds
        self.cpuNanoseconds = cpuNanoseconds
        self.memory = memory
        self.memoryLimit = memoryLimit
        self.grants = grants
        self.exit = exit
        self.restarts = restarts
        self.waiting = waiting
        self.supervision = supervision
        self.labels = labels
    }
}

/// What a stop or a kill found.
public enum StopOutcome: Sendable, Hashable {
    case stopped(ExitRecord)
    case alreadyEnded(ExitRecord)

    /// The process's end either way.
    public var exit: ExitRecord {
        switch self {
        case .stopped(let exit), .alreadyEnded(let exit): exit
        }
    }
}

/// What a server says about itself and about who is asking.
public struct ServerInfo: Sendable, Hashable {
    public var version: String
    public var engine: String
    /// Wall clock of the server, nanoseconds since 1970.
    public var startedAt: Int64
    public var livingProcesses: UInt32
    /// 0 when the server does not know.
    public var processCeiling: UInt32
    /// Bytes of log that it holds.
    public var logBytes: UInt64
    /// Who the server takes the caller for.
    public var identity: String
    public var role: String
    public var namespace: String
    /// Seconds since 1970; 0 when the caller has no certificate.
    public var certificateExpiresAt: Int64

    public init(
        version: String, engine: String, startedAt: Int64, livingProcesses: UInt32,
        processCeiling: UInt32,
        logBytes: UInt64, identity: String, role: String, namespace: String,
        certificateExpiresAt: Int64
    ) {
        self.version = version
        self.engine = engine
        self.startedAt = startedAt
        self.livingProcesses = livingProcesses
        self.processCeiling = processCeiling
        self.logBytes = logBytes
        self.identity = identity
        self.role = role
        self.namespace = namespace
        self.certificateExpiresAt = certificateExpiresAt
    }
}
