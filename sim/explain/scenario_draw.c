/* SPDX-License-Identifier: Apache-2.0 */
/* The sequence diagram as SVG: a lane for each host, time downwards. Moments
 * are as far apart as can be read: the axis is not linear, and a long wait is a
 * gap that says how long it was. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/explain/scenario.h"
#include "sim/explain/svg.h"

enum {
  WIDTH = 900,
  LEFT = 230,  /* the client's lane */
  RIGHT = 670, /* the server's */
  LINE = 17,
  COLUMNS = 118, /* of text */
  HEAD = 62,
};

/* Waits longer than this are gaps. */
#define LONG_WAIT (15 * SIM_MS)

/* Something on a lane that needs its own height. */
struct moment {
  sim_time at;
  unsigned host, step;
};

struct picture {
  FILE *file;
  const struct scenario_story *story;
  struct moment moments[2 * SCENARIO_STEPS];
  unsigned count;
  struct {
    double y;
    sim_time wait;
  } gaps[2 * SCENARIO_STEPS];
  unsigned gap_count;
  double heights[RECORD_HOSTS][SCENARIO_STEPS]; /* of a step at each lane */
  double y;                                     /* what is drawn ends here */
};

static double lane(unsigned host) {
  return host == RUN_CLIENT ? LEFT : RIGHT;
}

/* --- Heights -------------------------------------------------------------- */

static void add(struct picture *picture, unsigned host, sim_time at,
                unsigned step) {
  struct moment *moment = &picture->moments[picture->count++];
  while (moment > picture->moments && moment[-1].at > at) {
    *moment = moment[-1];
    moment--;
  }
  *moment = (struct moment){at, host, step};
}

/* What stands at one lane is a line apart, at both a little; a wait gets room
 * of its own. */
static void place(struct picture *picture) {
  double own[RECORD_HOSTS] = {picture->y, picture->y}, y = picture->y + LINE;
  sim_time last = picture->count ? picture->moments[0].at : 0;
  for (unsigned i = 0; i < picture->count; i++) {
    const struct moment *moment = &picture->moments[i];
    sim_time wait = moment->at - last;
    double us = (double)wait / (double)SIM_US;
    y += fmin(26, 2 + 5 * log10(1 + us));
    if (wait > LONG_WAIT) {
      picture->gaps[picture->gap_count].y = y + 12;
      picture->gaps[picture->gap_count++].wait = wait;
      y += 44;
    }
    y = fmax(y, own[moment->host] + LINE);
    own[moment->host] = picture->heights[moment->host][moment->step] = y;
    last = moment->at;
  }
  picture->y = y + LINE;
}

/* --- Text ----------------------------------------------------------------- */

/* A paragraph, broken into lines. */
static void paragraph(struct picture *picture, const char *class, double x,
                      unsigned columns, const char *text) {
  while (*text) {
    size_t len = strlen(text);
    if (len > columns) {
      len = columns;
      while (len > 1 && text[len] != ' ') {
        len--;
      }
    }
    fprintf(picture->file, "<text class=\"%s\" x=\"%.0f\" y=\"%.1f\">", class,
            x, picture->y);
    svg_escape(picture->file, text, len);
    fputs("</text>\n", picture->file);
    picture->y += LINE;
    text += len;
    text += *text == ' ';
  }
}

/* --- Steps ---------------------------------------------------------------- */

static const char *class_of(const struct scenario_story *story,
                            const struct scenario_step *step) {
  const struct record_segment *segment = step->segment;
  if (step->arrived == SIM_NEVER) {
    return "lost";
  }
  if (scenario_resent(story->run, segment)) {
    return "again";
  }
  if (segment->flags & (RECORD_SYN | RECORD_FIN | RECORD_RST)) {
    return "sign";
  }
  return segment->payload ? "data" : "ack";
}

static void draw_time(const struct picture *picture, unsigned host, double y,
                      sim_time at) {
  bool left = host == RUN_CLIENT;
  fprintf(picture->file,
          "<text class=\"s\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"%s\">%.3f"
          "</text>\n",
          lane(host) + (left ? -8 : 8), y + 4, left ? "end" : "start",
          scenario_ms(at - picture->story->steps[0].at));
}

static void draw_arrow(const struct picture *picture, unsigned index) {
  const struct scenario_step *step = &picture->story->steps[index];
  FILE *file = picture->file;
  bool left = step->host == RUN_CLIENT;
  bool lost = step->arrived == SIM_NEVER;
  double x1 = lane(step->host), y1 = picture->heights[step->host][index];
  double x2 = lane(1 - step->host), y2 = y1 + 24;
  const char *class = class_of(picture->story, step);
  if (lost) {
    x2 = x1 + (x2 - x1) * 0.75;
  } else {
    y2 = picture->heights[1 - step->host][index];
    draw_time(picture, 1 - step->host, y2, step->arrived);
  }
  draw_time(picture, step->host, y1, step->at);
  fprintf(file, "<g class=\"segment %s\"><title>", class);
  svg_escape(file, step->text, strlen(step->text));
  fprintf(file,
          "</title><path d=\"M%.0f %.1fL%.1f %.1f\" marker-end=\"url(#%s)\"/>"
          "<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"%s\"><tspan "
          "class=\"%s\">%u</tspan> ",
          x1, y1, x2, y2, lost ? "x" : class, x1 + (left ? 10 : -10), y1 - 2,
          left ? "start" : "end", step->notable ? "n" : "s", step->number);
  svg_escape(file, step->label, strlen(step->label));
  fputs("</text></g>\n", file);
}

static void draw_event(const struct picture *picture, unsigned index) {
  const struct scenario_step *step = &picture->story->steps[index];
  bool left = step->host == RUN_CLIENT;
  double y = picture->heights[step->host][index];
  double x = lane(step->host);
  draw_time(picture, step->host, y, step->at);
  fprintf(picture->file,
          "<circle class=\"%s\" cx=\"%.0f\" cy=\"%.1f\" r=\"3.5\"/><text "
          "class=\"%s\" x=\"%.0f\" y=\"%.1f\" text-anchor=\"%s\">",
          step->kind == STEP_STATE ? "state" : "call", x, y,
          step->kind == STEP_STATE ? "state" : "call", x + (left ? -66 : 66),
          y + 4, left ? "end" : "start");
  svg_escape(picture->file, step->label, strlen(step->label));
  fputs("</text>\n", picture->file);
}

static void draw_gaps(const struct picture *picture) {
  for (unsigned i = 0; i < picture->gap_count; i++) {
    double y = picture->gaps[i].y;
    fprintf(picture->file,
            "<path class=\"gap\" d=\"M%d %.1fv26M%d %.1fv26\"/>"
            "<text class=\"s\" x=\"%d\" y=\"%.1f\" text-anchor=\"middle\">"
            "%.3f ms pass</text>\n",
            LEFT, y - 13, RIGHT, y - 13, (LEFT + RIGHT) / 2, y + 4,
            scenario_ms(picture->gaps[i].wait));
  }
}

static void draw_steps(struct picture *picture) {
  const struct scenario_story *story = picture->story;
  double top = picture->y;
  for (unsigned i = 0; i < story->step_count; i++) {
    const struct scenario_step *step = &story->steps[i];
    add(picture, step->host, step->at, i);
    if (step->segment && step->arrived != SIM_NEVER) {
      add(picture, 1 - step->host, step->arrived, i);
    }
  }
  place(picture);
  for (unsigned host = 0; host < RECORD_HOSTS; host++) {
    fprintf(picture->file,
            "<path class=\"lane\" d=\"M%.0f %.1fV%.1f\"/><text class=\"host\" "
            "x=\"%.0f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n",
            lane(host), top, picture->y, lane(host), top - 6,
            host ? "server" : "client");
  }
  draw_gaps(picture);
  for (unsigned i = 0; i < story->step_count; i++) {
    if (story->steps[i].segment) {
      draw_arrow(picture, i);
    } else {
      draw_event(picture, i);
    }
  }
}

/* --- The whole ------------------------------------------------------------ */

static void draw_words(struct picture *picture) {
  const struct scenario_story *story = picture->story;
  char line[SCENARIO_TEXT + 16];
  picture->y += LINE;
  paragraph(picture, "host", 20, COLUMNS, "What happened");
  for (unsigned i = 0; i < story->step_count; i++) {
    const struct scenario_step *step = &story->steps[i];
    if (step->notable) {
      snprintf(line, sizeof(line), "%u: %s", step->number, step->text);
      paragraph(picture, "w", 20, COLUMNS, line);
    }
  }
  picture->y += LINE;
  paragraph(picture, "host", 20, COLUMNS, "What it shows");
  for (unsigned i = 0; i < story->claim_count; i++) {
    const struct scenario_claim *claim = &story->claims[i];
    snprintf(line, sizeof(line), "%s%s",
             claim->holds ? "" : "NOT: ", claim->text);
    paragraph(picture, "w", 20, COLUMNS, line);
  }
}

/* The body comes first, into memory: its height stands at the beginning. */
static void draw_body(struct picture *picture) {
  const struct scenario *scenario = picture->story->run->scenario;
  picture->y = 30;
  fprintf(picture->file,
          "<text class=\"h\" x=\"20\" y=\"30\">%s: ", scenario->name);
  svg_escape(picture->file, scenario->title, strlen(scenario->title));
  fputs("</text>\n", picture->file);
  picture->y += 24;
  paragraph(picture, "w", 20, COLUMNS, scenario->idea);
  picture->y += 2 * LINE;
  draw_steps(picture);
  draw_words(picture);
}

bool scenario_draw(const struct scenario_story *story, const char *path) {
  struct picture *picture = sim_alloc(sizeof(*picture));
  char *body = NULL;
  size_t size = 0;
  picture->story = story;
  picture->file = open_memstream(&body, &size);
  if (!picture->file) {
    sim_fatal("no memory for a picture");
  }
  draw_body(picture);
  fclose(picture->file);
  bool good = svg_write(path, WIDTH, picture->y, body, size);
  free(body);
  free(picture);
  return good;
}
