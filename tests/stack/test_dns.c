/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver and servers that are well: what it asks, keeps and tells. */
#include "tests/stack/dns_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_script(void) {
  assert_string_equal(V4("www.example"), "192.0.2.1 192.0.2.2");
  assert_string_equal(look_up(PH_AF_INET6, 0, "www.example"), "2001:db8::80");
  assert_string_equal(V4("nothing.example"), NONAME);
  assert_string_equal(look_up(PH_AF_INET, PH_AI_CANONNAME, "alias.example"),
                      "192.0.2.1=www.example 192.0.2.2");
  assert_string_equal(
      look_up(PH_AF_INET6, PH_AI_V4MAPPED | PH_AI_ALL, "www.example"),
      "2001:db8::80 ::ffff:192.0.2.1 ::ffff:192.0.2.2");
}

static void name_has_the_addresses_that_the_server_says(void **state) {
  /* EVIDENCE: RFC 1034 5.2.2b, 5.3.1; RFC 1035 7.3 */
  (void)state;
  play(good, name_script);
  for (uint32_t i = 0; i < S.count; i++) {
    assert_true(S.asked[i].edns);
    assert_false(S.asked[i].tcp);
  }
  assert_int_equal(client->stats.DnsInErrors, 0);
}

static void cache_script(void) {
  assert_string_equal(V4("www.example"), "192.0.2.1 192.0.2.2");
  assert_string_equal(V4("WWW.example."), "192.0.2.1 192.0.2.2");
  assert_int_equal(S.count, 1);
  ph_poll(client, NULL, 0, 99000);
  V4("www.example");
  assert_int_equal(S.count, 1);
  ph_poll(client, NULL, 0, 1500); /* 100 s are over */
  V4("www.example");
  assert_int_equal(S.count, 2);
  V4("nothing.example"); /* 20 s */
  V4("nothing.example");
  assert_int_equal(S.count, 3);
  ph_poll(client, NULL, 0, 21000);
  assert_string_equal(V4("nothing.example"), NONAME);
  assert_int_equal(S.count, 4);
  ph_dns_flush(client);
  V4("www.example");
  assert_int_equal(S.count, 5);
}

static void answers_are_kept_as_long_as_they_say(void **state) {
  /* EVIDENCE: RFC 1035 7.4; RFC 2308 5; RFC 1034 3.6a */
  (void)state;
  play(good, cache_script);
  assert_int_equal(client->stats.DnsCacheHits, 3);
}

static void zero_ttl(struct dns_server *s, const struct dns_asked *q,
                     struct dns_msg *m) {
  (void)s;
  dns_msg_begin(m, q, OK);
  dns_msg_a(m, q->name, 0, FIRST_IP);
}

static void zero_script(void) {
  assert_string_equal(V4("www.example"), "192.0.2.1");
  assert_string_equal(V4("www.example"), "192.0.2.1");
  assert_int_equal(S.count, 2);
}

static void answer_with_ttl_zero_is_used_once(void **state) {
  /* EVIDENCE: RFC 1035 3.2.1; RFC 1123 6.1.2.1 */
  (void)state;
  play(zero_ttl, zero_script);
}

static void many_script(void) {
  char node[32];
  for (int i = 0; i < 40; i++) { /* more than the cache has */
    snprintf(node, sizeof node, "n%d.example", i);
    assert_string_equal(V4(node), NONAME);
    assert_string_equal(V4("www.example"), "192.0.2.1 192.0.2.2");
  }
  assert_int_equal(S.count, 41);
}

static void cache_is_bounded_and_keeps_what_is_used(void **state) {
  /* EVIDENCE: RFC 1035 7.4 */
  (void)state;
  play(good, many_script);
}

/* ---- Aliases ------------------------------------------------------------- */

/* Each name is an alias of the next, and the server says no more. */
static void chain(struct dns_server *s, const struct dns_asked *q,
                  struct dns_msg *m) {
  (void)s;
  int n = q->name[1] - '0';
  char next[16];
  dns_msg_begin(m, q, OK);
  if (n < *(int *)S.ctx) {
    snprintf(next, sizeof next, "c%d.example", n + 1);
    dns_msg_name(m, q->name, DNS_TYPE_CNAME, 100, next);
  } else {
    dns_msg_a(m, q->name, 100, FIRST_IP);
  }
}

static void chain_script(void) {
  bool good_length = *(int *)S.ctx <= DNS_ALIASES_MAX;
  assert_string_equal(V4("c0.example"), good_length ? "192.0.2.1" : AGAIN);
}

static void aliases_are_followed_to_another_server_answer(void **state) {
  /* EVIDENCE: RFC 1034 5.2.2a, 3.6.2a */
  (void)state;
  int length = DNS_ALIASES_MAX;
  S.ctx = &length;
  play(chain, chain_script);
  assert_int_equal(S.count, DNS_ALIASES_MAX + 1);
}

static void too_many_aliases_are_an_error(void **state) {
  /* EVIDENCE: RFC 1034 5.2.2a; hostile group 15 */
  (void)state;
  int length = 9;
  S.ctx = &length;
  play(chain, chain_script);
  assert_in_range(S.count, DNS_ALIASES_MAX + 1, 2 * DNS_ALIASES_MAX + 2);
}

/* ---- Search list, hosts, limits ------------------------------------------ */

static void search(struct dns_server *s, const struct dns_asked *q,
                   struct dns_msg *m) {
  (void)s;
  bool found =
      strcmp(q->name, "www.b.example") == 0 || strcmp(q->name, "x.y") == 0;
  dns_msg_begin(m, q, found ? OK : OK | DNS_NXDOMAIN);
  if (found) {
    dns_msg_a(m, q->name, 100, FIRST_IP);
  }
}

static void search_script(void) {
  static const char *const want[] = {
      "www.a.example", "www.b.example",                  /* www */
      "x.y",                                             /* x.y: it has a dot */
      "www",                                             /* "www." is all */
      "z.z",           "z.z.a.example", "z.z.b.example", /* z.z: nowhere */
      "q.a.example",   "q.b.example",   "q",             /* q: nowhere */
  };
  assert_int_equal(ph_dns_set_search(client, "a.example  b.example"), 0);
  assert_string_equal(V4("www"), "192.0.2.1");
  assert_string_equal(V4("x.y"), "192.0.2.1");
  assert_string_equal(V4("www."), NONAME);
  assert_string_equal(V4("z.z"), NONAME);
  assert_string_equal(V4("q"), NONAME);
  assert_int_equal(S.count, 10);
  for (int i = 0; i < 10; i++) {
    assert_string_equal(S.asked[i].name, want[i]);
  }
  char long_list[PH_DNS_SEARCH_MAX + 2];
  memset(long_list, 'a', sizeof long_list);
  long_list[PH_DNS_SEARCH_MAX + 1] = '\0';
  assert_int_equal(ph_dns_set_search(client, long_list), -PH_EINVAL);
}

static void short_names_are_tried_in_each_domain(void **state) {
  /* EVIDENCE: RFC 1123 6.1.4.3; RFC 1535 */
  (void)state;
  play(search, search_script);
}

static void hosts_script(void) {
  assert_string_equal(V4("PRINTER"), "10.1.1.1");
  assert_string_equal(look_up(PH_AF_INET6, 0, "printer."), "2001:db8::9");
  assert_string_equal(V4("localhost"), "127.0.0.1");
  assert_string_equal(look_up(PH_AF_INET6, 0, "a.localhost"), "::1");
  assert_string_equal(V4("a.invalid"), NONAME);
  char host[64];
  struct ph_sockaddr_in a = {.sin_family = PH_AF_INET,
                             .sin_addr = htonl(0x0a010101)};
  assert_int_equal(
      ph_getnameinfo(client, &a, sizeof a, host, sizeof host, NULL, 0, 0), 0);
  assert_string_equal(host, "printer");
  assert_int_equal(S.count, 0);
}

static void names_of_the_table_need_no_server(void **state) {
  /* EVIDENCE: RFC 6761 6.3, 6.4; RFC 1123 6.1.3.8 */
  (void)state;
  play(good, hosts_script);
}

static void reverse(struct dns_server *s, const struct dns_asked *q,
                    struct dns_msg *m) {
  (void)s;
  bool known = strcmp(q->name, "1.2.0.192.in-addr.arpa") == 0;
  bool evil = strcmp(q->name, "2.2.0.192.in-addr.arpa") == 0;
  assert_int_equal(q->question.type, DNS_TYPE_PTR);
  dns_msg_begin(m, q, known || evil ? OK : OK | DNS_NXDOMAIN);
  if (known || evil) {
    dns_msg_name(m, q->name, DNS_TYPE_PTR, 100,
                 known ? "www.example" : "a b.example");
  }
}

static int name_of(uint32_t ip, int flags, char *host, size_t room) {
  struct ph_sockaddr_in a = {.sin_family = PH_AF_INET, .sin_addr = htonl(ip)};
  return ph_getnameinfo(client, &a, sizeof a, host, (ph_socklen_t)room, NULL, 0,
                        flags);
}

static void reverse_script(void) {
  char host[64];
  assert_int_equal(name_of(FIRST_IP, 0, host, sizeof host), 0);
  assert_string_equal(host, "www.example");
  assert_int_equal(ph_dns_set_search(client, "EXAMPLE b"), 0);
  assert_int_equal(name_of(FIRST_IP, PH_NI_NOFQDN, host, sizeof host), 0);
  assert_string_equal(host, "www");
  assert_int_equal(name_of(FIRST_IP, PH_NI_NUMERICHOST, host, sizeof host), 0);
  assert_string_equal(host, "192.0.2.1");
  assert_int_equal(name_of(FIRST_IP, 0, host, 11), PH_EAI_OVERFLOW);
  assert_int_equal(name_of(FIRST_IP + 1, 0, host, sizeof host), 0);
  assert_string_equal(host, "192.0.2.2"); /* what it said is no name */
  assert_int_equal(name_of(FIRST_IP + 2, 0, host, sizeof host), 0);
  assert_string_equal(host, "192.0.2.3");
  assert_int_equal(name_of(FIRST_IP + 2, PH_NI_NAMEREQD, host, sizeof host),
                   PH_EAI_NONAME);
}

static void address_has_the_name_that_the_server_says(void **state) {
  /* EVIDENCE: RFC 1035 3.5; RFC 1034 5.2.1 */
  (void)state;
  play(reverse, reverse_script);
}

static void pools_script(void) {
  struct ph_addrinfo hints = {.ai_socktype = PH_SOCK_STREAM};
  struct ph_addrinfo *lists[64];
  int n = 0;
  while (n < 64 &&
         ph_getaddrinfo(client, "192.0.2.7", NULL, &hints, &lists[n]) == 0) {
    n++;
  }
  assert_int_equal(n, 32);
  assert_string_equal(V4("www.example"), "out of memory");
  while (n > 0) {
    ph_freeaddrinfo(client, lists[--n]);
  }
  for (int i = 0; i < 40; i++) { /* nothing was lost on the way */
    assert_string_equal(look_up(PH_AF_INET, PH_AI_CANONNAME, "www.example"),
                        "192.0.2.1=www.example 192.0.2.2");
  }
}

static void results_are_bounded_and_come_back(void **state) {
  /* EVIDENCE: design: no allocation after start */
  (void)state;
  play(good, pools_script);
}

static void flags_script(void) {
  struct dns_name name;
  struct dns_query *q[5];
  assert_int_equal(dns_name_from_text(&name, "www.example"), 0);
  for (int i = 0; i < 4; i++) {
    q[i] = ph_dns_ask(client, &name, DNS_TYPE_A);
    assert_non_null(q[i]);
    assert_int_equal(ph_dns_step(client, q[i]), -PH_EAGAIN);
  }
  assert_null(ph_dns_ask(client, &name, DNS_TYPE_A));
  assert_string_equal(V4("www.example"), AGAIN);
  assert_int_equal(ph_dns_wait(client, q, 4), 0);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(ph_dns_step(client, q[i]), 0);
    assert_int_equal(ph_dns_answer(q[i])->count, 2);
    ph_dns_close(client, q[i]);
  }
  q[0] = ph_dns_ask(client, &name, DNS_TYPE_AAAA);
  ph_dns_close(client, q[0]); /* while it is under way */
}

static void questions_at_once_are_bounded_and_go_side_by_side(void **state) {
  /* EVIDENCE: design: no allocation after start */
  (void)state;
  play(good, flags_script);
  struct ph_socket_info info;
  assert_int_equal(ph_socket_info(client, 0, &info), -PH_EBADF);
}

#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, dns_scene_setup, dns_scene_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(name_has_the_addresses_that_the_server_says),
      TEST(answers_are_kept_as_long_as_they_say),
      TEST(answer_with_ttl_zero_is_used_once),
      TEST(cache_is_bounded_and_keeps_what_is_used),
      TEST(aliases_are_followed_to_another_server_answer),
      TEST(too_many_aliases_are_an_error),
      TEST(short_names_are_tried_in_each_domain),
      TEST(names_of_the_table_need_no_server),
      TEST(address_has_the_name_that_the_server_says),
      TEST(results_are_bounded_and_come_back),
      TEST(questions_at_once_are_bounded_and_go_side_by_side),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
