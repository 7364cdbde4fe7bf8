extension DNSMessage {
    /// The largest message there can be: TCP's length has two bytes (RFC 1035 section 4.2.2).
    public static let maximumLength = 65_535

    /// Reads a whole message. Throws at the first byte that breaks a rule; bytes behind the last
    /// record count as such. Costs time and memory in proportion to the bytes: a record has at
    /// least 11 of them, a name never more than 255.
    public init(decoding message: Span<UInt8>) throws(DNSFormatError) {
        guard message.count <= Self.maximumLength else {
            throw DNSFormatError(.messageTooLong, at: Self.maximumLength)
        }
        var reader = DNSReader(offset: 0, end: message.count)
        let header = try DNSHeader(&reader, message)
        self.init(id: header.id, flags: header.flags, opcode: header.opcode)
        for _ in 0..<header.questions { questions.append(try DNSQuestion(&reader, message)) }
        answers = try Self.records(header.answers, &reader, message)
        authorities = try Self.records(header.authorities, &reader, message)
        var highResponseCode: UInt16 = 0
        for _ in 0..<header.additionals {
            switch try DNSEntry(&reader, message) {
            case .record(let record): additionals.append(record)
            case .edns(let found, let high):
                guard edns == nil else { throw DNSFormatError(.misplacedOPT, at: reader.offset) }
                edns = found
                highResponseCode = high
            }
        }
        guard reader.remaining == 0 else {
            throw DNSFormatError(.trailingBytes, at: reader.offset)
        }
        responseCode = DNSResponseCode(rawValue: highResponseCode << 4 | header.lowResponseCode)
    }

    /// Reads a whole message.
    public init(decoding message: [UInt8]) throws(DNSFormatError) {
        try self.init(decoding: message.span)
    }

    private static func records(
        _ count: Int, _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) -> [DNSRecord] {
        // The count is the sender's word; nothing is reserved for it.
        var records: [DNSRecord] = []
        for _ in 0..<count {
            guard case .record(let record) = try DNSEntry(&reader, message) else {
                throw DNSFormatError(.misplacedOPT, at: reader.offset)
            }
            records.append(record)
        }
        return records
    }
}

extension DNSQuestion {
    init(_ reader: inout DNSReader, _ message: Span<UInt8>) throws(DNSFormatError) {
        name = try reader.name(message)
        type = DNSRecordType(rawValue: try reader.uint16(message))
        recordClass = DNSClass(rawValue: try reader.uint16(message))
    }
}

/// What can stand where a record does: a record, or EDNS with the high bits of the response code.
private enum DNSEntry {
    case record(DNSRecord)
    case edns(EDNS, highResponseCode: UInt16)

    init(_ reader: inout DNSReader, _ message: Span<UInt8>) throws(DNSFormatError) {
        let start = reader.offset
        let name = try reader.name(message)
        let type = DNSRecordType(rawValue: try reader.uint16(message))
        let place = DNSClass(rawValue: try reader.uint16(message))
        let ttl = try reader.uint32(message)
        let length = Int(try reader.uint16(message))
        try reader.require(length)
        var inner = DNSReader(offset: reader.offset, end: reader.offset + length)
        if type == .opt {
            guard name.isRoot else { throw DNSFormatError(.misplacedOPT, at: start) }
            let edns = try EDNS(place: place, flags: ttl, &inner, message)
            self = .edns(edns, highResponseCode: UInt16(truncatingIfNeeded: ttl >> 24))
        } else {
            let data = try DNSRecordData(type, in: place, &inner, message)
            guard inner.remaining == 0 else {
                throw DNSFormatError(.badRecordLength, at: inner.offset)
            }
            // RFC 2181 section 8: a TTL with its highest bit set is 0.
            self = .record(
                DNSRecord(
                    name: name, ttl: ttl > UInt32(Int32.max) ? 0 : ttl, recordClass: place,
                    data: data))
        }
        try reader.skip(length)
    }
}

extension DNSReader {
    mutating func skip(_ count: Int) throws(DNSFormatError) {
        try require(count)
        self = DNSReader(offset: offset + count, end: end)
    }
}

extension EDNS {
    fileprivate init(
        place: DNSClass, flags: UInt32, _ reader: inout DNSReader, _ message: Span<UInt8>
    ) throws(DNSFormatError) {
        self.init(
            payloadSize: place.rawValue, version: UInt8(truncatingIfNeeded: flags >> 16),
            wantsSecurity: flags & 0x8000 != 0)
        while reader.remaining > 0 {
            let code = try reader.uint16(message)
            let length = Int(try reader.uint16(message))
            options.append(Option(code: code, value: try reader.bytes(length, message)))
        }
    }
}
