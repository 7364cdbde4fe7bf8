import Synchronization

/// The ticker: it makes running guests look at the clock, and looks itself for steps that do not end.
extension SchedulerCore {
    func wakeTicker() {
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
            watch()
            if slowLane.load(ordering: .relaxed) == 1 { startSlowLane() }
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

    /// Looks for steps that do not end.
    private func watch() {
        for index in workers.indices {
            let worker = workers[index].worker
            let step = worker.step
            let finding = workers[index].watch.look(at: step, configuration) {
                worker.cpuNanoseconds
            }
            guard finding != .fine, let step else { continue }
            writeOff(worker, step, isOverrun: finding == .overrun)
        }
    }

    /// Gives the place of a thread to another, if one is left.
    private func writeOff(_ worker: Worker, _ step: UInt64, isOverrun: Bool) {
        monitor.lock()
        guard !isStopped, worker.writeOff(step, isOverrun: isOverrun) else {
            return monitor.unlock()
        }
        writtenOff += 1
        active -= 1
        let isThere = spares > calls
        let mayStart = !isThere && workers.count < threadCount + configuration.spares
        if isThere { calls += 1 }
        if isThere || mayStart { active += 1 }
        monitor.unlock()
        if isThere {
            spareIsCalled.signal()
        } else if mayStart, !startWorker(workers.count) {
            monitor.lock()
            active -= 1
            monitor.unlock()
        }
    }
}
