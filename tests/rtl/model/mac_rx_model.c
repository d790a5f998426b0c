/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/rtl/model/mac_rx_model.h"

#include <string.h>

#include "tests/rtl/model/xgmii.h"

static bool accepts(const struct mac_rx_model *m) {
  static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  if (m->promisc) return true;
  if (m->count < 6) return false;
  if (memcmp(m->data, broadcast, 6) == 0) return true;
  if (m->data[0] & 1 && m->allmulti) return true;
  return memcmp(m->data, m->station, 6) == 0;
}

static bool fcs_is_right(const struct mac_rx_model *m) {
  size_t len = m->count - 4;
  uint32_t fcs = 0;
  for (int i = 3; i >= 0; i--) fcs = fcs << 8 | m->data[len + (size_t)i];
  return fcs == crc32_ieee(0, m->data, len);
}

static void report(struct mac_rx_model *m, enum mac_rx_cause cause,
                   bool delivered) {
  struct mac_rx_frame f = {0};
  f.head_only = m->state == MAC_RX_PREAMBLE;
  f.data = m->data;
  f.len = f.head_only ? 0 : m->count;
  f.accepted = !f.head_only && accepts(m);
  f.cause = cause;
  if (cause == MAC_RX_GOOD && !f.accepted) f.cause = MAC_RX_FILTERED;
  f.delivered = delivered && f.accepted;
  m->state = MAC_RX_HUNT;
  m->on_frame(m->ctx, &f);
}

static void data_char(struct mac_rx_model *m, uint8_t data) {
  if (m->state == MAC_RX_PREAMBLE) {
    if (++m->count < 7) return;
    if (data != XGMII_SFD) {
      report(m, MAC_RX_CODE_ERR, false);
      return;
    }
    m->state = MAC_RX_DATA;
    m->count = 0;
  } else if (m->state == MAC_RX_DATA) {
    m->data[m->count++] = data;
    /* The word before it was held back and now ends the delivery. */
    if (m->count % 8 == 0 && m->count > m->max_len)
      report(m, MAC_RX_OVERSIZE, m->count >= 16);
  }
}

static void terminate(struct mac_rx_model *m) {
  bool delivered = m->count > 4;
  if (m->count > m->max_len)
    report(m, MAC_RX_OVERSIZE, delivered);
  else if (m->count < 64)
    report(m, MAC_RX_RUNT, delivered);
  else
    report(m, fcs_is_right(m) ? MAC_RX_GOOD : MAC_RX_BAD_FCS, delivered);
}

/* Lane 4 of a word whose start on lane 0 has failed. */
static void settle(struct mac_rx_model *m, bool is_start) {
  m->failed = false;
  if (!is_start) report(m, MAC_RX_CODE_ERR, false);
  m->state = MAC_RX_HUNT;
}

void mac_rx_model_char(struct mac_rx_model *m, uint8_t data, bool ctrl) {
  uint64_t position = m->position++;
  bool is_start = ctrl && data == XGMII_START && position % 4 == 0;
  if (m->failed && position % 8 >= 4) settle(m, is_start);
  if (m->failed) return;
  if (!ctrl) {
    data_char(m, data);
    return;
  }
  if (m->state == MAC_RX_DATA && data == XGMII_TERMINATE)
    terminate(m);
  else if (m->state == MAC_RX_DATA)
    report(m, MAC_RX_CODE_ERR, m->count >= 8);
  else if (m->state == MAC_RX_PREAMBLE) {
    m->failed = m->start % 8 == 0 && position - m->start <= 4;
    if (!m->failed) report(m, MAC_RX_CODE_ERR, false);
    if (position % 8 == 4) settle(m, is_start);
  }
  if (is_start) {
    m->state = MAC_RX_PREAMBLE;
    m->count = 0;
    m->start = position;
  }
}
