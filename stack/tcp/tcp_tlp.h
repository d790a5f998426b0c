/* SPDX-License-Identifier: Apache-2.0 */
/* The timer of tail loss probes (RFC 8985 7.2), which each flight starts:
 * tcp_tlp.c. */
#ifndef PH_TCP_TCP_TLP_H
#define PH_TCP_TCP_TLP_H

#include "stack/tcp/tcp_internal.h"

#define TCP_PTO_MIN_NS (1 * TCP_MS)            /* the clock granularity */
#define TCP_TLP_MAX_ACK_DELAY_NS (40 * TCP_MS) /* as our own TCP_DELACK_NS */
#define TCP_PTO_NO_SRTT_NS (1 * TCP_S)

/* TLP_calc_PTO(), as a time. */
static inline uint64_t tcp_pto_deadline(const struct ph_stack *stack,
                                        const struct tcp_conn *conn) {
  uint64_t pto = TCP_PTO_NO_SRTT_NS;
  if (conn->rtt_valid) {
    pto = 2 * conn->srtt_ns;
    pto = pto < TCP_PTO_MIN_NS ? TCP_PTO_MIN_NS : pto;
    if (conn->snd_nxt - conn->snd_una <= conn->snd_mss) {
      pto += TCP_TLP_MAX_ACK_DELAY_NS; /* a lone segment may be waited upon */
    }
  }
  uint64_t rto = conn->deadline[TCP_TIMER_RTX];
  return stack->now_ns + pto < rto ? stack->now_ns + pto : rto;
}

/* This is the time for it: start it. */
static inline void tcp_tlp_arm(struct ph_stack *stack, struct tcp_conn *conn) {
  conn->out->loss.rack.pto = true;
  tcp_out_timer_set(stack, conn, tcp_pto_deadline(stack, conn));
}

#endif
