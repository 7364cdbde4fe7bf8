public import SeliumABI
public import SeliumKernel

/// Everything a process is started from. Grants have been judged against the caller's role by the
/// server; limits, quotas, names and modules are judged by the host.
public struct StartSpec: Sendable, Hashable {
    public var namespace: Namespace
    public var creator: Identity
    /// The creator's role; decides which quotas apply.
    public var role: Role
    public var module: ModuleReference
    /// What the starter called the module (a file name), for `ps` and argv[0].
    public var moduleName: String
    /// nil: `start` if the module exports it, else `_start`.
    public var entrypoint: String?
    /// For a named entrypoint; a WASI command gets their text in argv.
    public var arguments: [Argument]
    /// Results to keep in the ExitRecord.
    public var results: [ValueKind]
    /// What follows `--`: the rest of a WASI command's argv.
    public var argv: [String]
    /// The program's whole environment. Values are secrets: shown nowhere.
    public var environment: [EnvironmentVariable]
    public var grants: [Grant]
    /// nil: the default.
    public var memoryLimit: UInt64?
    public var name: ProcessName?
    /// Refuse to start a module with imports this server lacks or the grants do not cover.
    public var strict: Bool
    /// Someone will write its stdin; without it stdin is empty.
    public var takesInput: Bool
    /// When it begins again after an end.
    public var policy: RestartPolicy
    /// It is forgotten once it has ended and that was told.
    public var isRemovedAtEnd: Bool
    /// What it can be found by, by their keys.
    public var labels: [ProcessLabel]

    public init(
        namespace: Namespace, creator: Identity, role: Role, module: ModuleReference,
        moduleName: String,
        entrypoint: String? = nil, arguments: [Argument] = [], results: [ValueKind] = [],
        argv: [String] = [],
        environment: [EnvironmentVariable] = [], grants: [Grant] = [], memoryLimit: UInt64? = nil,
        name: ProcessName? = nil, strict: Bool = false, takesInput: Bool = false,
        policy: RestartPolicy = .standard, isRemovedAtEnd: Bool = false,
        labels: [ProcessLabel] = []
    ) {
        self.namespace = namespace
        self.creator = creator
        self.role = role
        self.module = module
        self.moduleName = moduleName
        self.entrypoint = entrypoint
        self.arguments = arguments
        self.results = results
        self.argv = argv
        self.environment = environment
        self.grants = grants
        self.memoryLimit = memoryLimit
        self.name = name
        self.strict = strict
        self.takesInput = takesInput
        self.policy = policy
        self.isRemovedAtEnd = isRemovedAtEnd
        self.labels = labels
    }
}

/// One argument: the typed value, and its text as the starter wrote it (what argv gets).
public struct Argument: Sendable, Hashable {
    public var value: Value
    public var text: String
    /// Show it to nobody.
    public var isSensitive: Bool

    public init(value: Value, text: String, isSensitive: Bool = false) {
        self.value = value
        self.text = text
        self.isSensitive = isSensitive
    }
}

/// One variable of a program's environment.
public struct EnvironmentVariable: Sendable, Hashable {
    public var name: String
    public var value: String
    public var isSensitive: Bool

    public init(name: String, value: String, isSensitive: Bool = false) {
        self.name = name
        self.value = value
        self.isSensitive = isSensitive
    }
}

/// Makes a repeated request harmless. The host commits {key, hash of the body, result} with the
/// effect; a repeat joins the one in flight or gets its result; another body is `aborted`.
public struct Idempotency: Sendable, Hashable {
    public var namespace: Namespace
    public var identity: Identity
    /// 16–64 random bytes.
    public var key: [UInt8]
    /// SHA-256 of the call's bytes as received.
    public var bodyHash: [UInt8]

    public init(namespace: Namespace, identity: Identity, key: [UInt8], bodyHash: [UInt8]) {
        self.namespace = namespace
        self.identity = identity
        self.key = key
        self.bodyHash = bodyHash
    }
}

/// An import of the module that will not work with the grants it has, or that nobody provides.
public struct ImportNote: Sendable, Hashable {
    public var module: String
    public var name: String
    /// The capability that would make it work; nil when this server has no such import at all.
    public var capability: Capability?

    public init(module: String, name: String, capability: Capability?) {
        self.module = module
        self.name = name
        self.capability = capability
    }
}

/// What a start gave, or (for a dry run) would give.
public struct StartReport: Sendable, Hashable {
    /// nil for a dry run.
    public var id: ProcessID?
    public var digest: ModuleDigest
    /// The entrypoint that was chosen.
    public var entrypoint: String
    public var grants: [Grant]
    public var notes: [ImportNote]

    public init(
        id: ProcessID?, digest: ModuleDigest, entrypoint: String, grants: [Grant],
        notes: [ImportNote]
    ) {
        self.id = id
        self.digest = digest
        self.entrypoint = entrypoint
        self.grants = grants
        self.notes = notes
    }
}
