package import SeliumHosting
internal import SeliumKernel

extension HostContract {
    static let nameChecks: [Check] = [
        Check(description: "a name belongs to one living process of a namespace") { fixture in
            let host = fixture.host
            let name = try unwrap(ProcessName("web"), "name")
            let space = Namespace(of: alice)
            let id = try await fixture.start(.endless, name: "web")
            let again = try await fixture.spec(.endless, name: "web")
            try await fails(.alreadyExists) { () async throws(HostError) in
                try await host.start(again, idempotency: nil)
            }
            try await fails(.alreadyExists) { () async throws(HostError) in
                try await host.dryRun(again)
            }
            try equal(try await host.lookup(name, in: space), id, "owner")
            try equal(try await host.status(id)?.name, name, "the row's name")
            _ = try await host.stop(id, idempotency: nil)
            try equal(try await host.lookup(name, in: space), id, "the newest that ended")
            let next = try await fixture.start(.endless, name: "web")
            try equal(try await host.lookup(name, in: space), next, "the new owner")
            _ = try await host.stop(next, idempotency: nil)
            try equal(try await host.lookup(name, in: space), next, "the newest that ended")
        },
        Check(description: "a name of another namespace is neither found nor in the way") {
            fixture in
            let host = fixture.host
            let name = try unwrap(ProcessName("web"), "name")
            let first = try await fixture.start(.endless, by: alice, name: "web")
            try equal(try await host.lookup(name, in: Namespace(of: bob)), nil, "bob's web")
            let second = try await fixture.start(.endless, by: bob, name: "web")
            try equal(try await host.lookup(name, in: Namespace(of: bob)), second, "bob's web")
            try equal(try await host.lookup(name, in: Namespace(of: alice)), first, "alice's web")
            for id in [first, second] { _ = try await host.stop(id, idempotency: nil) }
        },
        Check(description: "a digest is a name, not a key") { fixture in
            let host = fixture.host
            let spec = try await fixture.spec(.lines(1, exit: 0), by: alice)
            try expect(try await host.module(spec.module, in: spec.namespace) != nil, "not alice's")
            try equal(try await host.module(spec.module, in: Namespace(of: bob)), nil, "bob's")
            var foreign = spec
            foreign.namespace = Namespace(of: bob)
            foreign.creator = bob
            let start = foreign
            try await fails(.notFound) { () async throws(HostError) in
                try await host.start(start, idempotency: nil)
            }
        },
    ]

    static let idempotencyChecks: [Check] = [
        Check(description: "a repeated start gives the first one's answer, another body is aborted")
        { fixture in
            let host = fixture.host
            let spec = try await fixture.spec(.lines(1, exit: 0))
            let key = request(1, body: 1)
            let first = try await host.start(spec, idempotency: key)
            try equal(try await host.start(spec, idempotency: key), first, "the repeat's answer")
            try await fails(.aborted) { () async throws(HostError) in
                try await host.start(spec, idempotency: request(1, body: 2))
            }
            var foreign = key
            foreign.identity = bob
            try expect(
                try await host.start(spec, idempotency: foreign).id != first.id,
                "another's key joined")
            try equal(
                try await host.processes(in: nil, includingEnded: true).count, 2, "processes")
        },
        Check(description: "repeats in flight at once start one process") { fixture in
            let host = fixture.host
            let spec = try await fixture.spec(.endless)
            let ids = try await withThrowingTaskGroup(of: ProcessID?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await host.start(spec, idempotency: request(1, body: 1)).id
                    }
                }
                return try await group.reduce(into: Set<ProcessID?>()) { $0.insert($1) }
            }
            try equal(ids.count, 1, "different ids")
            try equal(try await host.processes(in: nil, includingEnded: true).count, 1, "processes")
            for id in ids { _ = try await host.stop(unwrap(id, "id"), idempotency: nil) }
        },
        Check(description: "a start that failed leaves its key free") { fixture in
            let host = fixture.host
            var spec = try await fixture.spec(.lines(1, exit: 0))
            let good = spec
            spec.entrypoint = "nowhere"
            let bad = spec
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await host.start(bad, idempotency: request(1, body: 1))
            }
            _ = try await host.start(good, idempotency: request(1, body: 2))
        },
        Check(description: "a repeated stop gives the first one's answer") { fixture in
            let host = fixture.host
            let id = try await fixture.start(.endless)
            let first = try await host.stop(id, idempotency: request(1, body: 1))
            guard case .stopped = first else { throw Violation(description: "\(first)") }
            try equal(
                try await host.stop(id, idempotency: request(1, body: 1)), first,
                "the repeat's answer")
        },
    ]

    /// An idempotency key of alice: equal numbers, equal keys and bodies.
    package static func request(_ key: UInt8, body: UInt8) -> Idempotency {
        Idempotency(
            namespace: Namespace(of: alice), identity: alice, key: Array(repeating: key, count: 16),
            bodyHash: Array(repeating: body, count: 32))
    }
}
