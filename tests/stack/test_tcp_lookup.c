/* SPDX-License-Identifier: Apache-2.0 */
/* Which connection a segment belongs to: the table, and the one that was found
 * last. */
#include "tests/stack/tcp_peer.h"

enum { MANY = 6 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

static struct tcp_conn *found(const struct ph_stack *stack) {
  return tcp_of(stack)->found;
}

/* The one that is remembered of `conn`: without short ways, none. */
static struct tcp_conn *remembered(struct tcp_conn *conn) {
  return PH_SHORT_WAYS ? conn : NULL;
}

static void found_last_reset_is_forgotten(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.1 (no connection: reset) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  peer_data(&p, 10);
  assert_ptr_equal(found(p.stack), remembered(p.conn));
  peer_send(&p, TCP_RST, p.seq, NULL, 0);
  assert_int_equal(peer_state(&p), TCP_STATE_CLOSED);
  assert_null(found(p.stack));
  peer_mark(&p);
  peer_data(&p, 10);
  assert_int_equal(peer_sent(&p), 1);
  assert_int_equal(peer_seg(&p, 0)->flags, TCP_RST);
  assert_null(found(p.stack));
  peer_free(&p);
}

static void found_last_ends_time_wait_is_forgotten(void **state) {
  /* EVIDENCE: RFC 9293 3.10.8 (TIME-WAIT timeout) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *conn = p.conn;
  tcp_close(p.stack, conn, false);
  p.conn = NULL;
  peer_send(&p, TCP_FIN | TCP_ACK, p.seq++, NULL, 0);
  peer_ack(&p, first + 1);
  assert_int_equal(tcp_get_state(conn), TCP_STATE_TIME_WAIT);
  assert_ptr_equal(found(p.stack), remembered(conn));
  peer_pass(&p, 61 * PAIR_S);
  assert_null(found(p.stack));
  peer_free(&p);
}

/* Bytes for each connection in turn, each to the right one. */
static void talk(struct pair *pair, struct pair_ends *ends, uint32_t rounds) {
  for (uint32_t round = 0; round < rounds; round++) {
    for (uint8_t i = 0; i < MANY; i++) {
      uint8_t out[2] = {i, (uint8_t)round};
      if (!ends[i].client) {
        continue;
      }
      assert_int_equal(
          tcp_send(&pair->host[1].stack, ends[i].client, out, 2, false), 2);
      if (round & 1) { /* one by one; else one behind the other */
        pair_pass(pair, PAIR_MS);
      }
    }
    pair_pass(pair, PAIR_MS);
    for (uint8_t i = 0; i < MANY; i++) {
      uint8_t in[9];
      if (ends[i].client) {
        assert_int_equal(tcp_recv(&pair->host[0].stack, ends[i].server, in,
                                  sizeof(in), false),
                         2);
        assert_int_equal(in[0], i);
        assert_int_equal(in[1], round);
      }
    }
  }
}

static void end(struct pair *pair, struct pair_ends *ends) {
  tcp_close(&pair->host[1].stack, ends->client, true);
  pair_pass(pair, PAIR_MS);
  assert_int_equal(tcp_get_state(ends->server), TCP_STATE_CLOSED);
  tcp_close(&pair->host[0].stack, ends->server, true);
  ends->client = NULL;
}

static void many_in_turn(bool one_bucket) {
  struct pair *pair = pair_new(NULL);
  struct pair_ends ends[MANY];
  for (int h = 0; one_bucket && h < 2; h++) {
    tcp_of(&pair->host[h].stack)->table_mask = 0;
  }
  for (int i = 0; i < MANY; i++) {
    pair_establish(pair, 1, &ends[i]);
  }
  talk(pair, ends, 4);
  end(pair, &ends[2]); /* from the middle of the bucket, */
  talk(pair, ends, 2);
  end(pair, &ends[0]); /* its end */
  end(pair, &ends[MANY - 1]);
  talk(pair, ends, 2);
  for (int i = 0; i < MANY; i++) {
    if (ends[i].client) {
      end(pair, &ends[i]);
    }
  }
  assert_null(found(&pair->host[0].stack));
  assert_null(found(&pair->host[1].stack));
  pair_free(pair);
}

static void connections_in_turn_get_their_own(void **state) {
  /* EVIDENCE: RFC 9293 3.3.1 (a connection is its pair of sockets) */
  (void)state;
  many_in_turn(false);
}

static void connections_in_one_bucket_get_their_own(void **state) {
  /* EVIDENCE: RFC 9293 3.3.1 (a connection is its pair of sockets) */
  (void)state;
  many_in_turn(true);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(found_last_reset_is_forgotten),
      cmocka_unit_test(found_last_ends_time_wait_is_forgotten),
      cmocka_unit_test(connections_in_turn_get_their_own),
      cmocka_unit_test(connections_in_one_bucket_get_their_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
