/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: mac = mac_10g */
/* The receive side of the MAC against a model that reads the same characters.
 * After every fault a good frame follows at once and must arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "dut_mac.h"
#include "tests/rtl/model/mac_rx_model.h"
#include "tests/rtl/model/xgmii.h"
#include "tests/rtl/tb.h"

TB_DUT(mac)

enum { MAX_LEN = 9018, BUFFER = 16384 };
static const uint8_t station[6] = {0x02, 0x50, 0x48, 0, 0, 1};

struct bench {
  struct dut_mac *d;
  struct tb *tb;
  struct tb_sink *out;
  struct tb_agent phy;
  struct xgmii_line line;
  struct mac_rx_model model;
  struct tb_rand rand;
  struct tb_frame *expected; /* delivered, errored ones with err */
  size_t count, capacity;
  uint64_t want[MAC_RX_CAUSES], got[MAC_RX_CAUSES];
  uint64_t want_bytes, got_bytes;
  uint64_t unicast, multicast, broadcast;
};

static void on_model_frame(void *ctx, const struct mac_rx_frame *f) {
  struct bench *b = ctx;
  b->want[f->cause]++;
  if (f->cause == MAC_RX_GOOD) b->want_bytes += f->len;
  if (!f->delivered) return;
  if (b->count == b->capacity) {
    b->capacity = b->capacity ? 2 * b->capacity : 256;
    b->expected = realloc(b->expected, b->capacity * sizeof(*b->expected));
    assert_non_null(b->expected);
  }
  struct tb_frame *e = &b->expected[b->count++];
  *e = (struct tb_frame){.err = f->cause != MAC_RX_GOOD};
  e->len = f->len < 4 ? 0 : f->len - 4;
  e->data = malloc(f->len + 1);
  assert_non_null(e->data);
  memcpy(e->data, f->data, f->len);
}

static void phy_drive(void *self) {
  struct bench *b = self;
  struct xgmii_word w = xgmii_take(&b->line);
  *b->d->xgmii_rxd_i = w.data;
  *b->d->xgmii_rxc_i = w.ctrl;
  for (unsigned i = 0; i < 8; i++)
    mac_rx_model_char(&b->model, (uint8_t)(w.data >> 8 * i), w.ctrl >> i & 1);
}

static void phy_sample(void *self) {
  struct bench *b = self;
  struct dut_mac *d = b->d;
  b->got[MAC_RX_GOOD] += *d->stat_rx_good;
  b->got[MAC_RX_FILTERED] += *d->stat_rx_filtered;
  b->got[MAC_RX_CODE_ERR] += *d->stat_rx_code_err;
  b->got[MAC_RX_OVERSIZE] += *d->stat_rx_oversize;
  b->got[MAC_RX_RUNT] += *d->stat_rx_runt;
  b->got[MAC_RX_BAD_FCS] += *d->stat_rx_bad_fcs;
  b->unicast += *d->stat_rx_unicast;
  b->multicast += *d->stat_rx_multicast;
  b->broadcast += *d->stat_rx_broadcast;
  if (!*d->stat_rx_good) return;
  b->got_bytes += *d->stat_rx_bytes;
  /* The verdict comes with the last beat. */
  assert_true(*d->rx_valid && *d->rx_last && !*d->rx_err);
}

static struct bench *bench_new(uint64_t seed) {
  struct bench *b = calloc(1, sizeof(*b));
  assert_non_null(b);
  struct dut_mac *d = b->d = dut_mac_new();
  struct tb_port port = {d->rx_valid, NULL,      d->rx_data, d->rx_keep,
                         d->rx_last,  d->rx_err, 8};
  b->tb = tb_new_mac(d);
  tb_clock(b->tb, d->rx_clk_i, d->rx_rst_ni, 64);
  b->phy = (struct tb_agent){phy_drive, phy_sample, b, 0, NULL};
  tb_agent(b->tb, 0, &b->phy);
  b->out = tb_sink_new(b->tb, 0, &port, 0, 0);
  b->rand.state = seed;
  memcpy(b->model.station, station, 6);
  b->model.promisc = true;
  b->model.max_len = MAX_LEN;
  b->model.on_frame = on_model_frame;
  b->model.ctx = b;
  *d->cfg_rx_enable = 1;
  *d->cfg_rx_max_len = MAX_LEN;
  *d->cfg_mac_addr = 0x025048000001u;
  *d->cfg_promisc = 1;
  struct xgmii_word idle = XGMII_IDLE_WORD;
  *d->xgmii_rxd_i = idle.data;
  *d->xgmii_rxc_i = idle.ctrl;
  tb_reset(b->tb);
  return b;
}

static void bench_delete(struct bench *b) {
  for (size_t i = 0; i < b->count; i++) free(b->expected[i].data);
  free(b->expected);
  xgmii_line_free(&b->line);
  tb_delete(b->tb);
  dut_mac_delete(b->d);
  free(b);
}

/* Plays what is on the line and compares with the model. */
static void play(struct bench *b) {
  tb_run(b->tb, b->line.count / 8 + 4);
  for (int i = 0; i < 100 && *b->d->rx_busy_o; i++) tb_run(b->tb, 1);
  assert_false(*b->d->rx_busy_o);
  assert_true(xgmii_line_empty(&b->line));
  for (int i = 0; i < MAC_RX_CAUSES; i++)
    assert_int_equal(b->got[i], b->want[i]);
  assert_int_equal(b->got_bytes, b->want_bytes);
  assert_int_equal(b->unicast + b->multicast + b->broadcast,
                   b->got[MAC_RX_GOOD]);
  assert_int_equal(b->out->open.len, 0);
  assert_int_equal(b->out->count, b->count);
  for (size_t i = b->out->taken; i < b->count; i++) {
    const struct tb_frame *f = tb_sink_pop(b->out), *e = &b->expected[i];
    assert_int_equal(f->err, e->err);
    if (e->err) continue;
    assert_int_equal(f->len, e->len);
    assert_memory_equal(f->data, e->data, e->len);
  }
}

/* A random frame of `len` bytes with its FCS. */
static void make(struct bench *b, uint8_t *frame, size_t len) {
  tb_rand_fill(&b->rand, frame, len);
  uint32_t fcs = crc32_ieee(0, frame, len - 4);
  for (int i = 0; i < 4; i++)
    frame[len - 4 + (size_t)i] = (uint8_t)(fcs >> 8 * i);
}

/* The frame at the next start lane; `idles` characters at least lie between
 * the last terminate and it. */
static void put_good(struct bench *b, size_t len, size_t idles) {
  uint8_t frame[BUFFER];
  make(b, frame, len);
  xgmii_put_idle(&b->line, idles);
  while (b->line.count % 4) xgmii_put_idle(&b->line, 1);
  xgmii_put_frame(&b->line, frame, len);
}

static size_t sample_length(size_t i) {
  return i < 200   ? 64 + i
         : i < 440 ? 200 + (i - 200) * 11 / 2
                   : MAX_LEN - i % 9;
}

static void every_length_at_gaps_from_terminate_alone(void **state) {
  (void)state;
  for (size_t idles = 0; idles < 16; idles++) {
    struct bench *b = bench_new(idles + 1);
    for (size_t i = 0; i < 450; i++) put_good(b, sample_length(i), idles);
    play(b);
    assert_int_equal(b->got[MAC_RX_GOOD], 450);
    bench_delete(b);
  }
}

/* Each pair of terminate lane and start lane, at the smallest gap. */
static void every_lane_pair_is_received(void **state) {
  (void)state;
  struct bench *b = bench_new(3);
  size_t frames = 0;
  for (unsigned first = 0; first < 8; first += 4) {
    for (size_t len = 64; len < 72; len++) {
      for (unsigned second = 0; second < 8; second += 4) {
        uint8_t frame[128];
        xgmii_put_idle(&b->line, 16);
        xgmii_put_align(&b->line, first);
        make(b, frame, len);
        xgmii_put_frame(&b->line, frame, len);
        xgmii_put_align(&b->line, second);
        make(b, frame, 65);
        xgmii_put_frame(&b->line, frame, 65);
        frames += 2;
      }
    }
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_GOOD], frames);
  bench_delete(b);
}

/* Each control code at each position of a short and a longer frame. */
static void control_code_anywhere_next_frame_is_received(void **state) {
  (void)state;
  static const uint8_t codes[] = {
      XGMII_ERROR, XGMII_IDLE, XGMII_SEQUENCE, XGMII_TERMINATE,
      XGMII_START, 0x00,       0x06,           0xff};
  static const size_t lengths[] = {64, 71};
  for (size_t c = 0; c < sizeof(codes); c++) {
    struct bench *b = bench_new(c);
    uint64_t goods = 0;
    for (size_t k = 0; k < 4; k++) {
      size_t len = lengths[k / 2];
      for (size_t at = 0; at < len + 8; at++) {
        uint8_t frame[128];
        make(b, frame, len);
        xgmii_put_align(&b->line, k % 2 ? 4 : 0);
        size_t start = b->line.count;
        xgmii_put_frame(&b->line, frame, len);
        b->line.data[start + at] = codes[c];
        b->line.ctrl[start + at] = 1;
        put_good(b, 64 + at % 5, 0);
        goods++;
      }
    }
    play(b);
    assert_true(b->got[MAC_RX_GOOD] >= goods);
    assert_true(b->got[MAC_RX_CODE_ERR] + b->got[MAC_RX_RUNT] > 0);
    bench_delete(b);
  }
}

static void each_wrong_bit_is_found_by_the_fcs(void **state) {
  (void)state;
  struct bench *b = bench_new(4);
  for (size_t bit = 0; bit < 69 * 8; bit++) {
    uint8_t frame[128];
    make(b, frame, 69);
    frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
    while (b->line.count % 4) xgmii_put_idle(&b->line, 1);
    xgmii_put_frame(&b->line, frame, 69);
    put_good(b, 64 + bit % 8, 0);
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_BAD_FCS], 69 * 8);
  assert_int_equal(b->got[MAC_RX_GOOD], 69 * 8);
  bench_delete(b);
}

static void runts_of_every_length_are_counted(void **state) {
  (void)state;
  struct bench *b = bench_new(5);
  for (size_t len = 0; len < 64; len++) {
    for (unsigned lane = 0; lane < 8; lane += 4) {
      uint8_t frame[128] = {0};
      make(b, frame, len < 4 ? 4 : len); /* with a right FCS where it fits */
      xgmii_put_align(&b->line, lane);
      xgmii_put_frame(&b->line, frame, len);
      put_good(b, 64 + len % 8, 0);
    }
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_RUNT], 128);
  assert_int_equal(b->got[MAC_RX_GOOD], 128);
  bench_delete(b);
}

static void limit_of_length_is_exact(void **state) {
  (void)state;
  static const uint16_t limits[] = {64, 65, 70, 1518, 1522, 9018, 12000};
  for (size_t k = 0; k < sizeof(limits) / sizeof(*limits); k++) {
    struct bench *b = bench_new(k);
    *b->d->cfg_rx_max_len = limits[k];
    b->model.max_len = limits[k];
    for (size_t over = 0; over < 20; over++) {
      put_good(b, limits[k] + over, 0);
      put_good(b, 64, 0);
    }
    play(b);
    assert_int_equal(b->got[MAC_RX_GOOD], 21);
    assert_int_equal(b->got[MAC_RX_OVERSIZE], 19);
    bench_delete(b);
  }
}

/* EVIDENCE: IEEE 802.3 4.2.4.2.1 (a jabbering station) */
static void endless_frame_is_cut_and_counted_once(void **state) {
  (void)state;
  struct bench *b = bench_new(7);
  xgmii_put(&b->line, XGMII_START, true);
  for (int i = 0; i < 6; i++) xgmii_put(&b->line, XGMII_PREAMBLE, false);
  xgmii_put(&b->line, XGMII_SFD, false);
  for (int i = 0; i < 100000; i++) xgmii_put(&b->line, (uint8_t)i, false);
  xgmii_put(&b->line, XGMII_TERMINATE, true);
  put_good(b, 100, 0);
  play(b);
  assert_int_equal(b->got[MAC_RX_OVERSIZE], 1);
  assert_int_equal(b->got[MAC_RX_GOOD], 1);
  assert_true(b->out->frames[0].err);
  assert_true(b->out->frames[0].len <= MAX_LEN);
  bench_delete(b);
}

static void missing_terminate_or_start_next_frame_is_received(void **state) {
  (void)state;
  struct bench *b = bench_new(8);
  for (size_t i = 0; i < 200; i++) {
    uint8_t frame[300];
    size_t len = 64 + i % 77;
    make(b, frame, len);
    while (b->line.count % 4) xgmii_put_idle(&b->line, 1);
    size_t begin = b->line.count;
    xgmii_put_frame(&b->line, frame, len);
    if (i % 2) {
      b->line.count--; /* its terminate; the frame after it may join it */
      if (i % 4 == 1) xgmii_put_idle(&b->line, 1);
    } else {
      b->line.data[begin] = XGMII_IDLE; /* begins in its middle */
    }
    put_good(b, 64 + i % 9, i % 4 == 3 ? 0 : i % 6);
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_GOOD], 200);
  bench_delete(b);
}

/* EVIDENCE: IEEE 802.3 46.3.4 (local and remote fault ordered sets) */
static void fault_ordered_sets_between_frames_are_passed_over(void **state) {
  (void)state;
  struct bench *b = bench_new(9);
  for (size_t i = 0; i < 60; i++) {
    while (b->line.count % 4) xgmii_put_idle(&b->line, 1);
    for (size_t k = 0; k < i % 9; k++) {
      xgmii_put(&b->line, XGMII_SEQUENCE, true);
      xgmii_put(&b->line, 0, false);
      xgmii_put(&b->line, 0, false);
      xgmii_put(&b->line, (uint8_t)(1 + i % 3), false);
    }
    put_good(b, 64 + i, 0);
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_GOOD], 60);
  assert_int_equal(b->got[MAC_RX_CODE_ERR], 0);
  bench_delete(b);
}

static void wrong_sfd_is_a_code_error_without_frame(void **state) {
  (void)state;
  struct bench *b = bench_new(10);
  for (unsigned bit = 0; bit < 16; bit++) {
    uint8_t frame[64];
    make(b, frame, 64);
    xgmii_put_align(&b->line, bit / 8 * 4);
    size_t begin = b->line.count;
    xgmii_put_frame(&b->line, frame, 64);
    b->line.data[begin + 7] ^= (uint8_t)(1 << bit % 8);
    put_good(b, 64, 0);
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_CODE_ERR], 16);
  assert_int_equal(b->out->count, 16);
  bench_delete(b);
}

/* EVIDENCE: IEEE 802.3 3.2.3 and 4.2.4.1.1 (address recognition) */
static void filter_mode(bool promisc, bool allmulti) {
  struct bench *b = bench_new(11);
  b->model.promisc = promisc;
  b->model.allmulti = allmulti;
  *b->d->cfg_promisc = promisc;
  *b->d->cfg_allmulti = allmulti;
  for (int i = 0; i < 400; i++) {
    uint8_t frame[128];
    size_t len = 64 + (size_t)i % 16;
    tb_rand_fill(&b->rand, frame, len);
    memcpy(frame, station, 6);
    if (i % 4 == 1) memset(frame, 0xff, 6);
    if (i % 4 == 2) frame[0] |= 1;
    /* One bit off, of the station's, a group's or the broadcast address. */
    if (i % 8 >= 5) frame[i / 8 % 6] ^= (uint8_t)(1 << i % 7);
    uint32_t fcs = crc32_ieee(0, frame, len - 4);
    if (i % 11 == 0) fcs ^= 1;
    for (int k = 0; k < 4; k++)
      frame[len - 4 + (size_t)k] = (uint8_t)(fcs >> 8 * k);
    while (b->line.count % 4) xgmii_put_idle(&b->line, 1);
    xgmii_put_frame(&b->line, frame, len);
  }
  play(b);
  assert_int_equal(b->got[MAC_RX_FILTERED] > 0, !promisc);
  assert_true(b->unicast > 0 && b->broadcast > 0);
  assert_int_equal(b->multicast > 0, promisc || allmulti);
  assert_true(b->got[MAC_RX_BAD_FCS] > 0);
  bench_delete(b);
}

static void filter_keeps_frames_for_this_station(void **state) {
  (void)state;
  filter_mode(false, false);
  filter_mode(false, true);
  filter_mode(true, false);
  filter_mode(true, true);
}

static void disabled_receives_nothing(void **state) {
  (void)state;
  struct bench *b = bench_new(12);
  *b->d->cfg_rx_enable = 0;
  for (size_t i = 0; i < 20; i++) put_good(b, 64 + i, 0);
  tb_run(b->tb, b->line.count / 8 + 20);
  assert_int_equal(b->out->count + b->got[MAC_RX_GOOD], 0);
  assert_false(*b->d->rx_busy_o);
  bench_delete(b);
}

/* Any characters at all, frames among them; the last frame is good. */
static void random_line_matches_the_model(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 40; seed++) {
    struct bench *b = bench_new(100 + seed);
    static const uint8_t favoured[] = {
        XGMII_START,    XGMII_TERMINATE, XGMII_ERROR,    XGMII_IDLE,
        XGMII_SEQUENCE, XGMII_SFD,       XGMII_PREAMBLE, XGMII_TERMINATE};
    for (int i = 0; i < 150; i++) {
      put_good(b, 64 + tb_rand_below(&b->rand, 200), 0);
      size_t noise = tb_rand_below(&b->rand, 40);
      for (size_t k = 0; k < noise; k++) {
        size_t at = b->line.count - 1 - tb_rand_below(&b->rand, 64);
        b->line.data[at] = favoured[tb_rand_below(&b->rand, 8)];
        b->line.ctrl[at] = tb_rand_chance(&b->rand, 128);
        if (noise < 20) break;
      }
    }
    put_good(b, 64, 8);
    play(b);
    assert_false(b->out->frames[b->out->count - 1].err);
    bench_delete(b);
  }
}

static void frames_at_line_rate_all_arrive(void **state) {
  (void)state;
  static const size_t sizes[] = {64, 65, 67, 128, 1518, 9018};
  for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
    struct bench *b = bench_new(k);
    for (size_t i = 0; i < 200; i++) {
      size_t gap = b->line.count; /* deficit: 20 bytes a frame on average */
      size_t due = i * (sizes[k] + 20);
      put_good(b, sizes[k], due > gap ? (due - gap) / 4 * 4 : 0);
    }
    play(b);
    assert_int_equal(b->got[MAC_RX_GOOD], 200);
    bench_delete(b);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_length_at_gaps_from_terminate_alone),
      cmocka_unit_test(every_lane_pair_is_received),
      cmocka_unit_test(control_code_anywhere_next_frame_is_received),
      cmocka_unit_test(each_wrong_bit_is_found_by_the_fcs),
      cmocka_unit_test(runts_of_every_length_are_counted),
      cmocka_unit_test(limit_of_length_is_exact),
      cmocka_unit_test(endless_frame_is_cut_and_counted_once),
      cmocka_unit_test(missing_terminate_or_start_next_frame_is_received),
      cmocka_unit_test(fault_ordered_sets_between_frames_are_passed_over),
      cmocka_unit_test(wrong_sfd_is_a_code_error_without_frame),
      cmocka_unit_test(filter_keeps_frames_for_this_station),
      cmocka_unit_test(disabled_receives_nothing),
      cmocka_unit_test(random_line_matches_the_model),
      cmocka_unit_test(frames_at_line_rate_all_arrive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
