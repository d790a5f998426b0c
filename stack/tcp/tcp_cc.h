/* SPDX-License-Identifier: Apache-2.0 */
/* Congestion control: what an algorithm is, the variables of each, and what
 * they have in common (tcp_cc.c). */
#ifndef PH_TCP_TCP_CC_H
#define PH_TCP_TCP_CC_H

#include "stack/base/types.h"

struct ph_stack;
struct tcp_conn;
struct tcp_stack;

/* A congestion control algorithm. cwnd and ssthresh of the connection are its
 * to move; loss recovery sets them while it repairs. */
struct tcp_cc_ops {
  const char *name; /* of TCP_CONGESTION */
  /* conn->out is new, and it is the initial slow start. May be NULL. */
  void (*init)(struct tcp_conn *conn);
  /* `acked` bytes were newly acknowledged while the window limited us. */
  void (*acked)(struct tcp_conn *conn, uint64_t now_ns, uint32_t acked);
  /* A round trip was measured, on any ACK. May be NULL. */
  void (*rtt)(struct tcp_conn *conn, uint64_t r_ns);
  /* Congestion, of which `timeout` is the worst kind, with `flight` bytes out:
   * the new slow start threshold. Called before cwnd is reduced. */
  uint32_t (*ssthresh)(struct tcp_conn *conn, uint32_t flight, bool timeout);
};

/* RFC 9438's variables beside W_max, windows in bytes, from the first
 * congestion on. */
struct tcp_cubic {
  uint32_t cwnd_prior, w_est;
  uint32_t w_est_rest; /* of the division that moved w_est, times cwnd */
  uint32_t k_ms;
  uint32_t epoch_ms; /* t = 0 */
  uint32_t last_ms;  /* the window grew, or would have */
  bool epoch;        /* congestion avoidance has begun */
};

/* RFC 9406's variables, in the initial slow start. */
struct tcp_hystart {
  uint32_t last_round_min_us, current_round_min_us, css_baseline_us;
  uint32_t window_end;
  uint8_t samples, css_rounds; /* css_rounds 0: not in CSS */
};

extern const struct tcp_cc_ops tcp_newreno, tcp_cubic;
/* Algorithms have numbers, this is the default's. */
enum { TCP_CC_CUBIC = 1, TCP_CC_NEWRENO, TCP_CC_COUNT };
/* The number of the algorithm of that name, which may be used from now on, or
 * 0. */
uint8_t tcp_cc_find(struct tcp_stack *tcp, const char *name, size_t len);
const char *tcp_cc_name(const struct ph_stack *stack,
                        const struct tcp_conn *conn);
/* The initial window. */
void tcp_cc_init(struct tcp_conn *conn);
/* conn->out is new, or the algorithm is another. */
void tcp_cc_start(const struct ph_stack *stack, struct tcp_conn *conn);
/* Nothing was out; the last data left `idle_ms` ago, more than an RTO. */
void tcp_cc_idle(struct tcp_conn *conn, uint32_t idle_ms);
/* What every algorithm does below ssthresh; returns what is left of `acked`. */
uint32_t tcp_cc_slow_start(struct tcp_conn *conn, uint32_t acked);

/* HyStart++: tcp_hystart.c. */
void tcp_hystart_init(struct tcp_conn *conn);
void tcp_hystart_rtt(struct tcp_conn *conn, uint64_t r_ns);
/* The initial slow start grows by `acked` bytes, or by part of them. */
void tcp_hystart_acked(struct tcp_conn *conn, uint32_t acked);

#endif
