internal import SeliumABI

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

    /// Reads the text form. Fails with `invalid`.
    public init(text: some StringProtocol) throws(KernelError) {
        let (mode, most) = try parsed { () throws(SupervisionText.Problem) in
            try SupervisionText.restart(text)
        }
        switch mode {
        case .no: self = .no
        case .onFailure: self = .onFailure(most: most)
        case .always: self = .always(most: most)
        }
        try check()
    }

    /// A count of 0 is refused, because one tool's 0 means never and another's means for ever.
    func check() throws(KernelError) {
        let word: String
        switch self {
        case .onFailure(most: 0?): word = "on-failure"
        case .always(most: 0?): word = "always"
        default: return
        }
        throw KernelError(
            .invalid, "--restart \(word):0 restarts nothing",
            remedy: "to restart never: --restart no; without a bound: --restart \(word)")
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
        let (count, window) = try parsed { () throws(SupervisionText.Problem) in
            try SupervisionText.restartLimit(text)
        }
        try self.init(count: count, window: window)
    }

    /// The text form.
    public var description: String { "\(count)/\(DurationText.text(window))" }
}

/// Runs a step that reads text, and turns its refusal into ours.
func parsed<R>(_ step: () throws(SupervisionText.Problem) -> R) throws(KernelError) -> R {
    do throws(SupervisionText.Problem) {
        return try step()
    } catch {
        throw KernelError(.invalid, error.message, remedy: error.remedy)
    }
}
