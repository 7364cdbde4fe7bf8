// What the TLS session tells the connection: secrets to install, handshake bytes to send, alerts.
// The owner of these hooks is the connection (see quictls_attach).

#include "internal.h"

static int level_of(btls_level level, ngtcp2_crypto_level *out) {
    switch (level) {
        case BTLS_LEVEL_INITIAL:
            *out = NGTCP2_CRYPTO_LEVEL_INITIAL;
            return 1;
        case BTLS_LEVEL_HANDSHAKE:
            *out = NGTCP2_CRYPTO_LEVEL_HANDSHAKE;
            return 1;
        case BTLS_LEVEL_APPLICATION:
            *out = NGTCP2_CRYPTO_LEVEL_APPLICATION;
            return 1;
        case BTLS_LEVEL_EARLY:
            break;
    }
    return 0;
}

/// The transport parameters are authenticated by the handshake, but judged by ngtcp2: its error
/// becomes the connection's TLS error, so that the close carries TRANSPORT_PARAMETER_ERROR.
static int take_remote_parameters(ngtcp2_conn *conn, const btls_session *session) {
    const btls_bytes bytes = btls_session_peer_transport_parameters(session);
    static const uint8_t none = 0;
    const int error = ngtcp2_conn_decode_remote_transport_params(
        conn, bytes.data != NULL ? bytes.data : &none, bytes.length);
    if (error != 0) {
        ngtcp2_conn_set_tls_error(conn, error);
        return -1;
    }
    return 0;
}

int quictls_give_local_parameters(ngtcp2_conn *conn, btls_session *session) {
    // All parameters of RFC 9000 §18.2 at their longest, with version_information, are far below.
    uint8_t buffer[512];
    const ngtcp2_ssize length =
        ngtcp2_conn_encode_local_transport_params(conn, buffer, sizeof(buffer));
    if (length < 0) {
        return -1;
    }
    return btls_session_set_transport_parameters(session, buffer, (size_t)length) == BTLS_OK ? 0
                                                                                           : -1;
}

/// What must be known before the first key of a negotiated suite is installed.
static int prepare(
    ngtcp2_conn *conn, const btls_session *session, btls_level level, btls_suite suite) {
    // A server decodes the client's parameters here, because they decide the version and with it
    // the labels of the keys (RFC 9368 §4).
    if (btls_session_is_server(session) && level == BTLS_LEVEL_HANDSHAKE
        && ngtcp2_conn_get_negotiated_version(conn) == 0
        && take_remote_parameters(conn, session) != 0) {
        return -1;
    }
    const ngtcp2_crypto_ctx *ctx = quictls_crypto_ctx(suite);
    if (ctx == NULL) {
        return -1;
    }
    if (ngtcp2_conn_get_crypto_ctx(conn)->aead.native_handle == NULL) {
        ngtcp2_conn_set_crypto_ctx(conn, ctx);
    }
    return 0;
}

static int read_secret(
    void *owner, btls_session *session, btls_level level, btls_suite suite, const uint8_t *secret,
    size_t length) {
    ngtcp2_conn *conn = owner;
    if (level == BTLS_LEVEL_EARLY || level == BTLS_LEVEL_INITIAL) {
        return 1;
    }
    if (prepare(conn, session, level, suite) != 0) {
        return 0;
    }
    // RFC 9001 §8.2: by now a client has the server's parameters, and 1-RTT packets need them.
    if (!btls_session_is_server(session) && level == BTLS_LEVEL_APPLICATION
        && take_remote_parameters(conn, session) != 0) {
        return 0;
    }
    quictls_keys keys;
    if (quictls_derive_keys(&keys, suite, secret, length) != 0) {
        return 0;
    }
    const int error = level == BTLS_LEVEL_HANDSHAKE
        ? ngtcp2_conn_install_rx_handshake_key(
            conn, &keys.aead, keys.iv, sizeof(keys.iv), &keys.header)
        : ngtcp2_conn_install_rx_key(
            conn, secret, length, &keys.aead, keys.iv, sizeof(keys.iv), &keys.header);
    if (error != 0) {
        quictls_free_keys(&keys);
        return 0;
    }
    return 1;
}

static int write_secret(
    void *owner, btls_session *session, btls_level level, btls_suite suite, const uint8_t *secret,
    size_t length) {
    ngtcp2_conn *conn = owner;
    if (level == BTLS_LEVEL_EARLY || level == BTLS_LEVEL_INITIAL) {
        return 1;
    }
    if (prepare(conn, session, level, suite) != 0) {
        return 0;
    }
    quictls_keys keys;
    if (quictls_derive_keys(&keys, suite, secret, length) != 0) {
        return 0;
    }
    const int error = level == BTLS_LEVEL_HANDSHAKE
        ? ngtcp2_conn_install_tx_handshake_key(
            conn, &keys.aead, keys.iv, sizeof(keys.iv), &keys.header)
        : ngtcp2_conn_install_tx_key(
            conn, secret, length, &keys.aead, keys.iv, sizeof(keys.iv), &keys.header);
    if (error != 0) {
        quictls_free_keys(&keys);
        return 0;
    }
    // EncryptedExtensions is written right after this returns.
    if (btls_session_is_server(session) && level == BTLS_LEVEL_HANDSHAKE) {
        return quictls_give_local_parameters(conn, session) == 0;
    }
    return 1;
}

static int handshake_data(
    void *owner, btls_session *session, btls_level level, const uint8_t *data, size_t length) {
    (void)session;
    ngtcp2_crypto_level crypto_level;
    return level_of(level, &crypto_level)
        && ngtcp2_conn_submit_crypto_data(owner, crypto_level, data, length) == 0;
}

static int alert(void *owner, btls_session *session, btls_level level, uint8_t number) {
    (void)session;
    (void)level;
    ngtcp2_conn_set_tls_alert(owner, number);
    return 1;
}

const btls_quic_hooks quictls_hooks = {
    .read_secret = read_secret,
    .write_secret = write_secret,
    .handshake_data = handshake_data,
    .alert = alert,
};
