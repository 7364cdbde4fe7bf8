import DequeModule
import Synchronization

/// The part of a scheduler that its threads and guests share.
///
/// SAFETY: what changes is atomic, under `monitor`, or the ticker's alone, as each says below.
final class SchedulerCore: @unchecked Sendable {
    enum Urgency { case urgent, hot, cold }

    let configuration: SchedulerConfiguration
    /// Threads that take guests from the queue at any time.
    let threadCount: Int
    let engine: Engine
    let monitor = Monitor()
    let spareIsCalled = Monitor.Condition()
    let slowHasWork = Monitor.Condition()
    let tickerMonitor = Monitor()
    let livingGuests = Atomic<Int>(0)

    // Under `monitor`.
    var queue: RunQueue<Guest>
    /// Guests that overran too often.
    var slow = Deque<Guest>()
    var sleepers = 0
    var running = 0
    var isStopped = false
    /// Threads that take from the queue now, those in steps included; all that are neither written
    /// off nor spare.
    var active: Int
    var threads = 0
    var spares = 0
    /// Spares called to work that have not woken yet.
    var calls = 0
    var writtenOff = 0

    // Only for the ticker, once it runs.
    var workers: [(worker: Worker, watch: StepWatch)] = []
    /// 0: nobody needs it; 1: somebody does; 2: its thread runs.
    let slowLane = Atomic<UInt8>(0)

    /// Set while the ticker sleeps; read without its lock by whoever makes work.
    let tickerSleeps = Atomic<Bool>(false)
    let hasWork = Atomic<Bool>(false)
    let stopping = Atomic<Bool>(false)

    init(_ engine: Engine, _ configuration: SchedulerConfiguration) {
        self.engine = engine
        self.configuration = configuration
        threadCount = max(1, configuration.threads ?? coreCount())
        active = threadCount
        queue = RunQueue(hotBurst: configuration.hotBurst, hotCount: configuration.hotCount)
    }

    var living: Int { livingGuests.load(ordering: .relaxed) }

    var statistics: SchedulerStatistics {
        monitor.lock()
        defer { monitor.unlock() }
        return SchedulerStatistics(
            living: living, queued: queue.count + slow.count, running: running, threads: threads,
            writtenOff: writtenOff)
    }

    func guestStarted() { livingGuests.wrappingAdd(1, ordering: .relaxed) }
    func guestEnded() { livingGuests.wrappingSubtract(1, ordering: .relaxed) }

    func push(_ guest: Guest, _ urgency: Urgency) {
        monitor.lock()
        if isStopped { return monitor.unlock() }
        var isSlow = false
        switch urgency {
        case .urgent: queue.pushUrgent(guest)
        case .hot, .cold:
            isSlow = guest.overruns.load(ordering: .relaxed) >= configuration.overrunsAllowed
            if isSlow {
                slow.append(guest)
            } else if urgency == .hot {
                queue.pushHot(guest)
            } else {
                queue.pushCold(guest)
            }
        }
        let wake = !isSlow && sleepers > 0
        if isSlow {
            // The ticker starts its thread.
            _ = slowLane.compareExchange(expected: 0, desired: 1, ordering: .relaxed)
        }
        // Before anybody can take it: a guest that runs without ticks has the thread for itself.
        wakeTicker()
        monitor.unlock()
        if wake { monitor.signal() }
        if isSlow { slowHasWork.signal() }
    }

    // MARK: guest threads

    /// A step that is over.
    struct Done {
        var nanoseconds: UInt64
        var isReplaced: Bool
    }

    /// Starts a guest thread; false when the machine has no more.
    func startWorker(_ index: Int) -> Bool {
        let worker = Worker()
        workers.append((worker, StepWatch()))
        changeThreads(by: 1)
        let started = Thread.start("selium-guest-\(index)", nice: configuration.nice) { [self] in
            worker.began()
            work(worker) { done in next(done) }
            changeThreads(by: -1)
        }
        if !started {
            workers.removeLast()
            changeThreads(by: -1)
        }
        return started
    }

    func changeThreads(by number: Int) {
        monitor.lock()
        threads += number
        monitor.unlock()
    }

    /// A guest thread's whole life.
    func work(_ worker: Worker, next: (Done?) -> Guest?) {
        var last: Done?
        while let guest = next(last) {
            let begin = monotonicNanoseconds()
            let isReplaced = run(guest, worker)
            last = Done(nanoseconds: monotonicNanoseconds() &- begin, isReplaced: isReplaced)
        }
    }

    private func next(_ last: Done?) -> Guest? {
        monitor.lock()
        defer { monitor.unlock() }
        if let last {
            running -= 1
            queue.account(last.nanoseconds)
            if last.isReplaced { takePlace() }
        }
        while true {
            if isStopped { return nil }
            if let guest = queue.pop() {
                running += 1
                return guest
            }
            noteIdleness()
            sleepers += 1
            monitor.wait()
            sleepers -= 1
        }
    }

    /// Locked: a thread that was written off is back. Somebody works in its place, or else it takes
    /// it again.
    private func takePlace() {
        guard active >= threadCount else {
            active += 1
            return
        }
        spares += 1
        noteIdleness()
        while !isStopped, calls == 0 { monitor.wait(for: spareIsCalled) }
        spares -= 1
        // Whoever called has counted it as active.
        if calls > 0 { calls -= 1 }
    }

    /// Locked: with nothing to run the ticker may sleep.
    func noteIdleness() {
        if running == 0, queue.isEmpty, slow.isEmpty { hasWork.store(false, ordering: .relaxed) }
    }

    /// One turn of a guest. True when the thread was written off meanwhile.
    private func run(_ guest: Guest, _ worker: Worker) -> Bool {
        // Fails for the second entry of a guest that was killed while it was queued.
        guard guest.exchange(Guest.RunState.queued, Guest.RunState.running) else { return false }
        worker.beginStep()
        let end = guest.step()
        let verdict = worker.endStep()
        if verdict.isOverrun { guest.overruns.wrappingAdd(1, ordering: .relaxed) }
        switch end {
        case .ended: break
        case .yielded:
            guest.state.store(Guest.RunState.queued, ordering: .sequentiallyConsistent)
            // A kill that saw it running left it to the tick, which it may have missed.
            let isKilled = guest.killRequest.load(ordering: .sequentiallyConsistent) != 0
            push(guest, isKilled ? .urgent : .cold)
        case .parked: park(guest)
        }
        return verdict.isReplaced
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

    func stop() {
        monitor.lock()
        isStopped = true
        // What is queued never runs; released outside the lock, because the last owner of a guest
        // takes it down.
        var rest: [Guest] = Array(slow)
        slow.removeAll()
        while let guest = queue.pop() { rest.append(guest) }
        monitor.unlock()
        monitor.broadcast()
        spareIsCalled.broadcast()
        slowHasWork.broadcast()
        tickerMonitor.lock()
        stopping.store(true, ordering: .releasing)
        tickerMonitor.unlock()
        tickerMonitor.broadcast()
    }
}
