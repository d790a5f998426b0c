/* SPDX-License-Identifier: Apache-2.0 */
/* struct ph_tcp_info is Linux's struct tcp_info: <linux/tcp.h>, which has more
 * of it than the C library's header. */
#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stack/socket/socket.h"

#define SAME(field)                                                            \
  _Static_assert(                                                              \
      offsetof(struct ph_tcp_info, field) == offsetof(struct tcp_info, field), \
      #field);                                                                 \
  _Static_assert(sizeof(((struct ph_tcp_info *)0)->field) ==                   \
                     sizeof(((struct tcp_info *)0)->field),                    \
                 #field)
SAME(tcpi_state);
SAME(tcpi_ca_state);
SAME(tcpi_retransmits);
SAME(tcpi_probes);
SAME(tcpi_backoff);
SAME(tcpi_options);
SAME(tcpi_rto);
SAME(tcpi_ato);
SAME(tcpi_snd_mss);
SAME(tcpi_rcv_mss);
SAME(tcpi_unacked);
SAME(tcpi_sacked);
SAME(tcpi_lost);
SAME(tcpi_retrans);
SAME(tcpi_fackets);
SAME(tcpi_last_data_sent);
SAME(tcpi_last_ack_sent);
SAME(tcpi_last_data_recv);
SAME(tcpi_last_ack_recv);
SAME(tcpi_pmtu);
SAME(tcpi_rcv_ssthresh);
SAME(tcpi_rtt);
SAME(tcpi_rttvar);
SAME(tcpi_snd_ssthresh);
SAME(tcpi_snd_cwnd);
SAME(tcpi_advmss);
SAME(tcpi_reordering);
SAME(tcpi_rcv_rtt);
SAME(tcpi_rcv_space);
SAME(tcpi_total_retrans);
SAME(tcpi_pacing_rate);
SAME(tcpi_max_pacing_rate);
SAME(tcpi_bytes_acked);
SAME(tcpi_bytes_received);
SAME(tcpi_segs_out);
SAME(tcpi_segs_in);
SAME(tcpi_notsent_bytes);
SAME(tcpi_min_rtt);
SAME(tcpi_data_segs_in);
SAME(tcpi_data_segs_out);
SAME(tcpi_delivery_rate);
SAME(tcpi_busy_time);
SAME(tcpi_rwnd_limited);
SAME(tcpi_sndbuf_limited);
SAME(tcpi_delivered);
SAME(tcpi_delivered_ce);
SAME(tcpi_bytes_sent);
SAME(tcpi_bytes_retrans);
SAME(tcpi_dsack_dups);
SAME(tcpi_reord_seen);
SAME(tcpi_rcv_ooopack);
SAME(tcpi_snd_wnd);
_Static_assert((int)PH_TCPI_OPT_TIMESTAMPS == TCPI_OPT_TIMESTAMPS, "");
_Static_assert((int)PH_TCPI_OPT_SACK == TCPI_OPT_SACK, "");
_Static_assert((int)PH_TCPI_OPT_WSCALE == TCPI_OPT_WSCALE, "");
_Static_assert((int)PH_TCPI_OPT_ECN == TCPI_OPT_ECN, "");

/* The two bit fields have no offset: look where the compiler puts them. */
static void tcp_info_window_scales_are_one_octet(void **state) {
  /* EVIDENCE: include/uapi/linux/tcp.h */
  (void)state;
  union {
    struct tcp_info theirs;
    struct ph_tcp_info ours;
  } info = {.theirs = {0}};
  info.theirs.tcpi_snd_wscale = 3;
  info.theirs.tcpi_rcv_wscale = 9;
  assert_int_equal(info.ours.tcpi_wscale, 3 | 9 << 4);
  assert_in_range(sizeof(struct tcp_info), 232, sizeof(struct ph_tcp_info));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tcp_info_window_scales_are_one_octet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
