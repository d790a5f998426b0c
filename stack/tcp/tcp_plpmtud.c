/* SPDX-License-Identifier: Apache-2.0 */
/* Packetization layer path MTU discovery, RFC 4821: finding out without ICMP,
 * which many networks drop.
 *
 * Down: a black hole (7.7) lets short segments through and long ones never.
 *   suspected  A segment longer than TCP_BASE_PMTU timed out three times in a
 *              row and no ICMP came. Packets become TCP_BASE_PMTU long; if that
 *              does not help either, as long as the family's floor, and IPv4
 *              lets routers fragment those.
 *   on trial   A short one was acknowledged. Packets are as long as before: if
 *              one is acknowledged, it was an outage, or plain loss.
 *   found      It timed out as often. Packets stay as long as the short one.
 *
 * Up: a search (7.3). search_low is known to pass, search_high is not known to
 * be too long; a probe is one segment of a length in between, made of new data
 * with enough behind it that its loss is found without a timeout (7.4). First
 * search_high itself is tried, then the middle, until they are
 * TCP_SEARCH_CLOSE.
 *   acknowledged: search_low = its length, and so is every segment now (7.6.1)
 *   lost, alone: no congestion (7.6.2). If that happens again it was too long:
 *     search_high is less
 *   lost with others, or in a timeout: it says nothing (7.6.3)
 * Ten minutes after a search has ended, or ICMP has lowered the MTU, the next
 * one begins, with all that the link takes.
 *
 * ph_tcp_features.mtu_probing: on, each connection begins at TCP_BASE_PMTU and
 * searches; on request (the default), a search follows a black hole or an
 * ICMP; off, there is none. */
#include "stack/tcp/tcp_pmtu.h"
#include "stack/tcp/tcp_options.h"

enum {
  TCP_BASE_PMTU = 1024,        /* 7.2: "SHOULD be 1024 bytes" */
  TCP_SEARCH_CLOSE = 8,        /* bytes: the search is over */
  TCP_BLACK_HOLE_TIMEOUTS = 3, /* R1 of RFC 9293 3.8.3 */
  TCP_TRIAL_TIMEOUTS = 3, /* as many, or plain loss would be taken for one */
  TCP_PLPMTUD_MAX = 1024, /* connections that can search */
};
#define TCP_SEARCH_AGAIN_NS (600 * TCP_S) /* 7.3: "SHOULD be 10 minutes" */

/* ---- Memory ------------------------------------------------------------- */

/* conn->plpmtud is the number of the record, from 1 on; 0: none. */
static struct tcp_plpmtud *of(const struct tcp_stack *tcp,
                              const struct tcp_conn *conn) {
  return conn->plpmtud ? &tcp->plpmtud[conn->plpmtud - 1] : NULL;
}

bool tcp_plpmtud_init(struct tcp_stack *tcp) {
  uint16_t count = (uint16_t)ph_min_u32(tcp->max_conns, TCP_PLPMTUD_MAX);
  tcp->plpmtud = ph_stack_alloc(tcp->stack, count * sizeof(*tcp->plpmtud));
  if (!tcp->plpmtud) {
    return false;
  }
  for (uint16_t i = 0; i < count; i++) {
    tcp->plpmtud[i].next_free = tcp->plpmtud_free;
    tcp->plpmtud_free = (uint16_t)(i + 1);
  }
  return true;
}

void tcp_plpmtud_free(struct tcp_stack *tcp, struct tcp_conn *conn) {
  struct tcp_plpmtud *v = of(tcp, conn);
  if (v) {
    v->next_free = tcp->plpmtud_free;
    tcp->plpmtud_free = conn->plpmtud;
    conn->plpmtud = 0;
  }
}

/* The connection's record; NULL if there is none left: its MTU never grows. */
static struct tcp_plpmtud *claim(struct tcp_stack *tcp, struct tcp_conn *conn) {
  if (!conn->plpmtud && tcp->plpmtud_free) {
    conn->plpmtud = tcp->plpmtud_free;
    struct tcp_plpmtud *v = of(tcp, conn);
    tcp->plpmtud_free = v->next_free;
    *v =
        (struct tcp_plpmtud){.search_low = conn->mtu, .search_high = conn->mtu};
  }
  return of(tcp, conn);
}

/* ---- Suspicion --------------------------------------------------------- */

/* Back to what was sent before there was a suspicion, if there is one. */
static PH_APART_IF_SMALL void withdraw(struct tcp_conn *conn,
                                       struct tcp_plpmtud *v) {
  if (v->hole == TCP_HOLE_SUSPECTED) {
    conn->mtu = v->mtu_before;
    tcp_sync_mss(conn);
  }
  v->hole = TCP_HOLE_NONE;
}

/* Of the long segments that left since the trial began, one has arrived. */
static bool long_one_arrived(const struct tcp_conn *conn,
                             const struct tcp_plpmtud *v) {
  return conn->use_rack && conn->out->loss.rack.xmit_ns >= v->trial_ns;
}

/* ---- The search --------------------------------------------------------- */

static bool over(const struct tcp_plpmtud *v) {
  return v->search_high - v->search_low < TCP_SEARCH_CLOSE && !v->try_high;
}

static void rest_if_over(const struct ph_stack *stack, struct tcp_plpmtud *v) {
  if (over(v)) {
    v->again_ns = stack->now_ns + TCP_SEARCH_AGAIN_NS;
  }
}

/* Search between `low` and `high`, which may turn out to pass. */
static PH_APART PH_APART_IF_SMALL void search(struct tcp_plpmtud *v,
                                              uint16_t low, uint16_t high) {
  v->search_low = low;
  v->search_high = high;
  v->try_high = high > low;
  v->probe_size = 0;
  v->failed_once = false;
  v->hole = TCP_HOLE_NONE;
}

static uint16_t next_size(const struct tcp_plpmtud *v) {
  uint32_t sum = (uint32_t)v->search_low + v->search_high;
  return v->try_high ? v->search_high : (uint16_t)((sum + 1) / 2);
}

void tcp_plpmtud_start(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_stack *tcp = tcp_of(stack);
  uint16_t most = tcp_mtu_max(stack, conn);
  uint16_t low = conn->mtu;
  if (tcp->features.mtu_probing == PH_TCP_ON) {
    uint32_t base =
        ph_max_u32(TCP_BASE_PMTU, tcp_path(stack, conn)->family->pmtu_floor);
    low = (uint16_t)ph_min_u32(low, base);
  }
  if (tcp->features.mtu_probing == PH_TCP_OFF || low >= most) {
    return;
  }
  struct tcp_plpmtud *v = claim(tcp, conn);
  if (v) { /* up to what others have found; in ten minutes, further */
    search(v, low, (uint16_t)ph_min_u32(conn->mtu, most));
    rest_if_over(stack, v);
    conn->mtu = low;
    tcp_sync_mss(conn);
  }
}

uint16_t tcp_plpmtud_route(const struct ph_stack *stack, struct tcp_conn *conn,
                           uint16_t mtu) {
  const struct tcp_stack *tcp = tcp_of(stack);
  struct tcp_plpmtud *v = of(tcp, conn);
  if (v && mtu < v->search_low) {
    withdraw(conn, v);
    search(v, mtu, mtu);
    rest_if_over(stack, v);
  }
  if (tcp->features.mtu_probing == PH_TCP_OFF) {
    return mtu; /* RFC 1191 6.3: it may be more than before */
  }
  return mtu < conn->mtu ? mtu : conn->mtu; /* grows by probes */
}

/* ---- Down --------------------------------------------------------------- */

void tcp_plpmtud_too_big(struct ph_stack *stack, struct tcp_conn *conn,
                         uint32_t seq, uint16_t mtu) {
  struct tcp_stack *tcp = tcp_of(stack);
  if (tcp->features.mtu_probing == PH_TCP_OFF) {
    return;
  }
  struct tcp_plpmtud *v = claim(tcp, conn);
  if (!v) {
    return;
  }
  withdraw(conn, v); /* who says so knows better */
  if (mtu < v->search_low) {
    search(v, mtu, mtu);
  } else if (mtu < v->search_high) {
    v->search_high = mtu; /* a hint (7.6.2 "MAY"): the next to be tried */
    v->failed_once = false;
    v->try_high = mtu > v->search_low;
  }
  rest_if_over(stack, v);
  struct tcp_range *probe = tcp_ranges_floor(&conn->out->rtx, seq);
  if (v->probe_size > mtu && probe &&
      (probe->u.tx.flags & (TCP_RANGE_PROBE | TCP_RANGE_LOST |
                            TCP_RANGE_SACKED)) == TCP_RANGE_PROBE) {
    v->probe_size = 0;
    stack->stats.TcpMtuProbesFailed++;
    tcp_rtx_mark_lost(conn, probe);
    tcp_pend(stack, conn);
  }
}

/* Timeouts have said all that they can: what is shorter? */
static uint16_t shorter(struct ph_stack *stack, struct tcp_conn *conn) {
  uint16_t floor = tcp_path(stack, conn)->family->pmtu_floor;
  return conn->mtu > TCP_BASE_PMTU && floor < TCP_BASE_PMTU
             ? (uint16_t)TCP_BASE_PMTU
             : floor;
}

static void suspect(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_plpmtud *v = claim(tcp_of(stack), conn);
  uint16_t mtu = shorter(stack, conn);
  if (v && v->hole != TCP_HOLE_SUSPECTED) {
    v->hole = TCP_HOLE_SUSPECTED;
    v->mtu_before = conn->mtu;
  } else if (!v) {
    stack->stats.TcpMtuBlackHoles++; /* nobody to remember: for good */
  }
  tcp_path_mtu_fell(stack, conn, mtu, mtu);
}

void tcp_plpmtud_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_plpmtud *v = of(tcp_of(stack), conn);
  if (v) {
    v->probe_size = 0;
  }
  if (conn->snd_wnd == 0 || tcp_of(stack)->features.mtu_probing == PH_TCP_OFF ||
      tcp_packet_len_at(conn, conn->snd_una) <= shorter(stack, conn)) {
    return;
  }
  if (v && v->hole == TCP_HOLE_ON_TRIAL && long_one_arrived(conn, v)) {
    v->hole = TCP_HOLE_NONE;
  }
  if (v && v->hole == TCP_HOLE_ON_TRIAL &&
      conn->backoff + 1 >= TCP_TRIAL_TIMEOUTS) {
    uint16_t high = (uint16_t)ph_max_u32(v->search_high, conn->mtu);
    stack->stats.TcpMtuBlackHoles++;
    search(v, v->mtu_short, high);
    tcp_path_mtu_fell(stack, conn, v->mtu_short, v->mtu_short);
  } else if (conn->backoff + 1 >= TCP_BLACK_HOLE_TIMEOUTS) {
    suspect(stack, conn);
  }
}

/* ---- Up ----------------------------------------------------------------- */

/* Something was acknowledged: of which length? */
static void judge(const struct ph_stack *stack, struct tcp_conn *conn,
                  struct tcp_plpmtud *v, const struct tcp_ack *info) {
  if (v->hole == TCP_HOLE_SUSPECTED) {
    v->mtu_short = conn->mtu;
    withdraw(conn, v);
    v->hole = TCP_HOLE_ON_TRIAL;
    v->trial_ns = stack->now_ns;
    /* The loss window of RFC 5681 3.1 is one segment, of the longer kind. */
    conn->cwnd = ph_max_u32(conn->cwnd, tcp_flight(conn) + conn->snd_mss);
  } else if (info->acked_sent_ns >= v->trial_ns &&
             info->acked + tcp_headers_len(conn) > v->mtu_short) {
    v->hole = TCP_HOLE_NONE;
  }
}

void tcp_plpmtud_acked(struct ph_stack *stack, struct tcp_conn *conn,
                       const struct tcp_ack *info) {
  struct tcp_plpmtud *v = of(tcp_of(stack), conn);
  if (v->hole != TCP_HOLE_NONE) {
    judge(stack, conn, v, info);
  }
  if (v->probe_size == 0 || seq_lt(conn->snd_una, v->probe_end)) {
    return;
  }
  v->search_low = conn->mtu = v->probe_size;
  v->try_high = v->try_high && v->probe_size < v->search_high;
  v->probe_size = 0;
  v->failed_once = false;
  tcp_sync_mss(conn);
  stack->stats.TcpMtuProbesPassed++;
  rest_if_over(stack, v);
}

bool tcp_plpmtud_lost(struct ph_stack *stack, struct tcp_conn *conn,
                      const struct tcp_range *range) {
  struct tcp_plpmtud *v = of(tcp_of(stack), conn);
  if (!v || v->probe_size == 0 || !(range->u.tx.flags & TCP_RANGE_PROBE)) {
    return false;
  }
  /* Alone: nothing else is lost, and what was sent next has arrived. */
  const struct tcp_range *next = range->next;
  bool arrived = next && (next->u.tx.flags & TCP_RANGE_SACKED);
  bool alone = conn->recovery == TCP_RECOVERY_NONE &&
               conn->out->lost_bytes == 0 && (arrived || !conn->sack_ok);
  if (alone) {
    stack->stats.TcpMtuProbesFailed++;
    v->failed_once = !v->failed_once;
  }
  if (alone && !v->failed_once) { /* again */
    v->search_high = (uint16_t)(v->probe_size - 1);
    v->try_high = false;
    rest_if_over(stack, v);
  }
  v->probe_size = 0;
  return alone;
}

/* Nothing is being repaired, and nothing would be mistaken for a loss. */
static bool undisturbed(const struct tcp_conn *conn) {
  return conn->recovery == TCP_RECOVERY_NONE && conn->out->lost_bytes == 0 &&
         conn->out->sacked_bytes == 0 && conn->dupacks == 0 && !conn->snd_urg &&
         conn->backoff == 0;
}

bool tcp_plpmtud_probe(struct ph_stack *stack, struct tcp_conn *conn,
                       uint32_t unsent) {
  struct tcp_plpmtud *v = of(tcp_of(stack), conn);
  if (v->probe_size || v->hole != TCP_HOLE_NONE || !undisturbed(conn)) {
    return false;
  }
  if (over(v)) {
    if (stack->now_ns < v->again_ns ||
        tcp_mtu_max(stack, conn) <= v->search_low) {
      return false;
    }
    search(v, v->search_low, tcp_mtu_max(stack, conn));
  }
  uint16_t size = next_size(v);
  uint32_t payload = size - tcp_headers_len(conn);
  uint32_t behind = (TCP_DUPACK_THRESHOLD + 1u) * conn->snd_mss;
  if (unsent < payload + behind || conn->cwnd < payload + behind ||
      conn->snd_wnd < payload + behind) {
    return false;
  }
  int32_t window = seq_diff(conn->snd_una + conn->snd_wnd, conn->snd_nxt);
  if (window < (int32_t)payload || tcp_cwnd_space(conn) < payload) {
    return tcp_flight(conn) > 0; /* ACKs will make room */
  }
  if (tcp_output_mtu_probe(stack, conn, size)) {
    v->probe_size = size;
    v->probe_end = conn->snd_nxt;
    stack->stats.TcpMtuProbes++;
  }
  return false;
}
