internal import SeliumABI

/// When and how a process begins again after an end, and how long it may take to stop.
///
/// A value of this type makes sense: wishes that contradict each other, or of which one could never
/// have an effect, are refused with both named.
public struct RestartPolicy: Sendable, Hashable {
    /// Nanoseconds of health after which back-off begins anew, unless the starter says otherwise.
    public static let standardResetAfter: UInt64 = 10_000_000_000
    /// Nanoseconds a guest that was asked to stop has, unless the starter says otherwise.
    public static let standardStopTimeout: UInt64 = 10_000_000_000
    /// The longest grace, nanoseconds (1 h): as long as a request may take.
    public static let maximumStopTimeout: UInt64 = 3_600_000_000_000
    /// Exit codes that can be exempt: nobody writes more.
    public static let maximumCodes = SupervisionText.maximumCodes

    /// After which ends.
    public let mode: RestartMode
    /// How long to wait before.
    public let backOff: BackOff
    /// An incarnation that ran this long was healthy: the wait after it is a first one. Nanoseconds.
    public let resetAfter: UInt64
    /// What is a crash loop, nil when nothing is.
    public let limit: RestartLimit?
    /// Codes after which there is no restart, ascending. A guest that just returned has code 0;
    /// traps and limits have none. 0 is legal with both modes, as in systemd: with `always` it is
    /// another way to ask for "until it succeeds", with `on-failure` it is what happens anyway.
    public let noRestartOn: [UInt32]
    /// How long a guest that registered for stop requests has to end, nanoseconds; 0 for not at all.
    public let stopTimeout: UInt64

    /// No restart, ten seconds to stop: what a start means that says nothing.
    public static let standard = RestartPolicy()

    private init() {
        mode = .no
        backOff = .standard
        resetAfter = Self.standardResetAfter
        limit = nil
        noRestartOn = []
        stopTimeout = Self.standardStopTimeout
    }

    /// The policy that a wish asks for. Fails with `invalid`, naming what does not fit together.
    public init(_ wish: RestartWish) throws(KernelError) {
        mode = wish.mode ?? .no
        backOff = wish.backOff ?? .standard
        resetAfter = wish.resetAfter ?? Self.standardResetAfter
        limit = wish.limit
        noRestartOn = Set(wish.noRestartOn ?? []).sorted()
        stopTimeout = wish.stopTimeout ?? Self.standardStopTimeout
        try mode.check()
        try Self.checkRanges(self)
        if mode == .no { try Self.checkNever(wish) }
        if let limit { try checkReachable(limit) }
    }

    private static func checkRanges(_ policy: RestartPolicy) throws(KernelError) {
        guard policy.resetAfter > 0, policy.resetAfter <= DurationText.maximum else {
            throw KernelError(
                .invalid, "--reset-after takes more than nothing and at most a year",
                remedy: "back-off would never grow; for a constant wait: --backoff 1s..1s")
        }
        guard policy.stopTimeout <= maximumStopTimeout else {
            throw KernelError(
                .invalid, "--stop-timeout takes at most \(DurationText.text(maximumStopTimeout))")
        }
        guard policy.noRestartOn.count <= maximumCodes else {
            throw KernelError(.invalid, "--no-restart-on takes at most \(maximumCodes) codes")
        }
    }

    /// With `--restart no` every other word about restarts would be without effect.
    private static func checkNever(_ wish: RestartWish) throws(KernelError) {
        let said: [(String, Bool)] = [
            ("--backoff", wish.backOff != nil), ("--reset-after", wish.resetAfter != nil),
            ("--restart-limit", wish.limit != nil),
            ("--no-restart-on", wish.noRestartOn?.isEmpty == false),
        ]
        guard let flag = said.first(where: { $0.1 })?.0 else { return }
        throw KernelError(
            .invalid,
            "\(flag) has no effect with --restart no\(wish.mode == nil ? ", the default" : "")",
            remedy: "say --restart on-failure, or leave out \(flag)")
    }

    /// A limit that can never be reached is a promise nobody keeps.
    private func checkReachable(_ limit: RestartLimit) throws(KernelError) {
        if let most = mode.most, most <= limit.count {
            throw KernelError(
                .invalid,
                "--restart-limit \(limit) is never reached with --restart \(mode): there are no more than \(most) restarts in all",
                remedy: "leave one of the two out")
        }
        let (fastest, overflow) = backOff.minimum.multipliedReportingOverflow(
            by: UInt64(limit.count))
        guard !overflow, fastest < limit.window else {
            throw KernelError(
                .invalid,
                "--restart-limit \(limit) is never reached with --backoff \(backOff): \(limit.count) restarts take at least \(DurationText.text(overflow ? .max : fastest))",
                remedy: "a longer window, or a shorter back-off")
        }
    }

    /// The wish that asks for exactly this policy.
    public var wish: RestartWish {
        var wish = RestartWish()
        wish.mode = mode
        wish.stopTimeout = stopTimeout
        guard mode != .no else { return wish }
        wish.backOff = backOff
        wish.resetAfter = resetAfter
        wish.limit = limit
        wish.noRestartOn = noRestartOn
        return wish
    }

    /// Whether an end like this is one after which the mode restarts, its bounds aside. `lost` and
    /// what the runtime's own end interrupted are no failures of the program, and still restarted.
    public func wantsRestart(after outcome: ExitOutcome) -> Bool {
        let code: UInt32? =
            switch outcome {
            case .returned: 0
            case .exit(let code): code
            default: nil
            }
        if let code, noRestartOn.contains(code) { return false }
        return switch mode {
        case .no: false
        case .always: true
        case .onFailure: code != 0
        }
    }
}

extension RestartPolicy: CustomStringConvertible {
    /// The flags that ask for this policy, in canonical form and in the order of the manual; those
    /// that say nothing new are left out, but never `--restart`.
    public var description: String {
        var flags = ["--restart \(mode)"]
        if backOff != .standard { flags.append("--backoff \(backOff)") }
        if resetAfter != Self.standardResetAfter {
            flags.append("--reset-after \(DurationText.text(resetAfter))")
        }
        if let limit { flags.append("--restart-limit \(limit)") }
        if !noRestartOn.isEmpty {
            flags.append("--no-restart-on \(noRestartOn.map(String.init).joined(separator: ","))")
        }
        if stopTimeout != Self.standardStopTimeout {
            flags.append("--stop-timeout \(DurationText.text(stopTimeout))")
        }
        return flags.joined(separator: " ")
    }
}
