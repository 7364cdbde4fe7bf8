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

    private var owners: [Namespace: [ModuleDigest: UInt64]] = [:]
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
        owners[namespace]?[digest] ?? owners[.system]?[digest]
    }

    /// Bytes of a namespace's own modules.
    func stored(in namespace: Namespace) -> UInt64 {
        owners[namespace]?.values.reduce(0) { $0 &+ $1 } ?? 0
    }

    /// Whether the namespace has this module of its own.
    func owns(_ digest: ModuleDigest, size: UInt64, _ namespace: Namespace) -> Bool {
        owners[namespace]?[digest] == size
    }

    mutating func own(_ digest: ModuleDigest, size: UInt64, by namespace: Namespace) {
        owners[namespace, default: [:]][digest] = size
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
