import SeliumNetCore
import SeliumTesting
import Testing

@Suite("DNS messages against dnspython", .inTurn())
struct DNSVectorTests {
    private struct Vector {
        var wire: [UInt8]
        var lines: [String]
    }

    private func vectors() throws -> [Vector] {
        var vectors: [Vector] = []
        for line in dnsVectors.split(separator: "\n") {
            if line.hasPrefix("> ") {
                let digits = Array(line.dropFirst(2).utf8)
                let wire = try stride(from: 0, to: digits.count, by: 2).map { index in
                    let text = String(decoding: digits[index..<index + 2], as: UTF8.self)
                    return try #require(UInt8(text, radix: 16))
                }
                vectors.append(Vector(wire: wire, lines: []))
            } else {
                try #require(!vectors.isEmpty)
                vectors[vectors.count - 1].lines.append(String(line))
            }
        }
        return vectors
    }

    /// What the generator writes about a message.
    private func lines(_ message: DNSMessage) -> [String] {
        var flags = String(message.flags.rawValue, radix: 16)
        flags = String(repeating: "0", count: 4 - flags.count) + flags
        var lines = ["\(message.id) \(flags) \(message.responseCode.rawValue)"]
        lines += message.questions.map { "? \($0)" }
        lines += message.answers.map { "= \($0)" }
        lines += message.authorities.map { "^ \($0)" }
        lines += message.additionals.map { "+ \($0)" }
        if let edns = message.edns {
            let options = edns.options.map { option in
                let value = option.value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                return "\(option.code):\(value.joined())"
            }
            let line = "! \(edns.payloadSize) \(edns.wantsSecurity ? 1 : 0) "
            lines.append(line + options.joined(separator: ","))
        }
        return lines.map { $0.last == " " ? String($0.dropLast()) : $0 }
    }

    @Test("200 messages of dnspython say the same to us, in every field of sixteen types")
    func decoding() throws {
        let vectors = try vectors()
        #expect(vectors.count == 200)
        var types: Set<DNSRecordType> = []
        for vector in vectors {
            let message = try DNSMessage(decoding: vector.wire)
            #expect(lines(message) == vector.lines)
            types.formUnion((message.answers + message.additionals).map(\.type))
        }
        #expect(types.count == 16)
    }

    @Test("what we write of them reads as the same message, compressed or not")
    func encoding() throws {
        var ours = 0
        var theirs = 0
        for vector in try vectors() {
            let message = try DNSMessage(decoding: vector.wire)
            let wire = try message.encoded()
            #expect(try DNSMessage(decoding: wire) == message)
            #expect(lines(try DNSMessage(decoding: wire)) == vector.lines)
            #expect(try DNSMessage(decoding: message.encoded(compressing: false)) == message)
            ours += wire.count
            theirs += vector.wire.count
        }
        // It compresses in more types than RFC 3597 allows, and without regard to case.
        #expect(Double(ours) < Double(theirs) * 1.1)
    }

    @Test("every shorter part of a message is refused, whatever was cut off")
    func truncations() throws {
        for vector in try vectors().prefix(60) {
            for count in 0..<vector.wire.count {
                #expect(throws: DNSFormatError.self) {
                    try DNSMessage(decoding: Array(vector.wire.prefix(count)))
                }
            }
            #expect(throws: DNSFormatError(.trailingBytes, at: vector.wire.count)) {
                try DNSMessage(decoding: vector.wire + [0])
            }
        }
    }

    @Test("100,000 damaged messages never trap, and what is read can be written and read again")
    func mutations() throws {
        let vectors = try vectors()
        var random = Seeded(state: 0xD45)
        var accepted = 0
        for round in 0..<100_000 {
            var wire = vectors[round % vectors.count].wire
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<wire.count, using: &random)
                switch random.next() % 5 {
                case 0: wire[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: wire[index] ^= 1 << UInt8(random.next() % 8)
                case 2:
                    wire[index] = [0, 0xFF, 0xC0, 0x3F, 0x40, 12].randomElement(using: &random)!
                case 3: wire.remove(at: index)
                default: wire.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                }
                if wire.isEmpty { wire = [0] }
            }
            guard let message = try? DNSMessage(decoding: wire) else { continue }
            accepted += 1
            guard round % 8 == 0 else { continue }
            let again = try message.encoded()
            #expect(try DNSMessage(decoding: again) == message)
        }
        #expect(accepted > 10_000)
    }
}
