/* SPDX-License-Identifier: Apache-2.0 */
/* A host without a table of routes: its links, and a gateway. */
#include "stack/base/errno.h"
#include "tests/stack/lower.h"

enum { GATEWAY = 0x0a0000fe };

struct small {
  struct ph_stack stack;
  struct netif netif[2]; /* 10.0.0.1/24 and 10.0.0.129/28, 10.0.1.1/24 */
  struct lower *random;
};

static _Alignas(64) uint8_t arena[1 << 20];
static struct pkt pkts[4];

static int transmit(struct netif *netif, struct pkt *pkt) {
  (void)netif;
  pkt_put(pkt);
  return 0;
}

static struct small *small_new(void) {
  static const struct netif_ops OPS = {.transmit = transmit};
  static struct small s;
  s.random = lower_new(NULL);
  const struct ph_stack_config config = {.platform = &s.random->bare.platform,
                                         .arena = arena,
                                         .arena_size = sizeof(arena),
                                         .pkt_memory = pkts,
                                         .pkt_count = PH_ARRAY_LEN(pkts)};
  assert_int_equal(ph_stack_init(&s.stack, &config), 0);
  assert_int_equal(ph_ipv4_init(&s.stack), 0);
  for (uint32_t i = 0; i < 2; i++) {
    s.netif[i] = (struct netif){.name = "eth",
                                .ops = &OPS,
                                .caps = {.mtu = 1500},
                                .mac = {2, 0, 0, 0, 1, (uint8_t)i},
                                .up = true};
    assert_int_equal(netif_add(&s.stack, &s.netif[i]), 0);
  }
  assert_int_equal(ph_ipv4_add_address(&s.stack, &s.netif[0], 0x0a000001, 24),
                   0);
  assert_int_equal(ph_ipv4_add_address(&s.stack, &s.netif[1], 0x0a000081, 28),
                   0);
  assert_int_equal(ph_ipv4_add_address(&s.stack, &s.netif[1], 0x0a000101, 24),
                   0);
  return &s;
}

/* Packets to `dst` leave by interface `index` to `next_hop`; index -1: there is
 * no way. */
static void goes(struct small *s, uint32_t dst, int index, uint32_t next_hop) {
  const struct ph_addr to = ph_addr_v4(dst);
  const struct ip_path *path = ip_path_find(&s->stack, NULL, NULL, &to);
  assert_int_equal(path->error, index < 0 ? -PH_ENETUNREACH : 0);
  if (index >= 0) {
    assert_ptr_equal(path->netif, &s->netif[index]);
    assert_int_equal(ph_addr_to_v4(&path->next_hop), next_hop);
  }
}

static void host_neighbour_is_sent_to_by_its_longest_link(void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.1 */
  (void)state;
  struct small *s = small_new();
  goes(s, 0x0a000005, 0, 0x0a000005);
  goes(s, 0x0a000082, 1, 0x0a000082); /* /28 before /24 */
  goes(s, 0x0a000105, 1, 0x0a000105);
  goes(s, 0x08080808, -1, 0);
  netif_set_up(&s->netif[1], false);
  goes(s, 0x0a000082, 0, 0x0a000082); /* the one that is up */
  goes(s, 0x0a000105, -1, 0);
  lower_free(s->random);
}

static void host_stranger_is_sent_to_by_the_gateway(void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.2 */
  (void)state;
  struct small *s = small_new();
  ph_ipv4_set_gateway(&s->stack, GATEWAY);
  goes(s, 0x08080808, 0, GATEWAY);
  goes(s, GATEWAY, 0, GATEWAY);
  netif_set_up(&s->netif[0], false);
  goes(s, 0x08080808, -1, 0);
  ph_ipv4_set_gateway(&s->stack, 0x0a0001fe);
  goes(s, 0x08080808, 1, 0x0a0001fe);
  ph_ipv4_set_gateway(&s->stack, 0x09000001); /* of no link */
  goes(s, 0x08080808, -1, 0);
  ph_ipv4_set_gateway(&s->stack, 0);
  goes(s, 0x08080808, -1, 0);
  lower_free(s->random);
}

static void host_default_router_is_the_gateway_or_a_route(void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.2; RFC 2132 3.5 */
  (void)state;
  for (int table = 0; table < 2; table++) {
    struct small *s = small_new();
    if (table) {
      assert_int_equal(ph_ip_routes_init(&s->stack, 0), 0);
    }
    struct netif *netif = &s->netif[0];
    assert_int_equal(ph_ipv4_set_default(&s->stack, GATEWAY, netif, true), 0);
    goes(s, 0x08080808, 0, GATEWAY);
    assert_int_equal(ph_ipv4_set_default(&s->stack, GATEWAY + 1, netif, false),
                     -PH_ENOENT);
    goes(s, 0x08080808, 0, GATEWAY);
    assert_int_equal(ph_ipv4_set_default(&s->stack, GATEWAY, netif, false), 0);
    goes(s, 0x08080808, -1, 0);
    lower_free(s->random);
  }
}

static void host_without_a_table_takes_no_routes(void **state) {
  /* EVIDENCE: stack/ip/ip.h (ph_ip_routes_init) */
  (void)state;
  struct small *s = small_new();
  assert_int_equal(ph_ipv4_add_route(&s->stack, 0, 0, GATEWAY, &s->netif[0]),
                   -PH_ENOMEM);
  assert_int_equal(ph_ipv4_remove_route(&s->stack, 0, 0, GATEWAY, &s->netif[0]),
                   -PH_ENOENT);
  assert_int_equal(ph_ipv4_remove_address(&s->stack, &s->netif[1], 0x0a000101),
                   0);
  goes(s, 0x0a000105, -1, 0);
  lower_free(s->random);
}

static void host_that_gets_a_table_keeps_its_links(void **state) {
  /* EVIDENCE: stack/ip/ip.h (ph_ip_routes_init) */
  (void)state;
  struct small *s = small_new();
  ph_ipv4_set_gateway(&s->stack, 0x0a0001fe);
  assert_int_equal(ph_ip_routes_init(&s->stack, 0), 0);
  size_t left = s->stack.arena_left;
  assert_int_equal(ph_ip_routes_init(&s->stack, 0), 0); /* again: nothing */
  assert_int_equal(s->stack.arena_left, left);
  goes(s, 0x0a000005, 0, 0x0a000005);
  goes(s, 0x0a000082, 1, 0x0a000082);
  assert_int_equal(ph_ipv4_add_route(&s->stack, 0, 0, GATEWAY, &s->netif[0]),
                   0);
  goes(s, 0x08080808, 0, GATEWAY); /* the table's */
  assert_int_equal(ph_ipv4_remove_address(&s->stack, &s->netif[1], 0x0a000081),
                   0);
  goes(s, 0x0a000082, 0, 0x0a000082);
  lower_free(s->random);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(host_neighbour_is_sent_to_by_its_longest_link),
      cmocka_unit_test(host_stranger_is_sent_to_by_the_gateway),
      cmocka_unit_test(host_default_router_is_the_gateway_or_a_route),
      cmocka_unit_test(host_without_a_table_takes_no_routes),
      cmocka_unit_test(host_that_gets_a_table_keeps_its_links),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
