#include "CQUICWatch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local quicwatch *current;
// Of one datagram only, so one place for a thread is enough.
static _Thread_local quicwatch_stop stops[QUICWATCH_MAX_STOPS];
static _Thread_local quicwatch_mutation current_mutation;
static _Thread_local void *current_context;
static _Atomic(ngtcp2_decrypt) inner_decrypt;
static _Atomic(ngtcp2_encrypt) inner_encrypt;
static _Atomic(ngtcp2_recv_retry) inner_recv_retry;

// MARK: Walking frames

typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
} reader;

// RFC 9000 §16. 0 when the bytes end before the number does.
static int read_varint(reader *r, uint64_t *value) {
    if (r->at == r->end) return 0;
    size_t length = (size_t)1 << (*r->at >> 6);
    if ((size_t)(r->end - r->at) < length) return 0;
    uint64_t v = *r->at & 0x3f;
    for (size_t i = 1; i < length; i++) v = v << 8 | r->at[i];
    r->at += length;
    *value = v;
    return 1;
}

static int skip(reader *r, uint64_t length) {
    if ((uint64_t)(r->end - r->at) < length) return 0;
    r->at += length;
    return 1;
}

static int skip_varints(reader *r, uint64_t count) {
    uint64_t ignored;
    for (; count > 0; count--) {
        if (!read_varint(r, &ignored)) return 0;
    }
    return 1;
}

static int skip_counted(reader *r) {
    uint64_t length;
    return read_varint(r, &length) && skip(r, length);
}

static int skip_ack(reader *r, int with_ecn) {
    uint64_t count;
    if (!skip_varints(r, 2) || !read_varint(r, &count) || !skip_varints(r, 1)) return 0;
    // Each range takes two bytes at least, so a larger count is a lie that ngtcp2 will refuse.
    if (count > (uint64_t)(r->end - r->at) / 2) return 0;
    return skip_varints(r, 2 * count) && (!with_ecn || skip_varints(r, 3));
}

static int skip_stream(reader *r, uint64_t type) {
    if (!skip_varints(r, 1)) return 0;
    if ((type & 4) && !skip_varints(r, 1)) return 0;
    if (type & 2) return skip_counted(r);
    r->at = r->end;
    return 1;
}

static int skip_new_connection_id(reader *r) {
    if (!skip_varints(r, 2) || r->at == r->end) return 0;
    uint64_t length = *r->at;
    r->at++;
    return skip(r, length) && skip(r, NGTCP2_STATELESS_RESET_TOKENLEN);
}

static int take_stop(quicwatch *watch, reader *r) {
    uint64_t stream, code;
    if (!read_varint(r, &stream) || !read_varint(r, &code)) return 0;
    if (watch->stop_count < QUICWATCH_MAX_STOPS) {
        stops[watch->stop_count].stream = stream;
        stops[watch->stop_count].code = code;
        watch->stop_count++;
    }
    return 1;
}

// Advances over one frame and counts it into `seen`. 0 where the frames are malformed or of an
// unknown type: ngtcp2 judges that itself.
static int take_frame(quicwatch *watch, quicwatch *seen, reader *r) {
    uint64_t type;
    if (!read_varint(r, &type)) return 0;
    switch (type) {
    case 0x00:
        while (r->at != r->end && *r->at == 0) r->at++;
        return 1;
    case 0x01: seen->pings++; return 1;
    case 0x02: return skip_ack(r, 0);
    case 0x03: return skip_ack(r, 1);
    case 0x04: seen->resets++; return skip_varints(r, 3);
    case 0x05: seen->resets++; return take_stop(watch, r);
    case 0x06: return skip_varints(r, 1) && skip_counted(r);
    case 0x07: return skip_counted(r);
    case 0x08: case 0x09: case 0x0a: case 0x0b:
    case 0x0c: case 0x0d: case 0x0e: case 0x0f: return skip_stream(r, type);
    case 0x10: case 0x12: case 0x13: case 0x14:
    case 0x16: case 0x17: return skip_varints(r, 1);
    case 0x11: case 0x15: return skip_varints(r, 2);
    case 0x18: seen->connection_ids++; return skip_new_connection_id(r);
    case 0x19: seen->connection_ids++; return skip_varints(r, 1);
    case 0x1a: seen->challenges++; return skip(r, NGTCP2_PATH_CHALLENGE_DATALEN);
    case 0x1b: return skip(r, NGTCP2_PATH_CHALLENGE_DATALEN);
    case 0x1c: return skip_varints(r, 2) && skip_counted(r);
    case 0x1d: return skip_varints(r, 1) && skip_counted(r);
    case 0x1e: return 1;
    case 0x30: r->at = r->end; return 1;
    case 0x31: return skip_counted(r);
    default: return 0;
    }
}

// MARK: Copies

static int is_seen(const quicwatch_numbers *numbers, uint64_t n) {
    n %= QUICWATCH_WINDOW;
    return (int)(numbers->seen[n / 64] >> (n % 64) & 1);
}

static void set_seen(quicwatch_numbers *numbers, uint64_t n, uint64_t bit) {
    n %= QUICWATCH_WINDOW;
    uint64_t mask = (uint64_t)1 << (n % 64);
    numbers->seen[n / 64] = (numbers->seen[n / 64] & ~mask) | bit << (n % 64);
}

// Moves the window up, so that `packet` is the highest in it. Each number that is new takes the place
// of the one a window below it; what never came is a hole then.
static void advance(quicwatch_numbers *numbers, uint64_t packet) {
    uint64_t distance = packet - numbers->next + 1;
    uint64_t steps = distance < QUICWATCH_WINDOW ? distance : QUICWATCH_WINDOW;
    for (uint64_t i = 0; i < steps; i++) {
        uint64_t n = numbers->next + i;
        if (n >= QUICWATCH_WINDOW && !is_seen(numbers, n)) numbers->holes++;
        set_seen(numbers, n, 0);
    }
    numbers->holes += distance - steps;
    numbers->next = packet + 1;
}

// A copy of a packet is opened again before ngtcp2 sees that it had it: whoever can copy packets on
// the way must not be able to end the connection by that. Below the window a number is believed only
// as long as some never came: neither are old copies counted, nor does it help a flood to leave
// numbers out and to use them later.
static int is_new(quicwatch_numbers *numbers, uint64_t packet) {
    if (packet >= numbers->next) {
        advance(numbers, packet);
    } else if (numbers->next - packet > QUICWATCH_WINDOW) {
        if (numbers->holes == 0) return 0;
        numbers->holes--;
        return 1;
    } else if (is_seen(numbers, packet)) {
        return 0;
    }
    set_seen(numbers, packet, 1);
    return 1;
}

// RFC 9000 §A.3: a header has the low bits of the number only.
static uint64_t whole_number(uint64_t expected, uint64_t truncated, unsigned bits) {
    uint64_t window = (uint64_t)1 << bits;
    uint64_t candidate = (expected & ~(window - 1)) | truncated;
    if (candidate + window / 2 <= expected) return candidate + window;
    if (candidate > expected + window / 2 && candidate >= window) return candidate - window;
    return candidate;
}

static void scan(
    quicwatch *watch, quicwatch_numbers *numbers, uint64_t packet, const uint8_t *payload,
    size_t length) {
    int counts = is_new(numbers, packet);
    if (counts) watch->has_new = 1;
    if (length == 0) return;
    reader r = {payload, payload + length};
    quicwatch seen;
    seen.resets = seen.challenges = seen.connection_ids = seen.pings = 0;
    while (r.at != r.end && take_frame(watch, &seen, &r)) {}
    if (!counts) return;
    watch->resets += seen.resets;
    watch->challenges += seen.challenges;
    watch->connection_ids += seen.connection_ids;
    watch->pings += seen.pings;
}

void quicwatch_scan(quicwatch *watch, uint64_t packet, const uint8_t *payload, size_t length) {
    scan(watch, &watch->numbers[QUICWATCH_SPACES - 1], packet, payload, length);
}

// The header, as it is authenticated, ends with the number (RFC 9000 §17.2, §17.3.1).
static void scan_opened(
    quicwatch *watch, const uint8_t *header, size_t header_length, const uint8_t *payload,
    size_t length) {
    if (header_length == 0) return;
    size_t number_length = (size_t)(header[0] & 3) + 1;
    if (header_length <= number_length) return;
    int is_long = header[0] >> 7;
    int is_initial = is_long && (header[0] >> 4 & 3) == 0;
    quicwatch_numbers *numbers = &watch->numbers[is_initial ? 0 : is_long ? 1 : 2];
    uint64_t truncated = 0;
    for (size_t i = header_length - number_length; i < header_length; i++) {
        truncated = truncated << 8 | header[i];
    }
    uint64_t packet = whole_number(numbers->next, truncated, 8 * (unsigned)number_length);
    scan(watch, numbers, packet, payload, length);
}

// MARK: The callback

static int watching_decrypt(
    uint8_t *dest, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *aead_ctx,
    const uint8_t *ciphertext, size_t ciphertextlen, const uint8_t *nonce, size_t noncelen,
    const uint8_t *aad, size_t aadlen) {
    ngtcp2_decrypt inner = atomic_load_explicit(&inner_decrypt, memory_order_relaxed);
    int result = inner(
        dest, aead, aead_ctx, ciphertext, ciphertextlen, nonce, noncelen, aad, aadlen);
    quicwatch *watch = current;
    if (result != 0 || watch == NULL || ciphertextlen < aead->max_overhead) return result;
    watch->has_heard = 1;
    scan_opened(watch, aad, aadlen, dest, ciphertextlen - aead->max_overhead);
    return result;
}

// A Retry has no frames; ngtcp2 announces it after it verified the tag.
static int watching_retry(ngtcp2_conn *conn, const ngtcp2_pkt_hd *hd, void *user_data) {
    if (current != NULL) current->has_heard = 1;
    return atomic_load_explicit(&inner_recv_retry, memory_order_relaxed)(conn, hd, user_data);
}

static int mutating_encrypt(
    uint8_t *dest, const ngtcp2_crypto_aead *aead, const ngtcp2_crypto_aead_ctx *aead_ctx,
    const uint8_t *plaintext, size_t plaintextlen, const uint8_t *nonce, size_t noncelen,
    const uint8_t *aad, size_t aadlen) {
    ngtcp2_encrypt inner = atomic_load_explicit(&inner_encrypt, memory_order_relaxed);
    if (current_mutation == NULL || plaintextlen == 0) {
        return inner(
            dest, aead, aead_ctx, plaintext, plaintextlen, nonce, noncelen, aad, aadlen);
    }
    uint8_t *frames = malloc(plaintextlen);
    if (frames == NULL) return NGTCP2_ERR_CALLBACK_FAILURE;
    memcpy(frames, plaintext, plaintextlen);
    current_mutation(current_context, frames, plaintextlen);
    int result = inner(
        dest, aead, aead_ctx, frames, plaintextlen, nonce, noncelen, aad, aadlen);
    free(frames);
    return result;
}

void quicwatch_set_mutation(quicwatch_mutation mutation, void *context) {
    current_mutation = mutation;
    current_context = context;
}

void quicwatch_install(ngtcp2_callbacks *callbacks) {
    if (callbacks->decrypt == watching_decrypt) return;
    atomic_store_explicit(&inner_encrypt, callbacks->encrypt, memory_order_relaxed);
    callbacks->encrypt = mutating_encrypt;
    atomic_store_explicit(&inner_decrypt, callbacks->decrypt, memory_order_relaxed);
    callbacks->decrypt = watching_decrypt;
    if (callbacks->recv_retry == NULL) return;
    atomic_store_explicit(&inner_recv_retry, callbacks->recv_retry, memory_order_relaxed);
    callbacks->recv_retry = watching_retry;
}

void quicwatch_begin(quicwatch *watch) {
    watch->stop_count = 0;
    current = watch;
}

void quicwatch_end(void) {
    current = NULL;
}

const quicwatch_stop *quicwatch_stops(void) {
    return stops;
}

void quicwatch_reset_counts(quicwatch *watch) {
    watch->resets = watch->challenges = watch->connection_ids = watch->pings = 0;
}
