import Foundation
import SeliumHosting
import SeliumKernel
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Testing

@testable import SeliumRuntime

@Suite("The queue for the compiler", .inTurn(minutes: 2))
struct CompileQueueTests {
    private static let bob = Identity("bob") ?? .anonymous

    private static func digest(_ number: UInt8) throws -> ModuleDigest {
        try #require(ModuleDigest(bytes: Array(repeating: number, count: 32)))
    }

    private static func namespace(_ number: Int) throws -> Namespace {
        Namespace(of: try #require(Identity("user\(number)")))
    }

    @Test("namespaces take turns, each compiles one at a time")
    func turns() throws {
        var queue = CompileQueue(compilers: 2)
        let (alice, bob, carol) = (
            try Self.namespace(1), try Self.namespace(2), try Self.namespace(3)
        )
        for number in 0..<4 { try queue.enter(Self.digest(UInt8(number)), in: alice, role: .user) }
        // A second compiler is free, but not for her.
        #expect(queue.grant() == [try Self.digest(0)])
        #expect(queue.grant() == [])
        for number in 10..<12 { try queue.enter(Self.digest(UInt8(number)), in: bob, role: .user) }
        #expect(queue.grant() == [try Self.digest(10)])
        try queue.enter(Self.digest(20), in: carol, role: .user)
        var order: [ModuleDigest] = []
        var running = [try Self.digest(0), try Self.digest(10)]
        while !running.isEmpty {
            queue.leave(running.removeFirst())
            let granted = queue.grant()
            order += granted
            running += granted
        }
        #expect(
            order == [try Self.digest(1), try Self.digest(11), try Self.digest(20)]
                + [try Self.digest(2), try Self.digest(3)])
    }

    @Test("a user's part is bounded, so is the whole; an operator has the whole")
    func bounds() throws {
        var queue = CompileQueue(compilers: 1)
        let part = Limits.compileQueuePerNamespace
        func digest(_ number: Int) throws -> ModuleDigest {
            try #require(
                ModuleDigest(bytes: (0..<32).map { UInt8(truncatingIfNeeded: number >> $0) }))
        }
        func refusal(_ number: Int, _ namespace: Namespace, _ role: Role) throws -> HostError? {
            let digest = try digest(number)
            return #expect(throws: HostError.self) {
                try queue.enter(digest, in: namespace, role: role)
            }
        }
        let alice = try Self.namespace(0)
        for number in 0..<part { try queue.enter(digest(number), in: alice, role: .user) }
        let own = try refusal(1_000, alice, .user)
        #expect(own?.code == .resourceExhausted)
        #expect(own?.isRetryable == true)
        #expect(own?.message.hasPrefix("16 of your modules") == true)
        let system = Namespace.system
        for number in part..<Limits.compileQueue {
            try queue.enter(digest(number), in: system, role: .operator)
        }
        #expect(try refusal(1_001, system, .operator)?.code == .resourceExhausted)
        #expect(try refusal(1_002, Self.namespace(1), .user)?.isRetryable == true)
        // One turn makes room for one.
        #expect(queue.grant() == [try digest(0)])
        try queue.enter(digest(1_000), in: alice, role: .user)
        #expect(try refusal(1_003, system, .operator)?.code == .resourceExhausted)
        // Who leaves without a turn as well.
        queue.leave(try digest(1_000))
        try queue.enter(digest(1_003), in: system, role: .operator)
    }

    @Test("a module that two wait for has its turn when the first of them has, and once")
    func shared() throws {
        var queue = CompileQueue(compilers: 1)
        let (alice, bob) = (try Self.namespace(1), try Self.namespace(2))
        for number in 0..<10 { try queue.enter(Self.digest(UInt8(number)), in: alice, role: .user) }
        #expect(queue.grant() == [try Self.digest(0)])
        queue.join(try Self.digest(9), in: bob, role: .user)
        queue.join(try Self.digest(9), in: bob, role: .user)
        queue.join(try Self.digest(99), in: bob, role: .user)
        var order: [ModuleDigest] = []
        var running = [try Self.digest(0)]
        while let last = running.popLast() {
            queue.leave(last)
            running = queue.grant()
            order += running
        }
        #expect(
            order == [try Self.digest(1), try Self.digest(9)]
                + (try (2..<9).map { try Self.digest($0) }))
    }

    private func bring(_ code: UInt32, _ who: Identity, to runtime: Runtime) async throws
        -> StartSpec
    {
        let bytes = ContractModules.module(.lines(1, exit: code))
        let digest = try #require(ModuleDigest(bytes: SHA256.hash(bytes)))
        let namespace = Namespace(of: who)
        let upload = try await runtime.beginUpload(
            digest, size: UInt64(bytes.count), namespace: namespace, role: .user)
        try await runtime.append(Array(bytes.dropFirst(Int(upload.offset))), to: upload)
        _ = try await runtime.commit(upload)
        return StartSpec(
            namespace: namespace, creator: who, role: .user, module: .digest(digest),
            moduleName: "app.wasm")
    }

    @Test("who brings one module waits for one of somebody else's many, not for all of them")
    func fair() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let compiler = SteppedCompiler()
        let runtime = try RuntimeFixture.open(path, compiler: compiler, compilers: 1)
        let many = Limits.compileQueuePerNamespace + 1
        var starts: [Task<Void, any Error>] = []
        func start(_ spec: StartSpec) async throws {
            let phases = PhaseNotes()
            starts.append(
                Task { _ = try await runtime.start(spec, idempotency: nil, observer: phases.note) })
            // It is in the queue, or has the compiler.
            while !phases.all.contains(.compiling) { await Task.yield() }
        }
        try await start(bring(0, Runtime.alice, to: runtime))
        // The first has the compiler, so the others wait.
        while compiler.begun.isEmpty { await Task.yield() }
        for number in 1..<many {
            try await start(bring(UInt32(number), Runtime.alice, to: runtime))
        }
        let tooMuch = try await bring(99, Runtime.alice, to: runtime)
        let refused = await refusal { try await runtime.start(tooMuch, idempotency: nil) }
        #expect(refused?.code == .resourceExhausted)
        #expect(refused?.isRetryable == true)
        let his = try await bring(7_000, Self.bob, to: runtime)
        try await start(his)
        compiler.allowAll()
        for start in starts { try await start.value }
        #expect(compiler.begun.count == many + 1)
        #expect(compiler.most == 1)
        guard case .digest(let digest) = his.module else {
            Issue.record("no digest")
            return
        }
        let place = try #require(compiler.begun.firstIndex(of: digest.bytes))
        #expect(place == 2)
        await runtime.shutDown()
    }
}
