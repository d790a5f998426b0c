/* SPDX-License-Identifier: Apache-2.0 */
/* Selective acknowledgements of the receiver, and the checks of the sender. */
#include "stack/tcp/tcp_options.h"
#include "tests/stack/tcp_peer.h"

static const uint32_t first = (uint32_t)PAIR_ISS + 1; /* the peer's 1st byte */

static void data_at(struct peer *p, uint32_t offset, uint32_t len) {
  p->seq = first + offset;
  peer_data(p, len);
}

/* The last segment of the stack has exactly these blocks, relative to `first`:
 * pairs of left and right. */
static void expect_sack(const struct peer *p, uint32_t count,
                        const uint32_t *edges) {
  const struct pair_seg *seg = pair_last(p->pair, 1);
  assert_int_equal(seg->sack_count, count);
  for (uint32_t i = 0; i < count; i++) {
    assert_int_equal(seg->sack[i].left - first, edges[2 * i]);
    assert_int_equal(seg->sack[i].right - first, edges[2 * i + 1]);
  }
}

#define EXPECT_SACK(p, ...)                                                \
  expect_sack(p, sizeof((uint32_t[]){__VA_ARGS__}) / 2 / sizeof(uint32_t), \
              (uint32_t[]){__VA_ARGS__})

static void syn_with_sack_permitted_is_answered_with_it(void **state) {
  /* EVIDENCE: RFC 2018 2 (SACK-permitted) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  const struct pair_seg *syn_ack = &p.pair->log[0];
  assert_true(syn_ack->sack_permitted);
  assert_memory_equal(syn_ack->options + 4, ((uint8_t[]){1, 1, 4, 2}), 4);
  assert_true(p.conn->sack_ok);
  peer_free(&p);
}

static void syn_without_sack_permitted_gets_no_blocks(void **state) {
  /* EVIDENCE: RFC 2018 3a; RFC 2018 3 (only when it was permitted) */
  (void)state;
  struct peer p;
  peer_passive(&p, NULL);
  assert_false(p.pair->log[0].sack_permitted);
  data_at(&p, 100, 100);
  assert_int_equal(pair_last(p.pair, 1)->options_len, 0);
  peer_free(&p);
}

static void sack_off_is_neither_offered_nor_accepted(void **state) {
  /* EVIDENCE: RFC 2018 2 (an option) */
  (void)state;
  struct pair_options off = {.tcp.features.sack = PH_TCP_OFF};
  struct peer p;
  peer_passive_with(&p, &off, PEER_SACK);
  assert_false(p.pair->log[0].sack_permitted);
  assert_false(p.conn->sack_ok);
  peer_free(&p);
  peer_active(&p, &off);
  assert_false(pair_last(p.pair, 1)->sack_permitted);
  peer_free(&p);
}

static void active_open_offers_and_needs_the_answer(void **state) {
  /* EVIDENCE: RFC 2018 2 */
  (void)state;
  for (int answer = 0; answer < 2; answer++) {
    struct peer p;
    peer_active(&p, NULL);
    assert_true(pair_last(p.pair, 1)->sack_permitted);
    const uint8_t options[] = {4, 2, 1, 1};
    struct pair_tx tx = {.src_port = PEER_PORT,
                         .dst_port = p.port,
                         .seq = (uint32_t)PAIR_ISS,
                         .ack = p.ack,
                         .flags = TCP_SYN | TCP_ACK,
                         .wnd = PEER_WND,
                         .options = options,
                         .options_len = answer ? 4 : 0};
    pair_inject(p.pair, &tx);
    assert_int_equal(p.conn->sack_ok, answer);
    peer_free(&p);
  }
}

static void hole_makes_a_block_of_what_is_behind(void **state) {
  /* EVIDENCE: RFC 2018 3b */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 100, 100);
  assert_int_equal(pair_last(p.pair, 1)->ack, first);
  EXPECT_SACK(&p, 100, 200);
  data_at(&p, 200, 100); /* adjacent: the run grows */
  EXPECT_SACK(&p, 100, 300);
  data_at(&p, 0, 100);
  assert_int_equal(pair_last(p.pair, 1)->ack, first + 300);
  assert_int_equal(pair_last(p.pair, 1)->options_len, 0);
  peer_free(&p);
}

static void block_across_the_wrap(void **state) {
  /* EVIDENCE: RFC 9293 3.4 (modulo 2^32) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 50, 100); /* the peer's numbers wrap at 99 */
  assert_true(pair_last(p.pair, 1)->sack[0].left > 0xffffff00u);
  assert_int_equal(pair_last(p.pair, 1)->sack[0].right, 51);
  peer_free(&p);
}

static void first_block_is_the_latest_then_the_most_recent(void **state) {
  /* EVIDENCE: RFC 2018 4a, 4c; RFC 2018 4 (1), (2), (3) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 100, 50);
  data_at(&p, 300, 50);
  data_at(&p, 200, 50);
  EXPECT_SACK(&p, 200, 250, 300, 350, 100, 150);
  data_at(&p, 500, 50);
  data_at(&p, 400, 50); /* a fifth: the oldest of them falls out */
  EXPECT_SACK(&p, 400, 450, 500, 550, 200, 250, 300, 350);
  data_at(&p, 150, 50); /* joins 100 and 200: one block, in front */
  EXPECT_SACK(&p, 100, 250, 400, 450, 500, 550, 300, 350);
  data_at(&p, 350, 10); /* an old one grows: in front again */
  EXPECT_SACK(&p, 300, 360, 100, 250, 400, 450, 500, 550);
  data_at(&p, 0, 100); /* the first hole is filled */
  assert_int_equal(pair_last(p.pair, 1)->ack, first + 250);
  EXPECT_SACK(&p, 300, 360, 400, 450, 500, 550);
  peer_free(&p);
}

/* A segment over several runs touches all of them; what it fills is one. */
static void segment_over_two_holes_makes_one_block(void **state) {
  /* EVIDENCE: RFC 2018 4 (1) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 200, 50);
  data_at(&p, 300, 50);
  data_at(&p, 700, 50);
  data_at(&p, 150, 300);
  EXPECT_SACK(&p, 200, 250, 150, 450, 700, 750); /* the first: D-SACK */
  peer_free(&p);
}

static void data_of_ours_carries_blocks_and_is_shorter(void **state) {
  /* EVIDENCE: RFC 6691 2 (the sender takes options off), RFC 2018 3 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 100, 50);
  data_at(&p, 200, 50);
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 2500), 2500);
  assert_int_equal(peer_sent(&p), 3);
  for (uint32_t i = 0; i < 3; i++) {
    assert_int_equal(peer_seg(&p, i)->options_len, 4 + 2 * 8);
    assert_int_equal(peer_seg(&p, i)->sack_count, 2);
    assert_int_equal(peer_seg(&p, i)->len, i < 2 ? PEER_MSS - 20 : 540);
  }
  peer_free(&p);
}

/* The same through the software segmenter, and a peer that takes only 48. */
static void tiny_mss_leaves_room_for_data(void **state) {
  /* EVIDENCE: RFC 6691 2 */
  (void)state;
  struct pair_options software = {.software = true};
  struct peer p;
  peer_passive_with(&p, &software, PEER_SACK);
  p.conn->snd_mss = TCP_MSS_MIN;
  for (uint32_t i = 1; i <= 5; i++) {
    data_at(&p, 100 * i, 50);
  }
  peer_mark(&p);
  assert_int_equal(peer_app_send(&p, 100), 100);
  assert_true(peer_sent(&p) >= 5);
  uint32_t total = 0;
  for (uint32_t i = 0; i < peer_sent(&p); i++) {
    assert_int_equal(peer_seg(&p, i)->sack_count, 4);
    assert_true(peer_seg(&p, i)->len <= TCP_MSS_MIN - 36);
    total += peer_seg(&p, i)->len;
  }
  assert_int_equal(total, 100);
  peer_free(&p);
}

/* ---- D-SACK ------------------------------------------------------------- */

static void old_segment_again_is_reported(void **state) {
  /* EVIDENCE: RFC 2883 4a, 4b; RFC 2883 4 (duplicate below the cumulative
   * ACK; 4.1) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 0, 100);
  data_at(&p, 0, 100);
  assert_int_equal(pair_last(p.pair, 1)->ack, first + 100);
  EXPECT_SACK(&p, 0, 100);
  assert_int_equal(p.stack->stats.TcpDsackOut, 1);
  data_at(&p, 100, 100); /* once is enough */
  assert_int_equal(pair_last(p.pair, 1)->options_len, 0);
  peer_free(&p);
}

static void duplicate_with_a_hole_has_both_blocks(void **state) {
  /* EVIDENCE: RFC 2883 4e; RFC 2883 4.1.2 (out of order and duplicate) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 0, 100);
  data_at(&p, 200, 100);
  data_at(&p, 50, 50);
  EXPECT_SACK(&p, 50, 100, 200, 300);
  peer_free(&p);
}

static void duplicate_in_the_queue_is_inside_the_second_block(void **state) {
  /* EVIDENCE: RFC 2883 4d; RFC 2883 4 (2) (a subset of a larger block), 4.1.3
   */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 100, 300);
  data_at(&p, 600, 100);
  data_at(&p, 200, 100);
  EXPECT_SACK(&p, 200, 300, 100, 400, 600, 700);
  peer_free(&p);
}

static void partial_duplicate_reports_the_part(void **state) {
  /* EVIDENCE: RFC 2883 4c; RFC 2883 4.2.1 (reporting partial duplicates) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 0, 100);
  data_at(&p, 50, 100);
  assert_int_equal(pair_last(p.pair, 1)->ack, first + 150);
  EXPECT_SACK(&p, 50, 100);
  data_at(&p, 300, 100);
  data_at(&p, 350, 100); /* its tail is new */
  EXPECT_SACK(&p, 350, 400, 300, 450);
  data_at(&p, 600, 100);
  data_at(&p, 320, 330); /* two old parts: the first is told (4.2.3) */
  EXPECT_SACK(&p, 320, 450, 300, 700);
  peer_free(&p);
}

static void retransmitted_fin_is_reported(void **state) {
  /* EVIDENCE: RFC 2883 4 */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  data_at(&p, 0, 10);
  peer_send(&p, TCP_FIN | TCP_ACK, p.seq, NULL, 0);
  peer_send(&p, TCP_FIN | TCP_ACK, p.seq, NULL, 0);
  EXPECT_SACK(&p, 10, 11);
  peer_free(&p);
}

static void dsack_off_reports_nothing(void **state) {
  /* EVIDENCE: RFC 2883 4 (an extension) */
  (void)state;
  struct pair_options off = {.tcp.features.dsack = PH_TCP_OFF};
  struct peer p;
  peer_passive_with(&p, &off, PEER_SACK);
  data_at(&p, 0, 100);
  data_at(&p, 0, 100);
  assert_int_equal(pair_last(p.pair, 1)->options_len, 0);
  peer_free(&p);
}

/* The report waits for no connection that has gone. */
static void closed_connection_reports_nothing_later(void **state) {
  /* EVIDENCE: RFC 2883 4 (1) (reported once, by its own connection) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  tcp_dsack(p.stack, p.conn, first, first + 10);
  tcp_close(p.stack, p.conn, true);
  p.conn = NULL;
  assert_null(tcp_of(p.stack)->dsack_conn);
  peer_free(&p);
}

/* ---- Hostile receivers and senders -------------------------------------- */

static void one_byte_segments_with_holes_stay_cheap(void **state) {
  /* EVIDENCE: RFC 2018 4 (no more blocks than fit) */
  (void)state;
  struct peer p;
  peer_passive_with(&p, NULL, PEER_SACK);
  for (uint32_t i = 0; i < 2000; i++) {
    data_at(&p, 1 + 2 * i, 1);
    assert_int_equal(pair_last(p.pair, 1)->sack_count, i < 3 ? i + 1 : 4);
  }
  peer_free(&p);
}

/* Random segments: every block told is a run that we hold, the first one (or
 * the second behind a D-SACK) holds the segment, and none is told twice. */
static void random_segments_make_true_blocks(void **state) {
  /* EVIDENCE: RFC 2018 4a, 4b, 8d; RFC 2018 4 (1), (2) */
  (void)state;
  /* Room for a block of memory under each of the small runs. */
  struct pair_options large = {.blocks = 16384};
  struct peer p;
  uint32_t rng = 7;
  peer_passive_with(&p, &large, PEER_SACK);
  tcp_set_rcvbuf(p.conn, 8 << 20);
  for (uint32_t i = 0; i < 3000; i++) {
    rng = rng * 1664525u + 1013904223u;
    uint32_t offset = (rng >> 8) % 4000 + 1;
    rng = rng * 1664525u + 1013904223u;
    uint32_t len = (rng >> 8) % 50 + 1;
    data_at(&p, offset, len);
    const struct pair_seg *seg = pair_last(p.pair, 1);
    uint32_t from = seg->sack_count > 1 &&
                    seq_geq(seg->sack[0].left, seg->sack[1].left) &&
                    seq_leq(seg->sack[0].right, seg->sack[1].right);
    assert_true(seg->sack_count > from);
    assert_true(seq_leq(seg->sack[from].left, first + offset));
    assert_true(seq_geq(seg->sack[from].right, first + offset + len));
    for (uint32_t b = from; b < seg->sack_count; b++) {
      struct tcp_range *run =
          tcp_ranges_floor(&p.conn->out->ooo, seg->sack[b].left);
      assert_non_null(run);
      assert_int_equal(run->seq, seg->sack[b].left);
      assert_int_equal(run->seq + run->len, seg->sack[b].right);
      for (uint32_t c = from; c < b; c++) {
        assert_int_not_equal(seg->sack[c].left, seg->sack[b].left);
      }
    }
    if (p.pair->log_count == PAIR_LOG) {
      break;
    }
  }
  peer_free(&p);
}

static struct tcp_seg validated(const struct tcp_conn *conn, uint32_t ack,
                                uint32_t count,
                                const struct tcp_sack_block *blocks) {
  struct tcp_seg seg = {.ack = ack, .flags = TCP_ACK};
  seg.options.sack_count = (uint8_t)count;
  memcpy(seg.options.sack, blocks, count * sizeof(*blocks));
  tcp_sack_validate(conn, &seg);
  return seg;
}

static void blocks_that_cannot_be_true_are_ignored(void **state) {
  /* EVIDENCE: RFC 2018 5, RFC 5961 5.2 (what an ACK may name) */
  (void)state;
  struct tcp_conn conn = {.snd_una = 0xffffff00u,
                          .snd_nxt = 0x1000,
                          .snd_max_wnd = 0x1000,
                          .sack_ok = true};
  const struct tcp_sack_block bad[] = {
      {0x200, 0x200},            /* empty */
      {0x300, 0x200},            /* turned round */
      {0x200, 0x1001},           /* beyond snd_nxt */
      {0x200, 0x80000200u},      /* half the space away */
      {0xffffeeffu, 0x200},      /* older than a window below snd_una */
      {0xfffffe00u, 0xffffff00u} /* below the ACK, and not first */
  };
  for (uint32_t i = 0; i < PH_ARRAY_LEN(bad); i++) {
    struct tcp_sack_block blocks[2] = {{0x100, 0x180}, bad[i]};
    struct tcp_seg seg = validated(&conn, conn.snd_una, 2, blocks);
    assert_int_equal(seg.options.sack_count, 1);
    assert_int_equal(seg.options.sack[0].left, 0x100);
    assert_false(seg.dsack);
  }
  struct tcp_sack_block good[2] = {{0xfff, 0x1000}, {0xffffff01u, 0x1}};
  assert_int_equal(validated(&conn, conn.snd_una, 2, good).options.sack_count,
                   2);
  conn.sack_ok = false; /* not negotiated */
  assert_int_equal(validated(&conn, conn.snd_una, 2, good).options.sack_count,
                   0);
}

static void dsack_is_told_from_sack(void **state) {
  /* EVIDENCE: RFC 2883 5a; RFC 2883 4 (what the sender compares), 5 */
  (void)state;
  struct tcp_conn conn = {.snd_una = 0x100,
                          .snd_nxt = 0x1000,
                          .snd_max_wnd = 0x1000,
                          .sack_ok = true};
  const struct tcp_sack_block below[] = {{0x80, 0x100}, {0x200, 0x300}};
  struct tcp_seg seg = validated(&conn, 0x100, 2, below);
  assert_true(seg.dsack);
  assert_int_equal(seg.dsack_block.left, 0x80);
  assert_int_equal(seg.options.sack_count, 1);
  assert_int_equal(seg.options.sack[0].left, 0x200);
  const struct tcp_sack_block inside[] = {{0x240, 0x300}, {0x200, 0x300}};
  seg = validated(&conn, 0x100, 2, inside);
  assert_true(seg.dsack);
  assert_int_equal(seg.options.sack_count, 1);
  const struct tcp_sack_block beside[] = {{0x400, 0x500}, {0x200, 0x300}};
  seg = validated(&conn, 0x100, 2, beside);
  assert_false(seg.dsack);
  assert_int_equal(seg.options.sack_count, 2);
}

/* Lengths that are not 8n + 2, and a SACK without permission, on the wire. */
static void malformed_sack_options_do_nothing(void **state) {
  /* EVIDENCE: RFC 2018 3, RFC 9293 3.1 MUST-7 */
  (void)state;
  for (uint32_t n = 0; n <= 40; n++) {
    struct peer p;
    uint8_t options[40];
    memset(options, 1, sizeof(options));
    options[0] = 5;
    options[1] = (uint8_t)n;
    peer_passive_with(&p, NULL, n % 2 ? PEER_SACK : 0);
    assert_int_equal(peer_app_send(&p, 3000), 3000);
    struct pair_tx tx = {.src_port = PEER_PORT,
                         .dst_port = p.port,
                         .seq = p.seq,
                         .ack = p.ack,
                         .flags = TCP_ACK,
                         .wnd = p.wnd,
                         .options = options,
                         .options_len = sizeof(options)};
    pair_inject(p.pair, &tx);
    assert_int_equal(peer_state(&p), TCP_STATE_ESTABLISHED);
    peer_ack(&p, p.ack + 3000);
    assert_int_equal(p.conn->snd_una, p.conn->snd_nxt);
    peer_free(&p);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(syn_with_sack_permitted_is_answered_with_it),
      cmocka_unit_test(syn_without_sack_permitted_gets_no_blocks),
      cmocka_unit_test(sack_off_is_neither_offered_nor_accepted),
      cmocka_unit_test(active_open_offers_and_needs_the_answer),
      cmocka_unit_test(hole_makes_a_block_of_what_is_behind),
      cmocka_unit_test(block_across_the_wrap),
      cmocka_unit_test(first_block_is_the_latest_then_the_most_recent),
      cmocka_unit_test(segment_over_two_holes_makes_one_block),
      cmocka_unit_test(data_of_ours_carries_blocks_and_is_shorter),
      cmocka_unit_test(tiny_mss_leaves_room_for_data),
      cmocka_unit_test(old_segment_again_is_reported),
      cmocka_unit_test(duplicate_with_a_hole_has_both_blocks),
      cmocka_unit_test(duplicate_in_the_queue_is_inside_the_second_block),
      cmocka_unit_test(partial_duplicate_reports_the_part),
      cmocka_unit_test(retransmitted_fin_is_reported),
      cmocka_unit_test(dsack_off_reports_nothing),
      cmocka_unit_test(closed_connection_reports_nothing_later),
      cmocka_unit_test(one_byte_segments_with_holes_stay_cheap),
      cmocka_unit_test(random_segments_make_true_blocks),
      cmocka_unit_test(blocks_that_cannot_be_true_are_ignored),
      cmocka_unit_test(dsack_is_told_from_sack),
      cmocka_unit_test(malformed_sack_options_do_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
