/* SPDX-License-Identifier: Apache-2.0 */
/* Throughput against loss as one SVG file without scripts, fonts or links: a
 * panel for each delay, a line for each mode's formula, a mark for each run.
 * Loss is on a logarithmic axis; no loss at all has a place left of it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/tool/arq.h"

enum {
  COLUMNS = 2,
  PANEL_W = 460,
  PANEL_H = 330,
  PLOT_LEFT = 64, /* of the axes, in a panel */
  PLOT_TOP = 44,
  PLOT_W = 376,
  PLOT_H = 226,
  NOTHING_W = 58, /* where loss is 0 */
  HEAD = 96,
  FOOT = 10,
  STEPS = 120, /* of a line */
};

#define INK "#1d2b3a"
#define FADED "#66788a"
#define GRID "#dde3e8"

struct plot {
  FILE *file;
  const struct options *options;
  const struct arq_point *points;
  unsigned count;
  double top;         /* bits per second */
  double least, most; /* decades of loss */
  double left, upper; /* of the panel's axes */
};

static const char *const COLOUR[] = {"", "#d55e00", "#0072b2", "#00855f"};

static double x_of(const struct plot *plot, double loss) {
  if (loss <= 0) {
    return plot->left + 22;
  }
  double at = (log10(loss) - plot->least) / (plot->most - plot->least);
  return plot->left + NOTHING_W + at * (PLOT_W - NOTHING_W);
}

static double y_of(const struct plot *plot, double bps) {
  return plot->upper + PLOT_H * (1 - bps / plot->top);
}

static void text(const struct plot *plot, double x, double y,
                 const char *anchor, const char *colour, const char *what) {
  fprintf(plot->file,
          "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s"
          "</text>\n",
          x, y, anchor, colour, what);
}

static void line(const struct plot *plot, double x1, double y1, double x2,
                 double y2, const char *colour) {
  fprintf(plot->file,
          "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\" fill=\"none\"/>\n",
          x1, y1, x2, y2, colour);
}

/* Another shape for each mode, for those who see no colours. */
static void mark(const struct plot *plot, int32_t mode, double x, double y) {
  fprintf(plot->file, "<path d=\"");
  switch (mode) {
    case PH_TCP_ARQ_STOP_AND_WAIT:
      fprintf(plot->file, "M%.1f %.1fh8v8h-8z", x - 4, y - 4);
      break;
    case PH_TCP_ARQ_GO_BACK_N:
      fprintf(plot->file, "M%.1f %.1fl5 9h-10z", x, y - 6);
      break;
    default:
      fprintf(plot->file, "M%.1f %.1fa4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0",
              x - 4.5, y);
      break;
  }
  fprintf(plot->file, "\" fill=\"%s\" stroke=\"#fff\"/>\n", COLOUR[mode]);
}

/* --- Axes ----------------------------------------------------------------- */

/* 1, 2 or 5 times a power of ten, for at most six lines. */
static double step_of(double top) {
  double step = pow(10, floor(log10(top / 6)));
  return top / step <= 6    ? step
         : top / step <= 12 ? 2 * step
         : top / step <= 30 ? 5 * step
                            : 10 * step;
}

static void draw_rates(const struct plot *plot) {
  char label[32];
  double step = step_of(plot->top);
  for (double bps = 0; bps <= plot->top * 1.0001; bps += step) {
    double y = y_of(plot, bps);
    line(plot, plot->left, y, plot->left + PLOT_W, y, GRID);
    snprintf(label, sizeof(label), "%.4g", bps / 1e6);
    text(plot, plot->left - 8, y + 4, "end", FADED, label);
  }
  fprintf(plot->file,
          "<text transform=\"translate(%.1f %.1f) rotate(-90)\" "
          "text-anchor=\"middle\" fill=\"%s\">throughput, Mb/s</text>\n",
          plot->left - 46, plot->upper + PLOT_H / 2.0, FADED);
}

static void draw_losses(const struct plot *plot) {
  char label[32];
  double base = plot->upper + PLOT_H;
  text(plot, x_of(plot, 0), base + 18, "middle", FADED, "0");
  for (double e = plot->least; e <= plot->most + 0.001; e++) {
    double x = x_of(plot, pow(10, e));
    line(plot, x, plot->upper, x, base, GRID);
    snprintf(label, sizeof(label), "%.4g", pow(10, e));
    text(plot, x, base + 18, "middle", FADED, label);
  }
  line(plot, plot->left, base, plot->left + 42, base, INK);
  line(plot, plot->left + 48, base, plot->left + PLOT_W, base, INK);
  text(plot, plot->left + PLOT_W / 2.0, base + 38, "middle", FADED,
       "frames lost, p");
}

/* --- What is in a panel --------------------------------------------------- */

static void draw_formula(const struct plot *plot, struct arq_model model) {
  double most = pow(10, plot->most);
  fprintf(plot->file, "<path d=\"");
  for (int i = 0; i <= STEPS; i++) {
    double e = plot->least + (plot->most - plot->least) * i / STEPS;
    model.loss = fmin(pow(10, e), most);
    fprintf(plot->file, "%c%.1f %.1f", i == 0 ? 'M' : 'L',
            x_of(plot, model.loss), y_of(plot, arq_formula(&model)));
  }
  model.loss = 0;
  fprintf(
      plot->file,
      "M%.1f %.1fh%d\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.8\"/>\n",
      plot->left + 6, y_of(plot, arq_formula(&model)), 32, COLOUR[model.mode]);
}

static void draw_panel(struct plot *plot, unsigned number, sim_time delay) {
  char title[128];
  double window = 0;
  plot->left = number % COLUMNS * PANEL_W + PLOT_LEFT;
  plot->upper = HEAD + number / COLUMNS * PANEL_H + PLOT_TOP;
  draw_rates(plot);
  draw_losses(plot);
  for (int32_t mode = PH_TCP_ARQ_STOP_AND_WAIT;
       mode <= PH_TCP_ARQ_SELECTIVE_REPEAT; mode++) {
    const struct arq_point *any = NULL;
    for (unsigned i = 0; i < plot->count; i++) {
      const struct arq_point *point = &plot->points[i];
      if (point->delay == delay && point->model.mode == mode) {
        any = point;
      }
    }
    if (any) {
      draw_formula(plot, any->model);
      window = fmax(window, any->model.window);
    }
  }
  for (unsigned i = 0; i < plot->count; i++) {
    const struct arq_point *point = &plot->points[i];
    if (point->delay == delay) {
      mark(plot, point->model.mode, x_of(plot, point->model.loss),
           y_of(plot, point->measured));
    }
  }
  snprintf(title, sizeof(title), "delay %g ms, N = %.0f",
           (double)delay / (double)SIM_MS, window);
  text(plot, plot->left, plot->upper - 12, "start", INK, title);
}

/* --- The whole ------------------------------------------------------------ */

static void draw_head(const struct plot *plot) {
  char label[160];
  fprintf(plot->file,
          "<text x=\"%d\" y=\"32\" font-size=\"18\" fill=\"" INK
          "\">Throughput of ARQ against loss</text>\n",
          PLOT_LEFT);
  snprintf(label, sizeof(label),
           "wire of %.4g Mb/s, MSS %u, timeout %u %% of the round trip; lines: "
           "formula, marks: measured",
           (double)plot->options->link.rate_bps / 1e6,
           options_mss(plot->options), plot->options->arq_grid.timeout_percent);
  text(plot, PLOT_LEFT, 54, "start", FADED, label);
  double x = PLOT_LEFT + 14;
  for (int32_t mode = PH_TCP_ARQ_SELECTIVE_REPEAT;
       mode >= PH_TCP_ARQ_STOP_AND_WAIT; mode--) {
    if (plot->options->arq_grid.modes & 1u << mode) {
      line(plot, x - 14, 78, x + 14, 78, COLOUR[mode]);
      mark(plot, mode, x, 78);
      text(plot, x + 22, 82, "start", INK, options_arq_name(mode));
      x += 170;
    }
  }
}

/* The range of both axes, the same in all panels. */
static void scale(struct plot *plot) {
  plot->least = -2;
  plot->most = -1;
  for (unsigned i = 0; i < plot->count; i++) {
    const struct arq_point *point = &plot->points[i];
    struct arq_model model = point->model;
    model.loss = 0;
    plot->top = fmax(plot->top, fmax(point->measured, arq_formula(&model)));
    if (point->model.loss > 0) {
      double e = log10(point->model.loss);
      plot->least = fmin(plot->least, floor(e + 1e-9));
      plot->most = fmax(plot->most, log10(fmin(0.5, point->model.loss)));
    }
  }
  double step = step_of(plot->top);
  plot->top = ceil(plot->top / step) * step;
}

bool arq_plot(const char *name, const struct options *options,
              const struct arq_point *points, unsigned count) {
  const struct arq_grid *grid = &options->arq_grid;
  struct plot plot = {.options = options, .points = points, .count = count};
  plot.file = fopen(name, "w");
  if (!plot.file) {
    fprintf(stderr, "packhorse: --plot %s: %s.\n", name, strerror(errno));
    return false;
  }
  scale(&plot);
  unsigned columns = grid->delay_count < COLUMNS ? grid->delay_count : COLUMNS;
  unsigned rows = (grid->delay_count + COLUMNS - 1) / COLUMNS;
  unsigned width = (columns < 2 ? 640 : columns * PANEL_W) + 10;
  unsigned height = HEAD + rows * PANEL_H + FOOT;
  fprintf(plot.file,
          "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" "
          "height=\"%u\" viewBox=\"0 0 %u %u\" font-family=\"sans-serif\" "
          "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" "
          "fill=\"#fff\"/>\n",
          width, height, width, height);
  draw_head(&plot);
  for (unsigned i = 0; i < grid->delay_count; i++) {
    draw_panel(&plot, i, grid->delay[i]);
  }
  fprintf(plot.file, "</svg>\n");
  bool good = !ferror(plot.file);
  good = fclose(plot.file) == 0 && good;
  if (!good) {
    fprintf(stderr, "packhorse: --plot %s: it could not be written.\n", name);
  }
  return good;
}
