/// A connection ID (RFC 9000 §5.1) of up to 20 bytes, held without heap.
package struct ConnectionID: Hashable, Sendable {
    /// Bytes in our own IDs: one for the event loop's index, fifteen random ones.
    package static let ownLength = 16
    /// The longest that version 1 allows.
    package static let maximumLength = 20

    /// How many bytes count.
    package let length: UInt8
    let first: UInt64
    let second: UInt64
    let third: UInt32

    init(length: UInt8, first: UInt64, second: UInt64, third: UInt32) {
        self.length = length
        self.first = first
        self.second = second
        self.third = third
    }

    /// Packs up to 20 bytes; what is beyond is ignored by the caller's own check.
    package init(_ bytes: some Collection<UInt8>) {
        var words = (UInt64(0), UInt64(0), UInt32(0))
        var count = 0
        for byte in bytes.prefix(Self.maximumLength) {
            switch count {
            case 0..<8: words.0 |= UInt64(byte) << UInt64(8 * count)
            case 8..<16: words.1 |= UInt64(byte) << UInt64(8 * (count - 8))
            default: words.2 |= UInt32(byte) << UInt32(8 * (count - 16))
            }
            count += 1
        }
        self.init(
            length: UInt8(truncatingIfNeeded: count), first: words.0, second: words.1,
            third: words.2)
    }

    /// The index of the event loop in an ID of ours.
    package var loopIndex: UInt8 { UInt8(truncatingIfNeeded: self.first) }
}
