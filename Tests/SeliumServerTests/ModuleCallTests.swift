import SeliumHosting
import SeliumKernel
import SeliumProtocol
import SeliumTestSupport
import SeliumTesting
import SwiftProtobuf
import Testing

@Suite("Calls about modules", .serialized, .inTurn(minutes: 2))
struct ModuleCallTests {
    private static let seven = Script.module("exit 7")
    private static let eight = Script.module("exit 8")

    /// Pushes a module that the namespace does not have.
    private func push(
        _ bytes: [UInt8], _ name: String, as client: TestClient
    ) async throws -> WirePushedModule {
        let call = try await client.open(.pushModule(bytes, name), end: false)
        guard case .upload(let upload) = try await call.step() else {
            throw TestFailure("no upload")
        }
        #expect(upload.offset == 0)
        try await call.send(FrameEncoder.upload(bytes), end: true)
        guard case .result(.pushedModule(let pushed)) = try await call.last() else {
            throw TestFailure("not pushed")
        }
        return pushed
    }

    private func names(_ client: TestClient) async throws -> [[String]] {
        guard case .modules(let list) = try await client.result(.listingModules) else {
            throw TestFailure("no list")
        }
        return list.modules.map { [$0.namespace] + $0.names }
    }

    @Test("a push takes the bytes once, and a name means what it was pushed for last")
    func pushes() async throws {
        try await withServer { fixture in
            let alice = try await fixture.connect(as: "alice")
            let first = try await push(Self.seven, "app.wasm", as: alice)
            #expect(first.name == "app")
            #expect(first.digestBytes == InMemoryProcessHost.digest(of: Self.seven).bytes)
            #expect(first.replacedBytes == [])
            // Nothing is wanted of what is there.
            guard
                case .pushedModule(let other) = try await alice.result(
                    .pushModule(Self.seven, "other"))
            else { throw TestFailure("not pushed") }
            #expect(other.replacedBytes == [])
            let second = try await push(Self.eight, "app", as: alice)
            #expect(second.replacedBytes == first.digestBytes)
            #expect(try await names(alice) == [["alice", "app"], ["alice", "other"]])
            let id = try await alice.start("app")
            guard case .ended(let ended) = try await alice.result(.wait(id)) else {
                throw TestFailure("no end")
            }
            #expect(ended.exit.exit.code == 8)
        }
    }

    @Test("what is another's is not found, as what does not exist, and is not listed")
    func foreign() async throws {
        try await withServer { fixture in
            let alice = try await fixture.connect(as: "alice")
            let bob = try await fixture.connect(as: "bob")
            _ = try await push(Self.seven, "app", as: alice)
            #expect(try await names(bob) == [])
            var digest = WireRequest.removeModule("")
            digest.removeModule.module = WireModuleRef(
                digestBytes: InMemoryProcessHost.digest(of: Self.seven).bytes)
            var inspected = WireRequest.inspectModule("")
            inspected.inspectModule.module = digest.removeModule.module
            for request in [.removeModule("app"), .inspectModule("app"), digest, inspected] {
                #expect(try await bob.error(request).code == .notFound)
            }
            let unknown = try await bob.error(.removeModule("nothing"))
            let hidden = try await bob.error(.removeModule("app"))
            #expect(
                hidden.message
                    == unknown.message.replacing("nothing", with: "app"))
            // The same name is free for bob, who has to send the bytes himself.
            let pushed = try await push(Self.seven, "app", as: bob)
            #expect(pushed.replacedBytes == [])
            guard case .removedModule(let removed) = try await bob.result(.removeModule("app"))
            else { throw TestFailure("not removed") }
            #expect(removed.isGone)
            #expect(try await names(alice) == [["alice", "app"]])
        }
    }

    @Test("a collection leaves what is being uploaded, named or used")
    func collection() async throws {
        try await withServer { fixture in
            fixture.host.give(Script.module("wait"), to: "alice")
            fixture.host.give(Self.eight, to: "alice")
            let alice = try await fixture.connect(as: "alice")
            _ = try await alice.result(.start(upload: Script.module("wait")))
            let call = try await alice.open(.pushModule(Self.seven, "app"), end: false)
            guard case .upload = try await call.step() else { throw TestFailure("no upload") }
            try await call.send(FrameEncoder.upload(Array(Self.seven.dropLast())))
            await eventually { fixture.host.uploadedBytes == Self.seven.count - 1 }
            for isDryRun in [true, false] {
                var request = WireRequest.collectingModules
                request.collectModules.dryRun = isDryRun
                guard case .collectedModules(let gone) = try await alice.result(request) else {
                    throw TestFailure("no collection")
                }
                #expect(gone.digestsBytes == [InMemoryProcessHost.digest(of: Self.eight).bytes])
                #expect(gone.bytes == UInt64(Self.eight.count))
            }
            try await call.send(FrameEncoder.upload(Array(Self.seven.suffix(1))), end: true)
            guard case .result(.pushedModule) = try await call.last() else {
                throw TestFailure("not pushed")
            }
            #expect(try await names(alice) == [["alice", "app"], ["alice"]])
        }
    }

    @Test("what makes no sense is refused by its field; nothing changes files of the server")
    func refused() async throws {
        try await withServer { fixture in
            let alice = try await fixture.connect(as: "alice")
            var short = WireRequest.pushModule(Self.seven, "app")
            short.pushModule.digestBytes = [1, 2, 3]
            var tiny = WireRequest.pushModule(Self.seven, "app")
            tiny.pushModule.size = 7
            var large = WireRequest.pushModule(Self.seven, "app")
            large.pushModule.size = .max
            var none = WireRequest.removeModule("")
            none.removeModule = WireRemoveModule()
            for (request, field) in [
                (short, "push_module.digest"), (tiny, ""), (large, ""),
                (.pushModule(Self.seven, "7"), "push_module.name"),
                (.pushModule(Self.seven, "a/b"), "push_module.name"),
                (.pushModule(Self.seven, ""), "push_module.name"),
                (none, "remove_module.module"),
                (.removeModule(""), "remove_module.module.name"),
                (.inspectModule(String(repeating: "a", count: 256)), "inspect_module.module.name"),
            ] {
                let error = try await alice.error(request)
                #expect(error.code == .invalidArgument, "\(error)")
                #expect(error.field == field)
            }
            let owner = try await fixture.connect()
            for request in [
                .pushModule(Self.seven, "app"), .removeModule("app"), .collectingModules,
            ] as [WireRequest] {
                var request = request
                request.namespace = "system"
                #expect(try await owner.error(request).code == .failedPrecondition)
            }
            #expect(try await names(owner) == [])
        }
    }
}
