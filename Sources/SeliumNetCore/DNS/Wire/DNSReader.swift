/// A place in a message, and the reads that move it. Every read is checked against the end: of the
/// message, or of the record that is being read.
struct DNSReader {
    /// How many pointers one name may follow: one for each label it can have, which no writer needs.
    /// Else 8,000 that lead to each other, in front of 4,000 names, cost 32 million steps.
    static let maximumPointers = 127

    /// Where the next read begins.
    private(set) var offset: Int
    /// Where the reads end, at most the count of the message.
    var end: Int

    init(offset: Int, end: Int) {
        self.offset = offset
        self.end = end
    }

    var remaining: Int { end - offset }

    func require(_ count: Int) throws(DNSFormatError) {
        guard count <= remaining else { throw DNSFormatError(.truncated, at: offset) }
    }

    mutating func uint8(_ message: Span<UInt8>) throws(DNSFormatError) -> UInt8 {
        try require(1)
        defer { offset += 1 }
        return message[offset]
    }

    mutating func uint16(_ message: Span<UInt8>) throws(DNSFormatError) -> UInt16 {
        try require(2)
        defer { offset += 2 }
        return UInt16(message[offset]) << 8 | UInt16(message[offset + 1])
    }

    mutating func uint32(_ message: Span<UInt8>) throws(DNSFormatError) -> UInt32 {
        UInt32(try uint16(message)) << 16 | UInt32(try uint16(message))
    }

    mutating func bytes(_ count: Int, _ message: Span<UInt8>) throws(DNSFormatError) -> [UInt8] {
        try require(count)
        let start = offset
        offset += count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in start..<offset { bytes.append(message[index]) }
        return bytes
    }

    /// A length and as many bytes: the character string of RFC 1035 section 3.3.
    mutating func string(_ message: Span<UInt8>) throws(DNSFormatError) -> [UInt8] {
        let count = Int(try uint8(message))
        return try bytes(count, message)
    }

    /// A name, its pointers followed. Each pointer has to lead further back than the last place
    /// that reading began at (RFC 1035 section 4.1.4). The 255 bytes of a name bound its labels, and
    /// ``maximumPointers`` bounds the pointers.
    mutating func name(
        _ message: Span<UInt8>, allowsPointers: Bool = true
    ) throws(DNSFormatError) -> DNSName {
        var wire: [UInt8] = []
        wire.reserveCapacity(32)
        var position = offset
        var lowest = offset
        var limit = end
        var pointers = 0
        while true {
            guard position < limit else { throw DNSFormatError(.truncated, at: position) }
            let length = message[position]
            switch length {
            case 0:
                wire.append(0)
                if pointers == 0 { offset = position + 1 }
                return DNSName(checked: wire)
            case 1...63:
                let next = position + 1 + Int(length)
                guard next <= limit else { throw DNSFormatError(.truncated, at: position) }
                // One byte has to be left for the root.
                guard wire.count + Int(length) + 2 <= DNSName.maximumLength else {
                    throw DNSFormatError(.nameTooLong, at: position)
                }
                for index in position..<next { wire.append(message[index]) }
                position = next
            case 0xC0...0xFF:
                guard allowsPointers else {
                    throw DNSFormatError(.compressionNotAllowed, at: position)
                }
                guard position + 1 < limit else { throw DNSFormatError(.truncated, at: position) }
                let target = Int(length & 0x3F) << 8 | Int(message[position + 1])
                guard target < lowest, target >= DNSHeader.length,
                    pointers < Self.maximumPointers
                else { throw DNSFormatError(.badPointer, at: position) }
                if pointers == 0 { offset = position + 2 }
                pointers += 1
                lowest = target
                // What a pointer leads to may end where the message does, not the record.
                limit = message.count
                position = target
            default: throw DNSFormatError(.badLabel, at: position)
            }
        }
    }
}

/// The first twelve bytes of a message (RFC 1035 section 4.1.1).
struct DNSHeader {
    static let length = 12

    var id: UInt16
    var word: UInt16
    var questions: Int
    var answers: Int
    var authorities: Int
    var additionals: Int

    init(_ reader: inout DNSReader, _ message: Span<UInt8>) throws(DNSFormatError) {
        id = try reader.uint16(message)
        word = try reader.uint16(message)
        questions = Int(try reader.uint16(message))
        answers = Int(try reader.uint16(message))
        authorities = Int(try reader.uint16(message))
        additionals = Int(try reader.uint16(message))
    }

    var flags: DNSMessage.Flags { DNSMessage.Flags(rawValue: word).intersection(.known) }
    var opcode: UInt8 { UInt8(truncatingIfNeeded: word >> 11) & 0xF }
    var lowResponseCode: UInt16 { word & 0xF }
}
