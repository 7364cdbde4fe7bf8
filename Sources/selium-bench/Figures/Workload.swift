import Foundation
import Synchronization

/// How much of something is done, shared by the lanes that do it: so many times, or for so long, or
/// until SIGTERM, whichever is first.
final class Workload: Sendable {
    private let left: Atomic<Int>
    private let isOver = Atomic<Bool>(false)
    private let deadline: UInt64
    private let signalSource: any DispatchSourceSignal

    /// `seconds` of 0: no limit in time.
    init(count: Int, seconds: Double) {
        self.left = Atomic(count)
        self.deadline =
            seconds > 0 ? monotonicNanoseconds() + UInt64(seconds * 1_000_000_000) : .max
        signal(SIGTERM, SIG_IGN)
        self.signalSource = DispatchSource.makeSignalSource(signal: SIGTERM)
        self.signalSource.setEventHandler { [isOver] in isOver.store(true, ordering: .relaxed) }
        self.signalSource.activate()
    }

    /// Takes the right to do it once more.
    func takeNext() -> Bool {
        guard !self.isOver.load(ordering: .relaxed), monotonicNanoseconds() < self.deadline else {
            return false
        }
        return self.left.wrappingSubtract(1, ordering: .relaxed).oldValue > 0
    }
}
