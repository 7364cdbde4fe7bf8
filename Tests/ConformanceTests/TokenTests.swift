import SeliumTesting
import Testing

@Suite("RFC 9000 §8.1 and §10.3: tokens", .inTurn())
struct TokenTests {
    let tokens = Tokens()
    let peer = Tokens.Peer(octets: [192, 0, 2, 1], port: 4433)
    let scid: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
    let original: [UInt8] = [9, 8, 7, 6, 5, 4, 3, 2, 1]
    let now: UInt64 = 5_000_000_000
    let lifetime: UInt64 = 3_000_000_000

    @Test("a retry token brings back the original destination connection ID")
    func retry() throws {
        let token = try #require(
            tokens.makeRetry(peer, scid: scid, originalDCID: original, now: now))
        for later in [now, now + lifetime] {
            #expect(
                tokens.verifyRetry(token, peer, dcid: scid, lifetime: lifetime, now: later)
                    == original)
        }
        // Nothing in a token repeats.
        #expect(token != tokens.makeRetry(peer, scid: scid, originalDCID: original, now: now))
    }

    @Test("a retry token is good for its address, port, version, connection ID and time only")
    func retryBound() throws {
        let token = try #require(
            tokens.makeRetry(peer, scid: scid, originalDCID: original, now: now))
        let verify = { (peer: Tokens.Peer, dcid: [UInt8], now: UInt64, version: UInt32) in
            tokens.verifyRetry(
                token, peer, dcid: dcid, lifetime: lifetime, now: now, version: version)
        }
        var other = peer
        other.port += 1
        #expect(verify(other, scid, now, 1) == nil)
        other = peer
        other.octets[3] = 2
        #expect(verify(other, scid, now, 1) == nil)
        #expect(verify(peer, Array(scid.dropLast()), now, 1) == nil)
        #expect(verify(peer, scid, now + lifetime + 1, 1) == nil)
        #expect(verify(peer, scid, now - 1, 1) == nil)
        #expect(verify(peer, scid, now, 2) == nil)
        var foreign = tokens
        foreign.key[0] ^= 1
        #expect(
            foreign.verifyRetry(token, peer, dcid: scid, lifetime: lifetime, now: now) == nil)
        // What the sender of a packet may choose freely is not part of who it is.
        var noisy = peer
        noisy.noise = 77
        #expect(verify(noisy, scid, now, 1) == original)
    }

    @Test("a retry token cut short or changed anywhere is refused")
    func retryMutated() throws {
        let token = try #require(
            tokens.makeRetry(peer, scid: scid, originalDCID: original, now: now))
        let verify = { (bytes: [UInt8]) in
            tokens.verifyRetry(bytes, peer, dcid: scid, lifetime: lifetime, now: now)
        }
        for length in 0..<token.count {
            #expect(verify(Array(token.prefix(length))) == nil)
        }
        for index in token.indices {
            var bytes = token
            bytes[index] ^= 0x40
            #expect(verify(bytes) == nil)
        }
        #expect(verify(token + [0]) == nil)
        #expect(verify([UInt8](repeating: 0xb6, count: 4096)) == nil)
    }

    @Test("connection IDs of every length go through, IPv6 too", arguments: [0, 1, 8, 20])
    func lengths(_ length: Int) throws {
        let peer = Tokens.Peer(octets: [UInt8](repeating: 0x20, count: 16), port: 1, noise: 5)
        let cid = [UInt8](repeating: 0xaa, count: length)
        let token = try #require(
            tokens.makeRetry(peer, scid: cid, originalDCID: cid, now: 0))
        #expect(tokens.verifyRetry(token, peer, dcid: cid, lifetime: 0, now: 0) == cid)
    }

    @Test("a regular token is good for the address whatever the port, and is no retry token")
    func regular() throws {
        let token = try #require(tokens.makeRegular(peer, now: now))
        let good = { (token: [UInt8], peer: Tokens.Peer, now: UInt64) in
            tokens.isRegular(token, peer, lifetime: lifetime, now: now)
        }
        var other = peer
        other.port = 1
        #expect(good(token, peer, now))
        #expect(good(token, other, now + lifetime))
        #expect(!good(token, peer, now + lifetime + 1))
        #expect(!good(token, peer, now - 1))
        other.octets[0] = 1
        #expect(!good(token, other, now))
        #expect(!good([], peer, now))
        #expect(
            tokens.verifyRetry(token, peer, dcid: scid, lifetime: lifetime, now: now) == nil)
        let retry = try #require(
            tokens.makeRetry(peer, scid: scid, originalDCID: original, now: now))
        #expect(!good(retry, peer, now))
        #expect(retry.first != token.first)
    }

    @Test("a reset token depends on the key and the connection ID only")
    func reset() {
        var other = tokens
        other.key[31] ^= 1
        #expect(tokens.reset(scid).count == 16)
        #expect(tokens.reset(scid) == tokens.reset(scid))
        #expect(tokens.reset(scid) != tokens.reset(original))
        #expect(tokens.reset(scid) != tokens.reset(scid + [0]))
        #expect(tokens.reset(scid) != other.reset(scid))
    }
}
