/// Where a reader wants to begin, before anybody knows which sequence that is.
public enum LogStart: Sendable, Hashable {
    /// With the oldest record that is kept.
    case oldest
    /// With the next record that comes.
    case end
    /// With the last so many records of these streams; begin and end records do not count.
    case last(UInt64, streams: Set<LogStream>)
    /// With the first record written at this time or later, nanoseconds since 1970.
    case since(Int64)
}

extension LogStart {
    /// The last `count` records of these streams; nil: all that are kept.
    public init(tail count: Int?, streams: Set<LogStream>) {
        switch count {
        case nil: self = .oldest
        case .some(...0): self = .end
        case .some(let count): self = .last(UInt64(clamping: count), streams: streams)
        }
    }
}
