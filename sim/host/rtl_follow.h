/* SPDX-License-Identifier: Apache-2.0 */
/* Which packet a burst of the NIC belongs to. The model shows addresses; the
 * driver's rings say what lies there. Only for the timeline: nothing that is
 * simulated depends on it.
 *
 * Transmit: the chain of each packet (ring entry, descriptor, indirect table,
 * pieces of data) is read from the rings when the driver has made it, and
 * forgotten when the driver takes it back.
 * Receive: the first burst into a buffer brings the frame's headers, and these
 * its name.
 */
#ifndef PH_SIM_HOST_RTL_FOLLOW_H
#define PH_SIM_HOST_RTL_FOLLOW_H

#include "sim/host/host_internal.h"
#include "sim/nic/nic_model.h"
#include "stack/netif/netif_virtio.h"

struct rtl_follow;

/* All are kept by reference. `buffers` is the bus address of the first receive
 * buffer. Free with free(). */
struct rtl_follow *rtl_follow_make(struct host_port *port,
                                   const struct netif_virtio *virtio,
                                   struct host_mem *mem, uint64_t buffers);

/* struct nic_config.observe: puts bursts and interrupts on the timeline. */
void rtl_follow_observe(struct rtl_follow *follow, uint64_t cycle,
                        enum nic_event event, uint64_t addr, uint64_t len,
                        unsigned id);

/* struct host_nic_ops.describe. */
void rtl_follow_describe(struct rtl_follow *follow,
                         struct timeline_event *event);

/* The driver stored a new available index at `now`: packets up to it are the
 * device's. */
void rtl_follow_publish(struct rtl_follow *follow, sim_time now);

#endif
