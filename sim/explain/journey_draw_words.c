/* SPDX-License-Identifier: Apache-2.0 */
/* Around the picture of a packet's way: its title, the stages in words, the
 * super-segment and its segments. */
#include <inttypes.h>

#include "sim/explain/journey_canvas.h"

enum { LIST_LINE = 21 };

static void draw_list(const struct canvas *canvas, double y) {
  const struct journey *journey = canvas->journey;
  unsigned rows = (journey->stage_count + 1) / 2;
  canvas_text(canvas, 22, y,
              "font-size=\"14\" font-weight=\"bold\" fill=\"" CANVAS_INK "\"",
              "The way of the first byte");
  for (unsigned i = 0; i < journey->stage_count; i++) {
    const struct journey_stage *stage = &journey->stages[i];
    double x = 22 + (i / rows) * 330.0;
    double at = y + 24 + (i % rows) * (double)LIST_LINE;
    canvas_badge(canvas, x + CANVAS_BADGE, at - 4, i + 1);
    canvas_text(canvas, x + 24, at,
                "font-size=\"12.5\" fill=\"" CANVAS_INK "\"", stage->title);
    char number[32];
    snprintf(number, sizeof(number), "%.3f",
             (double)(stage->at - journey->start) / (double)SIM_US);
    canvas_text(canvas, x + 215, at,
                "text-anchor=\"end\" font-size=\"12.5\" fill=\"" CANVAS_INK
                "\"",
                number);
    snprintf(number, sizeof(number), "+%.3f us",
             (double)(stage->at - journey_before(journey, i)) / (double)SIM_US);
    canvas_text(canvas, x + 295, at,
                "text-anchor=\"end\" font-size=\"12.5\" fill=\"" CANVAS_FADED
                "\"",
                number);
  }
}

/* A packet: headers dark, payload in its colour. */
static void draw_block(const struct canvas *canvas, double x, double y,
                       double width, const char *fill, const char *words) {
  canvas_put(
      canvas,
      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"20\" rx=\"2\" "
      "fill=\"%s\"/>\n<rect x=\"%.1f\" y=\"%.1f\" width=\"7\" height=\"20\" "
      "rx=\"2\" fill=\"%s\"/>\n",
      x, y, width, fill, x, y, CANVAS_INK);
  canvas_text(canvas, x + 7 + (width - 7) / 2, y + 14,
              "text-anchor=\"middle\" font-size=\"10.5\" fill=\"#ffffff\"",
              words);
}

/* The packet above, its segments below. */
static void draw_segments(const struct canvas *canvas, double y) {
  const struct journey *journey = canvas->journey;
  const double x = 710, width = CANVAS_RIGHT - x;
  unsigned count = journey->segment_count;
  unsigned columns = count < 7 ? (count ? count : 1) : count <= 49 ? 7 : 14;
  char words[96];
  canvas_text(canvas, x, y,
              "font-size=\"14\" font-weight=\"bold\" fill=\"" CANVAS_INK "\"",
              journey->gso_size ? "The super-segment and its segments"
                                : "The packet on the wire");
  snprintf(words, sizeof(words), "%" PRIu32 " bytes, sequence number %" PRIu32,
           journey->payload, journey->seq);
  draw_block(canvas, x, y + 14, width, "#3f6fb0", words);
  canvas_text(
      canvas, x + width / 2, y + 51,
      "text-anchor=\"middle\" font-size=\"11.5\" fill=\"" CANVAS_FADED "\"",
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
               cell - 5, canvas_colour(canvas, i), words);
  }
}

double canvas_words_height(const struct journey *journey) {
  unsigned rows = (journey->stage_count + 1) / 2;
  unsigned count = journey->segment_count;
  unsigned lines = count <= 49 ? (count + 6) / 7 : (count + 13) / 14;
  double list = 34 + rows * (double)LIST_LINE, blocks = 70 + lines * 26.0;
  return list > blocks ? list : blocks;
}

void canvas_title(const struct canvas *canvas, double height) {
  const struct journey *journey = canvas->journey;
  const char *from = journey->hops[0].name;
  canvas_put(
      canvas,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
      "viewBox=\"0 0 %d %.0f\" font-family=\"Helvetica, Arial, sans-serif\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
      CANVAS_WIDTH, height, CANVAS_WIDTH, height);
  canvas_put(canvas,
             "<text x=\"22\" y=\"34\" font-size=\"20\" font-weight=\"bold\" "
             "fill=\"%s\">One packet from write() to read()</text>\n",
             CANVAS_INK);
  canvas_put(
      canvas,
      "<text x=\"22\" y=\"57\" font-size=\"13\" fill=\"%s\">Packet %u of %u "
      "with data, %s to %s: %" PRIu32
      " bytes in %u segment%s; %.3f us for its first byte (orange)",
      CANVAS_FADED, journey->number, journey->count, from, journey->receiver,
      journey->payload, journey->segment_count,
      journey->segment_count == 1 ? "" : "s",
      (double)(journey_end(journey) - journey->start) / (double)SIM_US);
  canvas_put(
      canvas, "%s</text>\n",
      journey->complete ? "" : ", which this packet did not bring to its end");
}

void canvas_words(const struct canvas *canvas, double y) {
  draw_list(canvas, y);
  draw_segments(canvas, y);
}
