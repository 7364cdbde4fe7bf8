import DequeModule
import Synchronization

/// Guests that overran too often.
extension SchedulerCore {
    /// One thread for all guests that overran too often; nobody waits for it, and the ticker does
    /// not watch it.
    func startSlowLane() {
        slowLane.store(2, ordering: .relaxed)
        changeThreads(by: 1)
        let started = Thread.start("selium-slow", nice: configuration.slowNice) { [self] in
            work(Worker()) { done in nextSlow(done) }
            changeThreads(by: -1)
        }
        guard !started else { return }
        // The next tick tries again.
        changeThreads(by: -1)
        slowLane.store(1, ordering: .relaxed)
    }

    private func nextSlow(_ last: Done?) -> Guest? {
        monitor.lock()
        defer { monitor.unlock() }
        if last != nil { running -= 1 }
        while true {
            if isStopped { return nil }
            if let guest = slow.popFirst() {
                running += 1
                return guest
            }
            noteIdleness()
            monitor.wait(for: slowHasWork)
        }
    }
}
