/* SPDX-License-Identifier: Apache-2.0 */
/* Random frames for the offload tests: what stacks send, at every edge. */
#ifndef PH_TESTS_RTL_MODEL_OFFLOAD_FRAMES_H
#define PH_TESTS_RTL_MODEL_OFFLOAD_FRAMES_H

#include "tests/rtl/tb.h"

struct offload_shape {
  bool vlan, ipv6;
  uint8_t proto;
  unsigned ip_options, tcp_options; /* in 4-byte words, 0..10 */
  size_t payload;
};

enum { OFFLOAD_MAX = 66000 };

/* Bytes before the payload. */
size_t offload_header_len(const struct offload_shape *shape);
/* Offset of TCP or UDP. */
size_t offload_l4(const struct offload_shape *shape);
/* Writes a frame with right checksums; returns its length. */
size_t offload_build(struct tb_rand *r, const struct offload_shape *shape,
                     uint8_t *frame);
/* Random options, tag, protocol and family; payload 0..max_payload. */
struct offload_shape offload_any(struct tb_rand *r, size_t max_payload);

#endif
