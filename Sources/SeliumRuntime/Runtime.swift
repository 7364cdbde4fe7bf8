public import Logging
public import SeliumHosting
public import SeliumKernel
public import SeliumWasm

/// The runtime: runs WebAssembly processes for a control server, or for whoever embeds it.
///
/// One per work directory. It lives until `shutDown`; releasing it without that ends its guests with
/// the process.
public final class Runtime: ProcessHost {
    /// How a runtime is set up.
    public struct Configuration: Sendable {
        /// The folder with `modules/` and `state/`; it has to exist.
        public var workDirectory: String
        /// Nobody named the folder: it is used only if it looks like a work directory.
        public var isDefaultDirectory: Bool
        /// Where modules are compiled.
        public var compiler: any ModuleCompiling
        /// How many modules are compiled at once; nil: one per two cores.
        public var compilers: Int?
        public var scheduler: SchedulerConfiguration
        /// nil: what vm.max_map_count allows.
        public var processCeiling: Int?
        /// How long an upload may stand still before another writer of the module takes over,
        /// nanoseconds.
        public var uploadPatience: UInt64
        /// A log is read by one viewer, who gets every record: a guest's write waits where it would
        /// make the log drop what that one has not read. For the runtime of one `selium run`; on a
        /// server a viewer never holds a guest up.
        public var keepsUnreadRecords: Bool
        /// Where logs are kept. With `keepsUnreadRecords` they stay in memory.
        public var logStorage: LogStorage
        public var logger: Logger

        public init(
            workDirectory: String, isDefaultDirectory: Bool = false, compiler: any ModuleCompiling,
            compilers: Int? = nil, scheduler: SchedulerConfiguration = .init(),
            processCeiling: Int? = nil,
            uploadPatience: UInt64 = Limits.uploadPatience, keepsUnreadRecords: Bool = false,
            logStorage: LogStorage = .disk(SegmentRetention()),
            logger: Logger = Logger(label: "selium.runtime")
        ) {
            self.workDirectory = workDirectory
            self.isDefaultDirectory = isDefaultDirectory
            self.compiler = compiler
            self.compilers = compilers
            self.scheduler = scheduler
            self.processCeiling = processCeiling
            self.uploadPatience = uploadPatience
            self.keepsUnreadRecords = keepsUnreadRecords
            self.logStorage = logStorage
            self.logger = logger
        }
    }

    /// Whether a runtime may work in a directory that nobody named: it has to look like a work
    /// directory, or to be empty. Nothing is made there.
    ///
    /// - Throws: what the runtime itself would say. It is for whoever has something else to complain
    ///   about first, such as certificates that are missing from a directory that is the wrong one.
    public static func checkDefaultDirectory(_ path: String) throws(RuntimeError) {
        try WorkDirectory.checkDefault(path)
    }

    /// Where logs are kept.
    public enum LogStorage: Sendable, Hashable {
        /// In memory, and gone with the runtime.
        case memory
        /// In segments in the work directory; so much of each.
        case disk(SegmentRetention)
    }

    let world: Monitor<RuntimeWorld, RuntimeWorld.Key>
    let logs: LogMonitor
    /// nil: they are in memory only.
    let logStore: LogStore?
    let state: StateStore
    let modules: ModuleStore
    let scheduler: Scheduler
    let timers: TimerService
    let budgets = MemoryBudgets()
    let clock = SystemClock()
    let logger: Logger
    let keepsUnreadRecords: Bool
    private let directory: WorkDirectory
    private let ceiling: Int
    private let startedAt: Int64

    /// Opens a runtime: the directory, the database, the engine. Incarnations that an earlier runtime
    /// left unfinished are `lost` from here on; processes that begin again after that do so with
    /// `resumeProcesses`.
    public init(_ configuration: Configuration) throws(RuntimeError) {
        logger = configuration.logger
        keepsUnreadRecords = configuration.keepsUnreadRecords
        directory = try WorkDirectory(
            configuration.workDirectory, isDefault: configuration.isDefaultDirectory)
        state = try StateStore(path: directory.database, logger: logger)
        do throws(WasmError) {
            scheduler = try Scheduler(Engine(), configuration.scheduler)
            timers = try TimerService()
        } catch {
            throw RuntimeError("the engine cannot be started: \(error)")
        }
        modules = try ModuleStore(
            directory: directory, state: state, engine: scheduler.engine,
            compiler: configuration.compiler, compilers: configuration.compilers,
            uploadPatience: configuration.uploadPatience, logger: logger, now: clock.monotonic())
        ceiling =
            configuration.processCeiling
            ?? Limits.processCeiling(
                maximumMaps: kernelNumber("/proc/sys/vm/max_map_count") ?? 65_530)
        startedAt = clock.realtime()
        let (settings, scan) = try Self.scanLogs(configuration, directory, configuration.logger)
        var found = scan
        let recovered = try Recovery(ceiling: ceiling, clock: clock).run(state, &found)
        let logs = LogMonitor(recovered.shelf)
        world = Monitor(recovered.world)
        self.logs = logs
        logStore = found.map { found in
            LogStore(
                found, configuration: settings, shelf: logs, clock: SystemClock(),
                logger: configuration.logger)
        }
        for living in recovered.living { welcome(living) }
        // Whoever waited for them finds this runtime first.
        for one in recovered.removable {
            removeLater(one.id, one.namespace, at: clock.monotonic() + Limits.readerLease)
        }
        if recovered.lost > 0 {
            logger.warning(
                "processes of the last run were lost", metadata: ["count": "\(recovered.lost)"])
        }
    }

    /// What is on disk of logs, where they are to be there.
    private static func scanLogs(
        _ configuration: Configuration, _ directory: WorkDirectory, _ logger: Logger
    ) throws(RuntimeError) -> (LogStore.Configuration, LogScan?) {
        var settings = LogStore.Configuration()
        guard !configuration.keepsUnreadRecords,
            case .disk(let retention) = configuration.logStorage
        else { return (settings, nil) }
        settings.retention = retention
        let path = "\(directory.path)/state/logs"
        do throws(SystemError) {
            return (settings, try LogScan(directory.logs, path: path, logger: logger))
        } catch {
            throw RuntimeError("cannot read the logs in \(path): \(error)")
        }
    }

    /// A process of an earlier run has a home again.
    private func welcome(_ living: Recovery.Living) {
        let home = makeHome(
            living.row.id, living.spec, memoryLimit: living.row.memoryLimit, program: nil,
            ceiling: living.next - 1 + Limits.sequenceBlock, next: living.next)
        world.withLock { world in
            world.homes[home.id] = home
            world.resumable.append(home.id)
        }
    }

    // MARK: Looking

    public func lookup(
        _ name: ProcessName, in namespace: Namespace
    ) async throws(HostError) -> ProcessID? {
        world.withLock { $0.table.lookup(name, in: namespace) }
    }

    public func status(_ id: ProcessID) async throws(HostError) -> ProcessStatus? {
        world.withLock { world in
            world.table.status(id).map { Self.live($0, world.running[id], now: clock.monotonic()) }
        }
    }

    public func processes(
        in namespaces: Set<Namespace>?, includingEnded: Bool
    ) async throws(HostError) -> [ProcessStatus] {
        let now = clock.monotonic()
        return world.withLock { world in
            world.table.list(in: namespaces, includingEnded: includingEnded)
                .map { Self.live($0, world.running[$0.id], now: now) }
        }
    }

    /// The row of a living process with what its guest uses now.
    private static func live(
        _ status: ProcessStatus, _ running: RunningProcess?, now: UInt64
    ) -> ProcessStatus {
        var status = status
        status.backOffRemaining = status.backOff?.remaining(now: now) ?? 0
        guard let running, !status.state.hasEnded else { return status }
        let usage = running.usage
        status.cpuNanoseconds = usage.cpu
        status.memory = usage.memory
        status.uptimeNanoseconds =
            now > running.startedMonotonic ? now - running.startedMonotonic : 0
        return status
    }

    public func wait(_ id: ProcessID) async throws(HostError) -> ExitRecord {
        let isHeld = world.withLock { $0.hold(id) }
        defer { if isHeld { world.withLock { $0.release(id) } } }
        return try await world.wait(for: .end(id)) {
            (world, _) throws(HostError) -> ExitRecord? in
            guard world.table.isVisible(id) else { throw .noProcess(id) }
            if world.table.hasEnded(id) { return world.table.status(id)?.exit }
            guard !world.isClosed else { throw Self.isClosed }
            return nil
        }
    }

    public func waitUntilRunning(_ id: ProcessID) async throws(HostError) -> UInt32 {
        try await wait(id, for: { $0.lastRun(id) }, isNow: { $0.status(id)?.state == .running })
    }

    public func waitUntilReady(_ id: ProcessID) async throws(HostError) -> UInt32 {
        try await wait(id, for: { $0.lastReady(id) }, isNow: { $0.isReady(id) })
    }

    /// Waits until something holds of an incarnation, or has held of one since: which one the newest is
    /// of which it ever did, `last` says.
    private func wait(
        _ id: ProcessID, for last: @escaping @Sendable (ProcessTable) -> UInt32,
        isNow: @escaping @Sendable (ProcessTable) -> Bool
    ) async throws(HostError) -> UInt32 {
        let (isHeld, before) = world.withLock { ($0.hold(id), last($0.table)) }
        defer { if isHeld { world.withLock { $0.release(id) } } }
        return try await world.wait(for: .began(id)) { (world, _) throws(HostError) -> UInt32? in
            guard let status = world.table.status(id) else { throw .noProcess(id) }
            let newest = last(world.table)
            if newest > before || isNow(world.table) { return newest }
            guard !status.state.hasEnded else { throw .hasEnded(id) }
            guard !world.isClosed else { throw Self.isClosed }
            return nil
        }
    }

    static let isClosed = HostError(
        .unavailable, "the server is shutting down; the process begins again with the next one",
        isRetryable: true)

    public func info() async throws(HostError) -> HostInfo {
        let bytes = logs.withLock { $0.cost }
        return world.withLock { world in
            HostInfo(
                engine: Engine.version, startedAt: startedAt,
                livingProcesses: world.table.livingTotal,
                processCeiling: ceiling, logBytes: UInt64(bytes))
        }
    }

    // MARK: Stdin

    public func openInput(_ id: ProcessID) async throws(HostError) -> InputClaim {
        let home = try world.withLock { (world) throws(HostError) -> ProcessHome? in
            guard world.table.isVisible(id) else { throw .noProcess(id) }
            return world.homes[id]
        }
        // One that ended swallows everything, from anybody.
        guard let home else { return InputClaim(id: id, token: 0) }
        guard let input = home.input else {
            throw HostError(.failedPrecondition, "the process's stdin has ended")
        }
        return InputClaim(id: id, token: try input.open())
    }

    public func writeInput(
        _ claim: InputClaim, _ bytes: [UInt8], end: Bool
    ) async throws(HostError) {
        // A process that ended swallows everything.
        guard let input = world.withLock({ $0.homes[claim.id]?.input }) else { return }
        try await input.write(bytes, end: end, token: claim.token)
    }

    public func closeInput(_ claim: InputClaim) async {
        world.withLock { $0.homes[claim.id]?.input }?.release(claim.token)
    }

    // MARK: Modules

    public func module(
        _ reference: ModuleReference, in namespace: Namespace
    ) async throws(HostError) -> ModuleInfo? {
        try await modules.find(reference, in: namespace)
    }

    public func beginUpload(
        _ digest: ModuleDigest, size: UInt64, namespace: Namespace, role: Role
    ) async throws(HostError) -> ModuleUpload {
        try await modules.beginUpload(
            digest, size: size, namespace: namespace, role: role, now: clock.monotonic())
    }

    public func append(_ bytes: [UInt8], to upload: ModuleUpload) async throws(HostError) {
        try await modules.append(bytes, to: upload)
    }

    public func commit(_ upload: ModuleUpload) async throws(HostError) -> ModuleInfo {
        try await modules.commit(upload)
    }

    public func suspend(_ upload: ModuleUpload) async {
        await modules.suspend(upload, now: clock.monotonic())
    }
}
