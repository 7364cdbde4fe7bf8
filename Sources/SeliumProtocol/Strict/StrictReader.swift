/// Walks an encoded message beside its schema and refuses whatever the schema does not know,
/// before anything is made of it. Allocates nothing unless it refuses.
struct StrictReader: Sendable {
    let maximumDepth: Int

    /// One field as it lies in the bytes.
    struct Field {
        var number: UInt64
        /// Tag, length and value.
        var whole: Range<Int>
    }

    /// Checks the message in `range` and tells of each top-level field; throws UNIMPLEMENTED for what
    /// is unknown and INVALID_ARGUMENT for what is wrong, with the path inside this message.
    func check(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ schema: MessageSchema, depth: Int = 1,
        each: (Field) -> Void = { _ in }
    ) throws(ProtocolError) {
        guard depth <= maximumDepth else {
            throw ProtocolError(.invalidArgument, "messages nest deeper than \(maximumDepth)")
        }
        var seen = Occurrences()
        var offset = range.lowerBound
        while offset < range.upperBound {
            let start = offset
            let (number, type) = try readTag(bytes, at: &offset, end: range.upperBound)
            guard let index = schema.fields.firstIndex(where: { $0.number == number }) else {
                throw ProtocolError(
                    .unimplemented, "this server does not know the field", field: String(number))
            }
            let field = schema.fields[index]
            try checkField(
                bytes, at: &offset, end: range.upperBound, field, type, index: index, &seen,
                depth: depth)
            each(Field(number: number, whole: start..<offset))
        }
    }

    /// What a message has had so far. Schemas have at most 64 fields.
    private struct Occurrences {
        var fields: UInt64 = 0
        var oneOfs: UInt64 = 0
        /// How many values repeated fields have, by index; made when the first one comes.
        var counts: [Int] = []

        mutating func add(_ field: FieldSchema, index: Int, values: Int) throws(ProtocolError) {
            switch field.multiplicity {
            case .once:
                try Self.mark(&fields, UInt64(index), "the field comes twice")
            case .oneOf(let group):
                try Self.mark(&fields, UInt64(index), "the field comes twice")
                try Self.mark(&oneOfs, UInt64(group), "another field of the same choice is set too")
            case .repeated(let maximum):
                while counts.count <= index { counts.append(0) }
                counts[index] += values
                guard counts[index] <= maximum else {
                    throw ProtocolError(.invalidArgument, "more than \(maximum) values")
                }
            }
        }

        private static func mark(
            _ set: inout UInt64, _ bit: UInt64, _ message: String
        ) throws(ProtocolError) {
            guard set & (1 << bit) == 0 else { throw ProtocolError(.invalidArgument, message) }
            set |= 1 << bit
        }
    }

    private func readTag(
        _ bytes: Span<UInt8>, at offset: inout Int, end: Int
    ) throws(ProtocolError) -> (number: UInt64, type: WireType) {
        guard let tag = Varint.read(bytes, at: &offset, end: end) else { throw Self.cutOff }
        let number = tag >> 3
        guard number >= 1, number <= 0x1fff_ffff,
            let type = WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7))
        else { throw ProtocolError(.invalidArgument, "not a protobuf message") }
        return (number, type)
    }

    private func checkField(
        _ bytes: Span<UInt8>, at offset: inout Int, end: Int, _ field: FieldSchema,
        _ type: WireType,
        index: Int, _ seen: inout Occurrences, depth: Int
    ) throws(ProtocolError) {
        do throws(ProtocolError) {
            if type == .lengthDelimited, field.mayBePacked {
                let range = try readLength(bytes, at: &offset, end: end)
                var inner = range.lowerBound
                while inner < range.upperBound {
                    try seen.add(field, index: index, values: 1)
                    try checkValue(bytes, at: &inner, end: range.upperBound, field, depth: depth)
                }
            } else {
                guard type == field.wireType else {
                    throw ProtocolError(.invalidArgument, "the field has another wire type")
                }
                try seen.add(field, index: index, values: 1)
                try checkValue(bytes, at: &offset, end: end, field, depth: depth)
            }
        } catch {
            var name = field.name
            if case .repeated = field.multiplicity, seen.counts.count > index {
                name += "[\(max(0, seen.counts[index] - 1))]"
            }
            throw error.inside(name)
        }
    }

    private func checkValue(
        _ bytes: Span<UInt8>, at offset: inout Int, end: Int, _ field: FieldSchema, depth: Int
    ) throws(ProtocolError) {
        switch field.wireType {
        case .varint:
            guard let value = Varint.read(bytes, at: &offset, end: end) else { throw Self.cutOff }
            try checkNumber(value, field.kind)
        case .fixed32: try skip(4, at: &offset, end: end)
        case .fixed64: try skip(8, at: &offset, end: end)
        case .lengthDelimited:
            let range = try readLength(bytes, at: &offset, end: end)
            if case .message(let schema) = field.kind {
                try check(bytes, range, schema, depth: depth + 1)
            }
        }
    }

    private func checkNumber(_ value: UInt64, _ kind: FieldSchema.Kind) throws(ProtocolError) {
        switch kind {
        case .bool:
            guard value <= 1 else { throw ProtocolError(.invalidArgument, "not 0 or 1") }
        case .uint32:
            guard value <= UInt64(UInt32.max) else {
                throw ProtocolError(.invalidArgument, "the number does not fit 32 bits")
            }
        case .enumeration(_, let last):
            guard value <= last else {
                throw ProtocolError(.unimplemented, "this server does not know the value")
            }
        case .uint64, .sint64, .float, .double, .bytes, .string, .message: break
        }
    }

    private func readLength(
        _ bytes: Span<UInt8>, at offset: inout Int, end: Int
    ) throws(ProtocolError) -> Range<Int> {
        guard let length = Varint.read(bytes, at: &offset, end: end),
            length <= UInt64(end - offset)
        else { throw Self.cutOff }
        let start = offset
        offset += Int(length)
        return start..<offset
    }

    private func skip(_ count: Int, at offset: inout Int, end: Int) throws(ProtocolError) {
        guard end - offset >= count else { throw Self.cutOff }
        offset += count
    }

    private static let cutOff = ProtocolError(
        .invalidArgument, "the message ends in the middle of a field")
}
