// BoringSSL's QUIC hooks, forwarded to ours.

#include "internal.h"

static btls_session *session_of(SSL *ssl) {
    btls_session *session = SSL_get_app_data(ssl);
    return session != NULL && session->hooks != NULL ? session : NULL;
}

static int set_read_secret(
    SSL *ssl, enum ssl_encryption_level_t level, const SSL_CIPHER *cipher, const uint8_t *secret,
    size_t length) {
    btls_session *session = session_of(ssl);
    if (session == NULL) {
        return 0;
    }
    return session->hooks->read_secret(
        session->owner, session, (btls_level)level,
        (btls_suite)SSL_CIPHER_get_protocol_id(cipher), secret, length);
}

static int set_write_secret(
    SSL *ssl, enum ssl_encryption_level_t level, const SSL_CIPHER *cipher, const uint8_t *secret,
    size_t length) {
    btls_session *session = session_of(ssl);
    if (session == NULL) {
        return 0;
    }
    return session->hooks->write_secret(
        session->owner, session, (btls_level)level,
        (btls_suite)SSL_CIPHER_get_protocol_id(cipher), secret, length);
}

static int add_handshake_data(
    SSL *ssl, enum ssl_encryption_level_t level, const uint8_t *data, size_t length) {
    btls_session *session = session_of(ssl);
    if (session == NULL) {
        return 0;
    }
    return session->hooks->handshake_data(
        session->owner, session, (btls_level)level, data, length);
}

/// Whoever drives the session writes packets afterwards anyway.
static int flush_flight(SSL *ssl) {
    (void)ssl;
    return 1;
}

static int send_alert(SSL *ssl, enum ssl_encryption_level_t level, uint8_t alert) {
    btls_session *session = session_of(ssl);
    if (session == NULL) {
        return 0;
    }
    session->sent_alert = alert;
    return session->hooks->alert(session->owner, session, (btls_level)level, alert);
}

const SSL_QUIC_METHOD btls_quic_method = {
    .set_read_secret = set_read_secret,
    .set_write_secret = set_write_secret,
    .add_handshake_data = add_handshake_data,
    .flush_flight = flush_flight,
    .send_alert = send_alert,
};
