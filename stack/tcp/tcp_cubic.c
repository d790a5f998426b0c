/* SPDX-License-Identifier: Apache-2.0 */
/* CUBIC, RFC 9438, in integers: windows in bytes, time in milliseconds.
 *
 * After a congestion the window grows along W_cubic(t) = C (t - K)^3 + W_max:
 * fast, then flat around the window at which congestion was met, then fast
 * again. The growth depends on time and not on the round trip, so a long path
 * is filled as quickly as a short one. Where NewReno would be faster (short
 * paths, small windows) it follows an estimate of NewReno's window, W_est.
 *
 * The first slow start is HyStart++'s (tcp_hystart.c); its variables and
 * CUBIC's share their memory, because W_max is set at the first congestion or
 * when slow start ends without one. */
#include "stack/tcp/tcp_internal.h"

/* The largest x with x^3 <= n. */
static uint32_t cube_root(uint64_t n) {
  uint64_t x = 0;
  for (int bit = 20; bit >= 0; bit--) {
    uint64_t y = x | 1ull << bit;
    if (y * y * y <= n) {
      x = y;
    }
  }
  return (uint32_t)x;
}

/* C |t - K|^3 in bytes, with C = 0.4 segments / s^3 (5.) */
static PH_APART_IF_SMALL uint64_t cubed(uint32_t distance_ms, uint32_t mss) {
  uint64_t d = ph_min_u32(distance_ms, 100000); /* 400 000 segments */
  return d * d * d / 1000 * (2ull * mss) / 5000000;
}

/* W_cubic(t), (1) of 4.2. */
static uint64_t w_cubic(const struct tcp_conn *conn, uint32_t t_ms) {
  const struct tcp_cubic *c = &conn->out->cc_state.cubic;
  if (t_ms >= c->k_ms) {
    return conn->w_max + cubed(t_ms - c->k_ms, conn->snd_mss);
  }
  uint64_t below = cubed(c->k_ms - t_ms, conn->snd_mss);
  return below < conn->w_max ? conn->w_max - below : 0;
}

/* Congestion avoidance begins: t = 0. */
static void start_epoch(struct tcp_conn *conn, uint32_t now_ms) {
  struct tcp_cubic *c = &conn->out->cc_state.cubic;
  c->epoch = true;
  c->epoch_ms = c->last_ms = now_ms;
  c->w_est = conn->cwnd;
  c->w_est_rest = 0;
  conn->out->bytes_acked_ca = 0;
  if (conn->w_max > conn->cwnd) { /* (2): K = cbrt((W_max - cwnd_epoch) / C) */
    uint64_t segs_1e9 = (uint64_t)(conn->w_max - conn->cwnd) * 2500000000u;
    c->k_ms = cube_root(segs_1e9 / conn->snd_mss);
  } else { /* 4.8, or slow start overshot */
    conn->w_max = conn->cwnd;
    c->k_ms = 0;
  }
}

/* NewReno's window under CUBIC's milder decrease, (4) of 4.3: alpha is
 * 3 (1 - beta) / (1 + beta) = 9/17 until the old window is reached. */
static void grow_w_est(struct tcp_conn *conn, uint32_t acked) {
  struct tcp_cubic *c = &conn->out->cc_state.cubic;
  uint64_t grow = (uint64_t)acked * conn->snd_mss;
  if (c->w_est < c->cwnd_prior) {
    grow = grow * 9 / 17;
  }
  grow += c->w_est_rest;
  c->w_est = ph_min_u32(c->w_est + (uint32_t)(grow / conn->cwnd), TCP_CWND_MAX);
  c->w_est_rest = (uint32_t)(grow % conn->cwnd);
}

/* Time in which the window did not limit us does not count (4.2, 5.8). */
static void skip_idle_time(struct tcp_conn *conn, uint32_t now_ms) {
  struct tcp_cubic *c = &conn->out->cc_state.cubic;
  uint32_t gap = now_ms - c->last_ms;
  uint32_t rtt_ms = (uint32_t)(conn->srtt_ns / TCP_MS) + 1;
  if (gap > 2 * rtt_ms) {
    c->epoch_ms += gap - rtt_ms;
  }
  c->last_ms = now_ms;
}

static void avoid_congestion(struct tcp_conn *conn, uint32_t now_ms,
                             uint32_t acked) {
  struct tcp_cubic *c = &conn->out->cc_state.cubic;
  if (!c->epoch) {
    start_epoch(conn, now_ms);
  }
  skip_idle_time(conn, now_ms);
  uint32_t t_ms = now_ms - c->epoch_ms;
  grow_w_est(conn, acked);
  if (w_cubic(conn, t_ms) < c->w_est) { /* 4.3: as NewReno */
    conn->cwnd = ph_max_u32(conn->cwnd, c->w_est);
    return;
  }
  /* 4.4 and 4.5: towards where the curve will be one round trip from now, at
   * most half a window up. */
  uint32_t rtt_ms = (uint32_t)(conn->srtt_ns / TCP_MS);
  uint64_t target = w_cubic(conn, t_ms + rtt_ms);
  target = ph_min_u64(target, conn->cwnd + (uint64_t)conn->cwnd / 2);
  if (target > conn->cwnd) {
    uint64_t grow = (target - conn->cwnd) * acked + conn->out->bytes_acked_ca;
    uint32_t cwnd = conn->cwnd;
    conn->cwnd = ph_min_u32(cwnd + (uint32_t)(grow / cwnd), TCP_CWND_MAX);
    conn->out->bytes_acked_ca = (uint32_t)(grow % cwnd);
  }
}

static void cubic_acked(struct tcp_conn *conn, uint64_t now_ns,
                        uint32_t acked) {
  if (conn->ssthresh == UINT32_MAX) {
    tcp_hystart_acked(conn, acked);
    return;
  }
  acked = tcp_cc_slow_start(conn, acked);
  if (acked > 0) {
    avoid_congestion(conn, (uint32_t)(now_ns / TCP_MS), acked);
  }
}

static void cubic_rtt(struct tcp_conn *conn, uint64_t r_ns) {
  if (conn->ssthresh == UINT32_MAX) {
    tcp_hystart_rtt(conn, r_ns);
    if (conn->ssthresh != UINT32_MAX) { /* slow start ended without a loss */
      conn->w_max = 0;
      conn->out->cc_state.cubic = (struct tcp_cubic){.cwnd_prior = conn->cwnd};
    }
  }
}

static uint32_t cubic_ssthresh(struct tcp_conn *conn, uint32_t flight,
                               bool timeout) {
  struct tcp_cubic *c = &conn->out->cc_state.cubic;
  uint32_t w_max = conn->ssthresh == UINT32_MAX ? 0 : conn->w_max;
  *c = (struct tcp_cubic){.cwnd_prior = conn->cwnd};
  conn->w_max = 0;
  if (!timeout) { /* 4.8: after a timeout W_max is set when growth restarts */
    /* 4.7, fast convergence: a window that shrinks makes room for others. */
    conn->w_max = conn->cwnd < w_max
                      ? (uint32_t)((uint64_t)conn->cwnd * 17 / 20)
                      : conn->cwnd;
  }
  /* 4.6; of cwnd, which holds no more than was used, instead of what happens
   * to be in flight. */
  (void)flight;
  return ph_max_u32((uint32_t)((uint64_t)conn->cwnd * 7 / 10),
                    2u * conn->snd_mss);
}

const struct tcp_cc_ops tcp_cubic = {
    .name = "cubic",
    .init = tcp_hystart_init,
    .acked = cubic_acked,
    .rtt = cubic_rtt,
    .ssthresh = cubic_ssthresh,
};
