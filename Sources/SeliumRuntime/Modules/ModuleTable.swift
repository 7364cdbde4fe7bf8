import SeliumHosting
import SeliumKernel

/// What a module store knows: who may use which module, what is loaded, compiling, failed, uploading.
struct ModuleTable: Sendable {
    /// What tasks wait for.
    enum Key: Hashable, Sendable {
        case module(ModuleDigest)
        /// This module's turn to be compiled.
        case turn(ModuleDigest)
        /// The right to begin or commit this upload.
        case upload(UploadTable.Key)
    }

    private struct Loaded: Sendable {
        var module: LoadedModule
        var used: UInt64
    }

    /// A module of a namespace.
    struct Owned: Sendable {
        /// Bytes.
        var size: UInt64
        /// Wall clock, nanoseconds since 1970.
        var addedAt: Int64
    }

    private(set) var owners: [Namespace: [ModuleDigest: Owned]] = [:]
    /// What a namespace's names mean; each is one of its modules.
    private(set) var names: [Namespace: [String: ModuleDigest]] = [:]
    /// Modules that somebody is about to start or name.
    private var held: [UploadTable.Key: Int] = [:]
    /// Modules that are being copied into the store: whatever is about to own them.
    var adopted: [ModuleDigest: Int] = [:]
    private var loaded: [ModuleDigest: Loaded] = [:]
    private var uses: UInt64 = 0
    private var loading: Set<ModuleDigest> = []
    /// Of these, whose compile is under way or waits for its turn.
    private(set) var compilingNow: Set<ModuleDigest> = []
    private var failures: [ModuleDigest: HostError] = [:]
    private var failureOrder: [ModuleDigest] = []
    private var queue: CompileQueue

    var uploads = UploadTable()
    var files: [UploadTable.Key: UploadFile] = [:]
    /// Uploads that somebody begins or commits at this moment.
    var changing: Set<UploadTable.Key> = []
    /// Files in `modules/` that were hashed, as they were then.
    var named: [String: (status: File.Status, digest: ModuleDigest)] = [:]

    /// A table for at most `compilers` compiles at once.
    init(compilers: Int) { queue = CompileQueue(compilers: compilers) }

    // MARK: Who may use what

    /// The size of a module that `namespace` may use: its own, or one of `system`.
    func size(_ digest: ModuleDigest, for namespace: Namespace) -> UInt64? {
        (owners[namespace]?[digest] ?? owners[.system]?[digest])?.size
    }

    /// Bytes of a namespace's own modules.
    func stored(in namespace: Namespace) -> UInt64 {
        owners[namespace]?.values.reduce(0) { $0 &+ $1.size } ?? 0
    }

    /// Whether the namespace has this module of its own.
    func owns(_ digest: ModuleDigest, size: UInt64, _ namespace: Namespace) -> Bool {
        owners[namespace]?[digest]?.size == size
    }

    mutating func own(
        _ digest: ModuleDigest, size: UInt64, by namespace: Namespace, at time: Int64
    ) {
        guard owners[namespace]?[digest] == nil else { return }
        owners[namespace, default: [:]][digest] = Owned(size: size, addedAt: time)
    }

    /// The names a namespace has for a module, sorted.
    func names(of digest: ModuleDigest, in namespace: Namespace) -> [String] {
        names[namespace]?.filter { $0.value == digest }.map(\.key).sorted() ?? []
    }

    /// What a name means from now on, nil for nothing.
    mutating func setName(_ name: String, in namespace: Namespace, to digest: ModuleDigest?) {
        names[namespace, default: [:]][name] = digest
    }

    /// The namespace does not have the module any more, under no name.
    mutating func disown(_ digest: ModuleDigest, by namespace: Namespace) {
        owners[namespace]?[digest] = nil
        for name in names(of: digest, in: namespace) { names[namespace]?[name] = nil }
    }

    mutating func hold(_ key: UploadTable.Key) { held[key, default: 0] += 1 }

    mutating func release(_ key: UploadTable.Key) {
        let count = held[key, default: 1] - 1
        held[key] = count > 0 ? count : nil
    }

    func isHeld(_ key: UploadTable.Key) -> Bool { held[key] != nil }

    /// A copy is owned, or was given up.
    mutating func release(_ digest: ModuleDigest) {
        let count = adopted[digest, default: 1] - 1
        adopted[digest] = count > 0 ? count : nil
    }

    /// Whether nobody has it, brings it or loads it: its bytes may go. It is not found as loaded any
    /// more then.
    mutating func abandonIfUnowned(_ digest: ModuleDigest) -> Bool {
        guard !owners.values.contains(where: { $0[digest] != nil }), adopted[digest] == nil,
            !loading.contains(digest), !changing.contains(where: { $0.digest == digest })
        else { return false }
        loaded[digest] = nil
        return true
    }

    // MARK: Loading, each module once

    enum Lookup: Sendable {
        case ready(LoadedModule)
        /// It is the caller's to load: then `finish` or `abandon`.
        case load
    }

    /// The module, or the right to load it; nil: somebody is loading it, wait.
    mutating func begin(_ digest: ModuleDigest) throws(HostError) -> Lookup? {
        if let found = loaded[digest] {
            uses += 1
            loaded[digest]?.used = uses
            return .ready(found.module)
        }
        if let failure = failures[digest] { throw failure }
        return loading.insert(digest).inserted ? .load : nil
    }

    mutating func finish(_ digest: ModuleDigest, _ module: LoadedModule) {
        loading.remove(digest)
        compilingNow.remove(digest)
        uses += 1
        loaded[digest] = Loaded(module: module, used: uses)
        guard loaded.count > Limits.loadedModules,
            let oldest = loaded.min(by: { $0.value.used < $1.value.used })?.key
        else { return }
        // Those who run it keep it; it is only not found here any more.
        loaded[oldest] = nil
    }

    /// It was not loaded. `permanent`: trying again would give the same.
    mutating func abandon(_ digest: ModuleDigest, permanent: HostError?) {
        loading.remove(digest)
        compilingNow.remove(digest)
        guard let permanent else { return }
        if failures.updateValue(permanent, forKey: digest) == nil { failureOrder.append(digest) }
        if failureOrder.count > Limits.failedCompiles { failures[failureOrder.removeFirst()] = nil }
    }

    // MARK: Compiling, few at once

    /// Its loading takes a compile: joins the queue for it. Fails with `resourceExhausted`.
    mutating func willCompile(
        _ digest: ModuleDigest, in namespace: Namespace, role: Role,
        _ wakes: inout Monitor<Self, Key>.Wakes
    ) throws(HostError) {
        try queue.enter(digest, in: namespace, role: role)
        compilingNow.insert(digest)
        // Those who wait for the same module hear of it.
        wakes.wake(.module(digest))
        grant(&wakes)
    }

    /// Whether `digest` has to be waited for because it is compiled; its turn may be this
    /// namespace's then.
    mutating func isCompiled(
        _ digest: ModuleDigest, alsoFor namespace: Namespace, role: Role,
        _ wakes: inout Monitor<Self, Key>.Wakes
    ) -> Bool {
        guard compilingNow.contains(digest) else { return false }
        queue.join(digest, in: namespace, role: role)
        grant(&wakes)
        return true
    }

    /// Whether it has a compiler.
    func hasTurn(_ digest: ModuleDigest) -> Bool { queue.isGranted(digest) }

    /// Gives the compiler back, or the place in the queue.
    mutating func leaveQueue(_ digest: ModuleDigest, _ wakes: inout Monitor<Self, Key>.Wakes) {
        queue.leave(digest)
        grant(&wakes)
    }

    private mutating func grant(_ wakes: inout Monitor<Self, Key>.Wakes) {
        for digest in queue.grant() { wakes.wake(.turn(digest)) }
    }
}
