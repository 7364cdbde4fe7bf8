/// Lengths of time as people write them: `500ms`, `10s`, `1.5s`, `2m`, `1h`, `7d`, or plain seconds.
///
/// Exact in nanoseconds: no floating point, so that what is printed reads back as what it was.
public enum DurationText {
    /// The longest that is understood, nanoseconds: a year.
    public static let maximum: UInt64 = 365 * 86_400_000_000_000

    private static let units: [(suffix: String, nanoseconds: UInt64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
        ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1),
    ]

    /// Nanoseconds; nil for anything that is no length of time or longer than `maximum`, or has a
    /// fraction of a nanosecond. Zero is a length.
    public static func nanoseconds(_ text: some StringProtocol) -> UInt64? {
        let number = text.utf8.prefix { (0x30...0x39).contains($0) || $0 == 0x2e }
        let suffix = String(text[number.endIndex...])
        guard let unit = suffix.isEmpty ? 1_000_000_000 : unit(suffix) else { return nil }
        var whole: UInt64 = 0
        var scale = unit
        var digits = 0
        var fraction: UInt64 = 0
        var isFraction = false
        for byte in number {
            guard byte != 0x2e else {
                guard !isFraction, digits > 0 else { return nil }
                isFraction = true
                digits = 0
                continue
            }
            digits += 1
            let digit = UInt64(byte - 0x30)
            if isFraction {
                guard scale.isMultiple(of: 10) || digit == 0 else { return nil }
                scale /= 10
                fraction += digit * scale
            } else {
                whole = whole * 10 + digit
                guard whole <= maximum else { return nil }
            }
        }
        guard digits > 0 else { return nil }
        let (product, isTooLong) = whole.multipliedReportingOverflow(by: unit)
        guard !isTooLong, product <= maximum, product + fraction <= maximum else { return nil }
        return product + fraction
    }

    /// The canonical form: a whole number of the largest unit that fits, `0s` for nothing.
    public static func text(_ nanoseconds: UInt64) -> String {
        guard nanoseconds > 0 else { return "0s" }
        for unit in units where nanoseconds.isMultiple(of: unit.nanoseconds) {
            return "\(nanoseconds / unit.nanoseconds)\(unit.suffix)"
        }
        return "\(nanoseconds)ns"
    }

    private static func unit(_ suffix: String) -> UInt64? {
        units.first { $0.suffix == suffix }?.nanoseconds
    }
}
