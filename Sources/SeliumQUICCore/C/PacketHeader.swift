internal import CNGTCP2

/// What the first bytes of a datagram say, before any key is needed (RFC 8999).
enum PacketHeader {
    /// Not QUIC.
    case invalid
    /// A version we do not speak, in a datagram long enough to be answered.
    case unknownVersion(destination: [UInt8], source: [UInt8])
    /// For this connection ID.
    case packet(destination: ConnectionID, isLong: Bool)

    init(_ datagram: UnsafeRawBufferPointer) {
        guard let base = unsafe datagram.baseAddress?.assumingMemoryBound(to: UInt8.self),
            datagram.count > 0
        else {
            self = .invalid
            return
        }
        var header = unsafe ngtcp2_version_cid()
        let result = unsafe ngtcp2_pkt_decode_version_cid(
            &header, base, datagram.count, ConnectionID.ownLength)
        switch result {
        case 0 where unsafe header.dcidlen <= ConnectionID.maximumLength:
            self = unsafe .packet(
                destination: ConnectionID(pointer: header.dcid, count: header.dcidlen),
                isLong: base[0] & 0x80 != 0)
        case NGTCP2_ERR_VERSION_NEGOTIATION:
            self = unsafe .unknownVersion(
                destination: Array(UnsafeBufferPointer(start: header.dcid, count: header.dcidlen)),
                source: Array(UnsafeBufferPointer(start: header.scid, count: header.scidlen)))
        default:
            self = .invalid
        }
    }
}

/// A client's first packet, as far as it can be read without keys.
struct InitialHeader {
    let version: UInt32
    /// What the client calls us.
    let destination: ConnectionID
    /// What it calls itself.
    let source: ConnectionID
    let token: [UInt8]

    enum Parsed {
        case initial(InitialHeader)
        /// Something that can only be answered after the address was validated (0-RTT first).
        case needsRetry(InitialHeader)
        case drop
    }

    static func parse(_ datagram: UnsafeRawBufferPointer) -> Parsed {
        guard let base = unsafe datagram.baseAddress?.assumingMemoryBound(to: UInt8.self) else {
            return .drop
        }
        var header = unsafe ngtcp2_pkt_hd()
        let result = unsafe ngtcp2_accept(&header, base, datagram.count)
        guard result == 0 || result == NGTCP2_ERR_RETRY else { return .drop }
        // RFC 9000 §14.1: a shorter one is not answered, so that nobody is amplified.
        guard datagram.count >= Int(NGTCP2_MAX_UDP_PAYLOAD_SIZE) else { return .drop }
        guard unsafe header.version == 1 else { return .drop }
        let parsed = unsafe InitialHeader(
            version: header.version, destination: ConnectionID(header.dcid),
            source: ConnectionID(header.scid),
            token: header.token.len == 0
                ? [] : Array(UnsafeBufferPointer(start: header.token.base, count: header.token.len))
        )
        return result == 0 ? .initial(parsed) : .needsRetry(parsed)
    }
}
