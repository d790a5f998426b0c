/* SPDX-License-Identifier: Apache-2.0 */
/* Floods, and pools that are empty at any moment: the bytes of a decent
 * connection get through, and each test ends with every pool as full as at the
 * start (pair_free). Those who take and never give back: test_fairness.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

enum { HOG_PORT = 81, CHUNK = 16384 };

struct flow {
  struct pair_ends ends;
  int sender; /* host */
  uint64_t size, sent, received;
};

static bool pump(struct pair *pair, void *ctx) {
  struct flow *f = ctx;
  struct ph_stack *s = &pair->host[f->sender].stack;
  struct ph_stack *r = &pair->host[!f->sender].stack;
  bool client = f->ends.client_owner == f->sender;
  struct tcp_conn *from = client ? f->ends.client : f->ends.server;
  struct tcp_conn *to = client ? f->ends.server : f->ends.client;
  pair_write(s, from, &f->sent, f->size, CHUNK);
  (void)pair_read(r, to, &f->received, CHUNK);
  return f->received == f->size;
}

/* How long `bytes` take from `sender`, in nanoseconds. */
static uint64_t take_time(struct pair *pair, struct flow *f, int sender,
                          uint64_t bytes) {
  uint64_t start = pair->now_ns;
  f->sender = sender;
  f->size = bytes;
  f->sent = f->received = 0;
  assert_true(pair_run(pair, 20 * PAIR_S, pump, f));
  return pair->now_ns - start;
}

static void close_flow(struct pair *pair, struct flow *f) {
  tcp_close(&pair->host[f->ends.client_owner].stack, f->ends.client, false);
  tcp_close(&pair->host[!f->ends.client_owner].stack, f->ends.server, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

/* ---- Pools that somebody empties at any moment -------------------------- */

enum { THEFTS = 5, LOOT = 4096 };

struct thief {
  struct flow flow;
  int what, host; /* which pool is empty now, and whose */
  uint32_t round;
  void *loot[LOOT];
  uint32_t count;
};

static void *steal(struct ph_stack *stack, struct ph_block_pool *rx, int what) {
  struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_chunk *chunk = tcp->free_chunks;
  switch (what) {
    case 0:
      return pkt_get(&stack->pkts, 0);
    case 1:
      return ph_block_get(&stack->blocks);
    case 2:
      return ph_block_get(rx);
    case 3:
      return tcp_range_get(tcp, tcp_range_reserve(tcp));
    default:
      if (chunk) {
        tcp->free_chunks = chunk->next;
        tcp->chunks_available--;
      }
      return chunk;
  }
}

static void give_back(struct ph_stack *stack, int what, void *loot) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (what == 0) {
    pkt_put(loot);
  } else if (what <= 2) {
    ph_block_put(loot);
  } else if (what == 3) {
    tcp_range_put(tcp, loot);
  } else {
    struct tcp_chunk *chunk = loot;
    chunk->next = tcp->free_chunks;
    tcp->free_chunks = chunk;
    tcp->chunks_available++;
  }
}

static void relent(struct pair *pair, struct thief *t) {
  while (t->count > 0) {
    give_back(&pair->host[t->host].stack, t->what, t->loot[--t->count]);
  }
}

/* Every few rounds another pool has nothing left, for a few rounds. */
static bool rob(struct pair *pair, void *ctx) {
  struct thief *t = ctx;
  if (++t->round % 7 == 0) {
    relent(pair, t);
  } else if (t->round % 7 == 3) {
    t->what = (int)(t->round / 7 % THEFTS);
    t->host = (int)(t->round / 7 / THEFTS % 2);
    struct pair_host *h = &pair->host[t->host];
    void *one;
    while (t->count < LOOT &&
           (one = steal(&h->stack, &h->rx_pool, t->what)) != NULL) {
      t->loot[t->count++] = one;
    }
  }
  if (pump(pair, &t->flow)) {
    relent(pair, t);
    return true;
  }
  return false;
}

static void any_pool_empty_at_any_moment_loses_nothing(void **state) {
  /* EVIDENCE: docs/stack.md, rules that hold (8, 10) */
  (void)state;
  const struct pair_options options = {.tcp = {.max_ranges = 64}};
  for (uint32_t seed = 1; seed <= 6; seed++) {
    struct thief *t = calloc(1, sizeof(*t));
    struct pair *pair = pair_new(&options);
    pair->rng = seed;
    pair_establish(pair, 1, &t->flow.ends);
    pair->loss_ppm = seed % 2 ? 10000 : 0;
    t->round = seed * 11;
    t->flow.sender = (int)(seed & 1);
    t->flow.size = 1 << 20;
    bool done = pair_run(pair, 120 * PAIR_S, rob, t);
    assert_true(done);
    close_flow(pair, &t->flow);
    free(t);
  }
}

/* ---- Floods ------------------------------------------------------------- */

static void half_open_10000_are_bounded_and_pass(void **state) {
  /* EVIDENCE: RFC 4987; RFC 9293 3.10.7.2 */
  (void)state;
  struct ph_addr any = ph_addr_v4(0);
  struct pair *pair = pair_new(NULL);
  struct ph_stack *s = &pair->host[0].stack;
  struct flow *f = calloc(1, sizeof(*f));
  int owner;
  pair_establish(pair, 1, &f->ends);
  struct tcp_conn *listener = tcp_open(s, &owner);
  assert_int_equal(tcp_bind(s, listener, &any, HOG_PORT, true), 0);
  assert_int_equal(tcp_listen(s, listener, 64), 0);
  for (uint32_t i = 0; i < 10000; i++) {
    struct pair_tx syn = {.src_port = (uint16_t)(1024 + i),
                          .dst_port = HOG_PORT,
                          .seq = i * 77777u,
                          .flags = TCP_SYN,
                          .wnd = 1000};
    pair_inject(pair, &syn);
    assert_true(tcp_of(s)->conns_open <= 2 + 64);
  }
  /* The peer's stack resets what it knows nothing of; nothing is left. */
  (void)take_time(pair, f, 1, 1 << 18);
  pair_pass(pair, 130 * PAIR_S);
  assert_int_equal(tcp_of(s)->conns_open, 2);
  tcp_close(s, listener, true);
  close_flow(pair, f);
  free(f);
}

static void out_of_order_bombs_are_bounded_by_the_buffer(void **state) {
  /* EVIDENCE: CVE-2018-5390 (SegmentSmack) */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct ph_stack *s = &pair->host[0].stack;
  struct pair_ends ends;
  pair_establish(pair, 1, &ends);
  struct tcp_conn *conn = ends.server;
  uint32_t seq = conn->rcv_nxt;
  for (uint32_t i = 1; i < 20000; i++) {
    struct pair_tx tx = {.src_port = conn->remote_port,
                         .dst_port = conn->local_port,
                         .seq = seq + 2 * i,
                         .ack = conn->snd_una,
                         .flags = TCP_ACK,
                         .wnd = 1000,
                         .data = "x",
                         .len = 1};
    pair_inject(pair, &tx);
    pair->log_count = 0;
  }
  assert_true(conn->rcv_held <= conn->rcvbuf + PH_BLOCK_SIZE);
  assert_true(s->blocks.available >= s->blocks.count / 2);
  tcp_close(s, ends.server, true);
  tcp_close(&pair->host[1].stack, ends.client, true);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

static void initial_numbers_of_10000_tell_nothing(void **state) {
  /* EVIDENCE: RFC 6528 3b; RFC 9293 MUST-9, SHLD-1; RFC 6528 3 (NUMBER:JACK: 9
   * of 11 stacks weak) */
  (void)state;
  struct pair *pair = pair_new(NULL);
  struct ph_stack *s = &pair->host[0].stack;
  struct tcp_conn conn = {.local_port = 40000, .remote = ph_addr_v4(1)};
  uint32_t high[256] = {0};
  uint32_t last = 0, last_step = 0, repeats = 0;
  for (uint32_t i = 0; i < 10000; i++) {
    conn.remote_port = (uint16_t)(1 + i);
    uint32_t isn = tcp_isn(s, &conn);
    uint32_t step = isn - last;
    high[step >> 24]++;
    repeats += step == last_step;
    last = isn;
    last_step = step;
  }
  assert_true(repeats <= 1); /* no arithmetic progression */
  for (int i = 0; i < 256; i++) {
    assert_in_range(high[i], 10, 80); /* 39 each, give or take 6 sigma */
  }
  /* For one pair of ends it moves with time, 250000 a second. */
  uint32_t then = tcp_isn(s, &conn);
  ph_stack_set_now(s, s->now_ns + PAIR_S);
  assert_int_equal(tcp_isn(s, &conn) - then, 250000);
  pair_free(pair);
}

/* ---- Somebody who knows the ends but not the numbers -------------------- */

struct attack {
  struct flow flow;
  uint32_t rng, thrown;
  uint32_t each; /* segments per step */
};

static uint32_t any(struct attack *a) {
  a->rng = a->rng * 1664525u + 1013904223u;
  return a->rng >> 16 | (a->rng * 2654435761u & 0xffff0000u);
}

/* Any flags, any numbers, any options, to either end's ports. */
static bool throw_at(struct pair *pair, void *ctx) {
  struct attack *a = ctx;
  const struct tcp_conn *c = a->flow.ends.server;
  for (uint32_t i = 0; i < a->each; i++) {
    uint32_t options[10];
    for (size_t n = 0; n < PH_ARRAY_LEN(options); n++) {
      options[n] = any(a);
    }
    struct pair_tx tx = {.src_port = c->remote_port,
                         .dst_port = c->local_port,
                         .seq = any(a),
                         .ack = any(a),
                         .flags = (uint8_t)any(a),
                         .wnd = (uint16_t)any(a),
                         .urg = (uint16_t)any(a),
                         .tos = any(a) & 3,
                         .options = options,
                         .options_len = any(a) % 11 * 4,
                         .data = options,
                         .len = any(a) % 41};
    tx.src_port = (uint16_t)(any(a) % 8 ? tx.src_port : any(a));
    if (tx.seq - c->rcv_nxt < c->rcv_edge - c->rcv_nxt + 64 ||
        c->rcv_nxt - tx.seq < 64) {
      continue; /* it guessed the window: not blind any more */
    }
    pair_inject(pair, &tx);
    a->thrown++;
  }
  return pump(pair, &a->flow);
}

static void blind_attackers_do_not_slow_a_flow(void **state) {
  /* EVIDENCE: RFC 5961 3, 4, 5, 7 (a limit of challenge ACKs per connection) */
  (void)state;
  uint64_t took[2];
  for (uint32_t each = 0; each <= 30; each += 30) {
    struct attack *a = calloc(1, sizeof(*a));
    struct pair *pair = pair_new(NULL);
    pair_establish(pair, 1, &a->flow.ends);
    const struct ph_stats *stats = &pair->host[0].stack.stats;
    a->rng = 5;
    a->each = each;
    a->flow.sender = 1;
    a->flow.size = 8 << 20;
    pair->delay_ns = 20 * PAIR_MS;
    uint64_t start = pair->now_ns;
    assert_true(pair_run(pair, 100 * PAIR_S, throw_at, a));
    took[each != 0] = pair->now_ns - start;
    if (each != 0) {
      assert_true(a->thrown > 2000);
      /* One of ours in half a second, and none that tells an attacker more. */
      assert_in_range(stats->TcpChallengeAcks, 1, 2 + took[1] * 2 / PAIR_S);
    }
    close_flow(pair, &a->flow);
    free(a);
  }
  assert_true(took[1] <= took[0] + took[0] / 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_pool_empty_at_any_moment_loses_nothing),
      cmocka_unit_test(half_open_10000_are_bounded_and_pass),
      cmocka_unit_test(out_of_order_bombs_are_bounded_by_the_buffer),
      cmocka_unit_test(initial_numbers_of_10000_tell_nothing),
      cmocka_unit_test(blind_attackers_do_not_slow_a_flow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
