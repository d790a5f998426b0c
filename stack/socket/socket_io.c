/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that move data. All are forms of two: bytes from, or to, a list of
 * pieces. A blocking stream call loops over TCP's try-operations; what was
 * moved before an error or a timeout counts. */
#include "stack/socket/socket_internal.h"

enum {
  IOV_MAX = 1024,
  CALL_MAX = 0x7ffff000, /* bytes that one call moves at most, as in Linux */
};

/* What one call moves. */
struct job {
  const struct ph_iovec *iov;
  uint32_t count;
  uint32_t index; /* the piece that is next, */
  size_t offset;  /* and how much of it is done */
  size_t total, done;
  int flags; /* PH_MSG_... */
};

static int job_init(struct job *job, const struct ph_iovec *iov, size_t count,
                    int flags) {
  if (count > IOV_MAX) {
    return -PH_EINVAL;
  }
  *job = (struct job){.iov = iov, .count = (uint32_t)count, .flags = flags};
  for (size_t i = 0; i < count; i++) {
    if (iov[i].iov_len > SIZE_MAX / 2) {
      return -PH_EINVAL;
    }
    size_t room = CALL_MAX - job->total;
    job->total += iov[i].iov_len < room ? iov[i].iov_len : room;
  }
  return 0;
}

/* The next piece that has bytes left; *len of them. */
static uint8_t *job_piece(struct job *job, size_t *len) {
  size_t left = job->total - job->done;
  if (left == 0) {
    *len = 0;
    return NULL;
  }
  while (job->iov[job->index].iov_len == job->offset) {
    job->index++;
    job->offset = 0;
  }
  size_t n = job->iov[job->index].iov_len - job->offset;
  *len = n < left ? n : left;
  return (uint8_t *)job->iov[job->index].iov_base + job->offset;
}

static void job_advance(struct job *job, size_t n) {
  job->done += n;
  job->offset += n;
}

static int job_wait(struct ph_stack *stack, struct ph_sock *sock, int fd,
                    const struct job *job, uint32_t events, uint64_t deadline) {
  return sock_wait(stack, sock, fd, events, deadline,
                   job->flags & PH_MSG_DONTWAIT);
}

/* ---- Streams ------------------------------------------------------------ */

static long stream_send(struct ph_stack *stack, struct ph_sock *sock, int fd,
                        struct job *job) {
  uint64_t deadline = sock_deadline(stack, sock->snd_timeout_ms);
  for (;;) {
    size_t len;
    const uint8_t *data = job_piece(job, &len);
    bool more = (job->flags & PH_MSG_MORE) || job->done + len < job->total;
    bool last = job->done + len == job->total;
    long n = (job->flags & PH_MSG_OOB) && last
                 ? tcp_send_urgent(stack, sock->tcp, data, len)
                 : tcp_send(stack, sock->tcp, data, len, more);
    if (n >= 0) {
      job_advance(job, (size_t)n);
      if (job->done == job->total || tcp_error(sock->tcp)) {
        return (long)job->done; /* the error waits for the next call */
      }
      continue;
    }
    if (n == -PH_EAGAIN) {
      n = job_wait(stack, sock, fd, job, PH_POLLOUT, deadline);
    }
    if (n < 0) {
      return job->done ? (long)job->done : n;
    }
  }
}

/* For how much a call waits that may wait. */
static size_t recv_least(const struct ph_sock *sock, const struct job *job) {
  size_t least = sock->low_water ? sock->rcv_lowat : 1;
  return (job->flags & PH_MSG_WAITALL) || least > job->total ? job->total
                                                             : least;
}

/* Is what was moved the result? Not as long as there is more, nor, with
 * PH_MSG_WAITALL or SO_RCVLOWAT, as long as it should be. An error waits for
 * the next call.
 */
static bool recv_done(const struct ph_sock *sock, const struct job *job) {
  uint32_t unread = tcp_unread(sock->tcp);
  size_t seen = job->flags & PH_MSG_PEEK ? job->done : 0;
  if (job->done > 0 && tcp_mark_ahead(sock->tcp, seen)) {
    return true; /* a read never goes over the urgent mark */
  }
  if (job->done == 0 || unread > seen) {
    return job->done > 0 && job->done == job->total;
  }
  return job->done >= recv_least(sock, job) || tcp_error(sock->tcp);
}

static long stream_recv(struct ph_stack *stack, struct ph_sock *sock, int fd,
                        struct job *job) {
  uint64_t deadline = sock_deadline(stack, sock->rcv_timeout_ms);
  for (;;) {
    size_t len;
    uint8_t *data = job_piece(job, &len);
    data = job->flags & PH_MSG_TRUNC ? NULL : data;
    long n = job->flags & PH_MSG_PEEK
                 ? tcp_peek(stack, sock->tcp, data, len, job->done)
                 : tcp_recv(stack, sock->tcp, data, len, false);
    if (n > 0) {
      job_advance(job, (size_t)n);
    }
    if (recv_done(sock, job)) {
      return (long)job->done;
    }
    if (n == -PH_EAGAIN) {
      n = job_wait(stack, sock, fd, job, PH_POLLIN, deadline);
      n = n < 0 ? n : 1;
    }
    if (n <= 0) {
      return job->done ? (long)job->done : n;
    }
  }
}

/* PH_MSG_OOB: never waits. */
static long urgent_recv(struct ph_stack *stack, const struct ph_sock *sock,
                        struct job *job, int *msg_flags) {
  size_t len;
  uint8_t *data = job_piece(job, &len);
  data = job->flags & PH_MSG_TRUNC ? NULL : data;
  long n =
      tcp_recv_urgent(stack, sock->tcp, data, len, job->flags & PH_MSG_PEEK);
  *msg_flags |= n > 0 ? PH_MSG_OOB : 0;
  return n;
}

/* ---- Datagrams ---------------------------------------------------------- */

static long datagram_send(struct ph_stack *stack, struct ph_sock *sock, int fd,
                          const struct job *job, const struct ph_addr *ip,
                          uint16_t port, const struct udp_tx *how) {
  uint64_t deadline = sock_deadline(stack, sock->snd_timeout_ms);
  if (!ip && !sock->udp->connected) {
    return -PH_EDESTADDRREQ;
  }
  for (;;) {
    long n = sock->wr_shutdown ? -PH_EPIPE
                               : udp_sendv(sock->udp, job->iov, job->count, ip,
                                           port, how ? how : &sock->udp->tx);
    if (n != -PH_EAGAIN) {
      return n;
    }
    int result = job_wait(stack, sock, fd, job, PH_POLLOUT, deadline);
    if (result < 0) {
      return result;
    }
  }
}

static long datagram_recv(struct ph_stack *stack, struct ph_sock *sock, int fd,
                          struct job *job, struct ph_addr *ip, uint16_t *port,
                          int *msg_flags) {
  uint64_t deadline = sock_deadline(stack, sock->rcv_timeout_ms);
  for (;;) {
    long n = udp_recvv(sock->udp, job->iov, job->count,
                       job->flags & PH_MSG_PEEK, ip, port);
    if (n == -PH_EAGAIN && sock->rd_shutdown) {
      *ip = sock_any(sock);
      *port = 0;
      return 0;
    }
    if (n != -PH_EAGAIN) { /* MSG_TRUNC asks for the datagram's own length */
      bool cut = n >= 0 && (size_t)n > job->total;
      *msg_flags |= cut ? PH_MSG_TRUNC : 0;
      return cut && !(job->flags & PH_MSG_TRUNC) ? (long)job->total : n;
    }
    int result = job_wait(stack, sock, fd, job, PH_POLLIN, deadline);
    if (result < 0) {
      return result;
    }
  }
}

/* ---- Either ------------------------------------------------------------- */

/* `how` of a datagram; NULL: as the socket says. */
static long send_job(struct ph_stack *stack, struct ph_sock *sock, int fd,
                     struct job *job, const void *addr, ph_socklen_t addr_len,
                     const struct udp_tx *how) {
  struct ph_addr ip;
  uint16_t port = 0;
  if ((job->flags & PH_MSG_OOB) && !sock->tcp) {
    return -PH_EOPNOTSUPP;
  }
  if (sock->tcp) { /* as in Linux, a stream ignores the address */
    return stream_send(stack, sock, fd, job);
  }
  if (addr) {
    int result = sock_addr_in(sock, addr, addr_len, &ip, &port);
    if (result < 0) {
      return result;
    }
    sock_this_host(&ip);
  }
  return datagram_send(stack, sock, fd, job, addr ? &ip : NULL, port, how);
}

static long recv_job(struct ph_stack *stack, struct ph_sock *sock, int fd,
                     struct job *job, void *addr, ph_socklen_t *addr_len,
                     int *msg_flags) {
  if (!sock->tcp) {
    struct ph_addr ip;
    uint16_t port = 0;
    long n = datagram_recv(stack, sock, fd, job, &ip, &port, msg_flags);
    if (n >= 0) {
      sock_addr_out(sock, &ip, port, addr, addr_len);
    }
    return n;
  }
  long n = job->flags & PH_MSG_OOB ? urgent_recv(stack, sock, job, msg_flags)
                                   : stream_recv(stack, sock, fd, job);
  if (n >= 0 && addr && addr_len) {
    *addr_len = 0; /* as in Linux: a stream's bytes have no sender */
  }
  return n;
}

/* ---- The calls ---------------------------------------------------------- */

/* One piece of a stream, and nothing special asked: most calls. What one look
 * at TCP can't finish goes the long way if the call may wait. */
static bool is_plain(const struct ph_sock *sock, size_t len, int flags) {
  return PH_SHORT_WAYS && sock->tcp && len - 1 < CALL_MAX &&
         !(flags & ~(PH_MSG_DONTWAIT | PH_MSG_NOSIGNAL));
}

/* And one look is all that it wants. */
static inline bool is_plain_now(const struct ph_stack *stack,
                                const struct ph_sock *sock, size_t len,
                                int flags) {
  return is_plain(sock, len, flags) &&
         !sock_waits(stack, sock, flags & PH_MSG_DONTWAIT);
}

/* The same of datagrams. */
static bool is_plain_datagram(const struct ph_sock *sock, int flags) {
  return PH_SHORT_WAYS && sock->udp &&
         !(flags & ~(PH_MSG_DONTWAIT | PH_MSG_NOSIGNAL));
}

/* The long way, by the machinery of writev(); `sent` bytes have gone. */
PH_APART static long send_one(struct ph_stack *stack, struct ph_sock *sock,
                              int fd, const struct ph_iovec *one, size_t sent,
                              int flags, const void *addr,
                              ph_socklen_t addr_len) {
  struct job job;
  int result = job_init(&job, one, 1, flags);
  if (result < 0) {
    return result;
  }
  job_advance(&job, sent);
  return send_job(stack, sock, fd, &job, addr, addr_len, NULL);
}

long ph_sendto(struct ph_stack *stack, int fd, const void *data, size_t len,
               int flags, const void *addr, ph_socklen_t addr_len) {
  if (!addr) {
    return ph_send(stack, fd, data, len, flags);
  }
  struct ph_sock *sock = sock_enter(stack, fd);
  const struct ph_iovec one = {(void *)(uintptr_t)data, len};
  struct ph_addr ip;
  uint16_t port;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (is_plain_datagram(sock, flags) && !sock->wr_shutdown &&
      sock_addr_in(sock, addr, addr_len, &ip, &port) == 0) {
    sock_this_host(&ip);
    long n = udp_sendv(sock->udp, &one, 1, &ip, port, &sock->udp->tx);
    if (n != -PH_EAGAIN || !sock_waits(stack, sock, flags & PH_MSG_DONTWAIT)) {
      return n;
    }
  }
  return send_one(stack, sock, fd, &one, 0, flags, addr, addr_len);
}

/* A call that may wait, or that is not plain. */
PH_APART static long send_any(struct ph_stack *stack, struct ph_sock *sock,
                              int fd, const void *data, size_t len, int flags) {
  long n = 0;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (is_plain(sock, len, flags)) {
    n = tcp_send(stack, sock->tcp, data, len, false);
    if (n == (long)len || (n < 0 && n != -PH_EAGAIN) ||
        (n > 0 && tcp_error(sock->tcp)) ||
        !sock_waits(stack, sock, flags & PH_MSG_DONTWAIT)) {
      return n;
    }
  }
  const struct ph_iovec one = {(void *)(uintptr_t)data, len};
  if (is_plain_datagram(sock, flags) && !sock->wr_shutdown) {
    n = udp_sendv(sock->udp, &one, 1, NULL, 0, &sock->udp->tx);
    if (n != -PH_EAGAIN || !sock_waits(stack, sock, flags & PH_MSG_DONTWAIT)) {
      return n;
    }
  }
  return send_one(stack, sock, fd, &one, n > 0 ? (size_t)n : 0, flags, NULL, 0);
}

long ph_send(struct ph_stack *stack, int fd, const void *data, size_t len,
             int flags) {
  struct ph_sock *sock = sock_enter(stack, fd);
  return sock && is_plain_now(stack, sock, len, flags)
             ? tcp_send(stack, sock->tcp, data, len, false)
             : send_any(stack, sock, fd, data, len, flags);
}

/* MSG_ERRQUEUE never waits; of a stream, or who did not ask, it is empty. */
static PH_APART_IF_SMALL long error_recv(struct ph_stack *stack,
                                         struct ph_sock *sock,
                                         struct ph_msghdr *msg) {
  const struct sock_table *table = sock_table_of(stack);
  return sock->udp && table->recv_error ? table->recv_error(stack, sock, msg)
                                        : -PH_EAGAIN;
}

/* The long way, by the machinery of readv(). */
PH_APART static long recv_one(struct ph_stack *stack, struct ph_sock *sock,
                              int fd, const struct ph_iovec *one, int flags,
                              void *addr, ph_socklen_t *addr_len) {
  struct job job;
  int msg_flags = 0;
  int result = job_init(&job, one, 1, flags);
  if (result == 0 && (flags & PH_MSG_ERRQUEUE)) {
    struct ph_msghdr msg = {.msg_name = addr,
                            .msg_namelen = addr_len ? *addr_len : 0,
                            .msg_iov = (struct ph_iovec *)(uintptr_t)one,
                            .msg_iovlen = 1};
    long n = error_recv(stack, sock, &msg);
    if (addr_len) {
      *addr_len = msg.msg_namelen;
    }
    return n;
  }
  return result < 0
             ? result
             : recv_job(stack, sock, fd, &job, addr, addr_len, &msg_flags);
}

long ph_recvfrom(struct ph_stack *stack, int fd, void *data, size_t len,
                 int flags, void *addr, ph_socklen_t *addr_len) {
  if (!addr) {
    return ph_recv(stack, fd, data, len, flags);
  }
  struct ph_sock *sock = sock_enter(stack, fd);
  const struct ph_iovec one = {data, len};
  return sock ? recv_one(stack, sock, fd, &one, flags, addr, addr_len)
              : sock_missing(stack, fd);
}

PH_APART static long recv_any(struct ph_stack *stack, struct ph_sock *sock,
                              int fd, void *data, size_t len, int flags) {
  if (!sock) {
    return sock_missing(stack, fd);
  }
  if (!sock->low_water && is_plain(sock, len, flags)) {
    long n = tcp_recv(stack, sock->tcp, data, len, false);
    if (n != -PH_EAGAIN || !sock_waits(stack, sock, flags & PH_MSG_DONTWAIT)) {
      return n;
    }
  }
  const struct ph_iovec one = {data, len};
  if (is_plain_datagram(sock, flags) && !sock->rd_shutdown) {
    long n = udp_recvv(sock->udp, &one, 1, false, NULL, NULL);
    if (n != -PH_EAGAIN || !sock_waits(stack, sock, flags & PH_MSG_DONTWAIT)) {
      return n > 0 && (size_t)n > len ? (long)len : n;
    }
  }
  return recv_one(stack, sock, fd, &one, flags, NULL, NULL);
}

long ph_recv(struct ph_stack *stack, int fd, void *data, size_t len,
             int flags) {
  struct ph_sock *sock = sock_enter(stack, fd);
  return sock && !sock->low_water && is_plain_now(stack, sock, len, flags)
             ? tcp_recv(stack, sock->tcp, data, len, false)
             : recv_any(stack, sock, fd, data, len, flags);
}

static long move_vector(struct ph_stack *stack, int fd,
                        const struct ph_iovec *iov, int count, bool write) {
  struct ph_sock *sock = sock_enter(stack, fd);
  struct job job;
  int msg_flags = 0;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  int result = count < 0 ? -PH_EINVAL : job_init(&job, iov, (size_t)count, 0);
  /* A vector of nothing does nothing, not even an empty datagram. */
  if (result < 0 || job.total == 0) {
    return result;
  }
  return write ? send_job(stack, sock, fd, &job, NULL, 0, NULL)
               : recv_job(stack, sock, fd, &job, NULL, NULL, &msg_flags);
}

long ph_writev(struct ph_stack *stack, int fd, const struct ph_iovec *iov,
               int count) {
  return move_vector(stack, fd, iov, count, true);
}

long ph_readv(struct ph_stack *stack, int fd, const struct ph_iovec *iov,
              int count) {
  return move_vector(stack, fd, iov, count, false);
}

static PH_APART_IF_SMALL int msg_job(struct job *job,
                                     const struct ph_msghdr *msg, int flags) {
  if (!msg) {
    return -PH_EFAULT;
  }
  if (msg->msg_iovlen > IOV_MAX) {
    return -PH_EMSGSIZE;
  }
  return job_init(job, msg->msg_iov, msg->msg_iovlen, flags);
}

long ph_sendmsg(struct ph_stack *stack, int fd, const struct ph_msghdr *msg,
                int flags) {
  struct ph_sock *sock = sock_enter(stack, fd);
  struct job job;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  int result = msg_job(&job, msg, flags);
  struct sock_control control;
  const struct udp_tx *how = NULL;
  if (result == 0 && msg->msg_controllen > 0) {
    result = sock_take_control(stack, sock, msg, &control);
    how = &control.tx;
  }
  return result < 0 ? result
                    : send_job(stack, sock, fd, &job, msg->msg_name,
                               msg->msg_namelen, how);
}

long ph_recvmsg(struct ph_stack *stack, int fd, struct ph_msghdr *msg,
                int flags) {
  struct ph_sock *sock = sock_enter(stack, fd);
  struct job job;
  if (!sock) {
    return sock_missing(stack, fd);
  }
  int result = msg_job(&job, msg, flags);
  if (result < 0) {
    return result;
  }
  if (flags & PH_MSG_ERRQUEUE) {
    return error_recv(stack, sock, msg);
  }
  int msg_flags = 0;
  long n = recv_job(stack, sock, fd, &job, msg->msg_name, &msg->msg_namelen,
                    &msg_flags);
  if (n >= 0) {
    msg->msg_flags = msg_flags;
    sock_put_control(stack, sock, msg);
  }
  return n;
}
