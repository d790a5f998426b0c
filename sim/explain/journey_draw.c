/* SPDX-License-Identifier: Apache-2.0 */
/* The explanation as a picture: one SVG file without scripts, fonts or links.
 * Time runs to the right, the packet falls from lane to lane; a segment keeps
 * its row in every lane, so that lanes look like a pipeline. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/explain/journey.h"

enum {
  WIDTH = 1280,
  LEFT = 190, /* of time 0 */
  RIGHT = 1250,
  TOP = 92,  /* of the axis */
  LANE = 34, /* height of a lane without segments */
  GAP = 64,  /* width of a wait that is cut out */
  LIST_LINE = 21,
  BADGE = 8, /* radius */
};

enum lane {
  LANE_TX_APP,
  LANE_TX_STACK,
  LANE_TX_DRIVER,
  LANE_TX_RINGS,
  LANE_TX_DMA,
  LANE_TX_CUT,
  LANE_WIRE,
  LANE_RX_DMA,
  LANE_RX_RING,
  LANE_RX_DRIVER,
  LANE_RX_STACK,
  LANE_RX_APP,
  LANE_COUNT
};

struct canvas {
  FILE *file;
  const struct journey *journey;
  sim_time end;              /* of the picture */
  sim_time cut_from, cut_to; /* a wait that is drawn short; equal: none */
  double scale;              /* pixels per picosecond */
  double row;                /* height of a segment's row */
  double y[LANE_COUNT + 1];
};

#define INK "#1d2b3a"
#define FADED "#66788a"
#define HOT "#e8590c"

__attribute__((format(printf, 2, 3))) static void put(
    const struct canvas *canvas, const char *format, ...) {
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

static bool by_segment(enum lane lane) {
  return lane == LANE_TX_DMA || lane == LANE_TX_CUT || lane == LANE_WIRE ||
         lane == LANE_RX_DMA || lane == LANE_RX_DRIVER || lane == LANE_RX_STACK;
}

/* The NIC in C shows less of itself. */
static bool is_there(const struct canvas *canvas, enum lane lane) {
  return canvas->journey->options->nic == HOST_NIC_RTL ||
         (lane != LANE_TX_RINGS && lane != LANE_TX_DMA && lane != LANE_RX_DMA);
}

static void lay_out(struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  canvas->end = journey_end(journey);
  for (unsigned i = 0; i < journey->segment_count; i++) {
    canvas->end = later(canvas->end, journey->segments[i].done);
    canvas->end = later(canvas->end, journey->segments[i].sent);
  }
  canvas->end = later(canvas->end, journey->freed);
  canvas->cut_from = canvas->cut_to = journey->start;
  choose_cut(canvas);
  sim_time cut = canvas->cut_to - canvas->cut_from;
  canvas->scale = (RIGHT - LEFT - (cut ? GAP : 0)) /
                  (double)(canvas->end - journey->start - cut);
  unsigned count = journey->segment_count ? journey->segment_count : 1;
  canvas->row = count < 4 ? 14 : count > 40 ? 2.5 : 90.0 / count + 1;
  double y = TOP + 22;
  for (int lane = 0; lane < LANE_COUNT; lane++) {
    canvas->y[lane] = y;
    double height =
        by_segment((enum lane)lane) ? count * canvas->row + 14 : LANE;
    y +=
        is_there(canvas, (enum lane)lane) ? (height < LANE ? LANE : height) : 0;
    /* Room between the hosts. */
    y += lane == LANE_TX_CUT || lane == LANE_WIRE ? 10 : 0;
  }
  canvas->y[LANE_COUNT] = y;
}

static double bottom(const struct canvas *canvas, enum lane lane) {
  double gap = lane == LANE_TX_CUT || lane == LANE_WIRE ? 10 : 0;
  return canvas->y[lane + 1] - gap;
}

static double middle(const struct canvas *canvas, enum lane lane) {
  return (canvas->y[lane] + bottom(canvas, lane)) / 2;
}

static double row_of(const struct canvas *canvas, enum lane lane, unsigned i) {
  unsigned count = canvas->journey->segment_count;
  return middle(canvas, lane) + ((double)i - count / 2.0) * canvas->row;
}

/* --- Parts ---------------------------------------------------------------- */

static void text(const struct canvas *canvas, double x, double y,
                 const char *style, const char *words) {
  put(canvas, "<text x=\"%.1f\" y=\"%.1f\" %s>%s</text>\n", x, y, style, words);
}

static void bar(const struct canvas *canvas, sim_time from, sim_time to,
                double y, double height, const char *fill) {
  if (from == SIM_NEVER || to == SIM_NEVER) {
    return;
  }
  double x = x_of(canvas, from), width = x_of(canvas, to) - x;
  put(canvas,
      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\" "
      "fill=\"%s\"/>\n",
      x, y, width < 1.5 ? 1.5 : width, height, height > 6 ? 2.0 : 0.5, fill);
}

/* The first segment, which is followed, is orange; the others go from blue to
 * green. */
static const char *colour(const struct canvas *canvas, unsigned i) {
  static char name[32];
  unsigned count = canvas->journey->segment_count;
  if (i == 0) {
    return HOT;
  }
  snprintf(name, sizeof(name), "hsl(%u,55%%,%u%%)",
           215 - (count > 1 ? i * 60 / count : 0), 50 + (i % 2) * 6);
  return name;
}

static void draw_lane_names(const struct canvas *canvas) {
  static const char *const names[LANE_COUNT] = {"application",
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
                                                "application"};
  for (int i = 0; i < LANE_COUNT; i++) {
    enum lane lane = (enum lane)i;
    if (!is_there(canvas, lane)) {
      continue;
    }
    put(canvas,
        "<rect x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" "
        "fill=\"%s\"/>\n",
        LEFT, canvas->y[lane], RIGHT - LEFT,
        bottom(canvas, lane) - canvas->y[lane] - 1,
        lane == LANE_WIRE  ? "#f6f3ea"
        : lane < LANE_WIRE ? "#eef4fb"
                           : "#eef8f1");
    text(canvas, LEFT - 10, middle(canvas, lane) + 4,
         "text-anchor=\"end\" font-size=\"12.5\" fill=\"" INK "\"",
         names[lane]);
  }
}

static void draw_host(const struct canvas *canvas, enum lane from, enum lane to,
                      const char *name, const char *fill) {
  double y = canvas->y[from], height = bottom(canvas, to) - y - 1;
  put(canvas,
      "<rect x=\"22\" y=\"%.1f\" width=\"24\" height=\"%.1f\" rx=\"4\" "
      "fill=\"%s\"/>\n<text transform=\"translate(38.5,%.1f) rotate(-90)\" "
      "text-anchor=\"middle\" font-size=\"13\" font-weight=\"bold\" "
      "fill=\"#ffffff\">%s</text>\n",
      y, height, fill, y + height / 2, name);
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
    put(canvas,
        "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.1f\" "
        "stroke=\"#d5dde5\"/>\n",
        x, TOP + 6, x, canvas->y[LANE_COUNT]);
    text(canvas, x, TOP,
         "text-anchor=\"middle\" font-size=\"11.5\" fill=\"" FADED "\"", label);
  }
  text(canvas, LEFT - 10, TOP,
       "text-anchor=\"end\" font-size=\"11.5\" fill=\"" FADED "\"",
       "microseconds");
}

/* Where time is cut out. */
static void draw_cut(const struct canvas *canvas) {
  if (canvas->cut_from == canvas->cut_to) {
    return;
  }
  double x = x_of(canvas, canvas->cut_from), last = canvas->y[LANE_COUNT];
  char label[48];
  snprintf(label, sizeof(label), "%.1f us",
           (double)(canvas->cut_to - canvas->cut_from) / (double)SIM_US);
  put(canvas,
      "<rect x=\"%.1f\" y=\"%d\" width=\"%d\" height=\"%.1f\" "
      "fill=\"#ffffff\"/>\n",
      x + 4, TOP + 6, GAP - 8, last - TOP - 6);
  for (int side = 0; side < 2; side++) {
    double at = x + 4 + side * (GAP - 8);
    put(canvas, "<path d=\"M%.1f %d", at, TOP + 6);
    for (double y = TOP + 6; y + 12 <= last; y += 12) {
      put(canvas, "l3 3l-6 6l3 3");
    }
    put(canvas, "\" fill=\"none\" stroke=\"#b8c4d0\"/>\n");
  }
  text(canvas, x + GAP / 2.0, TOP,
       "text-anchor=\"middle\" font-size=\"11.5\" font-style=\"italic\" "
       "fill=\"" FADED "\"",
       label);
}

/* --- The packet ----------------------------------------------------------- */

static void draw_software(const struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  double height = LANE - 16;
  for (unsigned i = 0; i < journey->stage_count; i++) {
    sim_time from = journey_before(journey, i), to = journey->stages[i].at;
    switch (journey->stages[i].place) {
      case PLACE_TX_APP:
        bar(canvas, from, to, canvas->y[LANE_TX_APP] + 8, height, HOT);
        break;
      case PLACE_TX_STACK:
        bar(canvas, from, to, canvas->y[LANE_TX_STACK] + 14, 6, "#f8c9a8");
        break;
      case PLACE_TX_DRIVER:
        bar(canvas, from, to, canvas->y[LANE_TX_DRIVER] + 8, height, HOT);
        break;
      case PLACE_TX_RINGS:
        bar(canvas, from + SIM_NS * 20, to, canvas->y[LANE_TX_RINGS] + 8,
            height, "#f39c63");
        break;
      case PLACE_RX_RING:
        bar(canvas, from, to, canvas->y[LANE_RX_RING] + 8, height, "#f39c63");
        break;
      default:
        break;
    }
  }
}

static void draw_segment(const struct canvas *canvas, unsigned i) {
  const struct journey_segment *s = &canvas->journey->segments[i];
  const char *fill = colour(canvas, i);
  double height = canvas->row > 4 ? canvas->row - 1 : canvas->row;
  double y = row_of(canvas, LANE_WIRE, i);
  if (is_there(canvas, LANE_TX_DMA)) {
    bar(canvas, s->asked, s->fetched, row_of(canvas, LANE_TX_DMA, i), height,
        fill);
    bar(canvas, s->stored, s->written, row_of(canvas, LANE_RX_DMA, i), height,
        fill);
  }
  put(canvas, "<g opacity=\"0.45\">");
  bar(canvas,
      s->fetched == SIM_NEVER ? canvas->journey->asked_to_send : s->fetched,
      s->out, row_of(canvas, LANE_TX_CUT, i), height, fill);
  put(canvas, "</g>\n");
  bar(canvas, s->out, s->sent, y, height, fill);
  bar(canvas, s->in, s->arrived, y, height, fill);
  if (s->in != SIM_NEVER) {
    put(canvas,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
        "stroke=\"%s\" stroke-width=\"1\" stroke-dasharray=\"2 2\"/>\n",
        x_of(canvas, s->sent), y + height / 2, x_of(canvas, s->in),
        y + height / 2, fill);
  }
  /* Software handles a frame in a moment: until the next step of its own. */
  bar(canvas, s->taken, s->input, row_of(canvas, LANE_RX_DRIVER, i), height,
      fill);
  bar(canvas, s->input, s->read, row_of(canvas, LANE_RX_STACK, i), height,
      fill);
  bool again = i && canvas->journey->segments[i - 1].done == s->done;
  if (!again) {
    bar(canvas, s->read, s->done, canvas->y[LANE_RX_APP] + 8, LANE - 16, fill);
  }
}

static void draw_freed(const struct canvas *canvas) {
  sim_time freed = canvas->journey->freed;
  if (freed == SIM_NEVER) {
    return;
  }
  double x = x_of(canvas, freed), y = middle(canvas, LANE_TX_DRIVER);
  put(canvas, "<path d=\"M%.1f %.1fl6 6l-6 6l-6 -6z\" fill=\"%s\"/>\n", x,
      y - 6, FADED);
  text(canvas, x - 11, y + 4,
       "text-anchor=\"end\" font-size=\"11\" fill=\"" FADED "\"",
       "used: the driver takes the packet back");
}

static enum lane lane_of(const struct canvas *canvas,
                         enum journey_place place) {
  static const enum lane lanes[PLACE_COUNT] = {
      LANE_TX_APP,  LANE_TX_STACK,  LANE_TX_DRIVER, LANE_TX_RINGS,
      LANE_TX_DMA,  LANE_TX_CUT,    LANE_WIRE,      LANE_RX_DMA,
      LANE_RX_RING, LANE_RX_DRIVER, LANE_RX_STACK,  LANE_RX_APP};
  enum lane lane = lanes[place];
  return is_there(canvas, lane) ? lane : LANE_WIRE;
}

/* Where the number of each stage goes: where it ends, or beside the one that is
 * there already. */
static void place_badges(const struct canvas *canvas, double *x, double *y) {
  const struct journey *journey = canvas->journey;
  double taken[LANE_COUNT] = {0}; /* right end of the last one */
  for (unsigned i = 0; i < journey->stage_count; i++) {
    enum lane lane = lane_of(canvas, journey->stages[i].place);
    x[i] = x_of(canvas, journey->stages[i].at);
    y[i] = middle(canvas, lane);
    if (by_segment(lane) && journey->segment_count > 1) {
      y[i] = row_of(canvas, lane, 0) + canvas->row / 2;
    }
    if (y[i] < canvas->y[lane] + BADGE) {
      y[i] = canvas->y[lane] + BADGE;
    }
    if (x[i] < taken[lane] + BADGE + 1) {
      x[i] = taken[lane] + BADGE + 1;
    }
    taken[lane] = x[i] + BADGE;
  }
}

static void badge(const struct canvas *canvas, double x, double y,
                  unsigned number) {
  put(canvas,
      "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" fill=\"#ffffff\" "
      "stroke=\"%s\" stroke-width=\"1.4\"/>\n<text x=\"%.1f\" y=\"%.1f\" "
      "text-anchor=\"middle\" font-size=\"9.5\" font-weight=\"bold\" "
      "fill=\"%s\">%u</text>\n",
      x, y, BADGE, HOT, x, y + 3.4, INK, number);
}

/* The way of the byte, and the number of each stage. */
static void draw_badges(const struct canvas *canvas) {
  double x[JOURNEY_STAGES], y[JOURNEY_STAGES];
  unsigned count = canvas->journey->stage_count;
  place_badges(canvas, x, y);
  put(canvas, "<path d=\"");
  for (unsigned i = 0; i < count; i++) {
    put(canvas, "%c%.1f %.1f", i ? 'L' : 'M', x[i], y[i]);
  }
  put(canvas,
      "\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" "
      "stroke-opacity=\"0.4\" stroke-linejoin=\"round\"/>\n",
      HOT);
  for (unsigned i = 0; i < count; i++) {
    badge(canvas, x[i], y[i], i + 1);
  }
}

/* --- Below: the stages in words, the super-segment and its segments ------- */

static void draw_list(const struct canvas *canvas, double y) {
  const struct journey *journey = canvas->journey;
  unsigned rows = (journey->stage_count + 1) / 2;
  text(canvas, 22, y, "font-size=\"14\" font-weight=\"bold\" fill=\"" INK "\"",
       "The way of the first byte");
  for (unsigned i = 0; i < journey->stage_count; i++) {
    const struct journey_stage *stage = &journey->stages[i];
    double x = 22 + (i / rows) * 330.0;
    double at = y + 24 + (i % rows) * (double)LIST_LINE;
    badge(canvas, x + BADGE, at - 4, i + 1);
    text(canvas, x + 24, at, "font-size=\"12.5\" fill=\"" INK "\"",
         stage->title);
    char number[32];
    snprintf(number, sizeof(number), "%.3f",
             (double)(stage->at - journey->start) / (double)SIM_US);
    text(canvas, x + 215, at,
         "text-anchor=\"end\" font-size=\"12.5\" fill=\"" INK "\"", number);
    snprintf(number, sizeof(number), "+%.3f us",
             (double)(stage->at - journey_before(journey, i)) / (double)SIM_US);
    text(canvas, x + 295, at,
         "text-anchor=\"end\" font-size=\"12.5\" fill=\"" FADED "\"", number);
  }
}

/* A packet: headers dark, payload in its colour. */
static void draw_block(const struct canvas *canvas, double x, double y,
                       double width, const char *fill, const char *words) {
  put(canvas,
      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\" rx=\"2\" "
      "fill=\"%s\"/>\n<rect x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"20\" "
      "rx=\"2\" fill=\"%s\"/>\n",
      x, y, width, fill, x, y, INK);
  text(canvas, x + 7 + (width - 7) / 2, y + 14,
       "text-anchor=\"middle\" font-size=\"10.5\" fill=\"#ffffff\"", words);
}

/* The packet above, its segments below. */
static void draw_segments(const struct canvas *canvas, double y) {
  const struct journey *journey = canvas->journey;
  const double x = 710, width = RIGHT - x;
  unsigned count = journey->segment_count;
  unsigned columns = count < 7 ? (count ? count : 1) : count <= 49 ? 7 : 14;
  char words[96];
  text(canvas, x, y, "font-size=\"14\" font-weight=\"bold\" fill=\"" INK "\"",
       journey->gso_size ? "The super-segment and its segments"
                         : "The packet on the wire");
  snprintf(words, sizeof(words), "%" PRIu32 " bytes, sequence number %" PRIu32,
           journey->payload, journey->seq);
  draw_block(canvas, x, y + 14, width, "#3f6fb0", words);
  text(canvas, x + width / 2, y + 51,
       "text-anchor=\"middle\" font-size=\"11.5\" fill=\"" FADED "\"",
       journey->gso_size ? "one header, one packet for the software; the NIC "
                           "cuts it, edits each header and sums"
       : count == 1      ? "it fits into one segment"
                         : "each piece is a packet for the software, too");
  for (unsigned i = 0; i < count; i++) {
    double cell = width / columns;
    if (columns <= 7) {
      snprintf(words, sizeof(words), "%u: %" PRIu32, i + 1,
               journey->segments[i].payload);
    } else {
      snprintf(words, sizeof(words), "%u", i + 1);
    }
    draw_block(canvas, x + (i % columns) * cell, y + 62 + (i / columns) * 26.0,
               cell - 5, colour(canvas, i), words);
  }
}

/* --- The whole ------------------------------------------------------------ */

static double height_below(const struct journey *journey) {
  unsigned rows = (journey->stage_count + 1) / 2;
  unsigned count = journey->segment_count;
  unsigned lines = count <= 49 ? (count + 6) / 7 : (count + 13) / 14;
  double list = 34 + rows * (double)LIST_LINE, blocks = 70 + lines * 26.0;
  return list > blocks ? list : blocks;
}

static void draw_title(const struct canvas *canvas, double height) {
  const struct journey *journey = canvas->journey;
  const char *from = journey_host_name(journey->sender);
  put(canvas,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
      "viewBox=\"0 0 %d %.0f\" font-family=\"Helvetica, Arial, sans-serif\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
      WIDTH, height, WIDTH, height);
  put(canvas,
      "<text x=\"22\" y=\"34\" font-size=\"20\" font-weight=\"bold\" "
      "fill=\"%s\">One packet from write() to read()</text>\n",
      INK);
  put(canvas,
      "<text x=\"22\" y=\"57\" font-size=\"13\" fill=\"%s\">Packet %u of %u "
      "with data, %s to %s: %" PRIu32
      " bytes in %u segment%s; %.3f us for its first byte (orange)",
      FADED, journey->number, journey->count, from,
      journey_host_name(1 - journey->sender), journey->payload,
      journey->segment_count, journey->segment_count == 1 ? "" : "s",
      (double)(journey_end(journey) - journey->start) / (double)SIM_US);
  put(canvas, "%s</text>\n",
      journey->complete ? "" : ", which this packet did not bring to its end");
}

static void draw(struct canvas *canvas) {
  const struct journey *journey = canvas->journey;
  lay_out(canvas);
  double below = canvas->y[LANE_COUNT] + 40;
  draw_title(canvas, below + height_below(journey) + 16);
  draw_lane_names(canvas);
  draw_host(canvas, LANE_TX_APP, LANE_TX_CUT,
            journey_host_name(journey->sender), "#3f6fb0");
  draw_host(canvas, LANE_RX_DMA, LANE_RX_APP,
            journey_host_name(1 - journey->sender), "#3d8f5f");
  draw_axis(canvas);
  draw_software(canvas);
  for (unsigned i = journey->segment_count; i > 0; i--) {
    draw_segment(canvas, i - 1);
  }
  draw_cut(canvas);
  draw_freed(canvas);
  draw_badges(canvas);
  draw_list(canvas, below);
  draw_segments(canvas, below);
  put(canvas, "</svg>\n");
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
