/// The life of one process: `starting → running → stopping → exited | crashed`.
public struct ProcessMachine: Sendable {
    private enum State {
        /// Exits: `began`, `ended` (it never ran), `stopRequested`.
        case starting
        /// Exits: `stopRequested`, `ended`.
        case running
        /// Somebody asked it to stop. Exits: `ended`.
        case stopping
        /// Final.
        case ended(ProcessState)
    }

    private var state = State.starting

    /// Which incarnation, from 1.
    public private(set) var incarnation: UInt32 = 1

    public init() {}

    /// As shown to people.
    public var shown: ProcessState {
        switch state {
        case .starting: .starting
        case .running: .running
        case .stopping: .stopping
        case .ended(let final): final
        }
    }

    /// Whether somebody asked it to stop before it ended.
    public private(set) var stopRequested = false

    /// The first instruction is about to run.
    public mutating func began() {
        if case .starting = state { state = .running }
    }

    /// What a stop request asks of the caller.
    public enum StopAction: Sendable, Hashable {
        /// Interrupt the guest now: it has no stop handler.
        case interrupt
        /// An earlier request is under way; wait for the end.
        case wait
        /// There is nothing to stop.
        case alreadyEnded
    }

    /// Somebody wants it to end.
    public mutating func stopWasRequested() -> StopAction {
        switch state {
        case .starting, .running:
            state = .stopping
            stopRequested = true
            return .interrupt
        case .stopping: return .wait
        case .ended: return .alreadyEnded
        }
    }

    /// It ended. False when it had ended before; then this end does not count.
    public mutating func ended(_ record: ExitRecord) -> Bool {
        if case .ended = state { return false }
        state = .ended(record.finalState)
        return true
    }
}
