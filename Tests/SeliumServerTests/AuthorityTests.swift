import SeliumKernel
import SeliumProtocol
import SeliumQUIC
import SeliumServer
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite(.serialized, .inTurn(minutes: 2)) struct AuthorityTests {
    private func host() -> InMemoryProcessHost {
        let host = InMemoryProcessHost()
        host.addModule("hello", Script.module("exit 0"))
        host.addModule("waits", Script.module("wait"))
        return host
    }

    @Test("A foreign process is not found, by id, by name and by digest, whatever is asked")
    func foreign() async throws {
        try await withServer(host: host()) { fixture in
            let alice = try await fixture.connect(as: "alice")
            let bob = try await fixture.connect(as: "bob")
            let id = try await alice.start("waits") { $0.name = "web" }
            let absent = try await bob.error(.stop(id + 1_000))
            for request in [
                WireRequest.stop(id), .attach(id), .wait(id), .kill(id), .restart(id), .remove(id),
                .remove(id, force: true),
            ] {
                let error = try await bob.error(request)
                #expect(error.code == .notFound)
                #expect(error.message == absent.message.replacing("\(id + 1_000)", with: "\(id)"))
            }
            for change in [
                { $0.stop.process.name = "web" }, { $0.attach.process.name = "web" },
                { $0.wait.process.name = "web" }, { $0.kill.process.name = "web" },
                { $0.restart.process.name = "web" }, { $0.remove.process.name = "web" },
                { $0.list.processes = [WireProcessRef.with { $0.id = id }] },
                { $0.list.processes = [WireProcessRef.with { $0.name = "web" }] },
            ] as [(inout WireRequest) -> Void] {
                var request = WireRequest()
                request.idempotencyKeyBytes = WireRequest.key()
                change(&request)
                #expect(try await bob.error(request).code == .notFound)
            }
            #expect(try await bob.processes().isEmpty)
            // What ended of alice's is not bob's to forget, even where the host would.
            let ended = try await alice.start("hello")
            guard case .pruned(let pruned) = try await bob.result(.pruning) else {
                throw TestFailure("no")
            }
            #expect(pruned.ids.isEmpty)
            var elsewhere = WireRequest.pruning
            elsewhere.namespace = "alice"
            #expect(try await bob.error(elsewhere).code == .permissionDenied)
            guard case .removed = try await alice.result(.remove(ended)) else {
                throw TestFailure("no")
            }
            // The same name is free for bob: never a conflict with a foreign one.
            _ = try await bob.start("waits") { $0.name = "web" }
            #expect(try await alice.processes(all: false).map(\.id) == [id])

            let module = Script.module("print secret", "exit 0")
            let call = try await alice.open(.start(upload: module), end: false)
            guard case .upload = try await call.step() else { throw TestFailure("no upload") }
            try await call.send(FrameEncoder.upload(module), end: true)
            guard case .result(.started) = try await call.last() else { throw TestFailure("no") }
            let byDigest = WireRequest.start(upload: module) { $0.moduleSize = 0 }
            #expect(try await bob.error(byDigest).code == .notFound)
            // With the bytes announced bob is asked for every one of them.
            let again = try await bob.open(.start(upload: module), end: false)
            guard case .upload(let upload) = try await again.step() else { throw TestFailure("no") }
            #expect(upload.offset == 0)
            again.cancel()
        }
    }

    @Test("The header's namespace is for those whose role reaches it")
    func namespaces() async throws {
        try await withServer(host: host()) { fixture in
            let alice = try await fixture.connect(as: "alice")
            let chief = try await fixture.connect(as: "operator")
            let id = try await alice.start("waits") { $0.name = "web" }
            for name in ["bob", "operator", "nobody-at-all"] {
                var request = WireRequest.list()
                request.namespace = name
                #expect(try await alice.error(request).code == .permissionDenied)
            }
            var bad = WireRequest.whoAmI
            bad.namespace = "No Namespace"
            #expect(try await alice.error(bad).code == .invalidArgument)
            var named = WireRequest()
            named.namespace = "alice"
            named.wait.process.name = "web"
            let waiting = try await chief.open(named)
            guard case .following(let following) = try await waiting.step() else {
                throw TestFailure("not found")
            }
            #expect(following.process.id == id)
            named.namespace = ""
            #expect(try await chief.error(named).code == .notFound)
            #expect(try await chief.processes().map(\.namespace) == ["alice"])
        }
    }

    @Test("A user hands out nothing that reaches the network, files or the environment")
    func grants() async throws {
        try await withServer(host: host()) { fixture in
            let alice = try await fixture.connect(as: "alice")
            func grant(_ name: String, _ scope: String = "") -> WireRequest {
                .start("hello") {
                    $0.grants = [
                        .with {
                            $0.capability = name
                            $0.scope = scope
                        }
                    ]
                }
            }
            let denied = try await alice.error(grant("NetTcpConnect"))
            #expect(denied.code == .permissionDenied)
            #expect(denied.denial.capability == "NetTcpConnect")
            #expect(denied.denial.role == "user")
            #expect(!denied.denial.rolePermits)
            #expect(try await alice.error(grant("Nonsense")).code == .invalidArgument)
            #expect(try await alice.error(grant("TimeRead", "always")).code == .invalidArgument)
            guard case .result(.started(let started)) = try await alice.ask(grant("TimeRead"))
            else {
                throw TestFailure("refused")
            }
            #expect(started.grants.map(\.capability) == ["TimeRead"])
            let chief = try await fixture.connect()
            guard case .result = try await chief.ask(grant("NetTcpConnect")) else {
                throw TestFailure("refused")
            }
            #expect(try await alice.processes().count == 1)
        }
    }

    @Test(
        "A certificate must name exactly one identity that is not reserved",
        arguments: [
            (OddCertificates.two, "more than one"), (OddCertificates.none, "no identity"),
            (OddCertificates.system, "reserved"), (OddCertificates.anonymous, "reserved"),
            (OddCertificates.foreign, "no identity"), (OddCertificates.upper, "no identity"),
        ])
    func oddCertificates(certificate: String, reason: String) async throws {
        try await withServer(clientRoots: Array(OddCertificates.ca.utf8)) { fixture in
            let tls = try TLSContext(
                client: TLSClientConfiguration(
                    trustRoots: fixture.certificates.trustRoots,
                    identity: OddCertificates.identity(certificate),
                    applicationProtocols: ["selium/1"]))
            let refusal = try await fixture.refusal(tls)
            #expect(refusal.code == ResetCode.certificateNotAccepted.rawValue)
            #expect(refusal.reason.contains(reason))
        }
    }

    @Test("The same CA's ordinary certificate is accepted, a server's and none are not")
    func certificates() async throws {
        try await withServer(clientRoots: Array(OddCertificates.ca.utf8)) { fixture in
            func context(_ identity: TLSIdentity?) throws -> TLSContext {
                try TLSContext(
                    client: TLSClientConfiguration(
                        trustRoots: fixture.certificates.trustRoots, identity: identity,
                        applicationProtocols: ["selium/1"]))
            }
            let good = try await fixture.connect(
                context(OddCertificates.identity(OddCertificates.good)))
            guard case .info(let info) = try await good.result(.whoAmI) else {
                throw TestFailure("no")
            }
            #expect(info.identity == "alice")
            for bad in [nil, OddCertificates.identity(OddCertificates.server)] {
                let error = await #expect(throws: QUICError.self) {
                    let client = try await fixture.connect(context(bad))
                    _ = try await client.ask(.whoAmI)
                }
                #expect(error?.code == .certificateRefused)
            }
        }
    }

    @Test("A connection ends when its certificate does")
    func expiry() async throws {
        let clock = TestClock()
        var configuration = ControlFixture.configuration
        configuration.unixTime = { clock.now }
        try await withServer(configuration, host: host()) { fixture in
            clock.advance(to: WallTime.now)
            let client = try await fixture.connect()
            let id = try await client.start("waits")
            let call = try await client.open(.wait(id))
            _ = try await call.step()
            clock.advance(to: WallTime.now + 91 * 86_400)
            let end = await client.connection.ended()
            guard case .closedByPeer(6, isTransport: false, _) = end else {
                throw TestFailure("\(end)")
            }
        }
    }

    @Test("Without client certificates everybody is anonymous, a user")
    func anonymous() async throws {
        var configuration = ControlFixture.configuration
        configuration.callers = .anonymous
        try await withServer(configuration, host: host()) { fixture in
            let client = try await fixture.connect(
                fixture.certificates.clientContext(identity: nil))
            guard case .info(let info) = try await client.result(.whoAmI) else {
                throw TestFailure("no")
            }
            #expect(info.identity == "anonymous")
            #expect(info.role == "user")
            #expect(info.certificateExpiresAt == 0)
        }
    }

    @Test("Another ALPN is refused by the handshake")
    func alpn() async throws {
        try await withServer { fixture in
            let error = await #expect(throws: QUICError.self) {
                try await fixture.connect(fixture.certificates.clientContext(protocols: ["h3"]))
            }
            #expect(error?.code == .protocolMismatch)
        }
    }
}
