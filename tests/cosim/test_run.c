/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs: two hosts, both kinds of NIC, the wire and its faults. The event
 * hash is the judge of determinism. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/run/transfer.h"
#include "tests/cosim/command.h"

static uint64_t hash_of(const char *line) {
  struct transfer result;
  command_transfer_ok(&result, line);
  return result.run.event_hash;
}

#define SUM(result, field) \
  ((result).run.host[0].field + (result).run.host[1].field)
#define STAT(result, field) \
  ((result).run.stats[0].field + (result).run.stats[1].field)
#define WIRE(result, field) \
  ((result).run.link[0].field + (result).run.link[1].field)

/* --- Bit exact ------------------------------------------------------------ */

/* Every counter that names a frame agrees, and no offload is done by software
 * in secret. */
static void check_offloads(const struct transfer *result) {
  assert_true(SUM(*result, super_segments) > 0);
  assert_int_equal(SUM(*result, nic_super_segments),
                   SUM(*result, super_segments));
  assert_int_equal(SUM(*result, nic_tx_frames), WIRE(*result, frames));
  /* What was handed over, minus what was cut, plus the pieces. */
  assert_int_equal(SUM(*result, packets) - SUM(*result, super_segments) +
                       SUM(*result, nic_segments),
                   WIRE(*result, frames));
  assert_int_equal(STAT(*result, SwSegments), 0);
  assert_int_equal(STAT(*result, SwChecksumBytes), 0);
  assert_int_equal(STAT(*result, SwVerifyBytes), 0);
  assert_int_equal(SUM(*result, nic_errors), 0);
  assert_int_equal(SUM(*result, nic_overflows), 0);
}

static void rtl_download_with_all_offloads_is_bit_exact(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 300000");
  check_offloads(&result);
  assert_true(result.run.host[0].cycles > 0);
}

static void soft_download_with_all_offloads_is_bit_exact(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 2000000 --nic soft");
  check_offloads(&result);
}

static void rtl_download_without_offloads_is_bit_exact(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 100000 --offload none");
  assert_int_equal(SUM(result, nic_super_segments), 0);
  assert_int_equal(SUM(result, nic_csum_inserted), 0);
  assert_true(STAT(result, SwSegments) > 60);
  assert_true(STAT(result, SwChecksumBytes) > 100000);
}

static void rtl_download_with_checksums_only_cuts_in_software(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 100000 --offload csum");
  assert_int_equal(SUM(result, nic_super_segments), 0);
  assert_true(SUM(result, nic_csum_inserted) > 60);
  assert_int_equal(STAT(result, SwChecksumBytes), 0);
  assert_true(STAT(result, SwSegments) > 60);
}

static void small_mss_and_odd_buffers_are_bit_exact(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(
      &result,
      "download --bytes 50001 --mss 577 --app-buffer 777 --rcvbuf 8192 "
      "--sndbuf 5000");
  command_transfer_ok(&result, "throughput --bytes 33333 --mtu 600 --nic soft");
}

static void slow_reader_closes_the_window_and_all_arrives(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(
      &result,
      "throughput --bytes 200000 --nic soft --read-rate 20000000 "
      "--rcvbuf 16384");
  /* 200 kB at 20 MB/s. */
  assert_true(result.finished_ns - result.started_ns > 9000000);
}

/* --- Determinism ---------------------------------------------------------- */

static void same_seed_gives_the_same_hash(void **state) {
  (void)state;
  const char *rtl = "download --bytes 60000 --wire loss=0.02+reorder=0.02";
  assert_int_equal(hash_of(rtl), hash_of(rtl));
  const char *soft =
      "download --bytes 500000 --nic soft --wire loss=0.02+dup=0.02";
  assert_int_equal(hash_of(soft), hash_of(soft));
}

static void hash_does_not_depend_on_chunks_waves_or_idle_skip(void **state) {
  (void)state;
  uint64_t hash = hash_of("download --bytes 40000");
  assert_int_equal(hash_of("download --bytes 40000 --max-cycles 1"), hash);
  assert_int_equal(hash_of("download --bytes 40000 --max-cycles 7"), hash);
  assert_int_equal(hash_of("download --bytes 40000 --max-cycles 1000"), hash);
  assert_int_equal(hash_of("download --bytes 40000 --max-cycles 1000000"),
                   hash);
  assert_int_equal(hash_of("download --bytes 40000 --no-idle-skip"), hash);
  assert_int_equal(hash_of("download --bytes 40000 --waves build/test/run"),
                   hash);
  assert_int_equal(remove("build/test/run-client.vcd"), 0);
  assert_int_equal(remove("build/test/run-server.vcd"), 0);
  assert_int_equal(hash_of("download --bytes 40000 --pcapng "
                           "build/test/run.pcapng --timeline "
                           "build/test/run.json"),
                   hash);
  remove("build/test/run.pcapng");
  remove("build/test/run.json");
}

static void write_file(const char *name, size_t size, size_t flipped) {
  FILE *file = fopen(name, "wb");
  assert_non_null(file);
  for (size_t i = 0; i < size; i++) {
    fputc((int)(i * 7 & 255) ^ (i == flipped), file);
  }
  fclose(file);
}

static void one_flipped_byte_changes_the_hash(void **state) {
  (void)state;
  static const char *const nics[2] = {"rtl", "soft"};
  for (int i = 0; i < 2; i++) {
    char line[128];
    uint64_t hash[2];
    snprintf(line, sizeof(line), "download --file build/test/run.in --nic %s",
             nics[i]);
    write_file("build/test/run.in", 20000, 20000);
    hash[0] = hash_of(line);
    write_file("build/test/run.in", 20000, 12345);
    hash[1] = hash_of(line);
    assert_int_not_equal(hash[0], hash[1]);
  }
  remove("build/test/run.in");
}

static void one_cycle_of_delay_changes_the_hash(void **state) {
  (void)state;
  assert_int_not_equal(hash_of("download --bytes 20000 --wire delay=1000ns"),
                       hash_of("download --bytes 20000 --wire delay=1006.4ns"));
}

/* --- Faults --------------------------------------------------------------- */

static void lost_frames_are_sent_again(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 300000 --wire drop=30,40,90");
  assert_int_equal(result.run.link[RUN_SERVER].lost, 3);
  assert_true(STAT(result, TcpRetransSegs) >= 3);
}

static void duplicates_are_dropped(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 200000 --wire dup=0.05");
  assert_true(WIRE(result, dup) > 3);
  assert_int_equal(result.received, 200000);
}

static void reordered_frames_wait_out_of_order(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result,
                      "download --bytes 200000 --wire reorder=50,80,120");
  assert_true(result.run.link[RUN_SERVER].reorder >= 3);
  assert_true(STAT(result, TcpOutOfOrder) > 0);
}

static void damaged_frames_die_in_the_mac(void **state) {
  (void)state;
  static const char *const nics[2] = {"rtl", "soft"};
  for (int i = 0; i < 2; i++) {
    struct transfer result;
    char line[128];
    snprintf(line, sizeof(line),
             "download --bytes 200000 --wire fcs=30,60,61 --nic %s", nics[i]);
    command_transfer_ok(&result, line);
    assert_true(WIRE(result, fcs) >= 3);
    assert_int_equal(SUM(result, nic_bad_frames), WIRE(result, fcs));
    assert_int_equal(STAT(result, TcpInCsumErrors), 0);
  }
}

static void flipped_bits_die_by_a_checksum(void **state) {
  (void)state;
  static const char *const nics[2] = {"rtl", "soft"};
  for (int i = 0; i < 2; i++) {
    struct transfer result;
    char line[128];
    snprintf(line, sizeof(line),
             "download --bytes 200000 --wire flip=30,60,61,90 --nic %s",
             nics[i]);
    command_transfer_ok(&result, line);
    assert_true(WIRE(result, flip) >= 4);
    assert_int_equal(SUM(result, nic_bad_frames), 0);
    assert_true(STAT(result, TcpInCsumErrors) + STAT(result, IpInCsumErrors) +
                    STAT(result, IpInHdrErrors) >=
                3);
  }
}

static void short_queue_drops_and_tcp_adapts(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(
      &result, "download --bytes 400000 --nic soft --wire rate=1Gbps+queue=20");
  assert_true(WIRE(result, queue_full) > 0);
}

/* The RTL cuts super-segments with timestamps; marks slow the sender down
 * before the queue overflows. */
static void timestamps_and_marks_are_bit_exact(void **state) {
  /* EVIDENCE: RFC 7323 3.2, RFC 3168 5 */
  (void)state;
  struct transfer result;
  command_transfer_ok(&result, "download --bytes 300000 --timestamps --ecn");
  check_offloads(&result);
  command_transfer_ok(
      &result,
      "download --bytes 3000000 --nic soft --timestamps --ecn --wire "
      "rate=1Gbps+delay=50us+queue=200+ecn=20");
  assert_true(STAT(result, TcpEcnCeIn) > 0);
  assert_true(STAT(result, TcpEcnReduced) > 0);
  assert_int_equal(WIRE(result, queue_full), 0);
  assert_int_equal(STAT(result, TcpRetransSegs), 0);
}

/* Super-segments with CWR, too, are cut by the RTL: HOST_ECN. */
static void rtl_cuts_what_says_that_the_window_was_reduced(void **state) {
  /* EVIDENCE: RFC 3168 6.1.2; Virtio 1.2 5.1.6.2.1 (GSO_ECN) */
  (void)state;
  struct transfer result;
  command_transfer_ok(&result,
                      "download --bytes 700000 --ecn --wire "
                      "rate=1Gbps+delay=50us+queue=200+ecn=20");
  assert_true(STAT(result, TcpEcnReduced) > 2);
  check_offloads(&result); /* nothing in software */
}

static void all_faults_at_once_are_bit_exact(void **state) {
  (void)state;
  struct transfer result;
  command_transfer_ok(&result,
                      "download --bytes 3000000 --nic soft --seed 11 --wire "
                      "loss=0.01+reorder=0.01+dup=0.01+fcs=0.01+flip=0.01");
  command_transfer_ok(&result,
                      "download --bytes 150000 --seed 12 --wire "
                      "loss=0.01+reorder=0.01+dup=0.01+fcs=0.01+flip=0.01");
}

/* --- Capture -------------------------------------------------------------- */

static long lines_of(const char *command) {
  FILE *pipe = popen(command, "r");
  assert_non_null(pipe);
  long lines = 0;
  for (int c; (c = fgetc(pipe)) != EOF;) {
    lines += c == '\n';
  }
  assert_int_equal(pclose(pipe), 0);
  return lines;
}

#define TSHARK                                                     \
  "tshark -r build/test/run.pcapng -o tcp.check_checksum:TRUE -o " \
  "ip.check_checksum:TRUE -o eth.check_fcs:TRUE -Y '%s' 2>/dev/null"
#define WRONG \
  "(tcp.checksum.status==0 or ip.checksum.status==0 or eth.fcs.status==0)"

static long tshark(const char *filter) {
  char command[1024];
  snprintf(command, sizeof(command), TSHARK, filter);
  return lines_of(command);
}

static void tshark_finds_wrong_checksums_in_damaged_frames_only(void **state) {
  (void)state;
  if (system("command -v tshark >/dev/null 2>&1") != 0) {
    skip();
  }
  static const char *const nics[2] = {"rtl", "soft"};
  for (int i = 0; i < 2; i++) {
    char line[192];
    struct transfer result;
    snprintf(line, sizeof(line),
             "download --bytes 150000 --nic %s --wire fcs=20,50+flip=30,40 "
             "--pcapng build/test/run.pcapng",
             nics[i]);
    command_transfer_ok(&result, line);
    assert_int_equal(
        tshark("frame.interface_name contains \"wire-tx\" and " WRONG), 0);
    assert_int_equal(tshark("frame.interface_name contains \"wire-rx\" and "
                            "!frame.packet_flags_crc_error==1 and " WRONG),
                     0);
    assert_true(tshark("frame.interface_name contains \"wire-rx\" and "
                       "frame.packet_flags_crc_error==1 and " WRONG) >= 4);
    assert_int_equal(tshark("frame.interface_name contains \"wire-tx\""),
                     WIRE(result, frames));
    assert_int_equal(tshark("frame.comment contains \"super-segment\""),
                     SUM(result, super_segments));
  }
  remove("build/test/run.pcapng");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rtl_download_with_all_offloads_is_bit_exact),
      cmocka_unit_test(soft_download_with_all_offloads_is_bit_exact),
      cmocka_unit_test(rtl_download_without_offloads_is_bit_exact),
      cmocka_unit_test(rtl_download_with_checksums_only_cuts_in_software),
      cmocka_unit_test(small_mss_and_odd_buffers_are_bit_exact),
      cmocka_unit_test(slow_reader_closes_the_window_and_all_arrives),
      cmocka_unit_test(same_seed_gives_the_same_hash),
      cmocka_unit_test(hash_does_not_depend_on_chunks_waves_or_idle_skip),
      cmocka_unit_test(one_flipped_byte_changes_the_hash),
      cmocka_unit_test(one_cycle_of_delay_changes_the_hash),
      cmocka_unit_test(lost_frames_are_sent_again),
      cmocka_unit_test(duplicates_are_dropped),
      cmocka_unit_test(reordered_frames_wait_out_of_order),
      cmocka_unit_test(damaged_frames_die_in_the_mac),
      cmocka_unit_test(flipped_bits_die_by_a_checksum),
      cmocka_unit_test(short_queue_drops_and_tcp_adapts),
      cmocka_unit_test(timestamps_and_marks_are_bit_exact),
      cmocka_unit_test(rtl_cuts_what_says_that_the_window_was_reduced),
      cmocka_unit_test(all_faults_at_once_are_bit_exact),
      cmocka_unit_test(tshark_finds_wrong_checksums_in_damaged_frames_only),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
