/* What Selium offers to programs in C and C++ besides WASI. docs/abi.md says more of every call.
 *
 * The calls return 0, or an error number of WASI (__WASI_ERRNO_… in <wasi/api.h>, which are those of
 * <errno.h> in wasi-libc). Times are nanoseconds.
 */
#ifndef SELIUM_H
#define SELIUM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SELIUM_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

/* A handle of the host's, never 0 and never below 2^20, where WASI's descriptors are. */
typedef uint32_t selium_handle_t;

/* An error number. */
typedef int32_t selium_errno_t;

enum {
    SELIUM_OK = 0,
    SELIUM_AGAIN = 6,            /* nothing is ready now */
    SELIUM_BAD_HANDLE = 8,       /* not open */
    SELIUM_FAULT = 21,           /* a pointer leads out of the memory */
    SELIUM_INVALID = 28,         /* an argument makes no sense */
    SELIUM_TOO_MANY_HANDLES = 33,
    SELIUM_RANGE = 68,           /* too little room */
    SELIUM_TIMED_OUT = 73,
    SELIUM_NOT_CAPABLE = 76      /* a capability was not granted */
};

/* The process itself: no capability is needed. */

/* The id that `selium ps` shows. */
SELIUM_IMPORT("selium_process", "id")
selium_errno_t selium_process_id(uint64_t *id);

/* The name it was started with: UTF-8 without an end mark, `length` 0 when it has none. SELIUM_RANGE
 * when it is longer than `room`; names have at most 63 bytes. */
#define SELIUM_NAME_MAX 63
SELIUM_IMPORT("selium_process", "name")
selium_errno_t selium_process_name(char *name, size_t room, size_t *length);

/* The program is ready for what it is there for. */
SELIUM_IMPORT("selium_process", "ready")
selium_errno_t selium_process_ready(void);

/* The program lives, and promises to call this again within `interval` nanoseconds, from 100 ms to
 * 1 h; when it does not, it is ended. 0 takes the promise back. */
SELIUM_IMPORT("selium_process", "heartbeat")
selium_errno_t selium_process_heartbeat(int64_t interval);

/* A handle that becomes readable when somebody wants the program to stop. From now on `selium stop`
 * gives it --stop-timeout to end by itself; without, it ends at once. */
SELIUM_IMPORT("selium_process", "stop_handle")
selium_errno_t selium_process_stop_handle(selium_handle_t *handle);

/* Handles. */

#define SELIUM_READABLE 1
#define SELIUM_WRITABLE 2
#define SELIUM_ENDED 4 /* only in answers: nothing more will come */
#define SELIUM_BAD 8   /* only in answers: not open, or not of a kind for what was asked */

typedef struct {
    uint32_t handle; /* or a descriptor of WASI */
    uint16_t wanted;
    uint16_t ready; /* set by the call */
} selium_poll_t;

/* Waits until one of 1 to 4,096 entries is ready, and says how many are. Timeout: 0 looks only
 * (SELIUM_AGAIN), -1 waits for ever, else nanoseconds (SELIUM_TIMED_OUT), which takes TimeRead. */
SELIUM_IMPORT("selium_handle", "poll")
selium_errno_t selium_handle_poll(
    selium_poll_t *entries, size_t count, int64_t timeout, uint32_t *ready);

SELIUM_IMPORT("selium_handle", "close")
selium_errno_t selium_handle_close(selium_handle_t handle);

/* Waits until one handle is readable; timeout as above. */
static inline selium_errno_t selium_wait(selium_handle_t handle, int64_t timeout) {
    selium_poll_t entry = {handle, SELIUM_READABLE, 0};
    uint32_t ready;
    selium_errno_t error = selium_handle_poll(&entry, 1, timeout, &ready);
    return error == SELIUM_OK && (entry.ready & SELIUM_BAD) ? SELIUM_BAD_HANDLE : error;
}

/* Clocks: they take TimeRead. */

/* Since 1970 in UTC. */
SELIUM_IMPORT("selium_time", "now")
selium_errno_t selium_time_now(int64_t *time);

/* Of a clock that never goes back. */
SELIUM_IMPORT("selium_time", "monotonic")
selium_errno_t selium_time_monotonic(uint64_t *time);

/* Lets at least so much time pass. */
SELIUM_IMPORT("selium_time", "sleep")
selium_errno_t selium_time_sleep(int64_t time);

#ifdef __cplusplus
}
#endif

#endif
