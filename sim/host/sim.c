/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/host/sim.h"

enum { FLUSH_STEPS = 256 };

/* Captured frames carry the time of their start, which is known at their end:
 * so much earlier, for the longest frame. */
#define CAPTURE_SLACK (100 * SIM_US)

static unsigned emit(void *ctx, unsigned host, const uint8_t *data,
                     uint32_t len, sim_time end, bool error, uint64_t id) {
  struct sim *sim = ctx;
  return link_send(&sim->link, host, data, len, end, error, id);
}

static void deliver(void *ctx, unsigned direction, struct frame *frame,
                    sim_time start) {
  struct sim *sim = ctx;
  host_arrive(sim->host[1 - direction], frame, start);
}

void sim_init(struct sim *sim, const struct host_config host[2],
              const struct link_config *link, uint64_t seed,
              struct capture *capture) {
  *sim = (struct sim){.capture = capture};
  link_init(&sim->link, link, seed, deliver, sim);
  for (int i = 0; i < 2; i++) {
    struct host_config config = host[i];
    config.emit = emit;
    config.emit_ctx = sim;
    config.capture = capture;
    sim->host[i] = host_create(&config);
  }
}

void sim_destroy(struct sim *sim) {
  host_destroy(sim->host[0]);
  host_destroy(sim->host[1]);
  link_destroy(&sim->link);
}

static sim_time next_event(const struct sim *sim) {
  return sim_time_min(host_next(sim->host[0]), host_next(sim->host[1]));
}

sim_time sim_now(const struct sim *sim) {
  sim_time next = next_event(sim);
  return next == SIM_NEVER ? sim->reached : next;
}

/* One host is advanced. Nothing can happen at the other before
 *   min(what it has itself, what this one may send it now + delay),
 * and what happens there shows here one delay later. */
static sim_time step(struct sim *sim) {
  sim_time next[2] = {host_next(sim->host[0]), host_next(sim->host[1])};
  int own = next[1] < next[0];
  sim_time delay = sim->link.config.delay;
  sim_time answer = sim_time_add(next[own], delay);
  sim_time until = sim_time_add(sim_time_min(next[1 - own], answer), delay);
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
  return ((wait_for & 1) && host_tasks(sim->host[0])) ||
         ((wait_for & 2) && host_tasks(sim->host[1]));
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
  for (int i = 0; i < 2; i++) {
    event_hash_add_word(&hash, 0, EVENT_CHANNEL_NIC,
                        host_event_hash(sim->host[i]));
  }
  return hash.value;
}
