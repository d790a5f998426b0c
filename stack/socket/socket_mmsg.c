/* SPDX-License-Identifier: Apache-2.0 */
/* Several messages in one call: sendmmsg() and recvmmsg() of Linux. */
#include "stack/socket/socket_internal.h"

enum { MESSAGES_MAX = 1024, NS_PER_S = 1000000000 };

int ph_sendmmsg(struct ph_stack *stack, int fd, struct ph_mmsghdr *messages,
                uint32_t count, int flags) {
  uint32_t done = 0;
  long n = 0;
  while (done < ph_min_u32(count, MESSAGES_MAX)) {
    n = ph_sendmsg(stack, fd, &messages[done].msg_hdr, flags);
    if (n < 0) {
      break;
    }
    messages[done++].msg_len = (uint32_t)n;
  }
  return done > 0 ? (int)done : (int)n;
}

/* When `timeout` is over, from now; -PH_EINVAL. */
static int end_of(const struct ph_stack *stack,
                  const struct ph_timespec *timeout, uint64_t *end) {
  *end = UINT64_MAX;
  if (!timeout) {
    return 0;
  }
  if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
      timeout->tv_nsec >= NS_PER_S) {
    return -PH_EINVAL;
  }
  if (timeout->tv_sec < INT32_MAX) {
    *end = stack->now_ns + (uint64_t)timeout->tv_sec * NS_PER_S +
           (uint64_t)timeout->tv_nsec;
  }
  return 0;
}

/* As in Linux it is looked at after each message only. True: it is over. */
static bool is_over(const struct ph_stack *stack, uint64_t end,
                    struct ph_timespec *timeout) {
  uint64_t left = end > stack->now_ns ? end - stack->now_ns : 0;
  if (!timeout || end == UINT64_MAX) {
    return false;
  }
  timeout->tv_sec = (int64_t)(left / NS_PER_S);
  timeout->tv_nsec = (int64_t)(left % NS_PER_S);
  return left == 0;
}

/* An error after messages were received is the next call's. */
static void keep_error(struct ph_stack *stack, int fd, long error) {
  struct ph_sock *sock = sock_get(stack, fd);
  if (sock && sock->udp && error < 0 && error != -PH_EAGAIN) {
    sock->udp->error = (uint8_t)-error;
  }
}

int ph_recvmmsg(struct ph_stack *stack, int fd, struct ph_mmsghdr *messages,
                uint32_t count, int flags, struct ph_timespec *timeout) {
  uint64_t end;
  uint32_t done = 0;
  long n = end_of(stack, timeout, &end);
  if (n < 0) {
    return (int)n;
  }
  while (done < ph_min_u32(count, MESSAGES_MAX)) {
    n = ph_recvmsg(stack, fd, &messages[done].msg_hdr,
                   flags & ~PH_MSG_WAITFORONE);
    if (n < 0) {
      break;
    }
    messages[done++].msg_len = (uint32_t)n;
    flags |= flags & PH_MSG_WAITFORONE ? PH_MSG_DONTWAIT : 0;
    if (is_over(stack, end, timeout)) {
      break;
    }
  }
  if (done == 0) {
    return (int)n;
  }
  keep_error(stack, fd, n);
  return (int)done;
}
