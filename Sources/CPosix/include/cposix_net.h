#ifndef SELIUM_CPOSIX_NET_H
#define SELIUM_CPOSIX_NET_H

// Sockets and readiness. Addresses cross as values, options as numbers of this header, so that no
// layout of a system's structure is known outside. Every function returns 0 (or a value >= 0), else
// -errno. Sockets made here are non-blocking and close-on-exec; nothing raises SIGPIPE.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CPOSIX_NO_FAMILY = 0, CPOSIX_IPV4 = 1, CPOSIX_IPV6 = 2, CPOSIX_UNIX = 3 };
enum { CPOSIX_STREAM = 1, CPOSIX_DATAGRAM = 2, CPOSIX_OTHER_KIND = 0 };
enum { CPOSIX_PATH_MAX = 108 };

/// An address of one of the three families; numbers in host order.
struct cposix_address {
  int family;
  uint16_t port;
  uint32_t flow;   // as the kernel passes it
  uint32_t scope;
  uint64_t high;   // IPv6, upper half
  uint64_t low;    // IPv6, lower half; IPv4 in the lower 32 bits
  uint32_t length; // of `path`, 0 for a socket without a name
  uint8_t path[CPOSIX_PATH_MAX]; // without the final NUL; an abstract name begins with one
};

int cposix_socket(int family, int kind);
int cposix_socket_pair(int kind, int ends[2]);
int cposix_close(int descriptor);
/// Another descriptor for the same open file, close-on-exec.
int cposix_duplicate(int descriptor);
/// Says what a descriptor of somebody else's is, and changes nothing.
int cposix_inspect(int descriptor, int *family, int *kind, int *is_listening);
/// Makes it non-blocking and close-on-exec.
int cposix_adopt(int descriptor);

int cposix_bind(int descriptor, const struct cposix_address *address);
int cposix_listen(int descriptor, int backlog);
/// -EINPROGRESS when it goes on; `cposix_get_option(…, CPOSIX_ERROR)` tells how it ended.
int cposix_connect(int descriptor, const struct cposix_address *address);
/// A datagram socket has no fixed peer any more.
int cposix_disconnect(int descriptor);
int cposix_accept(int descriptor, struct cposix_address *peer);
int cposix_local_address(int descriptor, struct cposix_address *address);
int cposix_remote_address(int descriptor, struct cposix_address *address);
/// 0 reading, 1 writing, 2 both.
int cposix_shutdown(int descriptor, int how);

int64_t cposix_send(int descriptor, const void *bytes, size_t count);
int64_t cposix_send_to(
    int descriptor, const void *bytes, size_t count, const struct cposix_address *address);
int64_t cposix_receive(int descriptor, void *bytes, size_t count, int peek);
/// `truncated` is set when the datagram was longer than `count`.
int64_t cposix_receive_from(
    int descriptor, void *bytes, size_t count, int peek, struct cposix_address *from,
    int *truncated);

enum { CPOSIX_MAX_DESCRIPTORS = 253 }; // SCM_MAX_FD

/// Sends bytes (at least one) and descriptors with them (SCM_RIGHTS).
int64_t cposix_send_descriptors(
    int descriptor, const void *bytes, size_t count, const int *descriptors, size_t number);
/// Receives bytes and what comes with them. When there are more descriptors than `capacity`, or the
/// kernel had to leave some out, all are closed and -EOVERFLOW is the answer: the bytes are lost too.
int64_t cposix_receive_descriptors(
    int descriptor, void *bytes, size_t count, int *descriptors, size_t capacity, size_t *number);
int cposix_peer_credentials(int descriptor, int32_t *pid, uint32_t *uid, uint32_t *gid);

enum cposix_option {
  CPOSIX_ERROR = 0,
  CPOSIX_REUSE_ADDRESS,
  CPOSIX_REUSE_PORT,
  CPOSIX_ONLY_V6,
  CPOSIX_NO_DELAY,
  CPOSIX_KEEP_ALIVE,
  CPOSIX_SEND_BUFFER,
  CPOSIX_RECEIVE_BUFFER,
  CPOSIX_BROADCAST,
  CPOSIX_TTL,
  CPOSIX_HOPS,
  CPOSIX_MULTICAST_TTL,
  CPOSIX_MULTICAST_LOOP,
  CPOSIX_MULTICAST_HOPS,
  CPOSIX_MULTICAST_LOOP_V6,
  CPOSIX_MULTICAST_INTERFACE_V6,
  CPOSIX_KEEP_IDLE,
  CPOSIX_KEEP_INTERVAL,
  CPOSIX_KEEP_COUNT,
  CPOSIX_OPTIONS,
};
int cposix_set_option(int descriptor, int option, int value);
int cposix_get_option(int descriptor, int option, int *value);
/// `seconds` < 0: off.
int cposix_set_linger(int descriptor, int seconds);
int cposix_get_linger(int descriptor, int *seconds);
/// The interface of outgoing IPv4 multicast by its address.
int cposix_set_multicast_interface(int descriptor, uint32_t address);
/// Joins or leaves a group; the interface is an address for IPv4, a number for IPv6.
int cposix_membership_v4(int descriptor, int join, uint32_t group, uint32_t interface);
int cposix_membership_v6(
    int descriptor, int join, uint64_t high, uint64_t low, uint32_t interface);

enum { CPOSIX_READABLE = 1, CPOSIX_WRITABLE = 2 };
/// Whether a call would not block now: the CPOSIX_READABLE or CPOSIX_WRITABLE that was asked for, or 0.
int cposix_ready(int descriptor, int what);
struct cposix_event {
  uint64_t token;
  int ready; // CPOSIX_READABLE | CPOSIX_WRITABLE; both after an error or a hang-up
};
int cposix_poller(void);
/// Tells each time the descriptor becomes readable or writable (edge-triggered).
int cposix_poller_add(int poller, int descriptor, uint64_t token);
int cposix_poller_remove(int poller, int descriptor);
/// Waits at most `milliseconds` (-1: for ever); the number of events.
int cposix_poller_wait(int poller, struct cposix_event *events, int capacity, int milliseconds);
int cposix_event_descriptor(void);
int cposix_event_signal(int descriptor);
int cposix_event_drain(int descriptor);

/// Runs `body(context)` on a new thread of its own that receives no signals.
int cposix_start_thread(const char *name, void (*body)(void *), void *context);

/// Nanoseconds of the monotonic clock.
uint64_t cposix_monotonic(void);
/// `ECONNRESET` for its number; never NULL.
const char *cposix_error_name(int error);

enum { CPOSIX_NAME_UNKNOWN = -10001, CPOSIX_NAME_TRY_AGAIN = -10002, CPOSIX_NAME_FAILED = -10003 };
/// The system's addresses of a name, in its order; blocks. At most `capacity` are written; the
/// number, -errno, or one of CPOSIX_NAME_….
int cposix_resolve(const char *name, struct cposix_address *addresses, int capacity);

#ifdef __cplusplus
}
#endif
#endif
