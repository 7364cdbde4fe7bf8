import CBoringTLS
import SeliumTesting
import Testing

@Suite("RFC 9001 Appendix A", .inTurn())
struct RFC9001AppendixATests {
    static let dcid = hex("8394c8f03e515708")

    struct InitialKeys: Sendable {
        let secret: String
        let key: String
        let iv: String
        let headerKey: String
    }

    static let client = InitialKeys(
        secret: "c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea",
        key: "1f369613dd76d5467730efcbe3b1a22d", iv: "fa044b2f42a3fd3b46fb255c",
        headerKey: "9f50449e04a0e810283a1e9933adedd2")
    static let server = InitialKeys(
        secret: "3c199828fd139efd216c155ad844cc81fb82fa8d7446fa7d78be803acdda951b",
        key: "cf3a5331653c364c88f0f379b6067e37", iv: "0ac1493ca1905853b0bba03e",
        headerKey: "c206b8d9b9f0f37644430b490eeaa314")

    @Test("A.1: Initial secrets and keys of both sides")
    func keys() {
        let secrets = PacketCryptography.initialSecrets(Self.dcid)
        for (secret, expected) in [(secrets.client, Self.client), (secrets.server, Self.server)] {
            #expect(secret == hex(expected.secret))
            let label = { PacketCryptography.expandLabel(secret: secret, label: $0, length: $1) }
            #expect(label("quic key", 16) == hex(expected.key))
            #expect(label("quic iv", 12) == hex(expected.iv))
            #expect(label("quic hp", 16) == hex(expected.headerKey))
        }
    }

    @Test("A.2: the client's Initial packet")
    func clientInitial() {
        let crypto = hex(
            """
            060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868
            04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578
            616d706c652e636f6dff01000100000a00080006001d00170018001000070005
            04616c706e000500050100000000003300260024001d00209370b2c9caa47fba
            baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400
            0d0010000e0403050306030203080408050806002d00020101001c0002400100
            3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000
            75300901100f088394c8f03e51570806048000ffff
            """)
        let payload = crypto + [UInt8](repeating: 0, count: 1162 - crypto.count)
        let header = hex("c300000001088394c8f03e5157080000449e00000002")
        let sealed = PacketCryptography.seal(
            BTLS_SUITE_AES_128_GCM_SHA256, key: hex(Self.client.key),
            nonce: nonce(hex(Self.client.iv), 2), plaintext: payload, header: header)
        // The tag covers every byte of the ciphertext.
        #expect(sealed.count == 1178)
        #expect(Array(sealed.prefix(16)) == hex("d1b1c98dd7689fb8ec11d242b123dc9b"))
        #expect(Array(sealed.suffix(16)) == hex("e221af44860018ab0856972e194cd934"))
        let mask = PacketCryptography.mask(
            BTLS_SUITE_AES_128_GCM_SHA256, key: hex(Self.client.headerKey),
            sample: Array(sealed.prefix(16)))
        #expect(mask == hex("437b9aec36"))
        #expect(
            protect(header, packetNumberLength: 4, mask: mask)
                == hex("c000000001088394c8f03e5157080000449e7b9aec34"))
    }

    @Test("A.3: the server's Initial packet, there and back")
    func serverInitial() {
        let payload = hex(
            """
            02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf739
            88cfc79825df566dc5430b9a045a1200130100002e00330024001d00209d3c94
            0d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00
            020304
            """)
        let header = hex("c1000000010008f067a5502a4262b50040750001")
        let packet = hex(
            """
            cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a
            5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3
            dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84
            022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4
            2158407dd074ee
            """)
        let key = hex(Self.server.key)
        let packetNonce = nonce(hex(Self.server.iv), 1)
        let sealed = PacketCryptography.seal(
            BTLS_SUITE_AES_128_GCM_SHA256, key: key, nonce: packetNonce, plaintext: payload,
            header: header)
        let sample = Array(sealed[2..<18])
        #expect(sample == hex("2cd0991cd25b0aac406a5816b6394100"))
        let mask = PacketCryptography.mask(
            BTLS_SUITE_AES_128_GCM_SHA256, key: hex(Self.server.headerKey), sample: sample)
        #expect(mask == hex("2ec0d8356a"))
        #expect(protect(header, packetNumberLength: 2, mask: mask) + sealed == packet)
        #expect(
            PacketCryptography.open(
                BTLS_SUITE_AES_128_GCM_SHA256, key: key, nonce: packetNonce, ciphertext: sealed,
                header: header) == payload)
        for index in [0, sealed.count / 2, sealed.count - 1] {
            var broken = sealed
            broken[index] ^= 1
            #expect(
                PacketCryptography.open(
                    BTLS_SUITE_AES_128_GCM_SHA256, key: key, nonce: packetNonce,
                    ciphertext: broken, header: header) == nil)
        }
    }

    @Test("A.4: the Retry packet's integrity tag")
    func retry() {
        let packet = hex(
            "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba")
        // The tag of the packet as printed: an empty plaintext, the pseudo-packet as header.
        let pseudo = [8] + Self.dcid + packet.dropLast(16)
        let tag = PacketCryptography.seal(
            BTLS_SUITE_AES_128_GCM_SHA256, key: hex("be0c690b9f66575a1d766b54e368c84e"),
            nonce: hex("461599d35d632bf2239825bb"), plaintext: [], header: pseudo)
        #expect(tag == Array(packet.suffix(16)))
        // What we write differs in the unused bits of the first byte, and so in the tag.
        let ours = PacketCryptography.retry(
            dcid: [], scid: hex("f067a5502a4262b5"), originalDCID: Self.dcid,
            token: hex("746f6b656e"))
        #expect(ours.count == packet.count)
        #expect(ours.first.map { $0 & 0xf0 } == 0xf0)
        #expect(ours.dropFirst().dropLast(16) == packet.dropFirst().dropLast(16))
        #expect(
            Array(ours.suffix(16))
                == PacketCryptography.seal(
                    BTLS_SUITE_AES_128_GCM_SHA256, key: hex("be0c690b9f66575a1d766b54e368c84e"),
                    nonce: hex("461599d35d632bf2239825bb"), plaintext: [],
                    header: [8] + Self.dcid + ours.dropLast(16)))
    }

    @Test("A.5: a short header packet of ChaCha20-Poly1305, and the next secret")
    func chaCha() {
        let suite = BTLS_SUITE_CHACHA20_POLY1305_SHA256
        let secret = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")
        let label = { PacketCryptography.expandLabel(secret: secret, label: $0, length: $1) }
        let key = label("quic key", 32)
        let iv = label("quic iv", 12)
        let headerKey = label("quic hp", 32)
        #expect(key == hex("c6d98ff3441c3fe1b2182094f69caa2ed4b716b65488960a7a984979fb23e1c8"))
        #expect(iv == hex("e0459b3474bdd0e44a41c144"))
        #expect(
            headerKey == hex("25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4"))
        #expect(
            label("quic ku", 32)
                == hex("1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9"))
        let packetNonce = nonce(iv, 654_360_564)
        #expect(packetNonce == hex("e0459b3474bdd0e46d417eb0"))
        let header = hex("4200bff4")
        let sealed = PacketCryptography.seal(
            suite, key: key, nonce: packetNonce, plaintext: [1], header: header)
        #expect(sealed == hex("655e5cd55c41f69080575d7999c25a5bfb"))
        let mask = PacketCryptography.mask(suite, key: headerKey, sample: Array(sealed[1...]))
        #expect(mask == hex("aefefe7d03"))
        #expect(
            protect(header, packetNumberLength: 3, mask: mask) + sealed
                == hex("4cfe4189655e5cd55c41f69080575d7999c25a5bfb"))
    }
}
