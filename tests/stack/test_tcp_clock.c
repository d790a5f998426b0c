/* SPDX-License-Identifier: Apache-2.0 */
/* Times that a connection keeps in 32 bits of milliseconds, where these wrap:
 * 49.7 days after the stack's start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_peer.h"

#define WRAP (((uint64_t)1 << 32) * PAIR_MS)

/* A connection, `ms` before the wrap. */
static void begin(struct peer *p, uint64_t ms) {
  peer_passive(p, NULL);
  peer_pass(p, WRAP - ms * PAIR_MS - p->pair->now_ns);
}

/* True if what is outside the window is answered. */
static bool is_challenged(struct peer *p) {
  uint64_t before = p->stack->stats.TcpChallengeAcks;
  peer_send(p, TCP_RST, p->seq + 1, NULL, 0); /* not at rcv_nxt */
  return p->stack->stats.TcpChallengeAcks > before;
}

static void challenge_acks_are_two_per_second_across_the_wrap(void **state) {
  /* EVIDENCE: RFC 5961 7a; docs/tcp/README.md */
  (void)state;
  struct peer p;
  begin(&p, 100);
  assert_true(is_challenged(&p));
  assert_false(is_challenged(&p));
  peer_pass(&p, 99 * PAIR_MS);
  assert_false(is_challenged(&p)); /* the last millisecond */
  peer_pass(&p, PAIR_MS);
  assert_int_equal((uint32_t)(p.pair->now_ns / PAIR_MS), 0);
  assert_false(is_challenged(&p)); /* the first one */
  peer_pass(&p, 399 * PAIR_MS);
  assert_false(is_challenged(&p));
  peer_pass(&p, PAIR_MS);
  assert_true(is_challenged(&p));
  assert_false(is_challenged(&p));
  peer_free(&p);
}

static void first_challenge_ack_just_after_the_wrap_is_sent(void **state) {
  /* EVIDENCE: RFC 5961 7a */
  (void)state;
  struct peer p;
  begin(&p, 0);
  assert_true(is_challenged(&p));
  peer_free(&p);
}

static void info_tells_how_long_ago_across_the_wrap(void **state) {
  /* EVIDENCE: Linux tcp(7), TCP_INFO: tcpi_last_data_sent and its like */
  (void)state;
  struct peer p;
  begin(&p, 30);
  peer_data(&p, 100);
  assert_int_equal(peer_app_send(&p, 100), 100);
  peer_pass(&p, 0);
  peer_ack(&p, p.conn->snd_nxt);
  for (uint32_t ms = 0; ms <= 60; ms += 10) {
    struct tcp_info info;
    tcp_get_info(p.stack, p.conn, &info);
    assert_int_equal(info.last_received_ms, ms);
    assert_int_equal(info.last_sent_ms, ms);
    assert_int_equal(info.last_ack_ms, ms);
    peer_pass(&p, 10 * PAIR_MS);
  }
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(challenge_acks_are_two_per_second_across_the_wrap),
      cmocka_unit_test(first_challenge_ack_just_after_the_wrap_is_sent),
      cmocka_unit_test(info_tells_how_long_ago_across_the_wrap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
