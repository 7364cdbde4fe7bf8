import SeliumABI
import SeliumKernel
import Synchronization

/// The handles of one incarnation, with what they tell it: whether it is to stop.
public final class GuestHandles: Sendable {
    /// What a handle denotes.
    enum Target: Sendable {
        /// Readable once somebody wants the process to stop.
        case stopRequests
    }

    private struct State: Sendable {
        var table = HandleTable<Target>()
        var stopRequests: GuestHandle?
        var isAskedToStop = false
        /// The guest, when it waits for that.
        var resume: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    public init() {}

    // MARK: The guest's side

    /// The handle of stop requests, of which there is one: from now on the process is asked before it
    /// is ended. nil when too many handles are open.
    func openStopRequests() -> GuestHandle? {
        state.withLock { state -> GuestHandle? in
            if state.stopRequests == nil { state.stopRequests = state.table.open(.stopRequests) }
            return state.stopRequests
        }
    }

    /// False when no such handle is open.
    func close(_ number: UInt32) -> Bool {
        state.withLock { state -> Bool in
            switch state.table.close(number) {
            case .stopRequests:
                state.stopRequests = nil
                return true
            case nil: return false
            }
        }
    }

    /// How it stands with what a handle denotes, for who asks for `wanted`.
    func events(_ number: UInt32, _ wanted: PollEvents) -> PollEvents {
        state.withLock { state -> PollEvents in
            switch state.table.target(number) {
            case .stopRequests where wanted.contains(.writable): .bad
            case .stopRequests:
                state.isAskedToStop && wanted.contains(.readable) ? .readable : []
            case nil: .bad
            }
        }
    }

    /// Calls `resume` once, on any thread, when the process is asked to stop; at once when it was. A
    /// new call replaces the one before.
    func onStopRequest(_ resume: @escaping @Sendable () -> Void) {
        let now = state.withLock { state -> Bool in
            if !state.isAskedToStop { state.resume = resume }
            return state.isAskedToStop
        }
        if now { resume() }
    }

    // MARK: The host's side

    /// Whether a stop request would be heard.
    var listensForStop: Bool { state.withLock { $0.stopRequests != nil } }

    /// Somebody wants the process to stop.
    func askToStop() {
        let resume = state.withLock { state -> (@Sendable () -> Void)? in
            state.isAskedToStop = true
            defer { state.resume = nil }
            return state.resume
        }
        resume?()
    }

    /// The guest is gone.
    func end() { state.withLock { $0.resume = nil } }
}
