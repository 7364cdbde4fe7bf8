import SeliumKernel
import SeliumTestSupport
import SeliumTesting
import Testing

/// The same rules once more, as flags and ifs, to walk beside the machine.
private struct ReferenceProcess {
    var policy: RestartPolicy
    var phase = ProcessState.starting
    var incarnation: UInt32 = 1
    var total: UInt32 = 0
    var attempt: UInt32 = 0
    var decisions: [UInt64] = []
    var stop = false
    var restart = false
    var shutdown = false
    var isSuspended = false
    var interrupted = false
    var told = false
    var healthySince: UInt64?
    /// Of the wait, the grace, or while it runs the heartbeat.
    var deadline: UInt64?

    /// When time does something to it.
    var due: UInt64? {
        guard phase == .running, attempt > 0, let healthySince else { return deadline }
        return min(deadline ?? .max, healthySince + policy.resetAfter)
    }

    mutating func leave(_ now: UInt64, handler: Bool, grace: UInt64) {
        phase = .stopping
        deadline = nil
        if healthySince == nil || !handler || grace == 0 {
            interrupted = true
        } else {
            deadline = now + grace
            told = true
        }
    }

    mutating func wish(_ now: UInt64, handler: Bool, grace: UInt64) {
        switch phase {
        case .starting, .running: leave(now, handler: handler, grace: grace)
        case .stopping: if let old = deadline { deadline = min(old, now + grace) }
        default: break
        }
    }

    mutating func start() {
        incarnation += 1
        phase = .starting
        healthySince = nil
        deadline = nil
        interrupted = false
        restart = false
        told = false
    }

    mutating func end(_ outcome: ExitOutcome, _ now: UInt64, _ random: inout SeededRandom) {
        guard [.starting, .running, .stopping].contains(phase) else { return }
        if let healthySince, now - healthySince >= policy.resetAfter { attempt = 0 }
        deadline = nil
        let final: ProcessState =
            switch outcome {
            case .returned, .exit, .killed: .exited
            default: .crashed
            }
        if stop || (shutdown && policy.mode == .no) {
            phase = final
        } else if shutdown && !told && !policy.wantsRestart(after: outcome) {
            phase = final
        } else if shutdown {
            phase = .backingOff
            isSuspended = true
        } else if restart {
            start()
        } else if !policy.wantsRestart(after: outcome) {
            phase = final
        } else if outcome == .lost || outcome == .killed(.runtimeShutdown) {
            start()
        } else if let most = policy.mode.most, total >= most {
            phase = .crashed
        } else if let limit = policy.limit,
            decisions.filter({ now - $0 < limit.window }).count >= Int(limit.count)
        {
            phase = .crashed
        } else {
            total += 1
            attempt += 1
            decisions.append(now)
            phase = .backingOff
            deadline = now + policy.backOff.delay(attempt: attempt, using: &random)
        }
    }
}

@Suite("Supervision, at random", .inTurn())
struct SupervisionWalkTests {
    private static let outcomes: [ExitOutcome] = [
        .returned([]), .exit(code: 0), .exit(code: 1), .exit(code: 78), .lost, .limit("memory"),
        .trap(TrapRecord(kind: "unreachable", message: "", frames: [])), .startFailed("gone"),
        .killed(.kill), .killed(.graceUsedUp), .killed(.runtimeShutdown),
    ]

    private static func randomPolicy(_ random: inout SeededRandom) throws -> RestartPolicy {
        var wish = RestartWish()
        wish.mode = [
            .no, .onFailure(most: nil), .onFailure(most: 30), .always(most: nil),
            .always(most: 200),
        ].randomElement(using: &random)
        wish.stopTimeout = UInt64.random(in: 0...3, using: &random) * 500_000_000
        guard wish.mode != .no else { return try RestartPolicy(wish) }
        wish.backOff = try BackOff(
            minimum: 10_000_000 << UInt64.random(in: 0...3, using: &random),
            maximum: 100_000_000 << UInt64.random(in: 0...6, using: &random))
        wish.resetAfter = 1_000_000_000 * UInt64.random(in: 1...4, using: &random)
        if Bool.random(using: &random) {
            wish.limit = try RestartLimit(
                count: UInt32.random(in: 1...20, using: &random), window: 20_000_000_000)
        }
        if Bool.random(using: &random) { wish.noRestartOn = [78] }
        return try RestartPolicy(wish)
    }

    /// One event to both; true when an incarnation began by itself (no wish, no `lost`).
    private static func step(
        _ machine: Supervised, _ model: inout ReferenceProcess,
        now: inout UInt64, _ random: inout SeededRandom
    ) -> Bool {
        let handler = Bool.random(using: &random)
        let grace = UInt64.random(in: 0...2, using: &random) * 300_000_000
        switch Int.random(in: 0..<1_000, using: &random) {
        case ..<250:
            machine.began(now: now)
            if model.healthySince == nil, [.starting, .stopping].contains(model.phase) {
                model.healthySince = now
                if model.phase == .starting { model.phase = .running }
            }
        case ..<300:
            let isFirst = machine.becameReady(now: now)
            if isFirst { model.healthySince = now }
        case ..<350:
            machine.receivedHeartbeat(promising: grace, now: now)
            if model.phase == .running { model.deadline = grace == 0 ? nil : now + grace }
        case ..<650:
            if Bool.random(using: &random), let deadline = machine.deadline {
                now = max(now, deadline)
            }
            let isDue = model.due.map { $0 <= now } ?? false
            let action = machine.timePassed(now: now)
            if isDue {
                switch model.phase {
                case .backingOff: model.start()
                case .running where model.deadline.map { $0 > now } ?? true: model.attempt = 0
                default:
                    model.phase = .stopping
                    model.deadline = nil
                    model.interrupted = true
                }
            }
            if (action == .none) == isDue { Issue.record("\(action), although due is \(isDue)") }
            if case .start = action { return true }
        case ..<960:
            let outcome = outcomes.randomElement(using: &random) ?? .lost
            var same = random
            _ = machine.ended(outcome, now: now, using: &random)
            model.end(outcome, now, &same)
        case ..<963:
            if !model.phase.hasEnded { model.stop = true }
            if model.phase == .backingOff {
                model.phase = .exited
                model.deadline = nil
            }
            model.wish(now, handler: handler, grace: grace)
            _ = machine.stopWasRequested(now: now, hasHandler: handler, grace: grace)
        case ..<965:
            if !model.phase.hasEnded { model.stop = true }
            if model.phase == .backingOff {
                model.phase = .exited
                model.deadline = nil
            } else if !model.phase.hasEnded {
                model.phase = .stopping
                model.deadline = nil
            }
            _ = machine.killWasRequested(now: now)
        case ..<967:
            let own = min(grace, model.policy.stopTimeout)
            if !model.phase.hasEnded, model.phase != .backingOff { model.shutdown = true }
            if model.phase == .backingOff { model.deadline = nil }
            model.wish(now, handler: handler, grace: own)
            _ = machine.shutdownBegan(now: now, hasHandler: handler, grace: grace)
        default:
            switch model.phase {
            case .starting, .running:
                model.attempt = 0
                model.restart = true
                model.leave(now, handler: handler, grace: grace)
            case .stopping where !model.stop && !model.shutdown && !model.restart:
                model.attempt = 0
                model.restart = true
            case .backingOff where model.deadline != nil:
                model.attempt = 0
                model.start()
            default: break
            }
            _ = machine.restartWasRequested(now: now, hasHandler: handler, grace: grace)
        }
        return false
    }

    @Test(
        "machine and reference agree after every one of 100,000 random events, and no incarnation follows another sooner than the least wait",
        arguments: 0..<50 as Range<UInt64>)
    func walk(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var steps = 0
        var begun = 0
        while steps < 2_000 {
            let policy = try Self.randomPolicy(&random)
            let machine = Supervised(policy: policy)
            var model = ReferenceProcess(policy: policy)
            var now: UInt64 = 1
            var starts: [UInt64] = []
            while steps < 2_000, !model.phase.hasEnded || Bool.random(using: &random) {
                steps += 1
                now += UInt64.random(in: 0...400_000_000, using: &random)
                let first = now
                if Self.step(machine, &model, now: &now, &random) {
                    if let last = starts.last, now - last < policy.backOff.minimum {
                        Issue.record("seed \(seed), step \(steps): a start after \(now - last) ns")
                    }
                    starts.append(now)
                    begun += 1
                }
                let agrees =
                    machine.shown == model.phase && machine.incarnation == model.incarnation
                    && machine.restarts == model.total && machine.deadline == model.due
                    && machine.stopRequested == model.stop
                    && machine.snapshot(now: now).attempt == model.attempt
                guard agrees, now >= first else {
                    Issue.record(
                        "seed \(seed), step \(steps): \(machine.shown) \(machine.incarnation) \(machine.deadline ?? 0), reference \(model)"
                    )
                    return
                }
                if model.isSuspended || (model.phase == .backingOff && model.deadline == nil) {
                    break
                }
            }
        }
        #expect(begun > 10)
    }

    @Test(
        "however a program fails, the starts in any stretch of time are bounded",
        arguments: [UInt64(0), 1, 9_999_999_999, 10_000_000_000], 0..<5 as Range<UInt64>)
    func noStorm(life: UInt64, seed: UInt64) throws {
        let policy = try RestartPolicy(RestartWish(restart: "always", backOff: "100ms..2s"))
        let machine = Supervised(policy: policy)
        var random = SeededRandom(seed: seed)
        var now: UInt64 = 0
        var starts: [UInt64] = [0]
        while starts.count < 1_000 {
            machine.began(now: now)
            now += life
            _ = machine.ended(.exit(code: 1), now: now, using: &random)
            let deadline = try #require(machine.deadline)
            #expect(machine.timePassed(now: deadline - 1) == .none)
            now = deadline
            #expect(machine.timePassed(now: now) != .none)
            starts.append(now)
        }
        // In any stretch of T at most 1 + T / (life + least wait) begin.
        let least = life + policy.backOff.minimum
        for stretch in [least, 10 * least, 100 * least] {
            var most = 0
            var from = 0
            for (index, start) in starts.enumerated() {
                while start - starts[from] > stretch { from += 1 }
                most = max(most, index - from + 1)
            }
            #expect(most <= Int(1 + stretch / least))
        }
        // One that never is healthy waits a second on average, from the sixth time on.
        if life < policy.resetAfter {
            let mean = (starts[999] - starts[499]) / 500 - life
            #expect((900_000_000...1_200_000_000).contains(mean))
        } else {
            let mean = (starts[999] - starts[499]) / 500 - life
            #expect((100_000_000...200_000_000).contains(mean))
        }
    }
}
