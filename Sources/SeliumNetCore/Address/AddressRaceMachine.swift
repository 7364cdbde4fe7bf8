/// Which of several addresses is tried when (RFC 8305 section 5): the first at once, the next as soon
/// as one has failed, or when the newest attempt has had its head start.
///
/// It knows neither addresses nor connections: an address is its index, and whoever drives it keeps the
/// connection that comes first and ends the others. Time is what has passed since any fixed moment.
public struct AddressRaceMachine: Sendable {
    /// What an attempt waits for alone, before the next address is tried beside it.
    public static let usualHeadStart = Duration.milliseconds(250)

    /// What to do now.
    public enum Action: Hashable, Sendable {
        /// Begin with the address of this index; call ``AddressRaceMachine/handleTimeout(now:)`` at
        /// `deadline`, which is nil for the last address.
        case attempt(Int, deadline: Duration?)
        /// Nothing: attempts are under way.
        case wait
        /// All have failed: the race is over.
        case lost
    }

    private let count: Int
    private let headStart: Duration
    private var begun = 0
    private var failed = 0
    private var deadline: Duration?

    /// A race among so many addresses.
    public init(count: Int, headStart: Duration = AddressRaceMachine.usualHeadStart) {
        self.count = count
        self.headStart = headStart
    }

    /// The race begins; asked for once.
    public mutating func begin(now: Duration) -> Action {
        precondition(begun == 0, "a race begins once")
        return next(now)
    }

    /// One of the attempts has failed, whichever it was.
    public mutating func attemptFailed(now: Duration) -> Action {
        precondition(failed < begun, "more attempts have failed than were begun")
        failed += 1
        return next(now)
    }

    /// Time has passed. A deadline that a failure has overtaken changes nothing.
    public mutating func handleTimeout(now: Duration) -> Action {
        guard let deadline, deadline <= now else { return .wait }
        return next(now)
    }

    private mutating func next(_ now: Duration) -> Action {
        guard begun < count else { return failed == count ? .lost : .wait }
        begun += 1
        deadline = begun < count ? now + headStart : nil
        return .attempt(begun - 1, deadline: deadline)
    }
}
