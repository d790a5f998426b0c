/* SPDX-License-Identifier: Apache-2.0 */
/* One host: application coroutines over the stack over a NIC, and the one
 * processor that runs all of this software.
 *
 * Software runs in entries: an interrupt, a timer, an application that goes on.
 * An entry begins when its cause is there and the processor is free, runs
 * natively, and costs simulated time after the cost table; the host's local
 * time is the entry's begin plus what it has cost so far. The NIC lives in the
 * same time:
 *   1. An entry sees memory and interrupt line as they are at its begin.
 *   2. A register access or a memory barrier that orders memory for the device
 *      happens at the local time: the coroutine gives way until the NIC stands
 *      there.
 *   3. The processor looks at the interrupt line when it is free.
 * Nothing depends on how far a NIC is run in one call.
 *
 * A host is advanced from outside, up to a time before which no frame can
 * arrive that is not known yet (sim/host/sim.h).
 */
#ifndef PH_SIM_HOST_HOST_H
#define PH_SIM_HOST_HOST_H

#include "sim/apps/app.h"
#include "sim/core/coro.h"
#include "sim/core/cost.h"
#include "sim/core/event_hash.h"
#include "sim/core/heap.h"
#include "sim/core/rng.h"
#include "sim/wire/capture.h"
#include "sim/wire/frame.h"
#include "sim/wire/timeline.h"
#include "stack/netif/netif.h"
#include "stack/tcp/tcp.h"

enum host_nic { HOST_NIC_SOFT, HOST_NIC_RTL };
enum host_offload { HOST_OFFLOAD_ALL, HOST_OFFLOAD_CSUM, HOST_OFFLOAD_NONE };

enum { HOST_PORTS = 8 };

struct host;

/* A NIC of a host and its link. */
struct host_port_config {
  uint8_t mac[6];
  uint32_t ip; /* host order */
  uint8_t prefix_len;
  struct ph_addr ip6; /* `::`: none */
  uint8_t prefix6_len;
  uint16_t mtu;
  unsigned end;   /* what host_config.emit calls it */
  bool advertise; /* be heard as a router of IPv6 there */
};

/* Of either family; `gateway` is on the link of NIC `port`. */
struct host_route {
  struct ph_addr destination, gateway;
  uint8_t prefix_len; /* as the family counts it */
  unsigned port;
};

struct host_config {
  const char *name; /* kept by reference, as are the tables below */
  unsigned index;   /* 0, 1 */
  uint32_t ip;      /* host order */
  uint8_t prefix_len;
  bool ipv6; /* speak it, too; addresses are given by who wants them */
  uint8_t mac[6];
  enum host_nic nic;
  enum host_offload offload;
  uint16_t mtu;
  uint16_t mss; /* 0: mtu - 40 */
  /* The first NIC's, like `ip`, `mac` and `mtu`. */
  struct ph_addr ip6; /* `::`: none */
  uint8_t prefix6_len;
  unsigned end; /* what `emit` calls it */
  bool advertise;
  /* Learn `ip6` and the way out from what routers advertise. */
  bool autoconf;
  /* Further NICs, of the same kind and with the same offloads. */
  const struct host_port_config *more;
  unsigned more_count; /* up to HOST_PORTS - 1 */
  const struct host_route *routes;
  unsigned route_count;
  bool forwarding; /* be a router */
  /* Soft NIC: packets of TCP up to 64 KiB may come, as coalesced ones, whose
   * parts have so many bytes (gso_size); 0: one part, if `large` is set. */
  bool large;
  uint16_t coalesced_mss;
  bool lro; /* soft NIC: coalesce what waits when the processor comes */
  uint32_t sndbuf, rcvbuf;         /* defaults of sockets, bytes */
  const struct ph_tcp_config *tcp; /* NULL: its defaults */
  uint32_t mem_latency_ns;         /* RTL: of reads and of write responses */
  const struct cost_table *cost;
  uint64_t seed;
  uint64_t max_cycles; /* run the model at most so far per call; 0: any */
  bool no_idle_skip;
  const char *waves;         /* RTL: VCD file or NULL */
  struct capture *capture;   /* or NULL */
  struct timeline *timeline; /* or NULL */
  /* Software has done something and ends now; looks, changes nothing; NULL. */
  void (*probe)(void *ctx, struct host *host, sim_time now);
  void *probe_ctx;
  /* A frame leaves the NIC that is called `at`: its last byte at `end`. Returns
   * enum frame_mark for the capture. */
  unsigned (*emit)(void *ctx, unsigned at, const uint8_t *data, uint32_t len,
                   sim_time end, bool error, uint64_t id);
  void *emit_ctx;
};

/* What a run cost and moved; sums since the start. */
struct host_report {
  sim_time cpu_ps; /* simulated time that software took */
  uint64_t entries, interrupts, register_reads, register_writes;
  uint64_t super_segments; /* packets with TSO handed to the NIC */
  uint64_t packets;        /* packets handed to the NIC in all */
  /* The NIC's own counters; of the RTL, from its vendor page. */
  uint64_t nic_tx_frames, nic_rx_frames;
  uint64_t nic_super_segments, nic_segments; /* cut, and what came of them */
  uint64_t nic_csum_inserted, nic_csum_good, nic_csum_bad;
  uint64_t nic_rx_bytes;   /* of nic_rx_frames, with FCS */
  uint64_t nic_bad_frames; /* dropped by the MAC: the sum of the next four */
  uint64_t nic_fcs_errors, nic_runts, nic_oversize, nic_code_errors;
  uint64_t nic_filtered;  /* good, for other stations */
  uint64_t nic_coalesced; /* packets that are several frames (soft NIC) */
  uint64_t nic_overflows; /* dropped: no room, no receive buffer */
  uint64_t nic_errors;    /* broken rings, chains, headers, bus accesses */
  uint64_t cycles;        /* evaluated by the model */
};

/* Makes a host and its NIC; software starts at the first host_advance(). Ends
 * the program with a sentence if something can't be made. */
struct host *host_create(const struct host_config *config);
void host_destroy(struct host *host);

/* An application: fn(stack, arg) runs in a coroutine from simulated time
 * `start` on. `arg` must live until it returns. */
void host_spawn(struct host *host, sim_time start,
                void (*fn)(struct host *host, void *arg), void *arg);

/* Applications that have not returned. */
unsigned host_tasks(const struct host *host);

/* True if every application sleeps in a call: none goes on without an event
 * or the end of its time. */
bool host_waiting(const struct host *host);

/* Environment for applications: sleeps in virtual time. */
struct app_env host_app_env(struct host *host);

struct ph_stack *host_stack(struct host *host);
unsigned host_index(const struct host *host); /* as configured */
/* The local time for those who only look: nothing changes. */
sim_time host_time(const struct host *host);

/* The earliest time at which anything can happen here: software, NIC or a frame
 * that is on its way in. */
sim_time host_next(const struct host *host);

/* Simulate everything before `until`. No frame may arrive before it that was
 * not announced by host_arrive(). */
void host_advance(struct host *host, sim_time until);

/* A frame whose first byte arrives at `start`; takes `frame`. At the first NIC,
 * and at any. */
void host_arrive(struct host *host, struct frame *frame, sim_time start);
void host_arrive_at(struct host *host, unsigned port, struct frame *frame,
                    sim_time start);

/* False if the NIC or its driver broke a rule: `why` says which. */
bool host_check(struct host *host, const char **why);

void host_get_report(const struct host *host, struct host_report *report);
uint64_t host_event_hash(const struct host *host);

/* Tell a socket call's result or any other observation to the event hash. */
void host_hash(struct host *host, const void *data, size_t len);

#endif
