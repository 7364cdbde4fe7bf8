public import SeliumABI

/// Everything the server knows of a process, but for what its log holds.
public struct ProcessDetail: Sendable, Hashable {
    public var status: ProcessStatus
    /// nil for a process that a server started which did not keep it.
    public var launch: LaunchOutline?
    public var limits: ProcessLimits
    /// How its incarnations ended, the newest 16, oldest first.
    public var ends: [ExitRecord]
    /// The oldest record its log holds; ``lastRecord`` + 1 when it holds none.
    public var oldestRecord: UInt64
    /// The newest record, 0 before the first.
    public var lastRecord: UInt64

    public init(
        status: ProcessStatus, launch: LaunchOutline?, limits: ProcessLimits, ends: [ExitRecord],
        oldestRecord: UInt64, lastRecord: UInt64
    ) {
        self.status = status
        self.launch = launch
        self.limits = limits
        self.ends = ends
        self.oldestRecord = oldestRecord
        self.lastRecord = lastRecord
    }
}

/// What a process was started with. Values of arguments and variables are told to nobody.
public struct LaunchOutline: Sendable, Hashable {
    /// One typed argument.
    public struct Parameter: Sendable, Hashable {
        /// nil for a kind this library does not know.
        public var kind: ValueKind?
        /// Bytes: of a buffer or text, else of the number.
        public var length: UInt64
        public var isSensitive: Bool

        public init(kind: ValueKind?, length: UInt64, isSensitive: Bool) {
            self.kind = kind
            self.length = length
            self.isSensitive = isSensitive
        }
    }

    /// One variable of its environment.
    public struct Variable: Sendable, Hashable {
        public var name: String
        /// Bytes of its value.
        public var length: UInt64
        public var isSensitive: Bool

        public init(name: String, length: UInt64, isSensitive: Bool) {
            self.name = name
            self.length = length
            self.isSensitive = isSensitive
        }
    }

    public var arguments: [Parameter]
    /// nil for a kind this library does not know.
    public var results: [ValueKind?]
    /// Bytes of each word of argv.
    public var argvLengths: [UInt64]
    public var environment: [Variable]
    public var isStrict: Bool
    public var takesInput: Bool
    public var isRemovedAtEnd: Bool
    /// The module was named, not given by its digest.
    public var namesModule: Bool

    public init(
        arguments: [Parameter], results: [ValueKind?], argvLengths: [UInt64],
        environment: [Variable], isStrict: Bool, takesInput: Bool, isRemovedAtEnd: Bool,
        namesModule: Bool
    ) {
        self.arguments = arguments
        self.results = results
        self.argvLengths = argvLengths
        self.environment = environment
        self.isStrict = isStrict
        self.takesInput = takesInput
        self.isRemovedAtEnd = isRemovedAtEnd
        self.namesModule = namesModule
    }
}

/// What a process may use.
public struct ProcessLimits: Sendable, Hashable {
    /// Bytes of linear memory.
    public var memory: UInt64
    public var tables: UInt32
    /// Of each table.
    public var tableElements: UInt64
    /// Bytes of log that are kept.
    public var logBytes: UInt64
    /// Bytes of log a second; beyond, its writes wait.
    public var logRate: UInt64

    public init(
        memory: UInt64, tables: UInt32, tableElements: UInt64, logBytes: UInt64, logRate: UInt64
    ) {
        self.memory = memory
        self.tables = tables
        self.tableElements = tableElements
        self.logBytes = logBytes
        self.logRate = logRate
    }
}
