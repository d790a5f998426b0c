/* SPDX-License-Identifier: Apache-2.0 */
/* Timers of a connection: retransmission and persist (they exclude each
 * other), delayed ACK, retry, and the end of TIME-WAIT and FIN-WAIT-2.
 *
 * All deadlines of a connection share one ph_timer, moved lazily: a deadline
 * that moves back leaves it where it is, and when it fires too early it is
 * armed again. So an ACK that restarts the retransmission timer costs one
 * store. */
#include "stack/tcp/tcp_listen.h"
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_settings.h"

PH_SHARED void tcp_timer_init(struct tcp_conn *conn) {
  conn->timer.fn = tcp_timer_fired;
  for (int i = 0; i < TCP_TIMER_COUNT; i++) {
    conn->deadline[i] = UINT64_MAX;
  }
}

/* R2 of RFC 9293 3.8.3 passed: nobody answers. */
static void give_up(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->state == TCP_STATE_SYN_SENT ||
      conn->state == TCP_STATE_SYN_RECEIVED) {
    stack->stats.TcpAttemptFails++;
  }
  tcp_conn_drop(stack, conn,
                conn->soft_error ? conn->soft_error : PH_ETIMEDOUT);
}

static void restart(struct ph_stack *stack, struct tcp_conn *conn) {
  uint64_t rto = tcp_rto_backed_off(conn);
  tcp_timer_start(stack, conn, TCP_TIMER_RTX,
                  tcp_until_user_timeout(stack, conn, rto));
}

/* R2 of RFC 9293 3.8.3: after `limit` timeouts, or the user timeout. */
static PH_APART_IF_SMALL bool nobody_answers(const struct ph_stack *stack,
                                             struct tcp_conn *conn,
                                             uint32_t timeouts,
                                             uint32_t limit) {
  if (conn->backoff == 0) {
    tcp_silence_begins(stack, conn);
  }
  return conn->settings.user_timeout_ms ? tcp_user_timeout(stack, conn)
                                        : timeouts >= limit;
}

/* A SYN or SYN-ACK was not answered. */
static void syn_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  uint32_t limit = conn->state == TCP_STATE_SYN_SENT
                       ? tcp_syn_retries(conn)
                       : (uint32_t)TCP_SYNACK_RETRIES;
  uint32_t defer = conn->deferred ? tcp_listen_defer(conn) : 0;
  limit = ph_max_u32(limit, defer);
  if (conn->backoff >= limit || tcp_user_timeout(stack, conn)) {
    give_up(stack, conn);
    return;
  }
  conn->backoff++;
  if (conn->backoff < defer) { /* the peer has it; only data are missing */
    restart(stack, conn);
    return;
  }
  conn->retransmissions++;
  stack->stats.TcpTimeouts++;
  stack->stats.TcpRetransSegs++;
  conn->syn_retransmitted = true;
  tcp_output_syn(stack, conn);
  restart(stack, conn);
}

/* RFC 9293 3.8.6.1: the window is closed; ask whether it has opened. */
static void persist_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  /* For ever while the peer answers (MUST-37), unless nobody owns it: then it
   * is the host's memory that the peer holds (RFC 6429). */
  if (conn->owner
          ? nobody_answers(stack, conn, conn->probes, TCP_RETRIES)
          : nobody_answers(stack, conn, conn->backoff, TCP_ORPHAN_RETRIES)) {
    give_up(stack, conn);
    return;
  }
  if (conn->snd_wnd > 0) { /* 3.8.6.2.1: the override timeout */
    conn->sws_override = true;
    tcp_output(stack, conn);
    conn->sws_override = false;
    if (conn->snd_nxt != conn->snd_una) {
      return;
    }
  }
  conn->probes++;
  if (conn->backoff < UINT8_MAX) {
    conn->backoff++;
  }
  stack->stats.TcpZeroWindowProbes++;
  tcp_output_probe(stack, conn);
  restart(stack, conn);
}

PH_APART PH_APART_IF_SMALL static void rtx_timeout(struct ph_stack *stack,
                                                   struct tcp_conn *conn) {
  if (conn->state == TCP_STATE_SYN_SENT ||
      conn->state == TCP_STATE_SYN_RECEIVED) {
    syn_timeout(stack, conn);
    return;
  }
  if (conn->persist) {
    persist_timeout(stack, conn);
    return;
  }
  if (conn->cork_wait) { /* TCP_CORK, MSG_MORE: long enough */
    conn->cork_wait = false;
    conn->push = true;
    conn->snd_push = conn->snd_una + conn->sndq_len;
    tcp_pend(stack, conn);
    return;
  }
  if (conn->snd_nxt == conn->snd_una) {
    return;
  }
  tcp_out_need(stack, conn);
  struct tcp_range *first = conn->out->rtx.first;
  if (tcp_range_busy(first, conn->snd_mss)) {
    /* The device still has it: it is late, not lost. */
    tcp_timer_start(stack, conn, TCP_TIMER_RTX, TCP_RETRY_NS);
    return;
  }
  uint32_t limit = conn->owner ? TCP_RETRIES : TCP_ORPHAN_RETRIES;
  /* A window that shrank to zero makes probes of retransmissions: no answer,
   * not no progress, ends the connection (RFC 9293 3.8.6, SHLD-17). */
  bool probe = conn->snd_wnd == 0 && conn->owner;
  if (nobody_answers(stack, conn, probe ? conn->probes : conn->backoff,
                     limit)) {
    give_up(stack, conn);
    return;
  }
  if (probe) {
    conn->probes++;
  }
  tcp_plpmtud_timeout(stack, conn);
  if (conn->arq) {
    tcp_of(stack)->arq->silence(stack, conn);
  } else {
    tcp_on_timeout(stack, conn);
  }
  if (conn->backoff < UINT8_MAX) {
    conn->backoff++; /* RFC 6298 (5.5) */
  }
  tcp_route_refresh(stack, conn);
  tcp_pend(stack, conn);
  restart(stack, conn);
}

/* Whose it is. */
static void out_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  if (conn->arq) {
    tcp_of(stack)->arq->timeout(stack, conn);
    return;
  }
  bool pto = conn->out->loss.rack.pto;
  conn->out->loss.rack.pto = false;
  if (pto) {
    tcp_tlp_timeout(stack, conn);
  } else {
    tcp_rack_timeout(stack, conn);
  }
}

void tcp_timer_fired(struct ph_stack *stack, struct ph_timer *timer) {
  struct tcp_conn *conn = PH_CONTAINER_OF(timer, struct tcp_conn, timer);
  uint64_t now = stack->now_ns;
  if (conn->deadline[TCP_TIMER_LIFE] <= now) {
    tcp_timer_clear(conn, TCP_TIMER_LIFE);
    if (conn->state == TCP_STATE_TIME_WAIT ||
        (conn->state == TCP_STATE_FIN_WAIT_2 && !conn->owner)) {
      tcp_conn_drop(stack, conn, 0);
    } else if (conn->keepalive) {
      tcp_of(stack)->keepalive->timeout(stack, conn); /* may free it */
    }
    if (conn->state == TCP_STATE_CLOSED) {
      return;
    }
  }
  if (conn->deadline[TCP_TIMER_DELACK] <= now) {
    tcp_timer_clear(conn, TCP_TIMER_DELACK);
    conn->ack_now = true;
    stack->stats.TcpDelayedAcks++;
    tcp_pend(stack, conn);
  }
  if (conn->deadline[TCP_TIMER_RETRY] <= now) {
    tcp_timer_clear(conn, TCP_TIMER_RETRY);
    tcp_pend(stack, conn);
  }
  if (conn->out->deadline <= now) {
    tcp_out_timer_clear(conn);
    out_timeout(stack, conn);
  }
  if (conn->deadline[TCP_TIMER_RTX] <= now) {
    tcp_timer_clear(conn, TCP_TIMER_RTX);
    rtx_timeout(stack, conn); /* may free the connection */
  }
  if (conn->state == TCP_STATE_CLOSED) {
    return;
  }
  uint64_t next = conn->out->deadline;
  for (int i = 0; i < TCP_TIMER_COUNT; i++) {
    next = conn->deadline[i] < next ? conn->deadline[i] : next;
  }
  if (next != UINT64_MAX) {
    ph_timer_set(&stack->timers, &conn->timer, next);
  }
}
