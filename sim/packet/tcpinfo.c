/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/tcpinfo.h"

#include <linux/tcp.h>
#include <string.h>

enum { IPPROTO_TCP_NUMBER = 6, OPTION_TCP_INFO = 11 };

void tcpinfo_ask(struct ph_stack *stack, void *tcpinfo) {
  struct tcpinfo *info = tcpinfo;
  info->len = TCPINFO_BYTES;
  info->result = ph_getsockopt(stack, info->fd, IPPROTO_TCP_NUMBER,
                               OPTION_TCP_INFO, info->bytes, &info->len);
}

#define F(name)                              \
  {                                          \
#name, offsetof(struct tcp_info, name),  \
        sizeof(((struct tcp_info *)0)->name) \
  }

static const struct {
  const char *name;
  size_t offset, size;
} fields[] = {
    F(tcpi_state),         F(tcpi_ca_state),
    F(tcpi_retransmits),   F(tcpi_probes),
    F(tcpi_backoff),       F(tcpi_options),
    F(tcpi_rto),           F(tcpi_ato),
    F(tcpi_snd_mss),       F(tcpi_rcv_mss),
    F(tcpi_unacked),       F(tcpi_sacked),
    F(tcpi_lost),          F(tcpi_retrans),
    F(tcpi_fackets),       F(tcpi_last_data_sent),
    F(tcpi_last_ack_sent), F(tcpi_last_data_recv),
    F(tcpi_last_ack_recv), F(tcpi_pmtu),
    F(tcpi_rcv_ssthresh),  F(tcpi_rtt),
    F(tcpi_rttvar),        F(tcpi_snd_ssthresh),
    F(tcpi_snd_cwnd),      F(tcpi_advmss),
    F(tcpi_reordering),    F(tcpi_rcv_rtt),
    F(tcpi_rcv_space),     F(tcpi_total_retrans),
    F(tcpi_pacing_rate),   F(tcpi_max_pacing_rate),
    F(tcpi_bytes_acked),   F(tcpi_bytes_received),
    F(tcpi_segs_out),      F(tcpi_segs_in),
    F(tcpi_notsent_bytes), F(tcpi_min_rtt),
    F(tcpi_data_segs_in),  F(tcpi_data_segs_out),
    F(tcpi_delivery_rate), F(tcpi_busy_time),
    F(tcpi_rwnd_limited),  F(tcpi_sndbuf_limited),
    F(tcpi_delivered),     F(tcpi_delivered_ce),
    F(tcpi_bytes_sent),    F(tcpi_bytes_retrans),
    F(tcpi_dsack_dups),    F(tcpi_reord_seen),
    F(tcpi_rcv_ooopack),   F(tcpi_snd_wnd),
};

enum { WSCALE_BYTE = 6, FLAGS_BYTE = 7 };

/* The bit fields (include/uapi/linux/tcp.h), as gcc lays them out. */
static bool bit_field(const struct tcpinfo *info, const char *name,
                      double *value) {
  static const struct {
    const char *name;
    unsigned byte, shift, mask;
  } bits[] = {{"tcpi_snd_wscale", WSCALE_BYTE, 0, 15},
              {"tcpi_rcv_wscale", WSCALE_BYTE, 4, 15},
              {"tcpi_delivery_rate_app_limited", FLAGS_BYTE, 0, 1},
              {"tcpi_fastopen_client_fail", FLAGS_BYTE, 1, 3}};
  for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
    if (strcmp(bits[i].name, name) == 0) {
      *value = info->bytes[bits[i].byte] >> bits[i].shift & bits[i].mask;
      return true;
    }
  }
  return false;
}

enum tcpinfo_status tcpinfo_field(const struct tcpinfo *info, const char *name,
                                  double *value) {
  if (info->len > FLAGS_BYTE && bit_field(info, name, value)) {
    return TCPINFO_GOOD;
  }
  for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
    if (strcmp(fields[i].name, name) != 0) {
      continue;
    }
    if (fields[i].offset + fields[i].size > info->len) {
      return TCPINFO_ABSENT;
    }
    uint64_t number = 0; /* little endian, as the host */
    memcpy(&number, info->bytes + fields[i].offset, fields[i].size);
    *value = (double)number;
    return TCPINFO_GOOD;
  }
  return TCPINFO_UNKNOWN;
}
