/* SPDX-License-Identifier: Apache-2.0 */
/* Keepalive (RFC 9293 3.8.4) and the user timeout (RFC 9293 3.9.1, RFC 5482).
 *
 * Keepalive is off unless the application turns it on (MUST-25). When nothing
 * was received for the idle time (by default two hours, MUST-28) and nothing is
 * in flight, an empty segment one octet below the window asks the peer for an
 * ACK. Any valid segment is an answer, data too (MUST-26). A probe that is not
 * answered is not yet a death (MUST-29): only after `keep_count` of them, one
 * per interval, the connection is reset and its owner told ETIMEDOUT.
 *
 * The timer is not moved by what arrives. It runs out, looks when something
 * was last heard, and starts again for the rest: a packet costs two stores.
 *
 * The user timeout bounds how long data may stay without an answer. As in
 * Linux it counts from the first retransmission, or the first probe of a
 * closed window; it takes the place of the number of retransmissions, and of
 * the number of keepalive probes. */
#include "stack/tcp/tcp_settings.h"

/* How long nothing was heard of the peer. */
static uint64_t silence_ns(const struct ph_stack *stack,
                           const struct tcp_conn *conn) {
  return (uint64_t)(stack->now_ms - conn->heard_ms) * TCP_MS;
}

static void restart(struct ph_stack *stack, struct tcp_conn *conn,
                    uint64_t ns) {
  tcp_timer_start(stack, conn, TCP_TIMER_LIFE, ns);
}

static void start(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->state < TCP_STATE_ESTABLISHED ||
      conn->state == TCP_STATE_TIME_WAIT || tcp_is_orphan(conn)) {
    return;
  }
  uint64_t idle = tcp_keep_idle_ns(conn);
  uint64_t silent = silence_ns(stack, conn);
  restart(stack, conn, idle > silent ? idle - silent : 0);
}

static bool peer_is_dead(const struct tcp_conn *conn, uint64_t silent_ns) {
  uint32_t user_ms = conn->settings.user_timeout_ms;
  if (user_ms) {
    return conn->probes > 0 && silent_ns >= user_ms * TCP_MS;
  }
  return conn->probes >= tcp_keep_count(conn);
}

static void timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  uint64_t idle = tcp_keep_idle_ns(conn);
  uint64_t silent = silence_ns(stack, conn);
  if (conn->sndq_len > 0 || conn->snd_nxt != conn->snd_una) {
    restart(stack, conn, idle); /* what is in flight asks already */
  } else if (silent < idle) {
    restart(stack, conn, idle - silent);
  } else if (peer_is_dead(conn, silent)) {
    tcp_reset_peer(stack, conn);
    tcp_conn_drop(stack, conn,
                  conn->soft_error ? conn->soft_error : PH_ETIMEDOUT);
  } else {
    conn->probes++;
    stack->stats.TcpKeepaliveProbes++;
    tcp_output_probe(stack, conn);
    restart(stack, conn, tcp_keep_intvl_ns(conn));
  }
}

const struct tcp_keepalive tcp_keepalive = {start, timeout};

/* ---- The user timeout ---------------------------------------------------- */

bool tcp_user_timeout(const struct ph_stack *stack,
                      const struct tcp_conn *conn) {
  return conn->settings.user_timeout_ms > 0 && conn->backoff > 0 &&
         stack->now_ms - conn->silent_ms >= conn->settings.user_timeout_ms;
}

uint64_t tcp_until_user_timeout(const struct ph_stack *stack,
                                const struct tcp_conn *conn, uint64_t ns) {
  if (conn->settings.user_timeout_ms == 0) {
    return ns;
  }
  uint32_t passed = stack->now_ms - conn->silent_ms;
  uint32_t left = passed < conn->settings.user_timeout_ms
                      ? conn->settings.user_timeout_ms - passed
                      : 1;
  return ph_min_u64(ns, left * TCP_MS);
}
