/* SPDX-License-Identifier: Apache-2.0 */
/* What a run is asked to do, as the command line says it. */
#ifndef PH_SIM_RUN_OPTIONS_H
#define PH_SIM_RUN_OPTIONS_H

#include "sim/core/cost.h"
#include "sim/host/host.h"
#include "sim/run/topology.h"
#include "sim/wire/link.h"
#include "stack/socket/socket.h"

enum command {
  COMMAND_DOWNLOAD,
  COMMAND_PING,
  COMMAND_UDP,
  COMMAND_THROUGHPUT,
  COMMAND_TRACEROUTE,
  COMMAND_TAP,
  COMMAND_REPLAY,
  COMMAND_PACKET,
  COMMAND_SCENARIO,
  COMMAND_NETSTAT,
  COMMAND_REPORT, /* on the command line; then it is a download */
  COMMAND_RESOLVE,
  COMMAND_EXAMPLE,
  COMMAND_DHCP,
  COMMAND_DIAGNOSE,
  COMMAND_HELP,
  COMMAND_COUNT
};

enum { ARQ_LIST = 16, TRACEROUTE_QUERIES = 10 };

/* throughput --arq. */
struct arq_grid {
  unsigned modes; /* bit m: mode m of PH_TCP_ARQ */
  double loss[ARQ_LIST];
  sim_time delay[ARQ_LIST];
  unsigned loss_count, delay_count;
  uint32_t window; /* N; 0: what fills the wire */
  uint32_t timeout_percent;
  const char *plot;
};

struct options {
  enum command command;
  bool help;
  const char *topic; /* help, scenario, example: the word behind it */
  char **args;       /* packet: its own arguments, from its name on */
  int arg_count;

  uint64_t bytes;
  const char *file, *output;
  uint32_t count, size, interval_ms;
  uint32_t ttl; /* ping; 0: the stack's */
  uint32_t max_hops, queries;
  bool probe_udp;
  uint32_t seconds, lease_s; /* dhcp: how long it watches, and a lease lasts */
  bool conflict;             /* dhcp: another host has the first address */

  uint16_t mtu, mss;
  enum host_offload offload;
  enum host_nic nic;
  bool nic_given, wire_given, bytes_given;
  struct link_config link;
  const char *topology, *from, *to; /* NULL: two hosts and `link` */
  /* Of the way between the two (options_check()). */
  uint16_t path_mtu;
  uint64_t path_rate_bps; /* 0: any */
  bool ipv6, autoconf;
  uint32_t mem_latency_ns;
  struct cost_table cost;
  uint32_t app_buffer, sndbuf, rcvbuf;
  struct ph_tcp_config tcp;
  struct ph_tcp_arq arq;    /* of one run of throughput */
  struct arq_grid arq_grid; /* all runs of throughput --arq */
  uint64_t read_rate, write_rate;
  uint64_t seed;
  const char *pcapng, *timeline, *waves;
  const char *explain, *picture; /* which packet, and where to draw it */
  const char *report;            /* the page to write; or NULL */
  struct record *record;         /* keeps what happens in the run; or NULL */
  bool watch;                    /* somebody looks at what is captured */
  const char *state;             /* what netstat shows, for all hosts */
  uint64_t state_at_us;          /* when; 0: at the end */
  const char *control;           /* the same, asked for while a session runs */
  bool json, compare;
  uint64_t max_cycles;
  bool no_idle_skip;

  const char *tap, *netns, *fetch, *log, *replay;
  bool serve;
  uint32_t address; /* host order */
  uint8_t prefix_len;
  uint8_t mac[6];        /* of our host */
  bool line_rate;        /* replay: ignore the recorded times */
  const char *interface; /* replay: frames of this one only, or NULL */
  uint32_t duration_s;   /* of wall clock; 0: until the work is done */
};

/* For topology_parse(). */
struct topology_defaults options_topology_defaults(
    const struct options *options);

/* Percentages and rates: the most that one TCP connection can carry, in bits
 * per second of application bytes. */
double options_limit_bps(const struct options *options);
uint32_t options_mss(const struct options *options);

const char *options_offload_name(enum host_offload offload);

#endif
