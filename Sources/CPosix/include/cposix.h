#ifndef SELIUM_CPOSIX_H
#define SELIUM_CPOSIX_H

// System calls that Swift cannot import: variadic ones, macros, and sequences that must not run
// Swift code between fork and exec. Every function returns 0 (or a value >= 0), else -errno.

#include <stddef.h>
#include <stdint.h>

// Named here, although it is found without: a build folder from before that file existed would
// otherwise keep its old idea of the module.
#include "cposix_net.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The calling process and its children never gain privileges by exec (PR_SET_NO_NEW_PRIVS).
int cposix_no_new_privileges(void);

/// Sends `signal` to the calling process when its parent's thread that started it ends.
int cposix_signal_on_parent_death(int signal);

enum cposix_resource {
  CPOSIX_ADDRESS_SPACE = 0, // bytes
  CPOSIX_CPU_SECONDS = 1,
  CPOSIX_CORE_BYTES = 2,
  CPOSIX_FILE_BYTES = 3,
  CPOSIX_DESCRIPTORS = 4,
};

/// Lowers the calling process' soft and hard limit; a lower one in force stays.
int cposix_lower_limit(int resource, uint64_t value);

/// Syncs everything on the file system of this descriptor.
int cposix_sync_file_system(int descriptor);

/// Lowers another process' soft and hard limit; a lower one in force stays.
int cposix_limit_process(int pid, int resource, uint64_t value);

/// Adds `increment` to the nice value of the calling thread.
int cposix_add_nice(int increment);

/// Arenas the C allocator may use: each thread's own would reserve 64 MiB of address space.
void cposix_limit_allocator_arenas(int arenas);

/// openat2(2) with `flags | O_CLOEXEC`, RESOLVE_* bits in `resolve`; a descriptor >= 0.
int cposix_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);

enum {
  CPOSIX_RESOLVE_NO_XDEV = 0x01,
  CPOSIX_RESOLVE_NO_MAGICLINKS = 0x02,
  CPOSIX_RESOLVE_NO_SYMLINKS = 0x04,
  CPOSIX_RESOLVE_BENEATH = 0x08,
};

/// Fills `count` bytes from the kernel's generator; never partial.
int cposix_random(void *bytes, size_t count);

/// Starts `path` with `argument` as its only argument, an empty environment and exactly these
/// descriptors: 0 and 1 on /dev/null, 2 = `error`, 3 = `input`, 4 = `output`. Default signal
/// dispositions, empty mask, its own process group. `pid` is set on success.
int cposix_spawn_filter(
    const char *path, const char *argument, int input, int output, int error, int *pid);

/// A pipe whose ends are close-on-exec: ends[0] to read, ends[1] to write.
int cposix_pipe(int ends[2]);

/// A descriptor that becomes readable when process `pid` ends (close-on-exec).
int cposix_process_descriptor(int pid);

/// SIGKILL through a process descriptor: never another process that got the same pid.
int cposix_kill_process(int process_descriptor);

struct cposix_end {
  int exit_code;       // -1 when ended by a signal
  int signal;          // 0 when exited
  int64_t peak_kib;    // largest resident set
  int64_t cpu_micros;  // user + system
};

/// Waits for `pid` to end and takes its record.
int cposix_wait(int pid, struct cposix_end *end);

#ifdef __cplusplus
}
#endif
#endif
