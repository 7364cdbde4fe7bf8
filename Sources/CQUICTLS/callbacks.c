// The callbacks themselves: what ngtcp2 asks for, in the order a connection lives.

#include <string.h>

#include "internal.h"

/// RFC 8446 §6.
#define UNEXPECTED_MESSAGE 10

static btls_session *session_of(ngtcp2_conn *conn) {
    return ngtcp2_conn_get_tls_native_handle(conn);
}

/// Initial keys depend on nothing but the client's first destination connection ID (RFC 9001 §5.2).
static int install_initial_keys(ngtcp2_conn *conn, const ngtcp2_cid *dcid) {
    uint8_t client[32];
    uint8_t server[32];
    quictls_keys rx;
    quictls_keys tx;
    const int is_server = btls_session_is_server(session_of(conn));
    const btls_suite suite = quictls_suite_of(quictls_initial_crypto_ctx());
    int result = -1;
    if (!quictls_initial_secrets(client, server, dcid->data, dcid->datalen)
        || quictls_derive_keys(&rx, suite, is_server ? client : server, sizeof(client)) != 0) {
        goto done;
    }
    if (quictls_derive_keys(&tx, suite, is_server ? server : client, sizeof(client)) != 0) {
        quictls_free_keys(&rx);
        goto done;
    }
    ngtcp2_conn_set_initial_crypto_ctx(conn, quictls_initial_crypto_ctx());
    if (ngtcp2_conn_install_initial_key(
            conn, &rx.aead, rx.iv, &rx.header, &tx.aead, tx.iv, &tx.header, QUICTLS_IV_LENGTH)
        != 0) {
        quictls_free_keys(&rx);
        quictls_free_keys(&tx);
        goto done;
    }
    result = 0;
done:
    btls_cleanse(client, sizeof(client));
    btls_cleanse(server, sizeof(server));
    return result;
}

static int set_retry_aead(ngtcp2_conn *conn) {
    ngtcp2_crypto_aead_ctx ctx = {.native_handle = quictls_retry_aead()};
    if (ctx.native_handle == NULL) {
        return -1;
    }
    ngtcp2_conn_set_retry_aead(conn, &quictls_initial_crypto_ctx()->aead, &ctx);
    return 0;
}

static int client_initial(ngtcp2_conn *conn, void *user_data) {
    (void)user_data;
    btls_session *session = session_of(conn);
    if (install_initial_keys(conn, ngtcp2_conn_get_dcid(conn)) != 0 || set_retry_aead(conn) != 0
        || quictls_give_local_parameters(conn, session) != 0
        || btls_session_drive(session) != BTLS_OK) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

static int recv_client_initial(ngtcp2_conn *conn, const ngtcp2_cid *dcid, void *user_data) {
    (void)user_data;
    return install_initial_keys(conn, dcid) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

/// The Retry's source connection ID is our new destination; ngtcp2 sends the CRYPTO bytes again.
static int recv_retry(ngtcp2_conn *conn, const ngtcp2_pkt_hd *hd, void *user_data) {
    (void)user_data;
    return install_initial_keys(conn, &hd->scid) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static btls_level level_of(ngtcp2_crypto_level level) {
    switch (level) {
        case NGTCP2_CRYPTO_LEVEL_INITIAL:
            return BTLS_LEVEL_INITIAL;
        case NGTCP2_CRYPTO_LEVEL_HANDSHAKE:
            return BTLS_LEVEL_HANDSHAKE;
        case NGTCP2_CRYPTO_LEVEL_EARLY:
            return BTLS_LEVEL_EARLY;
        case NGTCP2_CRYPTO_LEVEL_APPLICATION:
            break;
    }
    return BTLS_LEVEL_APPLICATION;
}

static int recv_crypto_data(
    ngtcp2_conn *conn, ngtcp2_crypto_level level, uint64_t offset, const uint8_t *data,
    size_t length, void *user_data) {
    (void)offset;
    (void)user_data;
    btls_session *session = session_of(conn);
    const int was_complete = btls_session_is_complete(session);
    if (btls_session_provide(session, level_of(level), data, length) != BTLS_OK
        || btls_session_drive(session) != BTLS_OK) {
        // Bytes at a level that is over fail without an alert of the engine's: close with one.
        if (btls_session_sent_alert(session) < 0) {
            ngtcp2_conn_set_tls_alert(conn, UNEXPECTED_MESSAGE);
        }
        const int error = ngtcp2_conn_get_tls_error(conn);
        return error != 0 ? error : NGTCP2_ERR_CRYPTO;
    }
    if (!was_complete && btls_session_is_complete(session)) {
        ngtcp2_conn_handshake_completed(conn);
    }
    return 0;
}

int quictls_encrypt(
    uint8_t *dest, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *ctx,
    const uint8_t *plaintext, size_t plaintext_length, const uint8_t *nonce, size_t nonce_length,
    const uint8_t *associated, size_t associated_length) {
    (void)aead;
    return btls_aead_seal(
               ctx->native_handle, dest, nonce, nonce_length, plaintext, plaintext_length,
               associated, associated_length)
        ? 0
        : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int decrypt(
    uint8_t *dest, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *ctx,
    const uint8_t *ciphertext, size_t ciphertext_length, const uint8_t *nonce,
    size_t nonce_length, const uint8_t *associated, size_t associated_length) {
    (void)aead;
    return btls_aead_open(
               ctx->native_handle, dest, nonce, nonce_length, ciphertext, ciphertext_length,
               associated, associated_length)
        ? 0
        : NGTCP2_ERR_DECRYPT;
}

int quictls_hp_mask(
    uint8_t *dest, const ngtcp2_crypto_cipher *cipher, const ngtcp2_crypto_cipher_ctx *ctx,
    const uint8_t *sample) {
    (void)cipher;
    btls_header_key_mask(ctx->native_handle, sample, dest);
    return 0;
}

/// RFC 9001 §6.1: the next secret of each direction, its key and its IV; header keys stay.
static int update_key(
    ngtcp2_conn *conn, uint8_t *rx_secret, uint8_t *tx_secret, ngtcp2_crypto_aead_ctx *rx_aead,
    uint8_t *rx_iv, ngtcp2_crypto_aead_ctx *tx_aead, uint8_t *tx_iv,
    const uint8_t *current_rx_secret, const uint8_t *current_tx_secret, size_t length,
    void *user_data) {
    (void)user_data;
    const btls_suite suite = quictls_suite_of(ngtcp2_conn_get_crypto_ctx(conn));
    const btls_hash hash = btls_suite_hash(suite);
    if (!btls_hkdf_expand_label(hash, rx_secret, length, current_rx_secret, length, "quic ku")
        || !btls_hkdf_expand_label(hash, tx_secret, length, current_tx_secret, length, "quic ku")
        || quictls_derive_packet_key(rx_aead, rx_iv, suite, rx_secret, length) != 0) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (quictls_derive_packet_key(tx_aead, tx_iv, suite, tx_secret, length) != 0) {
        btls_aead_free(rx_aead->native_handle);
        rx_aead->native_handle = NULL;
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

static void delete_aead_ctx(ngtcp2_conn *conn, ngtcp2_crypto_aead_ctx *ctx, void *user_data) {
    (void)conn;
    (void)user_data;
    btls_aead_free(ctx->native_handle);
    ctx->native_handle = NULL;
}

static void delete_cipher_ctx(ngtcp2_conn *conn, ngtcp2_crypto_cipher_ctx *ctx, void *user_data) {
    (void)conn;
    (void)user_data;
    btls_header_key_free(ctx->native_handle);
    ctx->native_handle = NULL;
}

static int path_challenge(ngtcp2_conn *conn, uint8_t *data, void *user_data) {
    (void)conn;
    (void)user_data;
    btls_random(data, NGTCP2_PATH_CHALLENGE_DATALEN);
    return 0;
}

/// Compatible version negotiation (RFC 9368) cannot happen: only version 1 is offered.
static int version_negotiation(
    ngtcp2_conn *conn, uint32_t version, const ngtcp2_cid *client_dcid, void *user_data) {
    (void)conn;
    (void)version;
    (void)client_dcid;
    (void)user_data;
    return NGTCP2_ERR_CALLBACK_FAILURE;
}

void quictls_fill_callbacks(ngtcp2_callbacks *callbacks) {
    callbacks->client_initial = client_initial;
    callbacks->recv_client_initial = recv_client_initial;
    callbacks->recv_crypto_data = recv_crypto_data;
    callbacks->encrypt = quictls_encrypt;
    callbacks->decrypt = decrypt;
    callbacks->hp_mask = quictls_hp_mask;
    callbacks->recv_retry = recv_retry;
    callbacks->update_key = update_key;
    callbacks->delete_crypto_aead_ctx = delete_aead_ctx;
    callbacks->delete_crypto_cipher_ctx = delete_cipher_ctx;
    callbacks->get_path_challenge_data = path_challenge;
    callbacks->version_negotiation = version_negotiation;
}

void quictls_attach(ngtcp2_conn *conn, struct btls_session *session) {
    btls_session_set_hooks(session, &quictls_hooks, conn);
    ngtcp2_conn_set_tls_native_handle(conn, session);
}

void quictls_random(uint8_t *out, size_t length) {
    btls_random(out, length);
}
