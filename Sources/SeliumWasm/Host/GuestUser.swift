/// The object a guest is started with; host functions find theirs by it.
public protocol GuestUser: AnyObject, Sendable {
    /// The guest's turn on a thread is over: it waits, others get their turn, or it has ended.
    ///
    /// Called on the guest thread while nothing else of this guest can run, before the next turn and
    /// before the end is told: the place to hand over what was gathered during the turn. Short.
    func turnEnded()
}

extension GuestUser {
    public func turnEnded() {}
}
