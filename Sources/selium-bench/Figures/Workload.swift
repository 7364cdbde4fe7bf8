import Glibc
import Synchronization

/// Set by SIGTERM: measure no more, say what was measured.
private let isTerminated = Atomic<Bool>(false)

/// How much of something is done, shared by the lanes that do it: so many times, or for so long, or
/// until SIGTERM, whichever is first.
final class Workload: Sendable {
    private let left: Atomic<Int>
    private let deadline: UInt64

    /// `seconds` of 0: no limit in time.
    init(count: Int, seconds: Double) {
        self.left = Atomic(count)
        self.deadline =
            seconds > 0 ? monotonicNanoseconds() + UInt64(seconds * 1_000_000_000) : .max
    }

    /// From now on SIGTERM ends the workload and not the program. Called before anything slow.
    static func endsOnSIGTERM() {
        _ = signal(SIGTERM) { _ in isTerminated.store(true, ordering: .relaxed) }
    }

    /// Takes the right to do it once more.
    func takeNext() -> Bool {
        guard !isTerminated.load(ordering: .relaxed), monotonicNanoseconds() < self.deadline else {
            return false
        }
        return self.left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0
    }
}
