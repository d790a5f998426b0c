/* SPDX-License-Identifier: Apache-2.0 */
/* What a receiving MAC must make of any sequence of XGMII characters, character
 * by character (IEEE 802.3-2022 clauses 3, 4 and 46).
 *
 *  1. A frame begins with start on lane 0 or 4, seven data characters, the last
 *     of them the SFD. Anything else after start is a code error without frame,
 *     one for each word with such starts.
 *  2. It ends with the first control code. Terminate ends it well, any other is
 *     a code error; a start begins the next frame at once.
 *  3. It is cut as soon as eight whole bytes go beyond the limit: oversize.
 *  4. One cause each: code error, oversize, runt, wrong FCS.
 *  5. Frames for other stations are not delivered, and counted only if good.
 */
#ifndef PH_TESTS_RTL_MODEL_MAC_RX_MODEL_H
#define PH_TESTS_RTL_MODEL_MAC_RX_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mac_rx_cause {
  MAC_RX_GOOD,
  MAC_RX_FILTERED,
  MAC_RX_CODE_ERR,
  MAC_RX_OVERSIZE,
  MAC_RX_RUNT,
  MAC_RX_BAD_FCS,
  MAC_RX_CAUSES
};

struct mac_rx_frame {
  const uint8_t *data; /* destination address to FCS, as far as it came */
  size_t len;
  enum mac_rx_cause cause;
  bool accepted;  /* by the station filter */
  bool delivered; /* it leaves beats, with an error unless good */
  bool head_only; /* only a start with a wrong preamble */
};

struct mac_rx_model {
  uint8_t station[6];
  bool promisc, allmulti;
  size_t max_len; /* FCS included */
  void (*on_frame)(void *ctx, const struct mac_rx_frame *frame);
  void *ctx;
  uint64_t position;
  enum { MAC_RX_HUNT, MAC_RX_PREAMBLE, MAC_RX_DATA } state;
  bool failed; /* in the preamble; counted unless lane 4 is a start, too */
  uint64_t start;
  size_t count; /* characters of the preamble or the frame */
  uint8_t data[65536];
};

void mac_rx_model_char(struct mac_rx_model *m, uint8_t data, bool ctrl);

#endif
