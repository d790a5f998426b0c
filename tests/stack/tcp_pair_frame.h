/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PH_TESTS_STACK_TCP_PAIR_FRAME_H
#define PH_TESTS_STACK_TCP_PAIR_FRAME_H

#include "tests/stack/tcp_pair.h"

bool pair_frame_is_ipv6(const uint8_t *frame);

/* The length of the IP header of a TCP segment, 0 if it is none. */
uint32_t pair_frame_ip_len(const uint8_t *frame, uint32_t len);

/* The fields of a TCP segment; false if it is none. */
bool pair_frame_parse(const uint8_t *frame, uint32_t len, struct pair_seg *seg);

#endif
