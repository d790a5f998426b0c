/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse diagnose: what limited each connection of a recording, or of a
 * state that a run or a session wrote. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnose/connection.h"
#include "sim/run/address.h"
#include "sim/tool/commands.h"
#include "sim/tool/file.h"
#include "sim/tool/netstat.h"
#include "sim/tool/options_own.h"

enum { CODE_AT = 256, CODE_JSON };

static const struct option longs[] = {
    {"at", required_argument, NULL, CODE_AT},
    {"json", no_argument, NULL, CODE_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: packhorse diagnose [OPTION]... FILE\n\n"
    "What limited each TCP connection, and for how much of its time: the "
    "applications,\ntheir buffers, the congestion window or the wire. FILE "
    "is pcapng or pcap, of any\nsource; or what a run wrote with --state, or "
    "a --control socket: then what the\nstacks counted themselves.\n\n"
    "      --at PLACE      look at this place (interface) of the recording, "
    "else the\n                      one next to the sender; or at this "
    "host\n"
    "      --json          one object for each direction\n"
    "      --help          this text\n";

/* One direction of a connection, and what became of it. */
struct way {
  char from[ADDRESS_PORT_TEXT], to[ADDRESS_PORT_TEXT];
  const char *place; /* or host */
  bool guessed;
  const struct limit_report *report;
};

static double mbps(const struct limit_report *report) {
  return report->total_ns > 0
             ? (double)report->bytes * 8e3 / (double)report->total_ns
             : 0;
}

static void print_way(const struct way *way) {
  const struct limit_report *report = way->report;
  char sentence[LIMIT_SENTENCE];
  printf("%s -> %s   %llu bytes in %.6g s, %.4g Mb/s%s%s\n", way->from, way->to,
         (unsigned long long)report->bytes, (double)report->total_ns / 1e9,
         mbps(report), *way->place ? ", seen at " : "", way->place);
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
  if (way->guessed) {
    printf(
        "  The recording begins later than the connection: round trips and "
        "windows are\n  guessed.\n");
  }
}

static void json_way(const struct way *way) {
  const struct limit_report *report = way->report;
  char sentence[LIMIT_SENTENCE];
  limit_sentence(report, sentence, sizeof(sentence));
  printf("\n {\"from\": \"%s\", \"to\": \"%s\", \"place\": \"%s\", ", way->from,
         way->to, way->place);
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

static void show_way(const struct way *way, bool json, size_t shown) {
  if (json) {
    printf("%s", shown ? "," : "");
    json_way(way);
  } else {
    printf("%s", shown ? "\n" : "");
    print_way(way);
  }
}

/* --- Recordings ----------------------------------------------------------- */

/* The directions that carried data; of a connection without any, none. */
static size_t show_connections(const struct connections *connections,
                               bool json) {
  size_t shown = 0;
  for (size_t i = 0; i < connections->count; i++) {
    const struct connection *connection = &connections->connection[i];
    const struct flow *flow = connection->flow;
    for (unsigned k = 0; k < 2; k++) {
      unsigned sender = k ? !connection->sender : connection->sender;
      const struct flow_end *from = &flow->end[sender];
      const struct flow_end *to = &flow->end[!sender];
      struct way way = {.place = flow->place,
                        .guessed = flow->scale_guessed,
                        .report = &connection->way[sender]};
      /* What answered the other way in passing is not worth a line. */
      if (way.report->bytes > 0 && (k == 0 || way.report->known)) {
        address_with_port(way.from, &from->address, from->port);
        address_with_port(way.to, &to->address, to->port);
        show_way(&way, json, shown++);
      }
    }
  }
  return shown;
}

static int nothing(const char *file, const char *place) {
  fprintf(stderr, "packhorse: %s: no TCP connection with data%s%s.\n", file,
          place ? " at " : "", place ? place : "");
  return 1;
}

static void tell_what_is_missing(const struct flows *flows, const char *file) {
  if (*flows->why) {
    fprintf(stderr, "packhorse: %s: %s.\n", file, flows->why);
  }
  if (flows->unknown_links > 0) {
    fprintf(stderr,
            "packhorse: %s: %llu frames are of a link type that is not "
            "known.\n",
            file, (unsigned long long)flows->unknown_links);
  }
  if (flows->left_out > 0) {
    fprintf(stderr,
            "packhorse: %s: %llu segments of more than %d connections are "
            "left out.\n",
            file, (unsigned long long)flows->left_out, FLOWS_MOST);
  }
}

static int diagnose_recording(FILE *from, const char *file, const char *place,
                              bool json) {
  uint8_t *data;
  size_t size;
  struct flows flows;
  struct connections connections;
  if (file_load(from, file, &data, &size)) {
    return 2;
  }
  int status = 2;
  if (flows_read(&flows, data, size)) {
    connections_find(&connections, &flows, place);
    printf("%s", json ? "[" : "");
    size_t shown = show_connections(&connections, json);
    printf("%s", json ? "\n]\n" : "");
    status = shown ? 0 : nothing(file, place);
    connections_free(&connections);
  }
  tell_what_is_missing(&flows, file);
  status = *flows.why ? 2 : status;
  flows_free(&flows);
  free(data);
  return status;
}

/* --- States --------------------------------------------------------------- */

static struct limit_report report_of(const struct netstat_socket *socket) {
  struct limit_report report;
  limit_of_counters(socket->limit_ns, &report);
  report.bytes = socket->bytes_sent;
  report.again = socket->retransmissions;
  report.segments =
      report.again + report.bytes / (socket->mss ? socket->mss : 1);
  report.base_rtt_ns = (int64_t)(socket->srtt_ns & INT64_MAX);
  report.window_most = socket->snd_wnd;
  return report;
}

static size_t show_host(const struct netstat_host *host, bool json,
                        size_t shown) {
  for (size_t i = 0; i < host->socket_count; i++) {
    const struct netstat_socket *socket = &host->sockets[i];
    struct limit_report report = report_of(socket);
    struct way way = {.place = host->name, .report = &report};
    if (report.known) {
      address_and_port(way.from, socket->local, socket->local_port);
      address_and_port(way.to, socket->remote, socket->remote_port);
      show_way(&way, json, shown++);
    }
  }
  return shown;
}

static int diagnose_state(FILE *from, const char *file, const char *place,
                          bool json) {
  struct netstat netstat;
  int status = 2;
  if (netstat_read(&netstat, from)) {
    size_t shown = 0;
    printf("%s", json ? "[" : "");
    for (size_t i = 0; i < netstat.host_count; i++) {
      const struct netstat_host *host = &netstat.hosts[i];
      if (!place || strcmp(place, host->name) == 0) {
        shown = show_host(host, json, shown);
      }
    }
    printf("%s", json ? "\n]\n" : "");
    status = shown ? 0 : nothing(file, place);
  } else {
    fprintf(stderr, "packhorse: %s: %s.\n", file, netstat.why);
  }
  netstat_free(&netstat);
  return status;
}

static int run(const char *file, const char *place, bool json) {
  bool is_state = false;
  FILE *from = netstat_open(file, &is_state);
  if (!from) {
    return 2;
  }
  int status = is_state ? diagnose_state(from, file, place, json)
                        : diagnose_recording(from, file, place, json);
  fclose(from);
  return status;
}

struct wish {
  const char *place;
  bool json;
};

static int take(void *ctx, int code, char *value) {
  struct wish *wish = ctx;
  wish->place = code == CODE_AT ? value : wish->place;
  wish->json |= code == CODE_JSON;
  return 0;
}

int command_diagnose(const struct options *options) {
  static const struct options_own own = {
      .command = "diagnose",
      .help = help,
      .operands = "one FILE: a recording or a state",
      .shorts = "h",
      .longs = longs,
      .take = take,
  };
  struct wish wish = {0};
  char **file;
  int count =
      options_own_read(&own, &wish, options->arg_count, options->args, &file);
  return count > 0 ? run(file[0], wish.place, wish.json) : -count;
}
