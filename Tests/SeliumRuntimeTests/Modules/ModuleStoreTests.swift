import Foundation
import SeliumHosting
import SeliumKernel
import SeliumRuntime
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Synchronization
import Testing

@Suite("The module store", .inTurn(minutes: 2))
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

    @Test("who waits for a compile hears so, also one that somebody else began; others do not")
    func compilePhase() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let compiler = GatedCompiler()
        let runtime = try RuntimeFixture.open(path, compiler: compiler)
        let spec = try await runtime.spec(ContractModules.module(.lines(1, exit: 0)))
        let phases = (0..<3).map { _ in PhaseNotes() }
        let starts = phases.prefix(2).map { phases in
            Task { try await runtime.start(spec, idempotency: nil, observer: phases.note) }
        }
        // Both say so while the compile goes on.
        while !phases.prefix(2).allSatisfy({ $0.all.contains(.compiling) }) { await Task.yield() }
        // ps answers meanwhile.
        #expect(try await runtime.processes(in: nil, includingEnded: true) == [])
        compiler.open()
        for start in starts { _ = try await start.value }
        for phases in phases.prefix(2) { #expect(phases.all.last == .starting) }
        _ = try await runtime.start(spec, idempotency: nil, observer: phases[2].note)
        #expect(!phases[2].all.contains(.compiling))
        await runtime.shutDown()
    }

    @Test("a file of modules/ that is too large is refused before it is read")
    func giant() async throws {
        try await RuntimeFixture.with { runtime, path in
            let file = path + "/modules/giant.wasm"
            #expect(FileManager.default.createFile(atPath: file, contents: Data([0, 0x61, 0x73])))
            let handle = try #require(FileHandle(forWritingAtPath: file))
            try handle.truncate(atOffset: 2 << 30)
            try handle.close()
            let before = try Self.bytesRead()
            for name in ["giant", "giant.wasm"] {
                let refused = await refusal {
                    try await runtime.start(
                        StartSpec(
                            namespace: .system, creator: .system, role: .operator,
                            module: .name(name), moduleName: name), idempotency: nil)
                }
                #expect(refused?.code == .invalidArgument)
                #expect(refused?.message.contains("larger than 128 MiB") == true)
            }
            #expect(try Self.bytesRead() - before < 1 << 30)
            let upload = await refusal {
                try await runtime.beginUpload(
                    try #require(ModuleDigest(bytes: Array(repeating: 1, count: 32))),
                    size: 2 << 30, namespace: Runtime.space, role: .operator)
            }
            #expect(upload?.code == .invalidArgument)
        }
    }

    @Test("modules/ may be made, and another put in its place, while the runtime runs")
    func lateFolder() async throws {
        let path = try RuntimeFixture.directory()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let folder = path + "/modules"
        try FileManager.default.removeItem(atPath: folder)
        let runtime = try RuntimeFixture.open(path)
        #expect(try await runtime.module(.name("late"), in: Runtime.space) == nil)
        for code in [1, 2] as [UInt32] {
            let bytes = ContractModules.module(.lines(1, exit: code))
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: false)
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/late.wasm"))
            let found = try await runtime.module(.name("late"), in: Runtime.space)
            #expect(found?.digest.bytes == SHA256.hash(bytes))
            try FileManager.default.moveItem(atPath: folder, toPath: folder + "-\(code)")
        }
        #expect(try await runtime.module(.name("late"), in: Runtime.space) == nil)
        await runtime.shutDown()
    }

    /// Bytes this process has read from files so far.
    private static func bytesRead() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/io", encoding: .utf8)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("rchar: ") })
        return try #require(Int(line.dropFirst(7)))
    }

    @Test("many who bring the same module at once all have it, and none is turned away")
    func together() async throws {
        // However slow the machine: no writer stands still for that long.
        try await RuntimeFixture.with(uploadPatience: .max) { runtime, _ in
            let bytes = ContractModules.module(.lines(1, exit: 0))
            let digest = try #require(ModuleDigest(bytes: SHA256.hash(bytes)))
            let namespace = Namespace(of: .operator)
            let sent = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let upload = try await runtime.beginUpload(
                            digest, size: UInt64(bytes.count), namespace: namespace,
                            role: .operator)
                        let rest = bytes[Int(upload.offset)...]
                        for byte in rest {
                            try await runtime.append([byte], to: upload)
                            await Task.yield()
                        }
                        #expect(try await runtime.commit(upload).digest == digest)
                        return rest.count
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sent == bytes.count)
        }
    }

    @Test(
        "a compiled module that is damaged, or was stored by half, is found, and compiled again",
        arguments: 0...6)
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
        let sum = file.dropLast("cwasm".count) + "sum"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: file))
        var sumBytes = try Data(contentsOf: URL(fileURLWithPath: String(sum)))
        switch kind {
        case 0: bytes[bytes.count / 2] ^= 1
        case 1: bytes.removeLast()
        case 2: bytes = Data()
        case 3: sumBytes[31] ^= 1
        case 4: sumBytes.removeLast()
        default: break
        }
        for (path, content, isLost) in [
            (file, bytes, kind == 5), (String(sum), sumBytes, kind == 6),
        ] {
            try FileManager.default.removeItem(atPath: path)
            if !isLost { try content.write(to: URL(fileURLWithPath: path)) }
        }
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

    /// A module of a few bytes more than `size`, that exits with 0.
    private func large(_ size: Int, seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        // A custom section makes it as large as wanted.
        return Array(ContractModules.module(.lines(1, exit: 0))) + [0] + leb(size + 1) + [0]
            + random.bytes(size)
    }

    @Test("a client that was killed goes on at once where it was; its dead stream disturbs nothing")
    func takeOver() async throws {
        let bytes = large(6 << 20, seed: 7)
        let digest = try #require(ModuleDigest(bytes: SHA256.hash(bytes)))
        try await RuntimeFixture.with { runtime, _ in
            func begin() async throws -> ModuleUpload {
                try await runtime.beginUpload(
                    digest, size: UInt64(bytes.count), namespace: Runtime.space, role: .user)
            }
            var position = 0
            var old: ModuleUpload?
            for step in [100_000, 3 << 20, 4_500_000, 6 << 20] {
                let upload = try await begin()
                #expect(upload.offset == UInt64(position))
                if let old {
                    let error = await refusal { try await runtime.append([1], to: old) }
                    #expect(error?.code == .aborted)
                    #expect(error?.message == "another upload of this module took over")
                    await runtime.suspend(old)
                }
                try await runtime.append(Array(bytes[position..<step]), to: upload)
                position = step
                old = upload
            }
            let last = try await begin()
            try await runtime.append(Array(bytes[position...]), to: last)
            #expect(try await runtime.commit(last).size == UInt64(bytes.count))
        }
    }

    @Test("many writers of one module: the newest has it, the others hear so, no bytes are mixed")
    func manyWriters() async throws {
        let bytes = large(1 << 20, seed: 8)
        let digest = try #require(ModuleDigest(bytes: SHA256.hash(bytes)))
        try await RuntimeFixture.with { runtime, _ in
            let ends = await withTaskGroup(of: HostError.Code?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        await refusal {
                            let upload = try await runtime.beginUpload(
                                digest, size: UInt64(bytes.count), namespace: Runtime.space,
                                role: .user)
                            var position = Int(upload.offset)
                            while position < bytes.count {
                                let end = min(bytes.count, position + 16_384)
                                try await runtime.append(Array(bytes[position..<end]), to: upload)
                                position = end
                            }
                            return try await runtime.commit(upload)
                        }?.code
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(ends.contains(nil))
            // Superseded, or so late that the newest has committed already.
            #expect(ends.allSatisfy { [nil, .aborted, .failedPrecondition].contains($0) })
            let spec = try await runtime.spec(bytes)
            let id = try #require(try await runtime.start(spec, idempotency: nil).id)
            #expect(try await runtime.wait(id).outcome == .exit(code: 0))
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
