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
    /// CPU time a step may use beyond the tick that should have ended it, nanoseconds; then its
    /// thread is written off: a spare takes its place. Bulk memory instructions are not interrupted.
    public var overrun: UInt64
    /// Time after which a step that uses no processor is written off too, nanoseconds.
    public var stuck: UInt64
    /// Threads beyond `threads` that stand in for those written off. When all are out, guests wait
    /// for one to return.
    public var spares: Int
    /// Steps of one guest that may be written off; then it runs on the slow lane, one thread for
    /// all such guests.
    public var overrunsAllowed: Int
    /// Added to the slow lane's nice value.
    public var slowNice: Int

    public init(
        threads: Int? = nil, nice: Int = 5, slice: UInt64 = 2_000_000, tick: UInt64 = 1_000_000,
        hotBurst: UInt64 = 4_000_000, hotCount: Int = 64, overrun: UInt64 = 10_000_000,
        stuck: UInt64 = 100_000_000, spares: Int = 4, overrunsAllowed: Int = 3, slowNice: Int = 10
    ) {
        self.threads = threads
        self.nice = nice
        self.slice = slice
        self.tick = tick
        self.hotBurst = hotBurst
        self.hotCount = hotCount
        self.overrun = overrun
        self.stuck = stuck
        self.spares = spares
        self.overrunsAllowed = overrunsAllowed
        self.slowNice = slowNice
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
    /// Guest threads there are: at most `threads + spares`, and the slow lane's.
    public var threads: Int
    /// Steps written off since the start.
    public var writtenOff: Int

    public init(living: Int, queued: Int, running: Int, threads: Int, writtenOff: Int) {
        self.living = living
        self.queued = queued
        self.running = running
        self.threads = threads
        self.writtenOff = writtenOff
    }
}
