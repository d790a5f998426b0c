/* SPDX-License-Identifier: Apache-2.0 */
/* The name server of the simulator, and a host that gets its address by DHCP
 * and then asks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/dns_server.h"
#include "stack/dhcp/dhcp.h"
#include "stack/dns/dns.h"
#include "stack/dns/netdb.h"
#include "stack/ip/ipv6.h"
#include "tests/stack/tasks.h"

static struct tasks *T;
static struct app_env env;
static struct dns_zone zone;
static struct app_result result;
static struct ph_dhcp dhcp;
static char found[4][64];
static bool server_ipv6;

static void serve(struct ph_stack *stack, void *arg) {
  const struct dns_server_config config = {
      .zone = &zone, .count = *(uint64_t *)arg, .ipv6 = server_ipv6};
  dns_server(stack, &env, &config, &result);
}

/* What DHCP says goes to the resolver. */
static void told(void *ctx, const struct ph_dhcp_lease *lease) {
  struct ph_stack *stack = ctx;
  if (lease) {
    struct ph_addr server = ph_addr_v4(lease->dns[0]);
    ph_dns_set_servers(stack, &server, 1);
    assert_int_equal(ph_dns_set_search(stack, lease->domain), 0);
  }
}

static void resolve(struct ph_stack *stack) {
  static const char *const names[4] = {"www", "ftp.lab", "none", "six.lab"};
  for (int i = 0; i < 4; i++) {
    struct ph_addrinfo hints = {.ai_family = PH_AF_INET,
                                .ai_socktype = PH_SOCK_STREAM};
    struct ph_addrinfo *list;
    int error = ph_getaddrinfo(stack, names[i], NULL, &hints, &list);
    if (error) {
      strcpy(found[i], ph_gai_strerror(error));
      continue;
    }
    inet_ntop(AF_INET, (const uint8_t *)list->ai_addr + 4, found[i],
              sizeof found[i]);
    ph_freeaddrinfo(stack, list);
  }
}

static void ask(struct ph_stack *stack, void *arg) {
  (void)arg;
  while (dhcp.state != DHCP_STATE_BOUND) {
    ph_poll(stack, NULL, 0, 50);
  }
  resolve(stack);
}

static struct netif *ethernet(struct ph_stack *stack) {
  struct netif *netif = netif_first(stack);
  while (netif->loopback) {
    netif = netif->next;
  }
  return netif;
}

static void host_gets_its_address_and_resolves_names(void **state) {
  /* EVIDENCE: RFC 2131 3.1a; RFC 1034 5.3.1 */
  (void)state;
  static struct ph_dhcp_entry entries[4];
  const char *wrong;
  uint64_t count = 6;
  T = tasks_new();
  env = tasks_env(T);
  struct ph_stack *server = &tasks_pair(T)->host[0].stack;
  struct ph_stack *client = &tasks_pair(T)->host[1].stack;
  assert_int_equal(dns_zone_parse(&zone,
                                  "www.lab=192.0.2.1 www.lab=2001:db8::1 "
                                  "ftp.lab=www.lab six.lab=2001:db8::6",
                                  &wrong),
                   0);
  struct ph_dhcp_server leases = {.address = 0x0a000001,
                                  .prefix_len = 24,
                                  .dns = {0x0a000001},
                                  .domain = "lab",
                                  .lease_s = 3600,
                                  .first = 0x0a000064,
                                  .entries = entries,
                                  .count = 4};
  assert_int_equal(ph_dhcp_server_start(server, &leases, ethernet(server)), 0);
  assert_int_equal(ph_ipv4_remove_address(client, ethernet(client), 0x0a000002),
                   0);
  assert_int_equal(ph_dns_init(client, NULL), 0);
  dhcp = (struct ph_dhcp){.event = told, .ctx = client, .no_probe = true};
  assert_int_equal(ph_dhcp_start(client, &dhcp, ethernet(client)), 0);
  tasks_add(T, 0, serve, &count);
  tasks_add(T, 1, ask, NULL);
  tasks_run(T, 20 * PAIR_S);
  assert_string_equal(found[0], "192.0.2.1"); /* www.lab */
  assert_string_equal(found[1], "192.0.2.1"); /* an alias */
  assert_string_equal(found[2], "name or service not known");
  assert_string_equal(found[3], "the name has no address");
  assert_int_equal(result.error, 0);
  assert_int_equal(result.operations, 6); /* of none and six two each */
  ph_dhcp_stop(&dhcp);
  ph_dhcp_server_stop(&leases);
  tasks_free(T);
}

static void ask_over_ipv6(struct ph_stack *stack, void *arg) {
  const struct ph_addr server = pair_addr6(0);
  (void)arg;
  ph_dns_set_servers(stack, &server, 1);
  resolve(stack);
}

static void name_server_of_ipv6_is_asked(void **state) {
  /* EVIDENCE: RFC 3596 2 (any transport); docs/ip/dns.md */
  (void)state;
  const struct ph_ipv6_config v6 = {.ignore_ra = true, .skip_dad = true};
  const char *wrong;
  uint64_t count = 6;
  T = tasks_new();
  env = tasks_env(T);
  for (int i = 0; i < 2; i++) {
    struct pair_host *host = &tasks_pair(T)->host[i];
    const struct ph_addr addr = pair_addr6(i);
    assert_int_equal(ph_ipv6_init_with(&host->stack, &v6), 0);
    assert_int_equal(
        ph_ipv6_add_address(&host->stack, &host->netif, &addr, 64, true), 0);
    assert_int_equal(ph_ipv4_remove_address(&host->stack, &host->netif,
                                            0x0a000001 + (uint32_t)i),
                     0); /* there is no other way */
  }
  struct ph_stack *client = &tasks_pair(T)->host[1].stack;
  assert_int_equal(dns_zone_parse(&zone,
                                  "www.lab=192.0.2.1 ftp.lab=www.lab "
                                  "six.lab=2001:db8::6",
                                  &wrong),
                   0);
  assert_int_equal(ph_dns_init(client, NULL), 0);
  assert_int_equal(ph_dns_set_search(client, "lab"), 0);
  server_ipv6 = true;
  tasks_add(T, 0, serve, &count);
  tasks_add(T, 1, ask_over_ipv6, NULL);
  tasks_run(T, 20 * PAIR_S);
  server_ipv6 = false;
  assert_string_equal(found[0], "192.0.2.1");
  assert_string_equal(found[1], "192.0.2.1");
  assert_string_equal(found[2], "name or service not known");
  assert_string_equal(found[3], "the name has no address");
  assert_int_equal(result.operations, 6);
  tasks_free(T);
}

static void words_that_are_no_records_are_named(void **state) {
  /* EVIDENCE: the zone's grammar: dns_server.h */
  (void)state;
  static const char *const lines[] = {
      "www", "www=", "=1.2.3.4", "a..b=1.2.3.4", "a=b c", "x=1.2.3.4 y=:::"};
  const char *wrong;
  for (size_t i = 0; i < PH_ARRAY_LEN(lines); i++) {
    wrong = NULL;
    assert_int_equal(dns_zone_parse(&zone, lines[i], &wrong), -PH_EINVAL);
    assert_non_null(wrong);
  }
  assert_string_equal(wrong, "y=:::");
  assert_int_equal(dns_zone_parse(&zone, "  a=1.2.3.4  ", &wrong), 0);
  assert_int_equal(zone.count, 1);
}

static void what_is_no_query_gets_no_answer(void **state) {
  /* EVIDENCE: hostile group 15 */
  (void)state;
  const char *wrong;
  uint8_t reply[DNS_EDNS_SIZE], query[DNS_QUERY_MAX];
  struct dns_question q = {.type = DNS_TYPE_A, .class = DNS_CLASS_IN};
  assert_int_equal(dns_zone_parse(&zone, "a=1.2.3.4 b=c c=b", &wrong), 0);
  assert_int_equal(dns_name_from_text(&q.name, "a"), 0);
  uint32_t len = dns_query_build(query, 7, &q, false);
  for (uint32_t n = 0; n < len; n++) {
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, query, n);
    assert_int_equal(dns_zone_answer(&zone, copy, n, reply), 0);
    free(copy);
  }
  assert_true(dns_zone_answer(&zone, query, len, reply) > len);
  assert_int_equal(dns_zone_answer(&zone, reply, len, reply), 0); /* one */
  assert_int_equal(dns_name_from_text(&q.name, "b"), 0);
  len = dns_query_build(query, 7, &q, false); /* a circle */
  uint32_t n = dns_zone_answer(&zone, query, len, reply);
  assert_in_range(n, len, DNS_PLAIN_SIZE);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(host_gets_its_address_and_resolves_names),
      cmocka_unit_test(name_server_of_ipv6_is_asked),
      cmocka_unit_test(words_that_are_no_records_are_named),
      cmocka_unit_test(what_is_no_query_gets_no_answer),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
