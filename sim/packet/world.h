/* SPDX-License-Identifier: Apache-2.0 */
/* The stack under test in virtual time, with bare IP packets as its network:
 * one simulated host (soft NIC, or driver and RTL), a shim that adds and strips
 * Ethernet and answers ARP, and system calls that may block.
 *
 * Time is in nanoseconds since the script began. Nothing here reads a clock.
 */
#ifndef PH_SIM_PACKET_WORLD_H
#define PH_SIM_PACKET_WORLD_H

#include "sim/host/host.h"
#include "stack/tcp/tcp.h"

struct world_config {
  enum host_nic nic;
  uint32_t local_ip, gateway_ip; /* host order */
  bool ipv6;                     /* the host speaks it, too */
  struct ph_addr local6, gateway6;
  uint8_t prefix_len;
  uint16_t mtu;
  uint16_t coalesced_mss; /* soft NIC: of the parts of larger packets; 0: one */
  uint32_t sndbuf, rcvbuf;         /* defaults of sockets; 0: the profile's */
  const struct ph_tcp_config *tcp; /* copied */
};

/* A packet that left the stack. */
struct world_packet {
  struct world_packet *next;
  int64_t time_ns; /* its last byte was on the wire */
  uint32_t len;
  uint8_t data[]; /* from the IP header on */
};

/* A system call, in a coroutine of its own. */
struct world_call {
  void (*fn)(struct ph_stack *stack, void *arg);
  void *arg;
  bool done;
  int64_t done_ns; /* when it returned */
  struct ph_stack *stack;
  struct world *world;
};

struct world;

/* Ends the program if something can't be made. */
struct world *world_create(const struct world_config *config);
/* Calls that still block are given up: their stacks are freed. */
void world_destroy(struct world *world);

int64_t world_now(const struct world *world);

/* Let time pass up to `until_ns`. With `stop_on_packet` no further than the
 * first packet that left; with `call` no further than its end. */
void world_run(struct world *world, int64_t until_ns, bool stop_on_packet,
               const struct world_call *call);

/* True if something can still happen by itself before `until_ns`. */
bool world_active(const struct world *world, int64_t until_ns);

/* The oldest packet that left and was not taken, or NULL. world_take() gives
 * it to the caller, who frees it. */
const struct world_packet *world_first(const struct world *world);
struct world_packet *world_take(struct world *world);

/* An IP packet arrives now; returns when what follows at once is done. */
void world_inject(struct world *world, const uint8_t *packet, uint32_t len);

/* Start a call and run until it has returned or sleeps, and what follows at
 * once is done. `call` must live until
 * it is done or the world is destroyed. */
void world_start(struct world *world, struct world_call *call);

/* False if NIC or driver broke a rule: `why` says which. */
bool world_check(struct world *world, const char **why);

#endif
