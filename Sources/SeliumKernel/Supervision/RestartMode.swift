/// After which ends a process begins again: `no`, `on-failure[:N]`, `always[:N]`.
///
/// N counts restarts over the whole life of the id, healthy periods or not: who wants a rate takes
/// `RestartLimit`.
public enum RestartMode: Sendable, Hashable, CustomStringConvertible {
    /// After none.
    case no
    /// After every end but success (code 0, or just returned).
    case onFailure(most: UInt32?)
    /// After every end, success included.
    case always(most: UInt32?)

    /// Reads the text form. Fails with `invalid`; a count of 0 is refused, because one tool's 0 means
    /// never and another's means for ever.
    public init(text: some StringProtocol) throws(KernelError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let word = parts.first.map { String($0) } ?? ""
        guard ["no", "on-failure", "always"].contains(word), word != "no" || parts.count == 1 else {
            throw KernelError(
                .invalid, "--restart is not 'no', 'on-failure', 'always'",
                remedy: "with a number of restarts: --restart on-failure:5")
        }
        var most: UInt32?
        if parts.count == 2 {
            guard let count = PolicyText.number(parts[1]) else {
                throw KernelError(
                    .invalid, "--restart \(word): its number of restarts is not a number",
                    remedy: "for example --restart \(word):5")
            }
            guard count > 0 else {
                throw KernelError(
                    .invalid, "--restart \(word):0 restarts nothing",
                    remedy: "to restart never: --restart no; without a bound: --restart \(word)")
            }
            most = count
        }
        switch word {
        case "on-failure": self = .onFailure(most: most)
        case "always": self = .always(most: most)
        default: self = .no
        }
    }

    /// The most restarts in all, nil without a bound.
    public var most: UInt32? {
        switch self {
        case .no: 0
        case .onFailure(let most), .always(let most): most
        }
    }

    /// The text form.
    public var description: String {
        switch self {
        case .no: "no"
        case .onFailure(let most): "on-failure" + (most.map { ":\($0)" } ?? "")
        case .always(let most): "always" + (most.map { ":\($0)" } ?? "")
        }
    }
}

/// How many restarts in how long are a crash loop: `5/1m`.
public struct RestartLimit: Sendable, Hashable, CustomStringConvertible {
    /// The largest `count`: each is remembered.
    public static let maximumCount: UInt32 = 1_000

    /// Restarts that are allowed within `window`; the next one is not made.
    public let count: UInt32
    /// Nanoseconds.
    public let window: UInt64

    /// A limit; fails with `invalid` when a number is 0 or too large.
    public init(count: UInt32, window: UInt64) throws(KernelError) {
        guard count > 0, count <= Self.maximumCount else {
            throw KernelError(
                .invalid, "--restart-limit takes 1 to \(Self.maximumCount) restarts",
                remedy: "to restart never: --restart no")
        }
        guard window > 0, window <= DurationText.maximum else {
            throw KernelError(
                .invalid, "--restart-limit takes a window of more than nothing and at most a year",
                remedy: "for example --restart-limit 5/1m")
        }
        self.count = count
        self.window = window
    }

    /// Reads `N/WINDOW`. Fails with `invalid`.
    public init(text: some StringProtocol) throws(KernelError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = PolicyText.number(parts[0]),
            let window = DurationText.nanoseconds(parts[1])
        else {
            throw KernelError(
                .invalid, "--restart-limit is not N/WINDOW or 'none'",
                remedy: "for example --restart-limit 5/1m")
        }
        try self.init(count: count, window: window)
    }

    /// The text form.
    public var description: String { "\(count)/\(DurationText.text(window))" }
}

/// Pieces of text that several options share.
enum PolicyText {
    /// A number without sign, blanks or leading zeros.
    static func number(_ text: some StringProtocol) -> UInt32? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != 0x30
        else { return nil }
        return UInt32(text)
    }
}
