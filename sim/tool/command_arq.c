/* SPDX-License-Identifier: Apache-2.0 */
/* throughput --arq: one transfer for each mode, delay and loss. A frame that is
 * lost is damaged on its way (fcs of 'help wire'), so that it has taken its
 * time on the wire, as textbooks have it; ACKs arrive. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/core/util.h"
#include "sim/tool/arq.h"
#include "sim/tool/commands.h"
#include "sim/run/transfer.h"

enum {
  /* Windows of data that selective repeat may have received behind a hole. */
  HOLES = 8,
  BUFFER_MIN = 262144,
  HEADERS = 40,
  BOUND_PERCENT = 10,
};

static double seconds(sim_time time) {
  return (double)time / (double)SIM_S;
}

static struct arq_model set_up(const struct options *options, int32_t mode,
                               double loss, sim_time delay) {
  const struct arq_grid *grid = &options->arq_grid;
  uint32_t mss = options_mss(options);
  uint32_t frame = mss + HEADERS + FRAME_ETH_HEADER + FRAME_FCS_LEN;
  struct link_config port = options->link; /* of the NICs: 10 Gb/s */
  port.rate_bps = 10000000000;
  struct arq_model model = {
      .mode = mode,
      .loss = loss,
      .frame = seconds(link_time(&options->link, frame)),
      .round_trip = seconds(2 * delay + 2 * link_time(&port, frame)),
      .timeout = grid->timeout_percent / 100.0,
      .window = 1,
      .bytes = mss,
  };
  if (mode != PH_TCP_ARQ_STOP_AND_WAIT) {
    model.window = grid->window ? grid->window
                                : fmax(4, ceil(model.round_trip / model.frame));
  }
  return model;
}

/* One transfer. */
static bool measure(const struct options *options, struct arq_point *point) {
  const struct arq_model *model = &point->model;
  struct options changed = *options;
  char text[64], error[256];
  changed.link.delay = point->delay;
  if (model->loss > 0) {
    snprintf(text, sizeof(text), "a>b: fcs=%.9f", model->loss);
    if (!link_config_parse(&changed.link, text, error, sizeof(error))) {
      sim_fatal("%s", error);
    }
  }
  changed.arq = (struct ph_tcp_arq){model->mode, (uint32_t)model->window,
                                    options->arq_grid.timeout_percent};
  uint32_t window = (uint32_t)(model->window * model->bytes);
  uint32_t buffer = HOLES * window > BUFFER_MIN ? HOLES * window : BUFFER_MIN;
  changed.sndbuf = changed.rcvbuf = buffer;
  struct transfer transfer;
  if (transfer_run(&transfer, &changed, false)) {
    return false;
  }
  double ns = (double)(transfer.finished_ns - transfer.connected_ns);
  point->measured = (double)transfer.received * 8e9 / ns;
  point->formula = arq_formula(model);
  point->resent = transfer.run.stats[RUN_CLIENT].TcpRetransSegs;
  point->timeouts = transfer.run.stats[RUN_CLIENT].TcpTimeouts;
  point->ok = transfer.ok;
  return true;
}

static double difference(const struct arq_point *point) {
  return 100 * (point->measured / point->formula - 1);
}

static void print_head(const struct options *options) {
  printf(
      "%s NIC, wire of %.4g Mb/s, %llu bytes each, MSS %u, seed %llu, timeout "
      "%u %% of the round trip\n\n"
      "mode                delay    N      loss  measured   formula  "
      "difference   resent timeouts\n"
      "                       us                     Mb/s      Mb/s           "
      "%%                  \n",
      options->nic == HOST_NIC_SOFT ? "soft" : "RTL",
      (double)options->link.rate_bps / 1e6, (unsigned long long)options->bytes,
      options_mss(options), (unsigned long long)options->seed,
      options->arq_grid.timeout_percent);
}

static void print_point(const struct arq_point *point) {
  printf("%-17s %7.0f %4.0f %9.4g %9.3f %9.3f %11.1f %8llu %8llu%s\n",
         options_arq_name(point->model.mode), (double)point->delay / SIM_US,
         point->model.window, point->model.loss, point->measured / 1e6,
         point->formula / 1e6, difference(point),
         (unsigned long long)point->resent, (unsigned long long)point->timeouts,
         point->ok ? "" : "  FAILED");
  fflush(stdout);
}

/* The worst in the end; a difference beyond the bound is a failure. */
static int summarize(const struct arq_point *points, unsigned count) {
  double worst = 0;
  bool ok = true;
  for (unsigned i = 0; i < count; i++) {
    worst = fmax(worst, fabs(difference(&points[i])));
    ok = ok && points[i].ok;
  }
  printf("\n%u runs, %s; largest difference %.1f %% (at most %d)\n", count,
         ok ? "all bit exact" : "NOT all bit exact", worst, BOUND_PERCENT);
  return ok && worst <= BOUND_PERCENT ? 0 : 1;
}

int command_arq(const struct options *options) {
  const struct arq_grid *grid = &options->arq_grid;
  static struct arq_point points[3 * ARQ_LIST * ARQ_LIST];
  unsigned count = 0;
  print_head(options);
  for (int32_t mode = PH_TCP_ARQ_STOP_AND_WAIT;
       mode <= PH_TCP_ARQ_SELECTIVE_REPEAT; mode++) {
    for (unsigned d = 0; d < grid->delay_count; d++) {
      for (unsigned l = 0; l < grid->loss_count && (grid->modes & 1u << mode);
           l++) {
        struct arq_point *point = &points[count++];
        point->delay = grid->delay[d];
        point->model = set_up(options, mode, grid->loss[l], grid->delay[d]);
        if (!measure(options, point)) {
          return 1;
        }
        print_point(point);
      }
    }
  }
  int status = summarize(points, count);
  if (grid->plot) {
    if (!arq_plot(grid->plot, options, points, count)) {
      return 1;
    }
    printf("Plot      %s   (any browser shows it)\n", grid->plot);
  }
  return status;
}
