import CNGTCP2
import CQUICTLS
import Glibc

/// The tokens of CQUICTLS with values in and out.
struct Tokens {
    var key = [UInt8](repeating: 7, count: Int(QUICTLS_KEY_LENGTH))

    /// An IPv4 or IPv6 address of 4 or 16 octets with its port.
    struct Peer {
        var octets: [UInt8]
        var port: UInt16
        /// Bytes of the struct that say nothing about who it is.
        var noise: UInt32 = 0

        func withSockaddr<Result>(
            _ body: (UnsafePointer<sockaddr>, Int) -> Result
        ) -> Result {
            if self.octets.count == 4 {
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = self.port.bigEndian
                unsafe withUnsafeMutableBytes(of: &address.sin_addr) {
                    unsafe $0.copyBytes(from: self.octets)
                }
                unsafe withUnsafeMutableBytes(of: &address.sin_zero) {
                    unsafe $0[0] = UInt8(truncatingIfNeeded: self.noise)
                }
                return unsafe self.rebound(&address, body)
            }
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = self.port.bigEndian
            address.sin6_flowinfo = self.noise
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) {
                unsafe $0.copyBytes(from: self.octets)
            }
            return unsafe self.rebound(&address, body)
        }

        private func rebound<Address, Result>(
            _ address: inout Address, _ body: (UnsafePointer<sockaddr>, Int) -> Result
        ) -> Result {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, MemoryLayout<Address>.size)
                }
            }
        }
    }

    func makeRetry(
        _ peer: Peer, scid: [UInt8], originalDCID: [UInt8], now: UInt64, version: UInt32 = 1
    ) -> [UInt8]? {
        var token = [UInt8](repeating: 0, count: Int(QUICTLS_MAX_RETRY_TOKEN_LENGTH))
        var scid = PacketCryptography.cid(scid)
        var original = PacketCryptography.cid(originalDCID)
        let length = unsafe peer.withSockaddr { address, size in
            unsafe quictls_make_retry_token(
                &token, self.key, version, address, size, &scid, &original, now)
        }
        return length > 0 ? Array(token.prefix(length)) : nil
    }

    func verifyRetry(
        _ token: [UInt8], _ peer: Peer, dcid: [UInt8], lifetime: UInt64, now: UInt64,
        version: UInt32 = 1
    ) -> [UInt8]? {
        var original = ngtcp2_cid()
        var dcid = PacketCryptography.cid(dcid)
        let result = unsafe peer.withSockaddr { address, size in
            unsafe quictls_verify_retry_token(
                &original, token, token.count, self.key, version, address, size, &dcid, lifetime,
                now)
        }
        return result == 0 ? PacketCryptography.bytes(of: original) : nil
    }

    func makeRegular(_ peer: Peer, now: UInt64) -> [UInt8]? {
        var token = [UInt8](repeating: 0, count: Int(QUICTLS_MAX_REGULAR_TOKEN_LENGTH))
        let length = unsafe peer.withSockaddr { address, size in
            unsafe quictls_make_regular_token(&token, self.key, address, size, now)
        }
        return length > 0 ? Array(token.prefix(length)) : nil
    }

    func isRegular(_ token: [UInt8], _ peer: Peer, lifetime: UInt64, now: UInt64) -> Bool {
        unsafe peer.withSockaddr { address, size in
            unsafe quictls_verify_regular_token(
                token, token.count, self.key, address, size, lifetime, now) == 0
        }
    }

    func reset(_ cid: [UInt8]) -> [UInt8] {
        var token = [UInt8](repeating: 0, count: Int(QUICTLS_RESET_TOKEN_LENGTH))
        var cid = PacketCryptography.cid(cid)
        return unsafe quictls_stateless_reset_token(&token, self.key, &cid) == 1 ? token : []
    }
}
