/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse diagnose: what limited each connection of a recording. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnose/connection.h"
#include "sim/run/address.h"
#include "sim/tool/commands.h"
#include "sim/tool/file.h"

enum {
  CODE_AT = 256,
  CODE_JSON,
  NAME_TEXT = ADDRESS_TEXT + 10,
  SENTENCE = 400
};

static const struct option longs[] = {
    {"at", required_argument, NULL, CODE_AT},
    {"json", no_argument, NULL, CODE_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static void help(void) {
  printf(
      "usage: packhorse diagnose [OPTION]... FILE\n\n"
      "What limited each TCP connection of a pcapng or pcap FILE, of any "
      "source, and for\nhow much of its time: the applications, their "
      "buffers, the congestion window or\nthe wire.\n\n"
      "      --at PLACE      look at this place (interface) of the recording; "
      "else the\n                      one next to the sender\n"
      "      --json          one object for each direction\n"
      "      --help          this text\n");
}

/* "10.0.0.1:80", "[fd00::1]:80". */
static const char *name_of(const struct flow_end *end, char text[NAME_TEXT]) {
  char address[ADDRESS_TEXT];
  bool v4 = ph_addr_is_v4(&end->address);
  snprintf(text, NAME_TEXT, "%s%s%s:%u", v4 ? "" : "[",
           address_text(&end->address, address), v4 ? "" : "]", end->port);
  return text;
}

static double mbps(const struct limit_report *report) {
  return report->total_ns > 0
             ? (double)report->bytes * 8e3 / (double)report->total_ns
             : 0;
}

static void print_way(const struct flow *flow, unsigned sender,
                      const struct limit_report *report) {
  char from[NAME_TEXT], to[NAME_TEXT], sentence[SENTENCE];
  printf("%s -> %s   %llu bytes in %.6g s, %.4g Mb/s%s%s\n",
         name_of(&flow->end[sender], from), name_of(&flow->end[!sender], to),
         (unsigned long long)report->bytes, (double)report->total_ns / 1e9,
         mbps(report), *flow->place ? ", seen at " : "", flow->place);
  limit_sentence(report, sentence, sizeof(sentence));
  if (report->known) {
    const char *between = "  ";
    for (int i = 0; i < LIMIT_COUNT; i++) {
      if (limit_percent(report, (enum limit)i) > 0) {
        printf("%s%s %u %%", between, limit_name((enum limit)i),
               limit_percent(report, (enum limit)i));
        between = ", ";
      }
    }
    printf("\n");
  }
  printf("  %s\n", sentence);
  if (flow->scale_guessed) {
    printf(
        "  The recording begins later than the connection: round trips and "
        "windows are\n  guessed.\n");
  }
}

static void json_way(const struct flow *flow, unsigned sender,
                     const struct limit_report *report, bool first) {
  char from[NAME_TEXT], to[NAME_TEXT], sentence[SENTENCE];
  limit_sentence(report, sentence, sizeof(sentence));
  printf("%s\n {\"from\": \"%s\", \"to\": \"%s\", \"place\": \"%s\", ",
         first ? "" : ",", name_of(&flow->end[sender], from),
         name_of(&flow->end[!sender], to), flow->place);
  printf(
      "\"bytes\": %llu, \"seconds\": %.9f, \"segments\": %llu, "
      "\"again\": %llu, \"rtt_ms\": %.6f,\n  \"verdict\": \"%s\", "
      "\"shares\": {",
      (unsigned long long)report->bytes, (double)report->total_ns / 1e9,
      (unsigned long long)report->segments, (unsigned long long)report->again,
      (double)report->base_rtt_ns / 1e6,
      report->known ? limit_name(report->verdict) : "unknown");
  for (int i = 0; i < LIMIT_COUNT; i++) {
    double share = report->total_ns > 0
                       ? (double)report->ns[i] / (double)report->total_ns
                       : 0;
    printf("%s\"%s\": %.4f", i ? ", " : "", limit_name((enum limit)i), share);
  }
  printf("},\n  \"sentence\": \"%s\"}", sentence);
}

/* The directions that carried data; of a connection without any, none. */
static size_t show(const struct connections *connections, bool json) {
  size_t shown = 0;
  for (size_t i = 0; i < connections->count; i++) {
    const struct connection *connection = &connections->connection[i];
    for (unsigned k = 0; k < 2; k++) {
      unsigned sender = k ? !connection->sender : connection->sender;
      const struct limit_report *report = &connection->way[sender];
      /* What answered the other way in passing is not worth a line. */
      if (report->bytes == 0 || (k && !report->known)) {
        continue;
      }
      if (json) {
        json_way(connection->flow, sender, report, shown == 0);
      } else {
        printf("%s", shown ? "\n" : "");
        print_way(connection->flow, sender, report);
      }
      shown++;
    }
  }
  return shown;
}

static int run(const char *file, const char *place, bool json) {
  uint8_t *data;
  size_t size;
  struct flows flows;
  struct connections connections;
  if (file_load(file, &data, &size)) {
    return 2;
  }
  bool good = flows_read(&flows, data, size);
  int status = good ? 0 : 2;
  if (good) {
    connections_find(&connections, &flows, place);
    printf("%s", json ? "[" : "");
    size_t shown = show(&connections, json);
    printf("%s", json ? "\n]\n" : "");
    if (shown == 0) {
      fprintf(stderr, "packhorse: %s: no TCP connection with data%s%s.\n", file,
              place ? " at " : "", place ? place : "");
      status = 1;
    }
    connections_free(&connections);
  }
  if (*flows.why) {
    fprintf(stderr, "packhorse: %s: %s.\n", file, flows.why);
    status = 2;
  }
  flows_free(&flows);
  free(data);
  return status;
}

int command_diagnose(const struct options *options) {
  const char *place = NULL;
  bool json = false;
  int code;
  opterr = 0;
  optind = 0;
  while ((code = getopt_long(options->arg_count, options->args, "h", longs,
                             NULL)) != -1) {
    if (code == 'h') {
      help();
      return 0;
    }
    if (code == '?') {
      fprintf(stderr,
              "packhorse: %s: 'diagnose' has no such option, or it lacks its "
              "value ('packhorse diagnose --help' lists them).\n",
              options->args[optind - 1]);
      return 2;
    }
    place = code == CODE_AT ? optarg : place;
    json |= code == CODE_JSON;
  }
  if (options->arg_count - optind != 1) {
    fprintf(stderr,
            "packhorse: diagnose: expected one FILE, pcapng or pcap.\n");
    return 2;
  }
  return run(options->args[optind], place, json);
}
