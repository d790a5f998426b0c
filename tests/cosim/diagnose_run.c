/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/cosim/diagnose_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/throughput.h"
#include "sim/core/rng.h"
#include "sim/core/util.h"
#include "stack/socket/socket_internal.h"
#include "stack/tcp/tcp_internal.h"
#include "tests/cosim/two_hosts.h"

enum { PORT = 5001, MSS = 1460, FRAME = 1538, FDS = 8 };

struct work {
  struct diagnose_run *run;
  struct app_pattern pattern;
  struct app_result sent, received;
  void *buffer[2];
  struct sim *sim;
  /* The truth so far: `reason` holds since `since`. */
  int reason;
  sim_time since;
  bool over;
};

/* --- Drawing -------------------------------------------------------------- */

static uint64_t between(struct sim_rng *rng, uint64_t low, uint64_t high) {
  return low + sim_rng_next(rng) % (high - low + 1);
}

/* `low` to `high` percent of `of`. */
static uint64_t part(struct sim_rng *rng, uint64_t of, uint64_t low,
                     uint64_t high) {
  return of * between(rng, low, high) / 100;
}

/* The probability of a loss that holds a window at about `window` bytes: that
 * of RFC 5681 is 1.22 / sqrt(p), that of RFC 9438 may be larger. */
static double loss_for(uint64_t window, double rtt_s, bool cubic) {
  double segments = (double)window / MSS;
  double p = 1.5 / (segments * segments);
  if (cubic) {
    /* W = 1.054 (rtt / p)^(3/4) */
    double w = segments / 1.054;
    double x = w * 1.26; /* w^(4/3) by Newton: x^3 = w^4 */
    for (int i = 0; i < 60; i++) {
      x -= (x * x * x - w * w * w * w) / (3 * x * x);
    }
    double other = rtt_s / x;
    p = other > p ? other : p;
  }
  return p;
}

void diagnose_run_draw(struct diagnose_run *run, uint64_t seed) {
  struct sim_rng rng;
  sim_rng_init(&rng, seed, "diagnose");
  memset(run, 0, sizeof(*run));
  run->seed = seed;
  run->kind = (enum limit)(seed % LIMIT_COUNT);
  run->rate_bps = between(&rng, 5, 50) * 1000000;
  run->delay_us = between(&rng, 2000, 20000);
  uint64_t rtt_us = 2 * run->delay_us;
  uint64_t payload = run->rate_bps / 8 * MSS / FRAME; /* bytes per second */
  uint64_t path = payload * rtt_us / 1000000 + MSS;   /* what the path holds */
  while (path < 24 * MSS) { /* too few segments to be a part of */
    run->rate_bps *= 2;
    payload *= 2;
    path *= 2;
  }
  run->congestion = between(&rng, 0, 1) ? "cubic" : "reno";
  run->app_buffer = (uint32_t)(1024 << between(&rng, 0, 6));
  run->queue = part(&rng, path, 60, 200) + 20 * FRAME;
  uint64_t ample = 4 * (path + run->queue) + 262144;
  run->sndbuf = (uint32_t)ample;
  run->rcvbuf = (uint32_t)(2 * ample);
  uint64_t seconds_100 = between(&rng, 200, 400);
  uint64_t rate = payload;
  switch (run->kind) {
    case LIMIT_SENDER:
      rate = run->write_rate = part(&rng, payload, 10, 50);
      break;
    case LIMIT_RECEIVER:
      rate = run->read_rate = part(&rng, payload, 10, 40);
      run->rcvbuf = (uint32_t)part(&rng, 2 * path, 100, 200);
      /* More than the pool of the process would be read at once. */
      run->app_buffer = run->app_buffer > 8192 ? 8192 : run->app_buffer;
      break;
    case LIMIT_SEND_BUFFER:
      run->sndbuf = (uint32_t)part(&rng, path, 20, 50);
      rate = payload / 3;
      break;
    case LIMIT_RECEIVE_BUFFER:
      run->rcvbuf = (uint32_t)part(&rng, 2 * path, 20, 50);
      rate = payload / 3;
      break;
    case LIMIT_CONGESTION:
      run->loss = loss_for(part(&rng, path, 10, 25), (double)rtt_us / 1e6,
                           strcmp(run->congestion, "cubic") == 0);
      rate = payload / 3;
      break;
    default:
      break;
  }
  run->bytes = rate * seconds_100 / 100;
}

/* --- What is true --------------------------------------------------------- */

static const struct tcp_conn *connection(struct ph_stack *stack) {
  for (int fd = 0; fd < FDS; fd++) {
    const struct ph_sock *sock = sock_get(stack, fd);
    if (sock && !sock->is_epoll && sock->tcp && sock->tcp->remote_port) {
      return sock->tcp;
    }
  }
  return NULL;
}

static int reason_now(const struct work *w, const struct tcp_conn *conn) {
  const struct diagnose_run *run = w->run;
  uint32_t unsent = tcp_unsent_bytes(conn);
  uint32_t space = tcp_cwnd_space(conn);
  int32_t left = seq_diff(conn->snd_una + conn->snd_wnd, conn->snd_nxt);
  uint32_t room = left > 0 ? (uint32_t)left : 0;
  uint64_t holds =
      run->rate_bps / 8 * MSS / FRAME * 2 * run->delay_us / 1000000;
  bool full = tcp_flight(conn) >= holds;
  bool overfull = tcp_flight(conn) >= holds + holds / 2;
  if (unsent <= room && unsent <= space && conn->out->lost_bytes == 0) {
    return run->write_rate ? LIMIT_SENDER
           : overfull      ? LIMIT_WIRE
                           : LIMIT_SEND_BUFFER;
  }
  if (room < space && run->read_rate) {
    return LIMIT_RECEIVER;
  }
  if (room < space && !overfull) {
    return LIMIT_RECEIVE_BUFFER;
  }
  return full ? LIMIT_WIRE : LIMIT_CONGESTION;
}

/* What the sender's stack has counted. */
static void count(struct diagnose_run *run, struct ph_stack *stack) {
  struct ph_socket_info info;
  for (int fd = 0; fd < FDS; fd++) {
    if (ph_socket_info(stack, fd, &info) == 0 && info.remote_port) {
      limit_of_counters(info.limit_ns, &run->counted);
    }
  }
}

static void look(void *ctx, struct host *host, sim_time now) {
  struct work *w = ctx;
  const struct tcp_conn *conn = connection(host_stack(host));
  if (w->over || !conn || conn->counters.data_segs_out == 0) {
    return;
  }
  if (w->reason >= 0) {
    int64_t ns = (int64_t)((now - w->since) / SIM_NS);
    w->run->truth.ns[w->reason] += ns;
    w->run->truth.total_ns += ns;
  }
  w->reason = reason_now(w, conn);
  w->since = now;
  w->over = w->sent.bytes == w->run->bytes && tcp_unsent_bytes(conn) == 0;
  if (w->over) {
    count(w->run, host_stack(host));
  }
}

/* --- Running -------------------------------------------------------------- */

static int swallow(void *ctx, const void *from, size_t len) {
  (void)ctx;
  (void)from;
  (void)len;
  return 0;
}

static struct throughput_config config_of(struct work *w, int end) {
  return (struct throughput_config){
      .ip = SERVER_IP,
      .port = PORT,
      .send_buffer = end == CLIENT ? w->run->sndbuf : 0,
      .recv_buffer = end == SERVER ? w->run->rcvbuf : 0,
      .rate = end == CLIENT ? w->run->write_rate : w->run->read_rate,
      .buffer = w->buffer[end],
      .buffer_len = w->run->app_buffer,
  };
}

static void send_all(struct host *host, void *arg) {
  struct work *w = arg;
  struct throughput_config config = config_of(w, CLIENT);
  struct app_env env = host_app_env(host);
  struct app_source source = app_pattern_source(&w->pattern);
  throughput_send(host_stack(host), &env, &config, &source, &w->sent);
}

static void receive_all(struct host *host, void *arg) {
  struct work *w = arg;
  struct throughput_config config = config_of(w, SERVER);
  struct app_env env = host_app_env(host);
  struct app_sink sink = {NULL, swallow};
  throughput_receive(host_stack(host), &env, &config, &sink, &w->received);
}

static void simulate(struct work *w, struct capture *capture) {
  struct diagnose_run *run = w->run;
  struct cost_table cost;
  struct link_config link;
  const struct ph_tcp_config tcp = {.congestion = run->congestion};
  struct host_config host[2];
  struct sim *sim = sim_alloc(sizeof(*sim));
  link_config_init(&link);
  link.rate_bps = run->rate_bps;
  link.delay = run->delay_us * SIM_US;
  link.way[0].queue_bytes = run->queue;
  link.way[0].loss.threshold = (uint64_t)(run->loss * 4294967296.0);
  two_hosts(host, &cost, HOST_NIC_SOFT, run->seed);
  for (int i = 0; i < 2; i++) {
    host[i].tcp = &tcp;
    host[i].capture = capture;
  }
  host[CLIENT].probe = look;
  host[CLIENT].probe_ctx = w;
  sim_init(sim, host, &link, run->seed, capture);
  host_spawn(sim->host[SERVER], 0, receive_all, w);
  host_spawn(sim->host[CLIENT], SIM_US, send_all, w);
  run->ok = sim_run(sim, 300 * SIM_S, 3) && w->sent.error == 0 &&
            w->received.error == 0 && w->received.bytes == run->bytes;
  sim_destroy(sim);
  free(sim);
}

bool diagnose_run(struct diagnose_run *run, const char *path) {
  struct work w = {.run = run, .reason = -1, .since = 0};
  struct capture *capture = capture_open(path);
  if (!capture) {
    return false;
  }
  w.pattern = (struct app_pattern){.seed = run->seed, .size = run->bytes};
  for (int i = 0; i < 2; i++) {
    w.buffer[i] = sim_alloc(run->app_buffer);
  }
  simulate(&w, capture);
  for (int i = 0; i < 2; i++) {
    free(w.buffer[i]);
  }
  limit_judge(&run->truth);
  run->truth.known = true;
  return capture_close(capture) && run->ok;
}

/* --- Reading -------------------------------------------------------------- */

bool diagnose_run_read(const char *path, const char *place,
                       struct limit_report *report) {
  FILE *file = fopen(path, "rb");
  struct flows flows;
  bool found = false;
  if (!file) {
    return false;
  }
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  uint8_t *data = sim_alloc(size);
  if (fread(data, 1, size, file) == size && flows_read(&flows, data, size)) {
    for (size_t i = 0; i < flows.count && !found; i++) {
      if (strcmp(flows.flow[i].place, place) == 0) {
        limit_of_flow(&flows.flow[i], 0, report);
        found = true;
      }
    }
    flows_free(&flows);
  }
  free(data);
  fclose(file);
  return found;
}

/* A recording does not tell why a sender has nothing to send. */
void diagnose_join(struct limit_report *report) {
  report->ns[LIMIT_SENDER] += report->ns[LIMIT_SEND_BUFFER];
  report->ns[LIMIT_SEND_BUFFER] = 0;
  limit_judge(report);
}

double diagnose_difference(const struct limit_report *a,
                           const struct limit_report *b) {
  double most = 0;
  for (int i = 0; i < LIMIT_COUNT; i++) {
    double x =
        100.0 * (double)a->ns[i] / (double)(a->total_ns ? a->total_ns : 1);
    double y =
        100.0 * (double)b->ns[i] / (double)(b->total_ns ? b->total_ns : 1);
    double d = x > y ? x - y : y - x;
    most = d > most ? d : most;
  }
  return most;
}
