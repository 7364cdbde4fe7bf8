// Judging the other side's certificate, and remembering what was wrong with it.

#include <sys/time.h>

#include "internal.h"

static _Thread_local int64_t current_seconds;

void btls_enter(const btls_session *session) {
    current_seconds = session->unix_seconds;
}

void btls_current_time(const SSL *unused, struct timeval *clock) {
    (void)unused;
    clock->tv_sec = current_seconds;
    clock->tv_usec = 0;
}

static btls_verdict verdict_of(int error) {
    switch (error) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            return BTLS_VERDICT_EXPIRED;
        case X509_V_ERR_CERT_NOT_YET_VALID:
            return BTLS_VERDICT_NOT_YET_VALID;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH:
            return BTLS_VERDICT_WRONG_NAME;
        case X509_V_ERR_INVALID_PURPOSE:
            return BTLS_VERDICT_WRONG_PURPOSE;
        case X509_V_ERR_CERT_CHAIN_TOO_LONG:
            return BTLS_VERDICT_CHAIN_TOO_LONG;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        // A CA of the same name with another key: what two runs of the same command make.
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_AKID_SKID_MISMATCH:
        case X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH:
            return BTLS_VERDICT_UNKNOWN_ISSUER;
        default:
            return BTLS_VERDICT_OTHER;
    }
}

static void keep(btls_owned *slot, X509 *certificate) {
    OPENSSL_free(slot->data);
    slot->data = NULL;
    slot->length = 0;
    if (certificate == NULL) {
        return;
    }
    uint8_t *der = NULL;
    const int length = i2d_X509(certificate, &der);
    if (length > 0) {
        slot->data = der;
        slot->length = (size_t)length;
    }
}

static int refuse(btls_session *session, X509_STORE_CTX *store, int error, int depth, X509 *about) {
    session->verdict = verdict_of(error);
    session->verdict_depth = depth;
    keep(&session->judged, about);
    // BoringSSL picks the alert from this.
    X509_STORE_CTX_set_error(store, error);
    return 0;
}

/// BoringSSL's own limit holds for whole flights of QUIC, and doubled. Lengths are known before any
/// signature is checked, which is where a large list would cost.
static int is_too_long(const SSL *ssl) {
    const STACK_OF(CRYPTO_BUFFER) *shown = SSL_get0_peer_certificates(ssl);
    const size_t count = shown != NULL ? sk_CRYPTO_BUFFER_num(shown) : 0;
    size_t length = 0;
    for (size_t index = 0; index < count; index++) {
        length += CRYPTO_BUFFER_len(sk_CRYPTO_BUFFER_value(shown, index));
    }
    return count > BTLS_MAX_CHAIN || length > BTLS_MAX_CERTIFICATE_LIST;
}

int btls_verify_chain(X509_STORE_CTX *store, void *unused) {
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    btls_session *session = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
    if (session == NULL) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    keep(&session->peer, leaf);
    if (is_too_long(ssl)) {
        return refuse(session, store, X509_V_ERR_CERT_CHAIN_TOO_LONG, 0, leaf);
    }
    if (X509_verify_cert(store) != 1) {
        return refuse(
            session, store, X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_error_depth(store),
            X509_STORE_CTX_get_current_cert(store));
    }
    // The purpose check above lets a certificate without the extension pass for anything. Authority
    // is read from these certificates, so the purpose must be written in them.
    const uint32_t usage = session->context->is_server ? BTLS_USAGE_CLIENT : BTLS_USAGE_SERVER;
    if (!btls_certificate_allows(leaf, usage)) {
        return refuse(session, store, X509_V_ERR_INVALID_PURPOSE, 0, leaf);
    }
    return 1;
}

void btls_keep_resumed_peer(btls_session *session) {
    if (!SSL_session_reused(session->ssl)) {
        return;
    }
    X509 *leaf = SSL_get_peer_certificate(session->ssl);
    keep(&session->peer, leaf);
    X509_free(leaf);
}

/// The chain as it was shown, leaf first; NULL when there is none or memory is out.
static STACK_OF(X509) *chain_of(const SSL_SESSION *earlier) {
    const STACK_OF(CRYPTO_BUFFER) *shown = SSL_SESSION_get0_peer_certificates(earlier);
    const size_t count = shown != NULL ? sk_CRYPTO_BUFFER_num(shown) : 0;
    STACK_OF(X509) *chain = count > 0 ? sk_X509_new_null() : NULL;
    for (size_t index = 0; chain != NULL && index < count; index++) {
        X509 *certificate = X509_parse_from_buffer(sk_CRYPTO_BUFFER_value(shown, index));
        if (certificate == NULL || !sk_X509_push(chain, certificate)) {
            X509_free(certificate);
            sk_X509_pop_free(chain, X509_free);
            return NULL;
        }
    }
    return chain;
}

int btls_is_still_trusted(const btls_session *session, const SSL_SESSION *earlier) {
    const int is_server = session->context->is_server;
    STACK_OF(X509) *chain = chain_of(earlier);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    X509 *leaf = chain != NULL ? sk_X509_value(chain, 0) : NULL;
    // Time and name are those of the new session.
    const int good = leaf != NULL && store != NULL
        && X509_STORE_CTX_init(
            store, SSL_CTX_get_cert_store(session->context->ssl), leaf, chain)
        && X509_STORE_CTX_set_default(store, is_server ? "ssl_client" : "ssl_server")
        && X509_VERIFY_PARAM_set1(
            X509_STORE_CTX_get0_param(store), SSL_get0_param(session->ssl))
        && X509_verify_cert(store) == 1
        && btls_certificate_allows(leaf, is_server ? BTLS_USAGE_CLIENT : BTLS_USAGE_SERVER);
    X509_STORE_CTX_free(store);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return good;
}
