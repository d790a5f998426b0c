/* SPDX-License-Identifier: Apache-2.0 */
/* The explanation as a picture: one SVG file without scripts, fonts or links.
 * Time runs to the right, the packet falls from lane to lane; a segment keeps
 * its row in every lane, so that lanes look like a pipeline. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "sim/explain/journey_canvas.h"

enum {
  LEFT = 190, /* of time 0 */
  TOP = 92,   /* of the axis */
  LANE = 34,  /* height of a lane without segments */
  GAP = 64,   /* width of a wait that is cut out */
  ROOM = 10,  /* between a host and the wire */
};

void canvas_put(const struct canvas *canvas, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vfprintf(canvas->file, format, args);
  va_end(args);
}

/* --- Layout --------------------------------------------------------------- */

static double x_of(const struct canvas *canvas, sim_time time) {
  double x = LEFT;
  sim_time start = canvas->journey->start;
  sim_time cut = canvas->cut_to - canvas->cut_from;
  if (time <= canvas->cut_from || cut == 0) {
    return x + (double)(time - start) * canvas->scale;
  }
  x += (double)(canvas->cut_from - start) * canvas->scale;
  if (time < canvas->cut_to) {
    return x + (double)GAP * (double)(time - canvas->cut_from) / (double)cut;
  }
  return x + GAP + (double)(time - canvas->cut_to) * canvas->scale;
}

static sim_time later(sim_time end, sim_time time) {
  return time == SIM_NEVER ? end : sim_time_max(end, time);
}

/* A stage that takes most of the time hides the others: it is drawn short. */
static void choose_cut(struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  sim_time span = canvas->end - journey->start;
  for (unsigned i = 0; i < journey->stage_count; i++) {
    sim_time from = journey_before(journey, i), to = journey->stages[i].at;
    if (to - from > span * 3 / 10 &&
        to - from > canvas->cut_to - canvas->cut_from) {
      /* Its ends stay visible. */
      canvas->cut_from = from + (to - from) / 20;
      canvas->cut_to = to - (to - from) / 40;
    }
  }
}

static bool by_segment(enum lane_kind kind) {
  return kind == LANE_TX_DMA || kind == LANE_TX_CUT || kind == LANE_WIRE ||
         kind == LANE_RX_DMA || kind == LANE_RX_DRIVER || kind == LANE_RX_STACK;
}

static void add_lane(struct canvas *canvas, unsigned hop, enum lane_kind kind,
                     double *y) {
  unsigned count = canvas->journey->segment_count;
  double height = by_segment(kind) ? (count ? count : 1) * canvas->row + 14 : 0;
  struct lane *lane = &canvas->lanes[canvas->lane_count++];
  *lane = (struct lane){kind, hop, *y, *y + (height < LANE ? LANE : height)};
  *y = lane->bottom +
       (kind == LANE_TX_CUT || kind == LANE_WIRE ? (double)ROOM : 0);
}

/* From top to bottom, as the packet falls. The NIC in C shows less of itself.
 */
static void add_lanes(struct canvas *canvas) {
  static const enum lane_kind first[] = {LANE_TX_APP, LANE_TX_STACK,
                                         LANE_TX_DRIVER},
                              in[] = {LANE_RX_DMA, LANE_RX_RING},
                              out[] = {LANE_TX_RINGS, LANE_TX_DMA, LANE_TX_CUT,
                                       LANE_WIRE},
                              last[] = {LANE_RX_DRIVER, LANE_RX_STACK,
                                        LANE_RX_APP};
  const struct journey *journey = canvas->journey;
  double y = TOP + 22;
  canvas->lane_count = 0;
  for (unsigned hop = 0; hop < journey->hop_count; hop++) {
    bool rtl = journey->hops[hop].rtl;
    bool end = journey->hops[hop].host == 1 - journey->sender;
    for (unsigned i = 0; i < 3 && hop == 0; i++) {
      add_lane(canvas, hop, first[i], &y);
    }
    for (unsigned i = rtl ? 0 : 1; i < 2 && hop > 0; i++) {
      add_lane(canvas, hop, in[i], &y);
    }
    if (hop > 0 && !end) {
      add_lane(canvas, hop, LANE_ROUTE, &y);
    }
    for (unsigned i = rtl ? 0 : 2; i < 4 && !end; i++) {
      add_lane(canvas, hop, out[i], &y);
    }
    for (unsigned i = 0; i < 3 && end; i++) {
      add_lane(canvas, hop, last[i], &y);
    }
  }
  canvas->floor = y;
}

/* NULL: this host has no such lane. */
static const struct lane *lane_at(const struct canvas *canvas, unsigned hop,
                                  enum lane_kind kind) {
  for (unsigned i = 0; i < canvas->lane_count; i++) {
    if (canvas->lanes[i].hop == hop && canvas->lanes[i].kind == kind) {
      return &canvas->lanes[i];
    }
  }
  return NULL;
}

static void lay_out(struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  canvas->end = journey_end(journey);
  for (unsigned i = 0; i < journey->segment_count; i++) {
    const struct journey_segment *segment = &journey->segments[i];
    canvas->end = later(canvas->end, segment->done);
    for (unsigned k = 0; k < segment->link_count; k++) {
      canvas->end = later(canvas->end, segment->links[k].sent);
    }
  }
  canvas->end = later(canvas->end, journey->freed);
  canvas->cut_from = canvas->cut_to = journey->start;
  choose_cut(canvas);
  sim_time cut = canvas->cut_to - canvas->cut_from;
  canvas->scale = (CANVAS_RIGHT - LEFT - (cut ? GAP : 0)) /
                  (double)(canvas->end - journey->start - cut);
  unsigned count = journey->segment_count ? journey->segment_count : 1;
  canvas->row = count < 4 ? 14 : count > 40 ? 2.5 : 90.0 / count + 1;
  add_lanes(canvas);
}

static double middle(const struct lane *lane) {
  return (lane->y + lane->bottom) / 2;
}

static double row_of(const struct canvas *canvas, const struct lane *lane,
                     unsigned i) {
  unsigned count = canvas->journey->segment_count;
  return middle(lane) + ((double)i - count / 2.0) * canvas->row;
}

/* --- Parts ---------------------------------------------------------------- */

void canvas_text(const struct canvas *canvas, double x, double y,
                 const char *style, const char *words) {
  canvas_put(canvas, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, style,
             words);
}

static void bar(const struct canvas *canvas, sim_time from, sim_time to,
                double y, double height, const char *fill) {
  if (from == SIM_NEVER || to == SIM_NEVER) {
    return;
  }
  double x = x_of(canvas, from), width = x_of(canvas, to) - x;
  canvas_put(
      canvas,
      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\" "
      "fill=\"%s\"/>\n",
      x, y, width < 1.5 ? 1.5 : width, height, height > 6 ? 2.0 : 0.5, fill);
}

const char *canvas_colour(const struct canvas *canvas, unsigned i) {
  static char name[32];
  unsigned count = canvas->journey->segment_count;
  if (i == 0) {
    return CANVAS_HOT;
  }
  snprintf(name, sizeof(name), "hsl(%u,55%%,%u%%)",
           215 - (count > 1 ? i * 60 / count : 0), 50 + (i % 2) * 6);
  return name;
}

static void draw_lanes(const struct canvas *canvas) {
  static const char *const names[LANE_KINDS] = {"application",
                                                "TCP/IP stack",
                                                "driver",
                                                "NIC reads rings",
                                                "NIC reads data",
                                                "NIC cuts and sums",
                                                "wire",
                                                "NIC receives, writes",
                                                "used, interrupt",
                                                "driver",
                                                "TCP/IP stack",
                                                "application",
                                                "driver and IP"};
  for (unsigned i = 0; i < canvas->lane_count; i++) {
    const struct lane *lane = &canvas->lanes[i];
    bool end =
        canvas->journey->hops[lane->hop].host == 1 - canvas->journey->sender;
    canvas_put(canvas,
               "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" "
               "fill=\"%s\"/>\n",
               LEFT, lane->y, CANVAS_RIGHT - LEFT, lane->bottom - lane->y - 1,
               lane->kind == LANE_WIRE ? "#f6f3ea"
               : lane->hop == 0        ? "#eef4fb"
               : end                   ? "#eef8f1"
                                       : "#fbf1e6");
    canvas_text(canvas, LEFT - 10, middle(lane) + 4,
                "text-anchor=\"end\" font-size=\"12.5\" fill=\"" CANVAS_INK
                "\"",
                names[lane->kind]);
  }
}

static void draw_host(const struct canvas *canvas, unsigned hop) {
  const struct journey_hop *host = &canvas->journey->hops[hop];
  const char *fill = hop == 0                                    ? "#3f6fb0"
                     : host->host == 1 - canvas->journey->sender ? "#3d8f5f"
                                                                 : "#a8672a";
  double y = canvas->floor, bottom = 0;
  for (unsigned i = 0; i < canvas->lane_count; i++) {
    const struct lane *lane = &canvas->lanes[i];
    if (lane->hop == hop && lane->kind != LANE_WIRE) {
      y = lane->y < y ? lane->y : y;
      bottom = lane->bottom;
    }
  }
  double height = bottom - y - 1;
  canvas_put(
      canvas,
      "<rect x=\"22\" y=\"%.1f\" width=\"24\" height=\"%.1f\" rx=\"4\" "
      "fill=\"%s\"/>\n<text transform=\"translate(38.5,%.1f) rotate(-90)\" "
      "text-anchor=\"middle\" font-size=\"13\" font-weight=\"bold\" "
      "fill=\"#ffffff\">%s</text>\n",
      y, height, fill, y + height / 2, host->name);
}

/* --- Axis ----------------------------------------------------------------- */

/* A round step with at least 70 pixels. */
static sim_time tick_step(const struct canvas *canvas) {
  static const unsigned parts[3] = {1, 2, 5};
  for (sim_time unit = 10 * SIM_NS; unit < 100 * SIM_S; unit *= 10) {
    for (int i = 0; i < 3; i++) {
      if ((double)(unit * parts[i]) * canvas->scale >= 70) {
        return unit * parts[i];
      }
    }
  }
  return SIM_S;
}

static void draw_axis(const struct canvas *canvas) {
  sim_time step = tick_step(canvas);
  sim_time start = canvas->journey->start;
  for (sim_time time = start; time <= canvas->end; time += step) {
    if (time > canvas->cut_from && time < canvas->cut_to) {
      continue;
    }
    double x = x_of(canvas, time);
    char label[32];
    snprintf(label, sizeof(label), "%g",
             (double)(time - start) / (double)SIM_US);
    canvas_put(canvas,
               "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\" "
               "stroke=\"#d5dde5\"/>\n",
               x, TOP + 6, x, canvas->floor);
    canvas_text(canvas, x, TOP,
                "text-anchor=\"middle\" font-size=\"11.5\" fill=\"" CANVAS_FADED
                "\"",
                label);
  }
  canvas_text(canvas, LEFT - 10, TOP,
              "text-anchor=\"end\" font-size=\"11.5\" fill=\"" CANVAS_FADED
              "\"",
              "microseconds");
}

/* Where time is cut out. */
static void draw_cut(const struct canvas *canvas) {
  if (canvas->cut_from == canvas->cut_to) {
    return;
  }
  double x = x_of(canvas, canvas->cut_from), last = canvas->floor;
  char label[48];
  snprintf(label, sizeof(label), "%.1f us",
           (double)(canvas->cut_to - canvas->cut_from) / (double)SIM_US);
  canvas_put(canvas,
             "<rect x=\"%.1f\" y=\"%d\" width=\"%d\" height=\"%.1f\" "
             "fill=\"#ffffff\"/>\n",
             x + 4, TOP + 6, GAP - 8, last - TOP - 6);
  for (int side = 0; side < 2; side++) {
    double at = x + 4 + side * (GAP - 8);
    canvas_put(canvas, "<path d=\"M%.1f %d", at, TOP + 6);
    for (double y = TOP + 6; y + 12 <= last; y += 12) {
      canvas_put(canvas, "l3 3l-6 6l3 3");
    }
    canvas_put(canvas, "\" fill=\"none\" stroke=\"#b8c4d0\"/>\n");
  }
  canvas_text(canvas, x + GAP / 2.0, TOP,
              "text-anchor=\"middle\" font-size=\"11.5\" font-style=\"italic\" "
              "fill=\"" CANVAS_FADED "\"",
              label);
}

/* --- The packet ----------------------------------------------------------- */

static enum lane_kind kind_of(const struct canvas *canvas,
                              const struct journey_stage *stage) {
  static const enum lane_kind kinds[PLACE_COUNT] = {
      LANE_TX_APP,  LANE_TX_STACK,  LANE_TX_DRIVER, LANE_TX_RINGS,
      LANE_TX_DMA,  LANE_TX_CUT,    LANE_WIRE,      LANE_RX_DMA,
      LANE_RX_RING, LANE_RX_DRIVER, LANE_RX_STACK,  LANE_RX_APP,
      LANE_ROUTE};
  const struct journey *journey = canvas->journey;
  unsigned host = journey->hops[stage->hop].host;
  bool router = stage->hop > 0 && host != 1 - journey->sender;
  return router && (stage->place == PLACE_TX_DRIVER ||
                    stage->place == PLACE_RX_DRIVER)
             ? LANE_ROUTE
             : kinds[stage->place];
}

/* What the stages say of parts that have no row for each segment. */
static void draw_software(const struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  double height = LANE - 16;
  for (unsigned i = 0; i < journey->stage_count; i++) {
    const struct journey_stage *stage = &journey->stages[i];
    sim_time from = journey_before(journey, i), to = stage->at;
    enum lane_kind kind = kind_of(canvas, stage);
    const struct lane *lane = lane_at(canvas, stage->hop, kind);
    switch (kind) {
      case LANE_TX_APP:
      case LANE_TX_DRIVER:
      case LANE_ROUTE:
        bar(canvas, from, to, lane->y + 8, height, CANVAS_HOT);
        break;
      case LANE_TX_STACK:
        bar(canvas, from, to, lane->y + 14, 6, "#f8c9a8");
        break;
      case LANE_TX_RINGS:
        bar(canvas, from + SIM_NS * 20, to, lane->y + 8, height, "#f39c63");
        break;
      case LANE_RX_RING:
        bar(canvas, from, to, lane->y + 8, height, "#f39c63");
        break;
      default:
        break;
    }
  }
}

/* A piece of the segment's row in a lane, if there is one. */
static void piece(const struct canvas *canvas, unsigned hop,
                  enum lane_kind kind, unsigned i, sim_time from, sim_time to) {
  const struct lane *lane = lane_at(canvas, hop, kind);
  double height = canvas->row > 4 ? canvas->row - 1 : canvas->row;
  if (lane) {
    bar(canvas, from, to, row_of(canvas, lane, i), height,
        canvas_colour(canvas, i));
  }
}

/* Over link `hop`, from the memory at its one end into that at its other. */
static void draw_link(const struct canvas *canvas, unsigned i, unsigned hop) {
  const struct journey_segment *s = &canvas->journey->segments[i];
  const struct journey_link *link = &s->links[hop];
  sim_time ready =
      hop ? s->links[hop - 1].taken : canvas->journey->asked_to_send;
  piece(canvas, hop, LANE_TX_DMA, i, link->asked, link->fetched);
  piece(canvas, hop + 1, LANE_RX_DMA, i, link->stored, link->written);
  canvas_put(canvas, "<g opacity=\"0.45\">");
  piece(canvas, hop, LANE_TX_CUT, i,
        link->fetched == SIM_NEVER ? ready : link->fetched, link->out);
  canvas_put(canvas, "</g>\n");
  piece(canvas, hop, LANE_WIRE, i, link->out, link->sent);
  piece(canvas, hop, LANE_WIRE, i, link->in, link->arrived);
  if (link->in != SIM_NEVER) {
    double y = row_of(canvas, lane_at(canvas, hop, LANE_WIRE), i) +
               (canvas->row > 4 ? canvas->row - 1 : canvas->row) / 2;
    canvas_put(canvas,
               "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
               "stroke=\"%s\" stroke-width=\"1\" stroke-dasharray=\"2 2\"/>\n",
               x_of(canvas, link->sent), y, x_of(canvas, link->in), y,
               canvas_colour(canvas, i));
  }
}

static void draw_segment(const struct canvas *canvas, unsigned i) {
  const struct journey *journey = canvas->journey;
  const struct journey_segment *s = &journey->segments[i];
  unsigned last = journey->hop_count - 1;
  for (unsigned hop = 0; hop < s->link_count; hop++) {
    draw_link(canvas, i, hop);
  }
  /* Software handles a frame in a moment: until the next step of its own. */
  piece(canvas, last, LANE_RX_DRIVER, i, journey_arrival(journey, s)->taken,
        s->input);
  piece(canvas, last, LANE_RX_STACK, i, s->input, s->read);
  const struct lane *app = lane_at(canvas, last, LANE_RX_APP);
  bool again = i && journey->segments[i - 1].done == s->done;
  if (app && !again) {
    bar(canvas, s->read, s->done, app->y + 8, LANE - 16,
        canvas_colour(canvas, i));
  }
}

static void draw_freed(const struct canvas *canvas) {
  sim_time freed = canvas->journey->freed;
  if (freed == SIM_NEVER) {
    return;
  }
  double x = x_of(canvas, freed);
  double y = middle(lane_at(canvas, 0, LANE_TX_DRIVER));
  canvas_put(canvas, "<path d=\"M%.1f %.1fl6 6l-6 6l-6 -6z\" fill=\"%s\"/>\n",
             x, y - 6, CANVAS_FADED);
  canvas_text(canvas, x - 11, y + 4,
              "text-anchor=\"end\" font-size=\"11\" fill=\"" CANVAS_FADED "\"",
              "used: the driver takes the packet back");
}

/* Where the number of each stage goes: where it ends, or beside the one that is
 * there already. What the NIC in C has no lane for is beside the wire. */
static void place_badges(const struct canvas *canvas, double *x, double *y) {
  const struct journey *journey = canvas->journey;
  double taken[CANVAS_LANES] = {0}; /* right end of the last one */
  for (unsigned i = 0; i < journey->stage_count; i++) {
    const struct journey_stage *stage = &journey->stages[i];
    const struct lane *lane =
        lane_at(canvas, stage->hop, kind_of(canvas, stage));
    if (!lane) {
      lane = lane_at(canvas, stage->hop - 1, LANE_WIRE);
    }
    x[i] = x_of(canvas, stage->at);
    y[i] = middle(lane);
    if (by_segment(lane->kind) && journey->segment_count > 1) {
      y[i] = row_of(canvas, lane, 0) + canvas->row / 2;
    }
    if (y[i] < lane->y + CANVAS_BADGE) {
      y[i] = lane->y + CANVAS_BADGE;
    }
    double *end = &taken[lane - canvas->lanes];
    if (x[i] < *end + CANVAS_BADGE + 1) {
      x[i] = *end + CANVAS_BADGE + 1;
    }
    *end = x[i] + CANVAS_BADGE;
  }
}

void canvas_badge(const struct canvas *canvas, double x, double y,
                  unsigned number) {
  canvas_put(
      canvas,
      "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" fill=\"#ffffff\" "
      "stroke=\"%s\" stroke-width=\"1.4\"/>\n<text x=\"%.1f\" y=\"%.1f\" "
      "text-anchor=\"middle\" font-size=\"9.5\" font-weight=\"bold\" "
      "fill=\"%s\">%u</text>\n",
      x, y, CANVAS_BADGE, CANVAS_HOT, x, y + 3.4, CANVAS_INK, number);
}

/* The way of the byte, and the number of each stage. */
static void draw_badges(const struct canvas *canvas) {
  double x[JOURNEY_STAGES], y[JOURNEY_STAGES];
  unsigned count = canvas->journey->stage_count;
  place_badges(canvas, x, y);
  canvas_put(canvas, "<path d=\"");
  for (unsigned i = 0; i < count; i++) {
    canvas_put(canvas, "%c%.1f %.1f", i ? 'L' : 'M', x[i], y[i]);
  }
  canvas_put(canvas,
             "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" "
             "stroke-opacity=\"0.4\" stroke-linejoin=\"round\"/>\n",
             CANVAS_HOT);
  for (unsigned i = 0; i < count; i++) {
    canvas_badge(canvas, x[i], y[i], i + 1);
  }
}

/* --- The whole ------------------------------------------------------------ */

static void draw(struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  lay_out(canvas);
  double below = canvas->floor + 40;
  canvas_title(canvas, below + canvas_words_height(journey) + 16);
  draw_lanes(canvas);
  for (unsigned hop = 0; hop < journey->hop_count; hop++) {
    draw_host(canvas, hop);
  }
  draw_axis(canvas);
  draw_software(canvas);
  for (unsigned i = journey->segment_count; i > 0; i--) {
    draw_segment(canvas, i - 1);
  }
  draw_cut(canvas);
  draw_freed(canvas);
  draw_badges(canvas);
  canvas_words(canvas, below);
  canvas_put(canvas, "</svg>\n");
}

bool journey_draw(const struct journey *journey, const char *path) {
  struct canvas canvas = {.journey = journey, .file = fopen(path, "w")};
  if (!canvas.file) {
    fprintf(stderr, "packhorse: --picture %s: %s.\n", path, strerror(errno));
    return false;
  }
  draw(&canvas);
  bool good = !ferror(canvas.file);
  good = fclose(canvas.file) == 0 && good;
  if (!good) {
    fprintf(stderr, "packhorse: --picture %s: it could not be written.\n",
            path);
  }
  return good;
}
