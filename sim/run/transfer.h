/* SPDX-License-Identifier: Apache-2.0 */
/* One transfer of bytes between two simulated hosts: by HTTP (download) or bare
 * (throughput), and what came of it. */
#ifndef PH_SIM_RUN_TRANSFER_H
#define PH_SIM_RUN_TRANSFER_H

#include "sim/run/run.h"

enum { TRANSFER_SOCKETS = 8 };

struct transfer_socket {
  unsigned host;
  struct ph_socket_info info;
};

struct transfer {
  struct run run;
  bool ok; /* everything arrived, equal, and nothing broke a rule */
  uint64_t bytes, received;
  char sha256_sent[65], sha256_received[65];
  int sender_error, receiver_error; /* -PH_E... or 0 */
  uint64_t started_ns, finished_ns; /* connect called, last read returned */
  uint64_t connected_ns;            /* throughput: connect returned */
  /* Sockets as they were when the last byte was written and read. */
  struct transfer_socket sockets[TRANSFER_SOCKETS];
  unsigned socket_count;
  bool progress; /* show a bar */
  double bar_drawn;
};

/* Runs it. 0: it ran, see `ok`; 1 or 2: it could not, after a sentence. */
int transfer_run(struct transfer *transfer, const struct options *options,
                 bool progress);

double transfer_goodput_bps(const struct transfer *transfer);

void transfer_json(const struct transfer *transfer);

/* `plain`: the same without offloads, or NULL. */
void transfer_report(const struct transfer *transfer,
                     const struct transfer *plain);

#endif
