/* SPDX-License-Identifier: Apache-2.0 */
/* Random socket calls on two hosts over a wire that loses, duplicates,
 * reorders, cuts and damages frames. Fixed seeds. After every step the
 * invariants of TCP hold (pair.c); at the end everything that was taken is
 * back (pair_free). Where checksums were left alone, what a socket reads is
 * the beginning of what the other end wrote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stack/wire/checksum.h"
#include "tests/stack/tcp_pair.h"

enum { FDS = 14, PORTS = 3, BUF = 20000 };

static struct {
  uint32_t rng;
  bool repair; /* half of the damaged frames get right checksums */
  uint32_t damage_ppm;
  uint64_t bytes; /* read by anybody */
} wild;

static uint32_t rnd(uint32_t n) {
  wild.rng ^= wild.rng << 13;
  wild.rng ^= wild.rng >> 17;
  wild.rng ^= wild.rng << 5;
  return n ? wild.rng % n : 0;
}

static void put_checksums(uint8_t *f, uint32_t len) {
  uint8_t *ip = f + 14;
  uint32_t ihl = (ip[0] & 15u) * 4;
  if (len < 54 || ihl < 20 || len < 14 + ihl + 20) {
    return;
  }
  put_be16(ip + 10, 0);
  put_be16(ip + 10, (uint16_t)~csum_data(ip, ihl, 0));
  uint32_t n = len - 14 - ihl;
  uint32_t at = ip[9] == IP_PROTO_TCP ? 16 : 6;
  uint8_t pseudo[4] = {0, ip[9], (uint8_t)(n >> 8), (uint8_t)n};
  uint8_t *h = ip + ihl;
  put_be16(h + at, 0);
  put_be16(h + at, (uint16_t)~csum_data(
                       h, n, csum_data(pseudo, 4, csum_data(ip + 12, 8, 0))));
}

static uint32_t mangle(struct pair *pair, int from, uint8_t *data,
                       uint32_t len) {
  (void)pair;
  (void)from;
  if (rnd(1000000) >= wild.damage_ppm) {
    return len;
  }
  if (rnd(4) == 0) {
    len = 1 + rnd(len);
  }
  /* Headers are where the harm is. One wrong bit is always seen by a checksum;
   * two may cancel out. */
  for (uint32_t n = rnd(wild.repair ? 4 : 2); n > 0; n--) {
    data[rnd(rnd(2) ? len : ph_min_u32(len, 60))] ^= (uint8_t)(1u << rnd(8));
  }
  if (wild.repair && rnd(2)) {
    put_checksums(data, len);
  }
  return len;
}

static struct ph_sockaddr_in name(int host, uint16_t port) {
  struct ph_sockaddr_in in = {.sin_family = PH_AF_INET};
  uint8_t *p = (uint8_t *)&in;
  put_be16(p + 2, port);
  put_be32(p + 4, 0x0a000001u + (uint32_t)host);
  return in;
}

/* What goes from one end to another: each stream has bytes of its own. */
static uint8_t stream_byte(int from, uint16_t from_port, uint16_t to_port,
                           uint64_t at) {
  return pair_byte(at + from_port * 131u + to_port * 7u + (uint32_t)from);
}

struct end {
  uint64_t sent, received;
};
static struct end ends[2][FDS];

static bool is_stream(struct ph_stack *stack, int fd,
                      struct ph_socket_info *info) {
  return ph_socket_info(stack, fd, info) == 0 && info->type == PH_SOCK_STREAM;
}

static void call_send(struct ph_stack *stack, int host, struct end *end,
                      int fd) {
  static uint8_t buf[BUF];
  struct ph_socket_info info;
  uint32_t len = rnd(8) ? rnd(2000) : rnd(BUF);
  if (is_stream(stack, fd, &info)) {
    for (uint32_t i = 0; i < len; i++) {
      buf[i] =
          stream_byte(host, info.local_port, info.remote_port, end->sent + i);
    }
  }
  static const int flags[] = {0, PH_MSG_DONTWAIT, PH_MSG_MORE, PH_MSG_OOB};
  long n = ph_send(stack, fd, buf, len, flags[rnd(4)]);
  end->sent += n > 0 ? (uint64_t)n : 0;
}

static void call_recv(struct ph_stack *stack, int host, struct end *end,
                      int fd) {
  static uint8_t buf[BUF];
  struct ph_socket_info info;
  bool stream = is_stream(stack, fd, &info);
  static const int flags[] = {0, 0, 0, PH_MSG_PEEK};
  int flag = flags[rnd(4)];
  long n = ph_recv(stack, fd, buf, rnd(BUF), flag);
  if (n <= 0 || !stream) {
    return;
  }
  for (long i = 0; i < n && !wild.repair; i++) {
    assert_int_equal(buf[i],
                     stream_byte(!host, info.remote_port, info.local_port,
                                 end->received + (uint64_t)i));
  }
  wild.bytes += flag ? 0 : (uint64_t)n;
  end->received += flag ? 0 : (uint64_t)n;
}

/* Urgent octets stay in the stream, so that it can be compared. */
static void keep_urgent(struct ph_stack *stack, int fd) {
  int32_t on = 1;
  (void)ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_OOBINLINE, &on,
                      sizeof(on));
}

static void call_options(struct ph_stack *stack, int fd) {
  static const int options[] = {PH_SO_SNDBUF,    PH_SO_RCVBUF, PH_SO_LINGER,
                                PH_SO_REUSEADDR, PH_SO_ERROR,  PH_SO_RCVTIMEO};
  uint8_t value[64] = {0};
  ph_socklen_t len = rnd(20);
  value[rnd(8)] = (uint8_t)rnd(256);
  (void)ph_setsockopt(stack, fd, rnd(2) ? PH_SOL_SOCKET : PH_IPPROTO_TCP,
                      rnd(3) ? options[rnd(6)] : (int)rnd(50), value, len);
  len = rnd(60);
  (void)ph_getsockopt(stack, fd, rnd(2) ? PH_SOL_SOCKET : PH_IPPROTO_TCP,
                      (int)rnd(50), value, &len);
  keep_urgent(stack, fd);
}

/* ---- epoll: nothing that becomes ready is forgotten ---------------------- */

/* Descriptors of two instances that watch every socket. */
enum { LEVEL = 0, EDGE = 1 };
static const uint32_t all_events =
    PH_EPOLLIN | PH_EPOLLPRI | PH_EPOLLOUT | PH_EPOLLRDHUP;
static uint32_t was_ready[2][FDS];

static void watch(struct ph_stack *stack, int host, int fd) {
  struct ph_epoll_event event = {.events = all_events, .data.fd = fd};
  assert_int_equal(ph_epoll_ctl(stack, LEVEL, PH_EPOLL_CTL_ADD, fd, &event), 0);
  event.events |= PH_EPOLLET;
  assert_int_equal(ph_epoll_ctl(stack, EDGE, PH_EPOLL_CTL_ADD, fd, &event), 0);
  was_ready[host][fd] = 0;
}

/* What poll() sees, the level-triggered instance tells; what it did not see
 * before, the edge-triggered one. */
static void check_epoll(struct ph_stack *stack, int host) {
  struct ph_epoll_event events[FDS];
  uint32_t level[FDS] = {0}, edge[FDS] = {0};
  int n = ph_epoll_wait(stack, LEVEL, events, FDS, 0);
  for (int i = 0; i < n; i++) {
    level[events[i].data.fd] = events[i].events;
  }
  n = ph_epoll_wait(stack, EDGE, events, FDS, 0);
  for (int i = 0; i < n; i++) {
    edge[events[i].data.fd] = events[i].events;
  }
  for (int fd = EDGE + 1; fd < FDS; fd++) {
    struct ph_pollfd poll = {fd, (int16_t)all_events, 0};
    (void)ph_poll(stack, &poll, 1, 0);
    uint32_t ready = (uint16_t)poll.revents;
    ready = ready & PH_POLLNVAL ? 0 : ready;
    assert_int_equal(level[fd], ready);
    if (ready & ~was_ready[host][fd]) {
      assert_int_equal(edge[fd], ready);
    }
    was_ready[host][fd] = ready;
  }
}

static void fresh(struct ph_stack *stack, int host, int fd) {
  if (fd >= 0) {
    assert_true(fd < FDS);
    ends[host][fd] = (struct end){0};
    keep_urgent(stack, fd);
    watch(stack, host, fd);
  }
}

/* Calls about names. */
static void call_name(struct ph_stack *stack, int host, struct end *end,
                      int fd) {
  struct ph_sockaddr_in to = name(!host, (uint16_t)(80 + rnd(PORTS)));
  struct ph_sockaddr_in own = name(host, (uint16_t)(80 + rnd(PORTS)));
  ph_socklen_t len = sizeof(to);
  switch (rnd(11)) {
    case 0:
    case 1:
      fresh(
          stack, host,
          ph_socket(
              stack, PH_AF_INET,
              (rnd(5) ? PH_SOCK_STREAM : PH_SOCK_DGRAM) | PH_SOCK_NONBLOCK, 0));
      break;
    case 2:
    case 3:
      (void)ph_bind(stack, fd, &own, sizeof(own));
      (void)ph_listen(stack, fd, (int)rnd(5) - 1);
      break;
    case 4:
    case 5:
    case 6:
      if (end->sent + end->received == 0) {
        (void)ph_connect(stack, fd, &to, sizeof(to));
      }
      break;
    case 7:
      (void)ph_getpeername(stack, fd, &to, &len);
      (void)ph_getsockname(stack, fd, &to, &len);
      break;
    default:
      fresh(stack, host, ph_accept4(stack, fd, &to, &len, PH_SOCK_NONBLOCK));
      break;
  }
}

static void call_other(struct ph_stack *stack, int host, int fd) {
  struct ph_sockaddr_in in = name(!host, (uint16_t)(80 + rnd(PORTS)));
  struct ph_pollfd polls[4];
  switch (rnd(6)) {
    case 0:
      (void)ph_shutdown(stack, fd, (int)rnd(4));
      break;
    case 1:
      (void)(rnd(4) || fd <= EDGE ? 0 : ph_close(stack, fd));
      break;
    case 2:
      call_options(stack, fd);
      break;
    case 3:
      for (int i = 0; i < 4; i++) {
        polls[i] =
            (struct ph_pollfd){(int)rnd(FDS + 2) - 1, (int16_t)rnd(65536), 0};
      }
      (void)ph_poll(stack, polls, 4, 0);
      break;
    case 4:
      if (!is_stream(stack, fd, &(struct ph_socket_info){0})) {
        (void)ph_sendto(stack, fd, &in, sizeof(in), 0, rnd(2) ? &in : NULL,
                        sizeof(in));
      }
      break;
    default:
      (void)ph_fcntl(stack, fd, PH_F_GETFL, 0);
      break;
  }
}

static void call(struct pair *pair, int host) {
  struct ph_stack *stack = &pair->host[host].stack;
  int fd = (int)rnd(FDS + 2) - 1;
  struct end none = {0};
  struct end *end = fd >= 0 && fd < FDS ? &ends[host][fd] : &none;
  uint32_t kind = rnd(40);
  if (kind < 10) {
    call_name(stack, host, end, fd);
  } else if (kind < 16) {
    call_other(stack, host, fd);
  } else if (kind < 24) {
    call_send(stack, host, end, fd);
  } else {
    call_recv(stack, host, end, fd);
  }
}

static void campaign(uint32_t seed, bool repair, uint32_t damage_ppm,
                     uint32_t steps) {
  struct pair_options options = {
      .software = true,
      .blocks = 256,
      .tcp = {.max_connections = 16,
              .max_ranges = 40,
              .max_chunks = 200,
              .features = {.timestamps = seed % 2 ? PH_TCP_ON : PH_TCP_OFF,
                           .ecn = seed % 3 ? PH_TCP_ON : PH_TCP_OFF,
                           .sack = seed % 5 ? PH_TCP_ON : PH_TCP_OFF}},
      .socket = {.max_sockets = FDS,
                 .max_watches = 2 * FDS,
                 .default_sndbuf = 40000,
                 .default_rcvbuf = 30000}};
  struct pair *pair = pair_new(&options);
  wild.rng = seed * 2654435761u | 1;
  wild.repair = repair;
  wild.damage_ppm = damage_ppm;
  wild.bytes = 0;
  memset(ends, 0, sizeof(ends));
  pair->rng = seed;
  pair->loss_ppm = 20000;
  pair->dup_ppm = 20000;
  pair->reorder_ppm = 50000;
  pair->mangle = mangle;
  for (int host = 0; host < 2; host++) {
    struct ph_stack *stack = &pair->host[host].stack;
    assert_int_equal(ph_epoll_create1(stack, 0), LEVEL);
    assert_int_equal(ph_epoll_create1(stack, 0), EDGE);
  }
  for (uint32_t i = 0; i < steps; i++) {
    for (int host = 0; host < 2; host++) {
      ph_stack_set_now(&pair->host[host].stack, pair->now_ns);
      call(pair, host);
      check_epoll(&pair->host[host].stack, host);
    }
    if (rnd(4) == 0) {
      pair_pass(pair, rnd(50) ? rnd(200000) : 10 * PAIR_MS * rnd(200));
    }
  }
  for (int host = 0; host < 2; host++) {
    for (int fd = 0; fd < FDS; fd++) {
      (void)ph_close(&pair->host[host].stack, fd);
    }
  }
  pair->mangle = NULL;
  pair_pass(pair, 1800 * PAIR_S);
  assert_int_equal(tcp_of(&pair->host[0].stack)->conns_open, 0);
  assert_int_equal(tcp_of(&pair->host[1].stack)->conns_open, 0);
  assert_true(wild.bytes > 0);
  pair_free(pair);
}

static void any_calls_over_a_bad_wire_keep_every_promise(void **state) {
  /* EVIDENCE: docs/stack.md, rules that hold */
  (void)state;
  for (uint32_t seed = 1; seed <= 12; seed++) {
    campaign(seed, false, 30000, 20000);
  }
}

static void any_calls_over_a_lying_wire_keep_the_stack_whole(void **state) {
  /* EVIDENCE: docs/stack.md, rules that hold */
  (void)state;
  for (uint32_t seed = 100; seed <= 112; seed++) {
    campaign(seed, true, 100000, 20000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_calls_over_a_bad_wire_keep_every_promise),
      cmocka_unit_test(any_calls_over_a_lying_wire_keep_the_stack_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
