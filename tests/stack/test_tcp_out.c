/* SPDX-License-Identifier: Apache-2.0 */
/* Fewer records of what is out (struct tcp_out) than connections that send:
 * each of them makes progress, whatever the peers of the others do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

enum { CONNS = 12, PORT = 80, MAX_SILENT = 10 };

/* Host 1 has `count` connections to host 0. Of the first `silent` of them
 * nothing that host 0 sends arrives: their peers never acknowledge. */
struct crowd {
  struct pair *pair;
  struct tcp_conn *listener, *client[CONNS], *server[CONNS];
  int owner[2 * CONNS + 1];
  uint16_t port[CONNS];
  int count, silent;
  uint64_t size, sent[CONNS], received[CONNS];
};

static bool from_silent(struct pair *pair, const struct pair_seg *seg) {
  const struct crowd *c = pair->drop_ctx;
  for (int i = 0; i < c->silent; i++) {
    if (seg->from == 0 && c->port[i] == seg->dst_port) {
      return true;
    }
  }
  return false;
}

static bool all_accepted(struct pair *pair, void *ctx) {
  struct crowd *c = ctx;
  struct tcp_conn *conn;
  while ((conn = tcp_accept(&pair->host[0].stack, c->listener)) != NULL) {
    for (int i = 0; i < c->count; i++) {
      if (conn->remote_port == c->port[i]) {
        c->server[i] = conn;
        tcp_set_owner(conn, &c->owner[i]);
      }
    }
  }
  for (int i = 0; i < c->count; i++) {
    if (!c->server[i] || c->client[i]->state != TCP_STATE_ESTABLISHED) {
      return false;
    }
  }
  return true;
}

static void begin(struct crowd *c, uint32_t senders, int count, int silent) {
  struct pair_options options = {.tcp = {.max_senders = senders}};
  *c = (struct crowd){.pair = pair_new(&options), .count = count};
  struct ph_stack *server = &c->pair->host[0].stack;
  struct ph_stack *client = &c->pair->host[1].stack;
  struct ph_addr at = pair_addr(0);
  c->listener = tcp_open(server, &c->owner[2 * CONNS]);
  assert_int_equal(tcp_bind(server, c->listener, &at, PORT, false), 0);
  assert_int_equal(tcp_listen(server, c->listener, CONNS), 0);
  for (int i = 0; i < count; i++) {
    c->client[i] = tcp_open(client, &c->owner[CONNS + i]);
    assert_int_equal(tcp_connect(client, c->client[i], &at, PORT), 0);
    c->port[i] = c->client[i]->local_port;
  }
  assert_true(pair_run(c->pair, 10 * PAIR_S, all_accepted, c));
  c->silent = silent;
  c->pair->drop = from_silent;
  c->pair->drop_ctx = c;
}

static void end(struct crowd *c) {
  c->silent = 0;
  for (int i = 0; i < c->count; i++) {
    tcp_close(&c->pair->host[1].stack, c->client[i], true);
    tcp_close(&c->pair->host[0].stack, c->server[i], true);
  }
  tcp_close(&c->pair->host[0].stack, c->listener, false);
  pair_pass(c->pair, PAIR_S);
  pair_free(c->pair);
}

/* Host 0 sends on every connection as much as it can. True once those that are
 * not silent have received everything. */
static bool pump(struct pair *pair, void *ctx) {
  struct crowd *c = ctx;
  bool done = true;
  for (int i = 0; i < c->count; i++) {
    pair_write(&pair->host[0].stack, c->server[i], &c->sent[i], c->size, 16384);
    (void)pair_read(&pair->host[1].stack, c->client[i], &c->received[i], 16384);
    done = done && (i < c->silent || c->received[i] == c->size);
  }
  return done;
}

/* ---- Idle ---------------------------------------------------------------- */

static void idle_connections_keep_nothing_that_others_need(void **state) {
  /* EVIDENCE: docs/stack.md, what is out */
  (void)state;
  struct crowd c;
  begin(&c, 2, CONNS, 0);
  struct tcp_stack *tcp = tcp_of(&c.pair->host[0].stack);
  assert_int_equal(tcp->outs_available, 2); /* connecting needs none */
  c.size = 20000;
  assert_true(pair_run(c.pair, 60 * PAIR_S, pump, &c));
  pair_pass(c.pair, PAIR_S);
  tcp_check_invariants(&c.pair->host[0].stack);
  assert_int_equal(tcp->outs_available, 0); /* kept, for nobody wants them */
  uint64_t forgotten = c.pair->host[0].stack.stats.TcpOutForgotten;
  for (int i = 0; i < CONNS; i++) { /* one after the other: nothing is lost */
    assert_int_equal(
        tcp_send(&c.pair->host[0].stack, c.server[i], "x", 1, false), 1);
    pair_pass(c.pair, PAIR_S);
    assert_int_equal(c.server[i]->snd_una, c.server[i]->snd_nxt);
  }
  assert_int_equal(c.pair->host[0].stack.stats.TcpOutForgotten, forgotten);
  assert_int_equal(c.pair->host[0].stack.stats.TcpTimeouts, 0);
  end(&c);
}

static void idle_connection_without_record_remembers_its_path(void **state) {
  /* EVIDENCE: docs/stack.md, what is out */
  (void)state;
  struct crowd c;
  begin(&c, 1, 2, 0);
  struct ph_stack *stack = &c.pair->host[0].stack;
  c.size = 200000;
  assert_true(pair_run(c.pair, 60 * PAIR_S, pump, &c));
  pair_pass(c.pair, PAIR_S); /* the last ACK */
  struct tcp_conn *conn =
      c.server[0]->out == &tcp_out_none ? c.server[0] : c.server[1];
  assert_ptr_equal(conn->out, &tcp_out_none);
  struct tcp_info info;
  tcp_get_info(stack, conn, &info);
  assert_true(info.srtt_ns > 0 && info.cwnd > 10u * info.snd_mss);
  assert_int_equal(info.bytes_acked, 200000);
  assert_int_equal(info.unacked_segs, 0);
  end(&c);
}

/* ---- Hostile peers ------------------------------------------------------- */

static void silent_peers_hold_all_records_others_are_served(void **state) {
  /* EVIDENCE: docs/stack.md, what is out; docs/decisions/0008 */
  for (uint32_t senders = 1; senders <= 4; senders++) {
    (void)state;
    struct crowd c;
    begin(&c, senders, CONNS, MAX_SILENT);
    c.size = 300000;
    assert_true(pair_run(c.pair, 60 * PAIR_S, pump, &c));
    tcp_check_invariants(&c.pair->host[0].stack);
    assert_true(c.pair->host[0].stack.stats.TcpOutForgotten > 0);
    for (int i = 0; i < MAX_SILENT; i++) {
      assert_int_equal(c.received[i], 0);
    }
    end(&c);
  }
}

static void silent_peers_and_losses_others_are_served(void **state) {
  /* EVIDENCE: docs/stack.md, what is out */
  (void)state;
  struct crowd c;
  begin(&c, 2, CONNS, MAX_SILENT);
  c.pair->loss_ppm = 50000;
  c.size = 100000;
  assert_true(pair_run(c.pair, 3600 * PAIR_S, pump, &c));
  tcp_check_invariants(&c.pair->host[0].stack);
  end(&c);
}

static void one_record_for_all_and_losses_everything_arrives(void **state) {
  /* EVIDENCE: docs/stack.md, what is out */
  (void)state;
  struct crowd c;
  begin(&c, 1, CONNS, 0);
  c.pair->loss_ppm = 20000;
  c.size = 100000;
  assert_true(pair_run(c.pair, 3600 * PAIR_S, pump, &c));
  tcp_check_invariants(&c.pair->host[0].stack);
  end(&c);
}

/* A peer that went silent for a while is served again when it is back. */
static void silence_ends_connection_goes_on(void **state) {
  /* EVIDENCE: docs/stack.md, what is out; RFC 6298 5.4 */
  (void)state;
  struct crowd c;
  begin(&c, 1, CONNS, MAX_SILENT);
  c.size = 50000;
  assert_true(pair_run(c.pair, 60 * PAIR_S, pump, &c));
  c.silent = 0;
  assert_true(pair_run(c.pair, 3600 * PAIR_S, pump, &c));
  end(&c);
}

/* However often the record is taken away, a loss is repaired with one segment
 * per timeout or acknowledgement: no storm. */
static void record_taken_away_in_recovery_does_not_flood(void **state) {
  /* EVIDENCE: docs/stack.md, what is out; RFC 5681 3.1 (loss window) */
  (void)state;
  struct crowd c;
  begin(&c, 1, CONNS, CONNS);
  struct ph_stack *stack = &c.pair->host[0].stack;
  c.size = 100000;
  (void)pair_run(c.pair, PAIR_MS, pump, &c);
  uint64_t timeouts = stack->stats.TcpTimeouts;
  uint64_t resent = stack->stats.TcpRetransSegs;
  pair_pass(c.pair, 20 * PAIR_S);
  timeouts = stack->stats.TcpTimeouts - timeouts;
  resent = stack->stats.TcpRetransSegs - resent;
  assert_true(timeouts >= 5 * CONNS);
  assert_in_range(resent, timeouts, timeouts + CONNS); /* and a loss probe */
  end(&c);
}

/* ---- What is known of a loss without the record ----------------------------
 */

/* The other connection of host 0 takes the one record there is. */
static void take_away(struct crowd *c) {
  struct ph_stack *stack = &c->pair->host[0].stack;
  uint64_t forgotten = stack->stats.TcpOutForgotten;
  assert_int_equal(tcp_send(stack, c->server[1], "x", 1, false), 1);
  ph_stack_poll(stack, c->pair->now_ns);
  assert_ptr_equal(c->server[0]->out, &tcp_out_none);
  assert_int_equal(stack->stats.TcpOutForgotten, forgotten + 1);
}

static void send_segments(struct crowd *c, uint32_t count) {
  static const uint8_t data[16384];
  struct ph_stack *stack = &c->pair->host[0].stack;
  long n = (long)(count * c->server[0]->snd_mss);
  assert_int_equal(tcp_send(stack, c->server[0], data, (size_t)n, false), n);
}

/* The ACK of what a timeout has sent again finds no record: the rest follows
 * at once, not one segment per timeout. */
static void record_taken_after_a_timeout_the_rest_follows_the_ack(
    void **state) {
  /* EVIDENCE: docs/stack.md, what is out; RFC 6298 5.4 */
  (void)state;
  struct crowd c;
  begin(&c, 1, 2, 1);
  c.pair->delay_ns = 10 * PAIR_MS;
  struct ph_stack *stack = &c.pair->host[0].stack;
  struct tcp_conn *conn = c.server[0];
  send_segments(&c, 7);
  pair_pass(c.pair, PAIR_MS);
  uint64_t probe = 100 * PAIR_MS; /* the loss probe has left, too */
  pair_pass(c.pair, probe);
  pair_pass(c.pair, conn->deadline[TCP_TIMER_RTX] - c.pair->now_ns - 1);
  assert_int_equal(stack->stats.TcpTimeouts, 0);
  c.silent = 0;
  pair_pass(c.pair, 1);
  assert_int_equal(stack->stats.TcpTimeouts, 1);
  assert_int_equal(conn->recovery, TCP_RECOVERY_LOSS);
  uint64_t resent = stack->stats.TcpRetransSegs;
  take_away(&c);
  /* A write is no news of what was sent again: it does not go once more. */
  assert_int_equal(tcp_send(stack, conn, "x", 1, false), 1);
  ph_stack_poll(stack, c.pair->now_ns);
  assert_int_equal(stack->stats.TcpRetransSegs, resent);
  take_away(&c);
  pair_pass(c.pair, 150 * PAIR_MS);
  assert_int_equal(conn->snd_una, conn->snd_nxt);
  assert_int_equal(stack->stats.TcpTimeouts, 1);
  assert_int_equal(stack->stats.TcpRetransSegs - resent, 6);
  end(&c);
}

/* Segments 0 and 4 are lost, 4 also when it is sent again. */
static bool holes(struct pair *pair, const struct pair_seg *seg) {
  const struct crowd *c = pair->drop_ctx;
  if (seg->from != 0 || seg->dst_port != c->port[0] || seg->len == 0) {
    return false;
  }
  const struct tcp_conn *conn = c->server[0];
  uint32_t n = (seg->seq - (uint32_t)PAIR_ISS - 1) / conn->snd_mss;
  return n == 4 ? conn->out != &tcp_out_none
                : n == 0 && conn->recovery == TCP_RECOVERY_NONE;
}

static bool in_fast_recovery(struct pair *pair, void *ctx) {
  const struct crowd *c = ctx;
  (void)pair;
  return c->server[0]->recovery == TCP_RECOVERY_FAST;
}

/* Of a fast recovery is left that there was a loss: it goes on from snd_una. */
static void record_taken_in_fast_recovery_the_rest_follows_the_ack(
    void **state) {
  /* EVIDENCE: docs/stack.md, what is out; RFC 5681 3.1 (loss window) */
  (void)state;
  struct crowd c;
  begin(&c, 1, 2, 0);
  c.pair->delay_ns = 10 * PAIR_MS;
  c.pair->drop = holes;
  struct ph_stack *stack = &c.pair->host[0].stack;
  struct tcp_conn *conn = c.server[0];
  send_segments(&c, 10);
  assert_true(pair_run(c.pair, PAIR_S, in_fast_recovery, &c));
  pair_pass(c.pair, PAIR_MS); /* what is sent again has left */
  take_away(&c);
  assert_int_equal(conn->recovery, TCP_RECOVERY_LOSS);
  assert_int_equal(conn->cwnd, conn->snd_mss);
  c.pair->drop = NULL;
  pair_pass(c.pair, 150 * PAIR_MS);
  assert_int_equal(conn->snd_una, conn->snd_nxt);
  assert_int_equal(stack->stats.TcpTimeouts, 0);
  end(&c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(idle_connections_keep_nothing_that_others_need),
      cmocka_unit_test(idle_connection_without_record_remembers_its_path),
      cmocka_unit_test(silent_peers_hold_all_records_others_are_served),
      cmocka_unit_test(silent_peers_and_losses_others_are_served),
      cmocka_unit_test(one_record_for_all_and_losses_everything_arrives),
      cmocka_unit_test(silence_ends_connection_goes_on),
      cmocka_unit_test(record_taken_away_in_recovery_does_not_flood),
      cmocka_unit_test(record_taken_after_a_timeout_the_rest_follows_the_ack),
      cmocka_unit_test(record_taken_in_fast_recovery_the_rest_follows_the_ack),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
