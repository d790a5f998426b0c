/* SPDX-License-Identifier: Apache-2.0 */
/* diagnose: recordings made by hand, whose every number is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnose/connection.h"
#include "sim/wire/frame.h"
#include "tests/cosim/diagnose_made.h"

enum { ROUNDS = 20 };

static struct flows flows;
static struct connections connections;
static char text[32768];

static const struct limit_report *judge(void) {
  assert_true(flows_read(&flows, made_recording.bytes, made_recording.len));
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
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .link = MADE_SLL},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .link = MADE_RAW},
      {.flags = SEGMENT_ACK, .payload = 700, .scale = -1, .total_zero = true},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    uint8_t frame[128];
    uint32_t wire_len;
    struct segment segment;
    uint32_t len = made_frame(&kinds[i], frame, &wire_len);
    unsigned link = kinds[i].link ? kinds[i].link : MADE_ETHERNET;
    assert_true(segment_read(&segment, link, frame, len, wire_len));
    assert_int_equal(segment.payload, 700);
    assert_int_equal(segment.from_port, 1000);
    assert_int_equal(segment.seq, (uint32_t)MADE_FIRST_SEQ);
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
  (void)made_frame(&made, frame, &wire_len);
  assert_true(segment_read(&segment, MADE_ETHERNET, frame, 60, 60));
  assert_int_equal(segment.payload, 0);
  frame_put16(frame + 14 + 6, 0x2000); /* more fragments */
  assert_false(segment_read(&segment, MADE_ETHERNET, frame, 60, 60));
  frame_put16(frame + 14 + 6, 0x4000); /* only: don't fragment */
  assert_true(segment_read(&segment, MADE_ETHERNET, frame, 60, 60));
  assert_false(segment_read(&segment, 147, frame, 60, 60)); /* any other link */
}

static void sequence_numbers_do_not_wrap_and_windows_are_scaled(void **state) {
  (void)state;
  made_open();
  made_data(MADE_RTT_US, 0, MADE_MSS, 0);
  made_ack(2 * MADE_RTT_US, 1, 500);
  (void)judge();
  const struct flow *flow = connections.connection[0].flow;
  assert_int_equal(flow->count, 5);
  assert_int_equal(flow->segments[1].window, 8000); /* a SYN's is not */
  assert_int_equal(flow->segments[2].window, 64000);
  assert_int_equal(flow->segments[3].seq, 1);
  assert_int_equal(flow->segments[4].ack, 1 + MADE_MSS);
  assert_int_equal(flow->segments[4].window, 2000);
  assert_int_equal(flow->end[0].bytes, 1 + MADE_MSS);
  assert_false(flow->scale_guessed);
}

static void without_a_syn_the_scale_is_guessed(void **state) {
  (void)state;
  recording_pcap(&made_recording, true, false, MADE_ETHERNET);
  made_ack(0, 0, 100);
  for (int i = 0; i < 3; i++) {
    made_data(1000, i, MADE_MSS,
              0); /* 3000 bytes into a window of 100: shift by 5 */
  }
  made_ack(MADE_RTT_US, 3, 100);
  (void)judge();
  const struct flow *flow = connections.connection[0].flow;
  assert_true(flow->scale_guessed);
  assert_int_equal(flow->segments[4].window, 3200);
}

static void ports_used_again_are_another_connection(void **state) {
  (void)state;
  made_open();
  made_data(MADE_RTT_US, 0, MADE_MSS, 0);
  struct made syn = {
      .flags = SEGMENT_SYN, .seq = 7777, .window = 65535, .scale = 3};
  made_add(3 * MADE_RTT_US, syn);
  made_add(4 * MADE_RTT_US, syn); /* sent again: the same */
  assert_true(flows_read(&flows, made_recording.bytes, made_recording.len));
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
  uint32_t len = made_frame(&made, frame, &wire_len);
  size_t each = 16 + len, most = (sizeof(made_recording.bytes) - 24) / each;
  unsigned rounds = 0;
  recording_pcap(&made_recording, false, false, MADE_ETHERNET);
  for (size_t i = 0; i < most; i++, rounds++) {
    frame_put32(frame + 26, (uint32_t)i); /* another sender */
    recording_add(&made_recording, 0, 0, frame, len, wire_len);
  }
  assert_true(flows_read(&flows, made_recording.bytes, made_recording.len));
  assert_int_equal(flows.frames, rounds);
  assert_int_equal(flows.count + flows.left_out, rounds);
  assert_in_range(flows.count, rounds / 2, FLOWS_MOST);
}

static void frames_of_unknown_links_are_counted(void **state) {
  (void)state;
  uint8_t frame[128];
  uint32_t wire_len;
  struct made made = {.flags = SEGMENT_SYN, .scale = -1};
  uint32_t len = made_frame(&made, frame, &wire_len);
  recording_pcap(&made_recording, false, false, 147);
  recording_add(&made_recording, 0, 0, frame, len, wire_len);
  assert_true(flows_read(&flows, made_recording.bytes, made_recording.len));
  assert_int_equal(flows.unknown_links, 1);
  assert_int_equal(flows.count, 0);
}

static void a_recording_that_breaks_off_is_read_up_to_there(void **state) {
  (void)state;
  made_open();
  made_data(MADE_RTT_US, 0, MADE_MSS, 0);
  assert_true(flows_read(&flows, made_recording.bytes, made_recording.len - 1));
  assert_int_equal(flows.flow[0].count, 3);
  assert_true(*flows.why);
  flows_free(&flows);
  assert_false(flows_read(&flows, (const uint8_t *)"nothing", 7));
  assert_true(*flows.why);
}

/* --- Verdicts ------------------------------------------------------------- */

static uint32_t round_us(int round) {
  return (uint32_t)(round + 1) * MADE_RTT_US;
}

static void the_window_is_full_each_round_trip(void **state) {
  (void)state;
  made_open(); /* a window of 8000 */
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 8; k++) {
      made_data(round_us(i) + 10, 8 * i + k, MADE_MSS, 0);
    }
    made_ack(round_us(i + 1), 8 * (i + 1), 2000);
  }
  const struct limit_report *report = judge();
  assert_true(report->known);
  assert_int_equal(report->verdict, LIMIT_RECEIVE_BUFFER);
  assert_int_equal(limit_percent(report, LIMIT_RECEIVE_BUFFER), 100);
  assert_int_equal(report->window_most, 8000);
  assert_int_equal(report->base_rtt_ns, (MADE_RTT_US - 10) * 1000);
}

/* The window stays shut until, three round trips later, the application has
 * read. */
static void the_window_opens_late(void **state) {
  (void)state;
  made_open();
  for (int i = 0; i < ROUNDS; i++) {
    for (int k = 0; k < 8; k++) {
      made_data(round_us(4 * i) + 10, 8 * i + k, MADE_MSS, 0);
    }
    made_ack(round_us(4 * i + 1), 8 * (i + 1), 0);
    made_ack(round_us(4 * i + 4), 8 * (i + 1), 2000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_RECEIVER);
  assert_int_equal(limit_percent(report, LIMIT_RECEIVER), 100);
}

/* Two segments, then nothing for three round trips although they were
 * acknowledged. */
static void data_come_without_an_ack(void **state) {
  (void)state;
  made_open();
  for (int i = 0; i < ROUNDS; i++) {
    made_data(round_us(3 * i) + 7000, 2 * i, MADE_MSS, 0);
    made_data(round_us(3 * i) + 7000, 2 * i + 1, MADE_MSS, SEGMENT_PSH);
    made_ack(round_us(3 * i + 1) + 7000, 2 * i + 2, 2000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_SENDER);
  assert_int_equal(limit_percent(report, LIMIT_SENDER), 100);
}

/* More each round trip, never as much as the window, never a queue. */
static void each_ack_lets_more_go(void **state) {
  (void)state;
  made_open();
  int sent = 0;
  for (int i = 0; i < ROUNDS; i++) {
    int now = 4 + i;
    for (int k = 0; k < now; k++) {
      made_data(round_us(i) + 10, sent++, MADE_MSS, 0);
    }
    made_ack(round_us(i + 1), sent, 60000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_CONGESTION);
  assert_int_equal(limit_percent(report, LIMIT_CONGESTION), 100);
}

/* 40 segments are out, and one is acknowledged each millisecond: the path holds
 * 20. */
static void a_queue_stands(void **state) {
  (void)state;
  made_open();
  made_ack(MADE_RTT_US, 0, 60000);
  for (int k = 0; k < 40; k++) {
    made_data(MADE_RTT_US + 10, k, MADE_MSS, 0);
  }
  for (int i = 0; i < 20 * ROUNDS; i++) {
    uint32_t us = 2 * MADE_RTT_US + (uint32_t)i * 1000;
    made_ack(us, i + 1, 60000);
    made_data(us + 10, 40 + i, MADE_MSS, 0);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_WIRE);
  assert_in_range(limit_percent(report, LIMIT_WIRE), 95, 100);
}

/* Seen by the receiver: a segment each 1.5 ms comes out of a link; once the
 * recorder stood still for 16 of them and then saw all at once. */
static void a_recorder_that_stood_still_does_not_hide_the_link(void **state) {
  (void)state;
  recording_pcap(&made_recording, false, false, MADE_ETHERNET);
  made_add(0, (struct made){.flags = SEGMENT_SYN, .window = 65535, .scale = 3});
  made_add(10, (struct made){.from = 1,
                             .flags = SEGMENT_SYN | SEGMENT_ACK,
                             .ack = 1,
                             .window = 60000,
                             .scale = 2});
  made_add(
      MADE_RTT_US,
      (struct made){.flags = SEGMENT_ACK, .seq = 1, .ack = 1, .window = 60000});
  for (int i = 0; i < 20 * ROUNDS; i++) {
    int seen = i >= 100 && i < 116 ? 116 : i;
    uint32_t us = 2 * MADE_RTT_US + (uint32_t)(1500 * seen + 2 * (i - seen));
    made_data(us, i, MADE_MSS, 0);
    made_ack(us + 1, i + 1, 60000);
  }
  const struct limit_report *report = judge();
  assert_int_equal(report->verdict, LIMIT_WIRE);
  assert_in_range(limit_percent(report, LIMIT_WIRE), 90, 100);
}

static void too_little_is_no_verdict(void **state) {
  (void)state;
  made_open();
  made_data(MADE_RTT_US, 0, MADE_MSS, 0);
  made_ack(2 * MADE_RTT_US, 1, 2000);
  made_data(2 * MADE_RTT_US, 1, MADE_MSS, 0);
  const struct limit_report *report = judge();
  assert_false(report->known);
  limit_sentence(report, text, sizeof(text));
  assert_string_equal(text, "Too little was sent to tell.");
}

/* Eight segments each round trip into a window of eight, from the middle of the
 * connection on, as seen by the receiver. */
static void late_at_the_receiver(bool stamps) {
  recording_pcap(&made_recording, false, false, MADE_ETHERNET);
  for (int i = 0; i < ROUNDS; i++) {
    uint32_t now = stamps ? 1000 + 20 * (uint32_t)i : 0;
    for (int k = 0; k < 8; k++) {
      made_add(round_us(i), (struct made){.flags = SEGMENT_ACK,
                                          .seq = 1 + (8 * i + k) * MADE_MSS,
                                          .ack = 1,
                                          .window = 8000,
                                          .payload = MADE_MSS,
                                          .ts_val = now ? now + 5 : 0,
                                          .ts_ecr = now ? now - 20 : 0});
    }
    made_add(round_us(i) + 10, (struct made){.from = 1,
                                             .flags = SEGMENT_ACK,
                                             .seq = 1,
                                             .ack = 1 + 8 * (i + 1) * MADE_MSS,
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
  assert_int_equal(report->base_rtt_ns, MADE_RTT_US * 1000);
  assert_int_equal(report->outer_ns, (MADE_RTT_US - 10) * 1000);
  assert_int_equal(report->verdict, LIMIT_RECEIVE_BUFFER);
  assert_in_range(limit_percent(report, LIMIT_RECEIVE_BUFFER), 95, 100);
}

/* One at a time: nothing tells that it is not the sender's place, but that
 * more is never out. */
static void nothing_shows_the_place_there_is_no_verdict(void **state) {
  (void)state;
  recording_pcap(&made_recording, false, false, MADE_ETHERNET);
  for (int i = 0; i < 3 * ROUNDS; i++) {
    made_data(round_us(i), i, MADE_MSS, 0);
    made_ack(round_us(i) + 10, i + 1, 8000);
  }
  const struct limit_report *report = judge();
  assert_false(report->known);
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
      cmocka_unit_test_teardown(
          a_recorder_that_stood_still_does_not_hide_the_link, tear_down),
      cmocka_unit_test_teardown(too_little_is_no_verdict, tear_down),
      cmocka_unit_test_teardown(echoes_show_the_round_trip_without_a_handshake,
                                tear_down),
      cmocka_unit_test_teardown(nothing_shows_the_place_there_is_no_verdict,
                                tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
