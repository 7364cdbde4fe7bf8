/// Amounts as people write and read them.
enum Quantity {
    /// Reads `500ms`, `10s`, `2m`, `1h`, or plain seconds (`10`, `0.5`); nil for anything else or
    /// what is not positive.
    static func duration(_ text: String) -> Duration? {
        let units: [(suffix: String, seconds: Double)] = [
            ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600),
        ]
        let unit = units.first { text.hasSuffix($0.suffix) }
        let number = text.dropLast(unit?.suffix.count ?? 0)
        guard number.first?.isNumber == true, let value = Double(number), value.isFinite else {
            return nil
        }
        let seconds = value * (unit?.seconds ?? 1)
        guard seconds > 0, seconds <= 1e9 else { return nil }
        return .seconds(seconds)
    }

    /// `500ms`, `10s`, `1.5s`.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        guard milliseconds > 0 else { return "\(seconds)s" }
        guard seconds > 0 else { return "\(milliseconds)ms" }
        let fraction = Escape.padded(String(milliseconds), 3).reversed().drop { $0 == "0" }
        return "\(seconds).\(String(fraction.reversed()))s"
    }

    /// Reads `64M`, `64MiB`, `1G`, `65536`; nil for anything else, and beyond 2^63 − 1.
    static func bytes(_ text: String) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty, let value = UInt64(digits) else { return nil }
        let unit: UInt64
        switch text.dropFirst(digits.count).lowercased() {
        case "", "b": unit = 1
        case "k", "ki", "kib": unit = 1 << 10
        case "m", "mi", "mib": unit = 1 << 20
        case "g", "gi", "gib": unit = 1 << 30
        default: return nil
        }
        let (product, isTooLarge) = value.multipliedReportingOverflow(by: unit)
        return isTooLarge || product > UInt64(Int64.max) ? nil : product
    }

    /// `0B`, `512B`, `1.5M`, `64M`.
    static func size(_ bytes: UInt64) -> String {
        let units = ["B", "K", "M", "G", "T"]
        var value = Double(bytes)
        var index = 0
        while value >= 1024, index < units.count - 1 {
            value /= 1024
            index += 1
        }
        let tenths = Int((value * 10).rounded())
        let isWhole = tenths.isMultiple(of: 10) || value >= 100 || index == 0
        return isWhole
            ? "\((tenths + 5) / 10)\(units[index])" : "\(tenths / 10).\(tenths % 10)\(units[index])"
    }

    /// `5s`, `3m12s`, `2h05m`, `4d03h` of nanoseconds.
    static func uptime(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        func pair(_ high: UInt64, _ a: String, _ low: UInt64, _ b: String) -> String {
            "\(high)\(a)\(Escape.padded(String(low), 2))\(b)"
        }
        switch seconds {
        case ..<60: return "\(seconds)s"
        case ..<3600: return pair(seconds / 60, "m", seconds % 60, "s")
        case ..<86_400: return pair(seconds / 3600, "h", seconds / 60 % 60, "m")
        default: return pair(seconds / 86_400, "d", seconds / 3600 % 24, "h")
        }
    }

    /// `0.01s`, `12.3s` of nanoseconds, to a hundredth.
    static func cpu(_ nanoseconds: UInt64) -> String {
        let hundredths = nanoseconds / 10_000_000
        return "\(hundredths / 100).\(Escape.padded(String(hundredths % 100), 2))s"
    }
}
