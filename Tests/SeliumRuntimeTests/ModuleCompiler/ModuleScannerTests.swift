import SeliumTesting
import SeliumWasm
import Testing

@testable import SeliumRuntime

@Suite("The outline of a module", .inTurn())
struct ModuleScannerTests {
    static let header: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

    static func leb(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + leb(value >> 7)
    }

    static func section(_ id: UInt8, _ body: [UInt8]) -> [UInt8] { [id] + leb(body.count) + body }

    /// Exports: a function without a name, so often.
    static func exports(_ count: Int) -> [UInt8] {
        leb(count) + Array(repeating: [0, 0, 0], count: count).joined()
    }

    func scan(_ bytes: [UInt8]) throws(ModuleScanner.Refusal) -> ModuleScanner.Outline {
        try ModuleScanner().scan(size: UInt64(bytes.count)) { offset, count in
            Array(bytes.dropFirst(Int(offset)).prefix(count))
        }
    }

    @Test("counts imports, functions and exports")
    func counts() throws {
        let module =
            Self.header + Self.section(2, Self.leb(3) + [9, 9]) + Self.section(3, Self.leb(300))
            + Self.section(7, Self.exports(2)) + Self.section(0, [4] + Array("name".utf8))
        #expect(try scan(module) == .init(imports: 3, exports: 2, functions: 300, sections: 4))
        #expect(try scan(Self.header) == .init())
    }

    @Test(
        "refuses more than a real program has",
        arguments: [
            (2 as UInt8, 1_000, "imports"), (3, 100_000, "functions"), (6, 100_000, "globals"),
            (7, 10_000, "exports"),
        ])
    func tooMany(id: UInt8, limit: Int, what: String) throws {
        func body(_ count: Int) -> [UInt8] { id == 7 ? Self.exports(count) : Self.leb(count) }
        _ = try scan(Self.header + Self.section(id, body(limit)))
        #expect {
            try scan(Self.header + Self.section(id, Self.leb(limit + 1)))
        } throws: { "\($0)" == "the module has more than \(limit) \(what)" }
        #expect("split over two sections it is as many") {
            try scan(
                Self.header + Self.section(id, body(limit)) + Self.section(id, body(1)))
        } throws: { "\($0)".contains(what) }
        #expect {
            try scan(Self.header + Self.section(id, [0xff, 0xff, 0xff, 0xff, 0x0f]))
        } throws: {
            "\($0)".contains(what)
        }
    }

    @Test(
        "refuses what is no module, cut off, or lies about a length",
        arguments: [
            [], [0, 0x61, 0x73], Array("#!/bin/sh".utf8), [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0],
            [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0], header + [2], header + [2, 5, 1],
            header + [2, 0], header + [3, 1, 0x80],
            header + [5, 1, 1], header + [5, 2, 1, 0], header + [5, 3, 1, 0, 0x80],
            header + [0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
            header + [0, 0xff, 0xff, 0xff, 0xff, 0x0f], header + [0, 0xff, 0xff, 0xff, 0xff, 0x1f],
        ] as [[UInt8]])
    func malformed(bytes: [UInt8]) {
        #expect(throws: ModuleScanner.Refusal.self) { try scan(bytes) }
    }

    @Test("does not read for ever where sections are empty")
    func manySections() {
        let bytes = Self.header + Array(repeating: 0, count: 4_000)
        #expect { try scan(bytes) } throws: { "\($0)".contains("more than 1000 sections") }
    }

    @Test(
        "measures a memory, exported or not",
        arguments: [
            ("(memory 1)", 1), ("(memory 3000 4000)", 3_000), ("(memory 65536)", 65_536),
            (#"(func (export "memory"))"#, nil), (#"(memory (export "") 0 1)"#, 0), ("", nil),
            (#"(memory 7) (export "a" (memory 0)) (export "memory" (memory 0))"#, 7),
        ] as [(String, UInt32?)])
    func memory(text: String, pages: UInt32?) throws {
        let outline = try scan(try Module.wasm(fromText: "(module \(text))"))
        #expect(outline.memories == (pages == nil ? 0 : 1))
        #expect(outline.memoryPages == pages ?? 0)
    }

    @Test(
        "refuses tables that no process may have, by the name of the limit",
        arguments: [
            ("(table 100001 funcref)", "processTableElements"),
            ("(table 1 2 funcref) (table 4294967295 externref)", "processTableElements"),
            (String(repeating: "(table 0 funcref)", count: 5), "processTables"),
        ])
    func largeTables(text: String, limit: String) throws {
        let module = try Module.wasm(
            fromText: #"(module \#(text) (memory (export "memory") 1))"#)
        #expect { try scan(module) } throws: { "\($0)".hasSuffix("(\(limit))") }
    }

    @Test("takes as many tables, and as large ones, as a process may have")
    func tables() throws {
        let module = try Module.wasm(
            fromText: """
                (module (table 100000 funcref) (table 1 4294967295 externref)
                  (table 100000 100000 exnref) (table 0 funcref) (func (export "_start")))
                """)
        #expect(try scan(module).tables == 4)
        for cut in [[4, 1, 1], [4, 2, 1, 0x70], [4, 3, 1, 0x70, 0], [4, 4, 1, 0x70, 1, 0]] {
            let bytes = Self.header + cut.map { UInt8($0) }
            #expect(throws: ModuleScanner.Refusal.self) { try scan(bytes) }
        }
    }

    @Test("survives every prefix and every flipped byte of a module")
    func mutations() throws {
        let module =
            Self.header + Self.section(2, Self.leb(3)) + Self.section(3, Self.leb(300))
            + Self.section(4, [2, 0x70, 1, 0xe8, 7, 0xe9, 7, 0x6f, 0, 1])
            + Self.section(5, [1, 0, 1])
            + Self.section(7, [2, 0, 0, 0, 6] + Array("memory".utf8) + [2, 0])
            + Self.section(0, Array(repeating: 7, count: 200))
        for count in 0..<module.count { _ = try? scan(Array(module.prefix(count))) }
        for place in module.indices {
            for bit in 0..<8 {
                var mutant = module
                mutant[place] ^= 1 << UInt8(bit)
                _ = try? scan(mutant)
            }
        }
    }

    @Test("is too large before anything is read")
    func size() {
        #expect {
            try ModuleScanner().scan(size: (128 << 20) + 1) { _, _ in
                Issue.record("read")
                return []
            }
        } throws: { "\($0)" == "the module is larger than 128 MiB" }
    }
}
