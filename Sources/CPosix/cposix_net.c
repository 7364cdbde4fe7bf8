#define _GNU_SOURCE
#include "cposix_net.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int outcome(long result) { return result < 0 ? -errno : (int)result; }

union system_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
  struct sockaddr_storage storage;
};

static socklen_t encode(const struct cposix_address *from, union system_address *to) {
  memset(to, 0, sizeof *to);
  switch (from->family) {
  case CPOSIX_IPV4:
    to->v4.sin_family = AF_INET;
    to->v4.sin_port = htons(from->port);
    to->v4.sin_addr.s_addr = htonl((uint32_t)from->low);
    return sizeof to->v4;
  case CPOSIX_IPV6: {
    uint64_t halves[2] = {htobe64(from->high), htobe64(from->low)};
    to->v6.sin6_family = AF_INET6;
    to->v6.sin6_port = htons(from->port);
    to->v6.sin6_flowinfo = from->flow;
    to->v6.sin6_scope_id = from->scope;
    memcpy(&to->v6.sin6_addr, halves, sizeof halves);
    return sizeof to->v6;
  }
  case CPOSIX_UNIX: {
    uint32_t length = from->length < CPOSIX_PATH_MAX ? from->length : CPOSIX_PATH_MAX;
    to->local.sun_family = AF_UNIX;
    memcpy(to->local.sun_path, from->path, length);
    // The length is part of an abstract name; a path needs its NUL counted only by custom.
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  }
  default: return 0;
  }
}

static void decode(
    const union system_address *from, socklen_t length, struct cposix_address *to) {
  memset(to, 0, sizeof *to);
  if (length < sizeof(sa_family_t)) return;
  if (from->any.sa_family == AF_INET && length >= sizeof from->v4) {
    to->family = CPOSIX_IPV4;
    to->port = ntohs(from->v4.sin_port);
    to->low = ntohl(from->v4.sin_addr.s_addr);
  } else if (from->any.sa_family == AF_INET6 && length >= sizeof from->v6) {
    uint64_t halves[2];
    memcpy(halves, &from->v6.sin6_addr, sizeof halves);
    to->family = CPOSIX_IPV6;
    to->port = ntohs(from->v6.sin6_port);
    to->flow = from->v6.sin6_flowinfo;
    to->scope = from->v6.sin6_scope_id;
    to->high = be64toh(halves[0]);
    to->low = be64toh(halves[1]);
  } else if (from->any.sa_family == AF_UNIX) {
    to->family = CPOSIX_UNIX;
    size_t start = offsetof(struct sockaddr_un, sun_path);
    size_t count = length > start ? length - start : 0;
    if (count > CPOSIX_PATH_MAX) count = CPOSIX_PATH_MAX;
    // A path ends at its NUL, an abstract name where the length says.
    if (count > 0 && from->local.sun_path[0] != 0) count = strnlen(from->local.sun_path, count);
    to->length = (uint32_t)count;
    memcpy(to->path, from->local.sun_path, count);
  }
}

static int domain_of(int family) {
  return family == CPOSIX_IPV4 ? AF_INET : family == CPOSIX_IPV6 ? AF_INET6 : AF_UNIX;
}

int cposix_socket(int family, int kind) {
  int type = kind == CPOSIX_STREAM ? SOCK_STREAM : SOCK_DGRAM;
  return outcome(socket(domain_of(family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int cposix_socket_pair(int kind, int ends[2]) {
  int type = kind == CPOSIX_STREAM ? SOCK_STREAM : SOCK_DGRAM;
  return outcome(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
}

// Linux frees the descriptor whatever close(2) answers; trying again would hit somebody else's.
int cposix_close(int descriptor) { return outcome(close(descriptor)); }

int cposix_duplicate(int descriptor) { return outcome(fcntl(descriptor, F_DUPFD_CLOEXEC, 0)); }

int cposix_inspect(int descriptor, int *family, int *kind, int *is_listening) {
  int domain = 0, type = 0, listening = 0;
  socklen_t length = sizeof domain;
  if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return -errno;
  length = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return -errno;
  length = sizeof listening;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) != 0) listening = 0;
  *family = domain == AF_INET    ? CPOSIX_IPV4
            : domain == AF_INET6 ? CPOSIX_IPV6
            : domain == AF_UNIX  ? CPOSIX_UNIX
                                 : CPOSIX_NO_FAMILY;
  *kind = type == SOCK_STREAM  ? CPOSIX_STREAM
          : type == SOCK_DGRAM ? CPOSIX_DATAGRAM
                               : CPOSIX_OTHER_KIND;
  *is_listening = listening;
  return 0;
}

int cposix_adopt(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) != 0) return -errno;
  return outcome(fcntl(descriptor, F_SETFD, FD_CLOEXEC));
}

int cposix_bind(int descriptor, const struct cposix_address *address) {
  union system_address system;
  socklen_t length = encode(address, &system);
  return outcome(bind(descriptor, &system.any, length));
}

int cposix_listen(int descriptor, int backlog) { return outcome(listen(descriptor, backlog)); }

int cposix_connect(int descriptor, const struct cposix_address *address) {
  union system_address system;
  socklen_t length = encode(address, &system);
  int result;
  do result = outcome(connect(descriptor, &system.any, length));
  while (result == -EINTR);
  return result;
}

int cposix_disconnect(int descriptor) {
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  return outcome(connect(descriptor, &none, sizeof none));
}

int cposix_accept(int descriptor, struct cposix_address *peer) {
  union system_address system;
  socklen_t length = sizeof system;
  int result;
  do result = outcome(accept4(descriptor, &system.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  while (result == -EINTR);
  if (result >= 0) decode(&system, length, peer);
  return result;
}

int cposix_local_address(int descriptor, struct cposix_address *address) {
  union system_address system;
  socklen_t length = sizeof system;
  if (getsockname(descriptor, &system.any, &length) != 0) return -errno;
  decode(&system, length, address);
  return 0;
}

int cposix_remote_address(int descriptor, struct cposix_address *address) {
  union system_address system;
  socklen_t length = sizeof system;
  if (getpeername(descriptor, &system.any, &length) != 0) return -errno;
  decode(&system, length, address);
  return 0;
}

int cposix_shutdown(int descriptor, int how) {
  static const int hows[] = {SHUT_RD, SHUT_WR, SHUT_RDWR};
  if (how < 0 || how > 2) return -EINVAL;
  return outcome(shutdown(descriptor, hows[how]));
}

int64_t cposix_send(int descriptor, const void *bytes, size_t count) {
  ssize_t sent;
  do sent = send(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

int64_t cposix_send_to(
    int descriptor, const void *bytes, size_t count, const struct cposix_address *address) {
  union system_address system;
  socklen_t length = encode(address, &system);
  ssize_t sent;
  do sent = sendto(descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, &system.any, length);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

int64_t cposix_receive(int descriptor, void *bytes, size_t count, int peek) {
  ssize_t got;
  do got = recv(descriptor, bytes, count, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
  while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : got;
}

int64_t cposix_receive_from(
    int descriptor, void *bytes, size_t count, int peek, struct cposix_address *from,
    int *truncated) {
  union system_address system;
  struct iovec part = {.iov_base = bytes, .iov_len = count};
  struct msghdr message = {
      .msg_name = &system, .msg_namelen = sizeof system, .msg_iov = &part, .msg_iovlen = 1};
  ssize_t got;
  do got = recvmsg(descriptor, &message, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  decode(&system, message.msg_namelen, from);
  *truncated = (message.msg_flags & MSG_TRUNC) != 0;
  return got;
}

union control {
  struct cmsghdr header;
  char space[CMSG_SPACE(sizeof(int) * CPOSIX_MAX_DESCRIPTORS)];
};

int64_t cposix_send_descriptors(
    int descriptor, const void *bytes, size_t count, const int *descriptors, size_t number) {
  if (number == 0 || number > CPOSIX_MAX_DESCRIPTORS || count == 0) return -EINVAL;
  union control control;
  memset(&control, 0, sizeof control);
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
      .msg_controllen = CMSG_SPACE(sizeof(int) * number)};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int) * number);
  memcpy(CMSG_DATA(header), descriptors, sizeof(int) * number);
  ssize_t sent;
  do sent = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

int64_t cposix_receive_descriptors(
    int descriptor, void *bytes, size_t count, int *descriptors, size_t capacity, size_t *number) {
  // Room for all that can come, whatever the caller takes: what does not fit has to be closed.
  union control control;
  struct iovec part = {.iov_base = bytes, .iov_len = count};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
      .msg_controllen = sizeof control};
  *number = 0;
  ssize_t got;
  do got = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  int all[CPOSIX_MAX_DESCRIPTORS];
  size_t found = 0;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    if (header->cmsg_len < CMSG_LEN(0)) continue;
    size_t here = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < here && found < CPOSIX_MAX_DESCRIPTORS; i++)
      memcpy(&all[found++], CMSG_DATA(header) + i * sizeof(int), sizeof(int));
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0 || found > capacity) {
    for (size_t i = 0; i < found; i++) close(all[i]);
    return -EOVERFLOW;
  }
  memcpy(descriptors, all, found * sizeof(int));
  *number = found;
  return got;
}

int cposix_peer_credentials(int descriptor, int32_t *pid, uint32_t *uid, uint32_t *gid) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -errno;
  *pid = credentials.pid;
  *uid = credentials.uid;
  *gid = credentials.gid;
  return 0;
}

static const struct { int level, name; } options[CPOSIX_OPTIONS] = {
    [CPOSIX_ERROR] = {SOL_SOCKET, SO_ERROR},
    [CPOSIX_REUSE_ADDRESS] = {SOL_SOCKET, SO_REUSEADDR},
    [CPOSIX_REUSE_PORT] = {SOL_SOCKET, SO_REUSEPORT},
    [CPOSIX_ONLY_V6] = {IPPROTO_IPV6, IPV6_V6ONLY},
    [CPOSIX_NO_DELAY] = {IPPROTO_TCP, TCP_NODELAY},
    [CPOSIX_KEEP_ALIVE] = {SOL_SOCKET, SO_KEEPALIVE},
    [CPOSIX_SEND_BUFFER] = {SOL_SOCKET, SO_SNDBUF},
    [CPOSIX_RECEIVE_BUFFER] = {SOL_SOCKET, SO_RCVBUF},
    [CPOSIX_BROADCAST] = {SOL_SOCKET, SO_BROADCAST},
    [CPOSIX_TTL] = {IPPROTO_IP, IP_TTL},
    [CPOSIX_HOPS] = {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
    [CPOSIX_MULTICAST_TTL] = {IPPROTO_IP, IP_MULTICAST_TTL},
    [CPOSIX_MULTICAST_LOOP] = {IPPROTO_IP, IP_MULTICAST_LOOP},
    [CPOSIX_MULTICAST_HOPS] = {IPPROTO_IPV6, IPV6_MULTICAST_HOPS},
    [CPOSIX_MULTICAST_LOOP_V6] = {IPPROTO_IPV6, IPV6_MULTICAST_LOOP},
    [CPOSIX_MULTICAST_INTERFACE_V6] = {IPPROTO_IPV6, IPV6_MULTICAST_IF},
    [CPOSIX_KEEP_IDLE] = {IPPROTO_TCP, TCP_KEEPIDLE},
    [CPOSIX_KEEP_INTERVAL] = {IPPROTO_TCP, TCP_KEEPINTVL},
    [CPOSIX_KEEP_COUNT] = {IPPROTO_TCP, TCP_KEEPCNT},
};

int cposix_set_option(int descriptor, int option, int value) {
  if (option < 0 || option >= CPOSIX_OPTIONS) return -EINVAL;
  return outcome(
      setsockopt(descriptor, options[option].level, options[option].name, &value, sizeof value));
}

int cposix_get_option(int descriptor, int option, int *value) {
  if (option < 0 || option >= CPOSIX_OPTIONS) return -EINVAL;
  socklen_t length = sizeof *value;
  *value = 0;
  return outcome(
      getsockopt(descriptor, options[option].level, options[option].name, value, &length));
}

int cposix_set_linger(int descriptor, int seconds) {
  struct linger value = {.l_onoff = seconds >= 0, .l_linger = seconds >= 0 ? seconds : 0};
  return outcome(setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, sizeof value));
}

int cposix_get_linger(int descriptor, int *seconds) {
  struct linger value;
  socklen_t length = sizeof value;
  if (getsockopt(descriptor, SOL_SOCKET, SO_LINGER, &value, &length) != 0) return -errno;
  *seconds = value.l_onoff ? value.l_linger : -1;
  return 0;
}

int cposix_set_multicast_interface(int descriptor, uint32_t address) {
  struct in_addr value = {.s_addr = htonl(address)};
  return outcome(setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &value, sizeof value));
}

int cposix_membership_v4(int descriptor, int join, uint32_t group, uint32_t interface) {
  struct ip_mreq request = {
      .imr_multiaddr.s_addr = htonl(group), .imr_interface.s_addr = htonl(interface)};
  int name = join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP;
  return outcome(setsockopt(descriptor, IPPROTO_IP, name, &request, sizeof request));
}

int cposix_membership_v6(
    int descriptor, int join, uint64_t high, uint64_t low, uint32_t interface) {
  uint64_t halves[2] = {htobe64(high), htobe64(low)};
  struct ipv6_mreq request = {.ipv6mr_interface = interface};
  memcpy(&request.ipv6mr_multiaddr, halves, sizeof halves);
  int name = join ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP;
  return outcome(setsockopt(descriptor, IPPROTO_IPV6, name, &request, sizeof request));
}

int cposix_ready(int descriptor, int what) {
  struct pollfd entry = {
      .fd = descriptor, .events = what == CPOSIX_READABLE ? POLLIN | POLLRDHUP : POLLOUT};
  int result;
  do result = poll(&entry, 1, 0);
  while (result < 0 && errno == EINTR);
  return result < 0 ? -errno : result > 0 ? what : 0;
}

int cposix_poller(void) { return outcome(epoll_create1(EPOLL_CLOEXEC)); }

int cposix_poller_add(int poller, int descriptor, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET};
  event.data.u64 = token;
  return outcome(epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event));
}

int cposix_poller_remove(int poller, int descriptor) {
  struct epoll_event event = {0};
  return outcome(epoll_ctl(poller, EPOLL_CTL_DEL, descriptor, &event));
}

int cposix_poller_wait(int poller, struct cposix_event *events, int capacity, int milliseconds) {
  struct epoll_event found[256];
  if (capacity > 256) capacity = 256;
  int number = epoll_wait(poller, found, capacity, milliseconds);
  if (number < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < number; i++) {
    uint32_t what = found[i].events;
    int both = (what & (EPOLLERR | EPOLLHUP)) != 0;
    events[i].token = found[i].data.u64;
    events[i].ready = (both || (what & (EPOLLIN | EPOLLRDHUP)) ? CPOSIX_READABLE : 0) |
                      (both || (what & EPOLLOUT) ? CPOSIX_WRITABLE : 0);
  }
  return number;
}

int cposix_event_descriptor(void) { return outcome(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

int cposix_event_signal(int descriptor) {
  uint64_t one = 1;
  return write(descriptor, &one, sizeof one) < 0 && errno != EAGAIN ? -errno : 0;
}

int cposix_event_drain(int descriptor) {
  uint64_t count;
  return read(descriptor, &count, sizeof count) < 0 && errno != EAGAIN ? -errno : 0;
}

struct start {
  void (*body)(void *);
  void *context;
};

static void *run_thread(void *argument) {
  struct start start = *(struct start *)argument;
  free(argument);
  start.body(start.context);
  return NULL;
}

int cposix_start_thread(const char *name, void (*body)(void *), void *context) {
  struct start *start = malloc(sizeof *start);
  if (start == NULL) return -ENOMEM;
  *start = (struct start){body, context};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  // The new thread inherits the mask: signals are for the threads of the application.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  int result = pthread_create(&thread, &attributes, run_thread, start);
  if (result == 0) pthread_setname_np(thread, name);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (result != 0) free(start);
  return -result;
}

uint64_t cposix_monotonic(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

const char *cposix_error_name(int error) {
  const char *name = strerrorname_np(error);
  return name != NULL ? name : "unknown error";
}

int cposix_resolve(const char *name, struct cposix_address *addresses, int capacity) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
  int result = getaddrinfo(name, NULL, &hints, &list);
  switch (result) {
  case 0: break;
  case EAI_NONAME: case EAI_NODATA: case EAI_ADDRFAMILY: return CPOSIX_NAME_UNKNOWN;
  case EAI_AGAIN: return CPOSIX_NAME_TRY_AGAIN;
  case EAI_MEMORY: return -ENOMEM;
  case EAI_SYSTEM: return errno > 0 ? -errno : CPOSIX_NAME_FAILED;
  default: return CPOSIX_NAME_FAILED;
  }
  int count = 0;
  for (struct addrinfo *item = list; item != NULL && count < capacity; item = item->ai_next) {
    union system_address system;
    memset(&system, 0, sizeof system);
    if (item->ai_addrlen > sizeof system) continue;
    memcpy(&system, item->ai_addr, item->ai_addrlen);
    decode(&system, item->ai_addrlen, &addresses[count]);
    if (addresses[count].family != CPOSIX_NO_FAMILY) count++;
  }
  freeaddrinfo(list);
  return count;
}
