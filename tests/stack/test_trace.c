/* SPDX-License-Identifier: Apache-2.0 */
/* What the stack tells a timeline: the bytes that cross the socket interface,
 * by their sequence numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/stack/tcp_peer.h"

enum { NOTES = 8 };

static struct note {
  uint32_t seq, len;
  const char *stage;
} notes[NOTES];
static unsigned note_count;

static void note(void *ctx, uint32_t seq, uint32_t len, const char *stage) {
  (void)ctx;
  assert_true(note_count < NOTES);
  notes[note_count++] = (struct note){seq, len, stage};
}

static void check(unsigned i, uint32_t seq, uint32_t len, const char *stage) {
  assert_true(i < note_count);
  assert_int_equal(notes[i].seq, seq);
  assert_int_equal(notes[i].len, len);
  assert_string_equal(notes[i].stage, stage);
}

static void established(struct peer *peer) {
  peer_passive(peer, NULL);
  peer->pair->platform.trace_stream = note;
  note_count = 0;
}

static void read_across_the_wrap_and_up_to_the_fin_names_each_byte(
    void **state) {
  /* EVIDENCE: RFC 9293 3.4 (sequence numbers wrap; the FIN takes one) */
  (void)state;
  struct peer p;
  uint8_t data[300] = {0};
  established(&p);
  uint32_t first = p.seq;
  assert_true(first + 300 < first); /* wraps inside */
  peer_send(&p, TCP_ACK | TCP_FIN, first, data, 300);
  assert_int_equal(tcp_recv(p.stack, p.conn, data, 120, true), 120);
  assert_int_equal(note_count, 0); /* a peek takes nothing */
  assert_int_equal(tcp_recv(p.stack, p.conn, data, 120, false), 120);
  assert_int_equal(tcp_recv(p.stack, p.conn, data, 300, false), 180);
  assert_int_equal(tcp_recv(p.stack, p.conn, data, 300, false), 0);
  assert_int_equal(note_count, 2);
  check(0, first, 120, "read");
  check(1, first + 120, 180, "read");
  peer_free(&p);
}

static void write_names_bytes_behind_those_that_still_wait(void **state) {
  /* EVIDENCE: RFC 9293 3.10.2 (SEND) */
  (void)state;
  struct peer p;
  established(&p);
  uint32_t first = p.ack;
  assert_true(first + 250 < first);
  assert_int_equal(peer_app_send(&p, 50), 50);
  assert_int_equal(peer_app_send(&p, 200), 200);
  assert_int_equal(note_count, 2);
  check(0, first, 50, "write");
  check(1, first + 50, 200, "write");
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(read_across_the_wrap_and_up_to_the_fin_names_each_byte),
      cmocka_unit_test(write_names_bytes_behind_those_that_still_wait),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
