/* SPDX-License-Identifier: Apache-2.0 */
/* ICMP echo (RFC 792): is the other host there, and how far away? */
#ifndef PH_SIM_APPS_PING_H
#define PH_SIM_APPS_PING_H

#include "sim/apps/probe.h"

enum { PING_SIZE_MAX = 1472 }; /* payload that fits an MTU of 1500 */

struct ping_config {
  uint32_t ip;        /* host order */
  struct ph_addr ip6; /* instead, unless `::` */
  uint32_t count;
  uint32_t size;        /* payload bytes, 0..PING_SIZE_MAX */
  uint32_t timeout_ms;  /* how long to wait for an answer */
  uint32_t interval_ms; /* from one request to the next */
  uint8_t ttl;          /* of the requests; 0: the stack's */
  /* One answer: number from 0, round trip, time to live. May be NULL. */
  void *ctx;
  void (*answered)(void *ctx, uint32_t seq, uint64_t rtt_ns, uint8_t ttl);
  /* With `ttl`: an ICMP error came instead. May be NULL. */
  void (*failed)(void *ctx, uint32_t seq, const struct probe_answer *answer);
};

/* One at a time in each stack. Needs ph_platform.wait. */
void ping(struct ph_stack *stack, const struct app_env *env,
          const struct ping_config *config, struct app_result *result);

#endif
