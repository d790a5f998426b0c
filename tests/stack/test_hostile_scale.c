/* SPDX-License-Identifier: Apache-2.0 */
/* Many of something, in the order that hurts most: records, connections,
 * crumbs of acknowledgements; and clocks that have run for long. */
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

/* ---- Records ------------------------------------------------------------ */

enum { RECORDS = 4096, LOG2_RECORDS = 12 };

struct forest {
  struct tcp_ranges set;
  struct tcp_range ranges[RECORDS];
  uint64_t steps, operations;
};

/* How far it is to `seq`, before the tree is rearranged. */
static void count_path(struct forest *f, uint32_t seq) {
  const struct tcp_range *r = f->set.root;
  for (; r && r->seq != seq; r = seq_lt(seq, r->seq) ? r->left : r->right) {
    f->steps++;
  }
  f->operations++;
}

/* A permutation of 0 .. RECORDS - 1 that somebody chose who knows the tree. */
static uint32_t permuted(int order, uint32_t i) {
  uint32_t bits = 0;
  switch (order) {
    case 0:
      return i;
    case 1:
      return RECORDS - 1 - i;
    case 2: /* from both ends */
      return i % 2 ? RECORDS - 1 - i / 2 : i / 2;
    case 3: /* from the middle outwards */
      return RECORDS / 2 + (i % 2 ? (uint32_t)-1 - i / 2 : i / 2);
    case 4:
      return i * 2654435761u % RECORDS;
    default: /* bits reversed */
      for (int b = 0; b < LOG2_RECORDS; b++) {
        bits |= (i >> b & 1) << (LOG2_RECORDS - 1 - b);
      }
      return bits;
  }
}

/* Amortized over any sequence of operations a splay tree takes at most
 * 3 log2 n + 1 steps each, and n log2 n more at the start. */
static void records_in_any_order_are_found_in_log_n(void **state) {
  /* EVIDENCE: docs/stack.md (records: O(log n)); CVE-2018-5390, -5391 */
  (void)state;
  struct forest *f = calloc(1, sizeof(*f));
  for (int fill = 0; fill < 6; fill++) {
    for (int visit = 0; visit < 6; visit++) {
      *f = (struct forest){.steps = 0};
      for (uint32_t i = 0; i < RECORDS; i++) {
        struct tcp_range *r = &f->ranges[i];
        r->seq = first + 2 * permuted(fill, i);
        r->len = 1;
        count_path(f, r->seq);
        tcp_ranges_insert(&f->set, r);
      }
      for (uint32_t i = 0; i < 2 * RECORDS; i++) {
        uint32_t seq = first + 2 * permuted(visit, i % RECORDS);
        count_path(f, seq);
        struct tcp_range *r = tcp_ranges_floor(&f->set, seq + i % 2);
        assert_int_equal(r->seq, seq);
      }
      assert_true(f->steps <= f->operations * (3 * LOG2_RECORDS + 1) +
                                  RECORDS * LOG2_RECORDS);
      for (uint32_t i = 0; i < RECORDS; i++) {
        tcp_ranges_remove(&f->set, &f->ranges[permuted(visit, i)]);
      }
      assert_null(f->set.root);
    }
  }
  free(f);
}

/* Octets with holes between them, from the far end, alternating, at random:
 * records and memory stay bounded, what is in order still gets through. */
static void bombs_in_any_order_leave_the_connection_usable(void **state) {
  /* EVIDENCE: CVE-2018-5390 (SegmentSmack); RFC 2018 8 */
  (void)state;
  for (int order = 0; order < 6; order++) {
    const struct pair_options options = {.tcp = {.max_ranges = 500}};
    struct peer p;
    peer_passive_with(&p, &options, PEER_SACK);
    const struct tcp_stack *tcp = tcp_of(p.stack);
    for (uint32_t i = 0; i < RECORDS; i++) {
      struct tcp_conn *c = p.conn;
      uint32_t seq = first + 2 + 2 * permuted(order, i);
      uint8_t byte = pair_byte(seq - first);
      peer_send(&p, TCP_ACK, seq, &byte, 1);
      p.pair->log_count = 0;
      assert_true(c->rcv_held <= c->rcvbuf + PH_BLOCK_SIZE);
    }
    assert_true(p.stack->stats.TcpOutOfOrder > 0);
    assert_true(tcp->ranges_available > 0); /* nobody takes the last */
    uint32_t sent = 0;
    while (sent < 2 * RECORDS + 2) { /* the same octets, now in order */
      peer_data(&p, 100);
      sent += 100;
    }
    assert_int_equal(p.conn->rcv_nxt, first + sent);
    assert_null(p.conn->out->ooo.first);
    uint8_t got[2 * RECORDS + 200];
    assert_int_equal(tcp_recv(p.stack, p.conn, got, sizeof(got), false), sent);
    for (uint32_t i = 0; i < sent; i++) {
      assert_int_equal(got[i], pair_byte(i));
    }
    peer_free(&p);
  }
}

/* ---- Acknowledgements --------------------------------------------------- */

static void divided_acks_grow_the_window_by_bytes(void **state) {
  /* EVIDENCE: RFC 3465 2, RFC 5681 3.1 (ACK division), RFC 9438 4 */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_int_equal(peer_app_send(&p, 200000), 200000);
  uint32_t before = p.conn->cwnd;
  for (uint32_t n = 1; n <= 3 * PEER_MSS; n++) {
    peer_ack(&p, first + n);
    p.pair->log_count = 0;
  }
  assert_in_range(p.conn->cwnd, before, before + 3 * PEER_MSS);
  /* What the crumbs made room for leaves in segments, not in crumbs. */
  const struct tcp_range *r = p.conn->out->rtx.last;
  assert_true(r->len >= PEER_MSS);
  peer_free(&p);
}

/* ---- Connections -------------------------------------------------------- */

enum { CONNECTS = 10000 };

static int compare_u32(const void *a, const void *b) {
  const uint32_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* The numbers as an observer of the wire sees them. */
static void connects_10000_tell_nothing_of_the_next(void **state) {
  /* EVIDENCE: RFC 6528 3, RFC 6056 3.3 (NUMBER:JACK) */
  (void)state;
  static uint32_t isn[CONNECTS], step[CONNECTS];
  struct ph_addr to = pair_addr(1);
  struct peer p;
  uint32_t high[16] = {0}, ports[16] = {0};
  peer_listen(&p, NULL);
  tcp_of(p.stack)->isn = tcp_isn;
  pair_pass(p.pair, PAIR_MS);
  for (uint32_t i = 0; i < CONNECTS; i++) {
    ph_stack_set_now(p.stack, p.pair->now_ns);
    p.pair->log_count = 0;
    struct tcp_conn *conn = tcp_open(p.stack, &p.owner);
    assert_int_equal(tcp_connect(p.stack, conn, &to, (uint16_t)(1 + i % 5000)),
                     0);
    pair_pass(p.pair, i == 0 ? PAIR_MS : 1);
    const struct pair_seg *syn = pair_last(p.pair, 1);
    assert_int_equal(syn->flags, TCP_SYN);
    isn[i] = syn->seq;
    step[i] = i > 0 ? isn[i] - isn[i - 1] : 0;
    high[syn->seq >> 28]++;
    assert_in_range(syn->src_port, 32768, 60999);
    ports[(syn->src_port - 32768u) * 16 / 28232]++;
    tcp_close(p.stack, conn, true);
    pair_pass(p.pair, 10000);
  }
  for (int i = 0; i < 16; i++) { /* 625 each, give or take 6 sigma */
    assert_in_range(high[i], 475, 775);
    assert_in_range(ports[i], 400, 850);
  }
  /* No two steps are the same: no arithmetic progression, whatever the
   * distance (10^8 / 2^33 pairs would be equal by chance). */
  qsort(step + 1, CONNECTS - 1, sizeof(step[0]), compare_u32);
  uint32_t equal = 0;
  for (uint32_t i = 2; i < CONNECTS; i++) {
    equal += step[i] == step[i - 1];
  }
  assert_true(equal <= 2);
  peer_free(&p);
}

/* ---- Clocks ------------------------------------------------------------- */

enum { CLOCK_BYTES = 1 << 20 };

struct course {
  uint64_t lasted_ns, order;
  uint64_t retransmissions, timeouts, segments, received;
};

static bool stream(struct pair *pair, void *ctx) {
  static uint8_t buf[16384];
  struct pair_ends *ends = ctx;
  struct ph_stack *s = &pair->host[1].stack;
  struct ph_stack *r = &pair->host[0].stack;
  while (ends->client->bytes_acked + ends->client->sndq_len < CLOCK_BYTES &&
         tcp_send(s, ends->client, buf, sizeof(buf), false) > 0) {
  }
  while (tcp_recv(r, ends->server, buf, sizeof(buf), false) > 0) {
  }
  return ends->server->bytes_received >= CLOCK_BYTES;
}

/* Loss, a long path, idle time, keepalive probes, a reader that sleeps, and an
 * end; all of it when the host's clock says `start`. */
static struct course course_from(uint64_t start_ns) {
  const struct pair_options options = {
      .tcp = {.features = {.sack = PH_TCP_ON,
                           .timestamps = PH_TCP_ON,
                           .ecn = PH_TCP_ON}}};
  struct pair *pair = pair_new(&options);
  struct pair_ends ends;
  pair->now_ns = start_ns;
  pair->delay_ns = 20 * PAIR_MS;
  pair_establish(pair, 1, &ends);
  pair->loss_ppm = 20000;
  pair->reorder_ppm = 10000;
  struct ph_stack *s = &pair->host[1].stack;
  tcp_set_keepalive(s, ends.client, true);
  assert_int_equal(tcp_set(s, ends.client, TCP_SETTING_KEEPIDLE, 1), 0);
  assert_true(pair_run(pair, 120 * PAIR_S, stream, &ends));
  pair_pass(pair, 5 * PAIR_S);
  assert_int_equal(tcp_get_state(ends.client), TCP_STATE_ESTABLISHED);
  assert_true(s->stats.TcpKeepaliveProbes > 0);
  static uint8_t much[1 << 20];
  (void)tcp_send(s, ends.client, much, sizeof(much), false);
  pair_pass(pair, 8 * PAIR_S); /* nobody reads: the window closes */
  uint8_t buf[4096];
  struct ph_stack *r = &pair->host[0].stack;
  struct course c = {.retransmissions = ends.client->retransmissions};
  tcp_close(s, ends.client, false);
  for (int i = 0; i < 3000; i++) {
    ph_stack_set_now(r, pair->now_ns);
    long n = tcp_recv(r, ends.server, buf, sizeof(buf), false);
    c.received += n > 0 ? (uint64_t)n : 0;
    pair_pass(pair, 10 * PAIR_MS);
  }
  tcp_close(r, ends.server, false);
  pair_pass(pair, 70 * PAIR_S);
  c.lasted_ns = pair->now_ns - start_ns;
  c.order = pair->order;
  c.segments = s->stats.TcpOutSegs;
  c.timeouts = s->stats.TcpTimeouts;
  pair_free(pair);
  return c;
}

static void clocks_that_wrap_change_nothing(void **state) {
  /* EVIDENCE: RFC 7323 5.4, 5.5 (the timestamp clock wraps), RFC 9293 3.4.2 */
  (void)state;
  struct course usual = course_from(PAIR_S);
  assert_true(usual.received > 100000 && usual.retransmissions > 10);
  const uint64_t wraps[] = {
      (1ull << 32) * 1000,    /* microseconds: 71 minutes */
      (1ull << 31) * PAIR_MS, /* milliseconds as signed: 24 days */
      (1ull << 32) * PAIR_MS, /* milliseconds: 49 days */
      (1ull << 31) * PAIR_S,  /* seconds as signed: 68 years */
      (1ull << 32) * PAIR_S,  /* seconds: 136 years */
      1ull << 32,             /* nanoseconds */
      1ull << 63,
  };
  const uint64_t before_s[] = {2, 8, 20, 60};
  for (size_t w = 0; w < PH_ARRAY_LEN(wraps); w++) {
    for (size_t b = 0; b < PH_ARRAY_LEN(before_s); b++) {
      uint64_t start = wraps[w] / PAIR_S; /* whole seconds, as the usual */
      start = start > before_s[b] ? start - before_s[b] : 1;
      struct course c = course_from(start * PAIR_S);
      assert_memory_equal(&c, &usual, sizeof(c));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_in_any_order_are_found_in_log_n),
      cmocka_unit_test(bombs_in_any_order_leave_the_connection_usable),
      cmocka_unit_test(divided_acks_grow_the_window_by_bytes),
      cmocka_unit_test(connects_10000_tell_nothing_of_the_next),
      cmocka_unit_test(clocks_that_wrap_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
