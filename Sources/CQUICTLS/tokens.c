// Address validation tokens (RFC 9000 §8.1) and stateless reset tokens (§10.3).
//
// A token is: magic, 16 random bytes, sealed body. Each token has a key of its own, derived from
// the endpoint's key and the random bytes, so no nonce can repeat however many are made.

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "internal.h"

#define SALT_LENGTH 16
#define TIME_LENGTH 8
// magic, salt, CID length, CID, time, tag: what the public maxima must hold.
_Static_assert(
    1 + SALT_LENGTH + 1 + NGTCP2_MAX_CIDLEN + TIME_LENGTH + BTLS_AEAD_TAG_LENGTH
        <= QUICTLS_MAX_RETRY_TOKEN_LENGTH,
    "the longest retry token does not fit");
_Static_assert(
    1 + SALT_LENGTH + TIME_LENGTH + BTLS_AEAD_TAG_LENGTH <= QUICTLS_MAX_REGULAR_TOKEN_LENGTH,
    "the regular token does not fit");

/// What a token is bound to, written out: magic, version, address, port, connection ID.
typedef struct binding {
    uint8_t bytes[1 + 4 + 1 + 16 + 2 + NGTCP2_MAX_CIDLEN];
    size_t length;
} binding;

static void put(binding *to, const void *bytes, size_t length) {
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
}

/// The fields that matter, not the struct: its padding, flow label and scope are nobody's identity.
static int put_address(
    binding *to, const struct sockaddr *address, size_t length, int with_port) {
    if (length >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof(in));
        put(to, "4", 1);
        put(to, &in.sin_addr, 4);
        if (with_port) {
            put(to, &in.sin_port, 2);
        }
        return 1;
    }
    if (length >= sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof(in));
        put(to, "6", 1);
        put(to, &in.sin6_addr, 16);
        if (with_port) {
            put(to, &in.sin6_port, 2);
        }
        return 1;
    }
    return 0;
}

static void put_magic(binding *to, uint8_t magic, uint32_t version) {
    const uint8_t head[5] = {
        magic, (uint8_t)(version >> 24), (uint8_t)(version >> 16), (uint8_t)(version >> 8),
        (uint8_t)version,
    };
    to->length = 0;
    put(to, head, sizeof(head));
}

static btls_aead *token_aead(const uint8_t *key, const uint8_t *salt, uint8_t *nonce) {
    uint8_t secret[32];
    uint8_t derived[32];
    btls_aead *aead = NULL;
    if (btls_hkdf_extract(BTLS_HASH_SHA256, secret, key, QUICTLS_KEY_LENGTH, salt, SALT_LENGTH)
        && btls_hkdf_expand_label(
            BTLS_HASH_SHA256, derived, sizeof(derived), secret, sizeof(secret), "selium token key")
        && btls_hkdf_expand_label(
            BTLS_HASH_SHA256, nonce, QUICTLS_IV_LENGTH, secret, sizeof(secret),
            "selium token iv")) {
        aead = btls_aead_new(BTLS_SUITE_AES_256_GCM_SHA384, derived, sizeof(derived));
    }
    btls_cleanse(secret, sizeof(secret));
    btls_cleanse(derived, sizeof(derived));
    return aead;
}

static ngtcp2_ssize seal(
    uint8_t *token, const uint8_t *key, const binding *bound, const uint8_t *body,
    size_t body_length) {
    uint8_t nonce[QUICTLS_IV_LENGTH];
    token[0] = bound->bytes[0];
    btls_random(token + 1, SALT_LENGTH);
    btls_aead *aead = token_aead(key, token + 1, nonce);
    if (aead == NULL) {
        return -1;
    }
    const int done = btls_aead_seal(
        aead, token + 1 + SALT_LENGTH, nonce, sizeof(nonce), body, body_length, bound->bytes,
        bound->length);
    btls_aead_free(aead);
    return done ? (ngtcp2_ssize)(1 + SALT_LENGTH + body_length + BTLS_AEAD_TAG_LENGTH) : -1;
}

/// Stores the body, of at most `capacity` bytes, and returns its length, or -1.
static ngtcp2_ssize open_token(
    uint8_t *body, size_t capacity, const uint8_t *token, size_t token_length,
    const uint8_t *key, const binding *bound) {
    const size_t frame = 1 + SALT_LENGTH + BTLS_AEAD_TAG_LENGTH;
    if (token == NULL || token_length < frame || token_length - frame > capacity
        || token[0] != bound->bytes[0]) {
        return -1;
    }
    uint8_t nonce[QUICTLS_IV_LENGTH];
    btls_aead *aead = token_aead(key, token + 1, nonce);
    if (aead == NULL) {
        return -1;
    }
    // The engine may use the whole of what the ciphertext takes as scratch space.
    uint8_t scratch[QUICTLS_MAX_RETRY_TOKEN_LENGTH];
    const int good = btls_aead_open(
        aead, scratch, nonce, sizeof(nonce), token + 1 + SALT_LENGTH,
        token_length - 1 - SALT_LENGTH, bound->bytes, bound->length);
    btls_aead_free(aead);
    if (!good) {
        return -1;
    }
    memcpy(body, scratch, token_length - frame);
    return (ngtcp2_ssize)(token_length - frame);
}

static void put_time(uint8_t *out, uint64_t time) {
    for (int index = 0; index < TIME_LENGTH; index++) {
        out[index] = (uint8_t)(time >> (8 * (TIME_LENGTH - 1 - index)));
    }
}

static int is_fresh(const uint8_t *bytes, uint64_t lifetime, uint64_t now) {
    uint64_t made = 0;
    for (int index = 0; index < TIME_LENGTH; index++) {
        made = made << 8 | bytes[index];
    }
    return made <= now && now - made <= lifetime;
}

ngtcp2_ssize quictls_make_retry_token(
    uint8_t *token, const uint8_t *key, uint32_t version, const struct sockaddr *peer,
    size_t peer_length, const ngtcp2_cid *retry_scid, const ngtcp2_cid *original_dcid,
    uint64_t now) {
    binding bound;
    uint8_t body[1 + NGTCP2_MAX_CIDLEN + TIME_LENGTH];
    if (retry_scid->datalen > NGTCP2_MAX_CIDLEN || original_dcid->datalen > NGTCP2_MAX_CIDLEN) {
        return -1;
    }
    put_magic(&bound, QUICTLS_RETRY_TOKEN_MAGIC, version);
    if (!put_address(&bound, peer, peer_length, 1)) {
        return -1;
    }
    put(&bound, retry_scid->data, retry_scid->datalen);
    // Always of full length, so that a token does not tell how long the CID was.
    memset(body, 0, sizeof(body));
    body[0] = (uint8_t)original_dcid->datalen;
    memcpy(body + 1, original_dcid->data, original_dcid->datalen);
    put_time(body + 1 + NGTCP2_MAX_CIDLEN, now);
    return seal(token, key, &bound, body, sizeof(body));
}

int quictls_verify_retry_token(
    ngtcp2_cid *original_dcid, const uint8_t *token, size_t token_length, const uint8_t *key,
    uint32_t version, const struct sockaddr *peer, size_t peer_length, const ngtcp2_cid *dcid,
    uint64_t lifetime, uint64_t now) {
    binding bound;
    uint8_t body[1 + NGTCP2_MAX_CIDLEN + TIME_LENGTH];
    if (dcid->datalen > NGTCP2_MAX_CIDLEN) {
        return -1;
    }
    put_magic(&bound, QUICTLS_RETRY_TOKEN_MAGIC, version);
    if (!put_address(&bound, peer, peer_length, 1)) {
        return -1;
    }
    put(&bound, dcid->data, dcid->datalen);
    if (open_token(body, sizeof(body), token, token_length, key, &bound)
            != (ngtcp2_ssize)sizeof(body)
        || body[0] > NGTCP2_MAX_CIDLEN || !is_fresh(body + 1 + NGTCP2_MAX_CIDLEN, lifetime, now)) {
        return -1;
    }
    memset(original_dcid, 0, sizeof(*original_dcid));
    original_dcid->datalen = body[0];
    memcpy(original_dcid->data, body + 1, body[0]);
    return 0;
}

ngtcp2_ssize quictls_make_regular_token(
    uint8_t *token, const uint8_t *key, const struct sockaddr *peer, size_t peer_length,
    uint64_t now) {
    binding bound;
    uint8_t body[TIME_LENGTH];
    put_magic(&bound, QUICTLS_REGULAR_TOKEN_MAGIC, 0);
    if (!put_address(&bound, peer, peer_length, 0)) {
        return -1;
    }
    put_time(body, now);
    return seal(token, key, &bound, body, sizeof(body));
}

int quictls_verify_regular_token(
    const uint8_t *token, size_t token_length, const uint8_t *key, const struct sockaddr *peer,
    size_t peer_length, uint64_t lifetime, uint64_t now) {
    binding bound;
    uint8_t body[TIME_LENGTH];
    put_magic(&bound, QUICTLS_REGULAR_TOKEN_MAGIC, 0);
    if (!put_address(&bound, peer, peer_length, 0)) {
        return -1;
    }
    if (open_token(body, sizeof(body), token, token_length, key, &bound)
        != (ngtcp2_ssize)sizeof(body)) {
        return -1;
    }
    return is_fresh(body, lifetime, now) ? 0 : -1;
}

int quictls_stateless_reset_token(
    uint8_t *token, const uint8_t *key, const ngtcp2_cid *cid) {
    static const char purpose[] = "selium stateless reset";
    uint8_t info[sizeof(purpose) + NGTCP2_MAX_CIDLEN];
    if (cid->datalen > NGTCP2_MAX_CIDLEN) {
        return 0;
    }
    memcpy(info, purpose, sizeof(purpose));
    memcpy(info + sizeof(purpose), cid->data, cid->datalen);
    return btls_hkdf_expand(
        BTLS_HASH_SHA256, token, QUICTLS_RESET_TOKEN_LENGTH, key, QUICTLS_KEY_LENGTH, info,
        sizeof(purpose) + cid->datalen);
}
