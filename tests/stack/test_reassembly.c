/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly of both families: group 4 of what hostile senders do. Each test
 * runs once with IPv4 and once with IPv6. */
#include "tests/stack/lower6.h"

enum { ETH = 14, PORT = 5000, DATA_MAX = 65535 };
#define SECOND UINT64_C(1000000000)

struct world {
  struct lower *host;
  struct udp_pcb udp;
  bool v6;
  uint32_t blocks; /* free at the start */
  uint8_t tos, protocol;
  uint32_t src; /* last byte of the sender's address */
  uint8_t data[DATA_MAX + 200];
};

static struct world *world_new(bool v6, const struct ph_reassembly_config *c) {
  struct world *w = calloc(1, sizeof(*w));
  assert_non_null(w);
  w->host = v6 ? lower6_new(NULL) : lower_new(NULL);
  w->v6 = v6;
  w->protocol = IP_PROTO_UDP;
  w->src = 2;
  if (v6) {
    lower6_learn_peer(w->host);
  } else {
    lower_learn_peer(w->host);
  }
  assert_int_equal(ph_ip_reassembly_init(&w->host->stack, c), 0);
  udp_open(&w->host->stack, &w->udp, 1 << 20);
  udp_set_any(&w->udp, &(struct ph_addr){{0}});
  assert_int_equal(udp_bind(&w->udp, &w->udp.any, PORT), 0);
  w->blocks = w->host->stack.blocks.available;
  w->host->count = 0;
  return w;
}

static void world_free(struct world *w) {
  udp_close(&w->udp);
  lower6_pass(w->host, 70 * SECOND);
  assert_int_equal(w->host->stack.blocks.available, w->blocks);
  lower_free(w->host);
  free(w);
}

/* A datagram of `len` bytes, UDP header included, whose sum is right. */
static void make_datagram(struct world *w, uint32_t len) {
  uint8_t *d = w->data;
  for (uint32_t i = 8; i < len; i++) {
    d[i] = (uint8_t)(i * 31 + (i >> 8));
  }
  put_be16(d, 4000);
  put_be16(d + 2, PORT);
  put_be16(d + 4, (uint16_t)len);
  put_be16(d + 6, 0);
  uint32_t pseudo = 17 + len;
  struct ph_addr src = lower6_peer;
  src.bytes[15] = (uint8_t)w->src;
  uint8_t four[8];
  put_be32(four, LOWER_PEER - 2 + w->src);
  put_be32(four + 4, LOWER_HOST);
  pseudo = w->v6 ? csum_data(&src, 16, csum_data(&lower6_host, 16, pseudo))
                 : csum_data(four, 8, pseudo);
  put_be16(d + 6, (uint16_t)~csum_data(d, len, pseudo));
}

/* Bytes `from` to `from + len` of it come. */
static void send(struct world *w, uint32_t id, uint32_t from, uint32_t len,
                 bool more) {
  struct lower *host = w->host;
  if (w->v6) {
    struct ph_addr src = lower6_peer;
    src.bytes[15] = (uint8_t)w->src;
    uint8_t *h = lower6_ip(host, IPV6_NEXT_FRAGMENT, 8 + len);
    put_be16(LOWER6_IP(host), (uint16_t)(0x6000 | (uint32_t)w->tos << 4));
    lower6_set_src(host, &src);
    h[0] = w->protocol;
    put_be16(h + 2, (uint16_t)(from | more));
    put_be32(h + 4, id);
    memcpy(h + 8, w->data + from, len);
    lower_receive(host, host->scratch, ETH + 48 + len);
    return;
  }
  uint8_t *h = lower_ip(host, w->protocol, len);
  uint8_t *ip = LOWER_IP(host);
  memcpy(h, w->data + from, len);
  ip[IPV4_OFF_TOS] = w->tos;
  put_be32(ip + IPV4_OFF_SRC, LOWER_PEER - 2 + w->src);
  put_be16(ip + IPV4_OFF_ID, (uint16_t)id);
  put_be16(ip + IPV4_OFF_FRAG,
           (uint16_t)(from / 8 | (more ? (uint32_t)IPV4_MF : 0)));
  lower_ip_sum(host);
  lower_receive(host, host->scratch, ETH + 20 + len);
}

/* Takes the datagram that was delivered; false: none. */
static bool delivered(struct world *w, uint32_t len) {
  static uint8_t got[DATA_MAX];
  struct ph_addr from;
  uint16_t port;
  long n = udp_recvfrom(&w->udp, got, sizeof(got), false, &from, &port);
  if (n < 0) {
    return false;
  }
  assert_int_equal(n, len - 8);
  assert_memory_equal(got, w->data + 8, len - 8);
  return true;
}

static uint64_t fails(const struct world *w) {
  const struct ph_stats *s = &w->host->stack.stats;
  return w->v6 ? s->Ip6ReasmFails : s->IpReasmFails;
}

#define BOTH_FAMILIES(v6) for (int v6 = 0; v6 < 2; v6++)

static void fragments_in_any_order_are_one_datagram(void **state) {
  /* EVIDENCE: RFC 791 3.2c; RFC 815; RFC 8200 4k; RFC 1122 3.3.2 */
  (void)state;
  static const uint32_t cut[] = {0, 800, 808, 1600, 2001};
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    make_datagram(w, 2001);
    for (uint32_t order = 0; order < 256; order++) {
      uint32_t a[4] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6};
      if ((1u << a[0] | 1u << a[1] | 1u << a[2] | 1u << a[3]) != 15) {
        continue;
      }
      for (uint32_t i = 0; i < 4; i++) {
        assert_false(delivered(w, 2001));
        send(w, 7 + order, cut[a[i]], cut[a[i] + 1] - cut[a[i]], a[i] < 3);
      }
      assert_true(delivered(w, 2001));
    }
    assert_int_equal(fails(w), 0);
    world_free(w);
  }
}

static void longest_datagram_is_built(void **state) {
  /* EVIDENCE: RFC 791 3.2d; RFC 1122 3.3.2 (EMTU_R); RFC 8200 5 */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    uint32_t len = v6 ? 65527 : 65515;
    make_datagram(w, len);
    for (uint32_t at = 0; at < len; at += 1448) {
      uint32_t n = ph_min_u32(1448, len - at);
      send(w, 1, at, n, at + n < len);
    }
    assert_true(delivered(w, len));
    world_free(w);
  }
}

/* Allen's thirteen relations of a second fragment to one of units 16 to 32 of
 * 64. */
static void overlap_of_any_kind_ends_the_datagram(void **state) {
  /* EVIDENCE: RFC 5722 4a; RFC 8200 4.5 (overlap); RFC 1858 */
  (void)state;
  static const struct {
    uint32_t from, to;
    bool good;
  } second[] = {
      {4, 12, true},   /* before */
      {8, 16, true},   /* meets */
      {8, 24, false},  /* overlaps */
      {16, 24, false}, /* starts */
      {20, 28, false}, /* during */
      {24, 32, false}, /* finishes */
      {16, 32, true},  /* equals: a duplicate */
      {8, 32, false},  /* is finished by */
      {8, 40, false},  /* contains */
      {16, 40, false}, /* is started by */
      {24, 40, false}, /* is overlapped by */
      {32, 40, true},  /* is met by */
      {36, 44, true},  /* after */
  };
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    make_datagram(w, 512);
    for (uint32_t i = 0; i < PH_ARRAY_LEN(second); i++) {
      bool have[64] = {false};
      send(w, 100 + i, 128, 128, true);
      send(w, 100 + i, second[i].from * 8, (second[i].to - second[i].from) * 8,
           true);
      for (uint32_t unit = 0; unit < 64; unit++) {
        have[unit] = (unit >= 16 && unit < 32) ||
                     (unit >= second[i].from && unit < second[i].to);
      }
      for (uint32_t unit = 0; unit < 64; unit++) { /* what lacks */
        if (!have[unit]) {
          send(w, 100 + i, unit * 8, 8, unit < 63);
        }
      }
      assert_int_equal(delivered(w, 512), second[i].good);
      if (!second[i].good) { /* not even when all of it comes again */
        send(w, 100 + i, 0, 256, true);
        send(w, 100 + i, 256, 256, false);
        assert_false(delivered(w, 512));
        assert_int_equal(fails(w), 1);
        w->host->stack.stats.IpReasmFails = 0;
        w->host->stack.stats.Ip6ReasmFails = 0;
      }
    }
    world_free(w);
  }
}

static void lengths_and_ends_that_lie_build_nothing(void **state) {
  /* EVIDENCE: RFC 791 3.2; RFC 8200 4.5; CVE-1999-0128 (beyond 65535) */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    make_datagram(w, 512);
    uint32_t id = 0;
    for (uint32_t len = 1; len < 8; len++) { /* in the middle */
      send(w, ++id, 0, 256 + len, true);
      send(w, id, 256, 256, false);
      assert_false(delivered(w, 512));
    }
    for (uint32_t from = 65528 - 64; from <= 65528; from += 8) {
      send(w, ++id, from, 80, false);
    }
    send(w, ++id, 256, 0, true); /* of nothing */
    send(w, ++id, 256, 0, false);
    send(w, ++id, 256, 256, false); /* two ends */
    send(w, id, 128, 128, false);
    send(w, id, 0, 256, true);
    assert_false(delivered(w, 512));
    send(w, ++id, 256, 256, true); /* an end before what came */
    send(w, id, 128, 128, false);
    send(w, id, 0, 128, true);
    assert_false(delivered(w, 512));
    send(w, ++id, 256, 128, false); /* something behind the end */
    send(w, id, 384, 128, true);
    send(w, id, 0, 256, true);
    assert_false(delivered(w, 512));
    send(w, ++id, 256, 256, false); /* the end twice: once as if more came */
    send(w, id, 256, 256, true);
    send(w, id, 0, 256, true);
    assert_false(delivered(w, 512));
    world_free(w);
  }
}

static void last_before_first_and_duplicates_are_fine(void **state) {
  /* EVIDENCE: RFC 791 3.2; RFC 8200 4.5 (exact duplicates) */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    make_datagram(w, 512);
    for (int i = 0; i < 3; i++) {
      send(w, 1, 256, 256, false);
    }
    send(w, 1, 0, 128, true);
    send(w, 1, 0, 128, true);
    send(w, 1, 256, 256, false);
    send(w, 1, 128, 128, true);
    assert_true(delivered(w, 512));
    assert_int_equal(fails(w), 0);
    world_free(w);
  }
}

static void datagrams_are_told_apart(void **state) {
  /* EVIDENCE: RFC 791 3.2c; RFC 8200 4.5; RFC 6864 */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    make_datagram(w, 512);
    send(w, 1, 0, 256, true);
    send(w, 2, 256, 256, false); /* another identification */
    assert_false(delivered(w, 512));
    w->src = 3;
    send(w, 1, 256, 256, false); /* another source */
    w->src = 2;
    assert_false(delivered(w, 512));
    if (!v6) {
      w->protocol = IP_PROTO_TCP;
      send(w, 1, 256, 256, false);
      w->protocol = IP_PROTO_UDP;
      assert_false(delivered(w, 512));
    }
    send(w, 1, 256, 256, false);
    assert_true(delivered(w, 512));
    world_free(w);
  }
}

static void incomplete_datagrams_stay_bounded(void **state) {
  /* EVIDENCE: RFC 1858; RFC 8200 5; CVE-2018-5391 */
  (void)state;
  const struct ph_reassembly_config small = {.max_datagrams = 20,
                                             .max_blocks = 30};
  BOTH_FAMILIES(v6) {
    for (int config = 0; config < 2; config++) {
      struct world *w = world_new(v6, config ? &small : NULL);
      const struct ph_stack *stack = &w->host->stack;
      make_datagram(w, 4096);
      for (uint32_t id = 0; id < 1000; id++) {
        send(w, id, 8 * (id % 100), 8, true);
        uint32_t held = w->blocks - stack->blocks.available;
        assert_in_range(held, 2, config ? 30 : 128);
      }
      /* The next one is built all the same. */
      for (uint32_t at = 0; at < 4096; at += 512) {
        send(w, 5000, at, 512, at + 512 < 4096);
      }
      assert_true(delivered(w, 4096));
      lower6_pass(w->host, 61 * SECOND);
      assert_int_equal(stack->blocks.available, w->blocks);
      assert_in_range(fails(w), 1000, 1000);
      world_free(w);
    }
  }
}

/* One datagram alone may not take more than its share. */
static void one_datagram_beyond_the_bound_is_dropped(void **state) {
  /* EVIDENCE: RFC 8200 5 */
  (void)state;
  const struct ph_reassembly_config small = {.max_blocks = 4};
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, &small);
    make_datagram(w, 20000);
    for (uint32_t at = 0; at < 20000; at += 1000) {
      send(w, 1, at, 1000, at + 1000 < 20000);
    }
    assert_false(delivered(w, 20000));
    assert_int_equal(fails(w), 1);
    make_datagram(w, 12000);
    for (uint32_t at = 0; at < 12000; at += 1000) {
      send(w, 2, at, 1000, at + 1000 < 12000);
    }
    assert_true(delivered(w, 12000));
    world_free(w);
  }
}

static void time_is_over_and_the_sender_is_told(void **state) {
  /* EVIDENCE: RFC 792 2b; RFC 791 3.2f; RFC 1122 3.3.2; RFC 8200 4.5; RFC 4443
   * 3.3 */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    struct lower *host = w->host;
    uint64_t life = (v6 ? 60 : 30) * SECOND;
    make_datagram(w, 512);
    send(w, 1, 256, 256, false); /* nobody is told without the first */
    lower6_pass(host, SECOND);
    send(w, 2, 0, 256, true);
    lower6_pass(host, life - SECOND - 1);
    assert_int_equal(host->count, 0);
    lower6_pass(host, SECOND);
    assert_int_equal(v6 ? host->stack.stats.Ip6ReasmTimeout
                        : host->stack.stats.IpReasmTimeout,
                     1);
    lower6_pass(host, 2 * SECOND); /* the neighbour is asked again, too */
    const uint8_t *ip = NULL;
    for (uint32_t i = 0; i < host->count; i++) {
      const uint8_t *f = host->frame[i];
      uint32_t at = v6 ? 54 : 34;
      if (host->len[i] > 200 && f[at] == (v6 ? 3 : 11)) {
        assert_int_equal(f[at + 1], 1);
        ip = f + at + 8;
        assert_int_equal(host->len[i], at + 8 + (v6 ? 48 : 20) + 256);
      }
    }
    assert_non_null(ip);
    assert_memory_equal(ip + (v6 ? 48 : 20), w->data, 256);
    send(w, 1, 0, 256, true); /* what comes too late begins anew */
    assert_false(delivered(w, 512));
    world_free(w);
  }
}

static void marks_of_congestion_are_merged(void **state) {
  /* EVIDENCE: RFC 3168 5.3 */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    make_datagram(w, 512);
    for (uint8_t a = 0; a < 4; a++) {
      for (uint8_t b = 0; b < 4; b++) {
        uint32_t id = 16u * a + b;
        w->tos = a;
        send(w, id, 0, 256, true);
        w->tos = b;
        send(w, id, 256, 256, false);
        assert_int_equal(delivered(w, 512), (a == 0) == (b == 0));
      }
    }
    world_free(w);
  }
}

/* Other protocols in fragments: IP in IP, a TCP header that is cut. */
static void whatever_is_inside_is_survived(void **state) {
  /* EVIDENCE: CVE-2020-11896 (IP in IP); RFC 3128 */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    uint32_t id = 0;
    for (uint32_t protocol = 0; protocol < 256; protocol++) {
      for (uint32_t len = 16; len <= 64; len += 24) {
        make_datagram(w, 64);
        memset(w->data, protocol == 4 ? 0x45 : (int)protocol, 40);
        w->protocol = (uint8_t)protocol;
        id++;
        send(w, id, len / 2 & ~7u, len - (len / 2 & ~7u), false);
        send(w, id, 0, len / 2 & ~7u, true);
      }
    }
    assert_false(delivered(w, 64));
    world_free(w);
  }
}

static void random_fragments_are_survived(void **state) {
  /* EVIDENCE: RFC 8200 4.5; RFC 791 3.2 */
  (void)state;
  uint32_t rng = 1;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    uint32_t built = 0;
    make_datagram(w, 96);
    for (uint32_t i = 0; i < 60000; i++) {
      rng = rng * 1664525u + 1013904223u;
      uint32_t from = (rng >> 10) % 12, to = from + 1 + (rng >> 16) % 12;
      to = ph_min_u32(to, 12);
      send(w, rng >> 29, from * 8, (to - from) * 8,
           to < 12 && (rng >> 24 & 15) != 0);
      built += delivered(w, 96);
      if (i % 64 == 0) {
        lower6_pass(w->host, 61 * SECOND);
        w->host->count = 0;
      }
    }
    assert_in_range(built, 10, 60000);
    world_free(w);
  }
}

static void fragments_of_a_fragment_are_dropped(void **state) {
  /* EVIDENCE: RFC 8200 4.5 (one fragment header) */
  (void)state;
  struct world *w = world_new(true, NULL);
  make_datagram(w, 512);
  memmove(w->data + 8, w->data, 504);
  memset(w->data, 0, 8);
  w->data[0] = IP_PROTO_UDP;
  w->data[3] = 1; /* more */
  w->protocol = IPV6_NEXT_FRAGMENT;
  send(w, 1, 0, 256, true);
  send(w, 1, 256, 256, false);
  assert_int_equal(w->host->stack.stats.Ip6ReasmOKs, 1);
  assert_int_equal(fails(w), 1);
  world_free(w);
}

static uint32_t echoed;

static void take_echo(void *ctx, const struct ph_addr *from, uint16_t id,
                      uint16_t seq, const uint8_t *data, uint32_t len,
                      uint8_t ttl) {
  (void)from;
  (void)id;
  (void)seq;
  (void)ttl;
  assert_memory_equal(data, ctx, len);
  echoed = len;
}

/* There and back in fragments, over loopback. */
static void long_echo_comes_back(void **state) {
  /* EVIDENCE: RFC 1122 3.2.2.6; RFC 4443 4.2 */
  (void)state;
  BOTH_FAMILIES(v6) {
    struct world *w = world_new(v6, NULL);
    struct ph_stack *stack = &w->host->stack;
    struct ph_addr to = v6 ? lower6_host : ph_addr_v4(LOWER_HOST);
    make_datagram(w, 4000);
    netif_first(stack)->caps.mtu = 1280; /* loopback */
    icmp_on_echo_reply(stack, take_echo, w->data);
    echoed = 0;
    assert_int_equal(icmp_send_echo(stack, &to, 1, 1, w->data, 4000), 0);
    lower6_pass(w->host, SECOND);
    assert_int_equal(echoed, 4000);
    assert_int_equal(v6 ? stack->stats.Ip6ReasmOKs : stack->stats.IpReasmOKs,
                     2);
    world_free(w);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fragments_in_any_order_are_one_datagram),
      cmocka_unit_test(longest_datagram_is_built),
      cmocka_unit_test(overlap_of_any_kind_ends_the_datagram),
      cmocka_unit_test(lengths_and_ends_that_lie_build_nothing),
      cmocka_unit_test(last_before_first_and_duplicates_are_fine),
      cmocka_unit_test(datagrams_are_told_apart),
      cmocka_unit_test(incomplete_datagrams_stay_bounded),
      cmocka_unit_test(one_datagram_beyond_the_bound_is_dropped),
      cmocka_unit_test(time_is_over_and_the_sender_is_told),
      cmocka_unit_test(marks_of_congestion_are_merged),
      cmocka_unit_test(whatever_is_inside_is_survived),
      cmocka_unit_test(random_fragments_are_survived),
      cmocka_unit_test(fragments_of_a_fragment_are_dropped),
      cmocka_unit_test(long_echo_comes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
