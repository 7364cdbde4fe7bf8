/// Every default limit of the process world, in one place: value, unit, reason. `docs/limits.md` is
/// the same table with what happens beyond each.
public enum Limits {
    // MARK: Requests (checked by the server before any effect)

    /// Grants of one start. Each is compared on every start; nobody has that many by hand.
    public static let grants = 256
    /// Typed arguments of one start. An entrypoint with more would not be written by people.
    public static let typedArguments = 64
    /// Strings of argv that follow `--`. Enough for a glob of files.
    public static let argv = 1_024
    /// Environment variables of one start.
    public static let environment = 256

    // MARK: One caller (the server's `ServerConfiguration` takes them from here)

    /// Streams a client may have open on one connection.
    public static let streamsPerConnection = 100
    /// Of these, how many may live as long as what they follow, so that a short call always finds a
    /// slot.
    public static let longLivedPerConnection = 64
    /// Connections of one identity.
    public static let connectionsPerIdentity = 64
    /// Requests of one identity at work; those that wait for their reader or follow a process do not
    /// count.
    public static let requestsPerIdentity = 256
    /// Bytes that one identity may make the server hold, over all its connections.
    public static let bufferedPerIdentity = 64 << 20
    /// Requests a second of a `user`; `operator` has no such limit.
    public static let requestsPerSecond: UInt64 = 1_000
    /// Requests of a `user` in one go.
    public static let requestBurst: UInt64 = 2_000

    // MARK: Modules

    /// Bytes of a module: the largest real one we know is 99 MB.
    public static let moduleBytes: UInt64 = 128 << 20
    /// Imports of a module; real programs have below 100.
    public static let moduleImports = 1_000
    /// Exports of a module.
    public static let moduleExports = 10_000
    /// Functions of a module; yosys (69 MB) has below 70,000.
    public static let moduleFunctions = 100_000
    /// Globals of a module: every process has its own, 16 bytes each, which no other limit counts.
    public static let moduleGlobals = 100_000
    /// Sections of a module: each costs the scanner a read; compilers write a dozen.
    public static let moduleSections = 1_000
    /// Names of modules in one namespace; a list of them stays readable.
    public static let moduleNames = 1_000
    /// Modules that one collection takes; the next one takes more.
    public static let collectedModules = 10_000
    /// Modules of the folder `modules/` whose digest is remembered until their file changes.
    public static let moduleFiles = 10_000
    /// Unknown imports that the log of a process names.
    public static let moduleNotes = 16
    /// Address space of a compile, bytes: yosys needs 1.3 GB, a bomb takes all there is.
    public static let compileAddressSpace: UInt64 = 3 << 30
    /// CPU time of a compile, seconds: yosys needs 59.
    public static let compileCPUSeconds: UInt64 = 120
    /// Seconds a compile may take in all: it goes behind everything else on the machine.
    public static let compileSeconds: UInt64 = 600
    /// Native code of a module, bytes: the largest real one gives 166 MB.
    public static let compileOutputBytes: UInt64 = 1 << 30
    /// Compiles that may wait for their turn in the whole server; beyond: `resourceExhausted`.
    public static let compileQueue = 256
    /// Of these, modules of one namespace that a `user` starts; one more is being compiled.
    public static let compileQueuePerNamespace = 16
    /// Bytes of an upload that may be lost by a crash: it is fsynced at least this often.
    public static let uploadSyncBytes: UInt64 = 4 << 20
    /// How long an upload may stand still before another writer of the same module takes over,
    /// nanoseconds (1 s): longer than a pause of a living client, shorter than anybody waits.
    public static let uploadPatience: UInt64 = 1_000_000_000
    /// How long an upload that nobody continues is kept, nanoseconds (1 h).
    public static let uploadLifetime: UInt64 = 3_600_000_000_000
    /// Loaded modules kept in memory when no process uses them; loading one again takes 0.1–3 ms.
    public static let loadedModules = 256
    /// Digests whose compilation failed that are remembered, so that a retry costs nothing.
    public static let failedCompiles = 1_024

    // MARK: One process

    /// Stops whose answers are committed together with the end; others right behind it.
    public static let stopAnswers = 64
    /// Linear memory, bytes, when the starter asks for none.
    public static let processMemory: UInt64 = 128 << 20
    /// The most that can be asked for: the whole 32-bit address space.
    public static let processMemoryMaximum: UInt64 = 4 << 30
    /// Tables of a module's instance.
    public static let processTables = 4
    /// Elements of each table.
    public static let processTableElements = 100_000
    /// Log bytes per second before a write waits: a disk's worth, and what one follower can take.
    public static let logRate: UInt64 = 64 << 20
    /// Log bytes that may be written at once before the rate counts.
    public static let logBurst: UInt64 = 64 << 20
    /// Log bytes kept of one process.
    public static let logKept = 64 << 20
    /// Log bytes of one process that stay in memory when they are on disk, for those who follow.
    public static let logCached = 1 << 20
    /// Stdin bytes that wait for a process to read them; then its writer waits.
    public static let inputBytes = 64 * 1024
    /// Bytes that one host call copies; more is a short read or write.
    public static let hostCallBytes = 1 << 20
    /// Segments of one vectored read or write.
    public static let hostCallVectors = 1_024
    /// Subscriptions of one poll.
    public static let pollEntries = 4_096
    /// Bytes of text in one structured log record: a line of it, in which each may take three, fits
    /// into a chunk.
    public static let logRecordBytes = 8 * 1024
    /// Fields of one.
    public static let logRecordFields = 64
    /// Handles that a process may have open.
    public static let handles = 1_024
    /// The shortest time within which a process may promise a sign of life, nanoseconds: others may
    /// keep it from running for so long.
    public static let heartbeatShortest: UInt64 = 100_000_000
    /// The longest, nanoseconds (1 h).
    public static let heartbeatLongest: UInt64 = 3_600_000_000_000
    /// What processes that listen for a stop have to finish when the runtime ends, nanoseconds; less
    /// when their own time is shorter.
    public static let drainGrace: UInt64 = 10_000_000_000

    // MARK: The namespace of a `user`

    /// Living processes. `operator` and `system` have none of the four limits here.
    public static let userProcesses = 32
    /// Linear memory in use, bytes.
    public static let userMemory: UInt64 = 1 << 30
    /// Modules, uploads under way included, bytes.
    public static let userModuleBytes: UInt64 = 2 << 30
    /// Unfinished uploads.
    public static let userUploads = 4

    // MARK: Kept

    /// Processes that ended, per namespace; the oldest is forgotten first.
    public static let endedProcesses = 1_000
    /// Ends of earlier incarnations, per process; the oldest is forgotten first.
    public static let pastEnds = 15
    /// Events of one namespace; a few of its oldest may stay a little longer.
    public static let events = 10_000
    /// How long an ended process outlives its turn while somebody reads its log, nanoseconds.
    public static let readerLease: UInt64 = 30_000_000_000
    /// How long an ended process that nobody wants kept (`--rm`) stays, so that those who waited hear
    /// of its end, nanoseconds (2 s); as long as somebody reads its log, longer.
    public static let removalDelay: UInt64 = 2_000_000_000
    /// Logs of all processes in memory, bytes.
    public static let logMemory = 256 << 20
    /// Idempotency keys in all, about 600 bytes each; the identity with the most loses its oldest.
    public static let idempotencyKeys = 50_000
    /// Idempotency keys of one identity in one namespace: nobody pushes out another's.
    public static let idempotencyKeysPerIdentity = 10_000
    /// How long an idempotency key is remembered, nanoseconds (24 h).
    public static let idempotencyLifetime: Int64 = 86_400_000_000_000
    /// Process ids reserved on disk at once; a crash skips the rest of them.
    public static let idBlock: UInt64 = 1_000
    /// Log sequences reserved on disk at once, so that a crash never repeats one.
    public static let sequenceBlock: UInt64 = 65_536

    // MARK: The machine

    /// Memory maps that one process takes in the engine (measured: 5 while blocked).
    public static let mapsPerProcess = 5
    /// Processes a machine with `maximumMaps` (vm.max_map_count) can hold: a fifth, less 10 % for
    /// the runtime's own maps.
    public static func processCeiling(maximumMaps: Int) -> Int {
        let ceiling = maximumMaps / mapsPerProcess
        return max(1, ceiling - ceiling / 10)
    }
    /// Disk kept free: uploads stop above it, so that exit records always find room.
    public static func diskReserve(capacity: UInt64) -> UInt64 { max(256 << 20, capacity / 20) }
}
