internal import SeliumHosting
internal import SeliumKernel

extension HostContract {
    static let eventChecks: [Check] = [
        Check(description: "what happens to a process is told in order, once, and to its namespace")
        {
            fixture in
            let host = fixture.host
            let (space, other) = (Namespace(of: alice), Namespace(of: bob))
            let id = try await fixture.start(.lines(1, exit: 7), name: "web")
            _ = try await host.wait(id)
            try await host.remove(id, force: false, idempotency: nil)
            _ = try await fixture.start(.lines(1, exit: 0), by: bob)
            let batch = try await host.events(
                from: .index(1), in: [space], atMost: 100, isOnce: true)
            let events = batch.events.filter { $0.process == id }
            try equal(events.map(\.kind), [.started, .ended, .finished, .removed], "kinds")
            try equal(events.map(\.incarnation), [1, 1, 0, 0], "incarnations")
            try equal(Set(events.map(\.name)), ["web"], "names")
            try equal(events[1].detail, "exit 7", "how it ended")
            try equal(events[2].detail, "exited", "how it came to its end")
            try equal(Set(batch.events.map(\.namespace)), [space], "namespaces")
            try expect(
                zip(batch.events, batch.events.dropFirst()).allSatisfy { $0.index < $1.index },
                "not in order")
            try equal(batch.next, (batch.events.last?.index ?? 0) + 1, "where to go on")
            let rest = try await host.events(
                from: .index(batch.next), in: [space], atMost: 100, isOnce: true)
            try equal(rest.events, [], "what comes then")
            try expect(
                try await !host.events(from: .index(1), in: [other], atMost: 100, isOnce: true)
                    .events.contains { $0.process == id }, "told to another namespace")
            let first = try await host.events(
                from: .index(1), in: [space], atMost: 1, isOnce: true)
            try equal(first.events, Array(batch.events.prefix(1)), "one at most")
            try await fails(.outOfRange) { () async throws(HostError) in
                try await host.events(
                    from: .index(1_000_000), in: [space], atMost: 1, isOnce: true)
            }
        },
        Check(description: "who waits for events hears of the next one of its namespace") {
            fixture in
            let host = fixture.host
            let space = Namespace(of: alice)
            let start = try await host.events(from: .end, in: [space], atMost: 9, isOnce: true)
            try equal(start.events, [], "events at the end")
            let waiting = Task { () async throws -> EventBatch in
                try await host.events(
                    from: .index(start.next), in: [space], atMost: 9, isOnce: false)
            }
            let other = try await fixture.start(.lines(1, exit: 0), by: bob)
            let id = try await fixture.start(.lines(1, exit: 0))
            // From here on nothing happens any more.
            for one in [other, id] { _ = try await host.wait(one) }
            let heard = try await waiting.value.events
            try equal(heard.first?.kind, .started, "what it hears first")
            try equal(heard.first?.process, id, "of which process")
            let everybody = try await host.events(
                from: .index(start.next), in: nil, atMost: 100, isOnce: true)
            try equal(
                Set(everybody.events.map(\.namespace)), [space, Namespace(of: bob)], "whose events")
            let later = try await host.events(
                from: .since(.max), in: nil, atMost: 9, isOnce: true)
            try equal(later.events, [], "events of the future")
            let earlier = try await host.events(
                from: .since(.min), in: [space], atMost: 9, isOnce: true)
            try expect(!earlier.events.isEmpty, "no events of the past")
        },
    ]
}
