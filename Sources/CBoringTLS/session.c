// Sessions: one handshake each, driven by whoever carries its bytes.

#include <string.h>

#include "internal.h"

/// A client without a name to check would trust every certificate of the CA. Names are matched
/// against subject alternative names only (RFC 9525 §6.3).
static btls_status set_server_name(SSL *ssl, const char *name) {
    if (name == NULL || name[0] == '\0') {
        return BTLS_INVALID_NAME;
    }
    X509_VERIFY_PARAM *rules = SSL_get0_param(ssl);
    ASN1_OCTET_STRING *address = a2i_IPADDRESS(name);
    ERR_clear_error();
    if (address != NULL) {
        // RFC 6066 §3: an IP literal is never sent as SNI.
        ASN1_OCTET_STRING_free(address);
        return X509_VERIFY_PARAM_set1_ip_asc(rules, name) ? BTLS_OK : BTLS_INVALID_NAME;
    }
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (!SSL_set1_host(ssl, name) || !SSL_set_tlsext_host_name(ssl, name)) {
        return BTLS_INVALID_NAME;
    }
    return BTLS_OK;
}

static btls_status prepare(btls_session *session, const char *server_name) {
    const btls_context *context = session->context;
    SSL_set_app_data(session->ssl, session);
    // What only a handshake needs is freed after it: connections live long and are many.
    SSL_set_shed_handshake_config(session->ssl, 1);
    X509_VERIFY_PARAM_set_time_posix(SSL_get0_param(session->ssl), session->unix_seconds);
    if (context->is_server) {
        SSL_set_accept_state(session->ssl);
        return BTLS_OK;
    }
    SSL_set_connect_state(session->ssl);
    // Unlike its neighbours this one returns 0 on success.
    if (SSL_set_alpn_protos(session->ssl, context->protocols, context->protocols_length) != 0) {
        return BTLS_INVALID_PROTOCOLS;
    }
    return set_server_name(session->ssl, server_name);
}

btls_session *btls_session_new(
    btls_context *context, const char *server_name, int64_t unix_seconds, btls_status *status) {
    *status = BTLS_OUT_OF_MEMORY;
    btls_session *session = OPENSSL_zalloc(sizeof(*session));
    if (session == NULL) {
        return NULL;
    }
    session->context = context;
    // BoringSSL asserts that time is not negative.
    session->unix_seconds = unix_seconds > 0 ? unix_seconds : 0;
    session->sent_alert = -1;
    btls_enter(session);
    session->ssl = SSL_new(context->ssl);
    if (session->ssl != NULL) {
        *status = prepare(session, server_name);
    }
    ERR_clear_error();
    if (*status != BTLS_OK) {
        btls_session_free(session);
        return NULL;
    }
    return session;
}

void btls_session_free(btls_session *session) {
    if (session == NULL) {
        return;
    }
    SSL_free(session->ssl);
    OPENSSL_free(session->peer.data);
    OPENSSL_free(session->judged.data);
    for (size_t index = 0; index < session->ticket_count; index++) {
        SSL_SESSION_free(session->tickets[index]);
    }
    OPENSSL_free(session);
}

int btls_session_is_server(const btls_session *session) {
    return session->context->is_server;
}

void btls_session_set_hooks(btls_session *session, const btls_quic_hooks *hooks, void *owner) {
    session->hooks = hooks;
    session->owner = owner;
}

btls_status btls_session_set_transport_parameters(
    btls_session *session, const uint8_t *data, size_t length) {
    const int done = SSL_set_quic_transport_params(session->ssl, data, length);
    ERR_clear_error();
    return done ? BTLS_OK : BTLS_FAILED;
}

btls_bytes btls_session_peer_transport_parameters(const btls_session *session) {
    btls_bytes bytes = {NULL, 0};
    SSL_get_peer_quic_transport_params(session->ssl, &bytes.data, &bytes.length);
    return bytes;
}

/// Notes why the engine failed and forgets its queue.
static btls_status fail(btls_session *session) {
    session->failed = 1;
    const uint32_t error = ERR_peek_error();
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
        if (ERR_GET_REASON(error) == SSL_R_NO_APPLICATION_PROTOCOL) {
            session->lacks_protocol = 1;
        } else if (ERR_GET_REASON(error) == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
            session->lacks_certificate = 1;
        }
    }
    ERR_clear_error();
    return BTLS_FAILED;
}

btls_status btls_session_provide(
    btls_session *session, btls_level level, const uint8_t *data, size_t length) {
    if (session->failed) {
        return BTLS_FAILED;
    }
    btls_enter(session);
    ERR_clear_error();
    if (!SSL_provide_quic_data(
            session->ssl, (enum ssl_encryption_level_t)level, data, length)) {
        return fail(session);
    }
    return BTLS_OK;
}

btls_status btls_session_drive(btls_session *session) {
    if (session->failed) {
        return BTLS_FAILED;
    }
    btls_enter(session);
    ERR_clear_error();
    if (session->complete) {
        return SSL_process_quic_post_handshake(session->ssl) ? BTLS_OK : fail(session);
    }
    const int result = SSL_do_handshake(session->ssl);
    if (result == 1) {
        session->complete = 1;
        btls_keep_resumed_peer(session);
        ERR_clear_error();
        return BTLS_OK;
    }
    if (SSL_get_error(session->ssl, result) == SSL_ERROR_WANT_READ) {
        ERR_clear_error();
        return BTLS_OK;
    }
    return fail(session);
}

int btls_session_is_complete(const btls_session *session) {
    return session->complete;
}

btls_bytes btls_session_protocol(const btls_session *session) {
    btls_bytes bytes = {NULL, 0};
    unsigned length = 0;
    SSL_get0_alpn_selected(session->ssl, &bytes.data, &length);
    bytes.length = length;
    return bytes;
}

uint16_t btls_session_group(const btls_session *session) {
    return SSL_get_group_id(session->ssl);
}

uint16_t btls_session_suite(const btls_session *session) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(session->ssl);
    return cipher != NULL ? SSL_CIPHER_get_protocol_id(cipher) : 0;
}

const char *btls_session_requested_name(const btls_session *session) {
    if (!session->context->is_server) {
        return NULL;
    }
    return SSL_get_servername(session->ssl, TLSEXT_NAMETYPE_host_name);
}

int btls_session_sent_alert(const btls_session *session) {
    return session->sent_alert;
}

int btls_session_has_failed(const btls_session *session) {
    return session->failed;
}

int btls_session_lacks_protocol(const btls_session *session) {
    return session->lacks_protocol;
}

int btls_session_lacks_certificate(const btls_session *session) {
    return session->lacks_certificate;
}

btls_verdict btls_session_verdict(const btls_session *session) {
    return session->verdict;
}

int btls_session_verdict_depth(const btls_session *session) {
    return session->verdict_depth;
}

btls_bytes btls_session_peer_certificate(const btls_session *session) {
    return (btls_bytes){session->peer.data, session->peer.length};
}

btls_bytes btls_session_judged_certificate(const btls_session *session) {
    return (btls_bytes){session->judged.data, session->judged.length};
}
