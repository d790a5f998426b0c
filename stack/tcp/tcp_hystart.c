/* SPDX-License-Identifier: Apache-2.0 */
/* HyStart++, RFC 9406: leave the initial slow start when the round trip grows,
 * before the queue that makes it grow overflows.
 *
 * A round ends when what was sent at its start is acknowledged. If the least
 * RTT of a round is by RttThresh above that of the round before, growth slows
 * down to a quarter (conservative slow start, CSS). If the RTT falls again it
 * was noise and slow start goes on; after CSS_ROUNDS rounds congestion
 * avoidance begins.
 *
 * L of 4.2 (at most 8 segments per ACK) is infinite here, as for a paced
 * sender: an ACK may stand for 44 segments (docs/deviations.md). */
#include "stack/tcp/tcp_internal.h"

enum { /* RFC 9406 4.3 */
       MIN_RTT_THRESH_US = 4000,
       MAX_RTT_THRESH_US = 16000,
       MIN_RTT_DIVISOR = 8,
       N_RTT_SAMPLE = 8,
       CSS_GROWTH_DIVISOR = 4,
       CSS_ROUNDS = 5,
};

static void start_round(struct tcp_conn *conn) {
  struct tcp_hystart *h = &conn->out->cc_state.hystart;
  h->last_round_min_us = h->current_round_min_us;
  h->current_round_min_us = UINT32_MAX;
  h->samples = 0;
  h->window_end = conn->snd_nxt;
}

void tcp_hystart_init(struct tcp_conn *conn) {
  struct tcp_hystart *h = &conn->out->cc_state.hystart;
  h->current_round_min_us = UINT32_MAX;
  h->css_rounds = 0;
  start_round(conn);
}

static void judge(struct tcp_hystart *h) {
  uint32_t current = h->current_round_min_us;
  if (h->css_rounds > 0) {
    if (current < h->css_baseline_us) {
      h->css_rounds = 0; /* it was noise */
    }
    return;
  }
  if (h->last_round_min_us == UINT32_MAX) {
    return;
  }
  uint32_t thresh = ph_min_u32(
      ph_max_u32(h->last_round_min_us / MIN_RTT_DIVISOR, MIN_RTT_THRESH_US),
      MAX_RTT_THRESH_US);
  if (current >= h->last_round_min_us + thresh) {
    h->css_baseline_us = current;
    h->css_rounds = 1;
  }
}

void tcp_hystart_rtt(struct tcp_conn *conn, uint64_t r_ns) {
  struct tcp_hystart *h = &conn->out->cc_state.hystart;
  if (conn->ssthresh != UINT32_MAX) {
    return; /* only the initial slow start, 4.3 */
  }
  uint32_t r_us = (uint32_t)ph_min_u64(r_ns / 1000, UINT32_MAX / 2);
  h->current_round_min_us = ph_min_u32(h->current_round_min_us, r_us);
  if (h->samples < UINT8_MAX) {
    h->samples++;
  }
  if (h->samples >= N_RTT_SAMPLE) {
    judge(h);
  }
  if (seq_gt(conn->snd_una, h->window_end)) {
    if (h->css_rounds > 0 && h->css_rounds++ >= CSS_ROUNDS) {
      conn->ssthresh = conn->cwnd;
      return;
    }
    start_round(conn);
  }
}

void tcp_hystart_acked(struct tcp_conn *conn, uint32_t acked) {
  if (conn->out->cc_state.hystart.css_rounds > 0) {
    acked /= CSS_GROWTH_DIVISOR;
  }
  (void)tcp_cc_slow_start(conn, acked);
}
