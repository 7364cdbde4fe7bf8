internal import SeliumABI
internal import SeliumClient

/// What there is to say about restarts, as text and as JSON.
enum SupervisionView {
    /// `running`, `backing-off 3.2s (4/5)`. Tenths are rounded up, so that 0.0 is never shown before
    /// the time has come.
    static func state(_ row: ProcessStatus) -> String {
        guard let waiting = row.waiting else { return row.state.rawValue }
        let tenths = waiting.remainingNanoseconds / 100_000_000
        let shown = tenths + (waiting.remainingNanoseconds.isMultiple(of: 100_000_000) ? 0 : 1)
        let bound = waiting.of.map { "/\($0)" } ?? ""
        return "\(row.state.rawValue) \(shown / 10).\(shown % 10)s (\(waiting.attempt)\(bound))"
    }

    /// The flags that ask for this, in the order of the manual.
    static func flags(_ supervision: Supervision) -> String {
        var flags = ["--restart \(mode(supervision))"]
        if supervision.restart != .no {
            if let backoff = supervision.backoff {
                flags.append("--backoff \(text(backoff.minimum))..\(text(backoff.maximum))")
            }
            if let resetAfter = supervision.resetAfter {
                flags.append("--reset-after \(text(resetAfter))")
            }
            if let limit = supervision.limit {
                flags.append("--restart-limit \(limit.count)/\(text(limit.window))")
            }
            if !supervision.noRestartOn.isEmpty {
                let codes = supervision.noRestartOn.map(String.init).joined(separator: ",")
                flags.append("--no-restart-on \(codes)")
            }
        }
        if let stopTimeout = supervision.stopTimeout {
            flags.append("--stop-timeout \(text(stopTimeout))")
        }
        return flags.joined(separator: " ")
    }

    /// The member `waiting` of a row.
    static func json(_ waiting: Waiting) -> JSONValue {
        .object([
            .init("remainingNanoseconds", .unsigned(waiting.remainingNanoseconds)),
            .init("attempt", .unsigned(UInt64(waiting.attempt))),
            .init("of", waiting.of.map { .unsigned(UInt64($0)) } ?? .null),
        ])
    }

    /// The member `supervision` of a row.
    static func json(_ supervision: Supervision) -> JSONValue {
        .object([
            .init("restart", .string(mode(supervision))),
            .init("backoff", json(supervision.backoff)),
            .init("resetAfterNanoseconds", json(supervision.resetAfter)),
            .init("limit", json(supervision.limit)),
            .init(
                "noRestartOn",
                .array(supervision.noRestartOn.map { .unsigned(UInt64($0)) })),
            .init("stopTimeoutNanoseconds", json(supervision.stopTimeout)),
        ])
    }

    private static func json(_ backoff: Supervision.Backoff?) -> JSONValue {
        guard let backoff else { return .null }
        return .object([
            .init("minimumNanoseconds", json(backoff.minimum)),
            .init("maximumNanoseconds", json(backoff.maximum)),
        ])
    }

    private static func json(_ limit: Supervision.Limit?) -> JSONValue {
        guard let limit else { return .null }
        return .object([
            .init("count", .unsigned(UInt64(limit.count))),
            .init("windowNanoseconds", json(limit.window)),
        ])
    }

    private static func json(_ duration: Duration?) -> JSONValue {
        duration.map { .unsigned(nanoseconds($0)) } ?? .null
    }

    private static func mode(_ supervision: Supervision) -> String {
        func bounded(_ word: String, _ most: UInt32?) -> String {
            most.map { "\(word):\($0)" } ?? word
        }
        return switch supervision.restart {
        case .no?, nil: "no"
        case .onFailure(let most)?: bounded("on-failure", most)
        case .always(let most)?: bounded("always", most)
        }
    }

    private static func text(_ duration: Duration) -> String {
        DurationText.text(nanoseconds(duration))
    }

    /// What came from the server as nanoseconds; at most 2^63.
    private static func nanoseconds(_ duration: Duration) -> UInt64 {
        let (seconds, attoseconds) = duration.components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return isTooLong ? .max : product &+ UInt64(attoseconds) / 1_000_000_000
    }
}
