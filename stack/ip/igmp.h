/* SPDX-License-Identifier: Apache-2.0 */
/* IGMP: without it IPv4 listens to no group but all hosts (224.0.0.1). */
#ifndef PH_IP_IGMP_H
#define PH_IP_IGMP_H

#include "stack/base/types.h"

enum {
  IGMP_QUERY = 0x11,
  IGMP_V1_REPORT = 0x12,
  IGMP_V2_REPORT = 0x16,
  IGMP_V2_LEAVE = 0x17,
  IGMP_V3_REPORT = 0x22,
};

struct ph_stack;

/* After ph_ipv4_init(): groups can be listened to, and their routers are told
 * (ip_listen()). ph_multicast_init() calls it. Again: does nothing. 0,
 * -PH_EINVAL (no IPv4), -PH_ENOMEM. */
int ph_igmp_init(struct ph_stack *stack) PH_MUST_USE;

#endif
