internal import SeliumABI

/// How long to wait between an end and the next incarnation: twice as long at most each time, spread
/// at random so that processes that failed together do not come back together.
public struct BackOff: Sendable, Hashable, CustomStringConvertible {
    /// The least `minimum`, nanoseconds (10 ms): what bounds how often any policy starts a process.
    public static let least: UInt64 = 10_000_000
    /// The largest `maximum`, nanoseconds (a day).
    public static let most: UInt64 = 86_400_000_000_000

    /// No wait is shorter, nanoseconds.
    public let minimum: UInt64
    /// No wait is longer, nanoseconds.
    public let maximum: UInt64

    /// 100ms..30s
    public static let standard = BackOff(trusted: 100_000_000, 30_000_000_000)

    private init(trusted minimum: UInt64, _ maximum: UInt64) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// A range of waits, nanoseconds; fails with `invalid`.
    public init(minimum: UInt64, maximum: UInt64) throws(KernelError) {
        let least = DurationText.text(Self.least)
        guard minimum >= Self.least else {
            throw KernelError(
                .invalid,
                "--backoff begins at \(DurationText.text(minimum)), below the least, \(least)",
                remedy: "a process that cannot start would keep the server busy with starts")
        }
        guard minimum <= maximum else {
            throw KernelError(
                .invalid,
                "--backoff: \(DurationText.text(minimum)) is more than \(DurationText.text(maximum))",
                remedy:
                    "the smaller first: --backoff \(DurationText.text(maximum))..\(DurationText.text(minimum))"
            )
        }
        guard maximum <= Self.most else {
            throw KernelError(
                .invalid, "--backoff ends beyond the most, \(DurationText.text(Self.most))")
        }
        self.init(trusted: minimum, maximum)
    }

    /// Reads `MIN..MAX`. Fails with `invalid`.
    public init(text: some StringProtocol) throws(KernelError) {
        let (minimum, maximum) = try parsed { () throws(SupervisionText.Problem) in
            try SupervisionText.backOff(text)
        }
        try self.init(minimum: minimum, maximum: maximum)
    }

    /// The text form.
    public var description: String {
        "\(DurationText.text(minimum))..\(DurationText.text(maximum))"
    }

    /// The longest wait before the `attempt`th restart in a row (from 1), nanoseconds.
    public func ceiling(attempt: UInt32) -> UInt64 {
        // 10 ms doubled 24 times is beyond a day.
        let doubled = minimum.multipliedReportingOverflow(by: 1 << UInt64(min(attempt, 24)))
        return doubled.overflow ? maximum : min(maximum, doubled.partialValue)
    }

    /// The wait before the `attempt`th restart in a row (from 1): any length between `minimum` and
    /// `ceiling(attempt:)`, each as likely, nanoseconds.
    ///
    /// The usual full jitter begins at nothing; ours begins at `minimum`, because that is what its
    /// name promises and what keeps a crash loop from becoming a storm.
    public func delay(
        attempt: UInt32, using random: inout some RandomNumberGenerator
    ) -> UInt64 {
        UInt64.random(in: minimum...ceiling(attempt: attempt), using: &random)
    }
}

/// A process that waits for its next incarnation, as `ps` shows it.
public struct BackOffStatus: Sendable, Hashable {
    /// When it begins again, monotonic nanoseconds; nil: when the runtime begins again.
    public var until: UInt64?
    /// Which restart this will be, from 1, of those that `of` counts.
    public var attempt: UInt32
    /// How many there may be before the process counts as crashed, nil without a bound.
    public var of: UInt32?

    /// Everything about a wait.
    public init(until: UInt64?, attempt: UInt32, of: UInt32?) {
        self.until = until
        self.attempt = attempt
        self.of = of
    }

    /// Nanoseconds left; 0 when the time has come or nobody knows.
    public func remaining(now: UInt64) -> UInt64 {
        guard let until, until > now else { return 0 }
        return until - now
    }

    /// `backing-off 3.2s (4/5)`, without a bound `backing-off 3.2s (4)`. Tenths are rounded up, so
    /// that 0.0 is never shown before the time has come.
    public func text(now: UInt64) -> String {
        let tenths =
            remaining(now: now) / 100_000_000
            + (remaining(now: now).isMultiple(of: 100_000_000) ? 0 : 1)
        let bound = of.map { "/\($0)" } ?? ""
        return "\(ProcessState.backingOff.name) \(tenths / 10).\(tenths % 10)s (\(attempt)\(bound))"
    }
}
