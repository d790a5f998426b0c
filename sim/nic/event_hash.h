/* SPDX-License-Identifier: Apache-2.0 */
/* The event hash: a running 64-bit hash of (cycle, channel, payload) of what
 * moves at the ports of one NIC. Every step is a bijection of the state, so one
 * changed bit or one cycle's shift always changes the result of that step. */
#ifndef PH_SIM_NIC_EVENT_HASH_H
#define PH_SIM_NIC_EVENT_HASH_H

#include <stdint.h>

enum event_channel {
  EVENT_AR = 1,
  EVENT_R,
  EVENT_AW,
  EVENT_W,
  EVENT_B,
  EVENT_AXIL_AW,
  EVENT_AXIL_W,
  EVENT_AXIL_B,
  EVENT_AXIL_AR,
  EVENT_AXIL_R,
  EVENT_XGMII_TX,
  EVENT_XGMII_RX,
  EVENT_IRQ,
};

static inline uint64_t event_mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

static inline void event_hash(uint64_t *hash, uint64_t cycle,
                              enum event_channel channel, uint64_t a,
                              uint64_t b) {
  uint64_t h = event_mix(*hash, cycle << 4 | (uint64_t)channel);
  *hash = event_mix(event_mix(h, a), b);
}

#endif
