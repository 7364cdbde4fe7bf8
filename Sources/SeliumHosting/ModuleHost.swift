public import SeliumKernel

/// What a control server may ask of a runtime about modules, besides what a start needs of them.
///
/// A namespace has the modules of which one of its callers sent every byte, and names for some of
/// them; it may use those of `system`, too: files of the modules folder.
public protocol ModuleHost: Sendable {
    /// Gives a module that the namespace has a name; what the name meant before, nil for nothing
    /// else. `notFound` when the namespace does not have it, `resourceExhausted` when it has
    /// `Limits.moduleNames` names.
    func nameModule(
        _ digest: ModuleDigest, _ name: ModuleName, in namespace: Namespace,
        idempotency: Idempotency?
    ) async throws(HostError) -> ModuleDigest?

    /// Whether the namespace has the module of its own.
    func ownsModule(_ digest: ModuleDigest, _ namespace: Namespace) async throws(HostError) -> Bool

    /// Modules of these namespaces (nil: of all) and of `system`, by namespace, names and digest.
    func modules(in namespaces: Set<Namespace>?) async throws(HostError) -> [ModuleStatus]

    /// What a module is made of, compiled now if nobody has before; fails as a start would.
    func inspectModule(
        _ reference: ModuleReference, in namespace: Namespace, role: Role,
        observer: StartObserver?
    ) async throws(HostError) -> ModuleDetail

    /// Forgets a name, and the module with its last one; or a module with all its names.
    /// `failedPrecondition` for one that a living process of the namespace uses, `notFound` for one
    /// that is not the namespace's own.
    func removeModule(
        _ reference: ModuleReference, in namespace: Namespace, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleRemoval

    /// Until `releaseModule`, no collection takes this module of the namespace: somebody is about to
    /// start or name it. Counts; the module need not exist yet.
    func holdModule(_ digest: ModuleDigest, in namespace: Namespace)

    /// Undoes one `holdModule`.
    func releaseModule(_ digest: ModuleDigest, in namespace: Namespace)

    /// Forgets the modules of the namespace that have no name, that no living process of it uses and
    /// that nobody holds, `Limits.collectedModules` at most; or only says which these are.
    func collectModules(
        in namespace: Namespace, isDryRun: Bool, idempotency: Idempotency?
    ) async throws(HostError) -> ModuleCollection
}

/// One module of one namespace.
public struct ModuleStatus: Sendable, Hashable {
    /// nil for a file of the modules folder that nobody has used since it changed.
    public var digest: ModuleDigest?
    /// Bytes.
    public var size: UInt64
    public var namespace: Namespace
    /// Sorted. Of `system` these are names of files.
    public var names: [String]
    /// Wall clock, nanoseconds since 1970; 0 when that is not known.
    public var addedAt: Int64
    /// Living processes of the same namespace that use it.
    public var users: Int

    public init(
        digest: ModuleDigest?, size: UInt64, namespace: Namespace, names: [String], addedAt: Int64,
        users: Int
    ) {
        self.digest = digest
        self.size = size
        self.namespace = namespace
        self.names = names
        self.addedAt = addedAt
        self.users = users
    }

    /// The order of lists.
    public static func isBefore(_ one: ModuleStatus, _ other: ModuleStatus) -> Bool {
        if one.namespace != other.namespace { return one.namespace.name < other.namespace.name }
        // Those without a name come last.
        if one.names.isEmpty != other.names.isEmpty { return other.names.isEmpty }
        if one.names != other.names { return one.names.lexicographicallyPrecedes(other.names) }
        return one.digest?.hex ?? "" < other.digest?.hex ?? ""
    }
}

/// What a module is made of.
public struct ModuleDetail: Sendable, Hashable {
    /// Something it wants from the host. Names are the module's own, without control characters.
    public struct Import: Sendable, Hashable {
        public var module: String
        public var name: String
        /// What it takes to use it; empty for nothing.
        public var capability: String
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

    /// The most exports that are told.
    public static let maximumExports = 2_000

    public var status: ModuleStatus
    public var imports: [Import]
    /// The first ``maximumExports``.
    public var exports: [Export]
    /// How many there are.
    public var exportCount: Int
    /// Bytes its memory begins with.
    public var initialMemory: UInt64
    /// What a start without one would call.
    public var entrypoint: String

    public init(
        status: ModuleStatus, imports: [Import], exports: [Export], exportCount: Int,
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

/// What came of a removal.
public struct ModuleRemoval: Sendable, Hashable {
    public var digest: ModuleDigest
    /// The names that are forgotten now.
    public var names: [String]
    /// The module itself is.
    public var isGone: Bool

    public init(digest: ModuleDigest, names: [String], isGone: Bool) {
        self.digest = digest
        self.names = names
        self.isGone = isGone
    }
}

/// What was collected.
public struct ModuleCollection: Sendable, Hashable {
    /// Sorted by their digits.
    public var digests: [ModuleDigest]
    /// Bytes that they counted for in the namespace's quota.
    public var bytes: UInt64

    public init(digests: [ModuleDigest], bytes: UInt64) {
        self.digests = digests
        self.bytes = bytes
    }
}

extension HostError {
    /// A living process uses it.
    public static func isInUse(_ digest: ModuleDigest, by id: ProcessID) -> HostError {
        HostError(
            .failedPrecondition, "process \(id) uses the module \(digest)",
            remedy: "stop it first: selium stop \(id)")
    }

    /// The namespace has no such module of its own.
    public static func noModule(_ reference: ModuleReference) -> HostError {
        switch reference {
        case .digest(let digest): HostError(.notFound, "no module \(digest)")
        case .name(let name):
            HostError(.notFound, "no module named '\(ModuleName(name)?.text ?? "?")'")
        }
    }
}
