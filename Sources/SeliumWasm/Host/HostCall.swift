import Synchronization

/// A host call that waits: whoever finishes the work completes it, on any thread, without a task.
///
/// Reference-counted and independent of the guest's life: completing it after the guest was killed
/// does nothing. It is what a host function returns in `HostResult.wait`.
public final class HostCall: Sendable {
    /// What runs on the guest's stack when the call is over, with the guest's memory as it is then.
    public typealias Finish = @Sendable (borrowing GuestMemory) -> HostResult

    private enum State {
        case waiting
        case finished(Finish)
        /// Finished and taken by the guest, or the guest is gone.
        case over
    }

    private struct Contents {
        var state = State.waiting
        var guest: Guest?
        var onAbandon: (@Sendable () -> Void)?
    }

    private let contents: Mutex<Contents>

    /// A call of `guest`, made inside one of its host functions. `onAbandon` runs once if the guest ends before the call is
    /// complete, on any thread; it takes back what was registered (a timer, a reader).
    public init(_ guest: Guest, onAbandon: (@Sendable () -> Void)? = nil) {
        contents = Mutex(Contents(guest: guest, onAbandon: onAbandon))
    }

    /// Answers with a value; the first completion wins, later ones do nothing.
    @discardableResult
    public func complete(_ reply: HostReply) -> Bool { complete { _ in .reply(reply) } }

    /// Answers with what `finish` says when the guest runs next, at most one quantum of work: copy
    /// results into its memory, check every (pointer, length) again there. True when this
    /// completion is the one that counts.
    @discardableResult
    public func complete(_ finish: @escaping Finish) -> Bool {
        let guest: Guest? = contents.withLock { contents in
            guard case .waiting = contents.state else { return nil }
            contents.state = .finished(finish)
            contents.onAbandon = nil
            return contents.guest
        }
        guest?.notify()
        return guest != nil
    }

    /// Sets what runs when the guest ends first; runs it at once when that has happened.
    public func onAbandon(_ handler: @escaping @Sendable () -> Void) {
        let late = contents.withLock { contents -> Bool in
            switch contents.state {
            case .waiting:
                contents.onAbandon = handler
                return false
            case .finished: return false
            case .over: return true
            }
        }
        if late { handler() }
    }

    /// The answer, if there is one; only once.
    func takeFinish() -> Finish? {
        contents.withLock { contents in
            guard case .finished(let finish) = contents.state else { return nil }
            contents.state = .over
            contents.guest = nil
            return finish
        }
    }

    /// The guest is gone.
    func abandon() {
        let handler: (@Sendable () -> Void)? = contents.withLock { contents in
            defer {
                contents.state = .over
                contents.guest = nil
                contents.onAbandon = nil
            }
            guard case .waiting = contents.state else { return nil }
            return contents.onAbandon
        }
        handler?()
    }
}
