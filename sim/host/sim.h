/* SPDX-License-Identifier: Apache-2.0 */
/* Two hosts and the wire between them, in one simulated time.
 *
 * Conservative parallel-discrete-event simulation: a host may be advanced to
 * the time before which the other can't make anything arrive. What is known of
 * the other is the earliest time at which anything can happen there; a frame
 * that leaves then arrives one delay of the link later. Where nothing happens
 * at either end, time jumps.
 */
#ifndef PH_SIM_HOST_SIM_H
#define PH_SIM_HOST_SIM_H

#include "sim/host/host.h"
#include "sim/wire/link.h"

struct sim {
  struct host *host[2];
  struct link link;
  struct capture *capture; /* or NULL; not owned */
  uint64_t steps;
  sim_time reached; /* of the latest event simulated */
};

/* Makes hosts and link; `host` are two configurations whose emit is filled in
 * here. */
void sim_init(struct sim *sim, const struct host_config host[2],
              const struct link_config *link, uint64_t seed,
              struct capture *capture);
void sim_destroy(struct sim *sim);

/* Runs until the applications of the hosts in `wait_for` (bit i: host i) have
 * returned, or until `deadline`; false: some are left. */
bool sim_run(struct sim *sim, sim_time deadline, unsigned wait_for);

/* Runs on until everything before `time` is simulated: what is under way when
 * the applications return reaches its end. */
void sim_drain(struct sim *sim, sim_time time);

/* The time before which everything is simulated; of the last event when
 * everything sleeps for ever. */
sim_time sim_now(const struct sim *sim);

/* Of both hosts and NICs; equal for equal seeds on any machine. */
uint64_t sim_event_hash(const struct sim *sim);

#endif
