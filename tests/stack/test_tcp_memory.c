/* SPDX-License-Identifier: Apache-2.0 */
/* A pool in which nothing is left but what is owed: all that was promised
 * arrives, packed if need be, and what was not promised gives way. */
#include "tests/stack/poison.h"
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

static void nothing_spare_crumbs_read_open_no_silly_window(void **state) {
  /* EVIDENCE: RFC 9293 MUST-39, 3.8.6.2.2 */
  (void)state;
  static struct thief t;
  struct peer p;
  poor(&p, &t);
  uint32_t left;
  while ((left = p.conn->rcv_edge - p.conn->rcv_nxt) > 0) {
    peer_data(&p, ph_min_u32(left, 499));
  }
  peer_mark(&p);
  expect_bytes(&p, 0, 10);
  assert_int_equal(peer_sent(&p), 0);
  expect_bytes(&p, 10, 2000);
  assert_true(peer_sent(&p) > 0);
  peer_pass(&p, PAIR_MS);
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
  assert_non_null(p.conn->out->ooo.first);
  assert_int_equal(p.conn->rcv_blocks, 1);
  peer_data(&p, 400);
  assert_int_equal(p.conn->rcv_nxt, first + 400);
  assert_null(p.conn->out->ooo.first);
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

static void count_writable(struct ph_stack *stack, void *owner,
                           uint32_t ready) {
  (void)stack;
  *(int *)owner += (ready & TCP_READY_OUT) != 0;
}

static void nothing_spare_partial_write_waits_for_blocks(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short */
  (void)state;
  static struct thief t;
  struct peer p;
  poor(&p, &t);
  assert_int_equal(peer_app_send(&p, 10000), PH_BLOCK_SIZE);
  /* Nobody need try again in vain to be woken when there is more. */
  assert_false(tcp_ready(p.conn) & TCP_READY_OUT);
  int writable = 0;
  tcp_set_owner(p.conn, &writable);
  tcp_set_notify(p.stack, count_writable);
  pair_pass(p.pair, 150 * PAIR_MS);
  assert_false(tcp_ready(p.conn) & TCP_READY_OUT);
  assert_int_equal(writable, 0);
  give_back(&t);
  pair_pass(p.pair, 150 * PAIR_MS);
  assert_true(tcp_ready(p.conn) & TCP_READY_OUT);
  assert_int_equal(writable, 1);
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

/* 60 bytes in the linear part, then fragments of unlike sizes in blocks of the
 * device, whose bytes are those of the stream. */
static struct pkt *scattered(struct peer *p) {
  static const uint32_t sizes[] = {2048, 700, 10, 2048, 511, 512, 1, 2048};
  struct pair_host *host = &p->pair->host[0];
  struct pkt *pkt = pkt_get(&host->stack.pkts, 0);
  assert_non_null(pkt);
  pkt->netif = &host->netif;
  pkt->head_len = pkt->len = 60;
  for (uint32_t i = 0; i < 60; i++) {
    pkt->head[i] = pair_byte(i);
  }
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct ph_block *block = ph_block_get(&host->rx_pool);
    assert_non_null(block);
    uint8_t bytes[2048];
    for (uint32_t j = 0; j < sizes[i]; j++) {
      bytes[j] = pair_byte(pkt->len + j);
    }
    poison_fill(block->data, block->size, bytes, sizes[i]);
    assert_true(pkt_add_frag(pkt, block, block->data, sizes[i]));
    ph_block_put(block);
  }
  return pkt;
}

/* Take [from, from + len), compare it, and forget it. */
static void take_and_forget(struct peer *p, uint32_t from, uint32_t len) {
  static uint8_t got[8192];
  struct tcp_stack *tcp = tcp_of(p->stack);
  struct ph_block_pool *rx = &p->pair->host[0].rx_pool;
  const uint32_t chunks = tcp->chunks_available;
  const uint32_t blocks = rx->available;
  struct pkt *pkt = scattered(p);
  assert_int_equal(
      tcp_chunks_take(tcp, p->conn, &p->conn->rcvq, pkt, from, len), len);
  pkt_put(pkt);
  p->conn->rcvq_len = len;
  tcp_recvq_peek(tcp, p->conn, got, len, 0);
  for (uint32_t i = 0; i < len; i++) {
    assert_int_equal(got[i], pair_byte(from + i));
  }
  for (uint32_t done = 0; done < len; done += 777) { /* read in steps, too */
    uint32_t n = tcp_recvq_read(tcp, p->conn, got, 777);
    assert_int_equal(n, ph_min_u32(777, len - done));
    assert_int_equal(got[n - 1], pair_byte(from + done + n - 1));
  }
  assert_null(p->conn->rcvq.head);
  assert_null(p->conn->rcvq.tail);
  assert_int_equal(p->conn->rcv_held, 0);
  assert_int_equal(tcp->chunks_available, chunks);
  assert_int_equal(rx->available, blocks);
}

static void scattered_pieces_of_any_size_are_taken_from_any_byte(void **state) {
  /* EVIDENCE: docs/stack.md, receive queue */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  const uint32_t size = 60 + 3 * 2048 + 700 + 10 + 511 + 512 + 1;
  for (uint32_t from = 0; from < size; from += 59) {
    take_and_forget(&p, from, size - from);
    take_and_forget(&p, from, (size - from + 1) / 2);
  }
  /* The same with so little to spare that nothing or little may be lent. */
  struct tcp_stack *tcp = tcp_of(p.stack);
  struct ph_block_pool *rx = &p.pair->host[0].rx_pool;
  const uint32_t rcvbuf = p.conn->rcvbuf;
  for (uint32_t spare = 0; spare < 6; spare++) {
    uint32_t window = p.conn->rcv_edge - p.conn->rcv_nxt;
    p.conn->rcvbuf = window + spare * 1700;
    take_and_forget(&p, 0, size);
    p.conn->rcvbuf = rcvbuf;
    const uint32_t reserve = rx->reserve;
    ph_block_pool_reserve(rx, rx->available - 8 - 4 * spare);
    take_and_forget(&p, 60, size - 60);
    ph_block_pool_reserve(rx, reserve);
    const uint32_t chunks = tcp->chunks_available;
    struct tcp_chunk *rest = tcp->free_chunks;
    for (uint32_t i = 0; i < 10 + spare; i++) {
      rest = rest->next;
    }
    struct tcp_chunk *hidden = rest->next;
    rest->next = NULL;
    tcp->chunks_available = 11 + spare;
    take_and_forget(&p, 0, size);
    struct tcp_chunk *last = tcp->free_chunks;
    while (last->next) {
      last = last->next;
    }
    last->next = hidden;
    tcp->chunks_available = chunks;
  }
  peer_free(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(scattered_pieces_of_any_size_are_taken_from_any_byte),
      cmocka_unit_test(nothing_spare_promised_window_is_taken_whole),
      cmocka_unit_test(nothing_spare_window_is_one_block_and_moves),
      cmocka_unit_test(nothing_spare_crumbs_read_open_no_silly_window),
      cmocka_unit_test(nothing_spare_data_out_of_order_gives_way),
      cmocka_unit_test(nothing_spare_each_connection_sends_one_block),
      cmocka_unit_test(nothing_spare_partial_write_waits_for_blocks),
      cmocka_unit_test(small_pool_has_no_floors_and_still_moves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
