/* SPDX-License-Identifier: Apache-2.0 */
/* Selective acknowledgements, the receiver's side: RFC 2018, and RFC 2883 for
 * what arrived twice.
 *
 * The runs of the out-of-order queue are the blocks. A list through them, kept
 * in the records, has the run that changed last in front, and a segment tells
 * as many from there on as fit: 4, with timestamps 3. So the first block always
 * holds the segment that caused the ACK (RFC 2018 4 (1)), the others repeat the
 * most recent ones (4 (3)), and a block that was lost with its ACK is told
 * again at least three times. The list has no end that could grow: a run leaves
 * it when it merges with another or becomes in order.
 *
 * A duplicate is reported once, in the segment that leaves next (RFC 2883 4
 * (1)); it is kept in the stack and not in the connection, because that is
 * nearly always the ACK that answers it at once. If another connection's
 * duplicate comes in between, the report is lost, as it may be on the wire. */
#include "stack/tcp/tcp_options.h"

enum { SACK_HEAD_LEN = 4, SACK_BLOCK_LEN = 8 };

/* ---- The list of recency ------------------------------------------------ */

/* Links are places in the pool, from 1; 0 is none. */
static struct tcp_range *run_at(const struct tcp_stack *tcp, uint32_t link) {
  return link ? &tcp->ranges[link - 1] : NULL;
}

static uint32_t link_of(const struct tcp_stack *tcp,
                        const struct tcp_range *run) {
  return (uint32_t)(run - tcp->ranges) + 1;
}

void tcp_sack_forget(struct tcp_stack *tcp, struct tcp_conn *conn,
                     struct tcp_range *run) {
  struct tcp_range *newer = run_at(tcp, run->u.newer);
  struct tcp_range *older = run_at(tcp, run->u.older);
  if (newer) {
    newer->u.older = run->u.older;
  } else if (conn->out->sack_newest == link_of(tcp, run)) {
    conn->out->sack_newest = run->u.older;
  }
  if (older) {
    older->u.newer = run->u.newer;
  }
  run->u.newer = run->u.older = 0;
}

void tcp_sack_touch(struct tcp_stack *tcp, struct tcp_conn *conn,
                    struct tcp_range *run) {
  uint32_t link = link_of(tcp, run);
  if (conn->out->sack_newest == link) {
    return;
  }
  tcp_sack_forget(tcp, conn, run);
  struct tcp_range *second = run_at(tcp, conn->out->sack_newest);
  run->u.older = conn->out->sack_newest;
  if (second) {
    second->u.newer = link;
  }
  conn->out->sack_newest = link;
}

/* ---- What the next segment tells ---------------------------------------- */

void tcp_dsack(struct ph_stack *stack, struct tcp_conn *conn, uint32_t left,
               uint32_t right) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (!conn->sack_ok || tcp->features.dsack == PH_TCP_OFF ||
      !seq_lt(left, right)) {
    return;
  }
  stack->stats.TcpDsackOut++;
  tcp->dsack_conn = conn;
  tcp->dsack = (struct tcp_sack_block){left, right};
}

uint32_t tcp_sack_blocks(const struct tcp_stack *tcp,
                         const struct tcp_conn *conn, struct tcp_sack_block *to,
                         uint32_t max) {
  uint32_t count = 0;
  if (tcp->dsack_conn == conn) {
    to[count++] = tcp->dsack;
  }
  const struct tcp_range *run = run_at(tcp, conn->out->sack_newest);
  for (; run && count < max; run = run_at(tcp, run->u.older)) {
    to[count++] = (struct tcp_sack_block){run->seq, run->seq + run->len};
  }
  return count;
}

uint32_t tcp_sack_len(const struct tcp_stack *tcp,
                      const struct tcp_conn *conn) {
  if (!conn->sack_ok) {
    return 0;
  }
  uint32_t room = TCP_MAX_OPTIONS_LEN - tcp_options_always(conn);
  uint32_t most = (room - SACK_HEAD_LEN) / SACK_BLOCK_LEN;
  uint32_t count = tcp->dsack_conn == conn;
  for (const struct tcp_range *run = conn->out->ooo.first; run && count < most;
       run = run->next) {
    count++;
  }
  return count ? SACK_HEAD_LEN + SACK_BLOCK_LEN * count : 0;
}

/* ---- What the peer tells ------------------------------------------------ */

/* Sent, not older than one window (the bound that RFC 5961 5.2 has for
 * SEG.ACK), and not turned round. */
static bool possible(const struct tcp_conn *conn,
                     const struct tcp_sack_block *block) {
  return seq_lt(block->left, block->right) &&
         seq_leq(block->right, conn->snd_nxt) &&
         seq_geq(block->left, conn->snd_una - conn->snd_max_wnd);
}

/* Below the cumulative ACK, or inside the block behind it: RFC 2883 4. */
static bool is_dsack(const struct tcp_sack_block *b, uint32_t count,
                     uint32_t ack) {
  return seq_leq(b[0].right, ack) ||
         (count > 1 && seq_geq(b[0].left, b[1].left) &&
          seq_leq(b[0].right, b[1].right));
}

void tcp_sack_validate(const struct tcp_conn *conn, struct tcp_seg *seg) {
  struct tcp_sack_block *b = seg->options.sack;
  uint32_t given = conn->sack_ok ? seg->options.sack_count : 0;
  bool first = given > 0 && possible(conn, &b[0]);
  uint32_t count = 0;
  for (uint32_t i = 0; i < given; i++) {
    if (possible(conn, &b[i]) &&
        ((i == 0 && first) || seq_gt(b[i].right, seg->ack))) {
      b[count++] = b[i];
    }
  }
  seg->dsack = first && is_dsack(b, count, seg->ack);
  if (seg->dsack) {
    seg->dsack_block = b[0];
    count--;
    memmove(b, b + 1, count * sizeof(*b));
  }
  seg->options.sack_count = (uint8_t)count;
}
