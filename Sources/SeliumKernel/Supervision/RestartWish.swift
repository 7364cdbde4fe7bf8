internal import SeliumABI

/// What a starter said about restarts; nil is what was not said, which is how contradictions show.
public struct RestartWish: Sendable, Hashable {
    /// `--restart`
    public var mode: RestartMode?
    /// `--backoff`
    public var backOff: BackOff?
    /// `--reset-after`, nanoseconds.
    public var resetAfter: UInt64?
    /// `--restart-limit`; `none` is not to have said anything.
    public var limit: RestartLimit?
    /// `--no-restart-on`
    public var noRestartOn: [UInt32]?
    /// `--stop-timeout`, nanoseconds.
    public var stopTimeout: UInt64?

    /// Nothing said.
    public init() {}

    /// Reads the text forms of the flags. Fails with `invalid`, naming the flag.
    ///
    /// - Parameters:
    ///   - restart: `no`, `on-failure[:N]`, `always[:N]`
    ///   - backOff: `MIN..MAX`
    ///   - resetAfter: a length of time
    ///   - restartLimit: `N/WINDOW` or `none`
    ///   - noRestartOn: codes with commas between
    ///   - stopTimeout: a length of time
    public init(
        restart: String? = nil, backOff: String? = nil, resetAfter: String? = nil,
        restartLimit: String? = nil, noRestartOn: String? = nil, stopTimeout: String? = nil
    ) throws(KernelError) {
        if let restart { mode = try RestartMode(text: restart) }
        if let backOff { self.backOff = try BackOff(text: backOff) }
        if let resetAfter { self.resetAfter = try Self.duration(resetAfter, "--reset-after") }
        if let restartLimit, restartLimit != "none" { limit = try RestartLimit(text: restartLimit) }
        if let noRestartOn {
            self.noRestartOn = try parsed { () throws(SupervisionText.Problem) in
                try SupervisionText.codes(noRestartOn)
            }
        }
        if let stopTimeout { self.stopTimeout = try Self.duration(stopTimeout, "--stop-timeout") }
    }

    private static func duration(_ text: String, _ flag: String) throws(KernelError) -> UInt64 {
        try parsed { () throws(SupervisionText.Problem) in
            try SupervisionText.duration(text, flag: flag)
        }
    }
}
