/* SPDX-License-Identifier: Apache-2.0 */
/* The wire: rate, delay, queue, each fault, its script; the capture file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "sim/wire/capture.h"
#include "sim/wire/link.h"

enum { MANY = 20000, LEN = 100, BACK = 64 };

/* What arrived, in the order of arrival. */
struct bench {
  struct link link;
  struct link_config config;
  unsigned count;
  sim_time start[MANY + 100];
  uint64_t id[MANY + 100];
  unsigned marks[MANY + 100];
  uint8_t last[2048];
  uint32_t last_len;
  unsigned back_count, back_marks[BACK]; /* of the other direction */
};

static void deliver(void *ctx, unsigned direction, struct frame *frame,
                    sim_time start) {
  struct bench *bench = ctx;
  if (direction == 1) {
    bench->back_marks[bench->back_count++ % BACK] = frame->marks;
    free(frame);
    return;
  }
  assert_true(bench->count < MANY + 100);
  bench->start[bench->count] = start;
  bench->id[bench->count] = frame->id;
  bench->marks[bench->count] = frame->marks;
  bench->count++;
  memcpy(bench->last, frame->data, frame->len);
  bench->last_len = frame->len;
  free(frame);
}

static struct bench *bench_new(const char *script) {
  char error[256] = "";
  struct bench *bench = calloc(1, sizeof(*bench));
  assert_non_null(bench);
  link_config_init(&bench->config);
  if (!link_config_parse(&bench->config, script, error, sizeof(error))) {
    fail_msg("%s", error);
  }
  link_init(&bench->link, &bench->config, 1, deliver, bench);
  return bench;
}

static void bench_free(struct bench *bench) {
  link_destroy(&bench->link);
  free(bench);
}

/* A UDP datagram in IPv4, ECN-capable, with FCS. */
static void make_frame(uint8_t frame[LEN]) {
  memset(frame, 0x5a, LEN);
  frame_put16(frame + 12, 0x0800);
  uint8_t *ip = frame + 14;
  memset(ip, 0, 20);
  ip[0] = 0x45;
  ip[1] = 2;
  frame_put16(ip + 2, LEN - 18);
  ip[8] = 64;
  ip[9] = 17;
  frame_put16(ip + 10, (uint16_t)~frame_sum(ip, 20, 0));
  frame_set_fcs(frame, LEN);
}

static unsigned send(struct bench *bench, sim_time end, uint64_t id) {
  uint8_t frame[LEN];
  make_frame(frame);
  return link_send(&bench->link, 0, frame, LEN, end, false, id);
}

static const struct link_stats *stats(const struct bench *bench) {
  return &bench->link.direction[0].stats;
}

/* --- Time ----------------------------------------------------------------- */

static void idle_link_delays_by_its_delay(void **state) {
  (void)state;
  struct bench *bench = bench_new("delay=5us");
  send(bench, 1000, 1);
  assert_int_equal(bench->count, 1);
  assert_int_equal(bench->start[0], 1000 + 5 * SIM_US);
  assert_int_equal(bench->marks[0], 0);
  bench_free(bench);
}

static void busy_link_sends_at_its_rate(void **state) {
  (void)state;
  /* 100 bytes and 20 of overhead at 1 Gb/s are 960 ns. */
  struct bench *bench = bench_new("rate=1Gbps delay=1us");
  for (unsigned i = 0; i < 10; i++) {
    send(bench, 0, i + 1);
    assert_int_equal(bench->start[i], SIM_US + i * 960 * SIM_NS);
  }
  bench_free(bench);
}

static void full_queue_drops_and_counts(void **state) {
  (void)state;
  struct bench *bench = bench_new("rate=1Gbps queue=3");
  for (unsigned i = 0; i < 10; i++) {
    unsigned marks = send(bench, 0, i + 1);
    assert_int_equal(marks, i < 4 ? 0 : FRAME_DROPPED);
  }
  assert_int_equal(stats(bench)->queue_full, 6);
  /* Room again when the first waiting frame has begun. */
  assert_int_equal(send(bench, 960 * SIM_NS, 11), 0);
  assert_int_equal(send(bench, 960 * SIM_NS, 12), FRAME_DROPPED);
  bench_free(bench);
}

static void path_mtu_swallows_longer_packets_with_df(void **state) {
  (void)state;
  /* The packet is 82 bytes long: LEN less Ethernet's header and FCS. */
  const struct {
    const char *wire;
    uint8_t df;
    unsigned marks;
  } cases[] = {{"mtu=81", 0x40, FRAME_DROPPED},
               {"mtu=81", 0, 0},
               {"mtu=82", 0x40, 0},
               {"b>a: mtu=81", 0x40, 0}};
  for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct bench *bench = bench_new(cases[i].wire);
    uint8_t frame[LEN];
    make_frame(frame);
    frame[14 + 6] = cases[i].df;
    assert_int_equal(link_send(&bench->link, 0, frame, LEN, 0, false, 1),
                     cases[i].marks);
    assert_int_equal(stats(bench)->too_long, cases[i].marks != 0);
    bench_free(bench);
  }
}

static void queue_may_be_limited_in_bytes(void **state) {
  (void)state;
  struct bench *bench = bench_new("rate=1Gbps queue=250B");
  for (unsigned i = 0; i < 5; i++) {
    send(bench, 0, i + 1);
  }
  assert_int_equal(stats(bench)->queue_full, 2);
  bench_free(bench);
}

static void long_queue_marks_congestion_and_keeps_checksums(void **state) {
  /* EVIDENCE: RFC 3168 5 */
  (void)state;
  struct bench *bench = bench_new("rate=1Gbps ecn=2");
  for (unsigned i = 0; i < 5; i++) {
    send(bench, 0, i + 1);
    /* The first is sent at once; the fourth finds two that wait. */
    assert_int_equal(bench->marks[i], i < 3 ? 0 : FRAME_CE);
  }
  assert_int_equal(stats(bench)->ce, 2);
  assert_int_equal(bench->last[15] & 3, 3);
  assert_int_equal(frame_sum(bench->last + 14, 20, 0), 0xffff);
  assert_true(frame_fcs_good(bench->last, bench->last_len));
  bench_free(bench);
}

static void mark_threshold_may_be_in_bytes(void **state) {
  (void)state;
  struct bench *bench = bench_new("rate=1Gbps ecn=101B");
  for (unsigned i = 0; i < 5; i++) {
    send(bench, 0, i + 1);
  }
  /* 100 bytes wait before the third, 200 before the fourth. */
  assert_int_equal(bench->marks[2], 0);
  assert_int_equal(bench->marks[3], FRAME_CE);
  assert_int_equal(stats(bench)->ce, 2);
  bench_free(bench);
}

/* Sends the frame behind two others, so that `ecn=1` marks it if it may. */
static unsigned send_behind(struct bench *bench, const uint8_t *frame) {
  send(bench, 0, 1);
  send(bench, 0, 2);
  return link_send(&bench->link, 0, frame, LEN, 0, false, 3);
}

static void each_ecn_codepoint_is_marked_as_it_says(void **state) {
  /* EVIDENCE: RFC 3168 5 (Not-ECT is not marked, CE stays), RFC 1624 (3) */
  (void)state;
  for (unsigned codepoint = 0; codepoint < 256; codepoint++) {
    bool capable = (codepoint & 3) == 1 || (codepoint & 3) == 2;
    struct bench *bench = bench_new("rate=1Gbps ecn=1");
    uint8_t frame[LEN];
    make_frame(frame);
    frame[15] = (uint8_t)codepoint;
    frame_put16(frame + 18, (uint16_t)(codepoint * 257));
    frame_put16(frame + 24, 0);
    frame_put16(frame + 24, (uint16_t)~frame_sum(frame + 14, 20, 0));
    frame_set_fcs(frame, LEN);
    assert_int_equal(send_behind(bench, frame), capable ? FRAME_CE : 0);
    assert_int_equal(bench->last[15], capable ? codepoint | 3 : codepoint);
    assert_int_equal(frame_sum(bench->last + 14, 20, 0), 0xffff);
    assert_true(frame_fcs_good(bench->last, LEN));
    assert_memory_equal(frame + 26, bench->last + 26, LEN - 26 - 4);
    bench_free(bench);
  }
}

static void ipv6_traffic_class_is_marked(void **state) {
  /* EVIDENCE: RFC 8200 7, RFC 3168 5 */
  (void)state;
  for (unsigned ecn = 0; ecn < 4; ecn++) {
    bool capable = ecn == 1 || ecn == 2;
    struct bench *bench = bench_new("rate=1Gbps ecn=1");
    uint8_t frame[LEN], want[LEN];
    make_frame(frame);
    frame_put16(frame + 12, 0x86dd);
    /* Version 6, DSCP 0x2a, this ECN, flow label 0xfedcb. */
    frame_put32(frame + 14, 0x6000000f | 0x2au << 22 | ecn << 20 | 0xfedcb);
    frame_set_fcs(frame, LEN);
    memcpy(want, frame, LEN);
    want[15] |= capable ? 0x30 : 0;
    frame_set_fcs(want, LEN);
    assert_int_equal(send_behind(bench, frame), capable ? FRAME_CE : 0);
    assert_memory_equal(bench->last, want, LEN);
    bench_free(bench);
  }
}

/* A router forwards no damaged frame as a good one, and no wrong header
 * checksum as a right one. */
static void mark_repairs_no_damage(void **state) {
  /* EVIDENCE: RFC 1624 (3) */
  (void)state;
  struct bench *bench = bench_new("rate=1Gbps ecn=1");
  uint8_t frame[LEN];
  make_frame(frame);
  frame[24] ^= 0x10;
  frame_set_fcs(frame, LEN);
  assert_int_equal(send_behind(bench, frame), FRAME_CE);
  assert_int_not_equal(frame_sum(bench->last + 14, 20, 0), 0xffff);
  make_frame(frame);
  frame[LEN - 1] ^= 1;
  assert_int_equal(send_behind(bench, frame), 0);
  assert_memory_equal(bench->last, frame, LEN);
  bench_free(bench);
  /* Marked in the queue, then damaged by the wire. */
  bench = bench_new("rate=1Gbps ecn=1 fcs=3");
  make_frame(frame);
  assert_int_equal(send_behind(bench, frame), FRAME_CE | FRAME_BAD_FCS);
  assert_false(frame_fcs_good(bench->last, LEN));
  bench_free(bench);
}

/* --- Faults --------------------------------------------------------------- */

static void numbered_frames_are_dropped(void **state) {
  (void)state;
  struct bench *bench = bench_new("drop=3,7");
  for (unsigned i = 1; i <= 10; i++) {
    unsigned marks = send(bench, i * SIM_US, i);
    assert_int_equal(marks, i == 3 || i == 7 ? FRAME_DROPPED : 0);
  }
  assert_int_equal(bench->count, 8);
  assert_int_equal(stats(bench)->lost, 2);
  bench_free(bench);
}

/* --- Directions ----------------------------------------------------------- */

static unsigned send_back(struct bench *bench, sim_time end, uint64_t id) {
  uint8_t frame[LEN];
  make_frame(frame);
  return link_send(&bench->link, 1, frame, LEN, end, false, id);
}

static void fault_of_one_direction_leaves_the_other(void **state) {
  (void)state;
  static const char *const scripts[2] = {"a>b: drop=3", "server>client:drop=3"};
  for (int d = 0; d < 2; d++) {
    struct bench *bench = bench_new(scripts[d]);
    for (unsigned i = 1; i <= 5; i++) {
      assert_int_equal(send(bench, i * SIM_US, i),
                       d == 0 && i == 3 ? FRAME_DROPPED : 0);
      assert_int_equal(send_back(bench, i * SIM_US, i),
                       d == 1 && i == 3 ? FRAME_DROPPED : 0);
    }
    assert_int_equal(bench->link.direction[0].stats.lost, d == 0);
    assert_int_equal(bench->link.direction[1].stats.lost, d == 1);
    bench_free(bench);
  }
}

static void each_word_holds_for_the_direction_before_it(void **state) {
  (void)state;
  struct bench *bench = bench_new(
      "drop=9 a>b: drop=3,7 queue=5 b>a: dup=0.5 queue=64KiB ecn=10kB "
      "delay=3us both: fcs=2");
  const struct link_way *way = bench->config.way;
  assert_int_equal(way[0].loss.listed_count, 3);
  assert_int_equal(way[0].loss.listed[0], 9);
  assert_int_equal(way[0].loss.listed[2], 7);
  assert_int_equal(way[1].loss.listed_count, 1);
  assert_int_equal(way[1].loss.listed[0], 9);
  assert_int_equal(way[0].dup.threshold, 0);
  assert_int_equal(way[1].dup.threshold, UINT64_C(1) << 31);
  assert_int_equal(way[0].queue_packets, 5);
  assert_int_equal(way[0].queue_bytes, 0);
  assert_int_equal(way[1].queue_packets, 0);
  assert_int_equal(way[1].queue_bytes, 65536);
  assert_int_equal(way[0].ecn_bytes, 0);
  assert_int_equal(way[1].ecn_bytes, 10000);
  for (int d = 0; d < 2; d++) {
    assert_int_equal(way[d].fcs.listed_count, 1);
    assert_int_equal(way[d].fcs.listed[0], 2);
  }
  /* The whole link's, wherever it stands. */
  assert_int_equal(bench->config.delay, 3 * SIM_US);
  bench_free(bench);
}

static void queue_of_one_direction_leaves_the_other(void **state) {
  (void)state;
  struct bench *bench = bench_new("rate=1Gbps b>a: queue=2 ecn=1");
  for (unsigned i = 0; i < 6; i++) {
    assert_int_equal(send(bench, 0, i), 0);
    assert_int_equal(send_back(bench, 0, i), i < 2   ? 0
                                             : i < 3 ? FRAME_CE
                                                     : FRAME_DROPPED);
  }
  assert_int_equal(stats(bench)->queue_full, 0);
  assert_int_equal(stats(bench)->ce, 0);
  bench_free(bench);
}

static void wrong_direction_is_named(void **state) {
  (void)state;
  static const struct {
    const char *script, *word;
  } wrong[] = {
      {"x>y: drop=3", "'x>y:'"},
      {"a>b drop=3", "'a>b'"},
      {"drop=1 b>a:drop=x", "drop=x"},
      {"a>b: drap=3", "'drap'"},
      {": drop=3", "':'"},
      {"tx.drop=3", "'tx.drop'"},
  };
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    struct link_config config;
    char error[256] = "";
    link_config_init(&config);
    assert_false(
        link_config_parse(&config, wrong[i].script, error, sizeof(error)));
    if (!strstr(error, wrong[i].word) || !strstr(error, "expected")) {
      fail_msg("%s: %s", wrong[i].script, error);
    }
  }
}

/* --- Faults, one by one --------------------------------------------------- */

static void fcs_fault_is_what_the_fcs_catches(void **state) {
  (void)state;
  struct bench *bench = bench_new("fcs=1");
  send(bench, 0, 1);
  assert_int_equal(bench->marks[0], FRAME_BAD_FCS);
  assert_false(frame_fcs_good(bench->last, bench->last_len));
  assert_int_equal(stats(bench)->fcs, 1);
  bench_free(bench);
}

static void flip_fault_passes_the_fcs(void **state) {
  (void)state;
  struct bench *bench = bench_new("flip=1");
  uint8_t frame[LEN];
  make_frame(frame);
  send(bench, 0, 1);
  assert_int_equal(bench->marks[0], FRAME_FLIPPED);
  assert_true(frame_fcs_good(bench->last, bench->last_len));
  unsigned bits = 0;
  for (unsigned i = 0; i < LEN - FRAME_FCS_LEN; i++) {
    bits += (unsigned)__builtin_popcount(frame[i] ^ bench->last[i]);
  }
  assert_int_equal(bits, 1);
  assert_memory_equal(frame, bench->last, 14);
  bench_free(bench);
}

static void duplicate_follows_its_frame(void **state) {
  (void)state;
  struct bench *bench = bench_new("dup=1");
  send(bench, 0, 1);
  assert_int_equal(bench->count, 2);
  assert_int_equal(bench->marks[1], FRAME_DUPLICATE);
  assert_true(bench->start[1] > bench->start[0]);
  bench_free(bench);
}

static void reordered_frame_is_passed_by_later_ones(void **state) {
  (void)state;
  struct bench *bench = bench_new("reorder=1");
  send(bench, 0, 1);
  send(bench, 2 * SIM_US, 2);
  assert_int_equal(bench->marks[0], FRAME_REORDERED);
  assert_true(bench->start[0] > bench->start[1]);
  bench_free(bench);
}

static void probabilities_are_met_and_seeded(void **state) {
  (void)state;
  const char *script =
      "loss=0.01 dup=0.02 reorder=0.03 fcs=0.04 flip=0.05 seed=9";
  uint64_t sums[2] = {0, 0};
  for (int round = 0; round < 2; round++) {
    struct bench *bench = bench_new(script);
    for (unsigned i = 0; i < MANY - 1000; i++) {
      send(bench, i * SIM_US, i);
    }
    const struct link_stats *s = stats(bench);
    assert_in_range(s->lost, 140, 240);
    assert_in_range(s->dup, 310, 440);
    assert_in_range(s->reorder, 480, 650);
    assert_in_range(s->fcs, 660, 860);
    assert_in_range(s->flip, 770, 1000);
    assert_int_equal(bench->count, s->delivered);
    assert_int_equal(s->frames, s->delivered - s->dup + s->lost);
    for (unsigned i = 0; i < bench->count; i++) {
      sums[round] = sums[round] * 31 + bench->start[i] + bench->marks[i];
    }
    bench_free(bench);
  }
  assert_int_equal(sums[0], sums[1]);
}

static void one_fault_more_moves_no_other(void **state) {
  (void)state;
  struct bench *a = bench_new("fcs=0.1");
  struct bench *b = bench_new("fcs=0.1 dup=0.5");
  for (unsigned i = 0; i < 1000; i++) {
    send(a, i * SIM_US, i);
    send(b, i * SIM_US, i);
  }
  unsigned j = 0;
  for (unsigned i = 0; i < a->count; i++, j++) {
    while (b->marks[j] & FRAME_DUPLICATE) {
      j++;
    }
    assert_int_equal(a->marks[i], b->marks[j]);
  }
  bench_free(a);
  bench_free(b);
}

static void script_that_is_wrong_gets_one_sentence(void **state) {
  (void)state;
  static const char *const scripts[] = {
      "delay",        "delay=",   "delay=1",     "delay=1ns", "delay=5us x=1",
      "mtu=67",       "rate=10",  "rate=0Gbps",  "queue=-1",  "queue=1XB",
      "drop=a",       "loss=1.5", "loss=-0.1",   "dup=nan",   "seed=0",
      "reorder=1,,x", "fcs=1e30", "flip=0.5foo", "ecn=x",     "ecn=5us",
      "ecn=-1",
  };
  for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
    struct link_config config;
    char error[256] = "";
    link_config_init(&config);
    if (link_config_parse(&config, scripts[i], error, sizeof(error))) {
      fail_msg("accepted: %s", scripts[i]);
    }
    assert_non_null(strstr(error, "expected"));
  }
}

/* --- Capture -------------------------------------------------------------- */

static uint32_t word(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, 4);
  return value;
}

/* A parser of pcapng that knows nothing of the writer: calls `found` for each
 * enhanced packet block. */
static unsigned parse(const uint8_t *file, size_t size, unsigned *interfaces,
                      void (*found)(const uint8_t *body, uint32_t len,
                                    unsigned n)) {
  unsigned packets = 0;
  *interfaces = 0;
  for (size_t at = 0; at < size;) {
    assert_true(at + 12 <= size);
    uint32_t type = word(file + at), len = word(file + at + 4);
    assert_int_equal(len % 4, 0);
    assert_true(at + len <= size);
    assert_int_equal(word(file + at + len - 4), len);
    if (at == 0) {
      assert_int_equal(type, 0x0A0D0D0A);
      assert_int_equal(word(file + 8), 0x1A2B3C4D);
    }
    *interfaces += type == 1;
    if (type == 6) {
      found(file + at + 8, len - 12, packets++);
    }
    at += len;
  }
  return packets;
}

static void check_packet(const uint8_t *body, uint32_t len, unsigned n) {
  static const uint64_t times[3] = {5000, UINT64_C(1) << 33, UINT64_C(1) << 34};
  uint64_t time = (uint64_t)word(body + 4) << 32 | word(body + 8);
  assert_int_equal(time, times[n] / SIM_NS);
  assert_int_equal(word(body), n == 1 ? 1 : 0);
  assert_int_equal(word(body + 12), LEN + n);
  assert_int_equal(body[20], (uint8_t)n);
  /* Options: comment when damaged, flags, packet id. */
  uint32_t at = 20 + (LEN + n + 3) / 4 * 4;
  bool flagged = false;
  while (at < len && (word(body + at) & 0xffff)) {
    uint32_t code = word(body + at) & 0xffff, size = word(body + at) >> 16;
    if (code == 1) {
      assert_non_null(strstr((const char *)body + at + 4, "damaged"));
      assert_int_equal(n, 1);
    } else if (code == 2) {
      flagged = word(body + at + 4) & 1u << 24;
    } else {
      assert_int_equal(code, 5);
      assert_int_equal(word(body + at + 4), 77);
    }
    at += 4 + (size + 3) / 4 * 4;
  }
  assert_int_equal(flagged, n == 1);
}

static void capture_is_a_sorted_pcapng_with_flags_and_ids(void **state) {
  /* EVIDENCE: draft-ietf-opsawg-pcapng 4.1, 4.2, 4.3 */
  (void)state;
  const char *name = "build/test/wire.pcapng";
  struct capture *capture = capture_open(name);
  assert_non_null(capture);
  unsigned tx = capture_interface(capture, "a:wire-tx", "sent", 4);
  unsigned rx = capture_interface(capture, "a:wire-rx", "received", 4);
  uint8_t data[LEN + 4] = {2};
  capture_add(capture, tx, UINT64_C(1) << 34, CAPTURE_OUT, data, LEN + 2, 0, 77,
              NULL);
  data[0] = 0;
  capture_add(capture, tx, 5000, CAPTURE_OUT, data, LEN, 0, 77, NULL);
  capture_flush(capture, 100);
  data[0] = 1;
  capture_add(capture, rx, UINT64_C(1) << 33, CAPTURE_IN, data, LEN + 1,
              FRAME_BAD_FCS, 77, NULL);
  assert_true(capture_close(capture));
  FILE *file = fopen(name, "rb");
  assert_non_null(file);
  static uint8_t bytes[8192];
  size_t size = fread(bytes, 1, sizeof(bytes), file);
  fclose(file);
  remove(name);
  unsigned interfaces;
  assert_int_equal(parse(bytes, size, &interfaces, check_packet), 3);
  assert_int_equal(interfaces, 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(idle_link_delays_by_its_delay),
      cmocka_unit_test(busy_link_sends_at_its_rate),
      cmocka_unit_test(full_queue_drops_and_counts),
      cmocka_unit_test(path_mtu_swallows_longer_packets_with_df),
      cmocka_unit_test(queue_may_be_limited_in_bytes),
      cmocka_unit_test(long_queue_marks_congestion_and_keeps_checksums),
      cmocka_unit_test(mark_threshold_may_be_in_bytes),
      cmocka_unit_test(each_ecn_codepoint_is_marked_as_it_says),
      cmocka_unit_test(ipv6_traffic_class_is_marked),
      cmocka_unit_test(mark_repairs_no_damage),
      cmocka_unit_test(numbered_frames_are_dropped),
      cmocka_unit_test(fault_of_one_direction_leaves_the_other),
      cmocka_unit_test(each_word_holds_for_the_direction_before_it),
      cmocka_unit_test(queue_of_one_direction_leaves_the_other),
      cmocka_unit_test(wrong_direction_is_named),
      cmocka_unit_test(fcs_fault_is_what_the_fcs_catches),
      cmocka_unit_test(flip_fault_passes_the_fcs),
      cmocka_unit_test(duplicate_follows_its_frame),
      cmocka_unit_test(reordered_frame_is_passed_by_later_ones),
      cmocka_unit_test(probabilities_are_met_and_seeded),
      cmocka_unit_test(one_fault_more_moves_no_other),
      cmocka_unit_test(script_that_is_wrong_gets_one_sentence),
      cmocka_unit_test(capture_is_a_sorted_pcapng_with_flags_and_ids),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
