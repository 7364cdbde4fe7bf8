// Sees the frames of opened packets that ngtcp2 0.12 announces to nobody.
//
// Two needs: STOP_SENDING has no callback on the side that receives it, and cheap control frames are
// not limited by the library. Every received packet passes the decrypt callback, so this wraps it:
// after a packet was opened its frames are walked once (RFC 9000 §12.4), nothing is copied.
//
// A watch is told which packets are its own by being current on the thread while the connection
// reads: the callback itself knows no connection.

#ifndef SELIUM_CQUICWATCH_H
#define SELIUM_CQUICWATCH_H

#include <ngtcp2/ngtcp2.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// STOP_SENDING frames kept from one datagram: three bytes are the least that one takes, so 1,500 bytes
/// have no room for more.
#define QUICWATCH_MAX_STOPS 512
/// Packet numbers below the highest one that are remembered one by one; a multiple of 64.
#define QUICWATCH_WINDOW 1024
/// Initial, handshake and application packets are numbered each by themselves (RFC 9000 §12.3).
#define QUICWATCH_SPACES 3

typedef struct quicwatch_stop {
    uint64_t stream;
    uint64_t code;
} quicwatch_stop;

/// Which packet numbers were opened, so that copies of packets do not count again.
typedef struct quicwatch_numbers {
    /// One above the highest.
    uint64_t next;
    /// Numbers below the window that never came.
    uint64_t holes;
    /// The window, a bit for each number, by its remainder.
    uint64_t seen[QUICWATCH_WINDOW / 64];
} quicwatch_numbers;

typedef struct quicwatch {
    /// RESET_STREAM and STOP_SENDING.
    uint32_t resets;
    /// PATH_CHALLENGE.
    uint32_t challenges;
    /// NEW_CONNECTION_ID and RETIRE_CONNECTION_ID.
    uint32_t connection_ids;
    /// PING.
    uint32_t pings;
    /// Of the datagram being read; see `quicwatch_stops`.
    uint32_t stop_count;
    /// Some packet was opened, or a Retry accepted: somebody who knows the connection is there.
    uint32_t has_heard;
    /// A packet was opened that is no copy of another, since somebody set this to 0.
    uint32_t has_new;
    quicwatch_numbers numbers[QUICWATCH_SPACES];
} quicwatch;

/// Puts the watch in front of the decrypt callback that is there already.
void quicwatch_install(ngtcp2_callbacks *_Nonnull callbacks);

/// Makes `watch` current on this thread and forgets the stops of the datagram before.
void quicwatch_begin(quicwatch *_Nonnull watch);
void quicwatch_end(void);

/// The `stop_count` stops of the datagram read last on this thread, until the next one is.
const quicwatch_stop *_Nonnull quicwatch_stops(void);

/// Starts counting at zero again.
void quicwatch_reset_counts(quicwatch *_Nonnull watch);

/// Walks the frames of one opened application packet; its number tells it from copies of others.
/// For tests; the decrypt callback does so by itself.
void quicwatch_scan(
    quicwatch *_Nonnull watch, uint64_t packet, const uint8_t *_Nullable payload, size_t length);

// MARK: Fault injection

/// Changes the frames of a packet just before it is sealed.
typedef void (*quicwatch_mutation)(void *_Nullable context, uint8_t *_Nonnull frames, size_t length);

/// For tests: what connections of this thread seal from now on passes `mutation`; NULL stops it. So a
/// peer can be made that holds the right keys and says the wrong things.
void quicwatch_set_mutation(quicwatch_mutation _Nullable mutation, void *_Nullable context);

#ifdef __cplusplus
}
#endif

#endif
