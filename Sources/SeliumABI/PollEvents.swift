/// What a poll asks of a handle or descriptor, and what it answers: bits of a u16.
public struct PollEvents: OptionSet, Sendable, Hashable {
    public let rawValue: UInt16

    /// Any bits; those that mean nothing included.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Reading would not wait; of a stop handle: a stop was asked for.
    public static let readable = PollEvents(rawValue: 1)
    /// Writing would not wait.
    public static let writable = PollEvents(rawValue: 2)
    /// There is nothing more to come. Only in answers.
    public static let ended = PollEvents(rawValue: 4)
    /// Not open, or not of a kind for what was asked. Only in answers.
    public static let bad = PollEvents(rawValue: 8)

    /// What may be asked.
    public static let askable: PollEvents = [.readable, .writable]
}
