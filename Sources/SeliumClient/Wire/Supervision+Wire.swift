internal import SeliumProtocol

extension Supervision {
    /// nil when nothing is said.
    var wire: WireSupervision? {
        guard self != Supervision() else { return nil }
        var wire = WireSupervision()
        switch restart {
        case nil: break
        case .no?: wire.restart = .no
        case .onFailure(let most)?:
            wire.restart = .onFailure
            if let most { wire.mostRestarts = most }
        case .always(let most)?:
            wire.restart = .always
            if let most { wire.mostRestarts = most }
        }
        if let backoff {
            wire.backoff.minimumNs = backoff.minimum.wholeNanoseconds
            wire.backoff.maximumNs = backoff.maximum.wholeNanoseconds
        }
        if let resetAfter { wire.resetAfterNs = resetAfter.wholeNanoseconds }
        if let limit {
            wire.limit.count = limit.count
            wire.limit.windowNs = limit.window.wholeNanoseconds
        }
        wire.noRestartOn = noRestartOn
        if let stopTimeout { wire.stopTimeoutNs = stopTimeout.wholeNanoseconds }
        return wire
    }

    init(_ wire: WireSupervision) {
        self.init(noRestartOn: wire.noRestartOn)
        let most = wire.hasMostRestarts ? wire.mostRestarts : nil
        switch wire.restart {
        case .no: restart = .no
        case .onFailure: restart = .onFailure(most: most)
        case .always: restart = .always(most: most)
        case .unspecified, .UNRECOGNIZED: break
        }
        if wire.hasBackoff {
            backoff = Backoff(
                .wholeNanoseconds(wire.backoff.minimumNs),
                .wholeNanoseconds(wire.backoff.maximumNs))
        }
        if wire.hasResetAfterNs { resetAfter = .wholeNanoseconds(wire.resetAfterNs) }
        if wire.hasLimit {
            limit = Limit(wire.limit.count, within: .wholeNanoseconds(wire.limit.windowNs))
        }
        if wire.hasStopTimeoutNs { stopTimeout = .wholeNanoseconds(wire.stopTimeoutNs) }
    }
}

extension Waiting {
    init(_ wire: WireWaiting) {
        self.init(
            remainingNanoseconds: wire.remainingNs, attempt: wire.attempt,
            of: wire.hasOf ? wire.of : nil)
    }
}

extension Duration {
    /// 0 for what is negative, the largest number for what is beyond it.
    fileprivate var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, isTooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, isLonger) = product.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return isTooLong || isLonger ? .max : sum
    }

    fileprivate static func wholeNanoseconds(_ count: UInt64) -> Duration {
        .nanoseconds(Int64(clamping: count))
    }
}
