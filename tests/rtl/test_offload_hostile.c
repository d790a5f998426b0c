/* SPDX-License-Identifier: Apache-2.0 */
/* The transmit offload against a hostile driver and against flushes at any
 * cycle: it never hangs, sends nothing outside its rules, and the next good
 * frame is right. */
/* DUT: offload_tx */
#include "tests/rtl/model/offload_bench.h"

static struct bench bench;
static uint8_t frame[OFFLOAD_MAX];

static uint16_t edge16(struct tb_rand *r) {
  static const uint16_t edges[] = {0,    1,      6,      13,    14,   16,
                                   20,   34,     38,     54,    1400, 1460,
                                   1500, 0x7fff, 0xfffe, 0xffff};
  if (tb_rand_chance(r, 160)) return edges[tb_rand_below(r, 16)];
  return (uint16_t)tb_rand64(r);
}

static struct model_tx_meta any_meta(struct tb_rand *r,
                                     const struct offload_shape *s) {
  static const uint8_t types[] = {0, 0, 1, 1, 1, 0x81, 3, 4, 5, 0x80, 0xff};
  struct model_tx_meta m = bench_csum(s);
  m.gso_type = types[tb_rand_below(r, sizeof(types))];
  m.gso_size = (uint16_t)(1 + tb_rand_below(r, 300));
  if (tb_rand_chance(r, 60)) m.gso_size = edge16(r);
  if (tb_rand_chance(r, 60)) m.csum_start = edge16(r);
  if (tb_rand_chance(r, 60)) m.csum_offset = edge16(r);
  if (tb_rand_chance(r, 60)) m.needs_csum = !m.needs_csum;
  m.error = tb_rand_chance(r, 20);
  return m;
}

/* A frame with a few bytes of its headers changed, or cut anywhere. */
static size_t any_frame(struct tb_rand *r, struct offload_shape *s) {
  *s = offload_any(r, tb_rand_chance(r, 30) ? 3000 : 300);
  if (tb_rand_chance(r, 160)) s->proto = 6, s->ipv6 = false;
  size_t len = offload_build(r, s, frame);
  for (uint32_t n = tb_rand_below(r, 4); n > 0 && tb_rand_chance(r, 128); n--)
    frame[12 + tb_rand_below(r, 60)] ^= (uint8_t)(1 << tb_rand_below(r, 8));
  if (tb_rand_chance(r, 40)) len = 1 + tb_rand_below(r, (uint32_t)len);
  return len;
}

static void push_good(struct bench *b, struct tb_rand *r) {
  struct offload_shape s = {.proto = 6, .payload = 500};
  size_t len = offload_build(r, &s, frame);
  struct model_tx_meta m = bench_csum(&s);
  m.gso_type = 1;
  m.gso_size = 200;
  bench_push(b, frame, len, m);
}

static void any_metadata_does_what_the_model_says(void **state) {
  (void)state;
  for (unsigned stall = 0; stall < 200; stall += 66) {
    struct bench *b = &bench;
    struct tb_rand r = {11 + stall};
    bench_open(b, stall, stall / 2, 2);
    for (int n = 0; n < 2000; n++) {
      struct offload_shape s;
      size_t len = any_frame(&r, &s);
      bench_push(b, frame, len, any_meta(&r, &s));
    }
    bench_drain(b);
    bench_check(b);
    for (int i = MODEL_DROP_BAD_CSUM; i < MODEL_VERDICTS; i++)
      assert_true(b->drops[i] > 0);
    bench_close(b);
  }
}

/* Takes what came out, whatever it is, within the longest frame. */
static void forget(struct bench *b) {
  const struct tb_frame *f;
  while ((f = tb_sink_pop(b->out)))
    assert_true(f->user == DROPPED || f->len <= MAX_FRAME);
  model_frames_free(&b->expect);
  b->compared = 0;
  memcpy(b->want_drops, b->drops, sizeof(b->drops));
}

static void noise_with_errors_never_hangs(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {21};
  bench_open(b, 40, 40, 2);
  for (int round = 0; round < 60; round++) {
    for (int n = 0; n < 20; n++) {
      struct offload_shape s;
      size_t len = any_frame(&r, &s);
      bench_send(b, frame, len, any_meta(&r, &s))->err =
          tb_rand_chance(&r, 128);
    }
    bench_drain(b);
    forget(b);
    push_good(b, &r);
    bench_drain(b);
    bench_check(b);
    b->metas = 0;
  }
  bench_close(b);
}

/* The client stops, the FIFO behind forgets its open frame. */
static void flush(struct bench *b) {
  for (; b->in->sent < b->in->count; b->in->sent++) {
    free(b->in->queue[b->in->sent].data);
    b->in->queue[b->in->sent].data = NULL;
  }
  b->in->offering = false;
  b->in->offset = 0;
  *b->d->flush_i = 1;
  tb_step(b->tb);
  *b->d->flush_i = 0;
  b->out->open.len = 0;
  b->out->waiting = false;
}

static void flush_at_any_cycle_leaves_nothing(void **state) {
  (void)state;
  struct bench *b = &bench;
  struct tb_rand r = {31};
  bench_open(b, 30, 60, 2);
  for (int round = 0; round < 1500; round++) {
    for (int n = 0; n < 3; n++) {
      struct offload_shape s;
      size_t len = any_frame(&r, &s);
      bench_push(b, frame, len, any_meta(&r, &s));
    }
    push_good(b, &r);
    tb_run(b->tb, 1 + tb_rand_below(&r, 300));
    /* Frames before the flush are those the model expects, in order. */
    const struct tb_frame *f;
    while ((f = tb_sink_pop(b->out))) {
      if (f->user == DROPPED) continue;
      assert_true(b->compared < b->expect.count);
      assert_int_equal(f->len, b->expect.len[b->compared]);
      assert_memory_equal(f->data, b->expect.data[b->compared++], f->len);
    }
    flush(b);
    forget(b);
    tb_step(b->tb);
    assert_false(*b->d->m_valid);
    assert_false(*b->d->busy_o);
    forget(b);
    push_good(b, &r);
    bench_drain(b);
    bench_check(b);
    forget(b);
    b->metas = 0;
  }
  bench_close(b);
}

/* Whatever limit software sets, a frame ends before it outgrows its buffers. */
static void no_limit_exceeds_the_segment_buffer(void **state) {
  (void)state;
  static const uint16_t limits[] = {0,    1,    13,   14,     60,    1514,
                                    2047, 2048, 2049, 0x7fff, 0xffff};
  for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
    struct bench *b = &bench;
    struct tb_rand r = {41 + i};
    bench_open(b, 20, 20, 2);
    *b->d->cfg_max_frame = limits[i];
    for (size_t len = 2030; len < 60000; len += len < 2060 ? 1 : 20000) {
      struct offload_shape s = {.proto = 6, .payload = len - 54};
      offload_build(&r, &s, frame);
      struct model_tx_meta m = bench_csum(&s);
      bench_push(b, frame, len, m);
      m.gso_type = 1;
      m.gso_size = (uint16_t)(len - 54 < 0xffff ? len - 54 : 0xffff);
      bench_push(b, frame, len, m);
      m.gso_size = 2048 - 54;
      bench_push(b, frame, len, m);
    }
    bench_drain(b);
    bench_check(b);
    bench_close(b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_metadata_does_what_the_model_says),
      cmocka_unit_test(noise_with_errors_never_hangs),
      cmocka_unit_test(no_limit_exceeds_the_segment_buffer),
      cmocka_unit_test(flush_at_any_cycle_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
