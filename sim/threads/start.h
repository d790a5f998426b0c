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

#endif
