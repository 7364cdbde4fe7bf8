import Synchronization

/// The part of a scheduler that its threads and guests share.
final class SchedulerCore: @unchecked Sendable {
    enum Urgency { case urgent, hot, cold }

    let configuration: SchedulerConfiguration
    private let engine: Engine
    private let monitor = Monitor()
    private let tickerMonitor = Monitor()
    private let livingGuests = Atomic<Int>(0)

    // Under `monitor`.
    private var queue: RunQueue<Guest>
    private var sleepers = 0
    private var running = 0
    private var isStopped = false

    /// Set while the ticker sleeps; read without its lock by whoever makes work.
    private let tickerSleeps = Atomic<Bool>(false)
    private let hasWork = Atomic<Bool>(false)
    private let stopping = Atomic<Bool>(false)

    init(_ engine: Engine, _ configuration: SchedulerConfiguration) {
        self.engine = engine
        self.configuration = configuration
        queue = RunQueue(hotBurst: configuration.hotBurst, hotCount: configuration.hotCount)
    }

    var living: Int { livingGuests.load(ordering: .relaxed) }

    var statistics: SchedulerStatistics {
        monitor.lock()
        defer { monitor.unlock() }
        return SchedulerStatistics(living: living, queued: queue.count, running: running)
    }

    func guestStarted() { livingGuests.wrappingAdd(1, ordering: .relaxed) }
    func guestEnded() { livingGuests.wrappingSubtract(1, ordering: .relaxed) }

    func push(_ guest: Guest, _ urgency: Urgency) {
        monitor.lock()
        if isStopped { return monitor.unlock() }
        switch urgency {
        case .urgent: queue.pushUrgent(guest)
        case .hot: queue.pushHot(guest)
        case .cold: queue.pushCold(guest)
        }
        let wake = sleepers > 0
        // Before anybody can take it: a guest that runs without ticks has the thread for itself.
        wakeTicker()
        monitor.unlock()
        if wake { monitor.signal() }
    }

    /// A guest thread's whole life.
    func work() {
        var last: UInt64?
        while let guest = next(lastStep: last) {
            let begin = monotonicNanoseconds()
            run(guest)
            last = monotonicNanoseconds() &- begin
        }
    }

    private func next(lastStep: UInt64?) -> Guest? {
        monitor.lock()
        defer { monitor.unlock() }
        if let lastStep {
            running -= 1
            queue.account(lastStep)
        }
        while true {
            if isStopped { return nil }
            if let guest = queue.pop() {
                running += 1
                return guest
            }
            if running == 0 { hasWork.store(false, ordering: .relaxed) }
            sleepers += 1
            monitor.wait()
            sleepers -= 1
        }
    }

    private func run(_ guest: Guest) {
        // Fails for the second entry of a guest that was killed while it was queued.
        guard guest.exchange(Guest.RunState.queued, Guest.RunState.running) else { return }
        switch guest.step() {
        case .ended: break
        case .yielded:
            guest.state.store(Guest.RunState.queued, ordering: .sequentiallyConsistent)
            // A kill that saw it running left it to the tick, which it may have missed.
            let isKilled = guest.killRequest.load(ordering: .sequentiallyConsistent) != 0
            push(guest, isKilled ? .urgent : .cold)
        case .parked: park(guest)
        }
    }

    private func park(_ guest: Guest) {
        if guest.exchange(Guest.RunState.running, Guest.RunState.parked) {
            // A kill that saw it running left it to the tick; it is parked now.
            guard guest.killRequest.load(ordering: .sequentiallyConsistent) != 0 else {
                return
            }
            guard guest.exchange(Guest.RunState.parked, Guest.RunState.queued) else { return }
            push(guest, .urgent)
        } else {
            guest.state.store(Guest.RunState.queued, ordering: .sequentiallyConsistent)
            let isKilled = guest.killRequest.load(ordering: .sequentiallyConsistent) != 0
            push(guest, isKilled ? .urgent : .hot)
        }
    }

    // MARK: the ticker

    private func wakeTicker() {
        // In one order with the ticker's own pair: either it sees the work or we see it asleep.
        hasWork.store(true, ordering: .sequentiallyConsistent)
        guard tickerSleeps.load(ordering: .sequentiallyConsistent) else { return }
        tickerMonitor.lock()
        tickerSleeps.store(false, ordering: .releasing)
        tickerMonitor.unlock()
        tickerMonitor.signal()
    }

    /// The ticker thread's whole life: while anything runs, a tick a millisecond; some ticks after
    /// the last work it goes to sleep.
    func tick() {
        let patience = 16
        var idle = 0
        while !stopping.load(ordering: .relaxed) {
            sleepNanoseconds(configuration.tick)
            engine.tick()
            idle = hasWork.load(ordering: .relaxed) ? 0 : idle + 1
            guard idle > patience else { continue }
            idle = 0
            tickerMonitor.lock()
            tickerSleeps.store(true, ordering: .sequentiallyConsistent)
            if hasWork.load(ordering: .sequentiallyConsistent) {
                tickerSleeps.store(false, ordering: .releasing)
            }
            while tickerSleeps.load(ordering: .acquiring), !stopping.load(ordering: .relaxed) {
                tickerMonitor.wait()
            }
            tickerMonitor.unlock()
        }
    }

    func stop() {
        monitor.lock()
        isStopped = true
        // What is queued never runs; released outside the lock, because the last owner of a guest
        // takes it down.
        var rest: [Guest] = []
        while let guest = queue.pop() { rest.append(guest) }
        monitor.unlock()
        monitor.broadcast()
        tickerMonitor.lock()
        stopping.store(true, ordering: .releasing)
        tickerMonitor.unlock()
        tickerMonitor.broadcast()
    }
}
