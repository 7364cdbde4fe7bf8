// Contexts: what all sessions of one kind share.

#include <string.h>

#include "internal.h"

static void keylog_line(const SSL *ssl, const char *line) {
    const btls_session *session = SSL_get_app_data(ssl);
    if (session != NULL && session->context->keylog != NULL) {
        session->context->keylog(session->context->keylog_owner, line);
    }
}

/// RFC 7301 §3.2: the server's preference decides; nothing in common is fatal.
static int select_protocol(
    SSL *ssl, const uint8_t **out, uint8_t *out_length, const uint8_t *offered,
    unsigned offered_length, void *unused) {
    (void)unused;
    btls_session *session = SSL_get_app_data(ssl);
    const btls_context *context = session->context;
    for (size_t ours = 0; ours < context->protocols_length;
         ours += 1u + context->protocols[ours]) {
        const size_t length = context->protocols[ours];
        for (size_t theirs = 0; theirs < offered_length; theirs += 1u + offered[theirs]) {
            if (offered[theirs] == length && offered_length - theirs > length
                && memcmp(offered + theirs + 1, context->protocols + ours + 1, length) == 0) {
                *out = offered + theirs + 1;
                *out_length = (uint8_t)length;
                return SSL_TLSEXT_ERR_OK;
            }
        }
    }
    session->lacks_protocol = 1;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int protocols_are_valid(btls_bytes protocols) {
    if (protocols.length == 0 || protocols.data == NULL) {
        return 0;
    }
    size_t at = 0;
    while (at < protocols.length) {
        const size_t length = protocols.data[at];
        if (length == 0 || protocols.length - at <= length) {
            return 0;
        }
        at += 1 + length;
    }
    return 1;
}

static btls_status load_identity(SSL_CTX *ssl, const btls_context_options *options) {
    STACK_OF(X509) *chain = btls_read_certificates(options->certificate_chain, BTLS_MAX_CHAIN);
    if (chain == NULL) {
        return BTLS_UNREADABLE_CERTIFICATE;
    }
    EVP_PKEY *key = btls_read_private_key(options->private_key);
    btls_status status = BTLS_OK;
    X509 *leaf = sk_X509_value(chain, 0);
    if (key == NULL) {
        status = BTLS_UNREADABLE_PRIVATE_KEY;
    } else if (X509_check_private_key(leaf, key) != 1) {
        status = BTLS_KEY_MISMATCH;
    } else if (!SSL_CTX_use_certificate(ssl, leaf) || !SSL_CTX_use_PrivateKey(ssl, key)) {
        status = BTLS_UNSUITABLE_CERTIFICATE;
    }
    for (size_t index = 1; status == BTLS_OK && index < sk_X509_num(chain); index++) {
        if (!SSL_CTX_add1_chain_cert(ssl, sk_X509_value(chain, index))) {
            status = BTLS_OUT_OF_MEMORY;
        }
    }
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return status;
}

static btls_status load_roots(SSL_CTX *ssl, btls_bytes bytes) {
    STACK_OF(X509) *roots = btls_read_certificates(bytes, BTLS_MAX_ROOTS);
    if (roots == NULL) {
        return BTLS_UNREADABLE_TRUST_ROOTS;
    }
    btls_status status = BTLS_OK;
    X509_STORE *store = SSL_CTX_get_cert_store(ssl);
    for (size_t index = 0; index < sk_X509_num(roots); index++) {
        if (!X509_STORE_add_cert(store, sk_X509_value(roots, index))) {
            status = BTLS_OUT_OF_MEMORY;
        }
    }
    sk_X509_pop_free(roots, X509_free);
    ERR_clear_error();
    return status;
}

/// What holds for every context, whatever it is given.
static int harden(SSL_CTX *ssl, const char *groups) {
    if (!SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION)
        || !SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION)
        || !SSL_CTX_set_quic_method(ssl, &btls_quic_method)
        || !SSL_CTX_set1_groups_list(ssl, groups != NULL ? groups : "X25519MLKEM768:X25519")) {
        return 0;
    }
    // A ticket is a second identity that outlives the first: none is given, kept or taken, unless
    // `btls_allow_resumption` follows.
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ssl, 0);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_early_data_enabled(ssl, 0);
    // Send the chain that was configured, not one built from the trust roots.
    SSL_CTX_set_mode(ssl, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_max_cert_list(ssl, BTLS_MAX_CERTIFICATE_LIST);
    SSL_CTX_set_verify_depth(ssl, BTLS_MAX_CHAIN - 1);
    SSL_CTX_set_cert_verify_callback(ssl, btls_verify_chain, NULL);
    SSL_CTX_set_current_time_cb(ssl, btls_current_time);
    return 1;
}

static btls_status configure(btls_context *context, const btls_context_options *options) {
    if (!protocols_are_valid(options->protocols)) {
        return BTLS_INVALID_PROTOCOLS;
    }
    if (!harden(context->ssl, options->groups)) {
        ERR_clear_error();
        return BTLS_INVALID_GROUPS;
    }
    if (options->is_server || options->certificate_chain.length > 0) {
        const btls_status status = load_identity(context->ssl, options);
        if (status != BTLS_OK) {
            return status;
        }
    }
    const int verifies = !options->is_server || options->require_client_certificate;
    if (verifies) {
        const btls_status status = load_roots(context->ssl, options->trust_roots);
        if (status != BTLS_OK) {
            return status;
        }
        SSL_CTX_set_verify(
            context->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    } else {
        SSL_CTX_set_verify(context->ssl, SSL_VERIFY_NONE, NULL);
    }
    context->protocols = OPENSSL_memdup(options->protocols.data, options->protocols.length);
    if (context->protocols == NULL) {
        return BTLS_OUT_OF_MEMORY;
    }
    context->protocols_length = options->protocols.length;
    if (options->is_server) {
        SSL_CTX_set_alpn_select_cb(context->ssl, select_protocol, NULL);
    }
    context->requires_peer = options->is_server && verifies;
    return btls_allow_resumption(context, options) ? BTLS_OK : BTLS_FAILED;
}

btls_context *btls_context_new(const btls_context_options *options, btls_status *status) {
    *status = BTLS_OUT_OF_MEMORY;
    btls_context *context = OPENSSL_zalloc(sizeof(*context));
    if (context == NULL) {
        return NULL;
    }
    context->is_server = options->is_server != 0;
    context->ssl = SSL_CTX_new(TLS_method());
    if (context->ssl != NULL) {
        *status = configure(context, options);
    }
    if (*status != BTLS_OK) {
        btls_context_free(context);
        ERR_clear_error();
        return NULL;
    }
    return context;
}

void btls_context_free(btls_context *context) {
    if (context == NULL) {
        return;
    }
    SSL_CTX_free(context->ssl);
    OPENSSL_free(context->protocols);
    OPENSSL_free(context);
}

void btls_context_set_keylog(btls_context *context, btls_keylog log, void *owner) {
    context->keylog = log;
    context->keylog_owner = owner;
    SSL_CTX_set_keylog_callback(context->ssl, log != NULL ? keylog_line : NULL);
}
