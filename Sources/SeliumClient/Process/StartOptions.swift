/// What to run.
public enum ModuleSource: Sendable, Hashable {
    /// A file of this machine; uploaded if the server does not have its bytes.
    case file(String)
    /// A module by its name on the server.
    case name(String)
    /// A module by the SHA-256 of its bytes (32), which the caller's namespace sent before.
    case digest([UInt8])
    /// Bytes in memory and what to call them; uploaded if the server does not have them.
    case bytes([UInt8], name: String)
}

/// An amount of memory.
public struct ByteCount: Sendable, Hashable {
    /// Bytes.
    public var bytes: UInt64

    public init(bytes: UInt64) { self.bytes = bytes }

    /// `count` bytes.
    public static func bytes(_ count: UInt64) -> ByteCount { ByteCount(bytes: count) }
    /// `count` × 1024 bytes; the largest amount where that is beyond it.
    public static func kibibytes(_ count: UInt64) -> ByteCount { scaled(count, 1 << 10) }
    /// `count` × 1024² bytes; the largest amount where that is beyond it.
    public static func mebibytes(_ count: UInt64) -> ByteCount { scaled(count, 1 << 20) }
    /// `count` × 1024³ bytes; the largest amount where that is beyond it.
    public static func gibibytes(_ count: UInt64) -> ByteCount { scaled(count, 1 << 30) }

    private static func scaled(_ count: UInt64, _ unit: UInt64) -> ByteCount {
        let (product, isTooLarge) = count.multipliedReportingOverflow(by: unit)
        return ByteCount(bytes: isTooLarge ? .max : product)
    }
}

/// Limits of a process; what is nil is the server's default.
public struct Limits: Sendable, Hashable {
    /// The most linear memory.
    public var memory: ByteCount?

    public init(memory: ByteCount? = nil) { self.memory = memory }
}

/// Everything of a start besides the module.
public struct StartOptions: Sendable, Hashable {
    /// nil: `start` if the module exports it, else `_start`.
    public var entrypoint: String?
    /// For a named entrypoint; a WASI command gets their texts in argv.
    public var arguments: [StartArgument]
    /// Kinds of the results to keep in the exit record.
    public var results: [ValueKind]
    /// The rest of a WASI command's argv.
    public var argv: [String]
    /// The program's whole environment.
    public var environment: [EnvironmentVariable]
    /// What it may do, and nothing else.
    public var capabilities: [Grant]
    public var limits: Limits
    /// A name, unique in the namespace.
    public var name: String?
    /// Refuse to start a module with imports that would not work.
    public var strict: Bool
    /// Somebody will write its stdin; without it stdin is empty.
    public var takesInput: Bool
    /// When it begins again after an end.
    public var supervision: Supervision
    /// It is forgotten once it ended and those who waited for that have heard.
    public var isRemovedAtEnd: Bool
    /// What it can be found by, at most 32. Keys are letters, digits and `._/-`, values these and `:@+`.
    public var labels: [String: String]

    public init(
        entrypoint: String? = nil, arguments: [StartArgument] = [], results: [ValueKind] = [],
        argv: [String] = [],
        environment: [EnvironmentVariable] = [], capabilities: [Grant] = [],
        limits: Limits = .init(),
        name: String? = nil, strict: Bool = false, takesInput: Bool = false,
        supervision: Supervision = .init(), isRemovedAtEnd: Bool = false,
        labels: [String: String] = [:]
    ) {
        self.entrypoint = entrypoint
        self.arguments = arguments
        self.results = results
        self.argv = argv
        self.environment = environment
        self.capabilities = capabilities
        self.limits = limits
        self.name = name
        self.strict = strict
        self.takesInput = takesInput
        self.supervision = supervision
        self.isRemovedAtEnd = isRemovedAtEnd
        self.labels = labels
    }
}

/// How a start is getting on.
public enum StartProgress: Sendable, Hashable {
    /// Bytes of the module sent so far, and in all.
    case uploading(done: UInt64, total: UInt64)
    /// The server compiles the module.
    case compiling
    /// Anything else that takes a while.
    case working
}

/// An import of a module that will not work.
public struct ImportNote: Sendable, Hashable {
    public var module: String
    public var name: String
    /// The capability that would make it work; empty when the server has no such import at all.
    public var capability: String

    public init(module: String, name: String, capability: String) {
        self.module = module
        self.name = name
        self.capability = capability
    }
}

/// What a start gave, or a dry run would give.
public struct StartReport: Sendable, Hashable {
    /// nil for a dry run.
    public var id: UInt64?
    /// SHA-256 of the module, 32 bytes.
    public var digest: [UInt8]
    /// The entrypoint that was chosen.
    public var entrypoint: String
    public var grants: [Grant]
    public var notes: [ImportNote]

    public init(
        id: UInt64?, digest: [UInt8], entrypoint: String, grants: [Grant], notes: [ImportNote]
    ) {
        self.id = id
        self.digest = digest
        self.entrypoint = entrypoint
        self.grants = grants
        self.notes = notes
    }
}
