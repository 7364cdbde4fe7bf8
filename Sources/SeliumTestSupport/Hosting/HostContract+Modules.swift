internal import SeliumHosting
internal import SeliumKernel

extension HostContract {
    private static func name(_ text: String) throws -> ModuleName {
        try unwrap(ModuleName(text), "a name")
    }

    private static let space = Namespace(of: alice)

    static let moduleChecks: [Check] = [
        Check(
            description: "a name means a module of the namespace, for starts there and nowhere else"
        ) { fixture in
            let host = fixture.host
            let seven = try await fixture.digest(.lines(1, exit: 7), for: alice)
            let eight = try await fixture.digest(.lines(1, exit: 8), for: alice)
            let app = try name("app.wasm")
            try equal(app.text, "app", "the name without its ending")
            let first = try await host.nameModule(seven, app, in: space, idempotency: nil)
            try equal(first, nil, "what it meant before")
            let again = try await host.nameModule(seven, app, in: space, idempotency: nil)
            try equal(again, nil, "what it meant before, the same")
            for word in ["app", "app.wasm"] {
                try equal(
                    try await host.module(.name(word), in: space)?.digest, seven, word)
            }
            try equal(
                try await host.module(.name("app"), in: Namespace(of: bob)), nil,
                "somebody else's look")
            var spec = try await fixture.spec(.lines(1, exit: 7))
            spec.module = .name("app")
            let id = try unwrap(try await host.start(spec, idempotency: nil).id, "id")
            try equal(try await host.wait(id).outcome, .exit(code: 7), "outcome")
            let replaced = try await host.nameModule(eight, app, in: space, idempotency: nil)
            try equal(replaced, seven, "what it meant before")
            let next = try unwrap(try await host.start(spec, idempotency: nil).id, "id")
            try equal(try await host.wait(next).outcome, .exit(code: 8), "outcome of the new one")
            try await fails(.notFound) { () async throws(HostError) in
                try await host.nameModule(seven, app, in: Namespace(of: bob), idempotency: nil)
            }
        },
        Check(description: "a list shows a namespace's modules with names and living users") {
            fixture in
            let host = fixture.host
            let digest = try await fixture.digest(.endless, for: alice)
            _ = try await fixture.digest(.lines(1, exit: 0), for: bob)
            let id = try await fixture.start(.endless)
            for text in ["b", "a"] {
                _ = try await host.nameModule(
                    digest, try name(text), in: space, idempotency: nil)
            }
            let rows = try await host.modules(in: [space])
            try equal(rows.map(\.namespace), [space], "namespaces")
            let row = try unwrap(rows.first, "row")
            try equal(row.digest, digest, "digest")
            try equal(row.names, ["a", "b"], "names")
            try equal(row.users, 1, "users")
            try equal(row.size, UInt64(fixture.module(.endless).count), "size")
            try equal(try await host.modules(in: nil).count, 2, "modules of everybody")
            _ = try await host.kill(id, idempotency: nil)
            try equal(try await host.modules(in: [space]).first?.users, 0, "users of an ended one")
        },
        Check(description: "a module goes with its last name, and not while it is used") {
            fixture in
            let host = fixture.host
            let digest = try await fixture.digest(.endless, for: alice)
            for text in ["a", "b"] {
                _ = try await host.nameModule(
                    digest, try name(text), in: space, idempotency: nil)
            }
            let id = try await fixture.start(.endless)
            let first = try await host.removeModule(.name("a"), in: space, idempotency: nil)
            try equal(
                first, ModuleRemoval(digest: digest, names: ["a"], isGone: false), "first removal")
            for reference in [ModuleReference.name("b"), .digest(digest)] {
                try await fails(.failedPrecondition) { () async throws(HostError) in
                    try await host.removeModule(reference, in: space, idempotency: nil)
                }
            }
            try await fails(.notFound) { () async throws(HostError) in
                try await host.removeModule(.name("a"), in: space, idempotency: nil)
            }
            _ = try await host.kill(id, idempotency: nil)
            let last = try await host.removeModule(.name("b"), in: space, idempotency: nil)
            try equal(
                last, ModuleRemoval(digest: digest, names: ["b"], isGone: true), "last removal")
            try equal(try await host.module(.digest(digest), in: space), nil, "the module")
            try equal(try await host.modules(in: [space]), [], "the list")
            // It comes back as new.
            try equal(try await fixture.digest(.endless, for: alice), digest, "the digest")
            let again = try await fixture.start(.endless)
            _ = try await host.kill(again, idempotency: nil)
        },
        Check(description: "what one namespace forgets another one keeps") { fixture in
            let host = fixture.host
            let digest = try await fixture.digest(.lines(1, exit: 7), for: alice)
            _ = try await fixture.digest(.lines(1, exit: 7), for: bob)
            _ = try await host.removeModule(.digest(digest), in: space, idempotency: nil)
            try equal(try await host.module(.digest(digest), in: space), nil, "alice's")
            let id = try await fixture.start(.lines(1, exit: 7), by: bob)
            try equal(try await host.wait(id).outcome, .exit(code: 7), "bob's outcome")
            try await fails(.notFound) { () async throws(HostError) in
                try await host.removeModule(.digest(digest), in: space, idempotency: nil)
            }
        },
        Check(
            description:
                "a collection takes what has no name and no living user, and says so before"
        ) { fixture in
            let host = fixture.host
            let named = try await fixture.digest(.lines(1, exit: 7), for: alice)
            _ = try await host.nameModule(named, try name("kept"), in: space, idempotency: nil)
            let id = try await fixture.start(.endless)
            let loose = try await fixture.digest(.lines(1, exit: 0), for: alice)
            let expected = ModuleCollection(
                digests: [loose], bytes: UInt64(fixture.module(.lines(1, exit: 0)).count))
            for isDryRun in [true, true, false] {
                try equal(
                    try await host.collectModules(
                        in: space, isDryRun: isDryRun, idempotency: nil), expected, "collection")
            }
            try equal(
                try await host.collectModules(in: space, isDryRun: false, idempotency: nil),
                ModuleCollection(digests: [], bytes: 0), "a second collection")
            try equal(try await host.module(.digest(loose), in: space), nil, "the collected one")
            try equal(try await host.modules(in: [space]).count, 2, "what is left")
            _ = try await host.kill(id, idempotency: nil)
            try equal(
                try await host.collectModules(
                    in: space, isDryRun: false, idempotency: nil
                ).digests.count, 1, "the one that was used")
        },
        Check(description: "a collection leaves what somebody is about to start or name") {
            fixture in
            let host = fixture.host
            let digest = try await fixture.digest(.lines(1, exit: 0), for: alice)
            let other = Namespace(of: bob)
            for _ in 0..<2 { host.holdModule(digest, in: space) }
            host.holdModule(digest, in: other)
            for (holders, expected) in [(2, 0), (1, 0), (0, 1)] {
                let gone = try await host.collectModules(
                    in: space, isDryRun: false, idempotency: nil)
                try equal(gone.digests.count, expected, "what went while \(holders) held it")
                if holders > 0 { host.releaseModule(digest, in: space) }
            }
            host.releaseModule(digest, in: other)
        },
        Check(description: "inspecting a module tells its imports, and fails as a start would") {
            fixture in
            let host = fixture.host
            let clock = try await fixture.digest(.readsClock, for: alice)
            let detail = try await host.inspectModule(
                .digest(clock), in: space, role: .user, observer: nil)
            try equal(detail.status.digest, clock, "digest")
            try equal(detail.status.namespace, space, "namespace")
            try equal(detail.entrypoint, "_start", "entrypoint")
            try expect(
                detail.imports.contains { $0.capability == "TimeRead" && $0.isProvided },
                "no import that needs TimeRead: \(detail.imports)")
            try expect(
                detail.exports.contains { $0.name == "_start" && $0.kind == "function" },
                "no _start: \(detail.exports)")
            try equal(detail.exportCount, detail.exports.count, "how many")
            let garbage = try await fixture.digest(.garbage, for: alice)
            try await fails(.invalidArgument) { () async throws(HostError) in
                try await host.inspectModule(
                    .digest(garbage), in: space, role: .user, observer: nil)
            }
            try await fails(.notFound) { () async throws(HostError) in
                try await host.inspectModule(
                    .digest(clock), in: Namespace(of: bob), role: .user, observer: nil)
            }
        },
        Check(description: "a repeat of a removal has its answer, another body is refused") {
            fixture in
            let host = fixture.host
            let digest = try await fixture.digest(.lines(1, exit: 7), for: alice)
            let key = Idempotency(
                namespace: space, identity: alice, key: [UInt8](repeating: 9, count: 16),
                bodyHash: [1])
            let first = try await host.removeModule(.digest(digest), in: space, idempotency: key)
            let second = try await host.removeModule(.digest(digest), in: space, idempotency: key)
            try equal(second, first, "the repeat")
            var other = key
            other.bodyHash = [2]
            let changed = other
            try await fails(.aborted) { () async throws(HostError) in
                try await host.removeModule(.digest(digest), in: space, idempotency: changed)
            }
        },
    ]
}
