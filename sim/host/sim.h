/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts and the links between them, in one simulated time.
 *
 * Conservative parallel-discrete-event simulation: a host may be advanced to
 * the time before which no other can make anything arrive. What is known of
 * another is the earliest time at which anything can happen there; a frame that
 * leaves then arrives one delay of the link later, and what it causes there
 * travels on in the same way. Where nothing happens anywhere, time jumps.
 */
#ifndef PH_SIM_HOST_SIM_H
#define PH_SIM_HOST_SIM_H

#include "sim/host/host.h"
#include "sim/wire/link.h"

enum { SIM_HOSTS = 32, SIM_LINKS = 48 };

/* One end of a link: a NIC of a host. */
struct sim_end {
  unsigned host, port;
};

/* A link and its ends, 0 and 1 of sim/wire/link.h. */
struct sim_link_config {
  struct link_config link;
  struct sim_end end[2];
};

struct sim_link {
  struct sim *sim;
  struct link link;
  struct sim_end end[2];
};

struct sim {
  struct host *host[SIM_HOSTS];
  unsigned host_count;
  struct sim_link *links;
  unsigned link_count;
  /* The least time from one host to another, over any number of links; of a
   * host to itself: there and back. */
  sim_time distance[SIM_HOSTS][SIM_HOSTS];
  struct capture *capture; /* or NULL; not owned */
  uint64_t steps;
  sim_time reached; /* of the latest event simulated */
};

/* Makes hosts and links. Filled in here: emit of the hosts, and of their NICs
 * what it calls them. A NIC has one link. Faults of link k (from 0) are drawn
 * from `seed` + k if its configuration has no seed. */
void sim_init_graph(struct sim *sim, const struct host_config *hosts,
                    unsigned host_count, const struct sim_link_config *links,
                    unsigned link_count, uint64_t seed,
                    struct capture *capture);

/* The same of two hosts with one link. */
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

/* Of all hosts and NICs; equal for equal seeds on any machine. */
uint64_t sim_event_hash(const struct sim *sim);

#endif
