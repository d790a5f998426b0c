/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver against a name server that a test tells what to say. Host 1
 * asks, host 0 answers, 1 ms apart. */
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

#include "stack/dns/netdb.h"
#include "tests/stack/dns_server.h"

enum { OK = 0x8180 };
#define FIRST_IP 0xc0000201u /* 192.0.2.1 */

static struct tasks *T;
static struct ph_stack *client;
static struct dns_server S;
static struct ph_dns_config config;
/* What the test does. */
static void (*script)(void);

static const struct ph_dns_host HOSTS[] = {
    {"printer", {{[10] = 0xff, 0xff, 10, 1, 1, 1}}},
    {"printer", {{0x20, 1, 0xd, 0xb8, [15] = 9}}},
};

static int setup(void **state) {
  (void)state;
  T = tasks_new();
  client = &tasks_pair(T)->host[1].stack;
  memset(&S, 0, sizeof S);
  struct ph_stack *server = &tasks_pair(T)->host[0].stack;
  assert_int_equal(
      ph_ipv4_add_address(server, netif_first(server), 0x0a000003, 24), 0);
  config = (struct ph_dns_config){.hosts = HOSTS, .host_count = 2};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  tasks_free(T);
  return 0;
}

static void run_script(struct ph_stack *stack, void *arg) {
  (void)stack;
  (void)arg;
  script();
  S.stop = true;
}

static void play(void (*reply)(struct dns_server *, const struct dns_asked *,
                               struct dns_msg *),
                 void (*what)(void)) {
  struct ph_addr servers[2] = {ph_addr_v4(0x0a000001), ph_addr_v4(0x0a000003)};
  assert_int_equal(ph_dns_init(client, &config), 0);
  ph_dns_set_servers(client, servers, 2);
  S.reply = reply;
  script = what;
  tasks_add(T, 0, dns_server_run, &S);
  tasks_add(T, 1, run_script, NULL);
  tasks_run(T, 300 * PAIR_S);
}

/* The addresses of `node`, as text with spaces between, or the error's name. */
static const char *look_up(int family, int flags, const char *node) {
  static char out[512];
  struct ph_addrinfo hints = {
      .ai_family = family, .ai_socktype = PH_SOCK_STREAM, .ai_flags = flags};
  struct ph_addrinfo *list = NULL;
  int error = ph_getaddrinfo(client, node, "80", &hints, &list);
  if (error) {
    return ph_gai_strerror(error);
  }
  size_t n = 0;
  for (struct ph_addrinfo *i = list; i; i = i->ai_next) {
    char text[64];
    const uint8_t *a = (const uint8_t *)i->ai_addr;
    inet_ntop(i->ai_family, a + (i->ai_family == AF_INET ? 4 : 8), text,
              sizeof text);
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", n ? " " : "", text);
    if (i->ai_canonname) {
      n += (size_t)snprintf(out + n, sizeof out - n, "=%s", i->ai_canonname);
    }
  }
  ph_freeaddrinfo(client, list);
  return out;
}

#define V4(node) look_up(PH_AF_INET, 0, node)
#define NONAME "name or service not known"
#define AGAIN "temporary failure in name resolution"
#define NODATA "the name has no address"

/* ---- One server that is well --------------------------------------------- */

/* www.example has addresses; alias.example leads there; the rest is not. */
static void good(struct dns_server *s, const struct dns_asked *q,
                 struct dns_msg *m) {
  (void)s;
  bool alias = strcasecmp(q->name, "alias.example") == 0;
  bool www = strcasecmp(q->name, "www.example") == 0;
  dns_msg_begin(m, q, alias || www ? OK : OK | DNS_NXDOMAIN);
  if (alias) {
    dns_msg_name(m, "alias.example", DNS_TYPE_CNAME, 60, "www.example");
  }
  if ((alias || www) && q->question.type == DNS_TYPE_A) {
    dns_msg_a(m, "www.example", 100, FIRST_IP);
    dns_msg_a(m, "www.example", 100, FIRST_IP + 1);
  } else if ((alias || www) && q->question.type == DNS_TYPE_AAAA) {
    dns_msg_aaaa(m, "www.example", 100, "2001:db8::80");
  } else {
    dns_msg_soa(m, "example", 30, 20);
  }
}

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

/* ---- Who is to be believed ----------------------------------------------- */

static void ports_script(void) {
  char node[32];
  for (int i = 0; i < 20; i++) {
    snprintf(node, sizeof node, "n%d.example", i);
    V4(node);
  }
}

static void ids_and_ports_are_not_to_be_guessed(void **state) {
  /* EVIDENCE: RFC 5452 9.2; hostile group 15 */
  (void)state;
  play(good, ports_script);
  int same_port = 0, near = 0;
  for (uint32_t i = 1; i < S.count; i++) {
    same_port += S.asked[i].port == S.asked[i - 1].port;
    int step = S.asked[i].id - S.asked[i - 1].id;
    near += step >= -16 && step <= 16;
  }
  assert_int_equal(S.count, 20);
  assert_int_equal(same_port, 0);
  assert_in_range(near, 0, 1);
}

/* In front of the right answer some that are not. */
static void poison(struct dns_server *s, const struct dns_asked *q,
                   struct dns_msg *m) {
  static struct dns_msg bad;
  struct dns_asked other = *q;
  other.id++;
  dns_msg_begin(&bad, &other, OK); /* another id */
  dns_msg_a(&bad, q->name, 100, 0x06060606);
  dns_server_say(s, q->server, &bad);
  other = *q;
  assert_int_equal(dns_name_from_text(&other.question.name, "other.example"),
                   0);
  dns_msg_begin(&bad, &other, OK); /* another question */
  dns_msg_a(&bad, q->name, 100, 0x06060606);
  dns_server_say(s, q->server, &bad);
  dns_msg_begin(&bad, q, OK); /* from another server */
  dns_msg_a(&bad, q->name, 100, 0x06060606);
  dns_server_say(s, !q->server, &bad);
  bad.len -= 1; /* malformed */
  dns_server_say(s, q->server, &bad);
  bad.len = 3;
  dns_server_say(s, q->server, &bad);
  good(s, q, m);
  /* And more than was asked for. */
  dns_msg_a(m, "bank.example", 1000, 0x06060606);
}

static void poison_script(void) {
  assert_string_equal(V4("www.example"), "192.0.2.1 192.0.2.2");
  assert_string_equal(V4("bank.example"), NONAME);
}

static void forged_answers_are_not_believed(void **state) {
  /* EVIDENCE: RFC 5452 9.1; RFC 2181 5.4.1; hostile group 15 */
  (void)state;
  play(poison, poison_script);
  assert_int_equal(client->stats.DnsInErrors, 8);
}

/* So many guesses that one could be right: the answer comes by TCP. */
static void guesses(struct dns_server *s, const struct dns_asked *q,
                    struct dns_msg *m) {
  static struct dns_msg bad;
  struct dns_asked other = *q;
  for (int i = 0; i < 20 && !q->tcp; i++) {
    other.id++;
    dns_msg_begin(&bad, &other, OK);
    dns_msg_a(&bad, q->name, 100, 0x06060606);
    dns_server_say(s, q->server, &bad);
  }
  if (q->tcp) {
    good(s, q, m);
  }
}

static void one_script(void) {
  assert_string_equal(V4("www.example"), "192.0.2.1 192.0.2.2");
}

static void many_guesses_make_it_ask_by_tcp(void **state) {
  /* EVIDENCE: RFC 5452 9.3; hostile group 15 */
  (void)state;
  play(guesses, one_script);
  assert_int_equal(S.count, 2);
  assert_true(S.asked[1].tcp);
}

static void mixed(struct dns_server *s, const struct dns_asked *q,
                  struct dns_msg *m) {
  if (s->count == 1) { /* somebody who could not see how it was written */
    static struct dns_msg bad;
    struct dns_asked small = *q;
    assert_int_equal(dns_name_from_text(&small.question.name, "www.example"),
                     0);
    dns_msg_begin(&bad, &small, OK);
    dns_msg_a(&bad, "www.example", 100, 0x06060606);
    dns_server_say(s, q->server, &bad);
  }
  good(s, q, m);
}

static void mixed_script(void) {
  assert_string_equal(look_up(PH_AF_INET, PH_AI_CANONNAME, "www.example"),
                      "192.0.2.1=www.example 192.0.2.2");
}

static void letters_at_random_must_come_back(void **state) {
  /* EVIDENCE: RFC 5452 9.1 */
  (void)state;
  config.random_case = true;
  play(mixed, mixed_script);
  assert_int_equal(client->stats.DnsInErrors, 1);
  assert_string_not_equal(S.asked[0].name, "www.example");
}

/* ---- Servers that are not well ------------------------------------------- */

static void second_only(struct dns_server *s, const struct dns_asked *q,
                        struct dns_msg *m) {
  if (q->server == 1) {
    good(s, q, m);
  }
}

static void silent_server_is_passed_over(void **state) {
  /* EVIDENCE: RFC 1035 7.2a; RFC 1123 6.1.3.3 */
  (void)state;
  play(second_only, one_script);
  assert_int_equal(S.count, 2);
  assert_int_equal((S.asked[1].time_ns - S.asked[0].time_ns) / PAIR_S, 2);
}

static void silent(struct dns_server *s, const struct dns_asked *q,
                   struct dns_msg *m) {
  (void)s;
  (void)q;
  m->len = 0;
}

static void silent_script(void) {
  uint64_t start = client->now_ns;
  assert_string_equal(V4("www.example"), AGAIN);
  assert_int_equal((client->now_ns - start + PAIR_MS) / PAIR_S,
                   2 * (2 + 4 + 8));
}

static void silence_ends_after_three_rounds_each_twice_as_long(void **state) {
  /* EVIDENCE: RFC 1123 6.1.3.3; RFC 1035 7.1 */
  (void)state;
  play(silent, silent_script);
  assert_int_equal(S.count, 6);
  for (uint32_t i = 0; i < 6; i++) {
    assert_int_equal(S.asked[i].server, i % 2);
  }
  assert_int_equal(client->stats.DnsTimeouts, 6);
}

static void first_fails(struct dns_server *s, const struct dns_asked *q,
                        struct dns_msg *m) {
  if (q->server == 0) {
    dns_msg_begin(m, q, OK | DNS_SERVFAIL);
  } else {
    good(s, q, m);
  }
}

static void fast_script(void) {
  uint64_t start = client->now_ns;
  assert_string_equal(V4("www.example"), "192.0.2.1 192.0.2.2");
  assert_true(client->now_ns - start < 100 * PAIR_MS);
}

static void server_that_fails_is_passed_over_at_once(void **state) {
  /* EVIDENCE: RFC 1035 7.3; RFC 1034 5.3.3 */
  (void)state;
  play(first_fails, fast_script);
}

static void all_fail(struct dns_server *s, const struct dns_asked *q,
                     struct dns_msg *m) {
  (void)s;
  dns_msg_begin(m, q, OK | DNS_REFUSED);
}

static void fail_script(void) {
  uint64_t start = client->now_ns;
  assert_string_equal(V4("www.example"), AGAIN);
  assert_true(client->now_ns - start < 100 * PAIR_MS);
  assert_string_equal(V4("www.example"), AGAIN); /* not kept */
}

static void servers_that_all_fail_are_a_temporary_failure(void **state) {
  /* EVIDENCE: RFC 1034 5.2.2c; RFC 1123 6.1.3.3 */
  (void)state;
  play(all_fail, fail_script);
  assert_int_equal(S.count, 4);
}

static void old(struct dns_server *s, const struct dns_asked *q,
                struct dns_msg *m) {
  if (q->edns) {
    dns_msg_begin(m, q, OK | DNS_FORMERR);
  } else {
    good(s, q, m);
  }
}

static void server_without_edns_is_asked_without(void **state) {
  /* EVIDENCE: RFC 6891 6.2.2 */
  (void)state;
  play(old, one_script);
  assert_int_equal(S.count, 2);
  assert_int_equal(S.asked[1].server, 0);
}

static void nobody_script(void) {
  uint64_t start = client->now_ns;
  assert_string_equal(V4("www.example"), AGAIN);
  assert_true(client->now_ns - start < 100 * PAIR_MS);
}

static void idle_server(struct ph_stack *stack, void *arg) {
  (void)arg;
  while (!S.stop) {
    ph_poll(stack, NULL, 0, 50);
  }
}

static void closed_port_is_passed_over_at_once(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.3 */
  (void)state;
  struct ph_addr server = ph_addr_v4(0x0a000001);
  assert_int_equal(ph_dns_init(client, NULL), 0);
  ph_dns_set_servers(client, &server, 1);
  script = nobody_script;
  tasks_add(T, 0, idle_server, NULL);
  tasks_add(T, 1, run_script, NULL);
  tasks_run(T, 100 * PAIR_S);
}

static void none_script(void) {
  ph_dns_set_servers(client, NULL, 0);
  assert_string_equal(V4("www.example"), "name servers can't answer");
}

static void without_servers_it_fails(void **state) {
  /* EVIDENCE: RFC 1034 5.2.2c */
  (void)state;
  play(good, none_script);
}

/* ---- Long answers -------------------------------------------------------- */

/* More addresses than a datagram takes. */
static void big(struct dns_server *s, const struct dns_asked *q,
                struct dns_msg *m) {
  (void)s;
  dns_msg_begin(m, q, q->tcp ? OK : OK | DNS_TC);
  for (uint32_t i = 0; i < 100 && q->tcp; i++) {
    dns_msg_a(m, "www.example", 100, FIRST_IP + i);
  }
}

static void big_script(void) {
  assert_string_equal(V4("www.example"),
                      "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 "
                      "192.0.2.6 192.0.2.7 192.0.2.8");
}

static void answer_that_was_cut_is_fetched_by_tcp(void **state) {
  /* EVIDENCE: RFC 1035 4.2.2; RFC 2181 9; RFC 7766 5 */
  (void)state;
  play(big, big_script);
  assert_int_equal(S.count, 2);
  assert_true(S.asked[1].tcp);
  assert_int_equal(client->stats.DnsTruncated, 1);
}

static void huge(struct dns_server *s, const struct dns_asked *q,
                 struct dns_msg *m) {
  if (q->server == 1) {
    good(s, q, m);
    return;
  }
  dns_msg_begin(m, q, q->tcp ? OK : OK | DNS_TC);
  for (uint32_t i = 0; i < 200 && q->tcp; i++) {
    dns_msg_a(m, "www.example", 100, FIRST_IP + i);
  }
}

static void answer_that_is_too_long_for_us_is_asked_of_another(void **state) {
  /* EVIDENCE: RFC 1035 4.2.2; hostile group 15 */
  (void)state;
  play(huge, one_script); /* 5 KB of 4 */
  assert_int_equal(S.count, 3);
}

static void answer_that_ends_too_early_is_asked_of_another(void **state) {
  /* EVIDENCE: RFC 1035 4.2.2; hostile group 15 */
  (void)state;
  S.short_tcp = true;
  play(huge, one_script);
}

static void stuck(struct dns_server *s, const struct dns_asked *q,
                  struct dns_msg *m) {
  if (q->server == 0) {
    dns_msg_begin(m, q, OK | DNS_TC);
  } else {
    good(s, q, m);
  }
}

static void stuck_script(void) {
  uint64_t start = client->now_ns;
  one_script();
  assert_int_equal((client->now_ns - start) / PAIR_S, 4);
}

static void tcp_server_that_says_nothing_is_left(void **state) {
  /* EVIDENCE: RFC 7766 6.2.3; hostile group 15 */
  (void)state;
  S.silent_tcp = true;
  play(stuck, stuck_script);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(name_has_the_addresses_that_the_server_says),
      TEST(answers_are_kept_as_long_as_they_say),
      TEST(answer_with_ttl_zero_is_used_once),
      TEST(cache_is_bounded_and_keeps_what_is_used),
      TEST(ids_and_ports_are_not_to_be_guessed),
      TEST(forged_answers_are_not_believed),
      TEST(many_guesses_make_it_ask_by_tcp),
      TEST(letters_at_random_must_come_back),
      TEST(silent_server_is_passed_over),
      TEST(silence_ends_after_three_rounds_each_twice_as_long),
      TEST(server_that_fails_is_passed_over_at_once),
      TEST(servers_that_all_fail_are_a_temporary_failure),
      TEST(server_without_edns_is_asked_without),
      TEST(closed_port_is_passed_over_at_once),
      TEST(without_servers_it_fails),
      TEST(answer_that_was_cut_is_fetched_by_tcp),
      TEST(answer_that_is_too_long_for_us_is_asked_of_another),
      TEST(answer_that_ends_too_early_is_asked_of_another),
      TEST(tcp_server_that_says_nothing_is_left),
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
