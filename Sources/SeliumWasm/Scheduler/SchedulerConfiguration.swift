/// How guests share the machine.
public struct SchedulerConfiguration: Sendable, Hashable {
    /// Guest threads; nil: one per core.
    public var threads: Int?
    /// Added to the threads' nice value, so that the event loop goes first.
    public var nice: Int
    /// How long a guest runs before others get their turn, nanoseconds.
    public var slice: UInt64
    /// Between two looks at the clock of a running guest, nanoseconds.
    public var tick: UInt64
    /// How long woken guests may go first while a computing one waits, nanoseconds.
    public var hotBurst: UInt64
    /// How many of them may.
    public var hotCount: Int

    public init(
        threads: Int? = nil, nice: Int = 5, slice: UInt64 = 2_000_000, tick: UInt64 = 1_000_000,
        hotBurst: UInt64 = 4_000_000, hotCount: Int = 64
    ) {
        self.threads = threads
        self.nice = nice
        self.slice = slice
        self.tick = tick
        self.hotBurst = hotBurst
        self.hotCount = hotCount
    }
}

/// What a scheduler is doing.
public struct SchedulerStatistics: Sendable, Hashable {
    /// Started and not ended.
    public var living: Int
    /// Waiting for a thread.
    public var queued: Int
    /// On a thread.
    public var running: Int

    public init(living: Int, queued: Int, running: Int) {
        self.living = living
        self.queued = queued
        self.running = running
    }
}
