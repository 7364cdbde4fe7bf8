// What the files of this target share. Not part of the module.
#ifndef SELIUM_CBORINGTLS_INTERNAL_H
#define SELIUM_CBORINGTLS_INTERNAL_H

#include <CNIOBoringSSL.h>

#include "CBoringTLS.h"

// Before a certificate is judged nothing of the other side's may cost more than this.
#define BTLS_MAX_CERTIFICATE_LIST 16384
#define BTLS_MAX_CHAIN 4
// A trust file with more roots than this is not one of a control plane.
#define BTLS_MAX_ROOTS 256
// Tickets a server gives after each handshake: each is used once, and some clients open two
// connections at a time.
#define BTLS_TICKETS 2
// The longest ticket that is given or kept. It travels in the client's first flight; the chain of a
// client is in it, and beyond this a whole handshake is hardly longer.
#define BTLS_MAX_TICKET 4096
// Tickets of one session that wait to be taken; the oldest goes.
#define BTLS_MAX_WAITING_TICKETS 4

struct btls_context {
    SSL_CTX *ssl;
    int is_server;
    uint8_t *protocols;
    size_t protocols_length;
    btls_keylog keylog;
    void *keylog_owner;
    /// A server that requires client certificates.
    int requires_peer;
    btls_ticket_keys *ticket_keys;
    uint32_t ticket_lifetime;
};

/// A copy of bytes that we own.
typedef struct btls_owned {
    uint8_t *data;
    size_t length;
} btls_owned;

struct btls_session {
    SSL *ssl;
    const btls_context *context;
    const btls_quic_hooks *hooks;
    void *owner;
    int64_t unix_seconds;
    int sent_alert;
    int complete;
    int failed;
    int lacks_protocol;
    int lacks_certificate;
    btls_verdict verdict;
    int verdict_depth;
    btls_owned peer;
    btls_owned judged;
    SSL_SESSION *tickets[BTLS_MAX_WAITING_TICKETS];
    size_t ticket_count;
};

// quic.c
extern const SSL_QUIC_METHOD btls_quic_method;

// verify.c
int btls_verify_chain(X509_STORE_CTX *store, void *unused);
/// The session whose call is running on this thread decides what time it is.
void btls_enter(const btls_session *session);
void btls_current_time(const SSL *unused, struct timeval *clock);
/// Keeps the other side's certificate of a session that resumed an earlier one.
void btls_keep_resumed_peer(btls_session *session);
/// Judges the certificates of an earlier handshake by the rules and the time of `session`, as if they
/// had been shown now. Nothing is noted.
int btls_is_still_trusted(const btls_session *session, const SSL_SESSION *earlier);

// resumption.c
/// What a context needs beyond being hardened to give, take or keep tickets. 1 on success.
int btls_allow_resumption(btls_context *context, const btls_context_options *options);

// ticket.c
extern const SSL_TICKET_AEAD_METHOD btls_ticket_method;

// pem.c
/// All certificates of a PEM text, or the one of a DER blob; NULL when there is none, one is
/// unreadable, or there are more than `limit`.
STACK_OF(X509) *btls_read_certificates(btls_bytes bytes, size_t limit);
EVP_PKEY *btls_read_private_key(btls_bytes bytes);

// certificate.c
/// 1 when the certificate has an extended key usage extension that names `usage`.
int btls_certificate_allows(X509 *certificate, uint32_t usage);

#endif
