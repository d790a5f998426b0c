/* SPDX-License-Identifier: Apache-2.0 */
/* Who has a record of what is out.
 *
 * What recovers losses and paces a sender is of use only while data are out,
 * and what reassembles only while something is missing, so a connection that is
 * idle need not have it: struct tcp_out comes from a pool that may be smaller
 * than the number of connections. It is kept between flights for as long as
 * nobody else wants it.
 *
 * Whoever sends, or hears of what it has sent, gets one: if all are taken, one
 * is taken away from another connection, best from one with nothing out, else
 * from one that waits for what it misses, else from one that nobody answers,
 * else from one that was not used since this was last asked (the clock
 * algorithm, Corbato 1968). So peers that never
 * acknowledge can't keep what others need, however many they are.
 *
 * What is taken away is knowledge, never data: snd_una, snd_nxt, the send
 * queue, cwnd, ssthresh, the round trip time and the retransmission timer are
 * the connection's own. When it needs its record again all that is out is one
 * range that was sent at some time; holes in it are found as if there were no
 * SACK. If a loss was being repaired it goes on as after a timeout (RFC 6298
 * 5.4 to 5.6), from snd_una on:
 *
 *   1. `out_lost`: the first range was marked lost and not sent again: it is
 *      lost still, so a timeout is never forgotten.
 *   2. Otherwise its first segment was sent again: that alone is in the
 *      network, and once it is acknowledged the rest has its turn
 *      (TCP_RANGE_PARTIAL). A segment leaves once per acknowledgement or
 *      timeout, however often the record is taken away in between.
 *   3. The retransmission timer runs.
 *
 * What has arrived out of order is given up with it: the peer has it still (RFC
 * 2018 8).
 *
 * A program that has as many records as connections needs none of this and,
 * where the linker sees that, does not carry it along: struct
 * tcp_out_sharing. */
#include "stack/tcp/tcp_memory.h"
#include "stack/tcp/tcp_sendq.h"

enum { LOOK = 16 }; /* records looked at to find the one that is missed least */

const struct tcp_out tcp_out_none = {
    .deadline = UINT64_MAX,
    .loss.rack = {.min_rtt_us = {UINT32_MAX, UINT32_MAX}}};

static void put(struct tcp_stack *tcp, struct tcp_out *out) {
  out->conn = NULL;
  out->next = tcp->free_outs;
  tcp->free_outs = out;
  tcp->outs_available++;
}

bool tcp_out_init(struct tcp_stack *tcp, uint32_t count) {
  tcp->outs = tcp->free_outs =
      ph_stack_alloc_list(tcp->stack, count, sizeof(struct tcp_out),
                          offsetof(struct tcp_out, next));
  tcp->outs_count = tcp->outs_available = count;
  return tcp->outs != NULL;
}

void tcp_out_give(struct tcp_stack *tcp, struct tcp_conn *conn) {
  tcp_rtx_free(tcp, conn);
  if (conn->out->ooo.first) {
    tcp_ooo_free(tcp, conn);
  }
  put(tcp, conn->out);
  tcp_out_clear(conn);
}

/* The more, the more it would be missed. */
static uint32_t worth(const struct tcp_out *out) {
  if (!out->rtx.first) {
    return out->ooo.first ? 2 : out->used;
  }
  return out->conn->backoff > 0 ? 3 : 4u + out->used;
}

static struct tcp_out *least_missed(struct tcp_stack *tcp) {
  struct tcp_out *least = NULL;
  for (uint32_t i = 0; i < LOOK && !(least && worth(least) == 0); i++) {
    struct tcp_out *out = &tcp->outs[tcp->out_hand];
    tcp->out_hand = (tcp->out_hand + 1) % tcp->outs_count;
    if (!least || worth(out) < worth(least)) {
      least = out;
    }
    out->used = false;
  }
  return least;
}

/* The connection must do without. */
static void forget(struct ph_stack *stack, struct tcp_conn *conn) {
  const struct tcp_range *first = conn->out->rtx.first;
  bool lost = first && (first->u.tx.flags & TCP_RANGE_LOST);
  if (first) {
    stack->stats.TcpOutForgotten++;
    if (!conn->arq &&
        (conn->out->lost_bytes > 0 || conn->recovery != TCP_RECOVERY_NONE)) {
      conn->recovery = TCP_RECOVERY_LOSS;
      conn->cwnd = conn->snd_mss;
    }
    conn->dupacks = 0;
    conn->partial_seen = false;
    if (conn->deadline[TCP_TIMER_RTX] == UINT64_MAX) {
      tcp_timer_start(stack, conn, TCP_TIMER_RTX, tcp_rto_backed_off(conn));
    }
  }
  tcp_out_free(tcp_of(stack), conn);
  tcp_rcv_account(tcp_of(stack), conn); /* what was out of order is given up */
  conn->out_lost = lost;
}

/* All that is out as one range. */
static void rebuild(struct ph_stack *stack, struct tcp_conn *conn) {
  tcp_pos_walk(&conn->out->sndq_next,
               conn->snd_nxt - conn->snd_una - conn->fin_sent);
  struct tcp_pos pos = tcp_sendq_front(conn);
  uint32_t len = conn->snd_nxt - conn->snd_una;
  uint32_t flags = TCP_RANGE_RETRANSMITTED; /* perhaps */
  if (pos.block) {
    tcp_pos_advance(&pos, 0);
  }
  if (conn->fin_sent) {
    flags |= TCP_RANGE_FIN;
  }
  tcp_rtx_sent(stack, conn, conn->snd_una, len, pos, flags, conn->snd_mss);
  if (conn->out_lost) {
    tcp_rtx_mark_lost(conn, conn->out->rtx.first);
  } else if (conn->recovery == TCP_RECOVERY_LOSS && len > conn->snd_mss) {
    tcp_rtx_sent_in_part(conn->out->rtx.first, conn->snd_mss);
  }
  conn->out_lost = false;
}

static void take_away(struct ph_stack *stack) {
  forget(stack, least_missed(tcp_of(stack))->conn);
}

const struct tcp_out_sharing tcp_out_sharing = {take_away, rebuild};

void tcp_out_take(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (!tcp->free_outs) {
    tcp->sharing->take_away(stack);
  }
  struct tcp_out *out = tcp->free_outs;
  PH_ASSERT(out);
  tcp->free_outs = out->next;
  tcp->outs_available--;
  memset(out, 0, sizeof(*out));
  out->conn = conn;
  out->deadline = UINT64_MAX;
  conn->out = out;
  tcp_cc_start(stack, conn);
  if (conn->use_rack) {
    tcp_rack_init(conn);
  } else if (conn->arq) {
    out->loss.arq.progress_ns = stack->now_ns;
  } else if (tcp->by_sack) {
    tcp->by_sack->init(conn);
  }
  out->ecn_until = conn->snd_una;
  out->recover = out->loss_recover =
      conn->recovery == TCP_RECOVERY_LOSS ? conn->snd_nxt : conn->snd_una;
  out->sndq_next = tcp_sendq_front(conn);
  if (conn->snd_nxt != conn->snd_una) {
    tcp->sharing->rebuild(stack, conn);
  }
}
