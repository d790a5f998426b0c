/* SPDX-License-Identifier: Apache-2.0 */
/* A TAP device: the Linux kernel as the other end of the wire. */
#ifndef PH_SIM_HOST_TAP_H
#define PH_SIM_HOST_TAP_H

#include <stddef.h>
#include <stdio.h>

#include "sim/host/host.h"

struct tap {
  int fd;    /* -1: a recorded session is replayed */
  FILE *log; /* record the session here; NULL: don't */
  struct host *host;
  double started;    /* wall clock, seconds */
  sim_time position; /* everything before it is simulated */
  sim_time rx_free;  /* the last frame from Linux has arrived by then */
  uint64_t from_linux, to_linux, refused; /* frames */
  double lag_s; /* most that simulated time was behind the wall clock */
};

/* Makes (or attaches to) the TAP device `name` in the network namespace
 * `netns`, which is made when it does not exist; NULL: the present one. Gives
 * Linux the address `ip`/`prefix_len` there and sets the link up. False:
 * `error` says why in one sentence. */
bool tap_open(struct tap *tap, const char *name, const char *netns, uint32_t ip,
              uint8_t prefix_len, uint16_t mtu, char *error, size_t size);
/* Ends the record. */
void tap_close(struct tap *tap);

/* For host_config.emit, with the tap as its context. */
unsigned tap_emit(void *ctx, unsigned host, const uint8_t *data, uint32_t len,
                  sim_time end, bool error, uint64_t id);

/* Simulated time starts now. */
void tap_start(struct tap *tap, struct host *host);

/* Take what Linux has sent, simulate up to the wall clock but never further,
 * and sleep if there is nothing to do. Returns within about `wait_ms`. */
void tap_step(struct tap *tap, int wait_ms);

/* Feed a recorded session to the host, without Linux and without the wall
 * clock: the same frames at the same simulated times, to the same end. False:
 * `file` is no such record. */
bool tap_replay(struct tap *tap, struct host *host, FILE *file);

#endif
