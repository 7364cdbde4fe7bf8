import SeliumNetCore
import SeliumTesting
import Testing

@Suite("Hostile DNS messages", .inTurn())
struct DNSHostileTests {
    /// A response header with these counts.
    private func header(_ counts: UInt16...) -> [UInt8] {
        [0x12, 0x34, 0x81, 0x80]
            + counts.flatMap {
                [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)]
            }
    }

    private func code(_ wire: [UInt8]) -> DNSFormatError.Code? {
        do throws(DNSFormatError) {
            _ = try DNSMessage(decoding: wire)
            return nil
        } catch {
            return error.code
        }
    }

    @Test(
        "a name whose bytes lead nowhere is refused",
        arguments: [
            ([0xC0, 12], DNSFormatError.Code.badPointer),  // to itself
            ([0xC0, 13], .badPointer),  // to its own second byte
            ([0xC0, 14], .badPointer),  // forwards
            ([0xFF, 0xFF], .badPointer),  // beyond the end
            ([0xC0, 0], .badPointer),  // into the header
            ([0xC0, 11], .badPointer),
            ([1, 0x61, 0xC0, 12], .badPointer),  // a label, then back to it
            ([0xC0], .truncated), ([0xFF], .truncated), ([63], .truncated), ([1], .truncated),
            ([1, 0x61], .truncated), ([0x40, 0], .badLabel), ([0x80, 0], .badLabel),
            ([0xBF, 0], .badLabel), ([], .truncated),
        ] as [([UInt8], DNSFormatError.Code)])
    func names(name: [UInt8], expected: DNSFormatError.Code) {
        #expect(code(header(1, 0, 0, 0) + name) == expected)
        if name.count > 1, expected == .badPointer || expected == .badLabel {
            #expect(code(header(1, 0, 0, 0) + name + [0, 1, 0, 1]) == expected)
        }
    }

    @Test("two pointers that lead to each other are refused")
    func pointerLoop() {
        // The question at 12 is the root; a record's name at 17 points to 29 and back.
        let question: [UInt8] = [0, 0, 1, 0, 1]
        let wire =
            header(1, 1, 0, 0) + question + [0xC0, 29, 0, 1, 0, 1, 0, 0, 0, 0, 0, 2, 0xC0, 17]
        #expect(code(wire) == .badPointer)
    }

    /// A record of so many pointers, the first to the root at 12 and each other to the one before,
    /// and a record whose name follows all of them and one more.
    private func chain(_ count: Int) -> [UInt8] {
        var wire = header(1, 2, 0, 0) + [0, 0, 1, 0, 1] + [0, 0xFF, 0, 0, 1, 0, 0, 0, 0]
        wire += [UInt8((count * 2) >> 8), UInt8(count * 2 & 0xFF)]
        var last = 12
        for _ in 0...count {
            let here = wire.count
            wire += [0xC0 | UInt8(last >> 8), UInt8(last & 0xFF)]
            last = here
        }
        return wire + [0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
    }

    @Test("a chain of pointers that leads back step by step is followed as far as any name needs")
    func longChain() throws {
        let message = try DNSMessage(decoding: chain(126))
        #expect(message.answers.last?.name.isRoot == true)
        #expect(code(chain(127)) == .badPointer)
        #expect(code(chain(8_000)) == .badPointer)
    }

    @Test("labels that pointers repeat do not make a name beyond 255 bytes")
    func longName() {
        var wire = header(1, 0, 0, 0)
        for _ in 0..<4 { wire += [63] + [UInt8](repeating: 0x61, count: 63) }
        #expect(code(wire + [0, 0, 1, 0, 1]) == .nameTooLong)
        let longest = Array(wire.prefix(12 + 192)) + [61] + [UInt8](repeating: 0x61, count: 61)
        #expect(code(longest + [0, 0, 1, 0, 1]) == nil)
        // The same name with one label more in front of a pointer to it.
        let record: [UInt8] = [1, 0x62, 0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
        var both = longest + [0, 0, 1, 0, 1] + record
        both[7] = 1
        #expect(code(both) == .nameTooLong)
    }

    @Test("counts that promise more than there is are refused without room made for them")
    func counts() {
        for index in 0..<4 {
            var counts: [UInt16] = [0, 0, 0, 0]
            counts[index] = 0xFFFF
            #expect(code(header(counts[0], counts[1], counts[2], counts[3])) == .truncated)
        }
        #expect(code(header(0, 0, 0, 0) + [0]) == .trailingBytes)
        #expect(code([]) == .truncated)
        #expect(code([UInt8](repeating: 0, count: 65_536)) == .messageTooLong)
    }

    @Test(
        "record data of another length than its type has is refused",
        arguments: [
            (1, [1, 2, 3], DNSFormatError.Code.badRecordLength),
            (1, [1, 2, 3, 4, 5], .badRecordLength),
            (28, [1, 2, 3, 4], .badRecordLength), (5, [], .truncated),
            (5, [0, 0], .badRecordLength),
            (15, [0], .truncated), (15, [0, 1, 0, 9], .badRecordLength), (16, [], .truncated),
            (16, [2, 0x61], .truncated), (33, [0, 1, 0, 1, 0, 1], .truncated),
            (6, [0, 0, 1, 2, 3], .truncated), (52, [1, 1], .truncated),
            (257, [0, 0, 1], .badValue),
            (257, [0, 1, 0x2D], .badValue), (257, [0, 9, 0x61], .truncated),
            (65, [0, 1, 0, 0, 1, 0, 9], .truncated),  // a parameter longer than the record
            (65, [0, 1, 0, 0, 3, 0, 1, 80], .badValue),  // a port of one byte
            (65, [0, 1, 0, 0, 3, 0, 2, 0, 80, 0, 3, 0, 2, 0, 80], .badValue),  // twice
            (65, [0, 1, 0, 0, 3, 0, 2, 0, 80, 0, 1, 0, 2, 1, 0x61], .badValue),  // not in order
            (65, [0, 1, 0, 0, 0, 0, 2, 0, 1], .badValue),  // mandatory, and missing
            (65, [0, 1, 0, 0, 1, 0, 2, 2, 0x61], .badValue),  // alpn beyond its value
            (65, [0, 1, 0, 0, 1, 0, 1, 0], .badValue),  // an empty alpn
            (65, [0, 1, 0xC0, 12], .compressionNotAllowed),
        ] as [(UInt16, [UInt8], DNSFormatError.Code)])
    func recordData(type: UInt16, data: [UInt8], expected: DNSFormatError.Code) {
        let record: [UInt8] =
            [0, UInt8(type >> 8), UInt8(type & 0xFF), 0, 1, 0, 0, 0, 9, 0, UInt8(data.count)] + data
        // A byte follows, which a length that lies would reach into.
        #expect(code(header(1, 1, 0, 0) + [0, 0, 1, 0, 1] + record) == expected)
        #expect(code(header(1, 2, 0, 0) + [0, 0, 1, 0, 1] + record + record) == expected)
    }

    @Test("EDNS stands once, at the root, among the additional records")
    func misplacedOPT() throws {
        let opt: [UInt8] = [0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, 0]
        #expect(code(header(0, 0, 0, 1) + opt) == nil)
        #expect(code(header(0, 1, 0, 0) + opt) == .misplacedOPT)
        #expect(code(header(0, 0, 1, 0) + opt) == .misplacedOPT)
        #expect(code(header(0, 0, 0, 2) + opt + opt) == .misplacedOPT)
        #expect(code(header(0, 0, 0, 1) + [1, 0x61] + opt) == .misplacedOPT)
        let short = opt.dropLast() + [3, 0, 10, 0]
        #expect(code(header(0, 0, 0, 1) + short) == .truncated)
        let lies = opt.dropLast() + [4, 0, 10, 0, 1]
        #expect(code(header(0, 0, 0, 1) + lies) == .truncated)
    }

    @Test("a TTL with its highest bit set is 0")
    func negativeTTL() throws {
        let record: [UInt8] = [0, 0, 1, 0, 1, 0x80, 0, 0, 1, 0, 4, 1, 2, 3, 4]
        #expect(try DNSMessage(decoding: header(0, 1, 0, 0) + record).answers[0].ttl == 0)
    }

    @Test("records of another class are kept as bytes")
    func otherClass() throws {
        let record: [UInt8] = [0, 0, 1, 0, 3, 0, 0, 0, 1, 0, 3, 1, 2, 3]
        let found = try DNSMessage(decoding: header(0, 1, 0, 0) + record).answers[0]
        #expect(found.data == .unknown(.a, [1, 2, 3]) && found.recordClass == .chaos)
    }

    @Test("a message that cannot be written says why")
    func unwritable() throws {
        var message = DNSMessage(id: 1, responseCode: .badCookie)
        #expect(throws: DNSFormatError(.needsEDNS, at: 2)) { try message.encoded() }
        message.responseCode = .noError
        let record = DNSRecord(
            name: .root, ttl: 1,
            data: .unknown(.init(rawValue: 999), [UInt8](repeating: 0, count: 900)))
        message.answers = [DNSRecord](repeating: record, count: 80)
        #expect(throws: DNSFormatError.self) { try message.encoded() }
        #expect(throws: DNSFormatError(.messageTooLong, at: 512)) {
            try message.encoded(limit: 512)
        }
        message.answers = [
            DNSRecord(name: .root, ttl: 1, data: .unknown(.a, [UInt8](repeating: 0, count: 65_536)))
        ]
        #expect(throws: DNSFormatError.self) { try message.encoded() }
    }
}
