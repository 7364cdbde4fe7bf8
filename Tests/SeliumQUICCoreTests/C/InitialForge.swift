import CBoringTLS
import CQUICTLS

/// Makes Initial packets of a client that are protected with the right keys, whatever their frames
/// say (RFC 9001 §5).
struct InitialForge {
    let destination: [UInt8]
    let source: [UInt8]
    private let key: [UInt8]
    private let iv: [UInt8]
    private let headerKey: [UInt8]

    init(destination: [UInt8], source: [UInt8]) {
        self.destination = destination
        self.source = source
        var client = [UInt8](repeating: 0, count: 32)
        var server = [UInt8](repeating: 0, count: 32)
        _ = unsafe quictls_initial_secrets(&client, &server, destination, destination.count)
        func expand(_ label: String, _ length: Int) -> [UInt8] {
            var out = [UInt8](repeating: 0, count: length)
            _ = unsafe btls_hkdf_expand_label(
                BTLS_HASH_SHA256, &out, length, client, client.count, label)
            return out
        }
        key = expand("quic key", 16)
        iv = expand("quic iv", 12)
        headerKey = expand("quic hp", 16)
    }

    /// One packet; `padding` is what the datagram is filled up to with PADDING frames.
    func packet(number: UInt32, frames: [UInt8], token: [UInt8] = [], padding: Int = 1_200)
        -> [UInt8]
    {
        var header: [UInt8] = [0xc3, 0, 0, 0, 1, UInt8(destination.count)] + destination
        header += [UInt8(source.count)] + source + varint(UInt64(token.count)) + token
        var frames = frames
        let overhead = header.count + 2 + 4 + 16
        if overhead + frames.count < padding {
            frames += [UInt8](repeating: 0, count: padding - overhead - frames.count)
        }
        let length = 4 + frames.count + 16
        header += [UInt8(0x40 | length >> 8), UInt8(length & 255)]
        let numberAt = header.count
        let numberBytes = (0..<4).map { UInt8(truncatingIfNeeded: number >> UInt32(24 - 8 * $0)) }
        header += numberBytes
        var nonce = iv
        for index in 0..<4 { nonce[8 + index] ^= numberBytes[index] }
        var sealed = [UInt8](repeating: 0, count: frames.count + 16)
        guard let aead = unsafe btls_aead_new(BTLS_SUITE_AES_128_GCM_SHA256, key, key.count) else {
            return []
        }
        defer { unsafe btls_aead_free(aead) }
        _ = unsafe btls_aead_seal(
            aead, &sealed, nonce, nonce.count, frames, frames.count, header, header.count)
        var packet = header + sealed
        guard
            let mask = unsafe btls_header_key_new(
                BTLS_SUITE_AES_128_GCM_SHA256, headerKey, headerKey.count)
        else { return [] }
        defer { unsafe btls_header_key_free(mask) }
        let sample = Array(packet[numberAt + 4..<numberAt + 20])
        var bits = [UInt8](repeating: 0, count: 5)
        unsafe btls_header_key_mask(mask, sample, &bits)
        packet[0] ^= bits[0] & 0x0f
        for index in 0..<4 { packet[numberAt + index] ^= bits[1 + index] }
        return packet
    }
}

/// RFC 9000 §16.
func varint(_ value: UInt64) -> [UInt8] {
    switch value {
    case 0..<64: return [UInt8(value)]
    case 64..<16_384: return [UInt8(0x40 | value >> 8), UInt8(value & 255)]
    case 16_384..<1 << 30:
        return (0..<4).map {
            UInt8(truncatingIfNeeded: (value | 0x8000_0000) >> UInt64(24 - 8 * $0))
        }
    default:
        let marked = value & (1 << 62 - 1) | 0xc000_0000_0000_0000
        return (0..<8).map { UInt8(truncatingIfNeeded: marked >> UInt64(56 - 8 * $0)) }
    }
}
