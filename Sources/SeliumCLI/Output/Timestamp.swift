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

    /// Reads `2026-11-21T14:05:09Z`, with a fraction of a second, an offset (`+02:00`) or without a
    /// time of day; nanoseconds since 1970. nil for anything else.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        guard let year = number(&rest, 4), skip(&rest, "-"), let month = number(&rest, 2),
            skip(&rest, "-"), let day = number(&rest, 2), (1...12).contains(month),
            let days = days(year, month, day)
        else { return nil }
        var seconds = days * 86_400
        var fraction: Int64 = 0
        if !rest.isEmpty {
            guard skip(&rest, "T"), let hour = number(&rest, 2), skip(&rest, ":"),
                let minute = number(&rest, 2), skip(&rest, ":"), let second = number(&rest, 2),
                hour < 24, minute < 60, second < 61
            else { return nil }
            seconds += hour * 3600 + minute * 60 + second
            if skip(&rest, ".") {
                let digits = rest.prefix { $0.isASCII && $0.isNumber }
                guard (1...9).contains(digits.count) else { return nil }
                fraction = Int64(digits + String(repeating: "0", count: 9 - digits.count)) ?? 0
                rest = rest.dropFirst(digits.count)
            }
            guard let offset = offset(&rest) else { return nil }
            seconds -= offset
        }
        guard rest.isEmpty, (-9_000_000_000...9_000_000_000).contains(seconds) else { return nil }
        return seconds * 1_000_000_000 + fraction
    }

    /// `Z` or `+02:00`, in seconds east of UTC.
    private static func offset(_ rest: inout Substring) -> Int64? {
        if skip(&rest, "Z") { return 0 }
        let isWest = rest.first == "-"
        guard skip(&rest, isWest ? "-" : "+"), let hour = number(&rest, 2), skip(&rest, ":"),
            let minute = number(&rest, 2), hour < 24, minute < 60
        else { return nil }
        return (hour * 3600 + minute * 60) * (isWest ? -1 : 1)
    }

    private static func number(_ rest: inout Substring, _ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        rest = rest.dropFirst(count)
        return Int64(digits)
    }

    private static func skip(_ rest: inout Substring, _ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Days since 1970 of a date; nil when the month has no such day. The inverse of `civil`.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64? {
        let (era, yearOfEra) = split(month <= 2 ? year - 1 : year, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        return day >= 1 && civil(days) == (year, month, day) ? days : nil
    }
}
