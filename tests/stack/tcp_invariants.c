/* SPDX-License-Identifier: Apache-2.0 */
/* The invariants at the head of stack/tcp/tcp_internal.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

static uint32_t chunk_memory(const struct tcp_chunks *chunks, uint32_t *bytes,
                             uint32_t *blocks) {
  uint32_t held = 0;
  for (const struct tcp_chunk *c = chunks->head; c; c = c->next) {
    held += c->block->size;
    *bytes += c->len;
    *blocks += c->copied;
    assert_true(c->next || chunks->tail == c);
  }
  return held;
}

/* `sent` is in the order of sending, `lost` by sequence number, and both hold
 * what their name says. */
static uint32_t check_lists(const struct tcp_conn *conn) {
  uint32_t count = 0;
  const struct tcp_range *last = NULL;
  for (const struct tcp_range *r = conn->out->sent.first; r;
       r = r->u.tx.after) {
    assert_false(r->u.tx.flags & (TCP_RANGE_LOST | TCP_RANGE_SACKED));
    assert_ptr_equal(r->u.tx.before, last);
    assert_true(!last || last->u.tx.sent_at_ns <= r->u.tx.sent_at_ns);
    last = r;
    count++;
  }
  assert_ptr_equal(conn->out->sent.last, last);
  last = NULL;
  for (const struct tcp_range *r = conn->out->lost.first; r;
       r = r->u.tx.after) {
    assert_true(r->u.tx.flags & TCP_RANGE_LOST);
    assert_ptr_equal(r->u.tx.before, last);
    assert_true(!last || seq_lt(last->seq, r->seq));
    last = r;
    count++;
  }
  assert_ptr_equal(conn->out->lost.last, last);
  return count;
}

static void check_rtx(const struct tcp_conn *conn) {
  if (conn->out == &tcp_out_none) {
    return;
  }
  assert_ptr_equal(conn->out->conn, conn);
  uint32_t seq = conn->snd_una;
  uint32_t lost = 0, sacked = 0, records = 0;
  uint32_t listed = check_lists(conn);
  for (const struct tcp_range *r = conn->out->rtx.first; r; r = r->next) {
    uint32_t flags = r->u.tx.flags;
    assert_int_equal(r->seq, seq);
    assert_true(r->len > 0);
    seq += r->len;
    records++;
    lost += flags & TCP_RANGE_LOST ? r->len : 0;
    if (flags & TCP_RANGE_SACKED) {
      sacked += r->len;
      listed++;
      assert_true(!r->prev || !(r->prev->u.tx.flags & TCP_RANGE_SACKED));
    }
  }
  assert_int_equal(seq, conn->snd_nxt);
  assert_int_equal(lost, conn->out->lost_bytes);
  assert_int_equal(records, conn->out->records);
  assert_int_equal(records, listed);
  if (conn->sack_ok) {
    assert_int_equal(sacked, conn->out->sacked_bytes);
  } else {
    assert_int_equal(sacked, 0);
    assert_true(conn->out->sacked_bytes <= conn->snd_nxt - conn->snd_una);
  }
}

/* Every run is in the list of recency once, and nothing else is. */
static void check_recency(const struct tcp_stack *tcp,
                          const struct tcp_conn *conn) {
  uint32_t runs = 0;
  for (const struct tcp_range *r = conn->out->ooo.first; r; r = r->next) {
    runs++;
  }
  uint32_t newer = 0;
  for (uint32_t link = conn->out->sack_newest; link; runs--) {
    const struct tcp_range *r = &tcp->ranges[link - 1];
    assert_true(runs > 0);
    assert_int_equal(r->u.newer, newer);
    assert_true(seq_gt(r->seq, conn->rcv_nxt) && r->len > 0);
    newer = link;
    link = r->u.older;
  }
  assert_int_equal(runs, 0);
}

static void check_receive(const struct tcp_conn *conn) {
  uint32_t bytes = 0, blocks = 0;
  uint32_t held = chunk_memory(&conn->rcvq, &bytes, &blocks);
  assert_int_equal(bytes, conn->rcvq_len);
  uint32_t end = conn->rcv_nxt;
  for (const struct tcp_range *r = conn->out->ooo.first; r; r = r->next) {
    uint32_t run = 0;
    held += chunk_memory(&r->u.rx, &run, &blocks);
    assert_int_equal(run, r->len);
    assert_true(seq_gt(r->seq, end));
    end = r->seq + r->len;
  }
  assert_int_equal(held, conn->rcv_held);
  assert_int_equal(blocks, conn->rcv_blocks);
  uint32_t window = conn->fin_received ? 0 : conn->rcv_edge - conn->rcv_nxt;
  assert_true((blocks + conn->rcv_owed) * (uint64_t)PH_BLOCK_SIZE >=
              (window > PH_BLOCK_SIZE ? conn->rcvq_len + window : 0));
  assert_true(seq_leq(conn->rcv_nxt, conn->rcv_edge));
}

/* What the pool keeps free is what is owed. */
static void check_debts(const struct ph_stack *stack) {
  const struct tcp_stack *tcp = tcp_of(stack);
  uint32_t owed = 0;
  for (uint32_t i = 0; i < tcp->max_conns; i++) {
    const struct tcp_conn *conn = &tcp->conns[i];
    bool lived = conn->timer.fn != NULL;
    owed += lived ? conn->rcv_owed : tcp->floor;
    owed += conn->sndq_head ? 0 : tcp->floor;
  }
  assert_int_equal(stack->blocks.reserve, owed);
}

void tcp_check_invariants(struct ph_stack *stack) {
  const struct tcp_stack *tcp = tcp_of(stack);
  check_debts(stack);
  for (uint32_t i = 0; i < tcp->max_conns; i++) {
    const struct tcp_conn *conn = &tcp->conns[i];
    if (conn->state >= TCP_STATE_ESTABLISHED &&
        conn->state != TCP_STATE_TIME_WAIT) {
      check_rtx(conn);
      uint32_t sent = conn->snd_nxt - conn->snd_una - conn->fin_sent;
      if (conn->fin_sent && conn->snd_nxt == conn->snd_una) {
        sent = 0; /* the FIN is acknowledged */
      }
      assert_true(sent <= conn->sndq_len);
      check_receive(conn);
      check_recency(tcp, conn);
    }
  }
}
