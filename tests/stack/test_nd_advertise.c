/* SPDX-License-Identifier: Apache-2.0 */
/* Routers that advertise themselves: when, what, to whom they answer; and two
 * hosts that configure themselves by what a router between them says. */
#include "stack/ip/ipv6_internal.h"
#include "tests/stack/lower6.h"

#define S LOWER6_S
static const struct ph_ipv6_advertise usual = {0};

/* ---- What a router sends ------------------------------------------------- */

static struct lower *router_new(void) {
  struct lower *r = lower6_new(NULL);
  ph_ip_set_forwarding(&r->stack, true);
  return r;
}

static int advertise(struct lower *r, const struct ph_ipv6_advertise *config) {
  return ph_ipv6_advertise(&r->stack, &r->netif, config);
}

/* Until one more frame was sent that is an advertisement: its message; others
 * are reports of groups. How long it took is at `ns`. */
static const uint8_t *next_advert(struct lower *r, uint64_t *ns) {
  uint64_t start = r->stack.now_ns;
  uint64_t sent = r->stack.stats.NdAdvertsOut;
  while (r->stack.stats.NdAdvertsOut == sent) {
    assert_true(ph_stack_next_deadline(&r->stack) < start + 2000 * S);
    ph_stack_poll(&r->stack, ph_stack_next_deadline(&r->stack));
  }
  *ns = r->stack.now_ns - start;
  const uint8_t *ip = lower6_frame(r, 1) + ETH_HDR_LEN;
  const uint8_t *m = lower6_icmp(r, 1);
  assert_int_equal(m[0], ICMP6_RA);
  assert_int_equal(m[1], 0);
  assert_int_equal(ip[IPV6_OFF_HOPS], 255);
  assert_memory_equal(ip + IPV6_OFF_SRC, lower6_host_ll.bytes, 16);
  assert_memory_equal(ip + IPV6_OFF_DST, ipv6_all_nodes.bytes, 16);
  return m;
}

static void advertisement_tells_router_prefixes_and_mtu(void **state) {
  /* EVIDENCE: RFC 4861 6.2b (contents), 6.2a */
  (void)state;
  struct lower *r = router_new();
  const struct ph_addr second = {{0x20, 1, 0xd, 0xb8, 9, [15] = 1}};
  const struct ph_ipv6_advertise config = {
      .interval_s = 30, .mtu = 1400, .valid_s = 7200, .preferred_s = 9000};
  uint64_t ns;
  assert_int_equal(ph_ipv6_add_address(&r->stack, &r->netif, &second, 56, true),
                   0);
  assert_int_equal(advertise(r, &config), 0);
  const uint8_t *m = next_advert(r, &ns);
  assert_true(ns <= S / 2 + 1);
  assert_int_equal(m[ND_RA_OFF_HOPS], 64);
  assert_int_equal(m[5], 0);
  assert_int_equal(get_be16(m + ND_RA_OFF_LIFETIME), 90);
  assert_int_equal(get_be32(m + ND_RA_OFF_REACHABLE), 0);
  assert_int_equal(get_be32(m + ND_RA_OFF_RETRANS), 0);
  const uint8_t *o = m + ND_RA_LEN;
  assert_int_equal(o[0], ND_OPT_SOURCE_MAC);
  assert_memory_equal(o + 2, r->netif.mac, 6);
  o += 8;
  assert_int_equal(o[0], ND_OPT_MTU);
  assert_int_equal(get_be32(o + 4), 1400);
  o += 8;
  const uint32_t len = get_be16(lower6_frame(r, 1) + 14 + IPV6_OFF_LEN);
  assert_int_equal(len, 16 + 8 + 8 + 2 * 32);
  for (int i = 0; i < 2; i++, o += 32) {
    bool wide = o[ND_PREFIX_OFF_BITS] == 56;
    static const uint8_t first[16] = {0x20, 1, 0xd, 0xb8};
    static const uint8_t other[16] = {0x20, 1, 0xd, 0xb8, 9};
    assert_int_equal(o[0], ND_OPT_PREFIX);
    assert_int_equal(o[1], 4);
    assert_int_equal(o[ND_PREFIX_OFF_BITS], i == 0 ? 64 : 56);
    assert_int_equal(o[ND_PREFIX_OFF_FLAGS], wide ? 0x80 : 0xc0);
    assert_int_equal(get_be32(o + ND_PREFIX_OFF_VALID), 7200);
    assert_int_equal(get_be32(o + ND_PREFIX_OFF_PREFERRED), 7200);
    assert_memory_equal(o + ND_PREFIX_OFF_PREFIX, wide ? other : first, 16);
  }
  lower_free(r);
}

static void three_come_soon_and_then_one_in_each_interval(void **state) {
  /* EVIDENCE: RFC 4861 6.2c (MAX_INITIAL_RTR_ADVERTISEMENTS, intervals) */
  (void)state;
  struct lower *r = router_new();
  uint64_t ns, least = UINT64_MAX, most = 0;
  assert_int_equal(advertise(r, &usual), 0);
  const uint8_t *m = next_advert(r, &ns);
  assert_int_equal(get_be16(m + ND_RA_OFF_LIFETIME), 1800);
  assert_int_equal(get_be32(m + ND_RA_LEN + 8 + ND_PREFIX_OFF_VALID), 2592000);
  for (int i = 0; i < 2; i++) {
    (void)next_advert(r, &ns);
    assert_true(ns <= 16 * S);
  }
  for (int i = 0; i < 50; i++) {
    (void)next_advert(r, &ns);
    least = ns < least ? ns : least;
    most = ns > most ? ns : most;
  }
  assert_true(least >= 200 * S && most <= 600 * S);
  assert_true(most - least > 200 * S); /* at random */
  lower_free(r);
}

static void solicit(struct lower *r, const struct ph_addr *from, bool mac) {
  uint8_t *m = lower6_ip(r, IPV6_NEXT_ICMP, mac ? 16 : 8);
  memset(m, 0, 16);
  m[0] = ICMP6_RS;
  if (mac) {
    m[8] = ND_OPT_SOURCE_MAC;
    m[9] = 1;
    memcpy(m + 10, LOWER_PEER_MAC, 6);
  }
  lower6_set_src(r, from);
  lower6_set_dst(r, &ipv6_all_routers);
}

static void solicitations_are_answered_soon_but_not_often(void **state) {
  /* EVIDENCE: RFC 4861 6.2g, 6.2d (MAX_RA_DELAY_TIME, MIN_DELAY_BETWEEN_RAS) */
  (void)state;
  struct lower *r = router_new();
  static const struct ph_addr nobody;
  struct ph_nd_info info;
  uint64_t ns;
  assert_int_equal(advertise(r, &usual), 0);
  for (int i = 0; i < 4; i++) {
    (void)next_advert(r, &ns);
  }
  lower6_pass(r, 60 * S);
  solicit(r, &nobody, false);
  lower6_receive_icmp(r);
  (void)next_advert(r, &ns);
  assert_true(ns > 0 && ns <= S / 2 + 1);
  uint64_t sent = r->stack.stats.NdAdvertsOut;
  for (int i = 0; i < 3000; i++) { /* a storm */
    solicit(r, &lower6_peer_ll, true);
    lower6_receive_icmp(r);
    lower6_pass(r, S / 100);
  }
  assert_in_range(r->stack.stats.NdAdvertsOut - sent, 8, 10);
  assert_int_equal(ph_nd_info(&r->netif, 0, &info), 0); /* who asked is known */
  assert_memory_equal(info.mac, LOWER_PEER_MAC, 6);
  assert_false(info.is_router);
  lower_free(r);
}

static void solicitations_that_fail_a_check_are_ignored(void **state) {
  /* EVIDENCE: RFC 4861 6.1b */
  (void)state;
  struct lower *r = router_new();
  static const struct ph_addr nobody;
  uint64_t ns;
  assert_int_equal(advertise(r, &usual), 0);
  for (int i = 0; i < 4; i++) {
    (void)next_advert(r, &ns);
  }
  lower6_pass(r, 10 * S);
  uint64_t errors = r->stack.stats.NdInErrors;
  uint64_t sent = r->stack.stats.NdAdvertsOut;
  for (int i = 0; i < 5; i++) {
    solicit(r, i == 0 ? &nobody : &lower6_peer_ll, true);
    uint8_t *ip = LOWER6_IP(r);
    if (i == 1) {
      ip[IPV6_OFF_HOPS] = 254;
    } else if (i == 2) {
      ip[IPV6_HDR_LEN + 1] = 1; /* code */
    } else if (i == 3) {
      ip[IPV6_HDR_LEN + 9] = 0; /* an option without length */
    } else if (i == 4) {
      ip[IPV6_HDR_LEN + 9] = 2; /* or past the end */
    }
    lower6_receive_icmp(r);
    assert_int_equal(r->stack.stats.NdInErrors, ++errors);
  }
  lower6_pass(r, 5 * S);
  assert_int_equal(r->stack.stats.NdAdvertsOut, sent);
  lower_free(r);
}

static void router_that_ceases_says_so_three_times(void **state) {
  /* EVIDENCE: RFC 4861 6.2e (ceasing, forwarding off) */
  (void)state;
  struct lower *r = router_new();
  uint64_t ns;
  assert_int_equal(advertise(r, &usual), 0);
  (void)next_advert(r, &ns);
  ph_ip_set_forwarding(&r->stack, false); /* a host that advertises */
  const uint8_t *m = next_advert(r, &ns);
  assert_int_equal(get_be16(m + ND_RA_OFF_LIFETIME), 0);
  ph_ip_set_forwarding(&r->stack, true);
  lower6_pass(r, 1700 * S);
  ph_ipv6_advertise_cease(&r->stack, &r->netif);
  ph_ipv6_advertise_cease(&r->stack, &r->netif);
  for (int i = 0; i < 3; i++) {
    m = next_advert(r, &ns);
    assert_int_equal(get_be16(m + ND_RA_OFF_LIFETIME), 0);
  }
  uint64_t sent = r->stack.stats.NdAdvertsOut;
  solicit(r, &lower6_peer_ll, true);
  lower6_receive_icmp(r);
  lower6_pass(r, 2000 * S);
  assert_int_equal(r->stack.stats.NdAdvertsOut, sent);
  assert_int_equal(advertise(r, &usual), 0); /* and is one again */
  m = next_advert(r, &ns);
  assert_int_equal(get_be16(m + ND_RA_OFF_LIFETIME), 1800);
  lower_free(r);
}

static void values_out_of_range_are_refused(void **state) {
  /* EVIDENCE: RFC 4861 6.2f (6.2.1: configuration variables) */
  (void)state;
  struct lower *r = router_new();
  static const struct ph_ipv6_advertise bad[] = {
      {.interval_s = 3},
      {.interval_s = 1801},
      {.lifetime_s = 599},
      {.lifetime_s = 9001},
      {.mtu = 1279},
      {.mtu = 1501},
      {.interval_s = 1000, .lifetime_s = 999}};
  for (size_t i = 0; i < PH_ARRAY_LEN(bad); i++) {
    assert_int_equal(advertise(r, &bad[i]), -PH_EINVAL);
  }
  assert_int_equal(ph_ipv6_advertise(&r->stack, netif_first(&r->stack), &usual),
                   -PH_EINVAL); /* loopback */
  lower6_pass(r, 700 * S);
  assert_int_equal(r->stack.stats.NdAdvertsOut, 0);
  lower_free(r);
}

/* ---- Two hosts and a router ---------------------------------------------- */

enum { WAITING = 64 };

/* host[0] - router - host[1]; the router's second NIC is `second`. */
struct net {
  struct lower *host[2], *router;
  struct netif second;
  uint32_t seen[2], router_seen; /* frames that were carried over */
  uint32_t count, second_seen, len[WAITING];
  uint8_t frame[WAITING][1600];
  uint32_t replies;
};

static int record_second(struct netif *netif, struct pkt *pkt) {
  struct net *net = netif->device;
  uint32_t i = net->count++ % WAITING;
  assert_true(pkt->len <= sizeof(net->frame[i]));
  net->len[i] = pkt->len;
  pkt_copy(pkt, 0, net->frame[i], pkt->len);
  pkt_put(pkt);
  return 0;
}

static void to_second(struct net *net, const uint8_t *frame, uint32_t len) {
  struct ph_stack *stack = &net->router->stack;
  struct pkt *pkt = pkt_get(&stack->pkts, 0);
  struct ph_block *block = ph_block_get(&stack->blocks);
  pkt->lent = block;
  pkt->head = block->data;
  memcpy(pkt->head, frame, len);
  pkt->head_len = pkt->len = len;
  netif_input(&net->second, pkt);
}

static bool carry(struct net *net) {
  struct lower *r = net->router;
  bool any = false;
  for (int h = 0; h < 2; h++) {
    struct lower *host = net->host[h];
    for (; net->seen[h] < host->count; any = true) {
      uint32_t i = net->seen[h]++ % LOWER_FRAMES;
      if (h == 0) {
        lower_receive(r, host->frame[i], host->len[i]);
      } else {
        to_second(net, host->frame[i], host->len[i]);
      }
    }
  }
  for (; net->router_seen < r->count; any = true) {
    uint32_t i = net->router_seen++ % LOWER_FRAMES;
    lower_receive(net->host[0], r->frame[i], r->len[i]);
  }
  for (; net->second_seen < net->count; any = true) {
    uint32_t i = net->second_seen++ % WAITING;
    lower_receive(net->host[1], net->frame[i], net->len[i]);
  }
  return any;
}

static void pass(struct net *net, uint64_t ns) {
  struct lower *all[3] = {net->host[0], net->host[1], net->router};
  uint64_t now = net->router->stack.now_ns, end = now + ns;
  while (now < end) {
    uint64_t next = end;
    for (int i = 0; i < 3; i++) {
      next = ph_min_u64(next, ph_stack_next_deadline(&all[i]->stack));
    }
    now = next > now ? next : now;
    for (int i = 0; i < 3; i++) {
      ph_stack_poll(&all[i]->stack, now);
    }
    while (carry(net)) {
    }
  }
}

static void replied(void *ctx, const struct ph_addr *from, uint16_t id,
                    uint16_t seq, const uint8_t *data, uint32_t len,
                    uint8_t ttl) {
  struct net *net = ctx;
  (void)from;
  (void)id;
  (void)seq;
  (void)data;
  (void)len;
  assert_int_equal(ttl, 63); /* over one router */
  net->replies++;
}

static struct lower *node_new(uint8_t mac, bool router) {
  struct lower *node = lower_new(NULL);
  const struct ph_ipv6_config config = {.ignore_ra = router};
  node->bare.seed = mac;
  node->netif.mac[5] = mac;
  assert_int_equal(ph_ipv6_init_with(&node->stack, &config), 0);
  return node;
}

static void hosts_configure_themselves_and_reach_each_other(void **state) {
  /* EVIDENCE: RFC 4861 6.2a, 6.3f; RFC 4862 5.5b */
  (void)state;
  static const struct netif_ops ops = {.transmit = record_second};
  static const struct ph_addr prefix[2] = {{{0x20, 1, 0xd, 0xb8, 0, 1}},
                                           {{0x20, 1, 0xd, 0xb8, 0, 2}}};
  struct net net = {.router = node_new(9, true)};
  net.host[0] = node_new(1, false);
  net.host[1] = node_new(2, false);
  struct lower *r = net.router;
  net.second = (struct netif){.name = "eth1",
                              .ops = &ops,
                              .device = &net,
                              .mac = {2, 0, 0, 0, 1, 9},
                              .up = true,
                              .caps.mtu = 1500};
  assert_int_equal(netif_add(&r->stack, &net.second), 0);
  const struct ph_ipv6_advertise config = {.interval_s = 10, .mtu = 1400};
  for (int i = 0; i < 2; i++) {
    struct netif *netif = i ? &net.second : &r->netif;
    struct ph_addr us = prefix[i];
    us.bytes[15] = 1;
    assert_int_equal(ph_ipv6_add_address(&r->stack, netif, &us, 64, false), 0);
    assert_int_equal(ph_ipv6_advertise(&r->stack, netif, &config), 0);
  }
  ph_ip_set_forwarding(&r->stack, true);
  pass(&net, 8 * S);
  struct ph_addr addr[2];
  for (int i = 0; i < 2; i++) {
    struct ph_ipv6_address_info info;
    assert_int_equal(ph_ipv6_address_info(&net.host[i]->stack, 1, &info), 0);
    assert_true(info.autoconf);
    assert_string_equal(info.state, "preferred");
    assert_memory_equal(info.address.bytes, prefix[i].bytes, 8);
    addr[i] = info.address;
  }
  const uint8_t data[1300] = {0};
  struct ph_stack *from = &net.host[0]->stack;
  icmp_on_echo_reply(from, replied, &net);
  assert_int_equal(icmp_send_echo(from, &addr[1], 1, 1, data, sizeof(data)), 0);
  assert_int_equal(ip_path_find(from, NULL, NULL, &addr[1])->mtu, 1400);
  pass(&net, S);
  assert_int_equal(net.replies, 1);
  /* The router goes: nobody leads out any more. */
  ph_ipv6_advertise_cease(&r->stack, &r->netif);
  pass(&net, 5 * S);
  assert_int_equal(ip_path_find(from, NULL, NULL, &addr[1])->error,
                   -PH_ENETUNREACH);
  lower_free(net.host[0]);
  lower_free(net.host[1]);
  lower_free(r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(advertisement_tells_router_prefixes_and_mtu),
      cmocka_unit_test(three_come_soon_and_then_one_in_each_interval),
      cmocka_unit_test(solicitations_are_answered_soon_but_not_often),
      cmocka_unit_test(solicitations_that_fail_a_check_are_ignored),
      cmocka_unit_test(router_that_ceases_says_so_three_times),
      cmocka_unit_test(values_out_of_range_are_refused),
      cmocka_unit_test(hosts_configure_themselves_and_reach_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
