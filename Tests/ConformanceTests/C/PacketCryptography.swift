import CBoringTLS
import CNGTCP2
import CQUICTLS

/// The C rooms' packet cryptography with arrays in and out, for vectors.
enum PacketCryptography {
    static func initialSecrets(_ dcid: [UInt8]) -> (client: [UInt8], server: [UInt8]) {
        var client = [UInt8](repeating: 0, count: 32)
        var server = [UInt8](repeating: 0, count: 32)
        let done = unsafe quictls_initial_secrets(&client, &server, dcid, dcid.count)
        return done == 1 ? (client, server) : ([], [])
    }

    static func extract(_ hash: btls_hash, secret: [UInt8], salt: [UInt8]) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: btls_hash_length(hash))
        let done = unsafe btls_hkdf_extract(hash, &out, secret, secret.count, salt, salt.count)
        return done == 1 ? out : []
    }

    static func expand(
        _ hash: btls_hash, secret: [UInt8], info: [UInt8], length: Int
    ) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: length)
        let done = unsafe btls_hkdf_expand(
            hash, &out, length, secret, secret.count, info, info.count)
        return done == 1 ? out : []
    }

    static func expandLabel(
        _ hash: btls_hash = BTLS_HASH_SHA256, secret: [UInt8], label: String, length: Int
    ) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: length)
        let done = unsafe btls_hkdf_expand_label(
            hash, &out, length, secret, secret.count, label)
        return done == 1 ? out : []
    }

    static func seal(
        _ suite: btls_suite, key: [UInt8], nonce: [UInt8], plaintext: [UInt8], header: [UInt8]
    ) -> [UInt8] {
        guard let aead = unsafe btls_aead_new(suite, key, key.count) else { return [] }
        defer { unsafe btls_aead_free(aead) }
        var out = [UInt8](repeating: 0, count: plaintext.count + Int(BTLS_AEAD_TAG_LENGTH))
        let done = unsafe btls_aead_seal(
            aead, &out, nonce, nonce.count, plaintext, plaintext.count, header, header.count)
        return done == 1 ? out : []
    }

    static func open(
        _ suite: btls_suite, key: [UInt8], nonce: [UInt8], ciphertext: [UInt8], header: [UInt8]
    ) -> [UInt8]? {
        guard let aead = unsafe btls_aead_new(suite, key, key.count) else { return nil }
        defer { unsafe btls_aead_free(aead) }
        var out = [UInt8](repeating: 0, count: ciphertext.count)
        let done = unsafe btls_aead_open(
            aead, &out, nonce, nonce.count, ciphertext, ciphertext.count, header, header.count)
        return done == 1 ? Array(out.dropLast(Int(BTLS_AEAD_TAG_LENGTH))) : nil
    }

    static func mask(_ suite: btls_suite, key: [UInt8], sample: [UInt8]) -> [UInt8] {
        guard let header = unsafe btls_header_key_new(suite, key, key.count) else { return [] }
        defer { unsafe btls_header_key_free(header) }
        var out = [UInt8](repeating: 0, count: Int(BTLS_HEADER_MASK_LENGTH))
        unsafe btls_header_key_mask(header, sample, &out)
        return out
    }

    static func cid(_ bytes: [UInt8]) -> ngtcp2_cid {
        var cid = ngtcp2_cid()
        unsafe ngtcp2_cid_init(&cid, bytes, bytes.count)
        return cid
    }

    static func bytes(of cid: ngtcp2_cid) -> [UInt8] {
        var cid = cid
        return unsafe withUnsafeBytes(of: &cid.data) { unsafe Array($0.prefix(Int(cid.datalen))) }
    }

    static func retry(
        dcid: [UInt8], scid: [UInt8], originalDCID: [UInt8], token: [UInt8]
    ) -> [UInt8] {
        var out = [UInt8](repeating: 0, count: 256)
        var destination = self.cid(dcid)
        var source = self.cid(scid)
        var original = self.cid(originalDCID)
        let length = unsafe quictls_write_retry(
            &out, out.count, 1, &destination, &source, &original, token, token.count)
        return length > 0 ? Array(out.prefix(length)) : []
    }
}
