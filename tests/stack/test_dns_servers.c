/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver and servers that fail, are cut off, or are not who they seem. */
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
  /* EVIDENCE: RFC 1123 6.1.3.3; RFC 1035 7.1, 4.2.1a, 4.2.1b; RFC 1034 5.3.3a
   */
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
  /* EVIDENCE: RFC 1035 7.3; RFC 1034 5.3.3b */
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

static void closed_port_is_passed_over_at_once(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.3 */
  (void)state;
  struct ph_addr server = ph_addr_v4(0x0a000001);
  assert_int_equal(ph_dns_init(client, NULL), 0);
  ph_dns_set_servers(client, &server, 1);
  play_without_server(nobody_script);
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

#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, dns_scene_setup, dns_scene_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
