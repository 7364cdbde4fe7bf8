internal import CPosix

/// Names and times of the system.
enum SystemName {
    /// `ECONNRESET` for its number.
    static func of(_ number: Int32) -> String {
        unsafe String(cString: cposix_error_name(number))
    }
}

/// The clock of deadlines: nanoseconds that never go back.
enum Monotonic {
    /// The time.
    static var now: UInt64 { cposix_monotonic() }

    /// The moment that is so far away; nil for never, which what overflows is too.
    static func deadline(in duration: Duration?) -> UInt64? {
        guard let duration else { return nil }
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return now }
        let (whole, tooMany) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = now.addingReportingOverflow(whole)
        guard !tooMany, !overflow else { return nil }
        let (end, beyond) = sum.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
        return beyond ? nil : end
    }

    /// How long it is until a moment; zero when it has passed.
    static func remaining(until moment: UInt64) -> Duration {
        let now = now
        return .nanoseconds(moment > now ? Int64(clamping: moment - now) : 0)
    }
}
