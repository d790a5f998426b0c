/* SPDX-License-Identifier: Apache-2.0 */
/* Tail loss probes, RFC 8985 7: when the last segments of a flight are lost,
 * nothing arrives behind them that could tell. After two round trips of
 * silence (PTO) one segment is sent: new data if there is some, else the last
 * segment again. Its acknowledgement or its SACK lets RACK find what is lost,
 * long before the RTO.
 *
 * If the last segment was the only one lost, the probe has repaired it
 * unnoticed; 7.4 finds that out, so that the window is halved as for any loss.
 *
 * PTO and reordering timer exclude each other (the PTO runs only while nothing
 * is sacked) and share out->deadline; `pto` tells which. */
#include "stack/tcp/tcp_tlp.h"

void tcp_tlp_cancel(struct tcp_conn *conn) {
  if (conn->out->loss.rack.pto) {
    conn->out->loss.rack.pto = false;
    tcp_out_timer_clear(conn);
  }
}

void tcp_tlp_schedule(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  if (!conn->use_rack) {
    if (conn->arq) {
      tcp_of(stack)->arq->schedule(stack, conn);
    }
    return;
  }
  if (conn->recovery != TCP_RECOVERY_NONE || conn->out->sacked_bytes > 0 ||
      conn->out->lost_bytes > 0 || rack->tlp_out || !conn->out->rtx.first ||
      conn->persist || conn->backoff > 0) {
    tcp_tlp_cancel(conn);
    return;
  }
  tcp_tlp_arm(stack, conn);
}

/* 7.3: TLP_send_probe(). */
void tcp_tlp_timeout(struct ph_stack *stack, struct tcp_conn *conn) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  if (!conn->out->rtx.first) {
    return;
  }
  enum tcp_probe probe = tcp_output_loss_probe(stack, conn);
  if (probe != TCP_PROBE_NONE) {
    stack->stats.TcpLossProbes++;
    rack->tlp_out = true;
    rack->tlp_is_retrans = probe == TCP_PROBE_LAST;
    rack->tlp_end_seq = conn->snd_nxt;
  }
  /* "MUST re-arm the RTO timer, not the PTO timer". */
  tcp_timer_start(stack, conn, TCP_TIMER_RTX, tcp_rto_backed_off(conn));
}

/* 7.4: TLP_process_ack(). */
bool tcp_tlp_process_ack(struct tcp_conn *conn, const struct tcp_ack *info) {
  struct tcp_rack *rack = &conn->out->loss.rack;
  if (seq_lt(conn->snd_una, rack->tlp_end_seq)) {
    return false;
  }
  if (!rack->tlp_is_retrans || info->dsack_tlp) {
    rack->tlp_out = false; /* new data arrived; or both copies did (case 1) */
  } else if (seq_gt(conn->snd_una, rack->tlp_end_seq)) {
    rack->tlp_out = false;
    return true;
  } else if (info->dupack && !info->has_sack) {
    rack->tlp_out = false; /* both copies did (case 2) */
  }
  return false;
}
