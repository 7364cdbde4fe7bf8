// Packet protection, header protection and key derivation of RFC 9001 §5.

#include <string.h>

#include "internal.h"

struct btls_aead {
    EVP_AEAD_CTX context;
};

struct btls_header_key {
    int is_chacha;
    AES_KEY aes;
    uint8_t chacha[32];
};

static const EVP_AEAD *aead_of(btls_suite suite) {
    switch (suite) {
        case BTLS_SUITE_AES_128_GCM_SHA256:
            return EVP_aead_aes_128_gcm();
        case BTLS_SUITE_AES_256_GCM_SHA384:
            return EVP_aead_aes_256_gcm();
        case BTLS_SUITE_CHACHA20_POLY1305_SHA256:
            return EVP_aead_chacha20_poly1305();
    }
    return NULL;
}

static const EVP_MD *digest_of(btls_hash hash) {
    return hash == BTLS_HASH_SHA384 ? EVP_sha384() : EVP_sha256();
}

btls_hash btls_suite_hash(btls_suite suite) {
    return suite == BTLS_SUITE_AES_256_GCM_SHA384 ? BTLS_HASH_SHA384 : BTLS_HASH_SHA256;
}

size_t btls_hash_length(btls_hash hash) {
    return hash == BTLS_HASH_SHA384 ? 48 : 32;
}

size_t btls_suite_key_length(btls_suite suite) {
    return suite == BTLS_SUITE_AES_128_GCM_SHA256 ? 16 : 32;
}

btls_aead *btls_aead_new(btls_suite suite, const uint8_t *key, size_t key_length) {
    const EVP_AEAD *algorithm = aead_of(suite);
    if (algorithm == NULL) {
        return NULL;
    }
    btls_aead *aead = OPENSSL_zalloc(sizeof(*aead));
    if (aead == NULL) {
        return NULL;
    }
    if (!EVP_AEAD_CTX_init(
            &aead->context, algorithm, key, key_length, BTLS_AEAD_TAG_LENGTH, NULL)) {
        OPENSSL_free(aead);
        ERR_clear_error();
        return NULL;
    }
    return aead;
}

void btls_aead_free(btls_aead *aead) {
    if (aead == NULL) {
        return;
    }
    EVP_AEAD_CTX_cleanup(&aead->context);
    OPENSSL_cleanse(aead, sizeof(*aead));
    OPENSSL_free(aead);
}

int btls_aead_seal(
    const btls_aead *aead, uint8_t *out, const uint8_t *nonce, size_t nonce_length,
    const uint8_t *plaintext, size_t length, const uint8_t *associated, size_t associated_length) {
    size_t written = 0;
    if (length > SIZE_MAX - BTLS_AEAD_TAG_LENGTH
        || !EVP_AEAD_CTX_seal(
            &aead->context, out, &written, length + BTLS_AEAD_TAG_LENGTH, nonce, nonce_length,
            plaintext, length, associated, associated_length)) {
        ERR_clear_error();
        return 0;
    }
    return written == length + BTLS_AEAD_TAG_LENGTH;
}

int btls_aead_open(
    const btls_aead *aead, uint8_t *out, const uint8_t *nonce, size_t nonce_length,
    const uint8_t *ciphertext, size_t length, const uint8_t *associated,
    size_t associated_length) {
    size_t written = 0;
    if (!EVP_AEAD_CTX_open(
            &aead->context, out, &written, length, nonce, nonce_length, ciphertext, length,
            associated, associated_length)) {
        // Anybody can send such bytes; the queue must not grow from them.
        ERR_clear_error();
        return 0;
    }
    return 1;
}

btls_header_key *btls_header_key_new(btls_suite suite, const uint8_t *key, size_t key_length) {
    if (aead_of(suite) == NULL || key_length != btls_suite_key_length(suite)) {
        return NULL;
    }
    btls_header_key *header = OPENSSL_zalloc(sizeof(*header));
    if (header == NULL) {
        return NULL;
    }
    header->is_chacha = suite == BTLS_SUITE_CHACHA20_POLY1305_SHA256;
    if (header->is_chacha) {
        memcpy(header->chacha, key, sizeof(header->chacha));
    } else if (AES_set_encrypt_key(key, (unsigned)key_length * 8, &header->aes) != 0) {
        btls_header_key_free(header);
        return NULL;
    }
    return header;
}

void btls_header_key_free(btls_header_key *key) {
    if (key == NULL) {
        return;
    }
    OPENSSL_cleanse(key, sizeof(*key));
    OPENSSL_free(key);
}

void btls_header_key_mask(const btls_header_key *key, const uint8_t *sample, uint8_t *mask) {
    if (key->is_chacha) {
        // RFC 9001 §5.4.4: the block counter is the sample's first four bytes, little-endian.
        static const uint8_t zero[BTLS_HEADER_MASK_LENGTH] = {0};
        const uint32_t counter = (uint32_t)sample[0] | (uint32_t)sample[1] << 8
            | (uint32_t)sample[2] << 16 | (uint32_t)sample[3] << 24;
        CRYPTO_chacha_20(mask, zero, sizeof(zero), key->chacha, sample + 4, counter);
        return;
    }
    uint8_t block[AES_BLOCK_SIZE];
    AES_encrypt(sample, block, &key->aes);
    memcpy(mask, block, BTLS_HEADER_MASK_LENGTH);
}

int btls_hkdf_extract(
    btls_hash hash, uint8_t *out, const uint8_t *secret, size_t secret_length,
    const uint8_t *salt, size_t salt_length) {
    size_t written = 0;
    const int done = HKDF_extract(
        out, &written, digest_of(hash), secret, secret_length, salt, salt_length);
    ERR_clear_error();
    return done && written == btls_hash_length(hash);
}

int btls_hkdf_expand(
    btls_hash hash, uint8_t *out, size_t length, const uint8_t *secret, size_t secret_length,
    const uint8_t *info, size_t info_length) {
    const int done = HKDF_expand(
        out, length, digest_of(hash), secret, secret_length, info, info_length);
    ERR_clear_error();
    return done;
}

int btls_hkdf_expand_label(
    btls_hash hash, uint8_t *out, size_t length, const uint8_t *secret, size_t secret_length,
    const char *label) {
    // struct HkdfLabel of RFC 8446 §7.1: length, "tls13 " + label, context; both of the latter
    // behind one length octet.
    static const char prefix[] = "tls13 ";
    const size_t prefix_length = sizeof(prefix) - 1;
    const size_t label_length = strlen(label);
    uint8_t info[2 + 1 + 255 + 1];
    if (label_length > 255 - prefix_length || length > UINT16_MAX) {
        return 0;
    }
    size_t at = 0;
    info[at++] = (uint8_t)(length >> 8);
    info[at++] = (uint8_t)length;
    info[at++] = (uint8_t)(prefix_length + label_length);
    memcpy(info + at, prefix, prefix_length);
    at += prefix_length;
    memcpy(info + at, label, label_length);
    at += label_length;
    info[at++] = 0;
    return btls_hkdf_expand(hash, out, length, secret, secret_length, info, at);
}
