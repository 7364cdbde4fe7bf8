import Glibc
import SeliumTesting
import Testing

@testable import SeliumWasm

@Suite("Modules", .inTurn(minutes: 2))
struct ModuleTests {
    static let text = """
        (module (import "a" "f" (func (param i32) (result i64)))
          (memory (export "memory") 3) (table (export "t") 1 funcref)
          (global (export "g") i32 (i32.const 1)) (tag (export "e"))
          (func (export "run") (result i32) (i32.const 11)))
        """

    @Test("list their imports and exports with types")
    func items() throws {
        let module = try Module.compile(try Module.wasm(fromText: Self.text), engine: sharedEngine)
        #expect(
            module.imports == [
                ModuleImport(module: "a", name: "f", type: .function(FunctionType([.i32], [.i64])))
            ])
        #expect(
            module.exports == [
                ModuleExport(name: "memory", type: .memory(minimumPages: 3)),
                ModuleExport(name: "t", type: .table), ModuleExport(name: "g", type: .global),
                ModuleExport(name: "e", type: .tag),
                ModuleExport(name: "run", type: .function(FunctionType([], [.i32]))),
            ])
        #expect(module.initialMemory == 3 * 65_536)
    }

    @Test(
        "survive being written to a file and mapped from its descriptor, also when its name is gone"
    )
    func serialization() async throws {
        let scheduler = try Scheduler(sharedEngine, .init(threads: 1, nice: 0))
        let module = try Module.compile(
            try Module.wasm(
                fromText: #"(module (func (export "run") (result i32) (i32.const 11)))"#),
            engine: sharedEngine)
        let descriptor = try temporaryFile()
        defer { close(descriptor) }
        try module.serialize(to: descriptor)
        let loaded = try Module.load(descriptor: descriptor, engine: sharedEngine)
        #expect(loaded.exports == module.exports)
        let prepared = try Linker(sharedEngine, functions: []).prepare(loaded)
        #expect(try await scheduler.run(prepared).end().outcome == .returned([.i32(11)]))
    }

    @Test("that are no compiled ones are refused when mapped")
    func notCompiled() throws {
        let descriptor = try temporaryFile()
        defer { close(descriptor) }
        #expect { try Module.load(descriptor: descriptor, engine: sharedEngine) } throws: {
            ($0 as? WasmError)?.code == .incompatibleCache
        }
        _ = unsafe write(descriptor, "no compiled module", 18)
        #expect { try Module.load(descriptor: descriptor, engine: sharedEngine) } throws: {
            ($0 as? WasmError)?.code == .incompatibleCache
        }
    }

    @Test("that are malformed are refused with clean text")
    func malformed() {
        let bad: [[UInt8]] = [
            [], [0, 0x61, 0x73, 0x6d], Array("\u{7f}ELF and more".utf8),
            [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0xff, 0x01],
            [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f],
        ]
        for bytes in bad {
            #expect { try Module.compile(bytes, engine: sharedEngine) } throws: { error in
                guard let error = error as? WasmError, error.code == .invalidModule else {
                    return false
                }
                return !error.message.unicodeScalars.contains { $0.value < 32 }
            }
        }
    }

    /// An open file without a name.
    private func temporaryFile() throws -> Int32 {
        let file = unsafe try #require(unsafe tmpfile())
        defer { unsafe fclose(file) }
        let descriptor = unsafe dup(fileno(file))
        #expect(descriptor >= 0)
        return descriptor
    }
}

@Suite("Text of foreign origin", .inTurn(minutes: 2))
struct CleanedTextTests {
    @Test(
        "has no control characters, no overrides, no length",
        arguments: [
            ("plain", "plain"), ("a\u{1b}[31m\n", "a\\u{1B}[31m\\n"),
            ("back\\slash", "back\\\\slash"),
            ("\u{202e}over", "\\u{202E}over"), ("grüße 🙂", "grüße 🙂"),
        ])
    func cleaning(raw: String, clean: String) { #expect(cleanedText(raw) == clean) }

    @Test("is cut where it was asked")
    func cut() { #expect(cleanedText(String(repeating: "x", count: 50), limit: 5) == "xxxxx…") }
}
