internal import SeliumABI
internal import SeliumHosting
internal import SeliumKernel

extension HostContract {
    static let processChecks: [Check] = [
        Check(description: "a process that exits tells its code to wait and to ps") { fixture in
            let id = try await fixture.start(.lines(3, exit: 7))
            let record = try await fixture.host.wait(id)
            try equal(record.outcome, .exit(code: 7), "outcome")
            try equal(record.stopRequested, false, "stopRequested")
            try expect(record.endedAt >= record.startedAt, "it ended before it began")
            let status = try unwrap(try await fixture.host.status(id), "status")
            try equal(status.state, .exited, "state")
            try equal(status.exit, record, "the row's record")
            try equal(status.creator, alice, "creator")
            try equal(status.moduleName, "check.wasm", "module name")
            try equal(status.memory, 0, "memory after the end")
        },
        Check(description: "a trap makes a crashed process, and its kind is told") { fixture in
            let id = try await fixture.start(.trap)
            let record = try await fixture.host.wait(id)
            guard case .trap(let trap) = record.outcome else {
                throw Violation(description: "\(record.outcome) instead of a trap")
            }
            try equal(trap.kind, "unreachable", "kind")
            try equal(try await fixture.host.status(id)?.state, .crashed, "state")
        },
        Check(description: "ids grow and are never used twice") { fixture in
            var last: UInt64 = 0
            for _ in 0..<5 {
                let id = try await fixture.start(.lines(1, exit: 0))
                try expect(id.rawValue > last, "\(id) after \(last)")
                last = id.rawValue
            }
        },
        Check(description: "stop interrupts an endless process and returns when it is gone") {
            fixture in
            let id = try await fixture.start(.endless)
            try equal(try await fixture.host.status(id)?.state.hasEnded, false, "ended")
            let outcome = try await fixture.host.stop(id, idempotency: nil)
            guard case .stopped(let record) = outcome else {
                throw Violation(description: "\(outcome) instead of stopped")
            }
            try equal(record.outcome, .killed(.noStopHandler), "outcome")
            try equal(record.stopRequested, true, "stopRequested")
            try equal(try await fixture.host.status(id)?.state, .exited, "state")
            try equal(try await fixture.host.wait(id), record, "what wait tells")
            try equal(
                try await fixture.host.stop(id, idempotency: nil), .alreadyEnded(record),
                "second stop")
        },
        Check(description: "an unknown id is not found everywhere") { fixture in
            let id = try unwrap(ProcessID(4_000_000_000), "id")
            let host = fixture.host
            try equal(try await host.status(id), nil, "status")
            try await fails(.notFound) { () async throws(HostError) in try await host.wait(id) }
            try await fails(.notFound) { () async throws(HostError) in
                try await host.stop(id, idempotency: nil)
            }
            try await fails(.notFound) { () async throws(HostError) in
                try await host.readLog(id, from: 1, atMost: 1)
            }
            try await fails(.notFound) { () async throws(HostError) in
                try await host.logPosition(id, tail: 1, streams: [.stdout])
            }
            try await fails(.notFound) { () async throws(HostError) in try await host.openInput(id)
            }
        },
        Check(description: "wait ends at once when its task is cancelled") { fixture in
            let id = try await fixture.start(.endless)
            let host = fixture.host
            let waiting = Task { () -> HostError? in
                do throws(HostError) { _ = try await host.wait(id) } catch { return error }
                return nil
            }
            waiting.cancel()
            try equal(await waiting.value?.code, .cancelled, "what the wait failed with")
            _ = try await host.stop(id, idempotency: nil)
        },
        Check(description: "ps lists by id, per namespace, and the ended on request") { fixture in
            let first = try await fixture.start(.endless)
            let second = try await fixture.start(.lines(1, exit: 0))
            let foreign = try await fixture.start(.endless, by: bob)
            _ = try await fixture.host.wait(second)
            func ids(_ namespaces: Set<Namespace>?, _ ended: Bool) async throws -> [ProcessID] {
                try await fixture.host.processes(in: namespaces, includingEnded: ended).map(\.id)
            }
            let own: Set<Namespace> = [Namespace(of: alice)]
            try equal(try await ids(own, false), [first], "the living of alice")
            try equal(try await ids(own, true), [first, second], "all of alice")
            try equal(try await ids(nil, true), [first, second, foreign], "all")
            try equal(try await ids([], true), [], "of no namespace")
            try equal(try await fixture.host.info().livingProcesses, 2, "living processes")
            for id in [first, foreign] { _ = try await fixture.host.stop(id, idempotency: nil) }
        },
        Check(description: "a dry run judges and starts nothing") { fixture in
            let spec = try await fixture.spec(.lines(1, exit: 0))
            let report = try await fixture.host.dryRun(spec)
            try equal(report.id, nil, "id")
            try equal(report.entrypoint, "_start", "entrypoint")
            try equal(
                try await fixture.host.processes(in: nil, includingEnded: true).count, 0,
                "processes")
        },
        Check(description: "an import without its grant is noted, and strict refuses it") {
            fixture in
            var spec = try await fixture.spec(.readsClock)
            let notes = try await fixture.host.dryRun(spec).notes
            try equal(notes.map(\.capability), [.timeRead], "what is missing")
            spec.strict = true
            let strict = spec
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await fixture.host.start(strict, idempotency: nil)
            }
            spec.grants = [Grant(capability: .timeRead)]
            try equal(try await fixture.host.dryRun(spec).notes, [], "notes with the grant")
        },
        Check(description: "bad modules and entrypoints are refused before a process exists") {
            fixture in
            let host = fixture.host
            let garbage = try await fixture.spec(.garbage)
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await host.start(garbage, idempotency: nil)
            }
            var missing = try await fixture.spec(.lines(1, exit: 0))
            missing.entrypoint = "nowhere"
            let noEntrypoint = missing
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await host.start(noEntrypoint, idempotency: nil)
            }
            missing.module = .name("no-such-module")
            let noModule = missing
            try await fails(.notFound) { () async throws(HostError) in
                try await host.start(noModule, idempotency: nil)
            }
            try equal(try await host.processes(in: nil, includingEnded: true).count, 0, "processes")
        },
        Check(description: "a user's namespace holds 32 living processes, the operator's more") {
            fixture in
            let host = fixture.host
            var ids: [ProcessID] = []
            for _ in 0..<Limits.userProcesses { ids.append(try await fixture.start(.endless)) }
            let spec = try await fixture.spec(.endless)
            try await fails(.resourceExhausted) { () async throws(HostError) in
                try await host.start(spec, idempotency: nil)
            }
            ids.append(try await fixture.start(.endless, by: .operator))
            _ = try await host.stop(ids[0], idempotency: nil)
            ids.append(try unwrap(try await host.start(spec, idempotency: nil).id, "id"))
            for id in ids { _ = try await host.stop(id, idempotency: nil) }
            try equal(try await host.info().livingProcesses, 0, "living processes")
        },
        Check(description: "1,000 ended processes are kept, the oldest goes first") { fixture in
            let host = fixture.host
            let spec = try await fixture.spec(.lines(1, exit: 0))
            var ids: [ProcessID] = []
            for _ in 0..<(Limits.endedProcesses + 3) {
                let id = try unwrap(try await host.start(spec, idempotency: nil).id, "id")
                _ = try await host.wait(id)
                ids.append(id)
            }
            let kept = try await host.processes(in: nil, includingEnded: true).map(\.id)
            try equal(kept, Array(ids.dropFirst(3)), "those that are kept")
            try equal(try await host.status(ids[0]), nil, "the oldest one's status")
            try await fails(.notFound) { () async throws(HostError) in
                try await host.readLog(ids[0], from: 1, atMost: 1)
            }
        },
    ]
}
