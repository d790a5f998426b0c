/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: a whole host against whatever comes.
 *
 * The input is a program for its surroundings. The first byte says what the
 * host negotiates and whether its interface offloads; then come steps: a TCP
 * segment for one of its connections with numbers that are relative to what the
 * connection expects, any IP packet, any frame, an ICMP error that quotes a
 * connection, time, a socket call, or a device that is full or keeps buffers.
 * Checksums are made right unless the step says otherwise, so that what is
 * wrong gets deep. At the start the host has an accepted connection, one that
 * it opened, a listener and a datagram socket.
 *
 * Looked at after every step: the invariants of TCP (tcp_invariants.c). What a
 * connection delivers is what its sequence numbers say, as long as only
 * segments made here came. At the end everything is closed and every pool must
 * be as full as at the start (pair_free). Under AddressSanitizer the byte
 * behind a frame can't be read (poison.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/socket/socket_internal.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "tests/stack/tcp_pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

enum { FDS = 12, STEPS = 300, PORT = 80, FRAME = 1600, ETH = 14, IP = 20 };

struct world {
  struct pair *pair;
  struct ph_stack *stack;
  const uint8_t *at, *end; /* of the input */
  bool tainted;            /* bytes came that are not stream_byte() */
};

/* ---- The input ---------------------------------------------------------- */

static uint8_t u8(struct world *w) {
  return w->at < w->end ? *w->at++ : 0;
}
static uint16_t u16(struct world *w) {
  uint16_t high = u8(w);
  return (uint16_t)(high << 8 | u8(w));
}
static uint32_t take(struct world *w, uint8_t *to, uint32_t len) {
  uint32_t n = ph_min_u32(len, (uint32_t)(w->end - w->at));
  memcpy(to, w->at, n);
  w->at += n;
  return n;
}

/* The byte of a peer at a sequence number. */
static uint8_t stream_byte(uint32_t seq) {
  return pair_byte(seq);
}

/* ---- Segments ----------------------------------------------------------- */

/* One of those that are alive; NULL: there is none. */
static const struct tcp_conn *pick(const struct world *w, uint32_t n) {
  const struct tcp_stack *tcp = tcp_of(w->stack);
  const struct tcp_conn *found = NULL;
  uint32_t seen = 0;
  for (uint32_t i = 0; i < tcp->max_conns; i++) {
    if (tcp->conns[i].hashed && (!found || seen <= n)) {
      found = &tcp->conns[i];
      seen++;
    }
  }
  return found;
}

static uint32_t number(uint32_t how, uint32_t next, uint32_t first,
                       uint32_t edge, uint16_t value) {
  switch (how & 3) {
    case 0:
      return next + (uint32_t)(int32_t)(int16_t)value;
    case 1:
      return first + 1 + value; /* as scripts count */
    case 2:
      return edge + (uint32_t)(int32_t)(int8_t)value;
    default:
      return next + ((uint32_t)value << 16 | value);
  }
}

static void step_segment(struct world *w) {
  uint8_t options[40], data[1400];
  uint8_t which = u8(w), how = u8(w);
  const struct tcp_conn *c = pick(w, which & 7);
  struct pair_tx tx = {.src_port = (uint16_t)(4000 + (which & 15)),
                       .dst_port = PORT,
                       .options = options,
                       .data = data};
  bool opens = which & 0x80; /* for the listener, from another port */
  tx.flags = u8(w);
  uint16_t seq = u16(w), ack = u16(w);
  tx.seq = (uint32_t)PAIR_ISS + seq;
  tx.ack = ack;
  if (c && !opens) {
    tx.src_port = c->remote_port;
    tx.dst_port = c->local_port;
    tx.seq = number(how, c->rcv_nxt, c->rcv_nxt - 1, c->rcv_edge, seq);
    tx.ack = number(how >> 2, c->snd_una, c->snd_una - 1, c->snd_nxt, ack);
  }
  tx.wnd = u16(w);
  tx.tos = how >> 4 & 3;
  if (tx.flags & TCP_URG) {
    tx.urg = u16(w);
    w->tainted = true; /* an urgent octet is not in the stream */
  }
  if (how & 0x40) {
    tx.options_len = u8(w) % 11 * 4u;
    memset(options, 1, sizeof(options));
    (void)take(w, options, tx.options_len);
  }
  if (how & 0x80) {
    tx.len = u16(w) % sizeof(data);
    for (uint32_t i = 0; i < tx.len; i++) {
      data[i] = stream_byte(tx.seq + !!(tx.flags & TCP_SYN) + i);
    }
  }
  pair_inject(w->pair, &tx);
}

/* ---- Packets ------------------------------------------------------------ */

/* Every checksum that the frame has room for. */
static void repair(uint8_t *f, uint32_t len) {
  uint8_t *ip = f + ETH;
  uint32_t ihl = (ip[0] & 15u) * 4;
  if (len < ETH + IP || ihl < IP || len < ETH + ihl) {
    return;
  }
  put_be16(ip + 10, 0);
  put_be16(ip + 10, (uint16_t)~csum_data(ip, ihl, 0));
  uint32_t total = ph_min_u32(get_be16(ip + 2), len - ETH);
  uint32_t n = total > ihl ? total - ihl : 0;
  uint32_t at = ip[9] == IP_PROTO_TCP ? 16 : ip[9] == IP_PROTO_UDP ? 6 : 2;
  if (n < at + 2) {
    return;
  }
  uint8_t pseudo[4] = {0, ip[9], (uint8_t)(n >> 8), (uint8_t)n};
  uint32_t sum = ip[9] == IP_PROTO_ICMP
                     ? 0
                     : csum_data(pseudo, 4, csum_data(ip + 12, 8, 0));
  put_be16(ip + ihl + at, 0);
  put_be16(ip + ihl + at, (uint16_t)~csum_data(ip + ihl, n, sum));
}

static uint32_t header(uint8_t *f, uint8_t protocol, uint32_t payload) {
  static const uint8_t ends[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
  memset(f, 0, ETH + IP);
  memcpy(f, ends, sizeof(ends));
  f[ETH] = 0x45;
  put_be16(f + ETH + 2, (uint16_t)(IP + payload));
  f[ETH + 8] = 64;
  f[ETH + 9] = protocol;
  put_be32(f + ETH + 12, 0x0a000002);
  put_be32(f + ETH + 16, 0x0a000001);
  return ETH + IP + payload;
}

/* An IP packet with a header that mostly fits. */
static void step_packet(struct world *w) {
  uint8_t f[FRAME];
  uint8_t how = u8(w), protocol = u8(w);
  static const uint8_t usual[] = {IP_PROTO_TCP, IP_PROTO_UDP, IP_PROTO_ICMP};
  protocol = protocol % 4 < 3 ? usual[protocol % 4] : protocol;
  uint32_t len = u16(w) % (FRAME - ETH - IP);
  len = take(w, f + ETH + IP, len);
  len = header(f, protocol, len);
  if (how & 1) {
    put_be16(f + ETH + 6, u16(w)); /* a fragment */
  }
  if (how & 2) {
    f[ETH + 15] = u8(w); /* from somebody else */
  }
  if (how & 4) {
    f[ETH] = u8(w);
  }
  if (how & 8) {
    put_be16(f + ETH + 2, u16(w));
  }
  if (!(how & 16)) {
    repair(f, len);
  }
  w->tainted = true;
  pair_receive(w->pair, f, len);
}

/* Any bytes behind the Ethernet addresses. */
static void step_frame(struct world *w) {
  uint8_t f[FRAME];
  uint8_t how = u8(w);
  (void)header(f, 0, 0);
  uint32_t len = u16(w) % (FRAME - 12);
  len = 12 + take(w, f + 12, len);
  if (how & 1) {
    repair(f, len);
  }
  w->tainted = true;
  pair_receive(w->pair, f, how & 2 ? len : ph_max_u32(len, 60));
}

static void step_icmp(struct world *w) {
  uint8_t f[FRAME];
  uint8_t which = u8(w), how = u8(w);
  const struct tcp_conn *c = pick(w, which & 7);
  if (!c) {
    return;
  }
  uint32_t quote = how & 1 ? 8 : 20;
  memset(f, 0, 128);
  uint32_t len = header(f, IP_PROTO_ICMP, 8 + IP + quote);
  uint8_t *icmp = f + ETH + IP, *ip = icmp + 8, *tcp = ip + IP;
  icmp[0] = how & 2 ? u8(w) : ICMP_UNREACHABLE;
  icmp[1] = how & 4 ? u8(w) : 4;
  put_be16(icmp + 6, u16(w)); /* MTU */
  ip[0] = 0x45;
  put_be16(ip + 2, (uint16_t)(IP + quote + u16(w) % 1500));
  ip[8] = 60;
  ip[9] = IP_PROTO_TCP;
  put_be32(ip + 12, 0x0a000001);
  put_be32(ip + 16, 0x0a000002);
  put_be16(tcp, c->local_port);
  put_be16(tcp + 2, c->remote_port);
  put_be32(tcp + 4,
           number(how >> 4, c->snd_una, c->snd_una - 1, c->snd_nxt, u16(w)));
  if (how & 8) {
    len = ph_min_u32(len, ETH + u8(w));
    put_be16(f + ETH + 2, (uint16_t)(len - ETH));
  }
  repair(f, len);
  pair_receive(w->pair, f, ph_max_u32(len, ETH));
}

/* ---- Calls -------------------------------------------------------------- */

static struct ph_sockaddr_in name(uint32_t host, uint16_t port) {
  struct ph_sockaddr_in in = {.sin_family = PH_AF_INET};
  uint8_t *p = (uint8_t *)&in;
  put_be16(p + 2, port);
  put_be32(p + 4, 0x0a000001u + host);
  return in;
}

static void call_receive(struct world *w, int fd) {
  static uint8_t buf[65536];
  uint32_t len = u16(w);
  int flags = u8(w) & (PH_MSG_OOB | PH_MSG_PEEK | PH_MSG_DONTWAIT);
  const struct ph_sock *sock = sock_get(w->stack, fd);
  const struct tcp_conn *c = sock && !sock->is_epoll ? sock->tcp : NULL;
  bool known = c && !c->listener && !w->tainted && !(flags & PH_MSG_OOB) &&
               c->state >= TCP_STATE_ESTABLISHED;
  uint32_t seq = known ? c->rcv_nxt - c->fin_received - c->rcvq_len : 0;
  long n = ph_recv(w->stack, fd, buf, len, flags);
  for (long i = 0; known && i < n; i++) {
    assert_int_equal(buf[i], stream_byte(seq + (uint32_t)i));
  }
}

static void call_make(struct world *w, uint32_t what, int fd) {
  struct ph_sockaddr_in to = name(u8(w) % 3, (uint16_t)(PORT + u8(w) % 4));
  struct ph_sockaddr_in any = name((uint32_t)-0x0a000001, to.sin_port);
  ph_socklen_t len = sizeof(to);
  switch (what) {
    case 0:
      fd = ph_socket(
          w->stack, PH_AF_INET,
          (u8(w) & 1 ? PH_SOCK_DGRAM : PH_SOCK_STREAM) | PH_SOCK_NONBLOCK, 0);
      (void)ph_connect(w->stack, fd, &to, sizeof(to));
      break;
    case 1:
      (void)ph_bind(w->stack, fd, &any, sizeof(any));
      break;
    case 2:
      (void)ph_listen(w->stack, fd, u8(w) & 7);
      break;
    case 3:
      (void)ph_accept4(w->stack, fd, &to, &len, PH_SOCK_NONBLOCK);
      break;
    default:
      (void)ph_connect(w->stack, fd, &to, sizeof(to));
      break;
  }
}

static void call_option(struct world *w, int fd) {
  static const uint8_t options[] = {
      PH_SO_SNDBUF,        PH_SO_RCVBUF,     PH_SO_KEEPALIVE,  PH_SO_OOBINLINE,
      PH_SO_LINGER,        PH_TCP_NODELAY,   PH_TCP_MAXSEG,    PH_TCP_CORK,
      PH_TCP_KEEPIDLE,     PH_TCP_KEEPCNT,   PH_TCP_LINGER2,   PH_TCP_QUICKACK,
      PH_TCP_USER_TIMEOUT, PH_TCP_KEEPINTVL, PH_TCP_CONGESTION};
  uint8_t which = u8(w);
  int level = which & 0x80 ? PH_SOL_SOCKET : PH_IPPROTO_TCP;
  int option = which & 0x40 ? which & 0x3f : options[which % sizeof(options)];
  uint32_t value[2] = {u16(w), u8(w)};
  ph_socklen_t len = sizeof(value);
  uint8_t out[300];
  (void)ph_setsockopt(w->stack, fd, level, option, value, len);
  len = sizeof(out);
  (void)ph_getsockopt(w->stack, fd, level, option, out, &len);
}

static void step_call(struct world *w) {
  static uint8_t data[65536];
  uint8_t what = u8(w);
  int fd = what >> 4;
  struct ph_sockaddr_in to = name(1, 7);
  struct ph_pollfd polls = {fd, (int16_t)0x7fff, 0};
  int n = 0;
  ph_stack_set_now(w->stack, w->pair->now_ns);
  switch (what & 15) {
    case 5:
      (void)ph_shutdown(w->stack, fd, u8(w) & 3);
      break;
    case 6:
      (void)ph_close(w->stack, fd);
      break;
    case 7:
      call_option(w, fd);
      break;
    case 8:
      (void)ph_poll(w->stack, &polls, 1, 0);
      (void)ph_ioctl(w->stack, fd, PH_FIONREAD, &n);
      (void)ph_ioctl(w->stack, fd, PH_SIOCATMARK, &n);
      break;
    case 9:
      (void)ph_sendto(w->stack, fd, data, u8(w), 0, &to, sizeof(to));
      break;
    case 10:
    case 11:
    case 12:
      call_receive(w, fd);
      break;
    case 13:
      (void)ph_send(w->stack, fd, data, 1, PH_MSG_OOB);
      break;
    case 14:
    case 15:
      n = u8(w) & 1 ? PH_MSG_MORE : 0;
      (void)ph_send(w->stack, fd, data, u16(w), n);
      break;
    default:
      call_make(w, what & 15, fd);
      break;
  }
}

/* ---- The device and time ------------------------------------------------ */

static void step_device(struct world *w) {
  struct pair_host *host = &w->pair->host[0];
  uint8_t what = u8(w);
  host->hold_completions = what & 1;
  host->ring_free = what & 2 ? what >> 4 : UINT32_MAX;
  w->pair->rx_gso_size = what & 4 ? (uint16_t)(what >> 4) * 100 : 0;
  pair_pass(w->pair, 0);
}

static void step_time(struct world *w) {
  const struct pair_host *host = &w->pair->host[0];
  uint8_t how = u8(w); /* 1/8 us .. 1100 s */
  uint64_t ns = (1000ull << (how & 31) % 31) * (1 + (how >> 5)) / 8;
  /* A device that does nothing is tried again each millisecond. */
  bool stuck = host->hold_completions || host->ring_free != UINT32_MAX;
  pair_pass(w->pair, stuck && ns > PAIR_S ? PAIR_S : ns);
}

/* ---- One run ------------------------------------------------------------ */

static void peer_segment(struct world *w, uint16_t from, uint16_t to,
                         uint8_t flags, uint32_t ack) {
  static const uint8_t syn_options[] = {2, 4,  5, 0xb4, 4, 2, 8, 10, 0, 0,
                                        0, 99, 0, 0,    0, 0, 1, 3,  3, 7};
  static const uint8_t ack_options[] = {1, 1, 8, 10, 0, 0, 0, 100, 0, 0, 0, 0};
  bool syn = flags & TCP_SYN;
  const struct pair_tx tx = {
      .src_port = from,
      .dst_port = to,
      .seq = (uint32_t)PAIR_ISS + !syn,
      .ack = ack,
      .flags = flags,
      .wnd = 500,
      .options = syn ? syn_options : ack_options,
      .options_len = syn ? sizeof(syn_options) : sizeof(ack_options)};
  pair_inject(w->pair, &tx);
  pair_pass(w->pair, PAIR_MS); /* address resolution */
}

static void begin(struct world *w) {
  struct ph_stack *s = w->stack;
  struct ph_sockaddr_in own = name((uint32_t)-0x0a000001, PORT);
  struct ph_sockaddr_in peer = name(1, 5000);
  struct ph_sockaddr_in datagrams = name((uint32_t)-0x0a000001, 7);
  int type = PH_SOCK_STREAM | PH_SOCK_NONBLOCK;
  ph_stack_set_now(s, w->pair->now_ns);
  assert_int_equal(ph_socket(s, PH_AF_INET, type, 0), 0);
  assert_int_equal(ph_bind(s, 0, &own, sizeof(own)), 0);
  assert_int_equal(ph_listen(s, 0, 3), 0);
  peer_segment(w, 4000, PORT, TCP_SYN, 0);
  uint32_t ack = pair_last(w->pair, 1)->seq + 1;
  peer_segment(w, 4000, PORT, TCP_ACK, ack);
  assert_int_equal(ph_accept4(s, 0, NULL, NULL, PH_SOCK_NONBLOCK), 1);
  assert_int_equal(ph_socket(s, PH_AF_INET, type, 0), 2);
  assert_int_equal(ph_connect(s, 2, &peer, sizeof(peer)), -PH_EINPROGRESS);
  pair_pass(w->pair, PAIR_MS);
  struct pair_seg syn = *pair_last(w->pair, 1);
  peer_segment(w, 5000, syn.src_port, TCP_SYN | TCP_ACK, syn.seq + 1);
  assert_int_equal(
      ph_socket(s, PH_AF_INET, PH_SOCK_DGRAM | PH_SOCK_NONBLOCK, 0), 3);
  assert_int_equal(ph_bind(s, 3, &datagrams, sizeof(datagrams)), 0);
}

static void end(struct world *w) {
  struct pair_host *host = &w->pair->host[0];
  const uint32_t reset[2] = {1, 0}; /* SO_LINGER: at once */
  host->hold_completions = false;
  host->ring_free = UINT32_MAX;
  ph_stack_set_now(w->stack, w->pair->now_ns);
  for (int fd = 0; fd < FDS; fd++) {
    (void)ph_setsockopt(w->stack, fd, PH_SOL_SOCKET, PH_SO_LINGER, reset,
                        sizeof(reset));
    (void)ph_close(w->stack, fd);
  }
  pair_pass(w->pair, 10 * PAIR_S); /* address resolution lets go */
  pair_free(w->pair);
}

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc;
  (void)argv;
  return setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failed assertion aborts */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const steps[])(struct world *) = {
      step_segment, step_segment, step_segment, step_segment, step_call,
      step_call,    step_call,    step_time,    step_time,    step_packet,
      step_frame,   step_icmp,    step_device,
  };
  struct world w = {.at = data, .end = data + size};
  uint8_t how = u8(&w);
  const struct pair_options options = {
      .software = how & 1,
      .blocks_each = how & 2 ? 64 : 512,
      .tcp = {.max_connections = 8,
              .max_ranges = how & 4 ? 6 : 256,
              .max_chunks = how & 8 ? 20 : 512,
              .features = {.timestamps = how & 16 ? PH_TCP_ON : PH_TCP_OFF,
                           .ecn = how & 32 ? PH_TCP_ON : PH_TCP_OFF,
                           .sack = how & 64 ? PH_TCP_ON : PH_TCP_OFF}},
      .socket = {.max_sockets = FDS}};
  w.pair = pair_new(&options);
  w.pair->to_test = true;
  w.stack = &w.pair->host[0].stack;
  begin(&w);
  for (int i = 0; i < STEPS && w.at < w.end; i++) {
    steps[u8(&w) % PH_ARRAY_LEN(steps)](&w);
    w.pair->log_count = 0;
  }
  end(&w);
  return 0;
}
