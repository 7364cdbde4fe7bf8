// Guards. BoringSSL promises no stable interface: where this target relies on a shape, the shape is
// written down here, so that an upstream move breaks the build and never a handshake.

#include <stddef.h>

#include "internal.h"

typedef int (*secret_hook)(
    SSL *, enum ssl_encryption_level_t, const SSL_CIPHER *, const uint8_t *, size_t);
typedef int (*data_hook)(SSL *, enum ssl_encryption_level_t, const uint8_t *, size_t);
typedef int (*flush_hook)(SSL *);
typedef int (*alert_hook)(SSL *, enum ssl_encryption_level_t, uint8_t);

#define SAME_TYPE(member, type) \
    _Static_assert( \
        __builtin_types_compatible_p(__typeof__(((SSL_QUIC_METHOD *)0)->member), type), \
        "SSL_QUIC_METHOD." #member " has another type than this target was written for")

SAME_TYPE(set_read_secret, secret_hook);
SAME_TYPE(set_write_secret, secret_hook);
SAME_TYPE(add_handshake_data, data_hook);
SAME_TYPE(flush_flight, flush_hook);
SAME_TYPE(send_alert, alert_hook);

_Static_assert(
    sizeof(SSL_QUIC_METHOD) == 5 * sizeof(flush_hook),
    "SSL_QUIC_METHOD has members this target does not know");
_Static_assert(
    offsetof(SSL_QUIC_METHOD, set_read_secret) == 0 * sizeof(flush_hook)
        && offsetof(SSL_QUIC_METHOD, set_write_secret) == 1 * sizeof(flush_hook)
        && offsetof(SSL_QUIC_METHOD, add_handshake_data) == 2 * sizeof(flush_hook)
        && offsetof(SSL_QUIC_METHOD, flush_flight) == 3 * sizeof(flush_hook)
        && offsetof(SSL_QUIC_METHOD, send_alert) == 4 * sizeof(flush_hook),
    "SSL_QUIC_METHOD has its members in another order");

typedef size_t (*overhead_hook)(SSL *);
typedef int (*seal_hook)(SSL *, uint8_t *, size_t *, size_t, const uint8_t *, size_t);
typedef enum ssl_ticket_aead_result_t (*open_hook)(
    SSL *, uint8_t *, size_t *, size_t, const uint8_t *, size_t);

#define SAME_TICKET_TYPE(member, type) \
    _Static_assert( \
        __builtin_types_compatible_p(__typeof__(((SSL_TICKET_AEAD_METHOD *)0)->member), type), \
        "SSL_TICKET_AEAD_METHOD." #member " has another type than this target was written for")

SAME_TICKET_TYPE(max_overhead, overhead_hook);
SAME_TICKET_TYPE(seal, seal_hook);
SAME_TICKET_TYPE(open, open_hook);

_Static_assert(
    sizeof(SSL_TICKET_AEAD_METHOD) == 3 * sizeof(overhead_hook),
    "SSL_TICKET_AEAD_METHOD has members this target does not know");

// Levels are cast, not looked up.
_Static_assert(ssl_encryption_initial == (int)BTLS_LEVEL_INITIAL, "level");
_Static_assert(ssl_encryption_early_data == (int)BTLS_LEVEL_EARLY, "level");
_Static_assert(ssl_encryption_handshake == (int)BTLS_LEVEL_HANDSHAKE, "level");
_Static_assert(ssl_encryption_application == (int)BTLS_LEVEL_APPLICATION, "level");

// The incremental hash is held by value in storage of our own.
_Static_assert(sizeof(SHA256_CTX) <= sizeof(btls_sha256), "btls_sha256 is too small");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(btls_sha256), "btls_sha256 is not aligned");

// Registered numbers that the header repeats.
_Static_assert(BTLS_SUITE_AES_128_GCM_SHA256 == (SSL_CIPHER_AES_128_GCM_SHA256 & 0xffff), "suite");
_Static_assert(BTLS_SUITE_AES_256_GCM_SHA384 == (SSL_CIPHER_AES_256_GCM_SHA384 & 0xffff), "suite");
_Static_assert(
    BTLS_SUITE_CHACHA20_POLY1305_SHA256 == (SSL_CIPHER_CHACHA20_POLY1305_SHA256 & 0xffff), "suite");
_Static_assert(SSL_GROUP_X25519_MLKEM768 == 0x11ec, "the registered number of X25519MLKEM768");
