// From secrets to keys (RFC 9001 §5.1, §5.2, §5.8).

#include <string.h>

#include "internal.h"

// A native handle must be a pointer; these are what ours point to.
static const btls_suite aes128 = BTLS_SUITE_AES_128_GCM_SHA256;
static const btls_suite aes256 = BTLS_SUITE_AES_256_GCM_SHA384;
static const btls_suite chacha = BTLS_SUITE_CHACHA20_POLY1305_SHA256;

#define DESCRIBE(suite, encryptions, failures) \
    { \
        .aead = {.native_handle = (void *)&(suite), .max_overhead = BTLS_AEAD_TAG_LENGTH}, \
        .md = {.native_handle = (void *)&(suite)}, .hp = {.native_handle = (void *)&(suite)}, \
        .max_encryption = (encryptions), .max_decryption_failure = (failures), \
    }

static const ngtcp2_crypto_ctx initial_ctx = DESCRIBE(aes128, 0, 0);
static const ngtcp2_crypto_ctx aes128_ctx = DESCRIBE(aes128, 1ULL << 23, 1ULL << 52);
static const ngtcp2_crypto_ctx aes256_ctx = DESCRIBE(aes256, 1ULL << 23, 1ULL << 52);
static const ngtcp2_crypto_ctx chacha_ctx = DESCRIBE(chacha, 1ULL << 62, 1ULL << 36);

const ngtcp2_crypto_ctx *quictls_crypto_ctx(btls_suite suite) {
    switch (suite) {
        case BTLS_SUITE_AES_128_GCM_SHA256:
            return &aes128_ctx;
        case BTLS_SUITE_AES_256_GCM_SHA384:
            return &aes256_ctx;
        case BTLS_SUITE_CHACHA20_POLY1305_SHA256:
            return &chacha_ctx;
    }
    return NULL;
}

const ngtcp2_crypto_ctx *quictls_initial_crypto_ctx(void) {
    return &initial_ctx;
}

btls_suite quictls_suite_of(const ngtcp2_crypto_ctx *ctx) {
    return *(const btls_suite *)ctx->aead.native_handle;
}

int quictls_derive_packet_key(
    ngtcp2_crypto_aead_ctx *aead, uint8_t *iv, btls_suite suite, const uint8_t *secret,
    size_t length) {
    const btls_hash hash = btls_suite_hash(suite);
    const size_t key_length = btls_suite_key_length(suite);
    uint8_t key[BTLS_MAX_KEY_LENGTH];
    aead->native_handle = NULL;
    if (btls_hkdf_expand_label(hash, key, key_length, secret, length, "quic key")
        && btls_hkdf_expand_label(hash, iv, QUICTLS_IV_LENGTH, secret, length, "quic iv")) {
        aead->native_handle = btls_aead_new(suite, key, key_length);
    }
    btls_cleanse(key, sizeof(key));
    return aead->native_handle != NULL ? 0 : -1;
}

int quictls_derive_keys(
    quictls_keys *keys, btls_suite suite, const uint8_t *secret, size_t length) {
    memset(keys, 0, sizeof(*keys));
    if (quictls_derive_packet_key(&keys->aead, keys->iv, suite, secret, length) != 0) {
        return -1;
    }
    const size_t key_length = btls_suite_key_length(suite);
    uint8_t key[BTLS_MAX_KEY_LENGTH];
    if (btls_hkdf_expand_label(
            btls_suite_hash(suite), key, key_length, secret, length, "quic hp")) {
        keys->header.native_handle = btls_header_key_new(suite, key, key_length);
    }
    btls_cleanse(key, sizeof(key));
    if (keys->header.native_handle == NULL) {
        quictls_free_keys(keys);
        return -1;
    }
    return 0;
}

void quictls_free_keys(quictls_keys *keys) {
    btls_aead_free(keys->aead.native_handle);
    btls_header_key_free(keys->header.native_handle);
    btls_cleanse(keys, sizeof(*keys));
}

int quictls_initial_secrets(
    uint8_t *client, uint8_t *server, const uint8_t *dcid, size_t dcid_length) {
    // RFC 9001 §5.2.
    static const uint8_t salt[] = {
        0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
        0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a,
    };
    uint8_t common[32];
    const int done =
        btls_hkdf_extract(BTLS_HASH_SHA256, common, dcid, dcid_length, salt, sizeof(salt))
        && btls_hkdf_expand_label(
            BTLS_HASH_SHA256, client, 32, common, sizeof(common), "client in")
        && btls_hkdf_expand_label(
            BTLS_HASH_SHA256, server, 32, common, sizeof(common), "server in");
    btls_cleanse(common, sizeof(common));
    return done;
}

btls_aead *quictls_retry_aead(void) {
    // RFC 9001 §5.8: public constants, the tag is a checksum bound to the original DCID.
    static const uint8_t key[] = {
        0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a,
        0x1d, 0x76, 0x6b, 0x54, 0xe3, 0x68, 0xc8, 0x4e,
    };
    return btls_aead_new(BTLS_SUITE_AES_128_GCM_SHA256, key, sizeof(key));
}
