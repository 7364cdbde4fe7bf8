/// When a process begins again after an end, and how long it may take to stop. What is nil is the
/// server's default; contradictions are refused there, with `invalidArgument`.
public struct Supervision: Sendable, Hashable {
    /// After which ends a process begins again; `most` bounds the restarts in all.
    public enum Restart: Sendable, Hashable {
        /// After none.
        case no
        /// After every end but success: exit code 0, or just returned.
        case onFailure(most: UInt32? = nil)
        /// After every end.
        case always(most: UInt32? = nil)
    }

    /// How long to wait before an incarnation: at random between `minimum` and what doubles with
    /// every restart in a row up to `maximum`.
    public struct Backoff: Sendable, Hashable {
        public var minimum: Duration
        public var maximum: Duration

        public init(_ minimum: Duration, _ maximum: Duration) {
            self.minimum = minimum
            self.maximum = maximum
        }
    }

    /// So many restarts in so long are a crash loop: the next one is not made.
    public struct Limit: Sendable, Hashable {
        public var count: UInt32
        public var window: Duration

        public init(_ count: UInt32, within window: Duration) {
            self.count = count
            self.window = window
        }
    }

    /// nil: after none.
    public var restart: Restart?
    /// nil: 100 ms to 30 s.
    public var backoff: Backoff?
    /// An incarnation that ran this long was healthy, and the wait after it is a first one; nil: 10 s.
    public var resetAfter: Duration?
    /// nil: without a bound.
    public var limit: Limit?
    /// Exit codes after which there is no restart.
    public var noRestartOn: [UInt32]
    /// How long a program that listens for a stop has to end when it is asked to; nil: 10 s.
    public var stopTimeout: Duration?

    public init(
        restart: Restart? = nil, backoff: Backoff? = nil, resetAfter: Duration? = nil,
        limit: Limit? = nil, noRestartOn: [UInt32] = [], stopTimeout: Duration? = nil
    ) {
        self.restart = restart
        self.backoff = backoff
        self.resetAfter = resetAfter
        self.limit = limit
        self.noRestartOn = noRestartOn
        self.stopTimeout = stopTimeout
    }

    /// What a server does for a start that says nothing, every value said.
    public static let standard = Supervision(
        restart: .no, backoff: .init(.milliseconds(100), .seconds(30)), resetAfter: .seconds(10),
        stopTimeout: .seconds(10))
}

/// Between two incarnations.
public struct Waiting: Sendable, Hashable {
    /// Nanoseconds until the next one begins, as of the server's answer.
    public var remainingNanoseconds: UInt64
    /// Which restart this will be, from 1, of those that `of` counts.
    public var attempt: UInt32
    /// How many there may be before the process counts as crashed; nil without a bound.
    public var of: UInt32?

    public init(remainingNanoseconds: UInt64, attempt: UInt32, of: UInt32?) {
        self.remainingNanoseconds = remainingNanoseconds
        self.attempt = attempt
        self.of = of
    }
}
