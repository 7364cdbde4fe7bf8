import CBoringTLS
import SeliumTesting
import Testing

@Suite("RFC 5869 and RFC 8448: key derivation", .inTurn())
struct KeyDerivationTests {
    @Test("RFC 5869 A.1: extract and expand")
    func basic() {
        let secret = PacketCryptography.extract(
            BTLS_HASH_SHA256, secret: [UInt8](repeating: 0x0b, count: 22),
            salt: hex("000102030405060708090a0b0c"))
        #expect(
            secret == hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"))
        #expect(
            PacketCryptography.expand(
                BTLS_HASH_SHA256, secret: secret, info: hex("f0f1f2f3f4f5f6f7f8f9"), length: 42)
                == hex(
                    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
                        + "34007208d5b887185865"))
    }

    @Test("RFC 5869 A.3: without salt and info")
    func empty() {
        let secret = PacketCryptography.extract(
            BTLS_HASH_SHA256, secret: [UInt8](repeating: 0x0b, count: 22), salt: [])
        #expect(
            secret == hex("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"))
        #expect(
            PacketCryptography.expand(BTLS_HASH_SHA256, secret: secret, info: [], length: 42)
                == hex(
                    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
                        + "9d201395faa4b61a96c8"))
    }

    @Test("RFC 8448 §3: keys of the server's handshake traffic secret")
    func labels() {
        let secret = hex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38")
        #expect(
            PacketCryptography.expandLabel(secret: secret, label: "key", length: 16)
                == hex("3fce516009c21727d0f2e4e86ee403bc"))
        #expect(
            PacketCryptography.expandLabel(secret: secret, label: "iv", length: 12)
                == hex("5d313eb2671276ee13000b30"))
    }

    @Test("a label that does not fit, and an output that is too long, are refused")
    func limits() {
        let secret = [UInt8](repeating: 1, count: 32)
        let longest = String(repeating: "x", count: 249)
        #expect(
            PacketCryptography.expandLabel(secret: secret, label: longest, length: 16).count == 16)
        #expect(
            PacketCryptography.expandLabel(secret: secret, label: longest + "x", length: 16)
                .isEmpty)
        #expect(
            PacketCryptography.expandLabel(secret: secret, label: "x", length: 255 * 32 + 1)
                .isEmpty)
    }

    @Test(
        "every suite seals, opens and notices a changed byte of ciphertext, header or nonce",
        arguments: [
            BTLS_SUITE_AES_128_GCM_SHA256, BTLS_SUITE_AES_256_GCM_SHA384,
            BTLS_SUITE_CHACHA20_POLY1305_SHA256,
        ])
    func suites(_ suite: btls_suite) {
        let key = [UInt8](repeating: 3, count: btls_suite_key_length(suite))
        let iv = [UInt8](repeating: 4, count: 12)
        let text = Array("every suite".utf8)
        let sealed = PacketCryptography.seal(
            suite, key: key, nonce: iv, plaintext: text, header: [1, 2])
        let open = { (nonce: [UInt8], bytes: [UInt8], header: [UInt8]) in
            PacketCryptography.open(
                suite, key: key, nonce: nonce, ciphertext: bytes, header: header)
        }
        #expect(open(iv, sealed, [1, 2]) == text)
        #expect(open(iv, sealed, [1, 3]) == nil)
        #expect(open(nonce(iv, 1), sealed, [1, 2]) == nil)
        #expect(open(iv, Array(sealed.dropLast()), [1, 2]) == nil)
        #expect(open(iv, [], [1, 2]) == nil)
        // A key of the wrong length is no key.
        #expect(
            PacketCryptography.seal(
                suite, key: Array(key.dropLast()), nonce: iv, plaintext: text, header: []
            ).isEmpty)
        #expect(
            PacketCryptography.mask(
                suite, key: Array(key.dropLast()), sample: [UInt8](repeating: 0, count: 16)
            ).isEmpty)
    }
}
