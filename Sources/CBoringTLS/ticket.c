// Tickets as a server seals and opens them, and the keys it does so with.
//
// A ticket is: the key's name, 16 random bytes, the sealed session. Each ticket has a key of its own,
// derived from the server's key and the random bytes, so no nonce can repeat however many are made.
// What it is bound to is authenticated with it and not written down: the protocol and the name that
// the client asked for.

#include <pthread.h>
#include <string.h>

#include "internal.h"

#define NAME_LENGTH 16
#define SALT_LENGTH 16
#define OVERHEAD (NAME_LENGTH + SALT_LENGTH + BTLS_AEAD_TAG_LENGTH)
/// Not used yet: it gets its time when it seals for the first time.
#define UNUSED (-1)

typedef struct ticket_key {
    uint8_t name[NAME_LENGTH];
    uint8_t secret[BTLS_TICKET_KEY_LENGTH];
    int64_t since;
} ticket_key;

struct btls_ticket_keys {
    pthread_mutex_t lock;
    int renews;
    size_t count;
    ticket_key keys[BTLS_MAX_TICKET_KEYS];
};

// MARK: Keys

/// Servers that were given the same key give it the same name.
static int make_key(ticket_key *key, const uint8_t *secret) {
    memcpy(key->secret, secret, BTLS_TICKET_KEY_LENGTH);
    key->since = UNUSED;
    return btls_hkdf_expand_label(
        BTLS_HASH_SHA256, key->name, NAME_LENGTH, secret, BTLS_TICKET_KEY_LENGTH,
        "selium ticket name");
}

/// With the lock held: a fresh key in front, and none behind the one that was.
static void renew(btls_ticket_keys *keys) {
    uint8_t secret[BTLS_TICKET_KEY_LENGTH];
    ticket_key fresh;
    btls_random(secret, sizeof(secret));
    if (make_key(&fresh, secret)) {
        const size_t kept = keys->count > 0 ? 1 : 0;
        const ticket_key before = keys->keys[0];
        OPENSSL_cleanse(keys->keys, sizeof(keys->keys));
        keys->keys[0] = fresh;
        if (kept != 0) {
            keys->keys[1] = before;
        }
        keys->count = 1 + kept;
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(&fresh, sizeof(fresh));
}

btls_ticket_keys *btls_ticket_keys_new(void) {
    btls_ticket_keys *keys = OPENSSL_zalloc(sizeof(*keys));
    if (keys == NULL || pthread_mutex_init(&keys->lock, NULL) != 0) {
        OPENSSL_free(keys);
        return NULL;
    }
    keys->renews = 1;
    renew(keys);
    return keys;
}

void btls_ticket_keys_free(btls_ticket_keys *keys) {
    if (keys == NULL) {
        return;
    }
    pthread_mutex_destroy(&keys->lock);
    OPENSSL_cleanse(keys, sizeof(*keys));
    OPENSSL_free(keys);
}

int btls_ticket_keys_set(btls_ticket_keys *keys, const uint8_t *secrets, size_t count) {
    if (count == 0 || count > BTLS_MAX_TICKET_KEYS) {
        return 0;
    }
    pthread_mutex_lock(&keys->lock);
    OPENSSL_cleanse(keys->keys, sizeof(keys->keys));
    keys->renews = 0;
    keys->count = 0;
    for (size_t index = 0; index < count; index++) {
        if (make_key(&keys->keys[keys->count], secrets + index * BTLS_TICKET_KEY_LENGTH)) {
            keys->count++;
        }
    }
    const int done = keys->count == count;
    pthread_mutex_unlock(&keys->lock);
    return done;
}

void btls_ticket_keys_rotate(btls_ticket_keys *keys) {
    pthread_mutex_lock(&keys->lock);
    renew(keys);
    pthread_mutex_unlock(&keys->lock);
}

/// Copies the key that seals now.
static int sealing_key(
    btls_ticket_keys *keys, ticket_key *out, int64_t now, uint32_t lifetime) {
    pthread_mutex_lock(&keys->lock);
    const int64_t since = keys->count > 0 ? keys->keys[0].since : UNUSED;
    // Behind it there is then one key only, whose last ticket has expired when it goes.
    if (keys->renews && since != UNUSED && now > since && now - since >= (int64_t)lifetime) {
        renew(keys);
    }
    const int found = keys->count > 0;
    if (found) {
        if (keys->keys[0].since == UNUSED) {
            keys->keys[0].since = now;
        }
        *out = keys->keys[0];
    }
    pthread_mutex_unlock(&keys->lock);
    return found;
}

static int opening_key(btls_ticket_keys *keys, ticket_key *out, const uint8_t *name) {
    int found = 0;
    pthread_mutex_lock(&keys->lock);
    for (size_t index = 0; !found && index < keys->count; index++) {
        if (memcmp(keys->keys[index].name, name, NAME_LENGTH) == 0) {
            *out = keys->keys[index];
            found = 1;
        }
    }
    pthread_mutex_unlock(&keys->lock);
    return found;
}

// MARK: What a ticket is bound to

typedef struct binding {
    uint8_t bytes[NAME_LENGTH + 2 * 256];
    size_t length;
} binding;

static int put(binding *to, const void *bytes, size_t length) {
    if (length > UINT8_MAX) {
        return 0;
    }
    to->bytes[to->length++] = (uint8_t)length;
    if (length > 0) {
        memcpy(to->bytes + to->length, bytes, length);
        to->length += length;
    }
    return 1;
}

/// Both are known before a ticket is opened, and still are when one is given.
static int bind_to(binding *to, const SSL *ssl, const uint8_t *key_name) {
    const uint8_t *protocol = NULL;
    unsigned protocol_length = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &protocol_length);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    memcpy(to->bytes, key_name, NAME_LENGTH);
    to->length = NAME_LENGTH;
    return protocol_length > 0 && put(to, protocol, protocol_length)
        && put(to, name, name != NULL ? strlen(name) : 0);
}

static btls_aead *ticket_aead(const ticket_key *key, const uint8_t *salt, uint8_t *nonce) {
    uint8_t secret[32];
    uint8_t derived[32];
    btls_aead *aead = NULL;
    if (btls_hkdf_extract(
            BTLS_HASH_SHA256, secret, key->secret, sizeof(key->secret), salt, SALT_LENGTH)
        && btls_hkdf_expand_label(
            BTLS_HASH_SHA256, derived, sizeof(derived), secret, sizeof(secret),
            "selium ticket key")
        && btls_hkdf_expand_label(
            BTLS_HASH_SHA256, nonce, BTLS_AEAD_NONCE_LENGTH, secret, sizeof(secret),
            "selium ticket iv")) {
        aead = btls_aead_new(BTLS_SUITE_AES_256_GCM_SHA384, derived, sizeof(derived));
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    OPENSSL_cleanse(derived, sizeof(derived));
    return aead;
}

// MARK: What the engine calls

static size_t max_overhead(SSL *ssl) {
    (void)ssl;
    return OVERHEAD;
}

/// No ticket is no failure: the next handshake will be a whole one.
static int seal(
    SSL *ssl, uint8_t *out, size_t *out_length, size_t capacity, const uint8_t *in,
    size_t length) {
    const btls_session *session = SSL_get_app_data(ssl);
    ticket_key key;
    binding bound;
    uint8_t nonce[BTLS_AEAD_NONCE_LENGTH];
    *out_length = 0;
    if (session == NULL || session->context->ticket_keys == NULL || capacity < OVERHEAD
        || length > capacity - OVERHEAD || length > BTLS_MAX_TICKET - OVERHEAD
        || !sealing_key(
            session->context->ticket_keys, &key, session->unix_seconds,
            session->context->ticket_lifetime)) {
        return 1;
    }
    btls_aead *aead = NULL;
    if (bind_to(&bound, ssl, key.name)) {
        memcpy(out, key.name, NAME_LENGTH);
        btls_random(out + NAME_LENGTH, SALT_LENGTH);
        aead = ticket_aead(&key, out + NAME_LENGTH, nonce);
    }
    if (aead != NULL
        && btls_aead_seal(
            aead, out + NAME_LENGTH + SALT_LENGTH, nonce, sizeof(nonce), in, length, bound.bytes,
            bound.length)) {
        *out_length = length + OVERHEAD;
    }
    btls_aead_free(aead);
    OPENSSL_cleanse(&key, sizeof(key));
    return 1;
}

/// Whether the client of an earlier handshake would be let in now (RFC 8446 §4.6.1 leaves that to
/// the server, and the engine asks nobody).
static int is_welcome(const btls_session *session, const uint8_t *bytes, size_t length) {
    if (!session->context->requires_peer) {
        return 1;
    }
    SSL_SESSION *earlier = SSL_SESSION_from_bytes(bytes, length, session->context->ssl);
    const int good = earlier != NULL && btls_is_still_trusted(session, earlier);
    SSL_SESSION_free(earlier);
    ERR_clear_error();
    return good;
}

static enum ssl_ticket_aead_result_t open_ticket(
    SSL *ssl, uint8_t *out, size_t *out_length, size_t capacity, const uint8_t *in,
    size_t length) {
    const btls_session *session = SSL_get_app_data(ssl);
    ticket_key key;
    binding bound;
    uint8_t nonce[BTLS_AEAD_NONCE_LENGTH];
    *out_length = 0;
    if (session == NULL || session->context->ticket_keys == NULL || length <= OVERHEAD
        || length > BTLS_MAX_TICKET || capacity < length
        || !opening_key(session->context->ticket_keys, &key, in)) {
        return ssl_ticket_aead_ignore_ticket;
    }
    btls_aead *aead = NULL;
    if (bind_to(&bound, ssl, key.name)) {
        aead = ticket_aead(&key, in + NAME_LENGTH, nonce);
    }
    const size_t frame = NAME_LENGTH + SALT_LENGTH;
    const int good = aead != NULL
        && btls_aead_open(
            aead, out, nonce, sizeof(nonce), in + frame, length - frame, bound.bytes,
            bound.length)
        && is_welcome(session, out, length - OVERHEAD);
    btls_aead_free(aead);
    OPENSSL_cleanse(&key, sizeof(key));
    if (!good) {
        return ssl_ticket_aead_ignore_ticket;
    }
    *out_length = length - OVERHEAD;
    return ssl_ticket_aead_success;
}

const SSL_TICKET_AEAD_METHOD btls_ticket_method = {
    .max_overhead = max_overhead,
    .seal = seal,
    .open = open_ticket,
};
