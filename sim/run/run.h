/* SPDX-License-Identifier: Apache-2.0 */
/* A run: hosts and links set up from the options, torn down, and what all
 * commands report of it. Host 0 is the client, host 1 the server; without a
 * topology these are all, 10.0.0.1 and 10.0.0.2. */
#ifndef PH_SIM_RUN_RUN_H
#define PH_SIM_RUN_RUN_H

#include "sim/host/sim.h"
#include "sim/run/address.h"
#include "sim/run/json.h"
#include "sim/run/options.h"
#include "sim/run/topology.h"

enum { RUN_CLIENT, RUN_SERVER };

/* Servers start at 0, clients when the other host is surely up. */
#define RUN_CLIENT_START (300 * SIM_US)
/* Until hosts have asked for routers (a second at most) and were answered. */
#define RUN_AUTOCONF (2 * SIM_S)

struct run {
  const struct options *options;
  struct sim sim;
  struct capture *capture;
  struct timeline *timeline;
  struct topology topology; /* of two hosts too */
  char waves[SIM_HOSTS][512];
  double started; /* wall clock, seconds */
  /* Filled by run_finish(). */
  double wall_s;
  uint64_t event_hash;
  sim_time sim_ps;
  struct host_report host[SIM_HOSTS];
  struct ph_stats stats[SIM_HOSTS];
  struct link_stats link[2]; /* per direction, the sum of all links */
  struct link_stats links[SIM_LINKS][2];
  bool unwritten; /* --state could not be written */
  bool finished;  /* all applications returned */
  bool healthy;
  char why[200];
};

/* False after one sentence on stderr: a file can't be written. */
bool run_start(struct run *run, const struct options *options);

/* What a run with one host needs of run_start() and run_finish(): capture and
 * timeline, false after a sentence on stderr; and the configuration of a host
 * of its own with the options' addresses, called "host". */
bool run_open_files(struct run *run);
bool run_close_files(struct run *run);
struct host_config run_lone_host(struct run *run);

/* The network of --topology, which options_check() has read once, or of two
 * hosts. */
void run_parse_topology(struct topology *topology,
                        const struct options *options);

/* Runs until the applications of the hosts in `wait_for` (bit i: host i) have
 * returned, and a little further, so that the last acknowledgment is counted.
 */
void run_simulate(struct run *run, unsigned wait_for);

/* Collects the results, frees the hosts and closes the files; false after a
 * sentence on stderr if a file could not be written. */
bool run_finish(struct run *run);

/* With --explain the timeline outlives run_finish(): whoever has read it closes
 * it with this. The same result. */
bool run_close_timeline(struct run *run);

double run_wall_clock(void);

/* When the client begins: hosts that configure themselves have done so. */
sim_time run_client_start(const struct run *run);

/* The address of host `index`, as the run's family has it. */
struct ph_addr run_address(const struct run *run, unsigned index);

/* The keys that every command's JSON has. */
void run_json(const struct run *run, struct json *json);

/* Sum of a field over all hosts: `first` is that of host 0, `size` how far it
 * is to the next one's. */
uint64_t run_sum(const uint64_t *first, size_t size);

/* Sum over all hosts' software of simulated time, ns. */
uint64_t run_host_ns(const struct run *run);

/* The parts of the report that every command has. */
void run_print_frames(const struct run *run);
void run_print_faults(const struct run *run);
void run_print_files(const struct run *run);
/* All of them, with the event hash: how a report ends. */
void run_print_end(const struct run *run);

#endif
