import Foundation
import SeliumHosting
import SeliumKernel
import SeliumTLSCore
import SeliumTestSupport
import SeliumTesting
import Synchronization
import Testing

@testable import SeliumRuntime

@Suite(
    "A disk that is full under the module store",
    .enabled(if: SmallDisk.isPossible, "needs the right to mount a file system of memory"),
    .inTurn(minutes: 2))
struct FullDiskTests {
    /// A module of about `size` bytes: a custom section (number 0) in front of what it does.
    private static func padded(_ size: Int) -> [UInt8] {
        let module = ContractModules.module(.lines(1, exit: 5))
        var content: [UInt8] = [1, 0x70]
        var random = SeededRandom(seed: 1)
        content += (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        var length = content.count
        var section: [UInt8] = [0]
        while length > 127 {
            section.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        section.append(UInt8(length))
        return Array(module.prefix(8)) + section + content + Array(module.dropFirst(8))
    }

    private func with(
        mebibytes: Int, compiler: (SmallDisk) -> any ModuleCompiling = { _ in InProcessCompiler() },
        _ body: (Runtime, SmallDisk) async throws -> Void
    ) async throws {
        let path = try RuntimeFixture.directory()
        let disk = try #require(SmallDisk(path, mebibytes: mebibytes))
        defer { disk.unmount() }
        try FileManager.default.createDirectory(
            atPath: path + "/modules", withIntermediateDirectories: true)
        let runtime = try RuntimeFixture.open(path, compiler: compiler(disk))
        do {
            try await body(runtime, disk)
        } catch {
            await runtime.shutDown()
            throw error
        }
        await runtime.shutDown()
    }

    @Test("the uploader is told, nothing half done shows, the rest runs, and it goes on with space")
    func full() async throws {
        try await with(mebibytes: 320) { runtime, disk in
            let living = try await runtime.run(ContractModules.module(.echo)) {
                $0.takesInput = true
            }
            let bytes = Self.padded(9 << 20)
            let digest = try #require(ModuleDigest(bytes: SHA256.hash(bytes)))
            let space = Runtime.space
            let upload = try await runtime.beginUpload(
                digest, size: UInt64(bytes.count), namespace: space, role: .user)
            let half = 6 << 20
            try await runtime.append(Array(bytes[..<half]), to: upload)
            try disk.fill()
            let full = await refusal {
                for start in stride(from: half, to: bytes.count, by: 64 << 10) {
                    try await runtime.append(
                        Array(bytes[start..<min(bytes.count, start + 64 << 10)]), to: upload)
                }
            }
            #expect(full?.code == .resourceExhausted)
            #expect(full?.message == "the server's disk is full")
            #expect(full?.isRetryable == true)
            await runtime.suspend(upload)
            // Who tries again is told before a byte is wanted, whoever it is.
            for role in [Role.user, .operator] {
                let early = await refusal {
                    try await runtime.beginUpload(
                        digest, size: UInt64(bytes.count), namespace: space, role: role)
                }
                #expect(early?.code == .resourceExhausted)
                #expect(early?.isRetryable == true)
            }
            try await stillServes(runtime, living, without: digest)
            try disk.empty()
            let again = try await runtime.beginUpload(
                digest, size: UInt64(bytes.count), namespace: space, role: .user)
            #expect(again.offset >= UInt64(half) - Limits.uploadSyncBytes)
            #expect(again.offset < UInt64(bytes.count))
            try await runtime.append(Array(bytes[Int(again.offset)...]), to: again)
            #expect(try await runtime.commit(again).digest == digest)
            let id = try await runtime.run(bytes)
            #expect(try await runtime.wait(id).outcome == .exit(code: 5))
        }
    }

    /// Nothing is visible of the upload; what lives goes on, is listed, fed and stopped.
    private func stillServes(
        _ runtime: Runtime, _ living: ProcessID, without digest: ModuleDigest
    ) async throws {
        #expect(try await runtime.module(.digest(digest), in: Runtime.space) == nil)
        let start = await refusal {
            try await runtime.start(
                StartSpec(
                    namespace: Runtime.space, creator: Runtime.alice, role: .user,
                    module: .digest(digest), moduleName: "app"), idempotency: nil)
        }
        #expect(start?.code == .notFound)
        #expect(
            try await runtime.processes(in: nil, includingEnded: true).map(\.id) == [living])
        let claim = try await runtime.openInput(living)
        try await runtime.writeInput(claim, Array("one\n".utf8), end: true)
        await runtime.closeInput(claim)
        #expect(try await runtime.output(living).contains("one"))
        _ = try await runtime.wait(living)
    }

    @Test("a log stays in memory while the disk is full, says so, and is on disk afterwards")
    func logs() async throws {
        let path = try RuntimeFixture.directory()
        let disk = try #require(SmallDisk(path, mebibytes: 320))
        defer { disk.unmount() }
        try FileManager.default.createDirectory(
            atPath: path + "/modules", withIntermediateDirectories: true)
        let runtime = try RuntimeFixture.open(path)
        let id = try await runtime.run(ContractModules.module(.echo)) { $0.takesInput = true }
        let claim = try await runtime.openInput(id)
        func say(_ line: String) async throws {
            try await runtime.writeInput(claim, Array(line.utf8), end: false)
            // Nobody waits for the disk: it comes at once.
            while try await !text(of: id, in: runtime).contains(line) { await Task.yield() }
        }
        try await say("before\n")
        try disk.fill()
        // The first is written in vain, the second knows that.
        try await say("full 1\n")
        await runtime.logStore?.settle()
        try await say("full 2\n")
        while try await !text(of: id, in: runtime).contains(LogStore.outage) { await Task.yield() }
        #expect(
            try await text(of: id, in: runtime)
                == "before\nfull 1\nfull 2\n(\(LogStore.outage))\n")
        try disk.empty()
        while runtime.logStore?.isOut == true { await Task.yield() }
        try await say("after\n")
        try await runtime.writeInput(claim, [], end: true)
        _ = try await runtime.wait(id)
        let log = try await runtime.items(id)
        let words = try await text(of: id, in: runtime)
        #expect(words.hasSuffix("after\n(\(LogStore.outageEnded))\n"))
        await runtime.shutDown()
        let copy = try RestartTests.crashed(path)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let second = try RuntimeFixture.open(copy)
        #expect(try await second.items(id) == log)
        await second.shutDown()
    }

    /// What it wrote so far, with notes in brackets.
    private func text(of id: ProcessID, in runtime: Runtime) async throws -> String {
        var position: UInt64 = 1
        var text = ""
        let end = try await runtime.logPosition(id, .end)
        while position < end {
            let batch = try await runtime.readLog(id, from: position, atMost: 1 << 20)
            for case .chunk(let chunk) in batch.items {
                switch chunk.content {
                case .text(_, let bytes): text += String(decoding: bytes, as: UTF8.self)
                case .system(.note(let note)): text += "(\(note))\n"
                case .system: break
                }
            }
            position = batch.next
        }
        return text
    }

    /// A start that has to compile is refused while the disk is full, so that it is worth another
    /// try; nothing is left of it, and with space it works.
    private func refusesToCompile(
        _ runtime: Runtime, _ disk: SmallDisk, _ spec: StartSpec, code: HostError.Code,
        _ words: String
    ) async throws {
        let full = await refusal { try await runtime.start(spec, idempotency: nil) }
        #expect(full?.code == code)
        #expect(full?.message == words)
        #expect(full?.isRetryable == true)
        let compiled = disk.path + "/state/compiled"
        #expect(try FileManager.default.contentsOfDirectory(atPath: compiled) == [])
        #expect(try await runtime.processes(in: nil, includingEnded: true) == [])
        try disk.empty()
        let id = try #require(try await runtime.start(spec, idempotency: nil).id)
        #expect(try await runtime.wait(id).outcome == .exit(code: 5))
        let names = try FileManager.default.contentsOfDirectory(atPath: compiled)
        #expect(Set(names.map { String($0.suffix(4)) }) == [".sum", "wasm"])
        #expect(names.count == 2)
    }

    private static func ofChild(_ disk: SmallDisk) -> any ModuleCompiling {
        ModuleCompiler(.init(compiler: ModuleCompilerTests.compiler))
    }

    @Test("a module that came before is not compiled while the disk is full, and is afterwards")
    func compiling() async throws {
        try await with(mebibytes: 320, compiler: Self.ofChild) { runtime, disk in
            let spec = try await runtime.spec(ContractModules.module(.lines(1, exit: 5)))
            try disk.fill()
            try await refusesToCompile(
                runtime, disk, spec, code: .unavailable,
                "the module cannot be compiled now: the compiled module cannot be written")
        }
    }

    /// Fills the disk behind its first module.
    private final class FillingCompiler: ModuleCompiling {
        private let compiler = InProcessCompiler()
        private let disk: SmallDisk

        init(_ disk: SmallDisk) { self.disk = disk }

        func compile(wasm: Int32, to output: Int32) async throws(CompileFailure) {
            try await compiler.compile(wasm: wasm, to: output)
            if compiler.count.load(ordering: .relaxed) == 1 { try? disk.fill() }
        }
    }

    @Test("a disk that is full when a compiled module is stored leaves no half of it")
    func storing() async throws {
        try await with(mebibytes: 320, compiler: FillingCompiler.init) { runtime, disk in
            let spec = try await runtime.spec(ContractModules.module(.lines(1, exit: 5)))
            try await refusesToCompile(
                runtime, disk, spec, code: .resourceExhausted, "the server's disk is full")
        }
    }

    @Test("an upload that would use the reserve is refused before a byte is wanted")
    func reserve() async throws {
        // Of 260 MiB 256 are the reserve.
        try await with(mebibytes: 260) { runtime, _ in
            let digest = try #require(ModuleDigest(bytes: Array(repeating: 9, count: 32)))
            let refused = await refusal {
                try await runtime.beginUpload(
                    digest, size: 10 << 20, namespace: Runtime.space, role: .user)
            }
            #expect(refused?.code == .resourceExhausted)
            let id = try await runtime.run(ContractModules.module(.lines(1, exit: 3)))
            #expect(try await runtime.wait(id).outcome == .exit(code: 3))
        }
    }
}
