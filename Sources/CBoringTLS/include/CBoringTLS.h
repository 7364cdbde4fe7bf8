// BoringSSL behind one opaque header: contexts, sessions, packet cryptography, certificates.
//
// No BoringSSL type, macro or error number leaves this target, and nothing in here knows ngtcp2.
// Swift-visible names of BoringSSL drift between releases of swift-nio-ssl; these do not.
//
// Conventions. Functions that can fail return a `btls_status` (0 is success) or NULL. Byte inputs
// are borrowed for the length of the call, and copied when kept. Pointers handed out live as long
// as the object they came from. Objects are used by one thread at a time, except a context, which
// is immutable once made and may be shared. Every function leaves the thread's BoringSSL error
// queue empty, because that queue is shared with every other TLS user of the thread.

#ifndef SELIUM_CBORINGTLS_H
#define SELIUM_CBORINGTLS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Vocabulary

typedef struct btls_context btls_context;
typedef struct btls_session btls_session;
typedef struct btls_aead btls_aead;
typedef struct btls_header_key btls_header_key;
typedef struct btls_certificate btls_certificate;
typedef struct btls_ticket btls_ticket;
typedef struct btls_ticket_keys btls_ticket_keys;

/// A borrowed run of bytes. `data` may be NULL when `length` is 0.
typedef struct btls_bytes {
    const uint8_t *_Nullable data;
    size_t length;
} btls_bytes;

/// The order of RFC 9001 §2.1; the numbers are ours.
typedef enum btls_level {
    BTLS_LEVEL_INITIAL = 0,
    BTLS_LEVEL_EARLY = 1,
    BTLS_LEVEL_HANDSHAKE = 2,
    BTLS_LEVEL_APPLICATION = 3,
} btls_level;

/// TLS 1.3 cipher suites by their registered numbers (RFC 8446 §B.4).
typedef enum btls_suite {
    BTLS_SUITE_AES_128_GCM_SHA256 = 0x1301,
    BTLS_SUITE_AES_256_GCM_SHA384 = 0x1302,
    BTLS_SUITE_CHACHA20_POLY1305_SHA256 = 0x1303,
} btls_suite;

typedef enum btls_hash {
    BTLS_HASH_SHA256 = 0,
    BTLS_HASH_SHA384 = 1,
} btls_hash;

/// Why something was not made or not done.
typedef enum btls_status {
    BTLS_OK = 0,
    BTLS_OUT_OF_MEMORY,
    BTLS_UNREADABLE_CERTIFICATE,
    BTLS_UNREADABLE_PRIVATE_KEY,
    BTLS_UNREADABLE_TRUST_ROOTS,
    BTLS_KEY_MISMATCH,
    /// The certificate's key may not be used in a handshake: a CA's, or of an unknown kind.
    BTLS_UNSUITABLE_CERTIFICATE,
    BTLS_INVALID_PROTOCOLS,
    BTLS_INVALID_GROUPS,
    BTLS_INVALID_NAME,
    /// The session's state and the call do not fit (ours), or the handshake failed (ask the session).
    BTLS_FAILED,
} btls_status;

/// What a session found wrong with the other side's certificate.
typedef enum btls_verdict {
    /// Nothing was judged yet, or all is well.
    BTLS_VERDICT_NONE = 0,
    BTLS_VERDICT_UNKNOWN_ISSUER,
    BTLS_VERDICT_EXPIRED,
    BTLS_VERDICT_NOT_YET_VALID,
    BTLS_VERDICT_WRONG_NAME,
    BTLS_VERDICT_WRONG_PURPOSE,
    /// More than four certificates, or more than 16 KiB of them.
    BTLS_VERDICT_CHAIN_TOO_LONG,
    BTLS_VERDICT_OTHER,
} btls_verdict;

// MARK: Contexts

/// Everything a context is made of. Zero it first; every field of zero means "none".
typedef struct btls_context_options {
    /// 1 for the accepting side, 0 for the connecting side.
    int is_server;
    /// PEM (leaf first, any number of certificates) or one DER certificate. Empty: no certificate.
    btls_bytes certificate_chain;
    /// PEM or DER (PKCS#8, SEC 1 or PKCS#1), not encrypted.
    btls_bytes private_key;
    /// PEM or DER certificates that the other side must chain to. Never the system's store.
    btls_bytes trust_roots;
    /// Server: ask for a client certificate and fail without one. Clients always verify.
    int require_client_certificate;
    /// ALPN protocols in preference order, each behind its length octet (RFC 7301 §3.1).
    btls_bytes protocols;
    /// Colon-separated names in preference order. NULL: "X25519MLKEM768:X25519".
    const char *_Nullable groups;
    /// Server: what tickets are sealed with; must outlive the context. NULL: no ticket is given and
    /// none is taken.
    btls_ticket_keys *_Nullable ticket_keys;
    /// Server with `ticket_keys`: seconds a ticket is good for, at most BTLS_MAX_TICKET_LIFETIME.
    uint32_t ticket_lifetime;
    /// Client: tickets are kept for `btls_session_take_ticket`. Otherwise they are dropped.
    int keeps_tickets;
} btls_context_options;

/// Makes a TLS 1.3 context for QUIC. Early data is never sent nor taken; tickets are neither, unless
/// the options say so. On failure returns NULL and stores why in `status`.
btls_context *_Nullable btls_context_new(
    const btls_context_options *_Nonnull options, btls_status *_Nonnull status);
void btls_context_free(btls_context *_Nullable context);

/// Installs a key log (one NSS key log line a call, without its end of line). It hands out the
/// secrets of every connection: for debugging tools, never for a log. Call before the first session.
typedef void (*btls_keylog)(void *_Nullable owner, const char *_Nonnull line);
void btls_context_set_keylog(
    btls_context *_Nonnull context, btls_keylog _Nullable log, void *_Nullable owner);

// MARK: Sessions

/// What a session tells its QUIC side, during `btls_session_provide` and `btls_session_drive` only.
/// Each returns 1 to go on and 0 to fail the handshake.
typedef struct btls_quic_hooks {
    int (*_Nonnull read_secret)(
        void *_Nullable owner, btls_session *_Nonnull session, btls_level level, btls_suite suite,
        const uint8_t *_Nonnull secret, size_t length);
    int (*_Nonnull write_secret)(
        void *_Nullable owner, btls_session *_Nonnull session, btls_level level, btls_suite suite,
        const uint8_t *_Nonnull secret, size_t length);
    int (*_Nonnull handshake_data)(
        void *_Nullable owner, btls_session *_Nonnull session, btls_level level,
        const uint8_t *_Nonnull data, size_t length);
    int (*_Nonnull alert)(
        void *_Nullable owner, btls_session *_Nonnull session, btls_level level, uint8_t alert);
} btls_quic_hooks;

/// Makes a session of `context`, judged as of `unix_seconds`.
///
/// `server_name` is for clients only, and a client must have one: a DNS name (sent as SNI, matched
/// against dNSName entries only, never against the CN) or an IP literal without brackets (not
/// sent, matched against iPAddress entries only).
btls_session *_Nullable btls_session_new(
    btls_context *_Nonnull context, const char *_Nullable server_name, int64_t unix_seconds,
    btls_status *_Nonnull status);
void btls_session_free(btls_session *_Nullable session);

int btls_session_is_server(const btls_session *_Nonnull session);

/// Where the session reports to. `hooks` must outlive the session (make it a static constant);
/// `owner` comes back as the first argument of each.
void btls_session_set_hooks(
    btls_session *_Nonnull session, const btls_quic_hooks *_Nullable hooks, void *_Nullable owner);

/// Our encoded transport parameters. A client sets them before the first drive, a server at the
/// latest inside the hook of its HANDSHAKE write secret.
btls_status btls_session_set_transport_parameters(
    btls_session *_Nonnull session, const uint8_t *_Nonnull data, size_t length);
/// The other side's encoded transport parameters; empty until they came.
btls_bytes btls_session_peer_transport_parameters(const btls_session *_Nonnull session);

/// Hands over CRYPTO bytes received in order at `level`.
btls_status btls_session_provide(
    btls_session *_Nonnull session, btls_level level, const uint8_t *_Nullable data, size_t length);
/// Runs the handshake, or what follows it, as far as the bytes provided so far allow.
/// BTLS_OK also when more bytes are needed.
btls_status btls_session_drive(btls_session *_Nonnull session);
/// 1 once the handshake is complete (RFC 9001 §4.1.1) from this side's point of view.
int btls_session_is_complete(const btls_session *_Nonnull session);

/// The ALPN protocol agreed on; empty until then.
btls_bytes btls_session_protocol(const btls_session *_Nonnull session);
/// The registered number of the key exchange group in use, or 0 (0x11ec is X25519MLKEM768).
uint16_t btls_session_group(const btls_session *_Nonnull session);
/// The registered number of the cipher suite in use, or 0.
uint16_t btls_session_suite(const btls_session *_Nonnull session);
/// The server name the client sent, or NULL. Server only.
const char *_Nullable btls_session_requested_name(const btls_session *_Nonnull session);

/// The alert this side sent, or -1.
int btls_session_sent_alert(const btls_session *_Nonnull session);
/// 1 when the handshake failed on this side.
int btls_session_has_failed(const btls_session *_Nonnull session);
/// 1 when it failed because the two sides have no ALPN protocol in common.
int btls_session_lacks_protocol(const btls_session *_Nonnull session);
/// 1 when it failed because the client sent no certificate. Server only.
int btls_session_lacks_certificate(const btls_session *_Nonnull session);
/// What was wrong with the other side's certificate.
btls_verdict btls_session_verdict(const btls_session *_Nonnull session);
/// Place in the chain of the certificate the verdict is about; 0 is the leaf.
int btls_session_verdict_depth(const btls_session *_Nonnull session);
/// DER of the other side's leaf as it was presented, refused ones included; empty when none came.
btls_bytes btls_session_peer_certificate(const btls_session *_Nonnull session);
/// DER of the certificate the verdict is about (leaf or CA); empty when there is none.
btls_bytes btls_session_judged_certificate(const btls_session *_Nonnull session);

// MARK: Packet cryptography (RFC 9001 §5)

#define BTLS_AEAD_TAG_LENGTH 16
#define BTLS_AEAD_NONCE_LENGTH 12
#define BTLS_MAX_KEY_LENGTH 32
#define BTLS_MAX_SECRET_LENGTH 48
#define BTLS_HEADER_SAMPLE_LENGTH 16
#define BTLS_HEADER_MASK_LENGTH 5

btls_hash btls_suite_hash(btls_suite suite);
size_t btls_hash_length(btls_hash hash);
size_t btls_suite_key_length(btls_suite suite);

btls_aead *_Nullable btls_aead_new(
    btls_suite suite, const uint8_t *_Nonnull key, size_t key_length);
/// Cleanses the key.
void btls_aead_free(btls_aead *_Nullable aead);
/// Writes `length + BTLS_AEAD_TAG_LENGTH` bytes to `out`, which may be `plaintext` itself.
/// 1 on success.
int btls_aead_seal(
    const btls_aead *_Nonnull aead, uint8_t *_Nonnull out, const uint8_t *_Nonnull nonce,
    size_t nonce_length, const uint8_t *_Nullable plaintext, size_t length,
    const uint8_t *_Nullable associated, size_t associated_length);
/// Writes `length - BTLS_AEAD_TAG_LENGTH` bytes to `out`, which may be `ciphertext` itself.
/// 1 on success, 0 when the bytes are not authentic.
int btls_aead_open(
    const btls_aead *_Nonnull aead, uint8_t *_Nonnull out, const uint8_t *_Nonnull nonce,
    size_t nonce_length, const uint8_t *_Nullable ciphertext, size_t length,
    const uint8_t *_Nullable associated, size_t associated_length);

btls_header_key *_Nullable btls_header_key_new(
    btls_suite suite, const uint8_t *_Nonnull key, size_t key_length);
void btls_header_key_free(btls_header_key *_Nullable key);
/// RFC 9001 §5.4.3, §5.4.4: BTLS_HEADER_MASK_LENGTH bytes from BTLS_HEADER_SAMPLE_LENGTH bytes.
void btls_header_key_mask(
    const btls_header_key *_Nonnull key, const uint8_t *_Nonnull sample, uint8_t *_Nonnull mask);

/// HKDF-Extract (RFC 5869 §2.2) into btls_hash_length(hash) bytes. 1 on success.
int btls_hkdf_extract(
    btls_hash hash, uint8_t *_Nonnull out, const uint8_t *_Nonnull secret, size_t secret_length,
    const uint8_t *_Nullable salt, size_t salt_length);
/// HKDF-Expand (RFC 5869 §2.3). 1 on success.
int btls_hkdf_expand(
    btls_hash hash, uint8_t *_Nonnull out, size_t length, const uint8_t *_Nonnull secret,
    size_t secret_length, const uint8_t *_Nullable info, size_t info_length);
/// HKDF-Expand-Label (RFC 8446 §7.1) with an empty context; `label` comes without "tls13 ". 1 on
/// success.
int btls_hkdf_expand_label(
    btls_hash hash, uint8_t *_Nonnull out, size_t length, const uint8_t *_Nonnull secret,
    size_t secret_length, const char *_Nonnull label);

// MARK: Resumption (RFC 8446 §2.2)
//
// A ticket stands for the handshake it came from: whoever resumes with it is taken for who was
// authenticated then. So a server takes one only for the server name and the protocol it was given
// for, and only while the client's certificate is good by the rules and the time of *now*; a client
// offers one under the same condition of the server's. What fails is a whole handshake, never an
// error. Always with a fresh key exchange (psk_dhe_ke), never with early data.

/// RFC 8446 §4.6.1: a week.
#define BTLS_MAX_TICKET_LIFETIME 604800
#define BTLS_TICKET_KEY_LENGTH 32
/// What a server takes tickets of at once: the first seals, the others only open.
#define BTLS_MAX_TICKET_KEYS 4

/// Keys that renew themselves: one older than a ticket's lifetime seals no more, and one that nothing
/// is sealed with any more is cleansed. May be shared by contexts and threads. NULL without memory.
btls_ticket_keys *_Nullable btls_ticket_keys_new(void);
void btls_ticket_keys_free(btls_ticket_keys *_Nullable keys);
/// Puts `count` keys of BTLS_TICKET_KEY_LENGTH bytes, one behind the other, in the place of all there
/// are; they do not renew themselves. 0 when there are none or too many.
int btls_ticket_keys_set(
    btls_ticket_keys *_Nonnull keys, const uint8_t *_Nullable secrets, size_t count);
/// A fresh key seals from now on, the one before it opens still, older ones do not.
void btls_ticket_keys_rotate(btls_ticket_keys *_Nonnull keys);

/// Client: the oldest ticket that came and was not taken. The caller frees it. NULL: there is none.
btls_ticket *_Nullable btls_session_take_ticket(btls_session *_Nonnull session);
/// Client, before the first drive: offers a ticket. 1 when it will be; 0 when it has expired, or the
/// server's certificate would not be accepted any more by this session's rules.
int btls_session_offer(btls_session *_Nonnull session, const btls_ticket *_Nonnull ticket);
/// 1 when the handshake resumed an earlier one.
int btls_session_is_resumed(const btls_session *_Nonnull session);

void btls_ticket_free(btls_ticket *_Nullable ticket);
/// 1 while a client may offer it.
int btls_ticket_is_valid(const btls_ticket *_Nonnull ticket, int64_t unix_seconds);
/// What the server sealed.
btls_bytes btls_ticket_sealed(const btls_ticket *_Nonnull ticket);
/// A copy that holds other sealed bytes, for tests. NULL without memory.
btls_ticket *_Nullable btls_ticket_altered(
    const btls_ticket *_Nonnull ticket, btls_context *_Nonnull context,
    const uint8_t *_Nonnull sealed, size_t length);

// MARK: Small primitives

/// An incremental SHA-256, held by value: copying it copies the state.
typedef struct btls_sha256 {
    uint64_t storage[16];
} btls_sha256;

void btls_sha256_init(btls_sha256 *_Nonnull state);
void btls_sha256_update(
    btls_sha256 *_Nonnull state, const uint8_t *_Nullable data, size_t length);
/// Writes 32 bytes and wipes the state.
void btls_sha256_finish(btls_sha256 *_Nonnull state, uint8_t *_Nonnull digest);

/// Cryptographically strong random bytes; it cannot fail.
void btls_random(uint8_t *_Nonnull out, size_t length);
/// 1 when equal, in time that depends on the length only.
int btls_equal(const uint8_t *_Nonnull a, const uint8_t *_Nonnull b, size_t length);
/// Overwrites in a way the compiler may not drop.
void btls_cleanse(void *_Nonnull data, size_t length);

// MARK: Certificates

typedef enum btls_name_kind {
    BTLS_NAME_DNS,
    /// 4 or 16 octets.
    BTLS_NAME_IP,
    BTLS_NAME_URI,
    BTLS_NAME_EMAIL,
} btls_name_kind;

#define BTLS_USAGE_SERVER 1u
#define BTLS_USAGE_CLIENT 2u
#define BTLS_USAGE_OTHER 4u

/// Reads one certificate: DER, or the first one of a PEM text. NULL when it is unreadable.
btls_certificate *_Nullable btls_certificate_new(const uint8_t *_Nonnull data, size_t length);
void btls_certificate_free(btls_certificate *_Nullable certificate);
btls_bytes btls_certificate_der(const btls_certificate *_Nonnull certificate);
/// UTF-8 of the subject's last CN; empty when there is none.
btls_bytes btls_certificate_common_name(const btls_certificate *_Nonnull certificate);
/// UTF-8 of the issuer's last CN; empty when there is none.
btls_bytes btls_certificate_issuer_name(const btls_certificate *_Nonnull certificate);
/// Serial number, big-endian, without sign octet.
btls_bytes btls_certificate_serial(const btls_certificate *_Nonnull certificate);
int64_t btls_certificate_not_before(const btls_certificate *_Nonnull certificate);
int64_t btls_certificate_not_after(const btls_certificate *_Nonnull certificate);
int btls_certificate_is_ca(const btls_certificate *_Nonnull certificate);
/// BTLS_USAGE_… bits; 0 when the certificate has no extended key usage.
uint32_t btls_certificate_usages(const btls_certificate *_Nonnull certificate);
/// Entries of the subject alternative name that are of a kind above, in order.
size_t btls_certificate_name_count(const btls_certificate *_Nonnull certificate);
/// `index` must be below the count.
btls_bytes btls_certificate_name(
    const btls_certificate *_Nonnull certificate, size_t index, btls_name_kind *_Nonnull kind);
/// SHA-256 of the DER: 32 bytes.
void btls_certificate_fingerprint(
    const btls_certificate *_Nonnull certificate, uint8_t *_Nonnull out);
/// SHA-256 of the SubjectPublicKeyInfo: 32 bytes. It survives renewal with the same key.
void btls_certificate_public_key_digest(
    const btls_certificate *_Nonnull certificate, uint8_t *_Nonnull out);

#ifdef __cplusplus
}
#endif

#endif
