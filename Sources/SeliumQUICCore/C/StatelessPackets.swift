internal import CNGTCP2
internal import CQUICTLS

/// Packets that an endpoint sends without a connection, and the secrets they need.
struct StatelessPackets {
    /// Bytes of either key.
    static let keyLength = 32

    /// It may outlive the endpoint: resets are for the connections of the one before.
    private let resetKey: [UInt8]
    /// It never does: tokens are of a clock that begins anew with the machine, and which were used is
    /// known here only.
    private let tokenKey: [UInt8]
    private let tokenLifetime: UInt64
    private let addressTokenLifetime: UInt64

    /// Five unpredictable bytes and the token (RFC 9000 §10.3).
    private static let shortestReset = 21

    init(
        resetKey: [UInt8], tokenKey: [UInt8], tokenLifetime: UInt64, addressTokenLifetime: UInt64
    ) {
        self.resetKey = resetKey
        self.tokenKey = tokenKey
        self.tokenLifetime = tokenLifetime
        self.addressTokenLifetime = addressTokenLifetime
    }

    /// The reset token of one of our IDs (RFC 9000 §10.3.2), 16 bytes into `target`.
    func writeResetToken(
        of id: ConnectionID, into target: UnsafeMutablePointer<UInt8>
    ) -> Bool {
        var cid = id.ngtcp2
        return unsafe resetKey.withUnsafeBufferPointer { key in
            guard let base = key.baseAddress else { return false }
            return unsafe quictls_stateless_reset_token(target, base, &cid) == 1
        }
    }

    /// A stateless reset for a datagram of `length` bytes; nil when it is too short to be answered
    /// without the danger of a loop (RFC 9000 §10.3.3).
    func reset(for id: ConnectionID, answering length: Int) -> [UInt8]? {
        let target = min(length - 1, 43 + Int(id.first >> 60))
        guard target >= Self.shortestReset else { return nil }
        let randomCount = target - Int(NGTCP2_STATELESS_RESET_TOKENLEN)
        var token = [UInt8](repeating: 0, count: Int(NGTCP2_STATELESS_RESET_TOKENLEN))
        let made = unsafe token.withUnsafeMutableBufferPointer { token in
            guard let base = token.baseAddress else { return false }
            return unsafe writeResetToken(of: id, into: base)
        }
        guard made else { return nil }
        let random = SystemRandom().bytes(randomCount)
        return unsafe Self.packet(capacity: 128) { out, capacity in
            unsafe ngtcp2_pkt_write_stateless_reset(out, capacity, token, random, randomCount)
        }
    }

    /// Version negotiation (RFC 9000 §6.1): version 1 and a reserved one.
    func versionNegotiation(destination: [UInt8], source: [UInt8]) -> [UInt8]? {
        let random = SystemRandom().bytes(1)
        let versions: [UInt32] = [0x1a2a_3a4a, UInt32(NGTCP2_PROTO_VER_V1)]
        // An unknown version may use IDs of up to 255 bytes.
        return unsafe Self.packet(capacity: 600) { out, capacity in
            unsafe ngtcp2_pkt_write_version_negotiation(
                out, capacity, random[0], source, source.count, destination, destination.count,
                versions, versions.count)
        }
    }

    /// A Retry that asks the client to prove its address (RFC 9000 §8.1.2).
    func retry(
        to header: InitialHeader, from remote: SocketAddress, ownID: ConnectionID, now: UInt64
    ) -> [UInt8]? {
        let peer = SockaddrStorage(remote)
        var retryID = ownID.ngtcp2
        var originalID = header.destination.ngtcp2
        var clientID = header.source.ngtcp2
        let token = unsafe Self.packet(capacity: Int(QUICTLS_MAX_RETRY_TOKEN_LENGTH)) { out, _ in
            unsafe quictls_make_retry_token(
                out, tokenKey, header.version, peer.pointer, Int(peer.length), &retryID,
                &originalID, now)
        }
        guard let token else { return nil }
        return unsafe Self.packet(capacity: 600) { out, capacity in
            unsafe quictls_write_retry(
                out, capacity, header.version, &clientID, &retryID, &originalID, token, token.count)
        }
    }

    /// What an Initial's token proves.
    enum TokenVerdict {
        /// No token of a Retry: as if there were none.
        case none
        /// The address is the client's own; the ID it used first.
        case valid(original: ConnectionID)
        /// A Retry token that is not ours, too old, or of another address.
        case invalid
    }

    /// Whether the token claims to be one of ours from a Retry.
    func isRetryToken(_ token: [UInt8]) -> Bool {
        token.first == UInt8(QUICTLS_RETRY_TOKEN_MAGIC)
    }

    func judgeToken(of header: InitialHeader, from remote: SocketAddress, now: UInt64)
        -> TokenVerdict
    {
        guard isRetryToken(header.token) else { return .none }
        let peer = SockaddrStorage(remote)
        var original = ngtcp2_cid()
        var destination = header.destination.ngtcp2
        let result = unsafe quictls_verify_retry_token(
            &original, header.token, header.token.count, tokenKey, header.version,
            peer.pointer, Int(peer.length), &destination, tokenLifetime, now)
        return result == 0 ? .valid(original: ConnectionID(original)) : .invalid
    }

    /// A token for a NEW_TOKEN frame, bound to the address without its port (RFC 9000 §8.1.3).
    func addressToken(for remote: SocketAddress, now: UInt64) -> [UInt8]? {
        let peer = SockaddrStorage(remote)
        return unsafe Self.packet(capacity: Int(QUICTLS_MAX_REGULAR_TOKEN_LENGTH)) { out, _ in
            unsafe quictls_make_regular_token(out, tokenKey, peer.pointer, Int(peer.length), now)
        }
    }

    /// What tells this token from all others, when it is one of ours for this address and not too
    /// old; nil for any other.
    func addressTokenID(_ token: [UInt8], from remote: SocketAddress, now: UInt64) -> TokenID? {
        guard token.first == UInt8(QUICTLS_REGULAR_TOKEN_MAGIC) else { return nil }
        let peer = SockaddrStorage(remote)
        let result = unsafe quictls_verify_regular_token(
            token, token.count, tokenKey, peer.pointer, Int(peer.length), addressTokenLifetime,
            now)
        // Behind the magic are random bytes that the rest was sealed with.
        return result == 0 ? TokenID(token.dropFirst()) : nil
    }

    /// CONNECTION_CLOSE in an Initial packet: refuses without keeping anything.
    func refusal(of header: InitialHeader, code: UInt64) -> [UInt8]? {
        var clientID = header.source.ngtcp2
        var ownID = header.destination.ngtcp2
        return unsafe Self.packet(capacity: 1_200) { out, capacity in
            unsafe quictls_write_connection_close(
                out, capacity, header.version, &clientID, &ownID, code)
        }
    }

    private static func packet(
        capacity: Int, _ write: (UnsafeMutablePointer<UInt8>, Int) -> Int
    ) -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
            guard let base = buffer.baseAddress else { return }
            initialized = max(0, unsafe write(base, capacity))
        }
        return bytes.isEmpty ? nil : bytes
    }
}
