import Testing

@testable import SeliumRuntime

@Suite("The outline of a module")
struct ModuleScannerTests {
    static let header: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]

    static func leb(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + leb(value >> 7)
    }

    static func section(_ id: UInt8, _ body: [UInt8]) -> [UInt8] { [id] + leb(body.count) + body }

    func scan(_ bytes: [UInt8]) throws(ModuleScanner.Refusal) -> ModuleScanner.Outline {
        try ModuleScanner().scan(size: UInt64(bytes.count)) { offset, count in
            Array(bytes.dropFirst(Int(offset)).prefix(count))
        }
    }

    @Test("counts imports, functions and exports")
    func counts() throws {
        let module =
            Self.header + Self.section(2, Self.leb(3) + [9, 9]) + Self.section(3, Self.leb(300))
            + Self.section(7, Self.leb(2)) + Self.section(0, [4] + Array("name".utf8))
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
        _ = try scan(Self.header + Self.section(id, Self.leb(limit)))
        #expect {
            try scan(Self.header + Self.section(id, Self.leb(limit + 1)))
        } throws: { "\($0)" == "the module has more than \(limit) \(what)" }
        #expect("split over two sections it is as many") {
            try scan(
                Self.header + Self.section(id, Self.leb(limit)) + Self.section(id, Self.leb(1)))
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

    @Test("survives every prefix and every flipped byte of a module")
    func mutations() throws {
        let module =
            Self.header + Self.section(2, Self.leb(3)) + Self.section(3, Self.leb(300))
            + Self.section(7, Self.leb(2)) + Self.section(0, Array(repeating: 7, count: 200))
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
