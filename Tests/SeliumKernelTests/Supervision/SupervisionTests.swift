import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

@Suite("Supervision", .inTurn())
struct SupervisionTests {
    static let second: UInt64 = 1_000_000_000
    static let trap = ExitOutcome.trap(TrapRecord(kind: "unreachable", message: "", frames: []))

    static func policy(
        _ restart: String, backOff: String? = nil, limit: String? = nil, codes: String? = nil
    ) throws -> RestartPolicy {
        try RestartPolicy(
            RestartWish(
                restart: restart, backOff: backOff, restartLimit: limit, noRestartOn: codes))
    }

    /// What follows the first end of a process that ran for a second.
    enum Next: Sendable { case waits, exited, crashed, atOnce }

    struct Row: Sendable, CustomTestStringConvertible {
        var restart: String
        var codes: String?
        var outcome: ExitOutcome
        var next: Next
        var testDescription: String { "\(restart) \(codes ?? "") \(outcome)" }
    }

    static let rows: [Row] = {
        var rows: [Row] = []
        func add(_ outcome: ExitOutcome, no: Next, onFailure: Next, always: Next) {
            rows.append(Row(restart: "no", outcome: outcome, next: no))
            for word in ["on-failure", "on-failure:2"] {
                rows.append(Row(restart: word, outcome: outcome, next: onFailure))
            }
            for word in ["always", "always:2"] {
                rows.append(Row(restart: word, outcome: outcome, next: always))
            }
        }
        add(.returned([]), no: .exited, onFailure: .exited, always: .waits)
        add(.exit(code: 0), no: .exited, onFailure: .exited, always: .waits)
        add(.exit(code: 1), no: .exited, onFailure: .waits, always: .waits)
        add(.exit(code: .max), no: .exited, onFailure: .waits, always: .waits)
        add(trap, no: .crashed, onFailure: .waits, always: .waits)
        add(.limit("memory"), no: .crashed, onFailure: .waits, always: .waits)
        add(.startFailed("gone"), no: .crashed, onFailure: .waits, always: .waits)
        add(.lost, no: .crashed, onFailure: .atOnce, always: .atOnce)
        add(.killed(.runtimeShutdown), no: .exited, onFailure: .atOnce, always: .atOnce)
        for word in ["on-failure", "always"] {
            rows.append(Row(restart: word, codes: "3,78", outcome: .exit(code: 78), next: .exited))
            rows.append(Row(restart: word, codes: "3,78", outcome: .exit(code: 4), next: .waits))
            rows.append(Row(restart: word, codes: "134,137", outcome: trap, next: .waits))
            rows.append(Row(restart: word, codes: "0", outcome: .returned([]), next: .exited))
        }
        return rows
    }()

    @Test("what follows an end is what the policy says", arguments: rows)
    func table(row: Row) throws {
        let machine = Supervised(
            policy: try Self.policy(row.restart, codes: row.codes))
        var random = SeededRandom(seed: 1)
        machine.began(now: 0)
        let action = machine.ended(row.outcome, now: Self.second, using: &random)
        switch (row.next, action) {
        case (.waits, .backOff(let status)):
            #expect(machine.shown == .backingOff)
            #expect(status == machine.backOff)
            let delay = try #require(machine.deadline) - Self.second
            #expect((100_000_000...200_000_000).contains(delay))
            #expect(status.attempt == 1)
            #expect(machine.timePassed(now: Self.second + delay - 1) == .none)
            #expect(
                machine.timePassed(now: Self.second + delay) == .start(incarnation: 2))
            #expect(machine.restarts == 1)
        case (.atOnce, .start(incarnation: 2)): #expect(machine.restarts == 0)
        case (.exited, .end(let end)):
            #expect(end == SupervisionEnd(state: .exited, reason: .policy))
            #expect(machine.shown == .exited)
        case (.crashed, .end(let end)):
            #expect(end == SupervisionEnd(state: .crashed, reason: .policy))
            #expect(machine.shown == .crashed)
        default: Issue.record("\(action) instead of \(row.next)")
        }
    }

    @Test("a number of restarts holds for the whole life, healthy periods or not")
    func inTotal() throws {
        let machine = Supervised(policy: try Self.policy("on-failure:3"))
        var random = SeededRandom(seed: 2)
        var now: UInt64 = 0
        for attempt in UInt32(1)...3 {
            machine.began(now: now)
            now += 60 * Self.second
            guard case .backOff(let status) = machine.ended(Self.trap, now: now, using: &random)
            else {
                Issue.record("no wait")
                return
            }
            // Healthy before: every wait is a first one.
            #expect(try #require(status.until) - now <= 200_000_000)
            #expect(status.attempt == attempt && status.of == 3)
            now = try #require(machine.deadline)
            #expect(machine.timePassed(now: now) == .start(incarnation: attempt + 1))
        }
        let action = machine.ended(.exit(code: 9), now: now, using: &random)
        let end = SupervisionEnd(state: .crashed, reason: .restartsUsedUp(of: 3))
        #expect(action == .end(end))
        #expect(machine.end == end)
        #expect(end.note == "all 3 restarts are used up")
        #expect(machine.ended(Self.trap, now: now, using: &random) == .ignore)
    }

    @Test("a crash loop within its window is a crash; spread out it is none")
    func limit() throws {
        var random = SeededRandom(seed: 5)
        for (pause, isLoop) in [(UInt64(0), true), (13 * Self.second, false)] {
            let policy = try Self.policy("always", backOff: "10ms..10ms", limit: "5/1m")
            let machine = Supervised(policy: policy)
            var now: UInt64 = 0
            var last = SupervisionStateMachine.EndAction.ignore
            for _ in 0..<50 {
                machine.began(now: now)
                now += pause
                last = machine.ended(.returned([]), now: now, using: &random)
                guard let deadline = machine.deadline else { break }
                now = deadline
                _ = machine.timePassed(now: now)
            }
            if isLoop {
                let limit = try #require(policy.limit)
                #expect(
                    last == .end(SupervisionEnd(state: .crashed, reason: .limitReached(limit))))
                #expect(machine.incarnation == 6)
            } else {
                #expect(machine.incarnation == 51)
            }
        }
    }

    @Test("ps counts towards the bound that is nearer")
    func nearerBound() throws {
        let policy = try Self.policy("always:7", backOff: "10ms..10ms", limit: "5/1m")
        let machine = Supervised(policy: policy)
        var random = SeededRandom(seed: 5)
        var texts: [String] = []
        for step in 0..<7 {
            let now = UInt64(step) * 14 * Self.second
            machine.began(now: now)
            guard case .backOff(let status) = machine.ended(Self.trap, now: now, using: &random)
            else {
                Issue.record("no wait")
                return
            }
            texts.append("\(status.attempt)/\(status.of ?? 0)")
            _ = machine.timePassed(now: .max)
        }
        #expect(texts == ["1/5", "2/5", "3/5", "4/5", "5/5", "5/5", "7/7"])
    }

    @Test("lost restarts at once, a hundred times, and counts for nothing")
    func lost() throws {
        let machine = Supervised(
            policy: try Self.policy("on-failure:2", backOff: "10ms..1s", limit: "1/1m"))
        var random = SeededRandom(seed: 5)
        for number in UInt32(2)...101 {
            #expect(
                machine.ended(.lost, now: 0, using: &random) == .start(incarnation: number))
        }
        #expect(machine.restarts == 0)
        guard case .backOff(let status) = machine.ended(Self.trap, now: 0, using: &random) else {
            Issue.record("the first failure ended it")
            return
        }
        #expect(status.attempt == 1)
    }

    @Test(
        "a guest without a stop handler is interrupted at once, also before its first instruction")
    func noHandler() throws {
        for begins in [false, true] {
            let machine = Supervised(policy: try Self.policy("always"))
            var random = SeededRandom(seed: 5)
            if begins { machine.began(now: 0) }
            #expect(
                machine.stopWasRequested(now: 1, hasHandler: !begins)
                    == .interrupt(.kill(.noStopHandler)))
            #expect(machine.shown == .stopping)
            #expect(machine.deadline == nil)
            #expect(machine.interruption?.outcome == .killed(.noStopHandler))
            #expect(machine.stopWasRequested(now: 2, hasHandler: false) == .wait)
            #expect(
                machine.ended(.killed(.noStopHandler), now: 3, using: &random)
                    == .end(SupervisionEnd(state: .exited, reason: .requested)))
            #expect(machine.stopWasRequested(now: 4, hasHandler: false) == .alreadyEnded)
        }
    }

    @Test(
        "within its grace a guest ends as it likes, and is not restarted",
        arguments: [
            (ExitOutcome.returned([]), ProcessState.exited), (.exit(code: 5), .exited),
            (trap, .crashed),
        ])
    func grace(outcome: ExitOutcome, state: ProcessState) throws {
        let machine = Supervised(policy: try Self.policy("always"))
        var random = SeededRandom(seed: 5)
        machine.began(now: 0)
        #expect(
            machine.stopWasRequested(now: Self.second, hasHandler: true)
                == .askGuest(until: 11 * Self.second))
        #expect(machine.timePassed(now: 11 * Self.second - 1) == .none)
        #expect(machine.interruption == nil)
        #expect(machine.stopRequested)
        #expect(
            machine.ended(outcome, now: 5 * Self.second, using: &random)
                == .end(SupervisionEnd(state: state, reason: .requested)))
        #expect(machine.deadline == nil)
    }

    @Test("a grace that is used up, shortened or nothing ends in an interruption")
    func graceUsedUp() throws {
        let machine = Supervised(policy: try Self.policy("no"))
        machine.began(now: 0)
        _ = machine.stopWasRequested(now: 0, hasHandler: true)
        #expect(machine.stopWasRequested(now: 0, hasHandler: true, grace: Self.second) == .wait)
        #expect(machine.deadline == Self.second)
        #expect(
            machine.stopWasRequested(now: 0, hasHandler: true, grace: 60 * Self.second) == .wait)
        #expect(machine.deadline == Self.second)
        #expect(machine.timePassed(now: Self.second) == .interrupt(.kill(.graceUsedUp)))
        #expect(machine.interruption?.outcome == .killed(.graceUsedUp))
        #expect(machine.timePassed(now: .max) == .none)
        #expect(machine.killWasRequested(now: 3) == .wait)

        let none = Supervised(policy: try Self.policy("no"))
        none.began(now: 0)
        #expect(
            none.stopWasRequested(now: 0, hasHandler: true, grace: 0)
                == .interrupt(.kill(.graceUsedUp)))
    }

    @Test("a kill waits for nobody, not even for a grace that is running")
    func kill() throws {
        let machine = Supervised(policy: try Self.policy("always"))
        var random = SeededRandom(seed: 5)
        machine.began(now: 0)
        _ = machine.stopWasRequested(now: 0, hasHandler: true)
        #expect(machine.killWasRequested(now: 1) == .interrupt(.kill(.kill)))
        #expect(
            machine.ended(.killed(.kill), now: 3, using: &random)
                == .end(SupervisionEnd(state: .exited, reason: .requested)))
        #expect(machine.killWasRequested(now: 4) == .alreadyEnded)
    }

    @Test("stop, kill and the parent's end come through during back-off")
    func stopDuringBackOff() throws {
        for event in 0..<3 {
            let machine = Supervised(policy: try Self.policy("always"))
            var random = SeededRandom(seed: 5)
            machine.began(now: 0)
            _ = machine.ended(Self.trap, now: 0, using: &random)
            let action =
                switch event {
                case 0: machine.stopWasRequested(now: 1, hasHandler: true)
                case 1: machine.killWasRequested(now: 1)
                default: machine.parentEnded(now: 1, hasHandler: true)
                }
            #expect(action == .end(SupervisionEnd(state: .exited, reason: .requested)))
            #expect(machine.timePassed(now: .max) == .none)
            #expect(machine.shown == .exited)
            #expect(machine.backOff == nil)
        }
    }

    @Test("a restart that somebody asks for counts for nothing and forgives what failed in a row")
    func restart() throws {
        let machine = Supervised(policy: try Self.policy("no"))
        var random = SeededRandom(seed: 5)
        machine.began(now: 0)
        #expect(
            machine.restartWasRequested(now: 0, hasHandler: true)
                == .askGuest(until: 10 * Self.second))
        #expect(machine.restartWasRequested(now: 1, hasHandler: true) == .wait)
        #expect(machine.ended(.returned([]), now: 2, using: &random) == .start(incarnation: 2))
        #expect(machine.restarts == 0)
        machine.began(now: 3)
        _ = machine.restartWasRequested(now: 3, hasHandler: true)
        _ = machine.stopWasRequested(now: 4, hasHandler: true)
        #expect(machine.restartWasRequested(now: 5, hasHandler: true) == .stopping)
        #expect(
            machine.ended(.returned([]), now: 6, using: &random)
                == .end(SupervisionEnd(state: .exited, reason: .requested)))
        #expect(machine.restartWasRequested(now: 7, hasHandler: true) == .alreadyEnded)

        let waiting = Supervised(policy: try Self.policy("always"))
        for _ in 0..<20 {
            _ = waiting.ended(Self.trap, now: 0, using: &random)
            _ = waiting.timePassed(now: .max)
        }
        _ = waiting.ended(Self.trap, now: 0, using: &random)
        #expect(waiting.restartWasRequested(now: 0, hasHandler: true) == .start(incarnation: 22))
        _ = waiting.ended(Self.trap, now: 0, using: &random)
        #expect(try #require(waiting.deadline) <= 200_000_000)
    }

    @Test("ready is said once an incarnation, and health counts from there")
    func ready() throws {
        let machine = Supervised(policy: try Self.policy("always"))
        var random = SeededRandom(seed: 5)
        #expect(!machine.becameReady(now: 0))
        for _ in 0..<12 {
            machine.began(now: 0)
            #expect(!machine.isReady)
            #expect(machine.becameReady(now: 20 * Self.second))
            #expect(!machine.becameReady(now: 21 * Self.second))
            #expect(machine.isReady)
            // Nine seconds after it was ready: not healthy, so the waits grow.
            _ = machine.ended(Self.trap, now: 29 * Self.second, using: &random)
            #expect(!machine.isReady)
            _ = machine.timePassed(now: .max)
        }
        #expect(machine.snapshot(now: 0).attempt == 12)
    }

    @Test("a heartbeat that does not come ends the incarnation as a failure")
    func watchdog() throws {
        let machine = Supervised(policy: try Self.policy("on-failure"))
        var random = SeededRandom(seed: 5)
        machine.receivedHeartbeat(promising: 5, now: 0)
        #expect(machine.deadline == nil)
        machine.began(now: 0)
        machine.receivedHeartbeat(promising: 5, now: 0)
        machine.receivedHeartbeat(promising: 5, now: 4)
        #expect(machine.timePassed(now: 5) == .none)
        #expect(machine.deadline == 9)
        machine.receivedHeartbeat(promising: nil, now: 8)
        #expect(machine.timePassed(now: 9) == .none)
        machine.receivedHeartbeat(promising: .max, now: 8)
        #expect(machine.deadline == .max)
        machine.receivedHeartbeat(promising: 5, now: 8)
        #expect(machine.timePassed(now: 13) == .interrupt(.heartbeat))
        #expect(machine.shown == .stopping)
        let outcome = try #require(machine.interruption).outcome
        #expect(outcome == .limit("heartbeat"))
        guard case .backOff = machine.ended(outcome, now: 14, using: &random) else {
            Issue.record("no restart after a missed heartbeat")
            return
        }
    }

    @Test("the runtime's end suspends what restarts and ends what does not")
    func shutdown() throws {
        var random = SeededRandom(seed: 5)
        for restart in ["no", "on-failure", "always"] {
            let machine = Supervised(policy: try Self.policy(restart))
            machine.began(now: 0)
            #expect(
                machine.shutdownBegan(now: 0, hasHandler: true, grace: 3) == .askGuest(until: 3))
            #expect(machine.timePassed(now: 3) == .interrupt(.kill(.runtimeShutdown)))
            let action = machine.ended(.killed(.runtimeShutdown), now: 4, using: &random)
            if restart == "no" {
                #expect(action == .end(SupervisionEnd(state: .exited, reason: .requested)))
            } else {
                #expect(action == .suspend)
                let snapshot = machine.snapshot(now: 4)
                #expect(snapshot.phase == .suspended)
                #expect(machine.restartWasRequested(now: 4, hasHandler: true) == .stopping)
                let next = Supervised(
                    policy: machine.policy, snapshot: snapshot, now: 100)
                #expect(next.resumed(now: 100, using: &random) == .start(incarnation: 2))
                #expect(next.restarts == 0)
            }
        }
    }

    @Test("one that comes to its own end while the runtime ends is not begun again for it")
    func ownEnd() throws {
        var random = SeededRandom(seed: 5)
        let done = Supervised(policy: try Self.policy("on-failure"))
        done.began(now: 0)
        #expect(
            done.shutdownBegan(now: 0, hasHandler: false, grace: 0)
                == .interrupt(.kill(.runtimeShutdown)))
        #expect(
            done.ended(.exit(code: 0), now: 1, using: &random)
                == .end(SupervisionEnd(state: .exited, reason: .policy)))
        // A failure is one after which it begins again, and so does who was told to end.
        let failed = Supervised(policy: try Self.policy("on-failure"))
        failed.began(now: 0)
        _ = failed.shutdownBegan(now: 0, hasHandler: false, grace: 0)
        #expect(failed.ended(.exit(code: 1), now: 1, using: &random) == .suspend)
        let told = Supervised(policy: try Self.policy("on-failure"))
        told.began(now: 0)
        _ = told.shutdownBegan(now: 0, hasHandler: true, grace: 3)
        #expect(told.ended(.exit(code: 0), now: 1, using: &random) == .suspend)
    }

    @Test("health is noticed while it lasts: a runtime that dies then has not forgotten it")
    func healthy() throws {
        var random = SeededRandom(seed: 5)
        let machine = Supervised(policy: try Self.policy("always", backOff: "10ms..1h"))
        machine.began(now: 0)
        #expect(machine.deadline == nil, "there is nothing to forgive")
        for _ in 0..<20 {
            _ = machine.ended(Self.trap, now: 0, using: &random)
            _ = machine.timePassed(now: .max)
            machine.began(now: 0)
        }
        #expect(machine.snapshot(now: 0).attempt == 20)
        #expect(machine.deadline == 10 * Self.second)
        machine.receivedHeartbeat(promising: 20 * Self.second, now: 0)
        #expect(machine.timePassed(now: 10 * Self.second - 1) == .none)
        #expect(machine.timePassed(now: 10 * Self.second) == .healthy)
        #expect(machine.deadline == 20 * Self.second)
        let snapshot = machine.snapshot(now: 10 * Self.second)
        #expect(snapshot.attempt == 0)
        #expect(snapshot.restarts == 20)
        let next = Supervised(policy: machine.policy, snapshot: snapshot, now: 0)
        #expect(next.resumed(now: 0, using: &random) == .start(incarnation: 22))
        next.began(now: 0)
        guard case .backOff(let status) = next.ended(Self.trap, now: 0, using: &random) else {
            Issue.record("no wait")
            return
        }
        #expect(try #require(status.until) <= 20_000_000)
    }

    @Test("a new runtime knows what an old one counted")
    func snapshots() throws {
        let policy = try Self.policy("always:9", backOff: "10ms..1s", limit: "3/1m")
        let machine = Supervised(policy: policy)
        var random = SeededRandom(seed: 5)
        for _ in 0..<3 {
            _ = machine.ended(Self.trap, now: 50 * Self.second, using: &random)
            if machine.restarts < 3 { _ = machine.timePassed(now: .max) }
        }
        let backingOff = machine.snapshot(now: 60 * Self.second)
        #expect(backingOff.phase == .backingOff)
        #expect(backingOff.ages == Array(repeating: 10 * Self.second, count: 3))
        let next = Supervised(policy: policy, snapshot: backingOff, now: 40)
        guard case .backOff(let status) = next.resumed(now: 40, using: &random) else {
            Issue.record("it does not wait again")
            return
        }
        #expect((10_000_000...80_000_000).contains(try #require(status.until) - 40))
        #expect(next.timePassed(now: .max) == .start(incarnation: 4))
        let alive = next.snapshot(now: 40)
        #expect(alive.phase == .alive)
        let third = Supervised(policy: policy, snapshot: alive, now: 0)
        #expect(third.resumed(now: 0, using: &random) == .start(incarnation: 5))
        third.began(now: 0)
        // The window is full still.
        guard case .end(let end) = third.ended(Self.trap, now: 0, using: &random) else {
            Issue.record("the window was forgotten")
            return
        }
        #expect(end.state == .crashed)
        let fourth = Supervised(
            policy: policy, snapshot: third.snapshot(now: 0), last: .crashed, now: 0)
        #expect(fourth.shown == .crashed)
        #expect(fourth.resumed(now: 0, using: &random) == .ignore)
    }

    @Test("who was to be stopped when the runtime died is not restarted")
    func stoppedAndLost() throws {
        let machine = Supervised(policy: try Self.policy("always"))
        var random = SeededRandom(seed: 5)
        machine.began(now: 0)
        _ = machine.stopWasRequested(now: 0, hasHandler: true)
        let next = Supervised(
            policy: machine.policy, snapshot: machine.snapshot(now: 0), now: 0)
        #expect(
            next.resumed(now: 0, using: &random)
                == .end(SupervisionEnd(state: .crashed, reason: .requested)))
    }
}
