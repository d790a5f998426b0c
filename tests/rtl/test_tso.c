/* SPDX-License-Identifier: Apache-2.0 */
/* Super-segments through offload_tx: every cut, every reason not to cut. */
/* DUT: offload_tx */
#include "tests/rtl/model/offload_bench.h"

static struct bench bench;
static uint8_t frame[OFFLOAD_MAX];

static struct model_tx_meta tso_meta(const struct offload_shape *s,
                                     unsigned gso_size) {
  struct model_tx_meta m = bench_csum(s);
  m.gso_type = gso_size & 1 ? 1 : 0x81;
  m.gso_size = (uint16_t)gso_size;
  return m;
}

static struct offload_shape tcp4(unsigned ip_options, unsigned tcp_options,
                                 size_t payload) {
  return (struct offload_shape){.proto = 6,
                                .ip_options = ip_options,
                                .tcp_options = tcp_options,
                                .payload = payload};
}

static void push_tcp4(struct bench *b, struct tb_rand *r,
                      struct offload_shape s, unsigned gso_size) {
  size_t len = offload_build(r, &s, frame);
  bench_push(b, frame, len, tso_meta(&s, gso_size));
}

/* EVIDENCE: Virtio 1.2 5.1.6.2 (gso_type TCPV4) */
static void every_header_length_is_repeated(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {1};
  bench_open(b, 40, 40, 2);
  for (unsigned ip = 0; ip <= 10; ip++)
    for (unsigned tcp = 0; tcp <= 10; tcp++) {
      struct offload_shape s = tcp4(ip, tcp, tb_rand_below(&r, 700));
      s.vlan = (ip ^ tcp) & 1;
      push_tcp4(b, &r, s, 1 + tb_rand_below(&r, 400));
    }
  bench_drain(b);
  bench_check(b);
  assert_int_equal(b->supers, 121);
  assert_int_equal(b->segments, b->expect.count);
  bench_close(b);
}

/* Payload just below, at and above each multiple of gso_size. */
static void every_edge_of_the_payload(void **state) {
  (void)state;
  static const uint16_t sizes[] = {1,  2,  3,   7,   8,    9,
                                   15, 16, 100, 536, 1447, 1460};
  for (unsigned stall = 0; stall <= 100; stall += 50) {
    struct bench *b = &bench;
    struct tb_rand r = {2 + stall};
    bench_open(b, stall, stall, 3);
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
      for (unsigned k = 0; k < 4; k++)
        for (int edge = -1; edge <= 1; edge++) {
          int payload = (int)(k * sizes[i]) + edge;
          if (payload < 0) continue;
          push_tcp4(b, &r, tcp4(k % 2, 3 * (k % 3), (size_t)payload % 4000),
                    sizes[i] > 1430 ? sizes[i] - 40 : sizes[i]);
        }
    push_tcp4(b, &r, tcp4(0, 0, 5 * 1460), 1460);
    bench_drain(b);
    bench_check(b);
    bench_close(b);
  }
}

static void random_super_segments_and_frames_between(void **state) {
  (void)state;
  static const uint8_t stalls[][2] = {{0, 0}, {150, 0}, {0, 150}, {80, 80}};
  for (unsigned s = 0; s < 4; s++) {
    struct bench *b = &bench;
    struct tb_rand r = {50 + s};
    bench_open(b, stalls[s][0], stalls[s][1], s);
    for (int n = 0; n < 200; n++) {
      struct offload_shape any = offload_any(&r, 900);
      if (tb_rand_chance(&r, 160)) {
        any.ipv6 = false;
        any.proto = 6;
        any.payload = tb_rand_below(&r, tb_rand_chance(&r, 64) ? 6000 : 300);
        push_tcp4(b, &r, any,
                  1 + tb_rand_below(&r, tb_rand_chance(&r, 128) ? 64 : 1350));
      } else {
        size_t len = offload_build(&r, &any, frame);
        bench_push(b, frame, len, (struct model_tx_meta){0});
      }
    }
    bench_drain(b);
    bench_check(b);
    bench_close(b);
  }
}

/* 65535 bytes of IP, the most that a total length can say. */
static void longest_super_segment(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {4};
  bench_open(b, 0, 0, 5);
  push_tcp4(b, &r, tcp4(0, 0, 65535 - 40), 1460);
  push_tcp4(b, &r, tcp4(0, 3, 65535 - 52), 1448);
  push_tcp4(b, &r, tcp4(10, 10, 65535 - 120), 1);
  bench_drain(b);
  bench_check(b);
  assert_int_equal(b->segments, 45 + 46 + 65415);
  bench_close(b);
}

/* EVIDENCE: design 2.2, at most ceil(bytes/8) + 2 cycles per segment */
static void segments_leave_at_rate(void **state) {
  (void)state;
  static const uint16_t sizes[] = {1, 8, 10, 64, 300, 536, 1000, 1448, 1460};
  for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
    for (unsigned per = 1; per <= 40; per += 39) {
      struct bench *b = &bench;
      struct tb_rand r = {i};
      bench_open(b, 0, 0, 1);
      unsigned count = per == 1 ? 40 : 2;
      for (unsigned n = 0; n < count; n++)
        push_tcp4(b, &r, tcp4(0, 0, (size_t)per * sizes[i]), sizes[i]);
      bench_drain(b);
      size_t last = b->expect.count - 1, bytes = 54u + sizes[i];
      uint64_t cycles = b->out->frames[last].end - b->out->frames[9].end;
      assert_true(cycles <= (last - 9) * ((bytes + 7) / 8 + 2));
      bench_check(b);
      bench_close(b);
    }
}

/* One thing wrong at a time: nothing leaves, bad_gso counts, the next is right.
 */
static void what_can_not_be_cut_is_dropped_whole(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {6};
  bench_open(b, 30, 30, 7);
  enum { CASES = 17 };
  for (int repeat = 0; repeat < 4; repeat++)
    for (int n = 0; n < CASES; n++) {
      struct offload_shape s =
          tcp4((unsigned)repeat * 3, (unsigned)n % 11, 500);
      s.ipv6 = n == 10;
      if (n == 11) s.proto = 17;
      size_t len = offload_build(&r, &s, frame), l4 = offload_l4(&s);
      struct model_tx_meta m = tso_meta(&s, 200);
      m.csum_offset = 16;
      if (n == 0) m.gso_size = 0;
      if (n == 1)
        m.gso_size = (uint16_t)(MAX_FRAME + 1 - offload_header_len(&s));
      if (n == 2) m.gso_size = 0xffff;
      if (n == 3) m.csum_start += 2;
      if (n == 4) m.csum_start = 0xffff;
      if (n == 5) m.csum_offset = 6;
      if (n == 6) m.needs_csum = false;
      if (n == 7) m.gso_type = 4;
      if (n == 8) m.gso_type = 0x80;
      if (n == 9) frame[12] ^= 1;
      if (n == 12) frame[14 + 6] = 0x20; /* more fragments */
      if (n == 13) frame[l4 + 12] &= 0x4f;
      if (n == 14) frame[14] = 0x44;
      if (n == 15) frame[16] = frame[17] = 0;
      if (n == 16)
        len = 20 + tb_rand_below(&r, (uint32_t)offload_header_len(&s) - 20);
      unsigned before = b->want_drops[MODEL_DROP_BAD_GSO];
      bench_push(b, frame, len, m);
      assert_int_equal(b->want_drops[MODEL_DROP_BAD_GSO], before + 1);
      push_tcp4(b, &r, tcp4(0, 0, 700), 300);
    }
  bench_drain(b);
  bench_check(b);
  bench_close(b);
}

/* A header cut off after each of its bytes. */
static void truncated_headers_are_dropped(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {7};
  bench_open(b, 0, 0, 7);
  struct offload_shape s = tcp4(2, 5, 0);
  size_t whole = offload_header_len(&s);
  for (size_t len = 1; len <= whole; len++) {
    offload_build(&r, &s, frame);
    bench_push(b, frame, len, tso_meta(&s, 100));
  }
  bench_drain(b);
  bench_check(b);
  assert_int_equal(b->drops[MODEL_DROP_BAD_GSO], whole - 1);
  assert_int_equal(b->expect.count, 1); /* the whole header, without payload */
  bench_close(b);
}

/* A read that failed: segments complete before the last beat may leave. */
static void aborted_super_segment_ends_before_its_open_segment(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {8};
  bench_open(b, 30, 30, 7);
  for (unsigned n = 0; n < 200; n++) {
    struct offload_shape s = tcp4(n % 11, n % 7, tb_rand_below(&r, 900));
    unsigned gso = 1 + tb_rand_below(&r, 300);
    size_t len = offload_build(&r, &s, frame), header = offload_header_len(&s);
    bench_send(b, frame, len, tso_meta(&s, gso))->err = true;
    b->want_drops[MODEL_DROP_ERROR]++;
    size_t sound = (len - 1) / 8 * 8; /* bytes before the last beat */
    size_t whole = sound > header ? (sound - header) / gso : 0;
    struct model_frames cut = {0};
    struct model_tx_meta m = tso_meta(&s, gso);
    assert_int_equal(model_tso(frame, len, &m, MAX_FRAME, &cut), MODEL_SENT);
    /* The complete ones are the first of a longer super-segment. */
    for (size_t i = 0; i < whole; i++) {
      b->expect.data =
          realloc(b->expect.data, (b->expect.count + 1) * sizeof(uint8_t *));
      b->expect.len =
          realloc(b->expect.len, (b->expect.count + 1) * sizeof(size_t));
      b->expect.data[b->expect.count] = cut.data[i];
      b->expect.len[b->expect.count++] = cut.len[i];
      cut.data[i] = NULL;
    }
    model_frames_free(&cut);
    push_tcp4(b, &r, tcp4(0, 0, 300), 200);
  }
  bench_drain(b);
  bench_check(b);
  bench_close(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_header_length_is_repeated),
      cmocka_unit_test(every_edge_of_the_payload),
      cmocka_unit_test(random_super_segments_and_frames_between),
      cmocka_unit_test(longest_super_segment),
      cmocka_unit_test(segments_leave_at_rate),
      cmocka_unit_test(what_can_not_be_cut_is_dropped_whole),
      cmocka_unit_test(truncated_headers_are_dropped),
      cmocka_unit_test(aborted_super_segment_ends_before_its_open_segment),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
