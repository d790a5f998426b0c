/* SPDX-License-Identifier: Apache-2.0 */
/* Probes that find out who answers: ICMP echo requests (RFC 792, RFC 4443 4.1)
 * or datagrams to UDP ports that nobody listens on, with a time to live, and
 * the ICMP messages that come back, read from a raw socket. */
#ifndef PH_SIM_APPS_PROBE_H
#define PH_SIM_APPS_PROBE_H

#include "sim/apps/app.h"

enum {
  PROBE_SIZE_MAX = 1452,  /* payload that fits an MTU of 1500, either family */
  PROBE_UDP_PORT = 33434, /* and up, by the number of the probe */
};

enum probe_kind {
  PROBE_NOTHING,       /* no answer */
  PROBE_REPLY,         /* of ICMP echo */
  PROBE_TIME_EXCEEDED, /* a router let it go no further */
  PROBE_UNREACHABLE,   /* `code` says what; of UDP's port: it arrived */
  PROBE_TOO_BIG,       /* for a link on the way */
};

struct probe_answer {
  enum probe_kind kind;
  struct ph_addr from;
  uint8_t type, code; /* of the ICMP message */
  uint8_t ttl;        /* that the answer had left; 0: not known (IPv6) */
  uint64_t rtt_ns;
};

struct probe {
  struct ph_stack *stack;
  struct ph_addr to;
  bool udp;
  int raw, datagram; /* sockets */
  uint16_t id;
  uint64_t sent_ns;
  uint8_t packet[PROBE_SIZE_MAX + 8];
};

/* 0 or -PH_E...; after 0 probe_close() is needed. */
int probe_open(struct probe *probe, struct ph_stack *stack,
               const struct ph_addr *to, bool udp);
void probe_close(struct probe *probe);

/* Send probe `seq`, of `size` payload bytes. `ttl` 0: the stack's. 0 or
 * -PH_E.... */
int probe_send(struct probe *probe, uint8_t ttl, uint16_t seq, uint32_t size);

/* Wait for what comes back for probe `seq`. 0 or -PH_E...; nothing in time is
 * PROBE_NOTHING. */
int probe_wait(struct probe *probe, uint16_t seq, uint32_t timeout_ms,
               struct probe_answer *answer);

#endif
