internal import SeliumHosting
internal import SeliumKernel

extension HostContract {
    /// `--restart on-failure:2 --backoff 10ms..10ms`.
    private static func twice() throws -> RestartPolicy {
        var wish = RestartWish()
        wish.mode = .onFailure(most: 2)
        wish.backOff = try BackOff(minimum: 10_000_000, maximum: 10_000_000)
        return try RestartPolicy(wish)
    }

    /// `--restart always --backoff 1h..1h`: once it has ended it waits for longer than any test.
    private static func patient() throws -> RestartPolicy {
        var wish = RestartWish()
        wish.mode = .always(most: nil)
        wish.backOff = try BackOff(minimum: 3_600_000_000_000, maximum: 3_600_000_000_000)
        return try RestartPolicy(wish)
    }

    static let supervisionChecks: [Check] = [
        Check(
            description: "a process that fails begins again in the same log, until that is used up"
        ) { fixture in
            let id = try await fixture.start(.lines(1, exit: 7)) { $0.policy = try twice() }
            fixture.passTime()
            let record = try await fixture.host.wait(id)
            try equal(record.outcome, .exit(code: 7), "outcome")
            try equal(record.incarnation, 3, "the last incarnation")
            let status = try unwrap(try await fixture.host.status(id), "status")
            try equal(status.state, .crashed, "state")
            try equal(status.incarnation, 3, "incarnation")
            try equal(status.restarts, 2, "restarts")
            try equal(status.exit, record, "the row's record")
            let log = try await fixture.wholeLog(id)
            try equal(log.text(.stdout), "line 1\nline 1\nline 1\n", "output")
            try equal(log.begun, [1, 2, 3], "records of beginnings")
            try equal(log.ends.map(\.incarnation), [1, 2, 3], "records of ends")
            try equal(log.ends.last, record, "the last record")
            try equal(log.last?.last, record.lastSequence, "the last sequence")
            try expect(
                log.contains { $0.content == .system(.note("all 2 restarts are used up")) },
                "no word of the restarts")
        },
        Check(
            description: "success is no failure: a process that exits with 0 does not begin again"
        ) {
            fixture in
            let id = try await fixture.start(.lines(1, exit: 0)) { $0.policy = try twice() }
            try equal(try await fixture.host.wait(id).incarnation, 1, "incarnation")
            try equal(try await fixture.host.status(id)?.state, .exited, "state")
        },
        Check(description: "a process that waits to begin again lives, and a stop ends the wait") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.lines(1, exit: 0), name: "web") {
                $0.policy = try patient()
            }
            let record = try await fixture.firstEnd(id)
            let status = try unwrap(try await host.status(id), "status")
            try equal(status.state, .backingOff, "state")
            try equal(status.exit, record, "the last end")
            try equal(status.backOff?.attempt, 1, "attempt")
            try equal(status.backOff?.of, nil, "bound")
            try expect(
                status.backOffRemaining > 3_000_000_000_000, "\(status.backOffRemaining) left")
            try equal(
                try await host.processes(in: nil, includingEnded: false).map(\.id), [id], "living")
            let again = try await fixture.spec(.endless, name: "web")
            try await fails(.alreadyExists) { () async throws(HostError) in
                try await host.start(again, idempotency: nil)
            }
            let waiting = Task { () async throws -> ExitRecord in try await host.wait(id) }
            try equal(try await host.stop(id, idempotency: nil), .stopped(record), "stop")
            try equal(try await waiting.value, record, "what a wait was told")
            try equal(try await host.status(id)?.state, .exited, "state after the stop")
            try equal(try await fixture.wholeLog(id).begun, [1], "beginnings")
            _ = try await host.start(again, idempotency: nil)
        },
        Check(description: "kill ends a process without asking, and says so") { fixture in
            let id = try await fixture.start(.endless) { $0.policy = try patient() }
            guard
                case .stopped(let record) = try await fixture.host.kill(id, idempotency: nil)
            else { throw Violation(description: "it had ended") }
            try equal(record.outcome, .killed(.kill), "outcome")
            try equal(record.stopRequested, true, "stopRequested")
            try equal(try await fixture.host.status(id)?.state, .exited, "state")
            try equal(
                try await fixture.host.kill(id, idempotency: nil), .alreadyEnded(record),
                "second kill")
        },
        Check(description: "restart begins another incarnation whatever the policy says") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.endless)
            try equal(try await host.restart(id, idempotency: nil), 2, "incarnation")
            try equal(try await host.restart(id, idempotency: nil), 3, "incarnation")
            let status = try unwrap(try await host.status(id), "status")
            // As after a start: its first instruction may be still to come.
            try expect(
                [.starting, .running].contains(status.state), "state is \(status.state)")
            try equal(status.incarnation, 3, "incarnation in the row")
            try equal(status.restarts, 0, "restarts that count")
            let record = try await host.stop(id, idempotency: nil).record
            try equal(record.incarnation, 3, "incarnation that was stopped")
            try equal(try await fixture.wholeLog(id).begun, [1, 2, 3], "beginnings")
            try await fails(.failedPrecondition) { () async throws(HostError) in
                try await host.restart(id, idempotency: nil)
            }
        },
        Check(
            description: "who waits until a process runs hears of an incarnation however short"
        ) { fixture in
            let host = fixture.host
            let running = try await fixture.start(.endless)
            try equal(try await host.waitUntilRunning(running), 1, "of one that runs")
            let id = try await fixture.start(.lines(1, exit: 0)) { $0.policy = try patient() }
            _ = try await fixture.firstEnd(id)
            try await withThrowingTaskGroup(of: UInt32?.self) { group in
                group.addTask { try await host.waitUntilRunning(id) }
                group.addTask {
                    // Nobody can see that the other one waits.
                    while !Task.isCancelled {
                        _ = try await host.restart(id, idempotency: nil)
                        await Task.yield()
                    }
                    return nil
                }
                let incarnation = try await group.next() ?? nil
                try expect(
                    incarnation ?? 0 >= 2, "incarnation is \(String(describing: incarnation))")
                group.cancelAll()
            }
        },
        Check(description: "who waits until a process is ready hears of it, or that it has ended") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.ready)
            try equal(try await host.waitUntilReady(id), 1, "the first one")
            try equal(try await host.waitUntilReady(id), 1, "of one that is")
            _ = try await host.restart(id, idempotency: nil)
            try equal(try await host.waitUntilReady(id), 2, "the next one")
            let never = try await fixture.start(.endless)
            try equal(try await host.waitUntilRunning(never), 1, "it runs")
            let waiting = Task { () async throws -> UInt32 in try await host.waitUntilReady(never) }
            for gone in [id, never] { _ = try await host.stop(gone, idempotency: nil) }
            let late = await waiting.result
            try expect((try? late.get()) == nil, "it was ready: \(late)")
            for gone in [id, never] {
                try await fails(.failedPrecondition) { () async throws(HostError) in
                    try await host.waitUntilReady(gone)
                }
            }
        },
        Check(description: "who waits until a process runs hears that it will not again") {
            fixture in
            let host = fixture.host
            let ended = try await fixture.start(.lines(1, exit: 0))
            _ = try await host.wait(ended)
            let id = try await fixture.start(.lines(1, exit: 0)) { $0.policy = try patient() }
            _ = try await fixture.firstEnd(id)
            let waiting = Task { () async throws -> UInt32 in try await host.waitUntilRunning(id) }
            _ = try await host.stop(id, idempotency: nil)
            let late = await waiting.result
            try expect(
                (try? late.get()) == nil, "it is running: \(late)")
            for gone in [ended, id] {
                try await fails(.failedPrecondition) { () async throws(HostError) in
                    try await host.waitUntilRunning(gone)
                }
            }
            let never = try unwrap(ProcessID(9_999_999), "an id")
            try await fails(.notFound) { () async throws(HostError) in
                try await host.waitUntilRunning(never)
            }
        },
        Check(description: "restart ends the wait of one that waits to begin again") { fixture in
            let host = fixture.host
            let id = try await fixture.start(.lines(1, exit: 0)) { $0.policy = try patient() }
            _ = try await fixture.firstEnd(id)
            try equal(try await host.restart(id, idempotency: nil), 2, "incarnation")
            _ = try await host.stop(id, idempotency: nil)
        },
    ]

    static let forgettingChecks: [Check] = [
        Check(description: "what has ended can be forgotten, and its id never comes back") {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.endless, name: "web")
            try await fails(.failedPrecondition) { () async throws(HostError) in
                try await host.remove(id, force: false, idempotency: nil)
            }
            _ = try await host.stop(id, idempotency: nil)
            try await host.remove(id, force: false, idempotency: nil)
            try equal(try await host.status(id), nil, "status")
            let name = try unwrap(ProcessName("web"), "name")
            try equal(
                try await host.lookup(name, in: Namespace(of: alice)), nil, "who has the name")
            try await fails(.notFound) { () async throws(HostError) in
                try await host.readLog(id, from: 1, atMost: 1)
            }
            try await fails(.notFound) { () async throws(HostError) in try await host.wait(id) }
            try await fails(.notFound) { () async throws(HostError) in
                try await host.remove(id, force: true, idempotency: nil)
            }
            let next = try await fixture.start(.endless)
            try expect(next > id, "\(next) after \(id)")
            try await host.remove(next, force: true, idempotency: nil)
            try equal(
                try await host.processes(in: nil, includingEnded: true), [], "all that is left")
        },
        Check(description: "prune forgets the ended of one namespace and nobody else") { fixture in
            let host = fixture.host
            var ended: [ProcessID] = []
            for _ in 0..<3 {
                ended.append(try await fixture.start(.lines(1, exit: 0), name: "one"))
                _ = try await host.wait(ended[ended.count - 1])
            }
            let living = try await fixture.start(.endless)
            let foreign = try await fixture.start(.lines(1, exit: 0), by: bob)
            _ = try await host.wait(foreign)
            let space = Namespace(of: alice)
            try equal(try await host.prune(space, idempotency: nil), ended, "who went")
            try equal(try await host.prune(space, idempotency: nil), [], "who went then")
            try equal(
                try await host.processes(in: nil, includingEnded: true).map(\.id),
                [living, foreign], "who is left")
            let name = try unwrap(ProcessName("one"), "name")
            try equal(try await host.lookup(name, in: space), nil, "who has the name")
            _ = try await host.stop(living, idempotency: nil)
        },
        Check(description: "a repeat of kill, restart, remove and prune has the first one's answer")
        {
            fixture in
            let host = fixture.host
            let id = try await fixture.start(.endless)
            let restart = request(1, body: 1)
            try equal(try await host.restart(id, idempotency: restart), 2, "restart")
            try equal(try await host.restart(id, idempotency: restart), 2, "its repeat")
            let kill = request(2, body: 1)
            let outcome = try await host.kill(id, idempotency: kill)
            try equal(try await host.kill(id, idempotency: kill), outcome, "the kill's repeat")
            let other = try await fixture.start(.lines(1, exit: 0))
            _ = try await host.wait(other)
            let remove = request(3, body: 1)
            try equal(try await host.removed(by: remove), nil, "before")
            try await host.remove(id, force: false, idempotency: remove)
            try await host.remove(id, force: false, idempotency: remove)
            try equal(try await host.removed(by: remove), id, "what the request removed")
            let prune = request(4, body: 1)
            try equal(
                try await host.prune(Namespace(of: alice), idempotency: prune), [other], "prune")
            try equal(
                try await host.prune(Namespace(of: alice), idempotency: prune), [other],
                "its repeat")
            for number in 1...4 {
                try await fails(.aborted) { () async throws(HostError) in
                    try await host.prune(
                        Namespace(of: alice), idempotency: request(UInt8(number), body: 9))
                }
            }
        },
    ]
}

extension StopOutcome {
    fileprivate var record: ExitRecord {
        switch self {
        case .stopped(let record), .alreadyEnded(let record): record
        }
    }
}

extension [LogChunk] {
    /// The incarnations whose beginning is here.
    fileprivate var begun: [UInt32] {
        compactMap { if case .system(.began(let number)) = $0.content { number } else { nil } }
    }

    /// How incarnations ended.
    fileprivate var ends: [ExitRecord] {
        compactMap { if case .system(.ended(let record)) = $0.content { record } else { nil } }
    }
}

extension HostContract.Fixture {
    /// Starts a behaviour; `change` has the last word about the spec.
    func start(
        _ behaviour: HostContract.Behaviour, name: String? = nil,
        _ change: (inout StartSpec) throws -> Void
    ) async throws -> ProcessID {
        var spec = try await spec(behaviour, name: name)
        try change(&spec)
        let report = try await host.start(spec, idempotency: nil)
        return try HostContract.unwrap(report.id, "id of a started process")
    }

    /// Waits for the end of an incarnation, as the log tells it.
    func firstEnd(_ id: ProcessID) async throws -> ExitRecord {
        var position: UInt64 = 1
        while true {
            let batch = try await host.readLog(id, from: position, atMost: 1_000)
            for case .chunk(let chunk) in batch.items {
                if case .system(.ended(let record)) = chunk.content { return record }
            }
            position = batch.next
        }
    }
}
