/* SPDX-License-Identifier: Apache-2.0 */
/* What the offload blocks must do, written in software after the RFCs: checksum
 * completion (Virtio 1.2 5.1.6.2, RFC 1071), TCP segmentation for IPv4 and the
 * verdicts on received frames. Nothing here follows the structure of the RTL.
 */
#ifndef PH_TESTS_RTL_MODEL_OFFLOAD_MODEL_H
#define PH_TESTS_RTL_MODEL_OFFLOAD_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The fields of ph_pkg::tx_meta_t. */
struct model_tx_meta {
  uint8_t queue;
  bool needs_csum;
  uint16_t csum_start;
  uint16_t csum_offset;
  uint8_t gso_type;
  uint16_t gso_size;
  bool error;
};

enum model_verdict {
  MODEL_SENT,
  MODEL_DROP_BAD_CSUM,
  MODEL_DROP_BAD_GSO,
  MODEL_DROP_ERROR,
  MODEL_DROP_OVERSIZE,
  MODEL_VERDICTS
};

/* Frames that leave, complete with checksums. Owned by the caller, who begins
 * with zeros and ends with model_frames_free. */
struct model_frames {
  uint8_t **data;
  size_t *len;
  size_t count;
  size_t header_len; /* bytes that each segment repeats; 0 if nothing was cut */
};
void model_frames_free(struct model_frames *frames);

/* One's-complement sum of `len` bytes as big-endian words, an odd last byte
 * padded with zero, added to `sum` (RFC 1071 4.1). Folded to 16 bits. */
uint16_t model_sum(const uint8_t *data, size_t len, uint16_t sum);

/* Cuts one super-segment. Appends its segments to `out`, or nothing if it can't
 * be cut into frames of at most `max_frame` bytes. The segments' checksums are
 * complete and made from the packet itself, not from the partial checksum. */
enum model_verdict model_tso(const uint8_t *frame, size_t len,
                             const struct model_tx_meta *meta, size_t max_frame,
                             struct model_frames *out);

/* What becomes of any transmitted frame; `out` as for model_tso. */
enum model_verdict model_tx(const uint8_t *frame, size_t len,
                            const struct model_tx_meta *meta, size_t max_frame,
                            struct model_frames *out);

/* The fields of ph_pkg::rx_meta_t that the verdict makes. */
struct model_rx_meta {
  bool is_ipv4, is_ipv6, is_frag, ip_csum_ok, is_tcp, is_udp;
  bool l4_csum_checked, l4_csum_ok;
  uint8_t l3_offset, l4_offset;
  uint16_t length;
};
struct model_rx_meta model_rx(const uint8_t *frame, size_t len);

#endif
