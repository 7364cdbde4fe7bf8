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
    SELIUM_TOO_BIG = 1,          /* more than a call takes */
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

/* Records in the log beside the output: no capability is needed. */

enum {
    SELIUM_TRACE = 1,
    SELIUM_DEBUG = 2,
    SELIUM_INFO = 3,
    SELIUM_WARNING = 4,
    SELIUM_ERROR = 5
};

/* A named value; neither text has an end mark. */
typedef struct {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
} selium_field_t;

/* Writes one record; waits while the log takes no more. `target` is the part of the program that speaks,
 * may be empty, and does not begin with `selium`. At most 64 fields, and 8 KiB of text in all
 * (SELIUM_TOO_BIG). */
SELIUM_IMPORT("selium_log", "write")
selium_errno_t selium_log_write(
    uint32_t level, const char *target, size_t target_length, const char *message,
    size_t message_length, const selium_field_t *fields, size_t count);

/* A field of two strings with an end mark. */
static inline selium_field_t selium_field(const char *name, const char *value) {
    selium_field_t field = {name, __builtin_strlen(name), value, __builtin_strlen(value)};
    return field;
}

/* Writes one record of strings with an end mark. */
static inline selium_errno_t selium_log(
    uint32_t level, const char *target, const char *message, const selium_field_t *fields,
    size_t count) {
    return selium_log_write(
        level, target, __builtin_strlen(target), message, __builtin_strlen(message), fields,
        count);
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
