/* SPDX-License-Identifier: Apache-2.0 */
/* DUT: mac = mac_10g */
/* Line rate of the MAC alone: frames of one size back to back, the transmit
 * side's XGMII joined to the receive side's. Every byte that arrives is
 * compared.
 *
 * Prints `mac_line_ratio_<size>_tx`: what N frames take on a full wire, size +
 * 20 bytes each, over the time from the first start to the start after the
 * last; and `mac_line_ratio_<size>_rx`: the share of those frames that the
 * receive side delivers, over the same time. An argument sets N (100000).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dut_mac.h"
#include "tests/rtl/model/xgmii.h"

enum { VARIANTS = 16, MAX_BEATS = 1128, OVERHEAD = 20 };

struct bench {
  struct dut_mac *d;
  uint32_t len, beats; /* without FCS */
  uint64_t frame[VARIANTS][MAX_BEATS];
  uint8_t last_keep;
  uint64_t sent, sent_beat; /* frames and beats that the MAC took */
  uint64_t got, got_beat, bad;
  uint64_t cycle, starts;
  uint64_t first_start, last_start; /* bytes since the beginning */
};

static void make_frames(struct bench *b, uint32_t size) {
  uint64_t random = size;
  b->len = size - 4;
  b->beats = (b->len + 7) / 8;
  b->last_keep = (uint8_t)(0xff >> (8 * b->beats - b->len));
  for (unsigned v = 0; v < VARIANTS; v++) {
    for (unsigned i = 0; i < b->beats; i++) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      b->frame[v][i] = random ^ random >> 29;
    }
    memset((uint8_t *)b->frame[v] + b->len, 0, 8 * b->beats - b->len);
  }
}

static void look_for_start(struct bench *b) {
  uint64_t data = *b->d->xgmii_txd_o;
  uint8_t ctrl = *b->d->xgmii_txc_o;
  unsigned lane;
  if (ctrl & 1 && (uint8_t)data == XGMII_START)
    lane = 0;
  else if (ctrl >> 4 & 1 && (uint8_t)(data >> 32) == XGMII_START)
    lane = 4;
  else
    return;
  b->last_start = 8 * b->cycle + lane;
  if (b->starts++ == 0) b->first_start = b->last_start;
}

static void receive(struct bench *b) {
  struct dut_mac *d = b->d;
  if (!*d->rx_valid) return;
  bool last = b->got_beat + 1 == b->beats;
  uint64_t want = b->frame[b->got % VARIANTS][b->got_beat];
  uint64_t mask =
      last ? UINT64_MAX >> (64 - (b->len - 8 * b->got_beat) * 8) : UINT64_MAX;
  bool right = *d->rx_last == last && ((*d->rx_data ^ want) & mask) == 0 &&
               *d->rx_keep == (last ? b->last_keep : 0xff) &&
               !(last && *d->rx_err);
  b->bad += !right;
  b->got_beat++;
  if (!*d->rx_last) return;
  b->got++;
  b->got_beat = 0;
}

static void cycle(struct bench *b) {
  struct dut_mac *d = b->d;
  *d->tx_data = b->frame[b->sent % VARIANTS][b->sent_beat];
  *d->tx_last = b->sent_beat + 1 == b->beats;
  *d->tx_keep = *d->tx_last ? b->last_keep : 0xff;
  *d->xgmii_rxd_i = *d->xgmii_txd_o;
  *d->xgmii_rxc_i = *d->xgmii_txc_o;
  /* tx_ready depends on registers only. */
  bool take = *d->tx_valid && *d->tx_ready;
  *d->tx_clk_i = *d->rx_clk_i = 1;
  dut_mac_eval(d);
  *d->tx_clk_i = *d->rx_clk_i = 0;
  dut_mac_eval(d);
  if (take && ++b->sent_beat == b->beats) {
    b->sent_beat = 0;
    b->sent++;
  }
  look_for_start(b);
  receive(b);
  b->cycle++;
}

/* Sends `frames` + 1 frames and measures between the starts of the outer ones.
 */
static bool run(uint32_t size, uint64_t frames) {
  struct bench *b = calloc(1, sizeof(*b));
  struct dut_mac *d = dut_mac_new();
  if (!b || !d) return false;
  b->d = d;
  make_frames(b, size);
  *d->cfg_tx_enable = *d->cfg_rx_enable = *d->cfg_promisc = 1;
  *d->cfg_tx_ifg = 12;
  *d->cfg_rx_max_len = 9018;
  *d->tx_rst_ni = *d->rx_rst_ni = 0;
  for (int i = 0; i < 4; i++) cycle(b);
  *d->tx_rst_ni = *d->rx_rst_ni = 1;
  *d->tx_valid = 1;
  uint64_t limit = 100 + 2 * frames * (size + OVERHEAD) / 8;
  while (b->sent <= frames && b->cycle < limit) cycle(b);
  *d->tx_valid = 0;
  for (int i = 0; i < 64; i++) cycle(b);
  double took = (double)(b->last_start - b->first_start);
  double full = (double)frames * (size + OVERHEAD);
  bool ok = b->starts == frames + 1 && b->got == b->starts && b->bad == 0;
  /* Three bytes of deficit may be open at the end. */
  double tx = b->starts == frames + 1 ? full / (took + 3) : 0;
  double rx = b->bad ? 0 : tx * (double)b->got / (double)(frames + 1);
  printf("mac_line_ratio_%" PRIu32 "_tx %.6f\n", size, tx);
  printf("mac_line_ratio_%" PRIu32 "_rx %.6f\n", size, rx);
  fflush(stdout);
  dut_mac_delete(d);
  free(b);
  return ok;
}

int main(int argc, char **argv) {
  static const uint32_t sizes[] = {64,  65,  66,   67,   128,
                                   256, 512, 1024, 1518, 9018};
  uint64_t frames = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000;
  bool ok = frames > 0;
  for (size_t i = 0; ok && i < sizeof(sizes) / sizeof(*sizes); i++)
    ok = run(sizes[i], frames);
  return ok ? 0 : 1;
}
