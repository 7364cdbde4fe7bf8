import SeliumKernel
import SeliumTestSupport

/// A machine that expectations can look at: they copy what they are given, and it cannot be copied.
final class Supervised {
    private var machine: SupervisionStateMachine

    init(policy: RestartPolicy) { machine = SupervisionStateMachine(policy: policy) }

    init(
        policy: RestartPolicy, snapshot: SupervisionSnapshot, last: ProcessState = .exited,
        now: UInt64
    ) {
        machine = SupervisionStateMachine(policy: policy, snapshot: snapshot, last: last, now: now)
    }

    typealias Machine = SupervisionStateMachine

    var policy: RestartPolicy { machine.policy }
    var shown: ProcessState { machine.shown }
    var end: SupervisionEnd? { machine.end }
    var isReady: Bool { machine.isReady }
    var restarts: UInt32 { machine.restarts }
    var incarnation: UInt32 { machine.incarnation }
    var stopRequested: Bool { machine.stopRequested }
    var backOff: BackOffStatus? { machine.backOff }
    var deadline: UInt64? { machine.deadline }
    var interruption: Interruption? { machine.interruption }

    func snapshot(now: UInt64) -> SupervisionSnapshot { machine.snapshot(now: now) }
    func began(now: UInt64) { machine.began(now: now) }
    func becameReady(now: UInt64) -> Bool { machine.becameReady(now: now) }
    func timePassed(now: UInt64) -> Machine.TimeAction { machine.timePassed(now: now) }

    func receivedHeartbeat(promising interval: UInt64?, now: UInt64) {
        machine.receivedHeartbeat(promising: interval, now: now)
    }

    func ended(
        _ outcome: ExitOutcome, now: UInt64, using random: inout SeededRandom
    ) -> Machine.EndAction {
        machine.ended(outcome, now: now, using: &random)
    }

    func resumed(now: UInt64, using random: inout SeededRandom) -> Machine.EndAction {
        machine.resumed(now: now, using: &random)
    }

    func stopWasRequested(
        now: UInt64, hasHandler: Bool, grace: UInt64? = nil
    ) -> Machine.StopAction {
        machine.stopWasRequested(now: now, hasHandler: hasHandler, grace: grace)
    }

    func killWasRequested(now: UInt64) -> Machine.StopAction { machine.killWasRequested(now: now) }

    func parentEnded(now: UInt64, hasHandler: Bool) -> Machine.StopAction {
        machine.parentEnded(now: now, hasHandler: hasHandler)
    }

    func shutdownBegan(now: UInt64, hasHandler: Bool, grace: UInt64) -> Machine.StopAction {
        machine.shutdownBegan(now: now, hasHandler: hasHandler, grace: grace)
    }

    func restartWasRequested(
        now: UInt64, hasHandler: Bool, grace: UInt64? = nil
    ) -> Machine.RestartAction {
        machine.restartWasRequested(now: now, hasHandler: hasHandler, grace: grace)
    }
}
