/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: mac = mac_10g */
/* The transmit side of the MAC: what leaves on XGMII, decoded by the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dut_mac.h"
#include "tests/rtl/model/xgmii.h"
#include "tests/rtl/tb.h"

TB_DUT(mac)

enum { MAX_FRAMES = 4096, MAX_LEN = 9014, IFG = 12 };

struct seen {
  uint8_t *data;
  size_t len;
  uint64_t start, gap;
  bool damaged, first, bad_preamble;
};

struct bench {
  struct dut_mac *d;
  struct tb *tb;
  struct tb_source *in;
  struct tb_agent wire;
  struct xgmii_decoder decoder;
  struct seen seen[MAX_FRAMES];
  size_t count;
  uint64_t good, errors, underruns, bytes, unicast, multicast, broadcast;
  struct tb_rand rand;
};

static void on_frame(void *ctx, const struct xgmii_frame *f) {
  struct bench *b = ctx;
  assert_true(b->count < MAX_FRAMES);
  struct seen *s = &b->seen[b->count++];
  s->data = malloc(f->len + 1);
  assert_non_null(s->data);
  memcpy(s->data, f->data, f->len);
  s->len = f->len;
  s->start = f->start;
  s->gap = f->gap;
  s->first = f->first;
  s->damaged = f->damaged;
  s->bad_preamble = f->bad_preamble;
  if (f->damaged) assert_int_equal(f->code, XGMII_ERROR);
}

static void wire_sample(void *self) {
  struct bench *b = self;
  struct xgmii_word w = {*b->d->xgmii_txd_o, *b->d->xgmii_txc_o};
  xgmii_decode(&b->decoder, w);
  b->good += *b->d->stat_tx_good;
  b->errors += *b->d->stat_tx_err;
  b->underruns += *b->d->stat_tx_underrun;
  b->unicast += *b->d->stat_tx_unicast;
  b->multicast += *b->d->stat_tx_multicast;
  b->broadcast += *b->d->stat_tx_broadcast;
  if (*b->d->stat_tx_good) b->bytes += *b->d->stat_tx_bytes;
}

static struct bench *bench_new(unsigned stall, uint64_t seed) {
  struct bench *b = calloc(1, sizeof(*b));
  assert_non_null(b);
  struct dut_mac *d = b->d = dut_mac_new();
  struct tb_port port = {d->tx_valid, d->tx_ready, d->tx_data, d->tx_keep,
                         d->tx_last,  d->tx_err,   8};
  b->tb = tb_new_mac(d);
  tb_clock(b->tb, d->tx_clk_i, d->tx_rst_ni, 64);
  b->in = tb_source_new(b->tb, 0, &port, stall, seed);
  b->in->stall_inside = 0;
  b->decoder.on_frame = on_frame;
  b->decoder.ctx = b;
  b->wire = (struct tb_agent){.sample = wire_sample, .self = b};
  tb_agent(b->tb, 0, &b->wire);
  b->rand.state = seed;
  *d->cfg_tx_enable = 1;
  *d->cfg_tx_ifg = IFG;
  tb_reset(b->tb);
  return b;
}

static void bench_delete(struct bench *b) {
  for (size_t i = 0; i < b->count; i++) free(b->seen[i].data);
  xgmii_decoder_free(&b->decoder);
  tb_delete(b->tb);
  dut_mac_delete(b->d);
  free(b);
}

/* Frame number `i` of `len` bytes; the contents follow from both. */
static void fill(uint8_t *frame, size_t len, size_t i) {
  struct tb_rand r = {i * 131071 + len};
  tb_rand_fill(&r, frame, len);
}

static void push(struct bench *b, size_t len, size_t i) {
  uint8_t frame[MAX_LEN + 8];
  fill(frame, len, i);
  tb_source_push(b->in, frame, len);
}

static size_t padded(size_t len) {
  return len < 60 ? 60 : len;
}

static void assert_frame(const struct seen *s, size_t len, size_t i) {
  uint8_t frame[MAX_LEN + 8] = {0};
  fill(frame, len, i);
  assert_false(s->damaged);
  assert_false(s->bad_preamble);
  assert_int_equal(s->len, padded(len) + 4);
  uint32_t fcs = crc32_ieee(0, frame, padded(len));
  for (int k = 0; k < 4; k++)
    frame[padded(len) + (size_t)k] = (uint8_t)(fcs >> 8 * k);
  assert_memory_equal(s->data, frame, s->len);
}

/* Runs until the MAC says that it is idle, and one word more. */
static void drain(struct bench *b) {
  for (int i = 0; i < 2000000; i++) {
    tb_run(b->tb, 1);
    if (tb_source_idle(b->in) && !*b->d->tx_busy_o) break;
  }
  tb_run(b->tb, 1);
  assert_true(tb_source_idle(b->in));
  assert_false(*b->d->tx_busy_o);
  assert_false(b->decoder.open);
  assert_int_equal(b->decoder.stray, 0);
}

static size_t sample_length(size_t i) {
  return i < 200 ? i + 1 : i < 460 ? 200 + (i - 200) * 11 / 2 : MAX_LEN - i % 9;
}

/* EVIDENCE: IEEE 802.3 3.2 and 4.2.3.3 (padding), every length */
static void every_length_leaves_padded_with_fcs(void **state) {
  (void)state;
  static const unsigned stalls[] = {0, 250};
  for (size_t k = 0; k < 2; k++) {
    enum { FRAMES = 470 };
    struct bench *b = bench_new(stalls[k], 11);
    uint64_t bytes = 0;
    for (size_t i = 0; i < FRAMES; i++) {
      push(b, sample_length(i), i);
      bytes += padded(sample_length(i)) + 4;
    }
    drain(b);
    assert_int_equal(b->count, FRAMES);
    for (size_t i = 0; i < FRAMES; i++) {
      assert_frame(&b->seen[i], sample_length(i), i);
      assert_int_equal(b->seen[i].start % 4, 0);
      assert_true(b->seen[i].first || b->seen[i].gap >= 9);
    }
    assert_int_equal(b->good, FRAMES);
    assert_int_equal(b->bytes, bytes);
    assert_int_equal(b->errors + b->underruns, 0);
    bench_delete(b);
  }
}

/* The gap that IEEE 802.3 46.3.1.4 leaves for a start on a multiple of four. */
static unsigned next_gap(unsigned *deficit, size_t len, unsigned ifg) {
  unsigned back = (unsigned)((len + ifg) % 4);
  unsigned gap = ifg - back;
  if (*deficit + back >= 4) gap += 4;
  *deficit = (*deficit + back) % 4;
  return gap;
}

static void assert_gaps(struct bench *b, size_t from, size_t to, unsigned ifg) {
  unsigned deficit = 0;
  uint64_t nominal = b->seen[from].start;
  assert_int_equal(b->seen[from].start % 8, 0);
  for (size_t i = from; i < to; i++) {
    const struct seen *s = &b->seen[i];
    int64_t late = (int64_t)(s->start - nominal);
    assert_true(late >= -3 && late <= 0);
    nominal += s->len + 8 + ifg;
    if (i + 1 == to) break;
    unsigned gap = next_gap(&deficit, s->len, ifg);
    assert_int_equal(s[1].gap, gap);
    assert_int_equal(s[1].start, s->start + 8 + s->len + gap);
    assert_true(gap >= ifg - 3 && gap <= ifg + 3);
  }
}

/* EVIDENCE: IEEE 802.3 46.3.1.4 (deficit idle count) */
static void back_to_back_frames_keep_gap_and_rate(void **state) {
  (void)state;
  enum { FRAMES = 3000 };
  struct bench *b = bench_new(0, 5);
  size_t len[FRAMES];
  for (size_t i = 0; i < FRAMES; i++) {
    len[i] = 14 + tb_rand_below(&b->rand, i % 3 ? 100 : 1500);
    push(b, len[i], i);
  }
  drain(b);
  assert_int_equal(b->count, FRAMES);
  assert_gaps(b, 0, FRAMES, IFG);
  for (size_t i = 0; i < FRAMES; i++) assert_frame(&b->seen[i], len[i], i);
  bench_delete(b);
}

static void every_length_in_a_row_after_idle_starts_on_lane_0(void **state) {
  (void)state;
  struct bench *b = bench_new(0, 6);
  for (size_t len = 60; len < 92; len++) {
    size_t from = b->count;
    for (size_t k = 0; k < 10; k++) push(b, len, k);
    drain(b);
    assert_int_equal(b->count, from + 10);
    assert_gaps(b, from, from + 10, IFG);
    tb_run(b->tb, tb_rand_below(&b->rand, 10));
  }
  bench_delete(b);
}

static void other_gaps_are_kept(void **state) {
  (void)state;
  for (unsigned ifg = 8; ifg < 256; ifg += ifg < 24 ? 1 : 33) {
    struct bench *b = bench_new(0, ifg);
    *b->d->cfg_tx_ifg = (uint8_t)ifg;
    for (size_t i = 0; i < 100; i++) push(b, 60 + i % 23, i);
    drain(b);
    assert_int_equal(b->count, 100);
    assert_gaps(b, 0, 100, ifg);
    for (size_t i = 0; i < 100; i++) assert_frame(&b->seen[i], 60 + i % 23, i);
    bench_delete(b);
  }
}

/* The line is full: 20 bytes beside each frame, at every size. */
static void line_rate_is_reached(void **state) {
  (void)state;
  static const size_t sizes[] = {64,  65,  66,   67,   68,
                                 127, 256, 1024, 1518, 9018};
  for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
    enum { FRAMES = 200 };
    struct bench *b = bench_new(0, k);
    for (size_t i = 0; i <= FRAMES; i++) push(b, sizes[k] - 4, i);
    drain(b);
    assert_int_equal(b->count, FRAMES + 1);
    uint64_t took = b->seen[FRAMES].start - b->seen[0].start;
    assert_true(took <= FRAMES * (sizes[k] + 20));
    assert_true(took + 3 >= FRAMES * (sizes[k] + 20));
    bench_delete(b);
  }
}

/* EVIDENCE: IEEE 802.3 46.3.3.1 (error code inside an errored frame) */
static void client_error_leaves_as_errored_frame_next_is_good(void **state) {
  (void)state;
  enum { FRAMES = 200 };
  struct bench *b = bench_new(0, 9);
  size_t errors = 0;
  for (size_t i = 0; i < FRAMES; i++) {
    uint8_t frame[256];
    size_t len = 1 + i;
    fill(frame, len, i);
    struct tb_frame *f = tb_source_push(b->in, frame, len);
    f->err = i % 2;
    errors += i % 2;
  }
  drain(b);
  assert_int_equal(b->count, FRAMES);
  assert_int_equal(b->errors, errors);
  assert_int_equal(b->good, FRAMES - errors);
  assert_int_equal(b->underruns, 0);
  for (size_t i = 0; i < FRAMES; i++) {
    assert_int_equal(b->seen[i].damaged, i % 2);
    if (i % 2)
      assert_int_equal(b->seen[i].len, padded(1 + i));
    else
      assert_frame(&b->seen[i], 1 + i, i);
  }
  bench_delete(b);
}

static void error_on_first_beat(void *ctx, const struct tb_frame *f,
                                size_t offset) {
  struct bench *b = ctx;
  *b->d->tx_err = f->user && offset == 0;
}

static void client_error_on_first_beat_counts(void **state) {
  (void)state;
  struct bench *b = bench_new(0, 10);
  b->in->on_beat = error_on_first_beat;
  b->in->ctx = b;
  for (size_t i = 0; i < 20; i++) {
    uint8_t frame[100];
    fill(frame, 100, i);
    tb_source_push(b->in, frame, 100)->user = i % 3 == 1;
  }
  drain(b);
  assert_int_equal(b->count, 20);
  for (size_t i = 0; i < 20; i++)
    assert_int_equal(b->seen[i].damaged, i % 3 == 1);
  bench_delete(b);
}

static void pausing_client_leaves_errored_frame_next_is_good(void **state) {
  (void)state;
  enum { FRAMES = 600 };
  struct bench *b = bench_new(20, 12);
  b->in->stall_inside = 20;
  for (size_t i = 0; i < FRAMES; i++) push(b, 9 + i % 211, i);
  drain(b);
  assert_int_equal(b->count, FRAMES);
  assert_int_equal(b->underruns, b->errors);
  assert_int_equal(b->errors + b->good, FRAMES);
  size_t damaged = 0;
  for (size_t i = 0; i < FRAMES; i++) {
    damaged += b->seen[i].damaged;
    assert_true(b->seen[i].first || b->seen[i].gap >= 9);
    if (!b->seen[i].damaged) assert_frame(&b->seen[i], 9 + i % 211, i);
  }
  assert_int_equal(damaged, b->errors);
  assert_true(damaged > FRAMES / 8 && damaged < FRAMES);
  bench_delete(b);
}

static void disabled_sends_nothing_enabled_again_sends_all(void **state) {
  (void)state;
  struct bench *b = bench_new(0, 13);
  for (size_t i = 0; i < 8; i++) push(b, 1000, i);
  tb_run(b->tb, 200);
  *b->d->cfg_tx_enable = 0;
  tb_run(b->tb, 500);
  size_t count = b->count;
  assert_true(count >= 1 && count <= 3);
  assert_false(b->decoder.open); /* the frame in flight was finished */
  tb_run(b->tb, 500);
  assert_int_equal(b->count, count);
  *b->d->cfg_tx_enable = 1;
  drain(b);
  assert_int_equal(b->count, 8);
  for (size_t i = 0; i < 8; i++) assert_frame(&b->seen[i], 1000, i);
  bench_delete(b);
}

static void destination_decides_the_counter(void **state) {
  (void)state;
  struct bench *b = bench_new(100, 14);
  uint8_t frame[60] = {0};
  for (int i = 0; i < 60; i++) {
    memset(frame, i % 3 == 2 ? 0xff : 0x42, 6);
    if (i % 3 == 1) frame[0] = 0x43;
    if (i % 3 == 1 && i % 2) {
      memset(frame, 0xff, 6);
      frame[5] = 0xfe;
    }
    tb_source_push(b->in, frame, sizeof(frame));
  }
  drain(b);
  assert_int_equal(b->unicast, 20);
  assert_int_equal(b->multicast, 20);
  assert_int_equal(b->broadcast, 20);
  bench_delete(b);
}

static void idle_is_constant_once_not_busy(void **state) {
  (void)state;
  struct bench *b = bench_new(0, 15);
  for (size_t i = 0; i < 40; i++) {
    push(b, 60 + i, i);
    if (i % 3 == 0) push(b, 77, i);
    while (!*b->d->tx_busy_o) tb_run(b->tb, 1);
    drain(b);
    struct xgmii_word idle = XGMII_IDLE_WORD;
    for (int k = 0; k < 100; k++) {
      assert_true(*b->d->xgmii_txd_o == idle.data);
      assert_int_equal(*b->d->xgmii_txc_o, idle.ctrl);
      assert_false(*b->d->tx_busy_o);
      tb_run(b->tb, 1);
    }
  }
  bench_delete(b);
}

/* What the MAC sends and takes must not depend on a reset having come. */
static void line_is_idle_from_power_up(void **state) {
  (void)state;
  struct dut_mac *d = dut_mac_new();
  struct tb *tb = tb_new_mac(d);
  tb_clock(tb, d->tx_clk_i, d->tx_rst_ni, 64);
  *d->tx_rst_ni = 1;
  *d->cfg_tx_ifg = IFG;
  tb->eval(d);
  struct xgmii_word idle = XGMII_IDLE_WORD;
  for (int k = 0; k < 20; k++) {
    assert_true(*d->xgmii_txd_o == idle.data);
    assert_int_equal(*d->xgmii_txc_o, idle.ctrl);
    assert_false(*d->tx_ready);
    assert_false(*d->tx_busy_o);
    tb_run(tb, 1);
  }
  tb_delete(tb);
  dut_mac_delete(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_length_leaves_padded_with_fcs),
      cmocka_unit_test(back_to_back_frames_keep_gap_and_rate),
      cmocka_unit_test(every_length_in_a_row_after_idle_starts_on_lane_0),
      cmocka_unit_test(other_gaps_are_kept),
      cmocka_unit_test(line_rate_is_reached),
      cmocka_unit_test(client_error_leaves_as_errored_frame_next_is_good),
      cmocka_unit_test(client_error_on_first_beat_counts),
      cmocka_unit_test(pausing_client_leaves_errored_frame_next_is_good),
      cmocka_unit_test(disabled_sends_nothing_enabled_again_sends_all),
      cmocka_unit_test(destination_decides_the_counter),
      cmocka_unit_test(idle_is_constant_once_not_busy),
      cmocka_unit_test(line_is_idle_from_power_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
