/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts on received frames against software that knows only the RFCs. */
/* DUT: offload_rx */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "dut_offload_rx.h"
#include "tests/rtl/model/offload_frames.h"
#include "tests/rtl/model/offload_model.h"
#include "tests/rtl/tb.h"

TB_DUT(offload_rx)

enum { MAX_LEN = 9100 };

struct bench {
  struct dut_offload_rx *d;
  struct tb *tb;
  struct tb_source *in;
  struct tb_sink *out;
  struct tb_agent watch;
  size_t checked, valid_l4, bad_l4, bad_ip, want_valid, want_bad_l4,
      want_bad_ip;
};
static struct bench bench;
static uint8_t frame[OFFLOAD_MAX];

/* Takes `bits` from the bottom of the packed struct. */
static unsigned take(const uint32_t *words, unsigned *at, unsigned bits) {
  unsigned value = 0;
  for (unsigned i = 0; i < bits; i++, ++*at)
    value |= (words[*at / 32] >> *at % 32 & 1) << i;
  return value;
}

/* Every output frame is an input frame, and its metadata are the model's. */
static void check_meta(void *ctx, struct tb_frame *f) {
  struct bench *b = ctx;
  struct model_rx_meta m = model_rx(f->data, f->len);
  const uint32_t *w = *(uint32_t(*)[3])(void *)b->d->m_meta;
  unsigned at = 0;
  bool error = take(w, &at, 1);
  assert_int_equal(*b->d->m_drop, error);
  assert_int_equal(take(w, &at, 16), m.length);
  assert_int_equal(take(w, &at, 8), m.l4_offset);
  assert_int_equal(take(w, &at, 8), m.l3_offset);
  assert_int_equal(take(w, &at, 32), 0);
  assert_int_equal(take(w, &at, 1), m.l4_csum_ok);
  assert_int_equal(take(w, &at, 1), m.l4_csum_checked);
  assert_int_equal(take(w, &at, 1), m.is_udp);
  assert_int_equal(take(w, &at, 1), m.is_tcp);
  assert_int_equal(take(w, &at, 1), m.ip_csum_ok);
  assert_int_equal(take(w, &at, 1), m.is_frag);
  assert_int_equal(take(w, &at, 1), m.is_ipv6);
  assert_int_equal(take(w, &at, 1), m.is_ipv4);
  assert_int_equal(take(w, &at, 8), 0);
  f->err = error;
  b->want_valid += !error && m.l4_csum_ok;
  b->want_bad_l4 += !error && m.l4_csum_checked && !m.l4_csum_ok;
  b->want_bad_ip += !error && m.is_ipv4 && !m.ip_csum_ok;
}

static void watch(void *self) {
  struct bench *b = self;
  b->valid_l4 += *b->d->stat_rx_l4_csum_ok;
  b->bad_l4 += *b->d->stat_rx_l4_csum_bad;
  b->bad_ip += *b->d->stat_rx_ip_csum_bad;
}

static void bench_open(struct bench *b, unsigned stall) {
  memset(b, 0, sizeof(*b));
  struct dut_offload_rx *d = b->d = dut_offload_rx_new();
  b->tb = tb_new_offload_rx(d);
  tb_clock(b->tb, d->clk_i, d->rst_ni, 64);
  struct tb_port in = {d->s_valid, NULL,     d->s_data, d->s_keep,
                       d->s_last,  d->s_err, 8};
  struct tb_port out = {d->m_valid, NULL, d->m_data, d->m_keep,
                        d->m_last,  NULL, 8};
  b->in = tb_source_new(b->tb, 0, &in, stall, 1);
  b->out = tb_sink_new(b->tb, 0, &out, 0, 2);
  b->out->on_last = check_meta;
  b->out->ctx = b;
  b->watch = (struct tb_agent){.sample = watch, .self = b};
  tb_agent(b->tb, 0, &b->watch);
  tb_reset(b->tb);
}

/* Sends one frame and sees it come out unchanged. Several may be in flight. */
static void push(struct bench *b, const uint8_t *data, size_t len, bool err) {
  struct tb_frame *f = tb_source_push(b->in, data, len);
  f->err = err;
}

static void settle(struct bench *b) {
  for (int idle = 0, n = 0; idle < 10; n++) {
    assert_true(n < 1000000);
    tb_step(b->tb);
    idle = tb_source_idle(b->in) && !*b->d->busy_o ? idle + 1 : 0;
  }
  assert_int_equal(b->out->count, b->in->count);
  assert_int_equal(b->valid_l4, b->want_valid);
  assert_int_equal(b->bad_l4, b->want_bad_l4);
  assert_int_equal(b->bad_ip, b->want_bad_ip);
}

static void bench_close(struct bench *b) {
  tb_delete(b->tb);
  dut_offload_rx_delete(b->d);
}

static void same(struct bench *b, const uint8_t *data, size_t len, bool err) {
  push(b, data, len, err);
  settle(b);
  const struct tb_frame *f = &b->out->frames[b->out->count - 1];
  assert_int_equal(f->len, len);
  assert_int_equal(f->err, err);
  assert_memory_equal(f->data, data, len);
}

/* EVIDENCE: RFC 791 3.1, RFC 9293 3.1, RFC 768, RFC 8200 8.1 */
static void good_frames_are_verified(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {1};
  bench_open(b, 0);
  for (unsigned n = 0; n < 800; n++) {
    struct offload_shape s = offload_any(&r, n % 20 ? 70 : MAX_LEN - 150);
    size_t len = offload_build(&r, &s, frame), before = b->valid_l4;
    size_t padding = tb_rand_chance(&r, 128) ? tb_rand_below(&r, 50) : 0;
    tb_rand_fill(&r, frame + len, padding); /* must not be summed */
    same(b, frame, len + padding, false);
    assert_int_equal(b->valid_l4, before + (s.proto != 1));
  }
  assert_int_equal(b->bad_ip + b->bad_l4, 0);
  bench_close(b);
}

/* Each single bit of a packet that a checksum covers. */
static void every_flipped_bit_is_seen(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {2};
  bench_open(b, 0);
  for (unsigned kind = 0; kind < 6; kind++) {
    struct offload_shape s = {.vlan = kind & 1,
                              .ipv6 = kind >= 4,
                              .proto = kind & 2 ? 17 : 6,
                              .ip_options = kind,
                              .payload = 13};
    size_t len = offload_build(&r, &s, frame), l4 = offload_l4(&s);
    for (size_t bit = 8 * l4; bit < 8 * len; bit++) {
      frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
      size_t before = b->valid_l4;
      same(b, frame, len, false);
      assert_int_equal(b->valid_l4, before);
      frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
    size_t ip = l4 - (s.ipv6 ? 40 : 20 + 4 * s.ip_options);
    for (size_t bit = 8 * ip; bit < 8 * l4; bit++) {
      frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
      same(b, frame, len, false); /* the model knows which sum it breaks */
      frame[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
  }
  assert_true(b->bad_ip > 100 && b->bad_l4 > 100);
  bench_close(b);
}

/* Cut anywhere, fields at random, back to back, with and without gaps. */
static void damaged_frames_get_the_model_verdict(void **state) {
  (void)state;
  for (unsigned stall = 0; stall <= 128; stall += 64) {
    struct bench *b = &bench;
    struct tb_rand r = {3 + stall};
    bench_open(b, stall);
    size_t dropped = 0;
    for (int n = 0; n < 4000; n++) {
      struct offload_shape s = offload_any(&r, 40);
      size_t len = offload_build(&r, &s, frame);
      size_t at = 12 + tb_rand_below(&r, 40);
      if (tb_rand_chance(&r, 100)) frame[at] = (uint8_t)tb_rand64(&r);
      if (tb_rand_chance(&r, 60)) frame[at] ^= (uint8_t)(1 << n % 8);
      if (tb_rand_chance(&r, 60)) len = 1 + tb_rand_below(&r, (uint32_t)len);
      bool err = tb_rand_chance(&r, 30);
      dropped += err;
      push(b, frame, len, err);
    }
    settle(b);
    for (size_t i = 0; i < b->out->count; i++) dropped -= b->out->frames[i].err;
    assert_int_equal(dropped, 0);
    if (stall == 0) /* a beat in every cycle, nothing inserted */
      assert_int_equal(
          b->out->frames[b->out->count - 1].end - b->out->frames[0].first + 1,
          b->out->beats);
    bench_close(b);
  }
}

/* The cases that only a rule decides. */
static void fragments_and_missing_sums_are_not_checked(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {4};
  bench_open(b, 0);
  for (int n = 0; n < 5; n++) {
    struct offload_shape s = {.proto = 17, .payload = 40, .ipv6 = n == 2};
    size_t len = offload_build(&r, &s, frame), l4 = offload_l4(&s);
    if (n == 0) frame[20] = 0x20;                  /* more fragments */
    if (n == 1) frame[l4 + 6] = frame[l4 + 7] = 0; /* no checksum: IPv4 */
    if (n == 2) frame[l4 + 6] = frame[l4 + 7] = 0; /* not allowed in IPv6 */
    if (n == 3) frame[l4 + 5]--; /* UDP length is not the IP payload's */
    if (n == 4) len -= 1;        /* the IP packet is longer than the frame */
    size_t bad = b->bad_l4;
    same(b, frame, len, false);
    assert_int_equal(b->bad_l4 - bad, n == 2);
    assert_int_equal(b->valid_l4, 0);
  }
  bench_close(b);
}

static void idle_block_stays_idle(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {5};
  bench_open(b, 0);
  struct offload_shape s = {.proto = 6, .payload = 10};
  same(b, frame, offload_build(&r, &s, frame), false);
  for (int n = 0; n < 1000; n++) {
    tb_rand_fill(&r, b->d->s_data, 8);
    tb_step(b->tb);
    assert_false(*b->d->busy_o || *b->d->m_valid);
  }
  bench_close(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_frames_are_verified),
      cmocka_unit_test(every_flipped_bit_is_seen),
      cmocka_unit_test(damaged_frames_get_the_model_verdict),
      cmocka_unit_test(fragments_and_missing_sums_are_not_checked),
      cmocka_unit_test(idle_block_stays_idle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
