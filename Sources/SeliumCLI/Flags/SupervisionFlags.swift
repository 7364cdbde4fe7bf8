internal import ArgumentParser
internal import SeliumABI
internal import SeliumClient

/// When a program begins again after an end; `start` and `run` share it.
struct SupervisionFlags: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "After which ends it begins again, and how often in all: no (default).",
            valueName: "no|on-failure[:n]|always[:n]"))
    var restart: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long to wait before; twice as long each time: 100ms..30s (default).",
            valueName: "min..max"))
    var backoff: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How long it has to run to count as healthy: 10s (default).", valueName: "duration"))
    var resetAfter: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "How many restarts in how long are a crash loop: none (default).",
            valueName: "n/duration"))
    var restartLimit: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Exit codes after which it does not begin again.", valueName: "codes"))
    var noRestartOn: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What a program that listens for a stop has to finish when it is asked to: 10s (default).",
            valueName: "duration"))
    var stopTimeout: String?

    init() {}

    /// What was said. Whether it makes sense together the server judges.
    func supervision() throws(CommandError) -> Supervision {
        do throws(SupervisionText.Problem) {
            var said = Supervision()
            if let restart {
                let (mode, most) = try SupervisionText.restart(restart)
                said.restart =
                    switch mode {
                    case .no: .no
                    case .onFailure: .onFailure(most: most)
                    case .always: .always(most: most)
                    }
            }
            if let backoff {
                let (minimum, maximum) = try SupervisionText.backOff(backoff)
                said.backoff = .init(Self.duration(minimum), Self.duration(maximum))
            }
            if let resetAfter {
                said.resetAfter = Self.duration(
                    try SupervisionText.duration(resetAfter, flag: "--reset-after"))
            }
            if let restartLimit, restartLimit != "none" {
                let (count, window) = try SupervisionText.restartLimit(restartLimit)
                said.limit = .init(count, within: Self.duration(window))
            }
            if let noRestartOn { said.noRestartOn = try SupervisionText.codes(noRestartOn) }
            if let stopTimeout {
                said.stopTimeout = Self.duration(
                    try SupervisionText.duration(stopTimeout, flag: "--stop-timeout"))
            }
            return said
        } catch {
            throw .usage(error.message, remedies: [error.remedy])
        }
    }

    private static func duration(_ nanoseconds: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: nanoseconds))
    }
}
