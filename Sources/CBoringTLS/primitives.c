// Hashing, randomness and comparison.

#include <string.h>

#include "internal.h"

void btls_sha256_init(btls_sha256 *state) {
    memset(state, 0, sizeof(*state));
    SHA256_Init((SHA256_CTX *)(void *)state->storage);
}

void btls_sha256_update(btls_sha256 *state, const uint8_t *data, size_t length) {
    if (length > 0) {
        SHA256_Update((SHA256_CTX *)(void *)state->storage, data, length);
    }
}

void btls_sha256_finish(btls_sha256 *state, uint8_t *digest) {
    SHA256_Final(digest, (SHA256_CTX *)(void *)state->storage);
    OPENSSL_cleanse(state, sizeof(*state));
}

void btls_random(uint8_t *out, size_t length) {
    // It aborts rather than fail.
    RAND_bytes(out, length);
}

int btls_equal(const uint8_t *a, const uint8_t *b, size_t length) {
    return CRYPTO_memcmp(a, b, length) == 0;
}

void btls_cleanse(void *data, size_t length) {
    OPENSSL_cleanse(data, length);
}
