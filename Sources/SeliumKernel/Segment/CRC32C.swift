/// The checksum of log segments: CRC-32C (Castagnoli), as iSCSI defines it (RFC 3720, 12.1).
///
/// Finds every burst of up to 32 wrong bits, which a torn or rotten sector in a frame is longer than
/// only with a chance of 2^-32. It is no protection against somebody who can write the file.
public struct CRC32C: Sendable {
    /// Inverted between bytes, as the definition has it.
    private var register: UInt32

    /// A checksum of nothing yet; what continues another one begins with its value.
    public init(continuing value: UInt32 = 0) { register = ~value }

    /// The checksum of all bytes so far.
    public var value: UInt32 { ~register }

    /// Appends bytes.
    public mutating func update(_ bytes: Span<UInt8>) {
        let table = Self.tables.span
        var crc = register
        var index = 0
        // Eight bytes a round, each through a table of its own ("slicing by eight").
        while index + 8 <= bytes.count {
            let low =
                crc
                ^ (UInt32(bytes[index]) | UInt32(bytes[index + 1]) << 8
                    | UInt32(bytes[index + 2]) << 16 | UInt32(bytes[index + 3]) << 24)
            let near =
                table[1_792 + Int(low & 0xff)] ^ table[1_536 + Int(low >> 8 & 0xff)]
                ^ table[1_280 + Int(low >> 16 & 0xff)] ^ table[1_024 + Int(low >> 24)]
            let far =
                table[768 + Int(bytes[index + 4])] ^ table[512 + Int(bytes[index + 5])]
                ^ table[256 + Int(bytes[index + 6])] ^ table[Int(bytes[index + 7])]
            crc = near ^ far
            index += 8
        }
        while index < bytes.count {
            crc = table[Int((crc ^ UInt32(bytes[index])) & 0xff)] ^ crc >> 8
            index += 1
        }
        register = crc
    }

    /// The checksum of `bytes`.
    public static func of(_ bytes: Span<UInt8>) -> UInt32 {
        var crc = CRC32C()
        crc.update(bytes)
        return crc.value
    }

    /// Eight tables of 256; the k-th is for a byte with k more behind it.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = []
        tables.reserveCapacity(2_048)
        for byte in UInt32(0)..<256 {
            var crc = byte
            // 0x1edc6f41 with its bits in reverse.
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82f6_3b78 : crc >> 1 }
            tables.append(crc)
        }
        for index in 256..<2_048 {
            let before = tables[index - 256]
            tables.append(tables[Int(before & 0xff)] ^ before >> 8)
        }
        return tables
    }()
}
