/* SPDX-License-Identifier: Apache-2.0 */
/* Steps 1 to 3 of RFC 8985 6.2, which every ACK takes: tcp_rack.c. */
#ifndef PH_TCP_TCP_RACK_H
#define PH_TCP_TCP_RACK_H

#include "stack/tcp/tcp_internal.h"

enum {
  TCP_RACK_US = 1000,
  TCP_RACK_MIN_RTT_MS = 30000, /* the minimum is of the last 30 to 60 s */
};

static inline void tcp_rack_sample_min_rtt(struct tcp_rack *rack,
                                           uint32_t now_ms, uint32_t rtt_us) {
  uint32_t age = now_ms - rack->window_ms;
  if (age >= TCP_RACK_MIN_RTT_MS) {
    rack->min_rtt_us[1] =
        age < 2 * TCP_RACK_MIN_RTT_MS ? rack->min_rtt_us[0] : UINT32_MAX;
    rack->min_rtt_us[0] = UINT32_MAX;
    rack->window_ms = now_ms;
  }
  rack->min_rtt_us[0] = ph_min_u32(rack->min_rtt_us[0], rtt_us);
}

/* RACK_sent_after(). */
static inline bool tcp_rack_sent_after(uint64_t t1, uint32_t seq1, uint64_t t2,
                                       uint32_t seq2) {
  return t1 > t2 || (t1 == t2 && seq_gt(seq1, seq2));
}

static inline uint32_t tcp_rack_rtt_us(const struct ph_stack *stack,
                                       uint64_t xmit_ns) {
  uint64_t rtt =
      (stack->now_ns - xmit_ns) / TCP_RACK_US; /* down: not a tick late */
  return rtt < UINT32_MAX ? (uint32_t)rtt : UINT32_MAX;
}

/* Step 2: RACK.segment is the latest. */
static inline void tcp_rack_take_latest(struct tcp_rack *rack, uint64_t xmit_ns,
                                        uint32_t end_seq, uint32_t rtt_us) {
  if (tcp_rack_sent_after(xmit_ns, end_seq, rack->xmit_ns, rack->end_seq)) {
    rack->xmit_ns = xmit_ns;
    rack->end_seq = end_seq;
    rack->rtt_us = rtt_us;
  }
}

/* What was sent first of all that is in flight, if what was sent after it has
 * arrived; else NULL. */
static inline struct tcp_range *tcp_rack_in_question(
    const struct tcp_conn *conn) {
  const struct tcp_rack *rack = &conn->out->loss.rack;
  struct tcp_range *range = conn->out->sent.first;
  return range && tcp_rack_sent_after(rack->xmit_ns, rack->end_seq,
                                      range->u.tx.sent_at_ns,
                                      tcp_range_end(range))
             ? range
             : NULL;
}

/* All that was out, which was sent once, has arrived. */
static inline void tcp_rack_only_delivered(const struct ph_stack *stack,
                                           struct tcp_conn *conn,
                                           uint64_t xmit_ns, uint32_t end_seq) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  uint32_t rtt_us = tcp_rack_rtt_us(stack, xmit_ns);
  rack->fack = end_seq;
  tcp_rack_sample_min_rtt(rack, conn->heard_ms, rtt_us); /* now */
  tcp_rack_take_latest(rack, xmit_ns, end_seq, rtt_us);
}

#endif
