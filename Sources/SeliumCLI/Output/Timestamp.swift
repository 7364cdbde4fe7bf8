/// Times as text, in UTC, by the proleptic Gregorian calendar.
enum Timestamp {
    /// `2026-11-21T14:05:09.123456789Z` of nanoseconds since 1970.
    static func precise(_ nanoseconds: Int64) -> String {
        let (seconds, rest) = split(nanoseconds, by: 1_000_000_000)
        return "\(second(seconds)).\(Escape.padded(String(rest), 9))Z"
    }

    /// `2026-11-21T14:05:09.000000000Z` of seconds since 1970.
    static func precise(seconds: Int64) -> String { second(seconds) + ".000000000Z" }

    /// `2026-11-21T14:05:09.123Z` of nanoseconds since 1970, for people.
    static func milliseconds(_ nanoseconds: Int64) -> String {
        let (seconds, rest) = split(nanoseconds, by: 1_000_000_000)
        return "\(second(seconds)).\(Escape.padded(String(rest / 1_000_000), 3))Z"
    }

    /// `2026-11-21 14:05:09 UTC` of seconds since 1970.
    static func date(_ seconds: Int64) -> String {
        let text = second(seconds)
        return text.prefix(10) + " " + text.suffix(8) + " UTC"
    }

    private static func second(_ seconds: Int64) -> String {
        let (days, rest) = split(seconds, by: 86_400)
        let (year, month, day) = civil(days)
        let time = [rest / 3600, rest / 60 % 60, rest % 60].map { Escape.padded(String($0), 2) }
        return
            "\(Escape.padded(String(year), 4))-\(Escape.padded(String(month), 2))-\(Escape.padded(String(day), 2))T"
            + time.joined(separator: ":")
    }

    /// Division that rounds down, so that times before 1970 work too.
    private static func split(_ value: Int64, by unit: Int64) -> (Int64, Int64) {
        let rest = value % unit
        return rest < 0 ? (value / unit - 1, rest + unit) : (value / unit, rest)
    }

    /// The date of a day since 1970: days are counted in eras of 400 years that begin on 1 March, so
    /// that the leap day is the last of its year.
    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let (era, dayOfEra) = split(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month,
            dayOfYear - (153 * shifted + 2) / 5 + 1
        )
    }
}
