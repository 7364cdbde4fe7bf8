internal import DequeModule
internal import NIOCore

/// Runs Swift tasks on an event loop, so that a request's task and its connection share a thread:
/// nothing is handed over, nothing is woken.
///
/// Jobs enqueued on the loop itself are kept in a list of our own and run together: NIO's own queue
/// takes a lock and an allocation for each.
final class LoopExecutor: TaskExecutor, @unchecked Sendable {
    /// Jobs run in one go before the loop looks at its sockets again.
    private static let maximumJobs = 1_024

    let loop: any EventLoop
    // SAFETY: both are read and written on the loop only.
    private var jobs = Deque<UnownedJob>()
    private var isScheduled = false

    init(_ loop: any EventLoop) {
        self.loop = loop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if loop.inEventLoop {
            jobs.append(job)
            schedule()
        } else {
            loop.execute {
                self.jobs.append(job)
                self.drain()
            }
        }
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        loop.execute {
            self.isScheduled = false
            self.drain()
        }
    }

    /// Runs what is waiting; what comes on top of `maximumJobs` waits for the next round.
    func drain() {
        var budget = Self.maximumJobs
        while budget > 0, let job = jobs.popFirst() {
            budget -= 1
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
        if !jobs.isEmpty { schedule() }
    }
}
