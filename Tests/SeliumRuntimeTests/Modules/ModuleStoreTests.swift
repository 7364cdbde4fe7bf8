import Foundation
import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTLSCore
import SeliumTestSupport
import Synchronization
import Testing

@Suite("The module store")
struct ModuleStoreTests {
    static func compiledFile(_ path: String) throws -> String {
        let folder = path + "/state/compiled"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return folder + "/" + (try #require(names.first { $0.hasSuffix(".cwasm") }))
    }

    @Test("a module is compiled once, also after a restart, and for everybody at once")
    func once() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let compiler = InProcessCompiler()
        let first = try RuntimeFixture.open(path, compiler: compiler)
        let spec = try await first.spec(ContractModules.module(.lines(1, exit: 0)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 { group.addTask { _ = try await first.start(spec, idempotency: nil) } }
            try await group.waitForAll()
        }
        #expect(compiler.count.load(ordering: .relaxed) == 1)
        await first.shutDown()
        let copy = try RestartTests.crashed(path)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let second = try RuntimeFixture.open(copy, compiler: compiler)
        _ = try await second.start(spec, idempotency: nil)
        #expect(compiler.count.load(ordering: .relaxed) == 1)
        await second.shutDown()
    }

    @Test(
        "a flipped byte in a compiled module is found, and the module compiled again",
        arguments: [0, 1, 2])
    func damage(kind: Int) async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let compiler = InProcessCompiler()
        let first = try RuntimeFixture.open(path, compiler: compiler)
        let spec = try await first.spec(ContractModules.module(.lines(1, exit: 3)))
        _ = try await first.start(spec, idempotency: nil)
        await first.shutDown()
        let copy = try RestartTests.crashed(path)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let file = try Self.compiledFile(copy)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        switch kind {
        case 0: bytes[bytes.count / 2] ^= 1
        case 1: bytes.removeLast()
        default: bytes = Data()
        }
        try FileManager.default.removeItem(atPath: file)
        try bytes.write(to: URL(fileURLWithPath: file))
        let second = try RuntimeFixture.open(copy, compiler: compiler)
        let id = try #require(try await second.start(spec, idempotency: nil).id)
        #expect(try await second.wait(id).outcome == .exit(code: 3))
        #expect(compiler.count.load(ordering: .relaxed) == 2)
        await second.shutDown()
    }

    @Test("compiled files are read-only, and nothing half done is left")
    func files() async throws {
        try await RuntimeFixture.with { runtime, path in
            _ = try await runtime.run(ContractModules.module(.lines(1, exit: 3)))
            for name in try FileManager.default.contentsOfDirectory(
                atPath: path + "/state/compiled")
            {
                #expect(name.hasSuffix(".cwasm") || name.hasSuffix(".sum"))
                let mode =
                    try FileManager.default.attributesOfItem(
                        atPath: path + "/state/compiled/" + name)[.posixPermissions] as? Int
                #expect(mode == 0o400)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: path + "/state/uploads") == [])
        }
    }

    @Test("a module that cannot be compiled is refused the same way again without trying")
    func refused() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let compiler = InProcessCompiler()
        let runtime = try RuntimeFixture.open(path, compiler: compiler)
        let spec = try await runtime.spec(ContractModules.module(.garbage))
        for _ in 0..<3 {
            let error = await refusal {
                try await runtime.start(spec, idempotency: nil)
            }
            #expect(error?.code == .invalidArgument)
        }
        #expect(compiler.count.load(ordering: .relaxed) == 1)
        await runtime.shutDown()
    }

    @Test("files of modules/ are found by name, hashed when they changed, and belong to everybody")
    func named() async throws {
        try await RuntimeFixture.with { runtime, path in
            let file = URL(fileURLWithPath: path + "/modules/hello.wasm")
            try Data(ContractModules.module(.lines(1, exit: 1))).write(to: file)
            for (name, identity) in [("hello", Runtime.alice), ("hello.wasm", Identity.operator)] {
                let spec = StartSpec(
                    namespace: Namespace(of: identity), creator: identity, role: .user,
                    module: .name(name),
                    moduleName: name)
                let id = try #require(try await runtime.start(spec, idempotency: nil).id)
                #expect(try await runtime.wait(id).outcome == .exit(code: 1))
            }
            let before = try #require(try await runtime.module(.name("hello"), in: Runtime.space))
            #expect(try await runtime.module(.digest(before.digest), in: Runtime.space) == before)
            try Data(ContractModules.module(.lines(1, exit: 2))).write(to: file)
            let after = try #require(try await runtime.module(.name("hello"), in: Runtime.space))
            #expect(after.digest != before.digest)
        }
    }

    @Test(
        "no name leads out of modules/, and what is no file is not opened",
        arguments: [
            "../state/state.sqlite", "/etc/passwd", "..", ".", "", "fifo", "folder", "a\0b",
            "missing",
        ])
    func names(name: String) async throws {
        try await RuntimeFixture.with { runtime, path in
            let made = unsafe mkfifo(path + "/modules/fifo", 0o600)
            #expect(made == 0)
            try RuntimeFixture.makeFolder(path + "/modules/folder", 0o700)
            #expect(try await runtime.module(.name(name), in: .system) == nil)
        }
    }

    @Test(
        "an upload goes on after a crash where it was written to",
        arguments: 0..<20 as Range<UInt64>)
    func resume(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let size = 9 << 20
        var bytes = Array(ContractModules.module(.lines(1, exit: 0)))
        // A custom section makes it as large as wanted.
        bytes += [0] + leb(size + 1) + [0] + random.bytes(size)
        let digest = try #require(ModuleDigest(bytes: SHA256.hash(bytes)))
        try await RuntimeFixture.with { first, path in
            let upload = try await first.beginUpload(
                digest, size: UInt64(bytes.count), namespace: Runtime.space, role: .user)
            let sent = Int.random(in: 1..<bytes.count, using: &random)
            var position = 0
            while position < sent {
                let end = min(sent, position + 65_536)
                try await first.append(Array(bytes[position..<end]), to: upload)
                position = end
            }
            let copy = try RestartTests.crashed(path)
            defer { try? FileManager.default.removeItem(atPath: copy) }
            let second = try RuntimeFixture.open(copy)
            let resumed = try await second.beginUpload(
                digest, size: UInt64(bytes.count), namespace: Runtime.space, role: .user)
            #expect(resumed.offset + Limits.uploadSyncBytes >= UInt64(sent))
            #expect(resumed.offset <= UInt64(sent))
            try await second.append(Array(bytes[Int(resumed.offset)...]), to: resumed)
            let info = try await second.commit(resumed)
            #expect(info.size == UInt64(bytes.count))
            let spec = try await second.spec(bytes)
            let id = try #require(try await second.start(spec, idempotency: nil).id)
            #expect(try await second.wait(id).outcome == .exit(code: 0))
            await second.shutDown()
        }
    }

    private func leb(_ number: Int) -> [UInt8] {
        var rest = number
        var bytes: [UInt8] = []
        repeat {
            bytes.append(UInt8(rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        return bytes
    }
}
