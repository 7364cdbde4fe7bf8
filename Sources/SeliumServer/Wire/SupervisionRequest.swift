internal import SeliumKernel
internal import SeliumProtocol
internal import SwiftProtobuf

extension StartRequest {
    /// The policy that a start asks for. What was not said stays unsaid until it is judged: only so
    /// a contradiction shows.
    static func policy(_ wire: WireSupervision) throws(RequestError) -> RestartPolicy {
        do throws(KernelError) {
            var wish = RestartWish()
            wish.mode = try mode(wire)
            if wire.hasBackoff {
                wish.backOff = try BackOff(
                    minimum: wire.backoff.minimumNs, maximum: wire.backoff.maximumNs)
            }
            if wire.hasResetAfterNs { wish.resetAfter = wire.resetAfterNs }
            if wire.hasLimit {
                wish.limit = try RestartLimit(count: wire.limit.count, window: wire.limit.windowNs)
            }
            if !wire.noRestartOn.isEmpty { wish.noRestartOn = wire.noRestartOn }
            if wire.hasStopTimeoutNs { wish.stopTimeout = wire.stopTimeoutNs }
            return try RestartPolicy(wish)
        } catch {
            throw RequestError(
                .invalidArgument, error.message, remedy: error.remedy, field: "start.supervision")
        }
    }

    private static func mode(_ wire: WireSupervision) throws(KernelError) -> RestartMode? {
        let most = wire.hasMostRestarts ? wire.mostRestarts : nil
        switch wire.restart {
        case .onFailure: return .onFailure(most: most)
        case .always: return .always(most: most)
        case .no, .unspecified, .UNRECOGNIZED:
            guard most == nil else {
                throw KernelError(
                    .invalid, "a number of restarts has no effect with --restart no",
                    remedy: "say --restart on-failure:N")
            }
            return wire.restart == .no ? .no : nil
        }
    }
}

extension WireSupervision {
    /// A policy with every field said.
    init(_ policy: RestartPolicy) {
        self.init()
        switch policy.mode {
        case .no: restart = .no
        case .onFailure(let most):
            restart = .onFailure
            if let most { mostRestarts = most }
        case .always(let most):
            restart = .always
            if let most { mostRestarts = most }
        }
        backoff = .with {
            $0.minimumNs = policy.backOff.minimum
            $0.maximumNs = policy.backOff.maximum
        }
        resetAfterNs = policy.resetAfter
        if let bound = policy.limit {
            limit = .with {
                $0.count = bound.count
                $0.windowNs = bound.window
            }
        }
        noRestartOn = policy.noRestartOn
        stopTimeoutNs = policy.stopTimeout
    }
}

extension WireWaiting {
    init(_ status: BackOffStatus, remaining: UInt64) {
        self.init()
        remainingNs = remaining
        attempt = status.attempt
        if let most = status.of { of = most }
    }
}
