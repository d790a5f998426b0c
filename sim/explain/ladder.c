/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/explain/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/explain/ladder_words.h"
#include "sim/explain/svg.h"

enum {
  RUNGS_MAX = 200,
  STEP = 230, /* from lane to lane */
  LEFT = 150, /* the first */
  RUNG = 24,
  GAP = 34,
  HEAD = 84,
};

/* A longer silence is drawn as a gap. */
#define LONG_WAIT (100 * SIM_MS)

struct rung {
  sim_time at;
  double y;
  unsigned from, to; /* hosts */
  bool lost;
  enum ladder_kind kind;
  char text[LADDER_TEXT];
};

struct ladder {
  const struct run *run;
  unsigned lane[SIM_HOSTS]; /* of a host, from the left */
  unsigned count, more;     /* rungs, and those that have no place */
  struct rung rungs[RUNGS_MAX];
};

/* The hosts of the way from client to server in their order, then the rest. */
static void order_lanes(struct ladder *ladder) {
  const struct topology *topology = &ladder->run->topology;
  bool placed[SIM_HOSTS] = {false};
  unsigned next = 0, at = 0;
  ladder->lane[at] = next++;
  placed[at] = true;
  for (unsigned i = 0; i < topology->path_len; i++) {
    const struct sim_end *end = topology->links[topology->path[i]].end;
    at = end[end[0].host == at].host;
    ladder->lane[at] = next++;
    placed[at] = true;
  }
  for (unsigned i = 0; i < topology->host_count; i++) {
    if (!placed[i]) {
      ladder->lane[i] = next++;
    }
  }
}

struct ladder *ladder_new(const struct run *run) {
  struct ladder *ladder = sim_alloc(sizeof(*ladder));
  ladder->run = run;
  order_lanes(ladder);
  return ladder;
}

/* Which host and NIC an interface of the capture is; four for each NIC. */
static unsigned host_of(const struct topology *topology, unsigned interface,
                        unsigned *port, unsigned *place) {
  unsigned nic = interface / 4;
  unsigned host = 0;
  while (host < topology->host_count &&
         nic >= topology->hosts[host].port_count) {
    nic -= topology->hosts[host++].port_count;
  }
  *port = nic;
  *place = interface % 4;
  return host;
}

void ladder_see(void *ctx, const struct capture_packet *packet) {
  struct ladder *ladder = ctx;
  const struct topology *topology = &ladder->run->topology;
  unsigned port, place;
  unsigned host = host_of(topology, packet->interface, &port, &place);
  if (host >= topology->host_count || place != 1) {
    return; /* only what is sent to a wire */
  }
  if (ladder->count == RUNGS_MAX) {
    ladder->more++;
    return;
  }
  struct rung *rung = &ladder->rungs[ladder->count++];
  *rung = (struct rung){
      .at = packet->time,
      .from = host,
      .to = topology_neighbour(topology, host, port).host,
      .lost = packet->marks & FRAME_DROPPED,
  };
  rung->kind = ladder_words(packet->data, packet->len, rung->text);
}

static double x_of(const struct ladder *ladder, unsigned host) {
  return LEFT + (double)STEP * ladder->lane[host];
}

/* Where each is; the end of all. */
static double place(struct ladder *ladder) {
  double y = HEAD;
  for (unsigned i = 0; i < ladder->count; i++) {
    struct rung *rung = &ladder->rungs[i];
    y += RUNG + (i && rung->at - rung[-1].at > LONG_WAIT ? GAP : 0);
    rung->y = y;
  }
  return y + 2 * RUNG;
}

static void draw_rung(FILE *file, const struct ladder *ladder,
                      const struct rung *rung) {
  static const char *const classes[] = {"data", "ack", "sign"};
  const char *class = rung->lost ? "lost" : classes[rung->kind];
  double x1 = x_of(ladder, rung->from), x2 = x_of(ladder, rung->to);
  double end = rung->lost ? x1 + 0.75 * (x2 - x1) : x2;
  sim_time wait = rung > ladder->rungs ? rung->at - rung[-1].at : 0;
  if (wait > LONG_WAIT) {
    fprintf(file, "<text class=\"s\" x=\"%d\" y=\"%.0f\">%.3f s pass</text>\n",
            LEFT + 8, rung->y - GAP + 4, (double)wait / (double)SIM_S);
  }
  fprintf(file,
          "<text class=\"s\" x=\"%d\" y=\"%.0f\" text-anchor=\"end\">%.3f ms"
          "</text>\n<g class=\"segment %s\"><path d=\"M%.0f %.0fL%.0f %.0f\" "
          "marker-end=\"url(#%s)\"/><text x=\"%.0f\" y=\"%.0f\" "
          "text-anchor=\"middle\">",
          LEFT - 60, rung->y + 4,
          (double)(rung->at - ladder->rungs[0].at) / (double)SIM_MS, class, x1,
          rung->y, end, rung->y + 6, rung->lost ? "x" : class, (x1 + x2) / 2,
          rung->y - 2);
  svg_escape(file, rung->text, strlen(rung->text));
  fputs("</text></g>\n", file);
}

static double draw_body(FILE *file, struct ladder *ladder, const char *title) {
  const struct topology *topology = &ladder->run->topology;
  double end = place(ladder);
  fputs("<text class=\"h\" x=\"20\" y=\"30\">", file);
  svg_escape(file, title, strlen(title));
  fputs("</text>\n", file);
  for (unsigned i = 0; i < topology->host_count; i++) {
    const char *name = topology->hosts[i].name;
    fprintf(file,
            "<text class=\"host\" x=\"%.0f\" y=\"%d\" text-anchor=\"middle\">",
            x_of(ladder, i), HEAD - 14);
    svg_escape(file, name, strlen(name));
    fprintf(file, "</text><path class=\"lane\" d=\"M%.0f %dV%.0f\"/>\n",
            x_of(ladder, i), HEAD - 6, end - RUNG);
  }
  for (unsigned i = 0; i < ladder->count; i++) {
    draw_rung(file, ladder, &ladder->rungs[i]);
  }
  if (ladder->more) {
    fprintf(file, "<text class=\"s\" x=\"%d\" y=\"%.0f\">and %u more</text>\n",
            LEFT + 8, end - 4, ladder->more);
  }
  return end + RUNG / 2;
}

bool ladder_draw(struct ladder *ladder, const char *title, const char *path) {
  char *body = NULL;
  size_t size = 0;
  bool good = true;
  if (path) {
    FILE *file = open_memstream(&body, &size);
    if (!file) {
      sim_fatal("no memory for a picture");
    }
    double height = draw_body(file, ladder, title);
    fclose(file);
    double width =
        2 * LEFT + (double)STEP * (ladder->run->topology.host_count - 1);
    good = svg_write(path, width, height, body, size);
  }
  free(body);
  free(ladder);
  return good;
}
