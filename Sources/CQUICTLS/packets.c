// Packets a server sends without having a connection.

#include "internal.h"

ngtcp2_ssize quictls_write_retry(
    uint8_t *out, size_t capacity, uint32_t version, const ngtcp2_cid *dcid,
    const ngtcp2_cid *scid, const ngtcp2_cid *original_dcid, const uint8_t *token,
    size_t token_length) {
    ngtcp2_crypto_aead_ctx ctx = {.native_handle = quictls_retry_aead()};
    if (ctx.native_handle == NULL) {
        return NGTCP2_ERR_NOMEM;
    }
    const ngtcp2_ssize length = ngtcp2_pkt_write_retry(
        out, capacity, version, dcid, scid, original_dcid, token, token_length, quictls_encrypt,
        &quictls_initial_crypto_ctx()->aead, &ctx);
    btls_aead_free(ctx.native_handle);
    return length;
}

ngtcp2_ssize quictls_write_connection_close(
    uint8_t *out, size_t capacity, uint32_t version, const ngtcp2_cid *dcid,
    const ngtcp2_cid *scid, uint64_t error_code) {
    uint8_t client[32];
    uint8_t server[32];
    quictls_keys keys;
    const ngtcp2_crypto_ctx *ctx = quictls_initial_crypto_ctx();
    ngtcp2_ssize length = NGTCP2_ERR_NOMEM;
    if (quictls_initial_secrets(client, server, scid->data, scid->datalen)
        && quictls_derive_keys(&keys, quictls_suite_of(ctx), server, sizeof(server)) == 0) {
        length = ngtcp2_pkt_write_connection_close(
            out, capacity, version, dcid, scid, error_code, NULL, 0, quictls_encrypt, &ctx->aead,
            &keys.aead, keys.iv, quictls_hp_mask, &ctx->hp, &keys.header);
        quictls_free_keys(&keys);
    }
    btls_cleanse(client, sizeof(client));
    btls_cleanse(server, sizeof(server));
    return length;
}
