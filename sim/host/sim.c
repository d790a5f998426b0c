/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/sim.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"

enum { FLUSH_STEPS = 256 };

/* Captured frames carry the time of their start, which is known at their end:
 * so much earlier, for the longest frame. */
#define CAPTURE_SLACK (100 * SIM_US)

/* `end`: number of the link and which of its ends. */
static unsigned emit(void *ctx, unsigned end, const uint8_t *data, uint32_t len,
                     sim_time time, bool error, uint64_t id) {
  struct sim *sim = ctx;
  return link_send(&sim->links[end / 2].link, end % 2, data, len, time, error,
                   id);
}

static void deliver(void *ctx, unsigned direction, struct frame *frame,
                    sim_time start) {
  struct sim_link *link = ctx;
  struct sim_end to = link->end[1 - direction];
  host_arrive_at(link->sim->host[to.host], to.port, frame, start);
}

/* --- Making --------------------------------------------------------------- */

static void make_links(struct sim *sim, const struct sim_link_config *links,
                       uint64_t seed) {
  sim->links = sim_alloc(sim->link_count * sizeof(*sim->links));
  for (unsigned i = 0; i < sim->link_count; i++) {
    struct sim_link *link = &sim->links[i];
    link->sim = sim;
    memcpy(link->end, links[i].end, sizeof(link->end));
    link_init(&link->link, &links[i].link, seed + i, deliver, link);
  }
}

/* What each NIC is called in emit(). */
static void name_ends(const struct sim *sim, unsigned host,
                      struct host_config *config,
                      struct host_port_config more[HOST_PORTS]) {
  if (config->more_count) {
    memcpy(more, config->more, config->more_count * sizeof(*more));
    config->more = more;
  }
  for (unsigned end = 0; end < 2 * sim->link_count; end++) {
    const struct sim_end *at = &sim->links[end / 2].end[end % 2];
    if (at->host == host && at->port == 0) {
      config->end = end;
    } else if (at->host == host) {
      more[at->port - 1].end = end;
    }
  }
}

/* Floyd and Warshall's shortest paths; there is no way of no links. */
static void measure(struct sim *sim) {
  unsigned n = sim->host_count;
  for (unsigned i = 0; i < n; i++) {
    for (unsigned k = 0; k < n; k++) {
      sim->distance[i][k] = SIM_NEVER;
    }
  }
  for (unsigned i = 0; i < sim->link_count; i++) {
    const struct sim_link *link = &sim->links[i];
    unsigned a = link->end[0].host, b = link->end[1].host;
    sim_time delay = link->link.config.delay;
    sim->distance[a][b] = sim_time_min(sim->distance[a][b], delay);
    sim->distance[b][a] = sim->distance[a][b];
  }
  for (unsigned via = 0; via < n; via++) {
    for (unsigned i = 0; i < n; i++) {
      for (unsigned k = 0; k < n; k++) {
        sim_time way =
            sim_time_add(sim->distance[i][via], sim->distance[via][k]);
        sim->distance[i][k] = sim_time_min(sim->distance[i][k], way);
      }
    }
  }
}

void sim_init_graph(struct sim *sim, const struct host_config *hosts,
                    unsigned host_count, const struct sim_link_config *links,
                    unsigned link_count, uint64_t seed,
                    struct capture *capture) {
  *sim = (struct sim){
      .capture = capture, .host_count = host_count, .link_count = link_count};
  if (host_count > SIM_HOSTS || link_count > SIM_LINKS) {
    sim_fatal("at most %d hosts and %d links", SIM_HOSTS, SIM_LINKS);
  }
  make_links(sim, links, seed);
  measure(sim);
  for (unsigned i = 0; i < host_count; i++) {
    struct host_port_config more[HOST_PORTS];
    struct host_config config = hosts[i];
    name_ends(sim, i, &config, more);
    config.emit = emit;
    config.emit_ctx = sim;
    config.capture = capture;
    sim->host[i] = host_create(&config);
  }
}

void sim_init(struct sim *sim, const struct host_config host[2],
              const struct link_config *link, uint64_t seed,
              struct capture *capture) {
  const struct sim_link_config between = {.link = *link,
                                          .end = {{.host = 0}, {.host = 1}}};
  sim_init_graph(sim, host, 2, &between, 1, seed, capture);
}

void sim_destroy(struct sim *sim) {
  for (unsigned i = 0; i < sim->host_count; i++) {
    host_destroy(sim->host[i]);
  }
  for (unsigned i = 0; i < sim->link_count; i++) {
    link_destroy(&sim->links[i].link);
  }
  free(sim->links);
}

/* --- Running -------------------------------------------------------------- */

static sim_time next_event(const struct sim *sim) {
  sim_time next = SIM_NEVER;
  for (unsigned i = 0; i < sim->host_count; i++) {
    next = sim_time_min(next, host_next(sim->host[i]));
  }
  return next;
}

sim_time sim_now(const struct sim *sim) {
  sim_time next = next_event(sim);
  return next == SIM_NEVER ? sim->reached : next;
}

/* The host whose turn is longest due is advanced to the time before which
 * nothing can arrive there: of what any host has to do next, itself included,
 * the news takes its time. */
static sim_time step(struct sim *sim) {
  sim_time next[SIM_HOSTS] = {host_next(sim->host[0])};
  unsigned own = 0;
  for (unsigned i = 1; i < sim->host_count; i++) {
    next[i] = host_next(sim->host[i]);
    own = next[i] < next[own] ? i : own;
  }
  sim_time until = SIM_NEVER;
  for (unsigned i = 0; i < sim->host_count; i++) {
    until = sim_time_min(until, sim_time_add(next[i], sim->distance[i][own]));
  }
  if (next[own] != SIM_NEVER) {
    sim->reached = sim_time_max(sim->reached, next[own]);
    host_advance(sim->host[own], until);
  }
  if (sim->capture && ++sim->steps % FLUSH_STEPS == 0 &&
      next[own] > CAPTURE_SLACK) {
    capture_flush(sim->capture, next[own] - CAPTURE_SLACK);
  }
  return next[own];
}

static bool tasks_left(const struct sim *sim, unsigned wait_for) {
  bool left = false;
  for (unsigned i = 0; i < sim->host_count; i++) {
    left |= (wait_for >> i & 1) && host_tasks(sim->host[i]);
  }
  return left;
}

bool sim_run(struct sim *sim, sim_time deadline, unsigned wait_for) {
  while (tasks_left(sim, wait_for)) {
    if (step(sim) >= deadline) {
      return false;
    }
  }
  return true;
}

void sim_drain(struct sim *sim, sim_time time) {
  while (next_event(sim) < time) {
    step(sim);
  }
}

uint64_t sim_event_hash(const struct sim *sim) {
  struct event_hash hash = {0};
  for (unsigned i = 0; i < sim->host_count; i++) {
    event_hash_add_word(&hash, 0, EVENT_CHANNEL_NIC,
                        host_event_hash(sim->host[i]));
  }
  return hash.value;
}
