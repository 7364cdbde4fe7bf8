import SeliumKernel
import SeliumRuntime

/// Where logs are kept, and how much of each.
enum LogSettings {
    /// The least that may be kept of a log, bytes: a few segments.
    static let leastKept: UInt64 = 1 << 20
    /// The most, bytes.
    static let mostKept: UInt64 = 1 << 40
    /// The longest that may be asked for, nanoseconds (ten years).
    static let longestAge: UInt64 = 10 * 365 * 86_400 * 1_000_000_000

    /// What the three settings say together.
    ///
    /// - Parameter status: the exit code for a setting of that name which makes no sense.
    static func storage(
        _ storage: String?, keep: String?, age: String?, status: (String) -> Int32
    ) throws(Failure) -> Runtime.LogStorage {
        switch storage ?? "disk" {
        case "disk": break
        case "memory":
            if let (name, _) = [("log-keep", keep), ("log-age", age)].first(where: { $0.1 != nil })
            {
                throw Failure(
                    status(name), "--\(name) has no effect with --log-storage memory",
                    "leave one of them out")
            }
            return .memory
        case let other:
            throw Failure(
                status("log-storage"), "--log-storage '\(other)' is neither disk nor memory")
        }
        var retention = SegmentRetention()
        if let keep {
            guard let bytes = bytes(keep), (leastKept...mostKept).contains(bytes) else {
                throw Failure(
                    status("log-keep"),
                    "--log-keep '\(keep)' is not a size from 1MiB to 1TiB", "such as 64MiB")
            }
            retention.bytes = bytes
        }
        if let age {
            guard let time = nanoseconds(age), time <= longestAge else {
                throw Failure(
                    status("log-age"), "--log-age '\(age)' is not a time from 1s to ten years",
                    "such as 12h or 30d")
            }
            retention.age = time
        }
        return .disk(retention)
    }

    /// A whole number and one of these units; nil for anything else, or too much.
    private static func number(_ text: String, _ units: [String: UInt64]) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = UInt64(digits),
            let unit = units[text.dropFirst(digits.count).lowercased()]
        else { return nil }
        let (product, isTooLarge) = value.multipliedReportingOverflow(by: unit)
        return isTooLarge || product == 0 ? nil : product
    }

    /// `64MiB`, `64M`, `1G`, `2097152`.
    private static func bytes(_ text: String) -> UInt64? {
        number(
            text,
            [
                "": 1, "b": 1, "k": 1 << 10, "ki": 1 << 10, "kib": 1 << 10, "m": 1 << 20,
                "mi": 1 << 20, "mib": 1 << 20, "g": 1 << 30, "gi": 1 << 30, "gib": 1 << 30,
                "t": 1 << 40, "ti": 1 << 40, "tib": 1 << 40,
            ])
    }

    /// `90s`, `5m`, `12h`, `30d`.
    private static func nanoseconds(_ text: String) -> UInt64? {
        let second: UInt64 = 1_000_000_000
        return number(
            text, ["s": second, "m": 60 * second, "h": 3600 * second, "d": 86_400 * second])
    }
}
