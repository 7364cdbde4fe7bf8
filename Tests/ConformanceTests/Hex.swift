/// Bytes written as in the RFCs: hexadecimal, white space where it helps the eye.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map {
        UInt8(digits[$0] << 4 | digits[$0 + 1])
    }
}

/// RFC 9001 §5.3: the packet number, to the right, over the IV.
func nonce(_ iv: [UInt8], _ packetNumber: UInt64) -> [UInt8] {
    var nonce = iv
    for index in 0..<8 {
        nonce[nonce.count - 1 - index] ^= UInt8(truncatingIfNeeded: packetNumber >> (8 * index))
    }
    return nonce
}

/// RFC 9001 §5.4.1: the mask over the first byte and the packet number.
func protect(_ header: [UInt8], packetNumberLength: Int, mask: [UInt8]) -> [UInt8] {
    var header = header
    header[0] ^= mask[0] & (header[0] & 0x80 != 0 ? 0x0f : 0x1f)
    for index in 0..<packetNumberLength {
        header[header.count - packetNumberLength + index] ^= mask[index + 1]
    }
    return header
}
