public import SeliumKernel

/// All that a control server may ask of a runtime about processes and modules.
///
/// Connections, requests and streams are judged by the server; processes, memory, modules, compiles
/// and uploads by the host. Apart from `start` and `lookup` the calls take ids: a handler gets an id
/// only through the server's one `resolve`, which judges namespace and verb. Every waiting call ends
/// promptly when its task is cancelled, with `HostError.cancelled`. The same contract suite runs over
/// the in-memory host and over the runtime.
public protocol ProcessHost: ModuleHost, EventHost {
    /// Starts a process. Returns once its row is committed; nothing of it is visible before.
    ///
    /// Fails before a process exists with `notFound` (module unknown in that namespace),
    /// `alreadyExists` (name taken), `invalidArgument` (module, entrypoint or arguments),
    /// `resourceExhausted` (a quota, the memory, the machine), `aborted` (idempotency key reused).
    ///
    /// `observer` hears what the start waits for.
    func start(
        _ spec: StartSpec, idempotency: Idempotency?, observer: StartObserver?
    ) async throws(HostError) -> StartReport

    /// Judges what can be judged of a start whose module is not here yet: its words and limits, its
    /// name, the quotas, and the memory of its namespace as far as that is known. Fails as `start`
    /// would; what passes, `start` judges once more.
    ///
    /// What `idempotency` says is under way or done passes: it will be joined or get its answer.
    func admit(_ spec: StartSpec, idempotency: Idempotency?) async throws(HostError)

    /// Judges a start exactly as `start` would and starts nothing.
    func dryRun(_ spec: StartSpec, observer: StartObserver?) async throws(HostError) -> StartReport

    /// Stops a process; returns when it is gone. One that waits to begin again does not any more.
    func stop(_ id: ProcessID, idempotency: Idempotency?) async throws(HostError) -> StopOutcome

    /// Ends a process without asking it; returns when it is gone.
    func kill(_ id: ProcessID, idempotency: Idempotency?) async throws(HostError) -> StopOutcome

    /// Ends the incarnation that runs and begins another, whatever the policy says; returns its
    /// number once it has begun. `failedPrecondition` when the process has ended for good, or
    /// somebody else is stopping it.
    func restart(_ id: ProcessID, idempotency: Idempotency?) async throws(HostError) -> UInt32

    /// Forgets a process that has ended, with its log. `failedPrecondition` for one that lives,
    /// unless `force`: then it is killed first. Its id is never given again.
    func remove(_ id: ProcessID, force: Bool, idempotency: Idempotency?) async throws(HostError)

    /// The process that this very request removed earlier; nil for a request that is new.
    func removed(by idempotency: Idempotency) async throws(HostError) -> ProcessID?

    /// Forgets every process of a namespace that has ended, and says who they were.
    func prune(_ namespace: Namespace, idempotency: Idempotency?) async throws(HostError)
        -> [ProcessID]

    /// The process of that name in that namespace, living or the newest of that name that ended.
    func lookup(_ name: ProcessName, in namespace: Namespace) async throws(HostError) -> ProcessID?

    /// One row, or nil.
    func status(_ id: ProcessID) async throws(HostError) -> ProcessStatus?

    /// Everything there is to know about a process, or nil.
    func inspect(_ id: ProcessID) async throws(HostError) -> ProcessDetail?

    /// Rows by ascending id; nil for every namespace.
    func processes(in namespaces: Set<Namespace>?, includingEnded: Bool) async throws(HostError)
        -> [ProcessStatus]

    /// Records from `from` on, at most about `atMost` bytes (at least one item when there is any).
    ///
    /// Waits while there is nothing at or after `from` and more may come. `from` may be `last + 1`;
    /// beyond that `outOfRange` with the range that exists.
    func readLog(_ id: ProcessID, from: UInt64, atMost: Int) async throws(HostError) -> LogBatch

    /// The sequence of the first record that a reader who begins there gets; the next one's when
    /// there is none.
    func logPosition(_ id: ProcessID, _ start: LogStart) async throws(HostError) -> UInt64

    /// Becomes the one writer of a process's stdin; `failedPrecondition` when it has one, or its
    /// stdin has ended before the process did. A process that ended takes every writer and swallows
    /// what it writes.
    func openInput(_ id: ProcessID) async throws(HostError) -> InputClaim

    /// Writes to stdin; suspends while the process does not read. Returns when the bytes are in its
    /// bounded buffer. `end` ends stdin for good. A process that ended swallows everything.
    func writeInput(_ claim: InputClaim, _ bytes: [UInt8], end: Bool) async throws(HostError)

    /// Gives the place up without ending stdin; the next writer may come.
    func closeInput(_ claim: InputClaim) async

    /// Waits for the process's end, the last incarnation's, and tells it; at once when it has ended.
    func wait(_ id: ProcessID) async throws(HostError) -> ExitRecord

    /// Waits until an incarnation runs, or has run since the call; says which. `failedPrecondition` for
    /// a process that has ended, or ends before.
    func waitUntilRunning(_ id: ProcessID) async throws(HostError) -> UInt32

    /// As `waitUntilRunning`, until the incarnation that runs has said that it is ready, or one has since
    /// the call.
    func waitUntilReady(_ id: ProcessID) async throws(HostError) -> UInt32

    /// The module behind a reference for callers of this namespace, or nil (foreign ones are nil).
    func module(_ reference: ModuleReference, in namespace: Namespace) async throws(HostError)
        -> ModuleInfo?

    /// Begins or resumes an upload: judges size and quotas, becomes its one writer.
    /// `ModuleUpload.offset` is what is safely on disk; all of it when the namespace has the module.
    ///
    /// The newest writer of a namespace and digest is the one: it goes on where an older one was,
    /// and what that one does with its upload from then on is `aborted`.
    func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role
    ) async throws(HostError) -> ModuleUpload

    /// Appends; returns when the bytes are accepted (made durable at least every few MiB).
    func append(_ bytes: [UInt8], to upload: ModuleUpload) async throws(HostError)

    /// Checks size and hash and makes the module exist; `dataLoss` when the bytes are others.
    func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo

    /// Lets go of an upload; what is on disk stays for a resume.
    func suspend(_ upload: ModuleUpload) async

    /// What runs here.
    func info() async throws(HostError) -> HostInfo
}

/// What a start waits for, as far as it takes long.
public enum StartPhase: Sendable, Hashable {
    /// Its module is being compiled, or waits for its turn.
    case compiling
    /// Everything else.
    case starting
}

/// Hears of a start's phases; called from any thread, possibly under a lock: it only takes a note.
public typealias StartObserver = @Sendable (StartPhase) -> Void

extension ProcessHost {
    /// `start` without an observer.
    public func start(
        _ spec: StartSpec, idempotency: Idempotency?
    ) async throws(HostError) -> StartReport {
        try await start(spec, idempotency: idempotency, observer: nil)
    }

    /// `dryRun` without an observer.
    public func dryRun(_ spec: StartSpec) async throws(HostError) -> StartReport {
        try await dryRun(spec, observer: nil)
    }
}

extension ProcessHost {
    /// The position that shows the last `count` records of these streams (nil: all there are).
    public func logPosition(
        _ id: ProcessID, tail count: Int?, streams: Set<LogStream>
    ) async throws(HostError) -> UInt64 {
        try await logPosition(id, LogStart(tail: count, streams: streams))
    }
}

/// How a stop ended.
public enum StopOutcome: Sendable, Hashable {
    case stopped(ExitRecord)
    case alreadyEnded(ExitRecord)
}

/// The right to write one process's stdin.
public struct InputClaim: Sendable, Hashable {
    public var id: ProcessID
    /// Tells this claim from earlier ones.
    public var token: UInt64

    public init(id: ProcessID, token: UInt64) {
        self.id = id
        self.token = token
    }
}

/// A module that exists.
public struct ModuleInfo: Sendable, Hashable {
    public var digest: ModuleDigest
    /// Bytes.
    public var size: UInt64

    public init(digest: ModuleDigest, size: UInt64) {
        self.digest = digest
        self.size = size
    }
}

/// An upload under way, held by one writer.
public struct ModuleUpload: Sendable, Hashable {
    public var namespace: Namespace
    public var digest: ModuleDigest
    public var size: UInt64
    /// Where to go on: everything before is on disk.
    public var offset: UInt64
    /// Tells this writer from earlier ones.
    public var token: UInt64

    public init(
        namespace: Namespace, digest: ModuleDigest, size: UInt64, offset: UInt64, token: UInt64
    ) {
        self.namespace = namespace
        self.digest = digest
        self.size = size
        self.offset = offset
        self.token = token
    }
}

/// What a host says about itself.
public struct HostInfo: Sendable, Hashable {
    /// `wasmtime 50.0.1`.
    public var engine: String
    public var startedAt: Int64
    public var livingProcesses: Int
    /// How many this machine can hold (memory maps), and nil when nobody knows.
    public var processCeiling: Int?
    /// Bytes of log held in memory.
    public var logBytes: UInt64

    public init(
        engine: String, startedAt: Int64, livingProcesses: Int, processCeiling: Int?,
        logBytes: UInt64
    ) {
        self.engine = engine
        self.startedAt = startedAt
        self.livingProcesses = livingProcesses
        self.processCeiling = processCeiling
        self.logBytes = logBytes
    }
}
