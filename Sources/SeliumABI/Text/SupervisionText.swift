/// What people write about restarts: the text forms of `--restart`, `--backoff`, `--reset-after`,
/// `--restart-limit`, `--no-restart-on` and `--stop-timeout`.
///
/// Grammar only: whether the values make sense, alone and together, is the server's to judge.
public enum SupervisionText {
    /// Why a text is not what its flag takes.
    public struct Problem: Error, Sendable, Hashable, CustomStringConvertible {
        /// One sentence, no full stop at the end.
        public let message: String
        /// What to do next.
        public let remedy: String

        public var description: String { "\(message)\n\(remedy)" }

        init(_ message: String, remedy: String) {
            self.message = message
            self.remedy = remedy
        }
    }

    /// After which ends a process begins again.
    public enum Mode: String, Sendable, Hashable {
        case no
        case onFailure = "on-failure"
        case always
    }

    /// The most codes that can be exempt: nobody writes more.
    public static let maximumCodes = 64

    /// `no`, `on-failure[:N]`, `always[:N]`.
    public static func restart(
        _ text: some StringProtocol
    ) throws(Problem) -> (mode: Mode, most: UInt32?) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let mode = parts.first.flatMap({ Mode(rawValue: String($0)) }),
            mode != .no || parts.count == 1
        else {
            throw Problem(
                "--restart is not 'no', 'on-failure', 'always'",
                remedy: "with a number of restarts: --restart on-failure:5")
        }
        guard parts.count == 2 else { return (mode, nil) }
        guard let most = number(parts[1]) else {
            throw Problem(
                "--restart \(mode.rawValue): its number of restarts is not a number",
                remedy: "for example --restart \(mode.rawValue):5")
        }
        return (mode, most)
    }

    /// `MIN..MAX`, nanoseconds.
    public static func backOff(
        _ text: some StringProtocol
    ) throws(Problem) -> (minimum: UInt64, maximum: UInt64) {
        let text = String(text)
        let split = text.indices.first { text[$0...].hasPrefix("..") }
        guard let split, let minimum = DurationText.nanoseconds(text[..<split]),
            let maximum = DurationText.nanoseconds(text[text.index(split, offsetBy: 2)...])
        else {
            throw Problem("--backoff is not MIN..MAX", remedy: "for example --backoff 100ms..30s")
        }
        return (minimum, maximum)
    }

    /// `N/WINDOW`, nanoseconds.
    public static func restartLimit(
        _ text: some StringProtocol
    ) throws(Problem) -> (count: UInt32, window: UInt64) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = number(parts[0]),
            let window = DurationText.nanoseconds(parts[1])
        else {
            throw Problem(
                "--restart-limit is not N/WINDOW or 'none'",
                remedy: "for example --restart-limit 5/1m")
        }
        return (count, window)
    }

    /// Exit codes with commas between.
    public static func codes(_ text: some StringProtocol) throws(Problem) -> [UInt32] {
        var codes: [UInt32] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard codes.count < maximumCodes, let code = number(word) else {
                throw Problem(
                    "--no-restart-on is not a list of at most \(maximumCodes) exit codes",
                    remedy: "for example --no-restart-on 64,78")
            }
            codes.append(code)
        }
        return codes
    }

    /// The length of time that `flag` takes, nanoseconds.
    public static func duration(
        _ text: some StringProtocol, flag: String
    ) throws(Problem) -> UInt64 {
        guard let nanoseconds = DurationText.nanoseconds(text) else {
            throw Problem(
                "\(flag) is not a length of time of at most a year",
                remedy: "for example \(flag) 10s")
        }
        return nanoseconds
    }

    /// A number without sign, blanks or leading zeros.
    private static func number(_ text: some StringProtocol) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != 0x30
        else { return nil }
        return UInt32(text)
    }
}
