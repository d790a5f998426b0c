/* SPDX-License-Identifier: Apache-2.0 */
/* The paper of a picture: shared by journey_draw.c, which draws the way over
 * its lanes, and journey_draw_words.c, which draws what stands around it. */
#ifndef PH_SIM_EXPLAIN_JOURNEY_CANVAS_H
#define PH_SIM_EXPLAIN_JOURNEY_CANVAS_H

#include <stdio.h>

#include "sim/explain/journey.h"

enum {
  CANVAS_WIDTH = 1280,
  CANVAS_RIGHT = 1250,
  CANVAS_BADGE = 8, /* radius */
  CANVAS_LANES = 8 * JOURNEY_HOSTS,
};

#define CANVAS_INK "#1d2b3a"
#define CANVAS_FADED "#66788a"
#define CANVAS_HOT "#e8590c"

/* What a lane shows of its hop; of the wire: of the link that leaves it. */
enum lane_kind {
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
  LANE_ROUTE, /* driver and IP of a router */
  LANE_KINDS
};

struct lane {
  enum lane_kind kind;
  unsigned hop;
  double y, bottom;
};

struct canvas {
  FILE *file;
  const struct journey *journey;
  sim_time end;              /* of the picture */
  sim_time cut_from, cut_to; /* a wait that is drawn short; equal: none */
  double scale;              /* pixels per picosecond */
  double row;                /* height of a segment's row */
  struct lane lanes[CANVAS_LANES];
  unsigned lane_count;
  double floor; /* of the last lane */
};

__attribute__((format(printf, 2, 3))) void canvas_put(
    const struct canvas *canvas, const char *format, ...);
void canvas_text(const struct canvas *canvas, double x, double y,
                 const char *style, const char *words);

/* A stage's number in a circle. */
void canvas_badge(const struct canvas *canvas, double x, double y,
                  unsigned number);

/* Of a segment: the first, which is followed, is orange; the others go from
 * blue to green. */
const char *canvas_colour(const struct canvas *canvas, unsigned segment);

/* What stands above and below, from `y` on; `canvas_words_height()` is how much
 * that takes. */
void canvas_title(const struct canvas *canvas, double height);
double canvas_words_height(const struct journey *journey);
void canvas_words(const struct canvas *canvas, double y);

#endif
