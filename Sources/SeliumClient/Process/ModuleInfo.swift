/// How somebody names a module that the server has.
public enum ModuleReference: Sendable, Hashable {
    case name(String)
    /// SHA-256 of its bytes, 32 bytes.
    case digest([UInt8])
}

/// One module of one namespace.
public struct ModuleStatus: Sendable, Hashable {
    /// SHA-256, 32 bytes; empty for a file of the server's modules folder that nobody has used since
    /// it changed.
    public var digest: [UInt8]
    /// Bytes.
    public var size: UInt64
    public var namespace: String
    /// Of the namespace `system` these are names of files.
    public var names: [String]
    /// Wall clock of the server, nanoseconds since 1970; 0 when that is not known.
    public var addedAt: Int64
    /// Living processes of the same namespace that use it.
    public var users: UInt32

    public init(
        digest: [UInt8], size: UInt64, namespace: String, names: [String], addedAt: Int64,
        users: UInt32
    ) {
        self.digest = digest
        self.size = size
        self.namespace = namespace
        self.names = names
        self.addedAt = addedAt
        self.users = users
    }
}

/// What a module is made of. Names in it are the module's own: escape them before you show them.
public struct ModuleDetail: Sendable, Hashable {
    /// Something it wants from the host.
    public struct Import: Sendable, Hashable {
        public var module: String
        public var name: String
        /// What it takes to use it; empty for nothing.
        public var capability: String
        /// Whether the server has it.
        public var isProvided: Bool

        public init(module: String, name: String, capability: String, isProvided: Bool) {
            self.module = module
            self.name = name
            self.capability = capability
            self.isProvided = isProvided
        }
    }

    /// Something it offers.
    public struct Export: Sendable, Hashable {
        public var name: String
        /// `function`, `table`, `memory`, `global` or `tag`.
        public var kind: String

        public init(name: String, kind: String) {
            self.name = name
            self.kind = kind
        }
    }

    public var status: ModuleStatus
    public var imports: [Import]
    /// The first 2,000.
    public var exports: [Export]
    public var exportCount: UInt32
    /// Bytes its memory begins with.
    public var initialMemory: UInt64
    /// What a start without one would call.
    public var entrypoint: String

    public init(
        status: ModuleStatus, imports: [Import], exports: [Export], exportCount: UInt32,
        initialMemory: UInt64, entrypoint: String
    ) {
        self.status = status
        self.imports = imports
        self.exports = exports
        self.exportCount = exportCount
        self.initialMemory = initialMemory
        self.entrypoint = entrypoint
    }
}

/// What came of a push.
public struct PushedModule: Sendable, Hashable {
    /// SHA-256, 32 bytes.
    public var digest: [UInt8]
    /// As the server has it.
    public var name: String
    /// What the name meant before; nil for nothing, or this.
    public var replaced: [UInt8]?

    public init(digest: [UInt8], name: String, replaced: [UInt8]?) {
        self.digest = digest
        self.name = name
        self.replaced = replaced
    }
}

/// What came of a removal.
public struct RemovedModule: Sendable, Hashable {
    /// SHA-256, 32 bytes.
    public var digest: [UInt8]
    /// The names that are forgotten now.
    public var names: [String]
    /// The module itself is.
    public var isGone: Bool

    public init(digest: [UInt8], names: [String], isGone: Bool) {
        self.digest = digest
        self.names = names
        self.isGone = isGone
    }
}

/// What was collected.
public struct CollectedModules: Sendable, Hashable {
    /// SHA-256 of each, 32 bytes.
    public var digests: [[UInt8]]
    /// Bytes that they counted for in the namespace's quota.
    public var bytes: UInt64

    public init(digests: [[UInt8]], bytes: UInt64) {
        self.digests = digests
        self.bytes = bytes
    }
}
