/* SPDX-License-Identifier: Apache-2.0 */
/* What a NIC's offload hardware does, in C on whole frames: the soft NIC's
 * engine. Independent of the stack's own segmenter and checksummer, whose
 * counters must stay zero when a NIC offloads. */
#ifndef PH_SIM_HOST_SOFT_OFFLOAD_H
#define PH_SIM_HOST_SOFT_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Complete a checksum: sum from `start` to the end, store at start + offset. */
void soft_checksum(uint8_t *frame, size_t len, uint16_t start, uint16_t offset);

/* Cut a TCP-over-IPv4 frame (no FCS) into frames of `gso_size` payload bytes
 * with final headers, given to `emit` in order. Returns how many, 0 if it can't
 * be cut (then nothing was emitted). */
unsigned soft_segment(const uint8_t *frame, size_t len, uint16_t gso_size,
                      void (*emit)(void *ctx, uint8_t *frame, size_t len),
                      void *ctx);

/* True if the frame is IPv4 with TCP or UDP and every checksum is right. */
bool soft_verify(const uint8_t *frame, size_t len);

#endif
