/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose: recordings made by hand, whose every number is known; seeded runs,
 * whose limit is known from how they were set up; and the command. */
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

#include "sim/diagnose/connection.h"
#include "sim/tool/commands.h"
#include "sim/wire/frame.h"
#include "tests/cosim/command.h"
#include "tests/cosim/diagnose_run.h"
#include "tests/cosim/recording.h"

enum {
  MSS = 1000,
  HEADERS = 54,
  RTT_US = 20000,
  ETHERNET = 1,
  RAW = 101,
  SLL = 113,
  FIRST_SEQ = -100, /* below the wrap */
  RUNS = 12,
};

static struct recording recording;
static struct flows flows;
static struct connections connections;
static char text[32768];

/* --- Frames --------------------------------------------------------------- */

/* A TCP segment between 10.0.0.1:1000 (end 0) and 10.0.0.2:80 (end 1). */
struct made {
  unsigned from, flags;
  int seq, ack; /* relative to FIRST_SEQ of either end */
  unsigned window, payload;
  int scale;     /* >= 0: MSS and window scale options */
  unsigned link; /* 0: Ethernet */
  bool vlan, ipv6;
  bool total_zero;         /* as of a super-segment */
  uint32_t ts_val, ts_ecr; /* 0: no timestamps */
  uint16_t port;           /* of end 0; 0: 1000 */
};

/* Only the headers: the payload is not recorded. */
static uint32_t make(const struct made *made, uint8_t *frame,
                     uint32_t *wire_len) {
  uint32_t at = 0;
  uint16_t type = made->ipv6 ? 0x86dd : 0x0800;
  bool opens = made->scale >= 0 && (made->flags & SEGMENT_SYN);
  unsigned options = opens ? 8 : made->ts_val ? 12 : 0;
  unsigned tcp = 20 + options;
  memset(frame, 0, 128);
  if (made->link == SLL) {
    at = 16;
  } else if (made->link == 0) {
    at = 14;
    if (made->vlan) {
      frame_put16(frame + 12, 0x8100);
      at = 18;
    }
  }
  if (at) {
    frame_put16(frame + at - 2, type);
  }
  uint8_t *ip = frame + at;
  if (made->ipv6) {
    ip[0] = 0x60;
    frame_put16(ip + 4, (uint16_t)(8 + tcp + made->payload));
    ip[6] = 60; /* a destination options header stands before TCP */
    ip[23] = (uint8_t)(1 + made->from);
    ip[39] = (uint8_t)(2 - made->from);
    ip[40] = 6;
    at += 48;
  } else {
    ip[0] = 0x45;
    frame_put16(ip + 2,
                made->total_zero ? 0 : (uint16_t)(20 + tcp + made->payload));
    ip[9] = 6;
    frame_put32(ip + 12, 0x0a000001 + made->from);
    frame_put32(ip + 16, 0x0a000002 - made->from);
    at += 20;
  }
  uint8_t *h = frame + at;
  uint16_t port = made->port ? made->port : 1000;
  frame_put16(h, made->from ? 80 : port);
  frame_put16(h + 2, made->from ? port : 80);
  frame_put32(h + 4, (uint32_t)(FIRST_SEQ + made->seq));
  frame_put32(h + 8, (uint32_t)(FIRST_SEQ + made->ack));
  h[12] = (uint8_t)(tcp / 4 << 4);
  h[13] = (uint8_t)made->flags;
  frame_put16(h + 14, (uint16_t)made->window);
  if (made->ts_val) {
    frame_put32(h + 20, 0x0101080a);
    frame_put32(h + 24, made->ts_val);
    frame_put32(h + 28, made->ts_ecr);
  } else if (options) {
    static const uint8_t plain[8] = {2, 4, MSS >> 8, MSS & 255, 1, 3, 3, 0};
    memcpy(h + 20, plain, 8);
    h[27] = (uint8_t)made->scale;
  }
  *wire_len = at + tcp + made->payload;
  return at + tcp;
}

static void add(uint32_t us, struct made made) {
  uint8_t frame[128];
  uint32_t wire_len;
  uint32_t len = make(&made, frame, &wire_len);
  recording_add(&recording, us / 1000000, us % 1000000, frame, len, wire_len);
}

/* As seen by end 0, which sends; the path's round trip is RTT_US. */
static void open_connection(void) {
  recording_pcap(&recording, false, false, ETHERNET);
  add(0, (struct made){.flags = SEGMENT_SYN, .window = 65535, .scale = 3});
  add(RTT_US, (struct made){.from = 1,
                            .flags = SEGMENT_SYN | SEGMENT_ACK,
                            .ack = 1,
                            .window = 8000,
                            .scale = 2});
  add(RTT_US,
      (struct made){.flags = SEGMENT_ACK, .seq = 1, .ack = 1, .window = 8000});
}

static void data(uint32_t us, int segment, unsigned payload, unsigned push) {
  add(us, (struct made){.flags = SEGMENT_ACK | push,
                        .seq = 1 + segment * MSS,
                        .ack = 1,
                        .window = 8000,
                        .payload = payload});
}

static void ack(uint32_t us, int segments, unsigned window) {
  add(us, (struct made){.from = 1,
                        .flags = SEGMENT_ACK,
                        .seq = 1,
                        .ack = 1 + segments * MSS,
                        .window = window});
}

static const struct limit_report *judge(void) {
  assert_true(flows_read(&flows, recording.bytes, recording.len));
  connections_find(&connections, &flows, NULL);
  assert_int_equal(connections.count, 1);
  return &connections.connection[0].way[0];
}

static int tear_down(void **state) {
  (void)state;
  connections_free(&connections);
  flows_free(&flows);
  return 0;
}

/* --- Reading -------------------------------------------------------------- */

static void segments_are_read_behind_every_link_header(void **state) {
  (void)state;
  static const struct made kinds[] = {
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .vlan = true},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .ipv6 = true},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .link = SLL},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .link = RAW},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .total_zero = true},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    uint8_t frame[128];
    uint32_t wire_len;
    struct segment segment;
    uint32_t len = make(&kinds[i], frame, &wire_len);
    unsigned link = kinds[i].link ? kinds[i].link : ETHERNET;
    assert_true(segment_read(&segment, link, frame, len, wire_len));
    assert_int_equal(segment.payload, 700);
    assert_int_equal(segment.from_port, 1000);
    assert_int_equal(segment.seq, (uint32_t)FIRST_SEQ);
    assert_int_equal(segment.scale, -1);
    for (uint32_t cut = 0; cut < len; cut++) { /* no byte is read behind */
      uint8_t *part = malloc(cut ? cut : 1);
      memcpy(part, frame, cut);
      assert_false(segment_read(&segment, link, part, cut, wire_len));
      free(part);
    }
  }
}

static void padding_and_fragments_are_no_payload(void **state) {
  (void)state;
  uint8_t frame[128];
  uint32_t wire_len;
  struct segment segment;
  struct made made = {.flags = SEGMENT_ACK, .scale = -1};
  (void)make(&made, frame, &wire_len);
  assert_true(segment_read(&segment, ETHERNET, frame, 60, 60));
  assert_int_equal(segment.payload, 0);
  frame_put16(frame + 14 + 6, 0x2000); /* more fragments */
  assert_false(segment_read(&segment, ETHERNET, frame, 60, 60));
  frame_put16(frame + 14 + 6, 0x4000); /* only: don't fragment */
  assert_true(segment_read(&segment, ETHERNET, frame, 60, 60));
  assert_false(segment_read(&segment, 147, frame, 60, 60)); /* any other link */
}

static void sequence_numbers_do_not_wrap_and_windows_are_scaled(void **state) {
  (void)state;
  open_connection();
  data(RTT_US, 0, MSS, 0);
  ack(2 * RTT_US, 1, 500);
  (void)judge();
  const struct flow *flow = connections.connection[0].flow;
  assert_int_equal(flow->count, 5);
  assert_int_equal(flow->segments[1].window, 8000); /* a SYN's is not */
  assert_int_equal(flow->segments[2].window, 64000);
  assert_int_equal(flow->segments[3].seq, 1);
  assert_int_equal(flow->segments[4].ack, 1 + MSS);
  assert_int_equal(flow->segments[4].window, 2000);
  assert_int_equal(flow->end[0].bytes, 1 + MSS);
  assert_false(flow->scale_guessed);
}

static void without_a_syn_the_scale_is_guessed(void **state) {
  (void)state;
  recording_pcap(&recording, true, false, ETHERNET);
  ack(0, 0, 100);
  for (int i = 0; i < 3; i++) {
    data(1000, i, MSS, 0); /* 3000 bytes into a window of 100: shift by 5 */
  }
  ack(RTT_US, 3, 100);
  (void)judge();
  const struct flow *flow = connections.connection[0].flow;
  assert_true(flow->scale_guessed);
  assert_int_equal(flow->segments[4].window, 3200);
}

static void ports_used_again_are_another_connection(void **state) {
  (void)state;
  open_connection();
  data(RTT_US, 0, MSS, 0);
  struct made syn = {
      .flags = SEGMENT_SYN, .seq = 7777, .window = 65535, .scale = 3};
  add(3 * RTT_US, syn);
  add(4 * RTT_US, syn); /* sent again: the same */
  assert_true(flows_read(&flows, recording.bytes, recording.len));
  assert_int_equal(flows.count, 2);
  assert_int_equal(flows.flow[0].count, 4);
  assert_int_equal(flows.flow[1].count, 2);
}

/* Fast, however many there are, and whatever they hash to. */
static void too_many_connections_are_left_out(void **state) {
  (void)state;
  uint8_t frame[128];
  uint32_t wire_len;
  struct made made = {.flags = SEGMENT_SYN, .scale = -1};
  uint32_t len = make(&made, frame, &wire_len);
  size_t each = 16 + len, most = (sizeof(recording.bytes) - 24) / each;
  unsigned rounds = 0;
  recording_pcap(&recording, false, false, ETHERNET);
  for (size_t i = 0; i < most; i++, rounds++) {
    frame_put32(frame + 26, (uint32_t)i); /* another sender */
    recording_add(&recording, 0, 0, frame, len, wire_len);
  }
  assert_true(flows_read(&flows, recording.bytes, recording.len));
  assert_int_equal(flows.frames, rounds);
  assert_int_equal(flows.count + flows.left_out, rounds);
  assert_in_range(flows.count, rounds / 2, FLOWS_MOST);
}

static void frames_of_unknown_links_are_counted(void **state) {
  (void)state;
  uint8_t frame[128];
  uint32_t wire_len;
  struct made made = {.flags = SEGMENT_SYN, .scale = -1};
  uint32_t len = make(&made, frame, &wire_len);
  recording_pcap(&recording, false, false, 147);
  recording_add(&recording, 0, 0, frame, len, wire_len);
  assert_true(flows_read(&flows, recording.bytes, recording.len));
  assert_int_equal(flows.unknown_links, 1);
  assert_int_equal(flows.count, 0);
}

static void a_recording_that_breaks_off_is_read_up_to_there(void **state) {
  (void)state;
  open_connection();
  data(RTT_US, 0, MSS, 0);
  assert_true(flows_read(&flows, recording.bytes, recording.len - 1));
  assert_int_equal(flows.flow[0].count, 3);
  assert_true(*flows.why);
  flows_free(&flows);
  assert_false(flows_read(&flows, (const uint8_t *)"nothing", 7));
  assert_true(*flows.why);
}

/* --- Verdicts ------------------------------------------------------------- */

enum { ROUNDS = 20 };

static uint32_t round_us(int round) {
  return (uint32_t)(round + 1) * RTT_US;
}

static void the_window_is_full_each_round_trip(void **state) {
  (void)state;
  open_connection(); /* a window of 8000 */
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 8; k++) {
      data(round_us(i) + 10, 8 * i + k, MSS, 0);
    }
    ack(round_us(i + 1), 8 * (i + 1), 2000);
  }
  const struct limit_report *report = judge();
  assert_true(report->known);
  assert_int_equal(report->verdict, LIMIT_RECEIVE_BUFFER);
  assert_int_equal(limit_percent(report, LIMIT_RECEIVE_BUFFER), 100);
  assert_int_equal(report->window_most, 8000);
  assert_int_equal(report->base_rtt_ns, (RTT_US - 10) * 1000);
}

/* The window stays shut until, three round trips later, the application has
 * read. */
static void the_window_opens_late(void **state) {
  (void)state;
  open_connection();
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 8; k++) {
      data(round_us(4 * i) + 10, 8 * i + k, MSS, 0);
    }
    ack(round_us(4 * i + 1), 8 * (i + 1), 0);
    ack(round_us(4 * i + 4), 8 * (i + 1), 2000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_RECEIVER);
  assert_int_equal(limit_percent(report, LIMIT_RECEIVER), 100);
}

/* Two segments, then nothing for three round trips although they were
 * acknowledged. */
static void data_come_without_an_ack(void **state) {
  (void)state;
  open_connection();
  for (int i = 0; i < ROUNDS; i++) {
    data(round_us(3 * i) + 7000, 2 * i, MSS, 0);
    data(round_us(3 * i) + 7000, 2 * i + 1, MSS, SEGMENT_PSH);
    ack(round_us(3 * i + 1) + 7000, 2 * i + 2, 2000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_SENDER);
  assert_int_equal(limit_percent(report, LIMIT_SENDER), 100);
}

/* More each round trip, never as much as the window, never a queue. */
static void each_ack_lets_more_go(void **state) {
  (void)state;
  open_connection();
  int sent = 0;
  for (int i = 0; i < ROUNDS; i++) {
    int now = 4 + i;
    for (int k = 0; k < now; k++) {
      data(round_us(i) + 10, sent++, MSS, 0);
    }
    ack(round_us(i + 1), sent, 60000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_CONGESTION);
  assert_int_equal(limit_percent(report, LIMIT_CONGESTION), 100);
}

/* 40 segments are out, and one is acknowledged each millisecond: the path holds
 * 20. */
static void a_queue_stands(void **state) {
  (void)state;
  open_connection();
  ack(RTT_US, 0, 60000);
  for (int k = 0; k < 40; k++) {
    data(RTT_US + 10, k, MSS, 0);
  }
  for (int i = 0; i < 20 * ROUNDS; i++) {
    uint32_t us = 2 * RTT_US + (uint32_t)i * 1000;
    ack(us, i + 1, 60000);
    data(us + 10, 40 + i, MSS, 0);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_WIRE);
  assert_in_range(limit_percent(report, LIMIT_WIRE), 95, 100);
}

static void too_little_is_no_verdict(void **state) {
  (void)state;
  open_connection();
  data(RTT_US, 0, MSS, 0);
  ack(2 * RTT_US, 1, 2000);
  data(2 * RTT_US, 1, MSS, 0);
  const struct limit_report *report = judge();
  assert_false(report->known);
  limit_sentence(report, text, sizeof(text));
  assert_string_equal(text, "Too little was sent to tell.");
}

/* Eight segments each round trip into a window of eight, from the middle of the
 * connection on, as seen by the receiver. */
static void late_at_the_receiver(bool stamps) {
  recording_pcap(&recording, false, false, ETHERNET);
  for (int i = 0; i < ROUNDS; i++) {
    uint32_t now = stamps ? 1000 + 20 * (uint32_t)i : 0;
    for (int k = 0; k < 8; k++) {
      add(round_us(i), (struct made){.flags = SEGMENT_ACK,
                                     .seq = 1 + (8 * i + k) * MSS,
                                     .ack = 1,
                                     .window = 8000,
                                     .payload = MSS,
                                     .ts_val = now ? now + 5 : 0,
                                     .ts_ecr = now ? now - 20 : 0});
    }
    add(round_us(i) + 10, (struct made){.from = 1,
                                        .flags = SEGMENT_ACK,
                                        .seq = 1,
                                        .ack = 1 + 8 * (i + 1) * MSS,
                                        .window = 8000,
                                        .ts_val = now,
                                        .ts_ecr = now ? now + 5 : 0});
  }
}

static void echoes_show_the_round_trip_without_a_handshake(void **state) {
  (void)state;
  late_at_the_receiver(true);
  const struct limit_report *report = judge();
  assert_true(report->known);
  assert_int_equal(report->base_rtt_ns, RTT_US * 1000);
  assert_int_equal(report->outer_ns, (RTT_US - 10) * 1000);
  assert_int_equal(report->verdict, LIMIT_RECEIVE_BUFFER);
  assert_in_range(limit_percent(report, LIMIT_RECEIVE_BUFFER), 95, 100);
}

/* One at a time: nothing tells that it is not the sender's place, but that
 * more is never out. */
static void nothing_shows_the_place_there_is_no_verdict(void **state) {
  (void)state;
  recording_pcap(&recording, false, false, ETHERNET);
  for (int i = 0; i < 3 * ROUNDS; i++) {
    data(round_us(i), i, MSS, 0);
    ack(round_us(i) + 10, i + 1, 8000);
  }
  const struct limit_report *report = judge();
  assert_false(report->known);
}

/* --- Seeded runs -----------------------------------------------------------
 */

static void seeded_runs_get_their_verdict_at_each_place(void **state) {
  (void)state;
  static const char *const places[] = {"client:host", "client:wire",
                                       "server:wire", "server:host"};
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  int fd = mkstemp(path);
  unsigned near = 0;
  assert_true(fd >= 0);
  close(fd);
  for (uint64_t seed = 1; seed <= RUNS; seed++) {
    struct diagnose_run run;
    diagnose_run_draw(&run, seed);
    assert_true(diagnose_run(&run, path));
    assert_int_equal(run.truth.verdict, run.kind);
    diagnose_join(&run.truth);
    for (int i = 0; i < 4; i++) {
      struct limit_report report;
      assert_true(diagnose_run_read(path, places[i], &report));
      if (!report.known || report.verdict != run.truth.verdict) {
        fail_msg("seed %u at %s: %s, expected %s", (unsigned)seed, places[i],
                 limit_name(report.verdict), limit_name(run.truth.verdict));
      }
      near += diagnose_difference(&report, &run.truth) <= 5;
    }
    diagnose_join(&run.counted);
    assert_int_equal(run.counted.verdict, run.truth.verdict);
    assert_true(diagnose_difference(&run.counted, &run.truth) <= 5);
  }
  unlink(path);
  assert_in_range(near, 4 * RUNS * 95 / 100, 4 * RUNS);
}

/* --- The command -----------------------------------------------------------
 */

static int command(const char *format, const char *file, int to) {
  char line[256];
  struct options options;
  struct command_capture capture;
  snprintf(line, sizeof(line), format, file);
  assert_int_equal(command_parse(&options, line), 0);
  command_capture(&capture, to);
  int status = command_diagnose(&options);
  command_captured(&capture, text, sizeof(text));
  return status;
}

static void has(const char *part) {
  if (!strstr(text, part)) {
    fail_msg("no '%s' in:\n%s", part, text);
  }
}

static void command_says_a_sentence_or_json(void **state) {
  (void)state;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  open_connection();
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 8; k++) {
      data(round_us(i) + 10, 8 * i + k, MSS, 0);
    }
    ack(round_us(i + 1), 8 * (i + 1), 2000);
  }
  recording_save(&recording, recording.len, path);
  assert_int_equal(command("diagnose %s", path, STDOUT_FILENO), 0);
  has("10.0.0.1:1000 -> 10.0.0.2:80   160000 bytes");
  has("  receive window 100 %\n");
  has("All of the receive window was in flight for 100 % of the time: 8000 "
      "bytes are too few for a round trip of 20 ms;");
  assert_int_equal(command("diagnose --json %s", path, STDOUT_FILENO), 0);
  has("\"verdict\": \"receive window\"");
  has("\"receive window\": 1.0000");
  assert_int_equal(command("diagnose --at moon %s", path, STDERR_FILENO), 1);
  has("no TCP connection with data at moon.\n");
  recording_save(&recording, 20, path);
  assert_int_equal(command("diagnose %s", path, STDERR_FILENO), 2);
  has("the file ends inside its header");
  unlink(path);
  assert_int_equal(command("diagnose %s", path, STDERR_FILENO), 2);
  has("No such file");
  assert_int_equal(command("diagnose%s", "", STDERR_FILENO), 2);
  has("expected one FILE: a recording or a state");
  assert_int_equal(command("diagnose --loud %s", path, STDERR_FILENO), 2);
  has("--loud: 'diagnose' has no such option");
}

static int report(const char *format, const char *file, int to) {
  char line[256];
  struct options options;
  struct command_capture capture;
  snprintf(line, sizeof(line), format, file);
  assert_int_equal(command_parse(&options, line), 0);
  assert_int_equal(options.command, COMMAND_REPORT);
  command_capture(&capture, to);
  int status = command_report(&options);
  command_captured(&capture, text, sizeof(text));
  return status;
}

static void report_draws_a_connection_of_a_recording(void **state) {
  (void)state;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  char page[64];
  int fd = mkstemp(path);
  assert_true(fd >= 0);
  close(fd);
  snprintf(page, sizeof(page), "%s.html", path);
  open_connection();
  data(RTT_US, 0, MSS, 0);
  data(RTT_US, 0, MSS, 0); /* again */
  ack(2 * RTT_US, 1, 2000);
  recording_save(&recording, recording.len, path);
  char line[200];
  snprintf(line, sizeof(line), "report %s --report %s", path, page);
  assert_int_equal(report("%s", line, STDOUT_FILENO), 0);
  FILE *file = fopen(page, "r");
  assert_non_null(file);
  bool first = false, second = false, hosts = false;
  while (fgets(text, sizeof(text), file)) {
    first |=
        strncmp(text, "[0,20000000,20000000,1,1000,1,64000,16,0,0,", 43) == 0;
    second |=
        strncmp(text, "[0,20000000,20000000,1,1000,1,64000,16,0,1,", 43) == 0;
    hosts |= strstr(text, "[\"10.0.0.1:1000\",\"10.0.0.2:80\"]") != NULL;
  }
  fclose(file);
  assert_true(first && second && hosts);
  unlink(page);
  assert_int_equal(report("report %s --connection 2", path, STDERR_FILENO), 2);
  has("no such TCP connection; there are 1.\n");
  assert_int_equal(report("report %s --connection x", path, STDERR_FILENO), 2);
  has("expected the number of a connection, from 1");
  assert_int_equal(report("report %s --bytes 5", path, STDERR_FILENO), 2);
  has("no such option for a recording");
  unlink(path);
}

static void command_reads_the_counters_of_a_run(void **state) {
  (void)state;
  char path[] = "/tmp/packhorse-diagnose-XXXXXX";
  char line[256];
  int fd = mkstemp(path);
  struct options options;
  struct command_capture capture;
  assert_true(fd >= 0);
  close(fd);
  snprintf(line, sizeof(line),
           "throughput --nic soft --bytes 8M --wire delay=2ms --rcvbuf 65536 "
           "--state-at 400000 --state %s",
           path);
  assert_int_equal(command_parse(&options, line), 0);
  command_capture(&capture, STDOUT_FILENO);
  assert_int_equal(command_transfer(&options), 0);
  command_captured(&capture, text, sizeof(text));
  assert_int_equal(command("diagnose %s", path, STDOUT_FILENO), 0);
  has("10.0.0.1:");
  has(" -> 10.0.0.2:5001 ");
  has(", seen at client\n");
  has("All of the receive window was in flight for 9");
  has(" bytes are too few for a round trip of 4");
  assert_int_equal(
      command("diagnose --json --at server %s", path, STDERR_FILENO), 1);
  has("no TCP connection with data at server.\n");
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(segments_are_read_behind_every_link_header),
      cmocka_unit_test(padding_and_fragments_are_no_payload),
      cmocka_unit_test_teardown(
          sequence_numbers_do_not_wrap_and_windows_are_scaled, tear_down),
      cmocka_unit_test_teardown(without_a_syn_the_scale_is_guessed, tear_down),
      cmocka_unit_test_teardown(ports_used_again_are_another_connection,
                                tear_down),
      cmocka_unit_test_teardown(too_many_connections_are_left_out, tear_down),
      cmocka_unit_test_teardown(frames_of_unknown_links_are_counted, tear_down),
      cmocka_unit_test_teardown(a_recording_that_breaks_off_is_read_up_to_there,
                                tear_down),
      cmocka_unit_test_teardown(the_window_is_full_each_round_trip, tear_down),
      cmocka_unit_test_teardown(the_window_opens_late, tear_down),
      cmocka_unit_test_teardown(data_come_without_an_ack, tear_down),
      cmocka_unit_test_teardown(each_ack_lets_more_go, tear_down),
      cmocka_unit_test_teardown(a_queue_stands, tear_down),
      cmocka_unit_test_teardown(too_little_is_no_verdict, tear_down),
      cmocka_unit_test_teardown(echoes_show_the_round_trip_without_a_handshake,
                                tear_down),
      cmocka_unit_test_teardown(nothing_shows_the_place_there_is_no_verdict,
                                tear_down),
      cmocka_unit_test(seeded_runs_get_their_verdict_at_each_place),
      cmocka_unit_test(command_says_a_sentence_or_json),
      cmocka_unit_test(report_draws_a_connection_of_a_recording),
      cmocka_unit_test(command_reads_the_counters_of_a_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
