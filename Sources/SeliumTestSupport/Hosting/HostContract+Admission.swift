internal import SeliumHosting
internal import SeliumKernel
internal import SeliumTLSCore

extension HostContract {
    static let admissionChecks: [Check] = [
        Check(description: "a start is judged before its module is here") { fixture in
            let host = fixture.host
            let own = try fixture.absent(by: alice)
            try await host.admit(own, idempotency: nil)
            let first = try await fixture.start(.endless, name: "web")

            var named = own
            named.name = ProcessName("web")
            let taken = named
            try await fails(.alreadyExists) { () async throws(HostError) in
                try await host.admit(taken, idempotency: nil)
            }
            var foreign = try fixture.absent(by: bob)
            foreign.name = ProcessName("web")
            try await host.admit(foreign, idempotency: nil)

            for memory in [0, Limits.processMemoryMaximum + 1] {
                var greedy = own
                greedy.memoryLimit = memory
                let start = greedy
                try await fails(.invalidArgument) { () async throws(HostError) in
                    try await host.admit(start, idempotency: nil)
                }
            }

            var ids = [first]
            for _ in 1..<Limits.userProcesses { ids.append(try await fixture.start(.endless)) }
            try await fails(.resourceExhausted) { () async throws(HostError) in
                try await host.admit(own, idempotency: nil)
            }
            try await host.admit(foreign, idempotency: nil)
            try await host.admit(fixture.absent(by: .operator), idempotency: nil)
            _ = try await host.stop(ids.removeLast(), idempotency: nil)
            try await host.admit(own, idempotency: nil)
            try equal(
                try await host.processes(in: nil, includingEnded: false).map(\.id), ids, "living")
            for id in ids { _ = try await host.stop(id, idempotency: nil) }
        },
        Check(description: "a repeat is admitted whatever is full by then, another body is not") {
            fixture in
            let host = fixture.host
            let spec = try await fixture.spec(.endless, name: "web")
            let key = request(1, body: 1)
            try await host.admit(spec, idempotency: key)
            let report = try await host.start(spec, idempotency: key)
            try await host.admit(spec, idempotency: key)
            try equal(try await host.start(spec, idempotency: key), report, "the repeat's answer")
            try await fails(.alreadyExists) { () async throws(HostError) in
                try await host.admit(spec, idempotency: request(2, body: 1))
            }
            try await fails(.aborted) { () async throws(HostError) in
                try await host.admit(spec, idempotency: request(1, body: 2))
            }
            // Being judged used no key up.
            var other = spec
            other.name = nil
            let second = try await host.start(other, idempotency: request(2, body: 3))
            for report in [report, second] {
                _ = try await host.stop(unwrap(report.id, "id"), idempotency: nil)
            }
        },
    ]
}

extension HostContract.Fixture {
    /// A start of a module that nobody has sent.
    func absent(by identity: Identity) throws -> StartSpec {
        let digest = try HostContract.unwrap(
            ModuleDigest(bytes: SHA256.hash([1, 2, 3])), "digest of 32 bytes")
        return StartSpec(
            namespace: Namespace(of: identity), creator: identity, role: .builtIn(for: identity),
            module: .digest(digest), moduleName: "absent.wasm")
    }
}
