/* SPDX-License-Identifier: Apache-2.0 */
/* RACK, RFC 8985 6: a segment is lost if one that was sent later has arrived
 * and a reordering window has passed. It judges originals and retransmissions
 * alike, so a retransmission that is lost again needs no timeout.
 *
 * RACK.segment is the latest sent of those delivered: its time of sending
 * (xmit_ns), its end and its RTT. For each ACK the RFC walks over all segments
 * that are not acknowledged. Here those in flight are a list in the order of
 * sending (`sent`, tcp_rtx.c), so that the walk
 *   - ends at the first that was sent after RACK.segment: so were all behind;
 *   - ends at the first whose time has not come: those behind come later. The
 *     reordering timer is set for that one (the RFC sets it for the last, to
 *     have fewer timers; this finds each loss when it is one).
 * What it passes leaves the list as lost: an ACK costs what it finds.
 *
 * The segments of one transmission have one time; their sequence numbers tell
 * them apart (RACK_sent_after). */
#include "stack/tcp/tcp_rack.h"

#include "stack/tcp/tcp_pmtu.h"

enum {
  REO_WND_PERSIST = 16, /* recoveries without D-SACK until it is small again */
  US = TCP_RACK_US,
};

/* The rest of a new tcp_out is 0. */
void tcp_rack_init(struct tcp_conn *conn) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  rack->fack = conn->snd_una;
  rack->reo_wnd_mult = 1;
  rack->min_rtt_us[0] = rack->min_rtt_us[1] = UINT32_MAX;
}

/* ---- Steps 1 to 3: what was delivered ------------------------------------ */

static uint32_t min_rtt(const struct tcp_rack *rack) {
  return ph_min_u32(rack->min_rtt_us[0], rack->min_rtt_us[1]);
}

/* The ACK may be for an earlier transmission of this range (step 2). */
static bool is_ambiguous(const struct tcp_rack *rack,
                         const struct tcp_range *range, uint32_t rtt_us,
                         const struct tcp_ack *info) {
  if (info->has_ts &&
      seq_lt(info->ts_ecr_ms, (uint32_t)(range->u.tx.sent_at_ns / TCP_MS))) {
    return true;
  }
  return rtt_us < min_rtt(rack);
}

void tcp_rack_delivered(const struct ph_stack *stack, struct tcp_conn *conn,
                        const struct tcp_range *range, uint32_t end_seq,
                        struct tcp_ack *info) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  uint64_t xmit_ns = range->u.tx.sent_at_ns;
  uint32_t rtt_us = tcp_rack_rtt_us(stack, xmit_ns);
  bool retransmitted = range->u.tx.flags & TCP_RANGE_RETRANSMITTED;
  /* Step 3, against what had arrived before this ACK. */
  if (seq_gt(end_seq, rack->fack)) {
    rack->fack = end_seq;
  } else if (seq_lt(end_seq, info->prior_fack) && !retransmitted) {
    info->reordered = true;
  }
  if (!retransmitted) {                                    /* step 1 */
    tcp_rack_sample_min_rtt(rack, conn->heard_ms, rtt_us); /* now */
  } else if (is_ambiguous(rack, range, rtt_us, info)) {
    return;
  }
  tcp_rack_take_latest(rack, xmit_ns, end_seq, rtt_us);
}

/* ---- Step 4: the reordering window --------------------------------------- */

void tcp_rack_on_dsack(struct tcp_conn *conn, const struct tcp_ack *info) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  if (rack->dsack_in_round && seq_geq(conn->snd_una, rack->dsack_round)) {
    rack->dsack_in_round = false;
  }
  /* Wider, once per round trip, if what was sent again had arrived; not if it
   * was a probe, which claims no loss. */
  if (info->dsack && !info->dsack_tlp && !rack->dsack_in_round) {
    rack->dsack_in_round = true;
    rack->dsack_round = conn->snd_nxt;
    rack->reo_wnd_mult =
        (uint8_t)(rack->reo_wnd_mult + (rack->reo_wnd_mult < UINT8_MAX));
    rack->reo_wnd_persist = REO_WND_PERSIST;
  }
}

void tcp_rack_recovery_ended(struct tcp_conn *conn) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  if (rack->reo_wnd_persist > 0 && --rack->reo_wnd_persist == 0) {
    rack->reo_wnd_mult = 1;
  }
}

static uint64_t reo_wnd_ns(const struct tcp_conn *conn) {
  const struct tcp_rack *rack = &conn->out->loss.rack;
  if (!conn->reordering_seen &&
      (conn->recovery != TCP_RECOVERY_NONE || tcp_sack_dupthresh(conn))) {
    return 0; /* as fast as counting to DupThresh */
  }
  if (min_rtt(rack) == UINT32_MAX) {
    return 0;
  }
  uint64_t wnd = (uint64_t)rack->reo_wnd_mult * min_rtt(rack) * US / 4;
  return wnd < conn->srtt_ns ? wnd : conn->srtt_ns;
}

/* ---- Step 5: what is lost ------------------------------------------------ */

uint32_t tcp_rack_detect_loss(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  uint32_t lost = 0;
  if (!rack->pto) {
    tcp_out_timer_clear(conn);
  }
  struct tcp_range *range = tcp_rack_in_question(conn);
  if (!range) {
    return 0; /* most ACKs are for what was sent first of all that is out */
  }
  uint64_t wait = (uint64_t)rack->rtt_us * US + reo_wnd_ns(conn);
  for (; range; range = tcp_rack_in_question(conn)) {
    uint64_t deadline = range->u.tx.sent_at_ns + wait;
    if (deadline > stack->now_ns) {
      rack->pto = false;
      tcp_out_timer_set(stack, conn, deadline);
      break;
    }
    if (range->u.tx.flags & TCP_RANGE_RETRANSMITTED) {
      stack->stats.TcpLostRetransmits++;
    }
    if (!tcp_plpmtud_lost(stack, conn, range)) {
      lost += range->len;
    }
    tcp_rtx_mark_lost(conn, range);
  }
  return lost;
}

void tcp_rack_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  if (tcp_rack_detect_loss(stack, conn) > 0) {
    tcp_on_loss(stack, conn);
    tcp_pend(stack, conn);
  }
}

/* 6.3: xmit_ts + RACK.rtt + reo_wnd has passed. */
uint64_t tcp_rack_rto_horizon(const struct ph_stack *stack,
                              const struct tcp_conn *conn) {
  uint64_t wait = (uint64_t)conn->out->loss.rack.rtt_us * US + reo_wnd_ns(conn);
  return stack->now_ns > wait ? stack->now_ns - wait : 0;
}
