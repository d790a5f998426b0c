/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse replay: what of a recording arrives when, what the host counts and
 * answers, with both kinds of NIC; and files that are no recordings. */
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

#include "sim/tool/commands.h"
#include "sim/tool/replay_run.h"
#include "sim/run/transfer.h"
#include "tests/cosim/command.h"
#include "tests/cosim/recording.h"

enum { FRAME = 2048 };
#define FILE_IN "build/test/replay-in.pcap"
#define FILE_OUT "build/test/replay-out.pcapng"

static struct recording recording;
static struct replay_result R;
static const char *const nics[2] = {"rtl", "soft"};
static const struct recording_interface plain = {1, 0, NULL, 9, -1, -1};

static struct options *parse(const char *line) {
  static struct options options; /* results refer to it and to the words */
  assert_int_equal(command_parse(&options, line), 0);
  return &options;
}

/* Replays the recording with NIC number `nic` and these words; all is well. */
static void replay(int nic, const char *words) {
  char line[400];
  recording_save(&recording, recording.len, FILE_IN);
  snprintf(line, sizeof(line), "replay %s --nic %s %s", FILE_IN, nics[nic],
           words);
  assert_int_equal(replay_file(&R, parse(line)), 0);
  if (!R.ok) {
    fail_msg("%s: %s", line, R.run.why);
  }
  remove(FILE_IN);
}

static const struct host_report *nic_report(void) {
  return &R.run.host[0];
}

static uint64_t sent(enum frame_kind kind) {
  return R.run.link[0].kind_frames[kind];
}

/* Every frame that came to the NIC went somewhere. */
static void check_frames(void) {
  const struct host_report *nic = nic_report();
  const struct link_stats *wire = &R.run.link[1];
  assert_int_equal(R.stats.recorded, R.stats.sent + R.stats.own);
  assert_int_equal(nic->nic_rx_frames + nic->nic_bad_frames + nic->nic_filtered,
                   wire->delivered);
  assert_int_equal(wire->delivered, R.stats.sent + R.stats.arp_answers +
                                        wire->dup - wire->lost -
                                        wire->queue_full);
  assert_int_equal(R.run.stats[0].EthInFrames + nic->nic_overflows,
                   nic->nic_rx_frames);
  assert_int_equal(nic->nic_errors, 0);
}

/* --- Time ----------------------------------------------------------------- */

/* The times of an interface of the capture; returns how many. */
static unsigned captured(const char *interface, pcap_time *times,
                         unsigned most) {
  static struct pcap pcap;
  static uint8_t bytes[1 << 20];
  struct pcap_frame frame;
  unsigned count = 0;
  FILE *file = fopen(FILE_OUT, "rb");
  assert_non_null(file);
  size_t size = fread(bytes, 1, sizeof(bytes), file);
  assert_true(size < sizeof(bytes));
  fclose(file);
  remove(FILE_OUT);
  assert_true(pcap_open(&pcap, bytes, size, interface));
  while (pcap_next(&pcap, &frame) == 1) {
    assert_true(count < most);
    times[count++] = frame.time;
  }
  assert_string_equal(pcap.why, "");
  return count;
}

static void assert_near(pcap_time a, pcap_time b, int64_t most) {
  pcap_time apart = a < b ? b - a : a - b;
  if (apart > most) {
    fail_msg("%lld ps apart", (long long)apart);
  }
}

/* The NIC's lanes are 3.2 ns apart, and the capture counts nanoseconds. */
static void recorded_times_are_kept(void **state) {
  (void)state;
  static const uint64_t ns[] = {0, 1, 500, 10000, 1000000, 3500000000};
  enum { COUNT = sizeof(ns) / sizeof(ns[0]) };
  uint8_t frame[FRAME];
  uint32_t len = recording_udp(frame, 18);
  for (int nic = 0; nic < 2; nic++) {
    pcap_time at[COUNT];
    recording.len = 0;
    recording_section(&recording, nic);
    recording_interface(&recording, &plain);
    for (int i = 0; i < COUNT; i++) {
      recording_packet(&recording, 0, UINT64_C(1700000000000000000) + ns[i],
                       frame, len, len, 0);
    }
    replay(nic, "--wire delay=5us --pcapng " FILE_OUT);
    check_frames();
    assert_int_equal(R.stats.back, 0);
    /* The answer to the host's ARP request comes between the third and the
     * fourth, or not: it has no recorded time. */
    pcap_time all[COUNT + 1];
    unsigned count = captured("host:wire-rx", all, COUNT + 1), n = 0;
    assert_int_equal(count, COUNT + 1);
    for (unsigned i = 0; i < count; i++) {
      pcap_time since = all[i] - (pcap_time)(REPLAY_START + 5 * SIM_US);
      for (int j = 0; j < COUNT; j++) {
        /* A minimum frame is on the wire for 67.2 ns. */
        pcap_time want = (pcap_time)(j == 1 ? 67200 : ns[j] * 1000);
        pcap_time off = since > want ? since - want : want - since;
        if (off < 5000 && n < COUNT) {
          at[n++] = all[i];
          break;
        }
      }
    }
    assert_int_equal(n, COUNT);
    assert_near(at[5] - at[0], (pcap_time)3500 * (int64_t)SIM_MS, 5000);
  }
}

static void line_rate_leaves_no_gap(void **state) {
  (void)state;
  enum { COUNT = 300 };
  uint8_t frame[FRAME];
  uint32_t len = recording_udp(frame, 18);
  frame[5] ^= 0x40; /* for another station: nobody answers in between */
  for (int nic = 0; nic < 2; nic++) {
    pcap_time at[COUNT];
    recording_pcap(&recording, false, false, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
      recording_add(&recording, i * 1000000, 0, frame, len, len);
    }
    replay(nic, "--speed line --pcapng " FILE_OUT);
    check_frames();
    assert_int_equal(nic_report()->nic_filtered, COUNT);
    assert_int_equal(captured("host:wire-rx", at, COUNT), COUNT);
    assert_near(at[COUNT - 1] - at[0], (COUNT - 1) * 67200, 5000);
    for (int i = 1; i < COUNT; i++) {
      assert_near(at[i] - at[i - 1], 67200, 4000);
    }
  }
}

static void frame_recorded_late_follows_at_once(void **state) {
  (void)state;
  uint8_t frame[FRAME];
  uint32_t len = recording_ping(frame);
  recording_pcap(&recording, false, false, 1);
  recording_add(&recording, 10, 500, frame, len, len);
  recording_add(&recording, 10, 400, frame, len, len);
  recording_add(&recording, 9, 0, frame, len, len);
  recording_add(&recording, 10, 600, frame, len, len);
  replay(0, "");
  check_frames();
  assert_int_equal(R.stats.back, 2);
  assert_int_equal(R.run.stats[0].IcmpInEchos, 4);
  assert_int_equal(R.run.sim_ps / SIM_US,
                   (REPLAY_START + REPLAY_DRAIN) / SIM_US + 100 + 1);
}

/* --- What arrives and is answered ----------------------------------------- */

static void host_answers_as_on_any_network(void **state) {
  (void)state;
  uint8_t frame[FRAME];
  for (int nic = 0; nic < 2; nic++) {
    recording_pcap(&recording, true, true, 1);
    for (uint32_t i = 0; i < 5; i++) {
      uint32_t len = recording_ping(frame);
      recording_add(&recording, 1, i * 100000, frame, len, len);
      len = recording_udp(frame, 100 + i);
      recording_add(&recording, 1, i * 100000 + 50000, frame, len, len);
    }
    replay(nic, "");
    check_frames();
    assert_int_equal(R.stats.sent, 10);
    assert_int_equal(nic_report()->nic_rx_frames, 11);
    assert_int_equal(nic_report()->nic_csum_good, 5);
    /* The recording has no ARP: whoever sent its frames answers. */
    assert_int_equal(R.stats.arp_answers, 1);
    assert_int_equal(sent(FRAME_KIND_ARP), 1);
    assert_int_equal(sent(FRAME_KIND_ICMP), 5);
    assert_int_equal(sent(FRAME_KIND_UDP), 5);
    assert_int_equal(R.echo.operations, 5);
  }
}

/* More than the host's processor can take: what is dropped is counted. */
static void flood_is_dropped_where_there_is_no_room(void **state) {
  (void)state;
  uint8_t frame[FRAME];
  uint32_t len = recording_udp(frame, 1);
  for (int nic = 0; nic < 2; nic++) {
    recording_pcap(&recording, false, false, 1);
    for (uint32_t i = 0; i < 8000; i++) {
      recording_add(&recording, i, 0, frame, len, len);
    }
    replay(nic, "--speed line");
    check_frames();
    assert_int_equal(R.stats.sent, 8000);
    assert_true(nic_report()->nic_overflows > 1000);
    assert_true(R.run.stats[0].UdpInDatagrams > 0);
    assert_int_equal(nic_report()->nic_rx_bytes, 64 * 8001);
  }
}

/* A sender behind a router is answered through the router. */
static void far_sender_is_answered_where_it_came_from(void **state) {
  (void)state;
  uint8_t frame[FRAME];
  uint32_t len = recording_ping(frame);
  frame_put32(frame + 26, 0x08080808);
  frame_put16(frame + 24, 0);
  frame_put16(frame + 24, (uint16_t)~frame_sum(frame + 14, 20, 0));
  recording_pcap(&recording, false, false, 1);
  recording_add(&recording, 1, 0, frame, len, len);
  replay(0, "");
  assert_int_equal(sent(FRAME_KIND_ICMP), 1);
  assert_int_equal(R.run.stats[0].IpOutNoRoutes, 0);
}

static void add_with_fcs(const uint8_t *frame, uint32_t len, uint32_t damage,
                         uint32_t flags) {
  uint8_t whole[FRAME * 2] = {0};
  memcpy(whole, frame, len);
  len = len < 60 ? 60 : len;
  frame_set_fcs(whole, len + 4);
  whole[damage] ^= damage ? 1 : 0;
  recording_packet(&recording, 0, 0, whole, len + 4, len + 4, flags);
}

static void each_drop_is_counted_by_its_reason(void **state) {
  /* EVIDENCE: 802.3-2022 3.2.8, 3.2.9, 4.2.9, 46.3.3.1 */
  (void)state;
  struct recording_interface with_fcs = plain;
  with_fcs.fcs_len = 4;
  for (int nic = 0; nic < 2; nic++) {
    uint8_t frame[FRAME * 2] = {0};
    uint32_t len = recording_udp(frame, 100);
    recording.len = 0;
    recording_section(&recording, false);
    recording_interface(&recording, &with_fcs);
    recording_interface(&recording, &plain);
    add_with_fcs(frame, len, 0, 0);
    add_with_fcs(frame, len, 20, 0);                /* FCS */
    add_with_fcs(frame, len, 0, UINT32_C(1) << 31); /* error code */
    recording_packet(&recording, 1, 0, frame, len, len,
                     UINT32_C(1) << 24); /* an FCS that was seen wrong */
    recording_packet(&recording, 0, 0, frame, 63, 63, 0); /* runt */
    frame[60] ^= 1;                                       /* UDP checksum */
    add_with_fcs(frame, len, 0, 0);
    frame[60] ^= 1;
    frame[24] ^= 1; /* IPv4 header checksum */
    add_with_fcs(frame, len, 0, 0);
    frame[24] ^= 1;
    frame[5] ^= 1; /* another station */
    add_with_fcs(frame, len, 0, 0);
    frame[5] ^= 1;
    add_with_fcs(frame, 3000, 0, 0); /* oversize */
    replay(nic, "");
    check_frames();
    const struct host_report *report = nic_report();
    assert_int_equal(report->nic_fcs_errors, 2);
    assert_int_equal(report->nic_code_errors, 1);
    assert_int_equal(report->nic_runts, 1);
    assert_int_equal(report->nic_oversize, 1);
    assert_int_equal(report->nic_filtered, 1);
    assert_int_equal(report->nic_csum_bad, 2);
    assert_int_equal(report->nic_rx_frames, 3 + R.stats.arp_answers);
    assert_int_equal(R.run.stats[0].UdpInCsumErrors, 1);
    assert_int_equal(R.run.stats[0].IpInCsumErrors, 1);
    assert_int_equal(R.echo.operations, 1);
    assert_int_equal(sent(FRAME_KIND_UDP), 1);
  }
}

static void own_and_cut_frames_are_treated_as_such(void **state) {
  (void)state;
  uint8_t frame[FRAME], own[FRAME];
  uint32_t len = recording_udp(frame, 200);
  memcpy(own, frame, len);
  memcpy(own, frame + 6, 6);
  memcpy(own + 6, frame, 6);
  recording_pcap(&recording, false, false, 1);
  recording_add(&recording, 1, 0, frame, len, len);
  recording_add(&recording, 1, 1, own, len, len);
  recording_add(&recording, 1, 2, frame, 96, len);
  replay(0, "");
  check_frames();
  assert_int_equal(R.stats.own, 1);
  assert_int_equal(R.stats.cut, 1);
  assert_int_equal(R.run.stats[0].UdpInCsumErrors, 1);
  assert_int_equal(R.echo.operations, 1);
  /* To another host of the recording everything is the other way round. */
  replay(0, "--mac 02:00:00:00:00:09 --address 10.0.0.9/24");
  check_frames();
  assert_int_equal(R.stats.own, 2);
  assert_int_equal(nic_report()->nic_rx_frames, 1);
}

/* Lengths that no MAC would send, through every fault, capture and timeline. */
static void frames_of_any_length_are_survived(void **state) {
  (void)state;
  struct recording_interface with_fcs = plain;
  with_fcs.fcs_len = 4;
  static uint8_t frame[PCAP_FRAME_MAX];
  recording_udp(frame, 1000);
  for (int nic = 0; nic < 2; nic++) {
    recording.len = 0;
    recording_section(&recording, false);
    recording_interface(&recording, &plain);
    recording_interface(&recording, &with_fcs);
    for (uint32_t len = 0; len < 80; len++) {
      recording_packet(&recording, len & 1, len * 10000, frame, len, len, 0);
      recording_packet(&recording, ~len & 1, len * 10000, frame, len, 100, 0);
    }
    recording_packet(&recording, 0, 800000, frame, 66000, 66000, 0);
    recording_packet(&recording, 0, 800000, frame, 65, PCAP_FRAME_MAX, 0);
    recording_packet(&recording, 1, 800000, frame, 65, PCAP_FRAME_MAX, 0);
    replay(nic,
           "--timeline build/test/replay.json --pcapng " FILE_OUT
           " --wire fcs=0.3+flip=0.3+dup=0.1+reorder=0.1+ecn=1+b>a:+fcs=1");
    remove("build/test/replay.json");
    remove(FILE_OUT);
    check_frames();
    assert_int_equal(R.stats.sent, 163);
    assert_true(nic_report()->nic_oversize >= 3);
    assert_true(nic_report()->nic_runts > 0);
  }
}

static void faults_of_the_wire_strike_their_direction(void **state) {
  (void)state;
  uint8_t frame[FRAME];
  uint32_t len = recording_ping(frame);
  recording_pcap(&recording, false, false, 1);
  for (uint32_t i = 0; i < 6; i++) {
    recording_add(&recording, i, 0, frame, len, len);
  }
  replay(0, "--wire b>a:+drop=1");
  check_frames();
  assert_int_equal(R.run.stats[0].IcmpInEchos, 5);
  assert_int_equal(sent(FRAME_KIND_ICMP), 5);
  replay(0, "--wire a>b:+drop=3");
  check_frames();
  assert_int_equal(R.run.stats[0].IcmpInEchos, 6);
  assert_int_equal(R.run.link[0].lost, 1);
}

/* --- The simulator's own captures ----------------------------------------- */

static void own_capture_of_a_download_can_be_replayed(void **state) {
  (void)state;
  static struct transfer transfer;
  struct options *options = parse(
      "download --bytes 100000 --no-compare --pcapng build/test/dl.pcapng");
  assert_int_equal(transfer_run(&transfer, options, false), 0);
  uint64_t frames = transfer.run.link[RUN_CLIENT].frames;
  for (int nic = 0; nic < 2; nic++) {
    char line[256];
    snprintf(line, sizeof(line),
             "replay build/test/dl.pcapng --interface server:wire-rx --nic %s "
             "--mac 02:50:48:00:00:02 --address 10.0.0.2/24",
             nics[nic]);
    assert_int_equal(replay_file(&R, parse(line)), 0);
    assert_true(R.ok);
    check_frames();
    assert_int_equal(R.stats.sent, frames);
    assert_int_equal(nic_report()->nic_rx_frames, frames);
    assert_int_equal(nic_report()->nic_csum_good, frames - 1);
    /* SYN is answered; what acknowledges another run's numbers is reset. */
    assert_int_equal(R.run.stats[0].TcpPassiveOpens, 1);
    assert_true(R.run.stats[0].TcpOutRsts > 0);
    assert_true(sent(FRAME_KIND_HANDSHAKE) > R.run.stats[0].TcpOutRsts);
  }
  remove("build/test/dl.pcapng");
}

/* --- Determinism ---------------------------------------------------------- */

static void make_mixed(void) {
  uint8_t frame[FRAME];
  recording_pcap(&recording, false, false, 1);
  for (uint32_t i = 0; i < 40; i++) {
    uint32_t len = i & 1 ? recording_ping(frame) : recording_udp(frame, i * 30);
    recording_add(&recording, 5, i * i * 7, frame, len, len);
  }
}

static uint64_t hash_of(int nic, const char *words) {
  replay(nic, words);
  return R.run.event_hash;
}

static void same_recording_gives_the_same_hash(void **state) {
  (void)state;
  static const char *const words[] = {
      "",
      "--max-cycles 7",
      "--no-idle-skip",
      "--pcapng " FILE_OUT " --timeline build/test/replay.json",
  };
  make_mixed();
  for (int nic = 0; nic < 2; nic++) {
    uint64_t hash = hash_of(nic, "");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
      if (i != 2 || nic == 1) { /* 100 ms are 15 million cycles */
        assert_int_equal(hash_of(nic, words[i]), hash);
      }
    }
    uint64_t faulty = hash_of(nic, "--wire loss=0.2+flip=0.2");
    assert_int_not_equal(faulty, hash);
    assert_int_equal(hash_of(nic, "--wire loss=0.2+flip=0.2"), faulty);
    assert_int_not_equal(hash_of(nic, "--speed line"), hash);
    recording.bytes[200] ^= 1;
    assert_int_not_equal(hash_of(nic, ""), hash);
    recording.bytes[200] ^= 1;
  }
  remove(FILE_OUT);
  remove("build/test/replay.json");
}

/* --- Files that are none -------------------------------------------------- */

/* Status and what was written to stderr. */
static int complaint(const char *line, char *text, size_t size) {
  struct command_capture capture;
  command_capture(&capture, STDERR_FILENO);
  int status = command_replay(parse(line));
  command_captured(&capture, text, size);
  return status;
}

static void refused(const char *line, const char *words) {
  char text[1024];
  int status = complaint(line, text, sizeof(text));
  size_t len = strlen(text);
  if (status != 2 || strncmp(text, "packhorse: ", 11) != 0 ||
      !strstr(text, words) || strcmp(text + len - 2, ".\n") != 0 ||
      strchr(text, '\n') != text + len - 1) {
    fail_msg("'%s': status %d, text '%s'", line, status, text);
  }
}

static void what_is_no_recording_gets_a_sentence_and_status_2(void **state) {
  (void)state;
  refused("replay build/test/no-such-file", "No such file");
  refused("replay build", "directory");
  make_mixed();
  for (size_t size = 0; size < 200; size += size < 40 ? 1 : 37) {
    if (size != 24) {
      recording_save(&recording, size, FILE_IN);
      refused("replay " FILE_IN, FILE_IN);
    }
  }
  recording_save(&recording, recording.len, FILE_IN);
  refused("replay " FILE_IN " --interface eth5", "'eth5'");
  refused("replay " FILE_IN " --pcapng build/test/no/such", "--pcapng");
  recording_add(&recording, 1000006, 0, recording.bytes, 60, 60);
  recording_save(&recording, recording.len, FILE_IN);
  refused("replay " FILE_IN, "frame 41 came more than 1000000 s after");
  remove(FILE_IN);
}

static void recording_without_frames_is_one(void **state) {
  (void)state;
  recording_pcap(&recording, false, false, 1);
  for (int nic = 0; nic < 2; nic++) {
    replay(nic, "");
    assert_int_equal(R.stats.recorded, 0);
    assert_int_equal(R.run.link[0].frames, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recorded_times_are_kept),
      cmocka_unit_test(line_rate_leaves_no_gap),
      cmocka_unit_test(frame_recorded_late_follows_at_once),
      cmocka_unit_test(host_answers_as_on_any_network),
      cmocka_unit_test(flood_is_dropped_where_there_is_no_room),
      cmocka_unit_test(far_sender_is_answered_where_it_came_from),
      cmocka_unit_test(each_drop_is_counted_by_its_reason),
      cmocka_unit_test(own_and_cut_frames_are_treated_as_such),
      cmocka_unit_test(frames_of_any_length_are_survived),
      cmocka_unit_test(faults_of_the_wire_strike_their_direction),
      cmocka_unit_test(own_capture_of_a_download_can_be_replayed),
      cmocka_unit_test(same_recording_gives_the_same_hash),
      cmocka_unit_test(what_is_no_recording_gets_a_sentence_and_status_2),
      cmocka_unit_test(recording_without_frames_is_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
