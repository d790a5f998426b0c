/* SPDX-License-Identifier: Apache-2.0 */
/* The event hash: 64 bits over (time, channel, payload) of everything that can
 * be seen. Each end keeps its own, because how far one end runs ahead of the
 * other is no result, and one per channel, because the order between channels
 * is in the times; the hash of a run combines them in a fixed order. */
#ifndef PH_SIM_CORE_EVENT_HASH_H
#define PH_SIM_CORE_EVENT_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "sim/core/time.h"

enum event_channel {
  EVENT_CHANNEL_ENTRY = 1, /* software ran: kind, cost, counters */
  EVENT_CHANNEL_SOCKET,    /* a socket call's result */
  EVENT_CHANNEL_WIRE_TX,   /* a frame left the NIC */
  EVENT_CHANNEL_WIRE_RX,   /* a frame reached the NIC */
  EVENT_CHANNEL_INTERRUPT, /* edge of an interrupt line */
  EVENT_CHANNEL_REGISTER,  /* a register access */
  EVENT_CHANNEL_NIC,       /* the hash that a NIC's model keeps itself */
  EVENT_CHANNEL_COUNT
};

struct event_hash {
  uint64_t value;
};

/* One event; `data` may be NULL when `len` is 0. */
void event_hash_add(struct event_hash *hash, sim_time time,
                    enum event_channel channel, const void *data, size_t len);

/* An event whose payload is one number. */
void event_hash_add_word(struct event_hash *hash, sim_time time,
                         enum event_channel channel, uint64_t word);

#endif
