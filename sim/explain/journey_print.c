/* SPDX-License-Identifier: Apache-2.0 */
/* The explanation as text, at most 100 columns wide. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/nic/nic_model.h"
#include "sim/explain/journey.h"

enum { WIDTH = 100, INDENT = 6, BAR = 39 };

static double us(sim_time time) {
  return (double)time / (double)SIM_US;
}

/* Words of `text`, broken into lines. */
static void print_wrapped(const char *text, int indent) {
  int column = 0;
  while (*text) {
    int len = (int)strcspn(text, " ");
    if (column > indent && column + 1 + len > WIDTH) {
      printf("\n");
      column = 0;
    }
    if (column == 0) {
      column = indent + printf("%*s%.*s", indent, "", len, text) - indent;
    } else {
      column += printf(" %.*s", len, text);
    }
    text += len;
    text += strspn(text, " ");
  }
  printf("\n");
}

static void print_head(const struct journey *journey) {
  bool many = journey->segment_count > 1;
  char text[JOURNEY_TEXT];
  char title[JOURNEY_HOSTS * (TOPOLOGY_NAME + 2) + 128];
  size_t len = (size_t)snprintf(title, sizeof(title),
                                "Packet %u of %u with data from %s to %s",
                                journey->number, journey->count,
                                journey->hops[0].name, journey->receiver);
  for (unsigned i = 1; i < journey->hop_count; i++) {
    if (journey->hops[i].host != 1 - journey->sender) {
      len += (size_t)snprintf(title + len, sizeof(title) - len, "%s%s",
                              i == 1 ? " over " : ", ", journey->hops[i].name);
    }
  }
  snprintf(title + len, sizeof(title) - len, ", stage by stage");
  print_wrapped(title, 0);
  printf("\n");
  snprintf(
      text, sizeof(text),
      "%" PRIu32 " bytes of TCP payload, sequence number %" PRIu32
      " on; id %" PRIu64 " in --timeline and --pcapng. %s%s",
      journey->payload, journey->seq, journey->id,
      journey->gso_size ? "A super-segment: one packet for the software, " : "",
      journey->gso_size ? "many on the wire. " : "");
  print_wrapped(text, 2);
  snprintf(text, sizeof(text),
           "Followed is its first byte%s, from the write() that brought it to "
           "the read() that took it.",
           many ? ", which travels in the first segment" : "");
  print_wrapped(text, 2);
}

/* '#' where the stage took its time, '.' where time had passed before. */
static void print_bar(const struct journey *journey, unsigned i) {
  sim_time total = journey_end(journey) - journey->start;
  sim_time from = journey_before(journey, i) - journey->start;
  sim_time to = journey->stages[i].at - journey->start;
  int begin = (int)(from * BAR / total), end = (int)(to * BAR / total);
  begin = begin == BAR ? BAR - 1 : begin;
  for (int column = 0; column <= begin || column < end; column++) {
    putchar(column < begin ? '.' : '#');
  }
}

static void print_stage(const struct journey *journey, unsigned i) {
  const struct journey_stage *stage = &journey->stages[i];
  sim_time took = stage->at - journey_before(journey, i);
  sim_time total = journey_end(journey) - journey->start;
  char cycles[16] = "";
  if (journey->hops[stage->hop].rtl) {
    snprintf(cycles, sizeof(cycles), "%.0f",
             (double)took / (double)NIC_CYCLE_PS);
  }
  printf("%3u   %-17s %10.3f %+9.3f %7s %5.1f %% ", i + 1, stage->title,
         us(stage->at - journey->start), us(took), cycles,
         100.0 * (double)took / (double)total);
  print_bar(journey, i);
  printf("\n");
  print_wrapped(stage->text, INDENT);
  printf("%*s(%s)\n", INDENT, "", stage->source);
}

static void print_place(const struct journey *journey, unsigned i) {
  const struct journey_stage *stage = &journey->stages[i];
  const struct journey_hop *hop = &journey->hops[stage->hop];
  if (i && stage[-1].place == stage->place) {
    return;
  }
  if (stage->place != PLACE_WIRE) {
    printf("\n%s: %s\n", hop->name, journey_place_name(stage->place));
  } else if (journey_over_routers(journey)) {
    printf("\nwire from %s to %s\n", hop->name, hop[1].name);
  } else {
    printf("\nwire\n");
  }
}

static void print_time(const struct journey *journey, sim_time time) {
  if (time == SIM_NEVER) {
    printf(" %9s", "-");
  } else {
    printf(" %9.3f", us(time - journey->start));
  }
}

static void print_segments(const struct journey *journey) {
  bool rtl = journey_any_rtl(journey);
  printf("\nIts segments, when (microseconds)\n\n");
  printf(
      "  segment  bytes%s    starts    leaves   arrives%s     taken  by TCP "
      "    read\n",
      rtl ? "   fetched" : "", rtl ? " in memory" : "");
  for (unsigned i = 0; i < journey->segment_count; i++) {
    const struct journey_segment *segment = &journey->segments[i];
    const struct journey_link *first = segment->links;
    const struct journey_link *last = journey_arrival(journey, segment);
    printf("  %7u %6" PRIu32, i + 1, segment->payload);
    if (rtl) {
      print_time(journey, first->fetched);
    }
    print_time(journey, first->out);
    print_time(journey, first->sent);
    print_time(journey, last->arrived);
    if (rtl) {
      print_time(journey, last->written);
    }
    print_time(journey, last->taken);
    print_time(journey, segment->input);
    print_time(journey, segment->done);
    printf("\n");
  }
  if (journey->freed != SIM_NEVER) {
    char text[128];
    snprintf(
        text, sizeof(text),
        "At %.3f us the driver of %s takes the packet back; its blocks are "
        "free when they are acknowledged, too.",
        us(journey->freed - journey->start), journey->hops[0].name);
    printf("\n");
    print_wrapped(text, 2);
  }
}

/* Over routers: its first byte enters each link, its last one has arrived. */
static void print_links(const struct journey *journey) {
  enum { COLUMNS = 4 };
  for (unsigned from = 0; from + 1 < journey->hop_count; from += COLUMNS) {
    unsigned to = ph_min_u32(from + COLUMNS, journey->hop_count - 1);
    printf(
        "\n%s\n\n  segment",
        from ? "Further on"
             : "They on each link, starting there and whole at the other end");
    for (unsigned k = from; k < to; k++) {
      char link[2 * TOPOLOGY_NAME + 4];
      snprintf(link, sizeof(link), "%s > %s", journey->hops[k].name,
               journey->hops[k + 1].name);
      printf(" %19.19s", link);
    }
    printf("\n");
    for (unsigned i = 0; i < journey->segment_count; i++) {
      const struct journey_segment *segment = &journey->segments[i];
      printf("  %7u", i + 1);
      for (unsigned k = from; k < to; k++) {
        bool there = k < segment->link_count;
        print_time(journey, there ? segment->links[k].out : SIM_NEVER);
        print_time(journey, there ? segment->links[k].arrived : SIM_NEVER);
      }
      printf("\n");
    }
  }
}

void journey_print(const struct journey *journey) {
  sim_time total = journey_end(journey) - journey->start;
  bool rtl = journey_any_rtl(journey);
  print_head(journey);
  printf("\n  #   %-17s %10s %9s %7s %7s 0%*.3f us\n", "stage", "at us",
         "took us", rtl ? "cycles" : "", "share", BAR - 4, us(total));
  for (unsigned i = 0; i < journey->stage_count; i++) {
    print_place(journey, i);
    print_stage(journey, i);
  }
  if (journey->end[0]) {
    printf("\n");
    print_wrapped(journey->end, INDENT);
  }
  printf("\n      %-17s %10.3f us", "total", us(total));
  if (journey_all_rtl(journey)) {
    printf(", %.0f cycles of the NICs' clock at 156.25 MHz",
           (double)total / (double)NIC_CYCLE_PS);
  }
  printf("\n");
  print_segments(journey);
  if (journey_over_routers(journey)) {
    print_links(journey);
  }
}
