/// Bytes for a column of the database: little-endian numbers, strings with their length in front.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func number<N: FixedWidthInteger>(_ number: N) {
        var rest = number.littleEndian
        for _ in 0..<(N.bitWidth / 8) {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest = N.bitWidth > 8 ? rest >> 8 : 0
        }
    }

    mutating func flag(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    mutating func blob(_ blob: [UInt8]) {
        number(UInt32(clamping: blob.count))
        bytes += blob
    }

    mutating func string(_ string: String) { blob(Array(string.utf8)) }

    mutating func optional<T>(_ value: T?, _ write: (inout ByteWriter, T) -> Void) {
        flag(value != nil)
        if let value { write(&self, value) }
    }

    mutating func list<T>(_ list: [T], _ write: (inout ByteWriter, T) -> Void) {
        number(UInt32(clamping: list.count))
        for item in list { write(&self, item) }
    }
}

/// Reads what `ByteWriter` wrote. A row that does not read is damage, never a trap.
struct ByteReader {
    /// The bytes are not what they should be.
    struct Damage: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ count: Int) throws(Damage) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw Damage() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func number<N: FixedWidthInteger>(_ type: N.Type = N.self) throws(Damage) -> N {
        var value: N = 0
        for (place, byte) in try take(N.bitWidth / 8).enumerated() {
            value |= N(truncatingIfNeeded: byte) << (8 * place)
        }
        return value
    }

    mutating func flag() throws(Damage) -> Bool { try number(UInt8.self) != 0 }

    mutating func blob() throws(Damage) -> [UInt8] {
        Array(try take(Int(clamping: try number(UInt32.self))))
    }

    mutating func string() throws(Damage) -> String { String(decoding: try blob(), as: UTF8.self) }

    mutating func optional<T>(
        _ read: (inout ByteReader) throws(Damage) -> T
    ) throws(Damage) -> T? {
        try flag() ? try read(&self) : nil
    }

    mutating func list<T>(
        _ read: (inout ByteReader) throws(Damage) -> T
    ) throws(Damage) -> [T] {
        let count = Int(clamping: try number(UInt32.self))
        // Every item has at least a byte: a wrong count cannot ask for much memory.
        guard count <= rest.count else { throw Damage() }
        var items: [T] = []
        for _ in 0..<count { items.append(try read(&self)) }
        return items
    }
}
