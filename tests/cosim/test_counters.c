/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs with the NICs in RTL, seen through their counters: who cut, who
 * summed, who verified; and each fault of the wire is counted once, where it
 * was found. Frames are accounted for exactly, in each direction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "sim/run/transfer.h"
#include "sim/tool/options_parse.h"

/* Direction d runs from host d to host 1 - d. */
enum { DATA_WAY = RUN_SERVER, ACK_WAY = RUN_CLIENT };

static struct transfer T;

static const struct link_stats *wire(int d) {
  return &T.run.link[d];
}

static const struct host_report *nic(int host) {
  return &T.run.host[host];
}

static const struct ph_stats *stats(int host) {
  return &T.run.stats[host];
}

static uint64_t tcp_frames(int d) {
  const uint64_t *frames = wire(d)->kind_frames;
  return frames[FRAME_KIND_DATA] + frames[FRAME_KIND_ACK] +
         frames[FRAME_KIND_HANDSHAKE];
}

/* What the stack of a host found wrong in what it received. */
static uint64_t checksum_errors(int host) {
  return stats(host)->IpInCsumErrors + stats(host)->TcpInCsumErrors;
}

/* No frame appears or disappears unseen. */
static void check_frames(void) {
  for (int d = 0; d < 2; d++) {
    const struct link_stats *w = wire(d);
    const struct host_report *from = nic(d), *to = nic(1 - d);
    assert_int_equal(from->nic_tx_frames, w->frames);
    assert_int_equal(from->packets - from->super_segments + from->nic_segments,
                     w->frames);
    assert_int_equal(from->nic_super_segments, from->super_segments);
    assert_int_equal(w->frames - w->lost - w->queue_full + w->dup,
                     w->delivered);
    assert_int_equal(to->nic_rx_frames + to->nic_bad_frames, w->delivered);
    assert_int_equal(to->nic_bad_frames, w->fcs);
    assert_int_equal(to->nic_overflows, 0);
    assert_int_equal(to->nic_errors, 0);
  }
}

/* Runs `packhorse download` with these words, which must succeed. */
static void download(int count, const char *const *words) {
  static struct options options;
  char *argv[16] = {(char *)"packhorse", (char *)"download"};
  for (int i = 0; i < count; i++) {
    argv[2 + i] = (char *)(uintptr_t)words[i];
  }
  assert_int_equal(options_parse(&options, 2 + count, argv), 0);
  assert_int_equal(transfer_run(&T, &options, false), 0);
  assert_string_equal(T.sha256_received, T.sha256_sent);
  assert_true(T.ok);
  check_frames();
}
#define DOWNLOAD(...)                                            \
  download(sizeof(const char *[]){__VA_ARGS__} / sizeof(char *), \
           (const char *const[]){__VA_ARGS__})

/* --- Who did the work ------------------------------------------------------
 */

/* EVIDENCE: Virtio 1.2 5.1.6.2, 5.1.6.4: offloads are the device's work. */
static void all_offloads_leave_nothing_to_software(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "500000");
  const struct host_report *sender = nic(RUN_SERVER);
  uint64_t data = wire(DATA_WAY)->kind_frames[FRAME_KIND_DATA];
  assert_true(data >= 500000 / 1460);
  /* The HTTP header and what is shorter than a segment left alone; everything
   * else is a piece of a super-segment. */
  assert_in_range(sender->nic_segments, data - data / 20, data);
  assert_true(sender->nic_segments > 5 * sender->nic_super_segments);
  for (int d = 0; d < 2; d++) {
    assert_int_equal(nic(d)->nic_csum_inserted, tcp_frames(d));
    assert_int_equal(nic(1 - d)->nic_csum_good, tcp_frames(d));
    assert_int_equal(nic(d)->nic_csum_bad, 0);
    assert_int_equal(stats(d)->SwSegments, 0);
    assert_int_equal(stats(d)->SwChecksumBytes, 0);
    assert_int_equal(stats(d)->SwVerifyBytes, 0);
  }
}

static void checksum_offload_alone_cuts_in_software(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "200000", "--offload", "csum");
  assert_int_equal(nic(RUN_SERVER)->nic_super_segments, 0);
  assert_in_range(stats(RUN_SERVER)->SwSegments, 200000 / 1460, 200000 / 1000);
  for (int d = 0; d < 2; d++) {
    assert_int_equal(nic(d)->nic_csum_inserted, tcp_frames(d));
    assert_int_equal(nic(1 - d)->nic_csum_good, tcp_frames(d));
    assert_int_equal(stats(d)->SwChecksumBytes, 0);
    assert_int_equal(stats(d)->SwVerifyBytes, 0);
  }
}

static void no_offload_leaves_all_to_software(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "200000", "--offload", "none");
  assert_in_range(stats(RUN_SERVER)->SwSegments, 200000 / 1460, 200000 / 1000);
  for (int d = 0; d < 2; d++) {
    assert_int_equal(nic(d)->nic_super_segments, 0);
    assert_int_equal(nic(d)->nic_csum_inserted, 0);
  }
  /* Each byte of payload is summed at both ends, with its TCP header. */
  uint64_t segments = wire(DATA_WAY)->kind_frames[FRAME_KIND_DATA];
  assert_true(stats(RUN_SERVER)->SwChecksumBytes > 200000 + 20 * segments);
  assert_true(stats(RUN_CLIENT)->SwVerifyBytes > 200000 + 20 * segments);
}

static void another_seed_gives_another_hash(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "20000", "--seed", "5");
  uint64_t hash = T.run.event_hash;
  DOWNLOAD("--bytes", "20000", "--seed", "6");
  assert_int_not_equal(T.run.event_hash, hash);
  DOWNLOAD("--bytes", "20000", "--seed", "5");
  assert_int_equal(T.run.event_hash, hash);
}

static void nap(struct host *host, void *unused) {
  struct app_env env = host_app_env(host);
  (void)unused;
  env.sleep_ns(env.ctx, 700000);
}

static void time_ends_with_the_last_event_when_all_sleep(void **state) {
  (void)state;
  static struct options options;
  char *argv[3] = {(char *)"packhorse", (char *)"ping", NULL};
  assert_int_equal(options_parse(&options, 2, argv), 0);
  assert_true(run_start(&T.run, &options));
  host_spawn(T.run.sim.host[RUN_CLIENT], 0, nap, NULL);
  run_simulate(&T.run, 1);
  assert_true(run_finish(&T.run));
  assert_true(T.run.finished);
  assert_in_range(T.run.sim_ps, 700 * SIM_US, 800 * SIM_US);
}

/* --- Faults of the wire -----------------------------------------------------
 */

static void frames_lost_by_number_are_sent_again(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "500000", "--wire", "drop=30,31,120");
  assert_int_equal(wire(DATA_WAY)->lost, 3);
  assert_true(stats(RUN_SERVER)->TcpRetransSegs >= 3);
  assert_true(stats(RUN_SERVER)->TcpDupAcksIn > 0);
}

/* One data frame lost is one hole, repaired by one retransmission; an ACK lost
 * is repaired by the next one. */
static void data_frame_lost_alone_is_sent_again_alone(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "200000", "--wire", "server>client: drop=30");
  assert_int_equal(wire(DATA_WAY)->lost, 1);
  assert_int_equal(wire(ACK_WAY)->lost, 0);
  assert_int_equal(stats(RUN_SERVER)->TcpRetransSegs, 1);
}

static void ack_lost_on_the_ack_way_costs_no_retransmission(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "200000", "--wire", "client>server: drop=6");
  assert_int_equal(wire(ACK_WAY)->lost, 1);
  assert_int_equal(wire(DATA_WAY)->lost, 0);
  assert_int_equal(stats(RUN_SERVER)->TcpRetransSegs, 0);
  assert_int_equal(stats(RUN_CLIENT)->TcpRetransSegs, 0);
}

static void frames_lost_at_random_are_sent_again(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "1000000", "--wire", "loss=0.01");
  assert_true(wire(DATA_WAY)->lost > 2);
  assert_true(wire(ACK_WAY)->lost > 0);
  assert_true(stats(RUN_SERVER)->TcpRetransSegs >= wire(DATA_WAY)->lost);
}

static void duplicates_reach_the_stack_and_end_there(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "1000000", "--wire", "dup=0.02");
  assert_true(wire(DATA_WAY)->dup > 5);
  assert_int_equal(nic(RUN_CLIENT)->nic_csum_good,
                   tcp_frames(DATA_WAY) + wire(DATA_WAY)->dup);
  assert_int_equal(T.received, 1000000);
}

static void reordered_frames_wait_for_the_gap(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "1000000", "--wire", "reorder=0.01");
  assert_true(wire(DATA_WAY)->reorder > 2);
  assert_true(stats(RUN_CLIENT)->TcpOutOfOrder >= wire(DATA_WAY)->reorder);
}

/* EVIDENCE: 802.3-2022 3.2.9, 4.2.9: counted by the MAC, seen by nobody else.
 */
static void damaged_frames_end_in_the_mac(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "1000000", "--wire", "fcs=0.01");
  assert_true(wire(DATA_WAY)->fcs > 2);
  assert_true(wire(ACK_WAY)->fcs > 0);
  for (int host = 0; host < 2; host++) {
    assert_int_equal(nic(host)->nic_bad_frames, wire(1 - host)->fcs);
    assert_int_equal(nic(host)->nic_csum_bad, 0);
    assert_int_equal(checksum_errors(host), 0);
    assert_int_equal(stats(host)->SwVerifyBytes, 0);
  }
}

/* The RTL gives no verdict of "right", the stack looks itself and drops. A
 * header whose version or length was hit has no checksum to be judged by. */
static void flipped_bits_end_at_a_checksum(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "1000000", "--wire", "flip=0.02");
  assert_true(wire(DATA_WAY)->flip > 5);
  assert_true(wire(ACK_WAY)->flip > 0);
  for (int host = 0; host < 2; host++) {
    uint64_t flips = wire(1 - host)->flip;
    assert_int_equal(stats(host)->IpInHdrErrors + stats(host)->TcpInErrs,
                     flips);
    assert_true(checksum_errors(host) > 0);
    assert_in_range(nic(host)->nic_csum_bad, checksum_errors(host), flips);
    /* A flip that only the IPv4 header's sum sees leaves TCP's right. */
    assert_in_range(nic(host)->nic_csum_good + flips, tcp_frames(1 - host),
                    tcp_frames(1 - host) + stats(host)->IpInCsumErrors);
    assert_int_equal(nic(host)->nic_bad_frames, 0);
  }
}

static void full_queue_drops_and_the_sender_slows(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "500000", "--wire", "rate=2Gbps queue=12");
  assert_true(wire(DATA_WAY)->queue_full > 0);
  assert_true(stats(RUN_SERVER)->TcpRetransSegs >= wire(DATA_WAY)->queue_full);
}

/* EVIDENCE: the first row of the table of faults, at a tenth of its size. */
static void all_faults_at_once_are_repaired(void **state) {
  (void)state;
  DOWNLOAD("--bytes", "1000000", "--seed", "21", "--wire",
           "loss=0.01 reorder=0.01 dup=0.005 fcs=0.005 flip=0.005");
  for (int d = 0; d < 2; d++) {
    assert_true(wire(d)->lost + wire(d)->fcs + wire(d)->flip > 0);
    assert_in_range(checksum_errors(1 - d), 0, wire(d)->flip + wire(d)->dup);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_offloads_leave_nothing_to_software),
      cmocka_unit_test(checksum_offload_alone_cuts_in_software),
      cmocka_unit_test(no_offload_leaves_all_to_software),
      cmocka_unit_test(another_seed_gives_another_hash),
      cmocka_unit_test(time_ends_with_the_last_event_when_all_sleep),
      cmocka_unit_test(frames_lost_by_number_are_sent_again),
      cmocka_unit_test(data_frame_lost_alone_is_sent_again_alone),
      cmocka_unit_test(ack_lost_on_the_ack_way_costs_no_retransmission),
      cmocka_unit_test(frames_lost_at_random_are_sent_again),
      cmocka_unit_test(duplicates_reach_the_stack_and_end_there),
      cmocka_unit_test(reordered_frames_wait_for_the_gap),
      cmocka_unit_test(damaged_frames_end_in_the_mac),
      cmocka_unit_test(flipped_bits_end_at_a_checksum),
      cmocka_unit_test(full_queue_drops_and_the_sender_slows),
      cmocka_unit_test(all_faults_at_once_are_repaired),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
