import Foundation
import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("Compiling in a child process", .inTurn(minutes: 2))
struct ModuleCompilerTests {
    /// The selium-runtime that was built beside the tests.
    static let compiler: String = {
        let tests =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: tests).deletingLastPathComponent().appending(path: "selium-runtime")
            .path
    }()

    /// An open file without a name, holding these bytes.
    static func file(_ bytes: [UInt8] = []) throws -> FileHandle {
        let path = FileManager.default.temporaryDirectory.appending(
            path: "selium-\(UUID().uuidString)")
        try #require(FileManager.default.createFile(atPath: path.path, contents: Data(bytes)))
        let handle = try FileHandle(forUpdating: path)
        try FileManager.default.removeItem(at: path)
        return handle
    }

    func compile(
        _ wasm: [UInt8], _ change: (inout ModuleCompiler.Configuration) -> Void = { _ in }
    ) async throws -> FileHandle {
        var configuration = ModuleCompiler.Configuration(compiler: Self.compiler)
        change(&configuration)
        let (input, output) = (try Self.file(wasm), try Self.file())
        defer { withExtendedLifetime(input) {} }
        try await ModuleCompiler(configuration).compile(
            wasm: input.fileDescriptor, to: output.fileDescriptor)
        return output
    }

    /// A small valid module that is hard to compile: loops inside loops, and the innermost changes
    /// every local, so that each loop carries a value for each.
    static func bomb(locals: Int, depth: Int) -> [UInt8] {
        let leb = ModuleScannerTests.leb
        var body: [UInt8] = [1] + leb(locals) + [0x7f]
        for _ in 0..<depth { body += [0x03, 0x40] }
        for local in 0..<locals {
            body += [0x20] + leb(local) + [0x41, 1, 0x6a, 0x21] + leb((local + 1) % locals)
        }
        for level in 0..<depth { body += [0x20] + leb(level % locals) + [0x0d, 0, 0x0b] }
        body.append(0x0b)
        return ModuleScannerTests.header + ModuleScannerTests.section(1, [1, 0x60, 0, 0])
            + ModuleScannerTests.section(3, [1, 0])
            + ModuleScannerTests.section(7, [1, 3] + Array("run".utf8) + [0, 0])
            + ModuleScannerTests.section(10, [1] + leb(body.count) + body)
    }

    @Test("gives native code that loads and runs")
    func compiles() async throws {
        let wasm = try Module.wasm(fromText: #"(module (func (export "_start") (nop)))"#)
        let output = try await compile(wasm)
        let module = try Module.load(descriptor: output.fileDescriptor, engine: WASIRun.engine)
        let end = try await WASIRun().run(try WASIRun.linker.prepare(module))
        #expect(end.outcome == .returned([]))
    }

    @Test("refuses a module that is none, and one with a feature that is off, in clean words")
    func invalid() async throws {
        await #expect(throws: CompileFailure.invalid("this is no WebAssembly module")) {
            try await compile(Array("no module at all".utf8))
        }
        let shared = try Module.wasm(fromText: #"(module (memory (export "memory") 1 1 shared))"#)
        do {
            _ = try await compile(shared)
            Issue.record("compiled")
        } catch CompileFailure.invalid(let words) {
            #expect(!words.isEmpty)
            #expect(words.hasSuffix("threads must be enabled for shared memories (at offset 0xb)"))
        }
    }

    @Test("ends at its memory limit, and says so")
    func memory() async throws {
        let bomb = Self.bomb(locals: 2_000, depth: 8_000)
        await #expect(throws: CompileFailure.tooCostly("memory")) {
            try await compile(bomb) { $0.addressSpace = 400 << 20 }
        }
    }

    @Test("ends at its time limit, and says so")
    func time() async throws {
        let bomb = Self.bomb(locals: 2_000, depth: 8_000)
        await #expect(throws: CompileFailure.tooCostly("time")) {
            try await compile(bomb) { $0.cpuSeconds = 1 }
        }
        await #expect(throws: CompileFailure.tooCostly("time")) {
            try await compile(bomb) { $0.patienceSeconds = 0 }
        }
    }

    /// What `read` says of the child that compiles for this process, as soon as it is not nil.
    private static func ofChild<R>(_ read: (String) -> R?) async throws -> R {
        let me = "\nPPid:\t\(ProcessInfo.processInfo.processIdentifier)\n"
        while true {
            try Task.checkCancellation()
            for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
                let folder = "/proc/" + name
                guard Int(name) != nil,
                    let words = try? String(contentsOfFile: folder + "/cmdline", encoding: .utf8),
                    words.contains("\0\(ModuleCompiler.argument)\0"),
                    let status = try? String(contentsOfFile: folder + "/status", encoding: .utf8),
                    status.contains(me), let found = read(folder)
                else { continue }
                return found
            }
            await Task.yield()
        }
    }

    @Test("is what the kernel ends first, gains no rights, leaves no core and is the nicest")
    func humble() async throws {
        let bomb = Self.bomb(locals: 2_000, depth: 8_000)
        let task = Task { _ = try await compile(bomb) }
        func text(_ path: String) -> String {
            (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        }
        // The last of its limits is its niceness: the 19th word of its stat.
        let (score, status, limits) = try await Self.ofChild {
            folder -> (String, String, String)? in
            let words = text(folder + "/stat").split(separator: " ")
            guard words.count > 18, let nice = Int(words[18]), nice >= 10 else { return nil }
            return (
                text(folder + "/oom_score_adj"), text(folder + "/status"), text(folder + "/limits")
            )
        }
        task.cancel()
        _ = await task.result
        #expect(score == "1000\n")
        #expect(status.contains("\nNoNewPrivs:\t1\n"))
        let core = try #require(limits.split(separator: "\n").first { $0.contains("core file") })
        #expect(core.split(separator: " ").suffix(3) == ["0", "0", "bytes"])
    }

    @Test("that the kernel ends before its time is over is no fault of the module")
    func killed() async throws {
        let script = FileManager.default.temporaryDirectory.appending(
            path: "selium-\(UUID().uuidString).sh")
        try Data("#!/bin/sh\nkill -9 $$\n".utf8).write(to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
        defer { try? FileManager.default.removeItem(at: script) }
        let wasm = try Module.wasm(fromText: "(module)")
        await #expect(throws: CompileFailure.unavailable("the machine ran out of memory")) {
            try await compile(wasm) { $0.compiler = script.path }
        }
        // One that the hard limit of its time ended.
        var end = CompilerEnd(signal: SIGKILL, cpuMicroseconds: 119_500_000)
        #expect(end.failure(cpuSeconds: 120) == .tooCostly("time"))
        end.cpuMicroseconds = 1_000_000
        #expect(end.failure(cpuSeconds: 120) == .unavailable("the machine ran out of memory"))
    }

    @Test("ends when nobody waits for it any more")
    func cancellation() async throws {
        let bomb = Self.bomb(locals: 2_000, depth: 8_000)
        let task = Task { _ = try await compile(bomb) }
        task.cancel()
        await #expect(throws: CompileFailure.unavailable("the compilation was cancelled")) {
            try await task.value
        }
    }

    @Test("of many that take long holds nobody's timer up, nor each other")
    func threads() async throws {
        let name = FileManager.default.temporaryDirectory.appending(
            path: "selium-\(UUID().uuidString)"
        ).path
        let (script, marks) = (name + ".sh", name + ".marks")
        try Data("#!/bin/sh\necho >>\(marks)\nexec sleep 600\n".utf8).write(
            to: URL(filePath: script))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script)
        defer {
            for path in [script, marks] { try? FileManager.default.removeItem(atPath: path) }
        }
        let wasm = try Module.wasm(fromText: "(module)")
        // More than a machine has processors, by far, and than a pool of threads adds for them.
        let count = max(24, ProcessInfo.processInfo.activeProcessorCount * 6)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { _ = try? await compile(wasm) { $0.compiler = script } }
            }
            while (FileManager.default.contents(atPath: marks) ?? Data()).count < count {
                try await Task.sleep(for: .milliseconds(5))
            }
            group.cancelAll()
        }
    }

    @Test("of a compiler that is not there, or is another program, is no fault of the module")
    func noCompiler() async throws {
        let wasm = try Module.wasm(fromText: "(module)")
        for program in ["/nonexistent/compiler", "/bin/false"] {
            do {
                _ = try await compile(wasm) { $0.compiler = program }
                Issue.record("compiled by \(program)")
            } catch CompileFailure.unavailable {}
        }
    }

    @Test("of a descriptor that cannot be read is no fault of the module")
    func noModule() async throws {
        await #expect(throws: CompileFailure.unavailable("the module cannot be read")) {
            try await ModuleCompiler(.init(compiler: Self.compiler)).compile(wasm: -1, to: -1)
        }
    }

    @Test("cannot be fooled by a compiler that says yes and writes nothing")
    func emptyOutput() async throws {
        let wasm = try Module.wasm(fromText: "(module)")
        let output = try await compile(wasm) { $0.compiler = "/bin/true" }
        #expect(throws: WasmError.self) {
            try Module.load(descriptor: output.fileDescriptor, engine: WASIRun.engine)
        }
    }

    @Test("gives the child no descriptor, no environment and no argument but its own")
    func isolation() async throws {
        // A shell script as the compiler: it reports what it sees as its words, with the exit code
        // of an invalid module.
        let script = FileManager.default.temporaryDirectory.appending(
            path: "selium-\(UUID().uuidString).sh")
        try Data(
            """
            #!/bin/sh
            echo "$#:$1:$(cd /proc/self/fd && echo *):$(tr '\\0' ' ' </proc/$$/environ)" >&2
            exit 65
            """.utf8
        ).write(to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
        defer { try? FileManager.default.removeItem(at: script) }
        let wasm = try Module.wasm(fromText: "(module)")
        // 5 is the shell's own, on the directory it lists.
        await #expect(throws: CompileFailure.invalid("1:compile-module:0 1 2 3 4 5:")) {
            try await compile(wasm) { $0.compiler = script.path }
        }
    }
}
