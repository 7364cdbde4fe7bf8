#define _GNU_SOURCE
#include "cposix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int outcome(long result) { return result < 0 ? -errno : (int)result; }

int cposix_no_new_privileges(void) { return outcome(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }

int cposix_signal_on_parent_death(int signal) {
  return outcome(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0));
}

int cposix_limit_process(int pid, int resource, uint64_t value) {
  static const int kinds[] = {RLIMIT_AS, RLIMIT_CPU, RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NOFILE};
  if (resource < 0 || (size_t)resource >= sizeof kinds / sizeof kinds[0]) return -EINVAL;
  struct rlimit limit;
  if (prlimit(pid, kinds[resource], NULL, &limit) != 0) return -errno;
  if (limit.rlim_max > value) limit.rlim_max = value;
  if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
  return outcome(prlimit(pid, kinds[resource], &limit, NULL));
}

int cposix_sync_file_system(int descriptor) { return outcome(syncfs(descriptor)); }

int cposix_lower_limit(int resource, uint64_t value) {
  return cposix_limit_process(0, resource, value);
}

int cposix_add_nice(int increment) {
  // On Linux a nice value belongs to a thread, and 0 names the calling one.
  errno = 0;
  int now = getpriority(PRIO_PROCESS, 0);
  if (now == -1 && errno != 0) return -errno;
  return outcome(setpriority(PRIO_PROCESS, 0, now + increment));
}

void cposix_limit_allocator_arenas(int arenas) { mallopt(M_ARENA_MAX, arenas); }

int cposix_openat2(
    int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct open_how how = {.flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve};
  return outcome(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

int cposix_random(void *bytes, size_t count) {
  uint8_t *at = bytes;
  while (count > 0) {
    ssize_t got = getrandom(at, count, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      return -errno;
    }
    at += got;
    count -= (size_t)got;
  }
  return 0;
}

int cposix_spawn_filter(
    const char *path, const char *argument, int input, int output, int error, int *pid) {
  // Duplicates above the targets first, so that no target is overwritten before it is used.
  int from[3] = {error, input, output}, high[3] = {-1, -1, -1}, result = 0;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  for (int i = 0; i < 3; i++) {
    high[i] = fcntl(from[i], F_DUPFD_CLOEXEC, 10);
    if (high[i] < 0) {
      result = errno;
      goto close;
    }
  }
  if ((result = posix_spawn_file_actions_init(&actions)) != 0) goto close;
  if ((result = posix_spawnattr_init(&attributes)) != 0) goto actions;

  sigset_t all, none;
  sigfillset(&all);
  sigemptyset(&none);
  if ((result = posix_spawnattr_setsigdefault(&attributes, &all)) != 0) goto done;
  if ((result = posix_spawnattr_setsigmask(&attributes, &none)) != 0) goto done;
  if ((result = posix_spawnattr_setpgroup(&attributes, 0)) != 0) goto done;
  if ((result = posix_spawnattr_setflags(
           &attributes,
           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP)) != 0)
    goto done;
  if ((result = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) != 0)
    goto done;
  if ((result = posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)) != 0)
    goto done;
  for (int i = 0; i < 3; i++)
    if ((result = posix_spawn_file_actions_adddup2(&actions, high[i], i + 2)) != 0) goto done;
  if ((result = posix_spawn_file_actions_addclosefrom_np(&actions, 5)) != 0) goto done;

  char *arguments[] = {(char *)path, (char *)argument, NULL};
  char *environment[] = {NULL};
  pid_t child = 0;
  result = posix_spawn(&child, path, &actions, &attributes, arguments, environment);
  if (result == 0) *pid = child;
done:
  posix_spawnattr_destroy(&attributes);
actions:
  posix_spawn_file_actions_destroy(&actions);
close:
  for (int i = 0; i < 3; i++)
    if (high[i] >= 0) close(high[i]);
  return -result;
}

int cposix_pipe(int ends[2]) { return outcome(pipe2(ends, O_CLOEXEC)); }

int cposix_process_descriptor(int pid) { return outcome(syscall(SYS_pidfd_open, pid, 0)); }

int cposix_kill_process(int process_descriptor) {
  return outcome(syscall(SYS_pidfd_send_signal, process_descriptor, SIGKILL, NULL, 0));
}

int cposix_wait(int pid, struct cposix_end *end) {
  int status = 0;
  struct rusage usage;
  memset(&usage, 0, sizeof usage);
  while (wait4(pid, &status, 0, &usage) < 0)
    if (errno != EINTR) return -errno;
  end->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end->peak_kib = usage.ru_maxrss;
  end->cpu_micros = (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                    usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  return 0;
}
