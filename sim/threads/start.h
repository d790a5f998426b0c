/* SPDX-License-Identifier: Apache-2.0 */
/* A stack out of a configuration. */
#ifndef PH_SIM_THREADS_START_H
#define PH_SIM_THREADS_START_H

#include "sim/threads/packhorse.h"
#include "sim/threads/threads.h"

/* Memory, modules, device, addresses. 0 or -PH_E...: what was made stays for
 * who frees `ph`. */
int start_stack(struct packhorse *ph, const struct packhorse_config *config,
                uint64_t now_ns) PH_MUST_USE;

/* Ask for an address; under the lock, with the driver running. */
int start_dhcp(struct packhorse *ph) PH_MUST_USE;

/* Is DHCP's address there, and are the IPv6 addresses that were given usable?
 * 0; -PH_EAGAIN: not yet; -PH_EADDRINUSE: another node has one. */
int start_is_settled(struct packhorse *ph,
                     const struct packhorse_config *config) PH_MUST_USE;

#endif
