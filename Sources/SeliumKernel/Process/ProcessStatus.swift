/// One row of the process table, as `ps` shows it.
public struct ProcessStatus: Sendable, Hashable {
    public var id: ProcessID
    public var namespace: Namespace
    public var name: ProcessName?
    /// Who started it.
    public var creator: Identity
    /// How the starter called the module: a file's name or a module's name, for people.
    public var moduleName: String
    public var moduleDigest: ModuleDigest
    public var entrypoint: String
    public var state: ProcessState
    /// From 1.
    public var incarnation: UInt32
    /// When the process was started, wall clock, nanoseconds since 1970.
    public var createdAt: Int64
    /// How long the present incarnation has been running, or ran, nanoseconds.
    public var uptimeNanoseconds: UInt64
    public var cpuNanoseconds: UInt64
    /// Linear memory now, bytes; 0 when it has ended.
    public var memory: UInt64
    public var memoryLimit: UInt64
    /// Sorted by capability number.
    public var grants: [Grant]
    /// The last incarnation's end, once there is one.
    public var exit: ExitRecord?
    /// Restarts that count for the policy.
    public var restarts: UInt32
    /// What it waits for between two incarnations.
    public var backOff: BackOffStatus?
    /// How long that takes from now on, nanoseconds; a host fills it in when it is asked.
    public var backOffRemaining: UInt64 = 0
    /// When it begins again.
    public var policy: RestartPolicy
    /// By their keys.
    public var labels: [ProcessLabel]

    public init(
        id: ProcessID, namespace: Namespace, name: ProcessName?, creator: Identity,
        moduleName: String,
        moduleDigest: ModuleDigest, entrypoint: String, state: ProcessState, incarnation: UInt32,
        createdAt: Int64, uptimeNanoseconds: UInt64, cpuNanoseconds: UInt64, memory: UInt64,
        memoryLimit: UInt64, grants: [Grant], exit: ExitRecord?, restarts: UInt32 = 0,
        backOff: BackOffStatus? = nil, policy: RestartPolicy = .standard,
        labels: [ProcessLabel] = []
    ) {
        self.id = id
        self.namespace = namespace
        self.name = name
        self.creator = creator
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
        self.backOff = backOff
        self.policy = policy
        self.labels = labels
    }
}
