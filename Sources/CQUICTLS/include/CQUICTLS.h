// ngtcp2's cryptographic callbacks over CBoringTLS (RFC 9001).
//
// How the callbacks find their way. A connection's TLS session is its *native handle*, and the
// session's hooks have the connection as their owner; `quictls_attach` ties both. The connection's
// user_data is never read here and belongs wholly to whoever made the connection.
//
// Life and death. Make the context, the session, then the connection; attach; drive. Free the
// connection first, then the session: ngtcp2 hands its keys back while it is freed.
//
// Why a handshake failed is told by the session (`btls_session_…`); the alert to close with is
// `ngtcp2_conn_get_tls_alert`, as ngtcp2 wants it.

#ifndef SELIUM_CQUICTLS_H
#define SELIUM_CQUICTLS_H

#include <ngtcp2/ngtcp2.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct btls_session;

/// Fills the cryptographic members, and only those: client_initial, recv_client_initial,
/// recv_crypto_data, encrypt, decrypt, hp_mask, recv_retry, update_key, delete_crypto_aead_ctx,
/// delete_crypto_cipher_ctx, get_path_challenge_data, version_negotiation. Still missing for a
/// working set, because they are policy: rand, get_new_connection_id.
/// The same set serves clients and servers.
void quictls_fill_callbacks(ngtcp2_callbacks *_Nonnull callbacks);

/// Ties a fresh connection to a fresh session. Both must be of the same side. The session must
/// live until the connection is freed.
void quictls_attach(ngtcp2_conn *_Nonnull conn, struct btls_session *_Nonnull session);

// MARK: Randomness

/// Cryptographically strong bytes: connection IDs, keys of this endpoint, challenges.
void quictls_random(uint8_t *_Nonnull out, size_t length);

// MARK: Tokens and resets
//
// `key` is QUICTLS_KEY_LENGTH random bytes of the endpoint, made once and kept secret. One key may
// serve all three purposes: each derives its own from it.

#define QUICTLS_KEY_LENGTH 32
#define QUICTLS_RESET_TOKEN_LENGTH 16
#define QUICTLS_MAX_RETRY_TOKEN_LENGTH 128
#define QUICTLS_MAX_REGULAR_TOKEN_LENGTH 128
/// First byte of each kind of token, so that a server can tell them apart (RFC 9000 §8.1.1).
#define QUICTLS_RETRY_TOKEN_MAGIC 0xb6
#define QUICTLS_REGULAR_TOKEN_MAGIC 0x36

/// The stateless reset token of a connection ID (RFC 9000 §10.3.2). 1 on success.
int quictls_stateless_reset_token(
    uint8_t *_Nonnull token, const uint8_t *_Nonnull key, const ngtcp2_cid *_Nonnull cid);

/// A token for a Retry packet: it holds `original_dcid` and the time, bound to the peer's address,
/// to the Retry's own source connection ID and to the version. `now` is in nanoseconds on any clock
/// that `quictls_verify_retry_token` is asked with. Returns its length, or -1.
ngtcp2_ssize quictls_make_retry_token(
    uint8_t *_Nonnull token, const uint8_t *_Nonnull key, uint32_t version,
    const struct sockaddr *_Nonnull peer, size_t peer_length,
    const ngtcp2_cid *_Nonnull retry_scid, const ngtcp2_cid *_Nonnull original_dcid, uint64_t now);
/// Checks a token made above; `dcid` is the destination connection ID of the Initial that brought
/// it. Returns 0 and stores the original DCID, or -1 when it is forged, of another address,
/// version or connection ID, from the future or older than `lifetime` nanoseconds.
int quictls_verify_retry_token(
    ngtcp2_cid *_Nonnull original_dcid, const uint8_t *_Nullable token, size_t token_length,
    const uint8_t *_Nonnull key, uint32_t version, const struct sockaddr *_Nonnull peer,
    size_t peer_length, const ngtcp2_cid *_Nonnull dcid, uint64_t lifetime, uint64_t now);

/// A token for a NEW_TOKEN frame: bound to the peer's address without its port. Returns its length,
/// or -1.
ngtcp2_ssize quictls_make_regular_token(
    uint8_t *_Nonnull token, const uint8_t *_Nonnull key, const struct sockaddr *_Nonnull peer,
    size_t peer_length, uint64_t now);
/// 0 when good, -1 otherwise.
int quictls_verify_regular_token(
    const uint8_t *_Nullable token, size_t token_length, const uint8_t *_Nonnull key,
    const struct sockaddr *_Nonnull peer, size_t peer_length, uint64_t lifetime, uint64_t now);

// MARK: Packets outside a connection

/// Writes a Retry packet with its integrity tag (RFC 9001 §5.8). `dcid` is the client's source
/// connection ID, `scid` the one chosen for the Retry, `original_dcid` the destination connection ID
/// the client used. Returns the packet's length or a negative NGTCP2_ERR_….
ngtcp2_ssize quictls_write_retry(
    uint8_t *_Nonnull out, size_t capacity, uint32_t version, const ngtcp2_cid *_Nonnull dcid,
    const ngtcp2_cid *_Nonnull scid, const ngtcp2_cid *_Nonnull original_dcid,
    const uint8_t *_Nonnull token, size_t token_length);

/// Writes an Initial packet of a server holding one CONNECTION_CLOSE with `error_code`: to refuse a
/// client without keeping state (RFC 9000 §10.2.3). `dcid` is the client's source connection ID,
/// `scid` the destination connection ID its Initial came with, whose Initial keys protect the
/// answer. Returns the packet's length or a negative NGTCP2_ERR_….
ngtcp2_ssize quictls_write_connection_close(
    uint8_t *_Nonnull out, size_t capacity, uint32_t version, const ngtcp2_cid *_Nonnull dcid,
    const ngtcp2_cid *_Nonnull scid, uint64_t error_code);

// MARK: Initial secrets, for tests of RFC 9001 Appendix A

/// The 32-byte client and server Initial secrets of QUIC version 1. 1 on success.
int quictls_initial_secrets(
    uint8_t *_Nonnull client, uint8_t *_Nonnull server, const uint8_t *_Nonnull dcid,
    size_t dcid_length);

#ifdef __cplusplus
}
#endif

#include "CQUICWatch.h"

#endif
