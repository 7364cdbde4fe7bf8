import SeliumTesting
import Testing

@testable import SeliumCLI

@Suite("What a runtime said last", .inTurn(minutes: 2))
struct LastLinesTests {
    @Test("Lines come as they end, however they are cut, and the last ones are kept")
    func lines() {
        let said = LastLines()
        #expect(said.append(Array("a".utf8)) == [])
        #expect(said.lines == ["a"])
        #expect(said.append(Array("b\nc\n\nd".utf8)) == ["ab", "c", ""])
        #expect(said.lines == ["ab", "c", "", "d"])
        said.append(Array("\ne\nf\ng".utf8))
        #expect(said.lines == ["", "d", "e", "f", "g"])
        said.clear()
        #expect(said.lines.isEmpty)
    }

    @Test("A line without an end holds no more than its limit")
    func endless() {
        let said = LastLines()
        for _ in 0..<100 { said.append([UInt8](repeating: 0x78, count: 1000)) }
        said.append(Array("!".utf8))
        #expect(said.lines.map(\.utf8.count) == [LastLines.maximumLine])
        #expect(said.append([0x0a]).map(\.utf8.count) == [LastLines.maximumLine])
        #expect(said.lines.first?.hasSuffix("x!") == true)
    }

    @Test(
        "Only what may be the server's own failure is explained with its log",
        arguments: [
            (70, true), (69, true), (75, true), (65, false), (77, false), (66, false), (1, false),
        ] as [(Int32, Bool)])
    func explained(_ code: Int32, _ isExplained: Bool) {
        let error = CommandError(.init(code), "it failed")
        #expect(error.isPerhapsTheServers == isExplained)
        #expect(error.afterStart(of: 7).isPerhapsTheServers == isExplained)
    }
}
