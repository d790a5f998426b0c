/* SPDX-License-Identifier: Apache-2.0 */
/* A pool in which nothing is left but what is owed: all that was promised
 * arrives, packed if need be, and what was not promised gives way. */
#include "tests/stack/tcp_peer.h"

enum { FLOOR_WINDOW = 3840, LOOT = 4096 };

static const uint32_t first = (uint32_t)PAIR_ISS + 1;

struct thief {
  struct ph_block *loot[LOOT];
  uint32_t count;
};

/* Take every block that nobody is promised. */
static void take_spare(struct peer *p, struct thief *t) {
  struct ph_block *block;
  while ((block = ph_block_get_spare(&p->stack->blocks)) != NULL) {
    assert_true(t->count < LOOT);
    t->loot[t->count++] = block;
  }
}

static void give_back(struct thief *t) {
  while (t->count > 0) {
    ph_block_put(t->loot[--t->count]);
  }
}

/* The next `len` bytes are those of the stream from `from` on. */
static void expect_bytes(struct peer *p, uint64_t from, uint32_t len) {
  static uint8_t got[65536];
  assert_int_equal(tcp_recv(p->stack, p->conn, got, len, false), len);
  for (uint32_t i = 0; i < len; i++) {
    assert_int_equal(got[i], pair_byte(from + i));
  }
}

/* A connection that is made when nothing is spare. */
static void poor(struct peer *p, struct thief *t) {
  peer_passive(p, NULL);
  tcp_close(p->stack, p->conn, true);
  take_spare(p, t);
  p->ack = 0;
  struct pair_tx syn = {.src_port = PEER_PORT,
                        .dst_port = OUR_PORT,
                        .seq = (uint32_t)PAIR_ISS,
                        .flags = TCP_SYN,
                        .wnd = PEER_WND};
  pair_inject(p->pair, &syn);
  p->seq = first;
  peer_ack(p, first);
  p->conn = tcp_accept(p->stack, p->listener);
  assert_non_null(p->conn);
  tcp_set_owner(p->conn, &p->owner);
  take_spare(p, t);
}

static void nothing_spare_promised_window_is_taken_whole(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (2) */
  (void)state;
  static struct thief t;
  struct peer p;
  peer_passive(&p, NULL);
  uint32_t window = p.conn->rcv_edge - p.conn->rcv_nxt;
  assert_true(window >= 65535);
  take_spare(&p, &t);
  /* Each small one starts a block of its own behind one that is lent. */
  uint32_t sent = 0;
  while (sent + 700 <= window) {
    peer_data(&p, 100);
    peer_data(&p, 600);
    sent += 700;
    assert_true(p.stack->blocks.available >= p.stack->blocks.reserve);
  }
  assert_int_equal(p.conn->rcvq_len, sent);
  assert_int_equal(p.stack->stats.TcpRcvBufDrops, 0);
  assert_true(p.stack->stats.TcpRcvCollapsed > 0);
  /* Packed once, and dense from then on. */
  assert_true(p.stack->stats.TcpRcvCollapsed <= 2);
  expect_bytes(&p, 0, sent);
  give_back(&t);
  peer_free(&p);
}

static void nothing_spare_window_is_one_block_and_moves(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (1) */
  (void)state;
  static struct thief t;
  struct peer p;
  poor(&p, &t);
  assert_int_equal(p.conn->rcv_edge - p.conn->rcv_nxt, FLOOR_WINDOW);
  uint32_t sent = 0, read = 0;
  for (int round = 0; round < 100; round++) {
    uint32_t left;
    while ((left = p.conn->rcv_edge - p.conn->rcv_nxt) > 0) {
      uint32_t n = ph_min_u32(left, 499); /* copied */
      peer_data(&p, n);
      sent += n;
    }
    assert_int_equal(p.conn->rcvq_len, sent - read);
    assert_true(p.conn->rcv_blocks <= 1);
    expect_bytes(&p, read, 2001);
    read += 2001;
    peer_pass(&p, PAIR_MS);
    assert_true(p.stack->blocks.available >= p.stack->blocks.reserve);
  }
  assert_int_equal(p.stack->stats.TcpRcvBufDrops, 0);
  assert_true(p.stack->stats.TcpRcvCollapsed > 0);
  give_back(&t);
  peer_free(&p);
}

static void nothing_spare_data_out_of_order_gives_way(void **state) {
  /* EVIDENCE: RFC 2018 8 (data may be given up) */
  (void)state;
  static struct thief t;
  struct peer p;
  poor(&p, &t);
  /* Nor has the device a buffer to lend. */
  ph_block_pool_reserve(&p.pair->host[0].rx_pool, PAIR_RX_BLOCKS);
  peer_send(&p, TCP_ACK, first + 1000, "later", 5);
  assert_non_null(p.conn->ooo.first);
  assert_int_equal(p.conn->rcv_blocks, 1);
  peer_data(&p, 400);
  assert_int_equal(p.conn->rcv_nxt, first + 400);
  assert_null(p.conn->ooo.first);
  expect_bytes(&p, 0, 400);
  give_back(&t);
  peer_free(&p);
}

static void nothing_spare_each_connection_sends_one_block(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (1) */
  (void)state;
  static struct thief t;
  struct peer p;
  poor(&p, &t);
  assert_int_equal(peer_app_send(&p, 10000), PH_BLOCK_SIZE);
  assert_int_equal(peer_app_send(&p, 10000), -PH_EAGAIN);
  peer_ack(&p, first + PH_BLOCK_SIZE);
  assert_true(peer_app_send(&p, 10000) > 0);
  give_back(&t);
  peer_free(&p);
}

static void small_pool_has_no_floors_and_still_moves(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (1) */
  (void)state;
  struct pair_options options = {.blocks = 8};
  struct peer p;
  peer_passive(&p, &options);
  assert_int_equal(tcp_of(p.stack)->floor, 0);
  uint32_t sent = 0;
  for (int round = 0; round < 50; round++) {
    peer_data(&p, 499);
    expect_bytes(&p, sent, 499);
    sent += 499;
    assert_int_equal(peer_app_send(&p, 10), 10);
    peer_ack(&p, p.conn->snd_nxt);
  }
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_spare_promised_window_is_taken_whole),
      cmocka_unit_test(nothing_spare_window_is_one_block_and_moves),
      cmocka_unit_test(nothing_spare_data_out_of_order_gives_way),
      cmocka_unit_test(nothing_spare_each_connection_sends_one_block),
      cmocka_unit_test(small_pool_has_no_floors_and_still_moves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
