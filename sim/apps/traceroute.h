/* SPDX-License-Identifier: Apache-2.0 */
/* The routers on the way: probes whose time to live ends at the first hop, at
 * the second, and so on, until one arrives. */
#ifndef PH_SIM_APPS_TRACEROUTE_H
#define PH_SIM_APPS_TRACEROUTE_H

#include "sim/apps/probe.h"

struct traceroute_config {
  struct ph_addr to;
  bool udp;            /* probes to unlikely ports instead of ICMP echo */
  uint32_t max_hops;   /* 1..255 */
  uint32_t queries;    /* probes for each hop */
  uint32_t size;       /* payload bytes, 0..PROBE_SIZE_MAX */
  uint32_t timeout_ms; /* for each answer */
  /* Probe `query` (from 0) of hop `hop` (from 1). */
  void (*answered)(void *ctx, uint32_t hop, uint32_t query,
                   const struct probe_answer *answer);
  void *ctx;
};

/* result: operations = answers, lost = probes without one; status = the hop
 * that the destination is, 0 if it was not reached. */
void traceroute(struct ph_stack *stack, const struct app_env *env,
                const struct traceroute_config *config,
                struct app_result *result);

#endif
