/// Base-128 varints (protobuf's encoding), written in their shortest form.
enum Varint {
    /// How many bytes `value` takes; negative numbers do not occur.
    static func length(_ value: Int) -> Int {
        var rest = UInt64(truncatingIfNeeded: value) >> 7
        var bytes = 1
        while rest != 0 {
            bytes += 1
            rest >>= 7
        }
        return bytes
    }

    /// Appends `value`.
    static func append(_ value: Int, to output: inout [UInt8]) {
        var rest = UInt64(truncatingIfNeeded: value)
        while rest >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        output.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads one of at most 10 bytes and moves `offset` behind it; nil when the bytes end first or
    /// the number does not fit 64 bits. `end` is at most the bytes' count.
    static func read(_ bytes: Span<UInt8>, at offset: inout Int, end: Int) -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = bytes[offset]
            offset += 1
            let low = UInt64(byte & 0x7f)
            if shift == 63, low > 1 { return nil }
            value |= low << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
            if shift > 63 { return nil }
        }
        return nil
    }
}

/// Protobuf's wire types; groups (3, 4) are none of this protocol.
enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
}
