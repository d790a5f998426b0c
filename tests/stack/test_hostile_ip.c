/* SPDX-License-Identifier: Apache-2.0 */
/* A whole host, with a connection, a listener, a datagram socket and an ARP
 * cache, against frames that are cut at every byte, damaged in every byte, or
 * that lie about their lengths. The checksums are made right again, so that
 * the lie gets as deep as it can. Under AddressSanitizer the byte behind each
 * frame can't be read (poison.h). */
#include "stack/tcp/tcp_listen.h"
#include "stack/udp/udp.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "tests/stack/bare.h"
#include "tests/stack/tcp_peer.h"

enum { IP_AT = 14, L4 = 34, UDP_PORT = 7, FRAME_MAX = 200 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

struct world {
  struct peer p;
  struct udp_pcb udp;
};

static void world_new(struct world *w) {
  const struct pair_options options = {.software = true};
  struct ph_addr any = ph_addr_v4(0);
  peer_passive(&w->p, &options);
  assert_int_equal(ph_udp_init(w->p.stack), 0);
  udp_open(w->p.stack, &w->udp, 1 << 16);
  assert_int_equal(udp_bind(&w->udp, &any, UDP_PORT), 0);
  assert_int_equal(peer_app_send(&w->p, PEER_MSS), PEER_MSS);
}

static void world_free(struct world *w) {
  uint8_t buf[2048];
  struct ph_addr from;
  uint16_t port;
  while (udp_recvfrom(&w->udp, buf, sizeof(buf), false, &from, &port) >= 0) {
  }
  udp_close(&w->udp);
  peer_free(&w->p);
}

/* Every checksum of the frame is made right, as far as there is one. */
static void repair(uint8_t *f, uint32_t len) {
  uint8_t *ip = f + IP_AT;
  uint32_t ihl = (ip[0] & 15u) * 4;
  if (len < L4 || get_be16(f + 12) != ETH_TYPE_IPV4 || len < IP_AT + ihl) {
    return;
  }
  put_be16(ip + 10, 0);
  put_be16(ip + 10, (uint16_t)~csum_data(ip, ihl, 0));
  uint32_t total = ph_min_u32(get_be16(ip + 2), len - IP_AT);
  uint8_t *h = ip + ihl;
  uint32_t n = total > ihl ? total - ihl : 0;
  uint32_t at = ip[9] == IP_PROTO_TCP ? 16 : ip[9] == IP_PROTO_UDP ? 6 : 2;
  if (n < at + 2) {
    return;
  }
  uint8_t pseudo[12] = {0};
  memcpy(pseudo, ip + 12, 8);
  pseudo[9] = ip[9];
  put_be16(pseudo + 10, (uint16_t)n);
  uint32_t sum = ip[9] == IP_PROTO_ICMP ? 0 : csum_data(pseudo, 12, 0);
  put_be16(h + at, 0);
  put_be16(h + at, (uint16_t)~csum_data(h, n, sum));
}

static uint8_t *ip_frame(uint8_t *f, uint8_t protocol, uint32_t payload) {
  static const uint8_t ends[] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
  memset(f, 0, FRAME_MAX);
  memcpy(f, ends, sizeof(ends));
  f[IP_AT] = 0x45;
  put_be16(f + IP_AT + 2, (uint16_t)(20 + payload));
  f[IP_AT + 8] = 64;
  f[IP_AT + 9] = protocol;
  put_be32(f + IP_AT + 12, 0x0a000002);
  put_be32(f + IP_AT + 16, 0x0a000001);
  return f + L4;
}

/* One valid frame of each kind; returns its length. */
enum kind {
  ARP_REQUEST,
  ARP_REPLY,
  ECHO,
  UDP,
  TCP_DATA,
  TCP_OPEN,
  TOO_BIG,
  UNREACHABLE,
  KINDS
};

static void tcp_header(const struct world *w, uint8_t *h, uint32_t hlen,
                       uint8_t flags) {
  put_be16(h, PEER_PORT);
  put_be16(h + 2, OUR_PORT);
  put_be32(h + 4, w->p.conn->rcv_nxt);
  put_be32(h + 8, w->p.conn->snd_una);
  h[12] = (uint8_t)(hlen / 4 << 4);
  h[13] = flags;
  put_be16(h + 14, PEER_WND);
}

static uint32_t arp_frame(uint8_t *f, uint16_t oper) {
  (void)ip_frame(f, 0, 0);
  bare_arp(f, f, f + 6, oper, 0x0a000002, 0x0a000001);
  return BARE_ARP_LEN;
}

/* An ICMP error that quotes the segment that is out. */
static uint32_t icmp_error(const struct world *w, uint8_t *f, uint8_t code) {
  uint8_t *h = ip_frame(f, IP_PROTO_ICMP, 8 + 20 + 20);
  uint8_t *q = h + 8;
  h[0] = ICMP_UNREACHABLE;
  h[1] = code;
  put_be16(h + 6, code == 4 ? 600 : 0);
  q[0] = 0x45;
  put_be16(q + 2, 40 + PEER_MSS);
  q[8] = 60;
  q[9] = IP_PROTO_TCP;
  put_be32(q + 12, 0x0a000001);
  put_be32(q + 16, 0x0a000002);
  put_be16(q + 20, OUR_PORT);
  put_be16(q + 22, PEER_PORT);
  put_be32(q + 24, w->p.conn->snd_una);
  q[32] = 0x50;
  return L4 + 48;
}

static uint32_t make(const struct world *w, enum kind kind, uint8_t *f) {
  static const uint8_t options[] = {2, 4, 3, 232, 1, 3, 3, 7, 4, 2, 1, 1};
  uint32_t len = 0;
  uint8_t *h;
  switch (kind) {
    case ARP_REQUEST:
    case ARP_REPLY:
      return arp_frame(f, kind == ARP_REPLY ? 2 : 1);
    case ECHO:
      h = ip_frame(f, IP_PROTO_ICMP, 24);
      h[0] = ICMP_ECHO;
      len = L4 + 24;
      break;
    case UDP:
      h = ip_frame(f, IP_PROTO_UDP, 24);
      put_be16(h, 9);
      put_be16(h + 2, UDP_PORT);
      put_be16(h + 4, 24);
      len = L4 + 24;
      break;
    case TCP_DATA:
      tcp_header(w, ip_frame(f, IP_PROTO_TCP, 30), 20, TCP_ACK | TCP_PSH);
      len = L4 + 30;
      break;
    case TCP_OPEN:
      h = ip_frame(f, IP_PROTO_TCP, 32);
      tcp_header(w, h, 32, TCP_SYN);
      put_be16(h, 5000);
      memcpy(h + 20, options, sizeof(options));
      len = L4 + 32;
      break;
    case TOO_BIG:
      len = icmp_error(w, f, 4);
      break;
    default:
      len = icmp_error(w, f, 1);
      break;
  }
  repair(f, len);
  return len;
}

/* Give the datagrams back, forget the half-open, keep the log short. */
static void tidy(struct world *w) {
  uint8_t buf[2048];
  struct ph_addr from;
  uint16_t port;
  while (udp_recvfrom(&w->udp, buf, sizeof(buf), false, &from, &port) >= 0) {
  }
  while (w->p.conn->rcvq_len > 0) {
    assert_true(tcp_recv(w->p.stack, w->p.conn, buf, sizeof(buf), false) > 0);
  }
  if (tcp_of(w->p.stack)->conns_open > 2) {
    const struct tcp_listener *l = w->p.listener->listener;
    while (ph_link_linked(&l->syn_queue)) {
      tcp_conn_free(w->p.stack, PH_CONTAINER_OF(ph_link_next(&l->syn_queue),
                                                struct tcp_conn, link));
    }
  }
  w->p.pair->log_count = 0;
  pair_pass(w->p.pair, 2 * PAIR_MS); /* tokens for ICMP */
}

static void whole_frames_are_what_they_should_be(void **state) {
  /* EVIDENCE: the seeds of the tests below are valid */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  for (int kind = 0; kind < KINDS; kind++) {
    uint32_t len = make(&w, (enum kind)kind, f);
    pair_receive(w.p.pair, f, len);
  }
  const struct ph_stats *s = &w.p.stack->stats;
  assert_int_equal(s->EthInErrors + s->ArpInErrors + s->IpInHdrErrors +
                       s->IpInAddrErrors + s->IcmpInErrors + s->UdpInErrors +
                       s->TcpInErrs + s->IpInUnknownProtos,
                   0);
  assert_int_equal(s->IcmpInEchos, 1);
  assert_int_equal(s->UdpInDatagrams, 1);
  assert_int_equal(w.p.conn->rcvq_len, 10);
  assert_int_equal(w.p.conn->snd_mss, 560);
  assert_int_equal(w.p.conn->soft_error, PH_EHOSTUNREACH);
  assert_int_equal(tcp_of(w.p.stack)->conns_open, 3);
  tidy(&w);
  world_free(&w);
}

static void every_kind_cut_at_every_byte_is_survived(void **state) {
  /* EVIDENCE: lwIP bug 108; Ripple20 CVE-2020-11896 (lengths that lie) */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  for (int kind = 0; kind < KINDS; kind++) {
    uint32_t whole = make(&w, (enum kind)kind, f);
    for (uint32_t len = 0; len < whole; len++) {
      /* As it is, and with a total length that hides the cut. */
      for (int hide = 0; hide < 2; hide++) {
        (void)make(&w, (enum kind)kind, f);
        if (hide && kind > ARP_REPLY && len >= L4) {
          put_be16(f + IP_AT + 2, (uint16_t)(len - IP_AT));
          repair(f, len);
        }
        pair_receive(w.p.pair, f, len);
        tidy(&w);
        assert_int_equal(peer_state(&w.p), TCP_STATE_ESTABLISHED);
      }
    }
  }
  world_free(&w);
}

static uint8_t damage(uint8_t byte, uint32_t how) {
  switch (how) {
    case 8:
      return 0;
    case 9:
      return 0xff;
    case 10:
      return (uint8_t)(byte + 1);
    case 11:
      return (uint8_t)~byte;
    default:
      return (uint8_t)(byte ^ 1u << how);
  }
}

/* What a single wrong byte in a segment for the connection may do to it: its
 * own bytes may tell anything (a FIN, an ACK, another window), but no reset
 * that does not fit is believed. */
static void every_kind_with_every_byte_wrong_is_survived(void **state) {
  /* EVIDENCE: AMNESIA:33; checksums are right, everything else may be not */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  for (int kind = 0; kind < KINDS; kind++) {
    uint32_t len = make(&w, (enum kind)kind, f);
    for (uint32_t at = 0; at < len; at++) {
      for (uint32_t x = 0; x < 12; x++) {
        (void)make(&w, (enum kind)kind, f);
        f[at] = damage(f[at], x);
        repair(f, len);
        pair_receive(w.p.pair, f, len);
        tidy(&w);
        if (peer_state(&w.p) != TCP_STATE_ESTABLISHED) {
          assert_true(kind == TCP_DATA && at == L4 + 13); /* flags */
          world_free(&w);
          world_new(&w);
        }
      }
    }
  }
  world_free(&w);
}

static void damage_that_checksums_show_changes_nothing(void **state) {
  /* EVIDENCE: RFC 9293 3.1 (MUST-3), RFC 1122 3.2.1.2, 4.1.3.4 */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  for (int kind = ECHO; kind < KINDS; kind++) {
    uint32_t len = make(&w, (enum kind)kind, f);
    for (uint32_t bit = IP_AT * 8; bit < len * 8; bit++) {
      struct ph_stats before = w.p.stack->stats;
      (void)make(&w, (enum kind)kind, f);
      f[bit / 8] ^= (uint8_t)(1u << bit % 8);
      pair_receive(w.p.pair, f, len);
      const struct ph_stats *s = &w.p.stack->stats;
      assert_int_equal(
          s->IpInHdrErrors + s->IcmpInErrors + s->UdpInErrors + s->TcpInErrs,
          before.IpInHdrErrors + before.IcmpInErrors + before.UdpInErrors +
              before.TcpInErrs + 1);
      assert_int_equal(s->UdpInDatagrams, before.UdpInDatagrams);
      assert_int_equal(w.p.conn->rcv_nxt, first);
      assert_int_equal(w.p.conn->snd_mss, PEER_MSS);
      assert_int_equal(w.p.conn->soft_error, 0);
      assert_int_equal(tcp_of(w.p.stack)->conns_open, 2);
    }
  }
  world_free(&w);
}

static void icmp_errors_with_foreign_numbers_are_ignored(void **state) {
  /* EVIDENCE: RFC 5927 4.1 */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  const uint32_t wrong[] = {(uint32_t)-1,       PEER_MSS,    PEER_MSS + 1,
                            0x7fffffff,         0x80000000u, 0x80000001u,
                            (uint32_t)-PEER_WND};
  for (int kind = TOO_BIG; kind <= UNREACHABLE; kind++) {
    for (size_t i = 0; i < PH_ARRAY_LEN(wrong); i++) {
      uint32_t len = make(&w, (enum kind)kind, f);
      put_be32(f + L4 + 8 + 24, w.p.conn->snd_una + wrong[i]);
      repair(f, len);
      pair_receive(w.p.pair, f, len);
    }
    for (uint32_t at = 12; at < 24; at++) { /* addresses and ports */
      uint32_t len = make(&w, (enum kind)kind, f);
      f[L4 + 8 + at] ^= 1;
      repair(f, len);
      pair_receive(w.p.pair, f, len);
    }
  }
  assert_int_equal(w.p.conn->snd_mss, PEER_MSS);
  assert_int_equal(w.p.conn->soft_error, 0);
  assert_int_equal(peer_state(&w.p), TCP_STATE_ESTABLISHED);
  world_free(&w);
}

static void too_big_storm_never_goes_below_the_least_mss(void **state) {
  /* EVIDENCE: RFC 5927 7.2; RFC 1191 */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  for (uint32_t mtu = 0; mtu < 65536; mtu += mtu < 700 ? 1 : 1021) {
    uint32_t len = make(&w, TOO_BIG, f);
    put_be16(f + L4 + 6, (uint16_t)mtu);
    repair(f, len);
    pair_receive(w.p.pair, f, len);
    w.p.pair->log_count = 0;
    assert_in_range(w.p.conn->snd_mss, 552 - 40, PEER_MSS);
  }
  assert_int_equal(w.p.conn->snd_mss, 552 - 40);
  world_free(&w);
}

static void sources_that_can_not_be_reach_nobody(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1.3, 4.1.3.6a; RFC 9293 MUST-63; LAND (CERT
   * CA-1997-28) */
  (void)state;
  const uint32_t bad[] = {0x0a000001, 0x7f000001, 0xffffffff, 0xe0000001,
                          0x0a0000ff, 0,          0xf0000001};
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  uint32_t sent = w.p.pair->log_count;
  for (int kind = ECHO; kind <= TCP_OPEN; kind++) {
    for (size_t i = 0; i < PH_ARRAY_LEN(bad); i++) {
      uint64_t before = w.p.stack->stats.IpInAddrErrors;
      uint32_t len = make(&w, (enum kind)kind, f);
      put_be32(f + IP_AT + 12, bad[i]);
      if (kind == TCP_OPEN) {
        put_be16(f + L4, OUR_PORT); /* LAND: both ends the same */
      }
      repair(f, len);
      pair_receive(w.p.pair, f, len);
      assert_int_equal(w.p.stack->stats.IpInAddrErrors, before + 1);
    }
  }
  assert_int_equal(w.p.pair->log_count, sent);
  assert_int_equal(tcp_of(w.p.stack)->conns_open, 2);
  world_free(&w);
}

static void syn_to_a_group_is_ignored(void **state) {
  /* EVIDENCE: RFC 9293 MUST-57 */
  (void)state;
  static const uint32_t groups[] = {0x0a0000ff, 0xffffffff, 0xe0000001};
  static const uint8_t flags[] = {TCP_SYN, TCP_ACK, TCP_FIN, TCP_RST};
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  uint32_t sent = w.p.pair->log_count;
  /* With its queue full the listener counts each SYN that it looks at. */
  struct tcp_listener *listener = w.p.listener->listener;
  uint64_t overflows = w.p.stack->stats.TcpListenOverflows;
  listener->accept_count += listener->backlog + 1;
  for (size_t i = 0; i < PH_ARRAY_LEN(groups); i++) {
    for (size_t j = 0; j < PH_ARRAY_LEN(flags); j++) {
      uint32_t len = make(&w, TCP_OPEN, f);
      put_be32(f + IP_AT + 16, groups[i]);
      f[L4 + 13] = flags[j];
      repair(f, len);
      pair_receive(w.p.pair, f, len);
    }
  }
  listener->accept_count -= listener->backlog + 1;
  assert_int_equal(w.p.stack->stats.TcpListenOverflows, overflows);
  assert_int_equal(w.p.pair->log_count, sent);
  assert_int_equal(tcp_of(w.p.stack)->conns_open, 2);
  world_free(&w);
}

static void source_quench_changes_nothing(void **state) {
  /* EVIDENCE: RFC 9293 MUST-55 */
  (void)state;
  enum { SOURCE_QUENCH = 4 };
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  uint32_t cwnd = w.p.conn->cwnd;
  uint32_t sent = w.p.pair->log_count;
  for (uint8_t code = 0; code < 4; code++) {
    uint32_t len = make(&w, UNREACHABLE, f);
    f[L4] = SOURCE_QUENCH;
    f[L4 + 1] = code;
    repair(f, len);
    pair_receive(w.p.pair, f, len);
  }
  assert_int_equal(w.p.conn->cwnd, cwnd);
  assert_int_equal(w.p.conn->soft_error, 0);
  assert_int_equal(peer_state(&w.p), TCP_STATE_ESTABLISHED);
  assert_int_equal(w.p.pair->log_count, sent);
  world_free(&w);
}

static void syn_options_of_any_shape_are_survived(void **state) {
  /* EVIDENCE: RFC 9293 3.1 (MUST-7); picoTCP issue 506 (length 0); URGENT/11 */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  for (uint32_t kind = 0; kind < 256; kind += kind < 32 ? 1 : 37) {
    for (uint32_t olen = 0; olen <= 41; olen++) {
      for (uint32_t at = 0; at < 40; at += 39) {
        (void)make(&w, TCP_OPEN, f);
        uint8_t *h = f + L4;
        put_be16(f + IP_AT + 2, 20 + 60);
        h[12] = 0xf0;
        memset(h + 20, 1, 40); /* NOP */
        h[20 + at] = (uint8_t)kind;
        if (at < 39) {
          h[21 + at] = (uint8_t)olen;
        }
        repair(f, L4 + 60);
        pair_receive(w.p.pair, f, L4 + 60);
        tidy(&w);
      }
    }
  }
  assert_int_equal(w.p.stack->stats.TcpInErrs, 0);
  world_free(&w);
}

static void arp_flood_does_not_stop_a_connection(void **state) {
  /* EVIDENCE: RFC 1122 2.3.2.1; docs/stack_lower.md, ARP */
  (void)state;
  struct world w;
  uint8_t f[FRAME_MAX];
  world_new(&w);
  assert_int_equal(tcp_set(w.p.stack, w.p.conn, TCP_SETTING_NODELAY, 1), 0);
  for (uint32_t i = 0; i < 5000; i++) {
    uint32_t len = make(&w, i % 3 ? ARP_REQUEST : ARP_REPLY, f);
    put_be32(f + 28, 0x0a000003 + i % 250);
    put_be32(f + 24, i * 2654435761u);
    pair_receive(w.p.pair, f, len);
    if (i % 50 == 0) {
      w.p.pair->log_count = 0;
      assert_int_equal(peer_app_send(&w.p, 1), 1);
      pair_pass(w.p.pair, PAIR_MS);
      peer_ack(&w.p, w.p.conn->snd_nxt);
      assert_true(w.p.pair->log_count > 0);
      assert_int_equal(w.p.conn->snd_una, w.p.conn->snd_nxt);
    }
  }
  assert_true(w.p.stack->pkts.available + 16 >= w.p.stack->pkts.count);
  world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_frames_are_what_they_should_be),
      cmocka_unit_test(every_kind_cut_at_every_byte_is_survived),
      cmocka_unit_test(every_kind_with_every_byte_wrong_is_survived),
      cmocka_unit_test(damage_that_checksums_show_changes_nothing),
      cmocka_unit_test(icmp_errors_with_foreign_numbers_are_ignored),
      cmocka_unit_test(too_big_storm_never_goes_below_the_least_mss),
      cmocka_unit_test(sources_that_can_not_be_reach_nobody),
      cmocka_unit_test(arp_flood_does_not_stop_a_connection),
      cmocka_unit_test(syn_to_a_group_is_ignored),
      cmocka_unit_test(source_quench_changes_nothing),
      cmocka_unit_test(syn_options_of_any_shape_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
