import SeliumABI
import SeliumTesting
import Testing

@Suite("Structured records as lines", .inTurn())
struct StructuredRecordTests {
    @Test(
        "what is written is read back, whatever is in it",
        arguments: [
            StructuredRecord(level: .info, target: "", message: ""),
            StructuredRecord(level: .trace, target: "a", message: "b", fields: [.init("c", "d")]),
            StructuredRecord(
                level: .error, target: "tab\there", message: "two\nlines\\n",
                fields: [.init("\t", "\n"), .init("\\", "\\\\"), .init("ä", "€\0\r")]),
        ])
    func roundTrip(_ record: StructuredRecord) {
        let line = record.line
        #expect(line.last == UInt8(ascii: "\n"))
        #expect(line.dropLast().allSatisfy { $0 != UInt8(ascii: "\n") }, "it is one line")
        #expect(StructuredRecord(line: Array(line.dropLast())) == record)
    }

    @Test("it looks like this")
    func form() {
        let record = StructuredRecord(
            level: .warning, target: "db", message: "slow\tquery", fields: [.init("ms", "12\n")])
        #expect(record.line == Array("warning\tdb\tslow\\tquery\tms\t12\\n\n".utf8))
    }

    @Test("every level has a name that is read back", arguments: LogLevel.allCases)
    func levels(_ level: LogLevel) {
        let record = StructuredRecord(level: level, target: "t", message: "m")
        #expect(StructuredRecord(line: Array(record.line.dropLast()))?.level == level)
    }

    @Test(
        "what is no record is none",
        arguments: [
            "", "info", "info\tt", "loud\tt\tm", "Info\tt\tm", "info\tt\tm\tname", "info\tt\tm\\",
            "info\tt\tm\\x", "\tt\tm",
        ])
    func refused(_ line: String) {
        #expect(StructuredRecord(line: Array(line.utf8)) == nil)
    }

    @Test("bytes that are no text become replacement characters")
    func bytes() {
        let line = Array("info\tt\t".utf8) + [0xff, 0x5c, 0x74]
        #expect(StructuredRecord(line: line)?.message == "\u{fffd}\t")
    }
}
