import Synchronization

/// A guest thread as the ticker sees it: which step it is in. One word, so that a step cannot be
/// written off when it has just ended.
final class Worker: Sendable {
    /// What became of a step while it ran.
    struct Verdict {
        /// Another thread has taken this one's place.
        var isReplaced: Bool
        /// Its guest is to blame.
        var isOverrun: Bool
    }

    private static let running: UInt64 = 1
    private static let replaced: UInt64 = 2
    private static let overrun: UInt64 = 4
    /// Steps are counted above the three bits.
    private static let one: UInt64 = 8

    private let word = Atomic<UInt64>(0)
    private let clock = Atomic<Int32>(ThreadClock.none)

    /// Called on the thread, first of all.
    func began() { clock.store(ThreadClock.ofThisThread(), ordering: .releasing) }

    func beginStep() {
        // The thread itself is the only one that writes outside steps.
        word.store(word.load(ordering: .relaxed) | Self.running, ordering: .releasing)
    }

    func endStep() -> Verdict {
        let now = word.load(ordering: .relaxed)
        let next = (now & ~(Self.one - 1)) &+ Self.one
        let last = word.exchange(next, ordering: .acquiringAndReleasing)
        return Verdict(
            isReplaced: last & Self.replaced != 0, isOverrun: last & Self.overrun != 0)
    }

    /// The step it is in, if it is in one that has not been written off.
    var step: UInt64? {
        let now = word.load(ordering: .acquiring)
        return now & (Self.one - 1) == Self.running ? now : nil
    }

    /// Writes a step off; false when it is over.
    func writeOff(_ step: UInt64, isOverrun: Bool) -> Bool {
        let marked = step | Self.replaced | (isOverrun ? Self.overrun : 0)
        return word.compareExchange(
            expected: step, desired: marked, ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// CPU time of the thread, nanoseconds, nil when the machine does not tell.
    var cpuNanoseconds: UInt64? { ThreadClock.nanoseconds(clock.load(ordering: .acquiring)) }
}

/// One worker watched from tick to tick. It counts ticks, not time: a machine that does not let the
/// ticker run does not let guests run either.
struct StepWatch {
    enum Finding { case fine, overrun, stuck }

    private var step: UInt64?
    private var ticks = 0
    private var cpuBefore: UInt64?

    /// A look at a worker; once a tick.
    mutating func look(
        at step: UInt64?, _ configuration: SchedulerConfiguration, cpu: () -> UInt64?
    ) -> Finding {
        guard let step, step == self.step else {
            self = StepWatch()
            self.step = step
            return .fine
        }
        ticks += 1
        let tick = max(1, configuration.tick)
        // A slice ends at the first tick after it.
        guard UInt64(ticks) > configuration.slice / tick + 1 else { return .fine }
        guard let before = cpuBefore else {
            cpuBefore = cpu()
            return isStuck(tick, configuration)
        }
        // The processor's time, not the wall's: a thread that others keep from running is innocent.
        if let now = cpu(), now >= before, now - before >= configuration.overrun { return .overrun }
        return isStuck(tick, configuration)
    }

    /// Waiting for the machine, for a page of a slow disk for instance: others go on meanwhile, and
    /// nobody is to blame.
    private func isStuck(_ tick: UInt64, _ configuration: SchedulerConfiguration) -> Finding {
        UInt64(ticks) >= configuration.stuck / tick ? .stuck : .fine
    }
}
