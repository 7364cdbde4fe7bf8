// What the files of this target share. Not part of the module.
#ifndef SELIUM_CQUICTLS_INTERNAL_H
#define SELIUM_CQUICTLS_INTERNAL_H

#include "CBoringTLS.h"
#include "CQUICTLS.h"

#define QUICTLS_IV_LENGTH BTLS_AEAD_NONCE_LENGTH

/// What one direction of one encryption level works with. ngtcp2 owns both objects from a
/// successful installation on.
typedef struct quictls_keys {
    ngtcp2_crypto_aead_ctx aead;
    ngtcp2_crypto_cipher_ctx header;
    uint8_t iv[QUICTLS_IV_LENGTH];
} quictls_keys;

// keys.c
/// ngtcp2's description of a suite, with the limits of RFC 9001 §6.6. NULL for a suite we do not do.
const ngtcp2_crypto_ctx *quictls_crypto_ctx(btls_suite suite);
/// The same for Initial packets: AES-128-GCM, no limits.
const ngtcp2_crypto_ctx *quictls_initial_crypto_ctx(void);
/// The suite a crypto context was made for.
btls_suite quictls_suite_of(const ngtcp2_crypto_ctx *ctx);
/// Derives key, IV and header protection key of a secret. 0 on success; nothing to free otherwise.
int quictls_derive_keys(
    quictls_keys *keys, btls_suite suite, const uint8_t *secret, size_t length);
/// Derives key and IV only, as a key update does: the header protection key stays.
int quictls_derive_packet_key(
    ngtcp2_crypto_aead_ctx *aead, uint8_t *iv, btls_suite suite, const uint8_t *secret,
    size_t length);
void quictls_free_keys(quictls_keys *keys);
/// The AEAD of Retry packets (RFC 9001 §5.8), NULL without memory.
btls_aead *quictls_retry_aead(void);

// hooks.c
extern const btls_quic_hooks quictls_hooks;
/// Hands the connection's own transport parameters to its TLS session. 0 on success.
int quictls_give_local_parameters(ngtcp2_conn *conn, btls_session *session);

// callbacks.c
int quictls_encrypt(
    uint8_t *dest, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *ctx,
    const uint8_t *plaintext, size_t plaintext_length, const uint8_t *nonce, size_t nonce_length,
    const uint8_t *associated, size_t associated_length);
int quictls_hp_mask(
    uint8_t *dest, const ngtcp2_crypto_cipher *cipher, const ngtcp2_crypto_cipher_ctx *ctx,
    const uint8_t *sample);

#endif
