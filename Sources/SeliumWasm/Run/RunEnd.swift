/// How a guest's run ended.
public enum RunOutcome: Sendable, Hashable {
    /// The entrypoint returned.
    case returned([WasmValue])
    /// A host function ended the run with `HostReply.exit`.
    case exited(UInt32)
    case trapped(Trap)
    /// `Guest.kill` came first; its reason, and where the guest was (empty when it waited).
    case killed(reason: UInt8, frames: [TrapFrame])
    /// Not one instruction ran.
    case startFailed(WasmError)
}

/// The end of a run, told once.
public struct RunEnd: Sendable, Hashable {
    public var outcome: RunOutcome
    /// The most linear memory it held, bytes.
    public var peakMemory: UInt64
    /// Time on a guest thread, nanoseconds.
    public var cpuNanoseconds: UInt64

    public init(outcome: RunOutcome, peakMemory: UInt64, cpuNanoseconds: UInt64) {
        self.outcome = outcome
        self.peakMemory = peakMemory
        self.cpuNanoseconds = cpuNanoseconds
    }
}

/// What a guest may use.
public struct GuestLimits: Sendable, Hashable {
    /// Bytes of linear memory; growth beyond fails in the guest.
    public var memory: UInt64
    /// Entries of each table.
    public var tableElements: UInt32
    /// Tables of an instance.
    public var tables: UInt32

    public init(
        memory: UInt64 = 128 << 20, tableElements: UInt32 = 100_000, tables: UInt32 = 4
    ) {
        self.memory = memory
        self.tableElements = tableElements
        self.tables = tables
    }
}
