/// Reads numbers and separators from the bytes of an address text, each at most once per attempt.
///
/// Every number has a greatest count of digits, so no text makes it do more work than an address
/// is long.
struct AddressCursor<Bytes: Collection> where Bytes.Element == UInt8 {
    private let bytes: Bytes
    private(set) var index: Bytes.Index
    private(set) var offset = 0

    init(_ bytes: Bytes) {
        self.bytes = bytes
        index = bytes.startIndex
    }

    var isAtEnd: Bool { index == bytes.endIndex }

    /// The next byte, nil at the end.
    var next: UInt8? { isAtEnd ? nil : bytes[index] }

    mutating func advance() {
        guard !isAtEnd else { return }
        bytes.formIndex(after: &index)
        offset += 1
    }

    /// Takes one byte if it is the expected one.
    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        advance()
        return true
    }

    /// Takes one byte that has to be there.
    mutating func expect(_ byte: UInt8) throws(AddressError) {
        guard let found = next else { throw AddressError(.truncated, at: offset) }
        guard found == byte else { throw AddressError(.unexpectedCharacter, at: offset) }
        advance()
    }

    func expectEnd() throws(AddressError) {
        guard isAtEnd else { throw AddressError(.unexpectedCharacter, at: offset) }
    }

    /// A decimal number without leading zeros, at most `maximum`.
    mutating func decimal(upTo maximum: UInt64) throws(AddressError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        while let byte = next, byte >= 0x30, byte <= 0x39 {
            guard offset == start || value != 0 else { throw AddressError(.leadingZero, at: start) }
            // The maximum is at most 2^32 - 1, so ten times it plus nine stays far below 2^64.
            value = value * 10 + UInt64(byte - 0x30)
            guard value <= maximum else { throw AddressError(.outOfRange, at: start) }
            advance()
        }
        guard offset > start else {
            throw AddressError(isAtEnd ? .truncated : .unexpectedCharacter, at: start)
        }
        return value
    }

    /// One to four hexadecimal digits of either case.
    mutating func hexadecimalGroup() throws(AddressError) -> UInt16 {
        let start = offset
        var value: UInt16 = 0
        while let byte = next, let digit = Self.hexadecimalDigit(byte) {
            guard offset - start < 4 else { throw AddressError(.outOfRange, at: start) }
            value = value << 4 | digit
            advance()
        }
        guard offset > start else {
            throw AddressError(isAtEnd ? .truncated : .unexpectedCharacter, at: start)
        }
        return value
    }

    /// A dotted quad.
    mutating func dottedQuad() throws(AddressError) -> UInt32 {
        var bits: UInt32 = 0
        for position in 0..<4 {
            if position > 0 { try expect(UInt8(ascii: ".")) }
            bits = bits << 8 | UInt32(try decimal(upTo: 255))
        }
        return bits
    }

    private static func hexadecimalDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case 0x30...0x39: UInt16(byte - 0x30)
        case 0x41...0x46: UInt16(byte - 0x41 + 10)
        case 0x61...0x66: UInt16(byte - 0x61 + 10)
        default: nil
        }
    }
}
