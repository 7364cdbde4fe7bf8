/// The bytes of a message while it is written.
struct DNSWriter {
    private(set) var bytes: [UInt8] = []
    /// Where the tails of names that were written begin, for pointers (RFC 1035 section 4.1.4). A
    /// pointer has 14 bits; what lies beyond is not remembered. Case counts, so that names come out
    /// as they went in.
    private var tails: [ArraySlice<UInt8>: UInt16] = [:]
    private let compresses: Bool

    init(compresses: Bool) {
        self.compresses = compresses
        bytes.reserveCapacity(512)
    }

    mutating func uint8(_ value: UInt8) { bytes.append(value) }

    mutating func uint16(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    mutating func uint32(_ value: UInt32) {
        uint16(UInt16(truncatingIfNeeded: value >> 16))
        uint16(UInt16(truncatingIfNeeded: value))
    }

    mutating func append(_ more: some Sequence<UInt8>) { bytes.append(contentsOf: more) }

    /// A length and as many bytes.
    mutating func string(_ value: some Collection<UInt8>) throws(DNSFormatError) {
        guard let count = UInt8(exactly: value.count) else {
            throw DNSFormatError(.badValue, at: bytes.count)
        }
        uint8(count)
        append(value)
    }

    mutating func name(_ name: DNSName, mayCompress: Bool = true) {
        guard compresses else {
            append(name.wire)
            return
        }
        var start = 0
        while name.wire[start] != 0 {
            let tail = name.wire[start...]
            if mayCompress, let offset = tails[tail] {
                uint16(0xC000 | offset)
                return
            }
            if bytes.count < 0x4000 { tails[tail] = UInt16(truncatingIfNeeded: bytes.count) }
            let end = start + 1 + Int(name.wire[start])
            append(name.wire[start..<end])
            start = end
        }
        uint8(0)
    }

    /// Two bytes of length and what `body` writes.
    mutating func counted(
        _ body: (inout DNSWriter) throws(DNSFormatError) -> Void
    ) throws(DNSFormatError) {
        let start = bytes.count
        uint16(0)
        try body(&self)
        guard let count = UInt16(exactly: bytes.count - start - 2) else {
            throw DNSFormatError(.badRecordLength, at: start)
        }
        bytes[start] = UInt8(truncatingIfNeeded: count >> 8)
        bytes[start + 1] = UInt8(truncatingIfNeeded: count)
    }
}
