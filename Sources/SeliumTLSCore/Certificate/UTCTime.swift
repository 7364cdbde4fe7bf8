/// A second since 1970 as calendar text in UTC, for messages.
///
/// This room has no Foundation; the arithmetic is the Gregorian calendar's own.
struct UTCTime: CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z.
    let unixTime: Int64

    /// `2026-11-21T13:51:47Z`
    var description: String {
        let secondsPerDay: Int64 = 86_400
        // Floor division, so that times before 1970 come out right too.
        let second = ((self.unixTime % secondsPerDay) + secondsPerDay) % secondsPerDay
        let day = (self.unixTime - second) / secondsPerDay
        let (year, month, dayOfMonth) = Self.civil(day)
        return "\(year)-\(Self.padded(month))-\(Self.padded(dayOfMonth))T"
            + "\(Self.padded(second / 3600)):\(Self.padded(second / 60 % 60)):"
            + "\(Self.padded(second % 60))Z"
    }

    /// Counts years from 1 March 0000, so that the leap day is a year's last, in eras of 400 years.
    private static func civil(_ daysSince1970: Int64) -> (Int64, Int64, Int64) {
        let daysPerEra: Int64 = 146_097
        let days = daysSince1970 + 719_468
        let era = (days >= 0 ? days : days - (daysPerEra - 1)) / daysPerEra
        let dayOfEra = days - era * daysPerEra
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func padded(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
