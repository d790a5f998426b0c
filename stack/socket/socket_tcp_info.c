/* SPDX-License-Identifier: Apache-2.0 */
/* TCP_INFO as Linux lays it out (include/uapi/linux/tcp.h): units are its
 * units, segments where it counts segments. */
#include "stack/socket/socket_internal.h"

enum {
  INFINITE_SSTHRESH = 0x7fffffff,
  REORDERING = 3, /* duplicate ACKs taken for a loss: RFC 5681 3.2 */
  NS_PER_US = 1000,
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

/* What goes over as it is (SAME), is longer here (WIDE: from 16 bits), or is in
 * nanoseconds there and in microseconds here (US). */
enum kind { SAME, WIDE, US };

/* clang-format off */
#define FIELDS(X) \
  X(ca_state, ca_state, SAME) \
  X(retransmits, retransmits, SAME) \
  X(probes, probes, SAME) \
  X(backoff, backoff, SAME) \
  X(rto, rto_ns, US) \
  X(ato, ato_ns, US) \
  X(snd_mss, snd_mss, SAME) \
  X(rcv_mss, rcv_mss, SAME) \
  X(unacked, unacked_segs, SAME) \
  X(sacked, sacked_segs, SAME) \
  X(lost, lost_segs, SAME) \
  X(retrans, retrans_segs, SAME) \
  X(last_data_sent, last_sent_ms, SAME) \
  X(last_data_recv, last_received_ms, SAME) \
  X(last_ack_recv, last_ack_ms, SAME) \
  X(pmtu, pmtu, WIDE) \
  X(rcv_ssthresh, rcv_limit, SAME) \
  X(rtt, srtt_ns, US) \
  X(rttvar, rttvar_ns, US) \
  X(advmss, advmss, WIDE) \
  X(rcv_rtt, rcv_rtt_ns, US) \
  X(rcv_space, rcv_limit, SAME) \
  X(total_retrans, retransmissions, SAME) \
  X(bytes_acked, bytes_acked, SAME) \
  X(bytes_received, bytes_received, SAME) \
  X(segs_out, counters.segs_out, SAME) \
  X(segs_in, counters.segs_in, SAME) \
  X(notsent_bytes, unsent, SAME) \
  X(min_rtt, min_rtt_us, SAME) \
  X(data_segs_in, counters.data_segs_in, SAME) \
  X(data_segs_out, counters.data_segs_out, SAME) \
  X(delivered, delivered_segs, SAME) \
  X(bytes_sent, bytes_sent, SAME) \
  X(bytes_retrans, counters.bytes_retrans, SAME) \
  X(rcv_ooopack, counters.ooo_segs, SAME) \
  X(snd_wnd, snd_wnd, SAME)
/* clang-format on */

#define SIZE_THERE(field) sizeof(((struct tcp_info *)0)->field)
#define SIZE_HERE(tcpi) sizeof(((struct ph_tcp_info *)0)->tcpi_##tcpi)
#define X(tcpi, field, kind)                                         \
  _Static_assert(                                                    \
      SIZE_HERE(tcpi) == ((kind) == SAME ? SIZE_THERE(field) : 4) && \
          SIZE_THERE(field) >= ((kind) == US ? 8 : 1) &&             \
          SIZE_THERE(field) <= ((kind) == WIDE ? 2 : 8),             \
      "they are what their kind says");
FIELDS(X)
#undef X

static const struct field {
  uint8_t to, from, kind, size; /* `size` of the field there */
} fields[] = {
#define X(tcpi, field, kind)                  \
  {offsetof(struct ph_tcp_info, tcpi_##tcpi), \
   offsetof(struct tcp_info, field), kind, SIZE_THERE(field)},
    FIELDS(X)
#undef X
};

static void take_fields(const struct tcp_info *info, struct ph_tcp_info *out) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(fields); i++) {
    const struct field *f = &fields[i];
    const uint8_t *from = (const uint8_t *)info + f->from;
    uint8_t *to = (uint8_t *)out + f->to;
    uint64_t ns;
    uint16_t half;
    uint32_t value;
    if (f->kind == SAME) {
      memcpy(to, from, f->size);
      continue;
    }
    if (f->kind == US) {
      memcpy(&ns, from, sizeof(ns));
      value = (uint32_t)(ns / NS_PER_US);
    } else {
      memcpy(&half, from, sizeof(half));
      value = half;
    }
    memcpy(to, &value, sizeof(value));
  }
}

void sock_tcp_info(struct ph_stack *stack, struct tcp_conn *conn,
                   struct ph_tcp_info *out) {
  struct tcp_info info;
  tcp_get_info(stack, conn, &info);
  uint32_t mss = info.snd_mss;
  *out = (struct ph_tcp_info){
      .tcpi_state = linux_state(info.state),
      .tcpi_options = linux_options(&info),
      .tcpi_wscale = linux_wscale(&info),
      .tcpi_snd_ssthresh = info.ssthresh == UINT32_MAX
                               ? (uint32_t)INFINITE_SSTHRESH
                               : info.ssthresh / mss,
      .tcpi_snd_cwnd = info.cwnd / mss,
      .tcpi_reordering = REORDERING,
      .tcpi_reord_seen = info.reordering_seen,
      .tcpi_pacing_rate = UINT64_MAX, /* there is no pacing */
      .tcpi_max_pacing_rate = UINT64_MAX,
  };
  take_fields(&info, out);
  const uint64_t *limit_ns = info.limit_ns;
  uint64_t busy_ns = 0;
  for (int i = TCP_LIMIT_IDLE + 1; i < TCP_LIMIT_COUNT; i++) {
    busy_ns += limit_ns[i];
  }
  out->tcpi_busy_time = busy_ns / NS_PER_US;
  out->tcpi_rwnd_limited =
      (limit_ns[TCP_LIMIT_RECEIVER] + limit_ns[TCP_LIMIT_RECEIVE_BUFFER]) /
      NS_PER_US;
  out->tcpi_sndbuf_limited = limit_ns[TCP_LIMIT_SEND_BUFFER] / NS_PER_US;
}
