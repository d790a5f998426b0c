/* SPDX-License-Identifier: Apache-2.0 */
/* A state (sim/run/state.h) read back: hostile text is refused with a reason
 * that names the line. */
#ifndef PH_SIM_TOOL_NETSTAT_H
#define PH_SIM_TOOL_NETSTAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { NETSTAT_WORD = 64, NETSTAT_LIMITS = 7 };

struct netstat_interface {
  char name[NETSTAT_WORD];
  unsigned mtu, up;
  uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, tx_busy;
};

struct netstat_route {
  char destination[NETSTAT_WORD], next_hop[NETSTAT_WORD];
  char interface[NETSTAT_WORD];
  unsigned prefix_len;
};

struct netstat_socket {
  char protocol[NETSTAT_WORD], state[NETSTAT_WORD];
  char local[NETSTAT_WORD], remote[NETSTAT_WORD];
  unsigned recv_queue, send_queue, local_port, remote_port;
  unsigned cwnd, ssthresh, snd_wnd, rcv_wnd, mss;
  uint64_t srtt_ns, rto_ns, retransmissions;
  uint64_t bytes_sent, limit_ns[NETSTAT_LIMITS]; /* 0: not counted */
};

struct netstat_counter {
  char name[NETSTAT_WORD];
  uint64_t value;
};

struct netstat_host {
  char name[NETSTAT_WORD];
  uint64_t now_ns;
  struct netstat_interface *interfaces;
  struct netstat_route *routes;
  struct netstat_socket *sockets;
  struct netstat_counter *counters;
  size_t interface_count, route_count, socket_count, counter_count;
};

struct netstat {
  struct netstat_host *hosts;
  size_t host_count;
  char why[160]; /* after false */
};

/* Opens the state in a file, or that of the session behind a --control socket;
 * NULL after a sentence on stderr. `is_state`: it is one, as far as its
 * title says (a pipe's is not looked at). */
FILE *netstat_open(const char *name, bool *is_state);

/* Reads all of `from`; false: it is no state, see `why`. To be freed in either
 * case. */
bool netstat_read(struct netstat *netstat, FILE *from);
void netstat_free(struct netstat *netstat);

enum {
  NETSTAT_LISTENING = 1,  /* -a: sockets that listen, too */
  NETSTAT_COUNTERS = 2,   /* -s */
  NETSTAT_ROUTES = 4,     /* -r */
  NETSTAT_INTERFACES = 8, /* -i */
  NETSTAT_WIDE = 16,      /* windows and times of connections */
};

/* Prints what `what` says of one host; sockets when it names nothing else. */
void netstat_print(const struct netstat_host *host, unsigned what);

#endif
