/* SPDX-License-Identifier: Apache-2.0 */
/* TCP_INFO as Linux lays it out (include/uapi/linux/tcp.h): units are its
 * units, segments where it counts segments. */
#include "stack/socket/socket_internal.h"

enum {
  INFINITE_SSTHRESH = 0x7fffffff,
  REORDERING = 3, /* duplicate ACKs taken for a loss: RFC 5681 3.2 */
  US = 1000,      /* ns */
};

/* Linux counts its states from TCP_ESTABLISHED = 1. */
static uint8_t linux_state(enum tcp_state state) {
  static const uint8_t states[] = {7, 10, 2, 3, 1, 4, 5, 8, 11, 9, 6};
  return states[state];
}

static uint8_t linux_options(const struct tcp_info *info) {
  return (uint8_t)((info->ts_ok ? PH_TCPI_OPT_TIMESTAMPS : 0) |
                   (info->sack_ok ? PH_TCPI_OPT_SACK : 0) |
                   (info->wscale_ok ? PH_TCPI_OPT_WSCALE : 0) |
                   (info->ecn_ok ? PH_TCPI_OPT_ECN : 0));
}

static uint8_t linux_wscale(const struct tcp_info *info) {
  uint8_t both = (uint8_t)(info->snd_wscale | info->rcv_wscale << 4);
  return info->wscale_ok ? both : 0;
}

static void counters(const struct tcp_info *info, struct ph_tcp_info *out) {
  out->tcpi_total_retrans = info->retransmissions;
  out->tcpi_bytes_acked = info->bytes_acked;
  out->tcpi_bytes_received = info->bytes_received;
  out->tcpi_segs_out = info->counters.segs_out;
  out->tcpi_segs_in = info->counters.segs_in;
  out->tcpi_data_segs_out = info->counters.data_segs_out;
  out->tcpi_data_segs_in = info->counters.data_segs_in;
  out->tcpi_bytes_sent = info->bytes_sent;
  out->tcpi_bytes_retrans = info->counters.bytes_retrans;
  out->tcpi_rcv_ooopack = info->counters.ooo_segs;
  out->tcpi_delivered = info->delivered_segs;
  out->tcpi_reord_seen = info->reordering_seen;
  uint64_t busy_ns = 0;
  for (int i = TCP_LIMIT_IDLE + 1; i < TCP_LIMIT_COUNT; i++) {
    busy_ns += info->limit_ns[i];
  }
  out->tcpi_busy_time = busy_ns / US;
  out->tcpi_rwnd_limited = (info->limit_ns[TCP_LIMIT_RECEIVER] +
                            info->limit_ns[TCP_LIMIT_RECEIVE_BUFFER]) /
                           US;
  out->tcpi_sndbuf_limited = info->limit_ns[TCP_LIMIT_SEND_BUFFER] / US;
}

void sock_tcp_info(struct ph_stack *stack, struct tcp_conn *conn,
                   struct ph_tcp_info *out) {
  struct tcp_info info;
  tcp_get_info(stack, conn, &info);
  uint32_t mss = info.snd_mss;
  *out = (struct ph_tcp_info){
      .tcpi_state = linux_state(info.state),
      .tcpi_ca_state = info.ca_state,
      .tcpi_retransmits = info.retransmits,
      .tcpi_probes = info.probes,
      .tcpi_backoff = info.backoff,
      .tcpi_options = linux_options(&info),
      .tcpi_wscale = linux_wscale(&info),
      .tcpi_rto = (uint32_t)(info.rto_ns / US),
      .tcpi_ato = (uint32_t)(info.ato_ns / US),
      .tcpi_snd_mss = mss,
      .tcpi_rcv_mss = info.rcv_mss,
      .tcpi_unacked = info.unacked_segs,
      .tcpi_sacked = info.sacked_segs,
      .tcpi_lost = info.lost_segs,
      .tcpi_retrans = info.retrans_segs,
      .tcpi_last_data_sent = info.last_sent_ms,
      .tcpi_last_data_recv = info.last_received_ms,
      .tcpi_last_ack_recv = info.last_ack_ms,
      .tcpi_pmtu = info.pmtu,
      .tcpi_rcv_ssthresh = info.rcv_limit,
      .tcpi_rtt = (uint32_t)(info.srtt_ns / US),
      .tcpi_rttvar = (uint32_t)(info.rttvar_ns / US),
      .tcpi_snd_ssthresh = info.ssthresh == UINT32_MAX
                               ? (uint32_t)INFINITE_SSTHRESH
                               : info.ssthresh / mss,
      .tcpi_snd_cwnd = info.cwnd / mss,
      .tcpi_advmss = info.advmss,
      .tcpi_reordering = REORDERING,
      .tcpi_rcv_rtt = (uint32_t)(info.rcv_rtt_ns / US),
      .tcpi_rcv_space = info.rcv_limit,
      .tcpi_pacing_rate = UINT64_MAX, /* there is no pacing */
      .tcpi_max_pacing_rate = UINT64_MAX,
      .tcpi_notsent_bytes = info.unsent,
      .tcpi_min_rtt = info.min_rtt_us,
      .tcpi_snd_wnd = info.snd_wnd,
  };
  counters(&info, out);
}
