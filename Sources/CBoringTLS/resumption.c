// Resumption as a client keeps and offers it, and as a context is told to allow it.

#include <string.h>

#include "internal.h"

static SSL_SESSION *inside(const btls_ticket *ticket) {
    return (SSL_SESSION *)(uintptr_t)ticket;
}

/// The engine's ticket is ours now when this returns 1.
static int keep_ticket(SSL *ssl, SSL_SESSION *ticket) {
    btls_session *session = SSL_get_app_data(ssl);
    const uint8_t *sealed = NULL;
    size_t length = 0;
    SSL_SESSION_get0_ticket(ticket, &sealed, &length);
    if (session == NULL || length == 0 || length > BTLS_MAX_TICKET) {
        return 0;
    }
    if (session->ticket_count == BTLS_MAX_WAITING_TICKETS) {
        btls_ticket_free(btls_session_take_ticket(session));
    }
    session->tickets[session->ticket_count++] = ticket;
    return 1;
}

/// The engine compares this for every ticket: what is resumed was judged by the same rules about
/// clients. So a server that asks for no certificate resumes nobody who had shown one, and the other
/// way round.
static int set_rules(SSL_CTX *ssl, const btls_context_options *options) {
    const uint8_t kind = options->require_client_certificate ? 1 : 0;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX hash;
    SHA256_Init(&hash);
    SHA256_Update(&hash, &kind, sizeof(kind));
    if (kind != 0) {
        SHA256_Update(&hash, options->trust_roots.data, options->trust_roots.length);
    }
    SHA256_Final(digest, &hash);
    return SSL_CTX_set_session_id_context(ssl, digest, sizeof(digest));
}

int btls_allow_resumption(btls_context *context, const btls_context_options *options) {
    SSL_CTX *ssl = context->ssl;
    if (options->is_server && options->ticket_keys != NULL) {
        if (options->ticket_lifetime == 0
            || options->ticket_lifetime > BTLS_MAX_TICKET_LIFETIME) {
            return 0;
        }
        context->ticket_keys = options->ticket_keys;
        context->ticket_lifetime = options->ticket_lifetime;
        SSL_CTX_clear_options(ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ssl, BTLS_TICKETS);
        SSL_CTX_set_session_psk_dhe_timeout(ssl, options->ticket_lifetime);
        SSL_CTX_set_ticket_aead_method(ssl, &btls_ticket_method);
        return set_rules(ssl, options);
    }
    if (!options->is_server && options->keeps_tickets) {
        SSL_CTX_clear_options(ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(
            ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ssl, keep_ticket);
        // Of itself the engine gives up every ticket after two days, whatever the server says.
        SSL_CTX_set_session_psk_dhe_timeout(ssl, BTLS_MAX_TICKET_LIFETIME);
    }
    return 1;
}

// MARK: Sessions

btls_ticket *btls_session_take_ticket(btls_session *session) {
    if (session->ticket_count == 0) {
        return NULL;
    }
    SSL_SESSION *ticket = session->tickets[0];
    session->ticket_count--;
    memmove(
        session->tickets, session->tickets + 1,
        session->ticket_count * sizeof(session->tickets[0]));
    return (btls_ticket *)ticket;
}

int btls_session_offer(btls_session *session, const btls_ticket *ticket) {
    // The engine does not look at the server's certificate again when it resumes.
    if (session->context->is_server || session->complete || session->failed
        || !btls_ticket_is_valid(ticket, session->unix_seconds)
        || !btls_is_still_trusted(session, inside(ticket))) {
        return 0;
    }
    btls_enter(session);
    const int done = SSL_set_session(session->ssl, inside(ticket));
    ERR_clear_error();
    return done;
}

int btls_session_is_resumed(const btls_session *session) {
    return session->complete && SSL_session_reused(session->ssl);
}

// MARK: Tickets

void btls_ticket_free(btls_ticket *ticket) {
    SSL_SESSION_free(inside(ticket));
}

int btls_ticket_is_valid(const btls_ticket *ticket, int64_t unix_seconds) {
    const uint64_t made = SSL_SESSION_get_time(inside(ticket));
    if (unix_seconds < 0 || (uint64_t)unix_seconds < made) {
        return 0;
    }
    return (uint64_t)unix_seconds - made < SSL_SESSION_get_timeout(inside(ticket));
}

btls_bytes btls_ticket_sealed(const btls_ticket *ticket) {
    btls_bytes bytes = {NULL, 0};
    SSL_SESSION_get0_ticket(inside(ticket), &bytes.data, &bytes.length);
    return bytes;
}

btls_ticket *btls_ticket_altered(
    const btls_ticket *ticket, btls_context *context, const uint8_t *sealed, size_t length) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    SSL_SESSION *copy = NULL;
    if (SSL_SESSION_to_bytes(inside(ticket), &bytes, &size)) {
        copy = SSL_SESSION_from_bytes(bytes, size, context->ssl);
        OPENSSL_cleanse(bytes, size);
        OPENSSL_free(bytes);
    }
    if (copy != NULL && !SSL_SESSION_set_ticket(copy, sealed, length)) {
        SSL_SESSION_free(copy);
        copy = NULL;
    }
    ERR_clear_error();
    return (btls_ticket *)copy;
}
