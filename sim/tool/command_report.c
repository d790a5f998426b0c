/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse report FILE: the page of one connection of a recording, as far as a
 * recording shows it. Times are nanoseconds since the connection's first
 * segment; sequence numbers are relative. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/diagnose/connection.h"
#include "sim/explain/report.h"
#include "sim/run/address.h"
#include "sim/tool/commands.h"
#include "sim/tool/file.h"
#include "sim/tool/options_own.h"
#include "sim/tool/options_value.h"

enum {
  CODE_AT = 256,
  CODE_REPORT,
  CODE_CONNECTION,
  MOST_SEGMENTS = 9000, /* the page stays below 2 MB */
};

static const struct option longs[] = {
    {"at", required_argument, NULL, CODE_AT},
    {"report", required_argument, NULL, CODE_REPORT},
    {"connection", required_argument, NULL, CODE_CONNECTION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: packhorse report FILE [OPTION]...\n\n"
    "One HTML page of a TCP connection of a pcapng or pcap FILE, of any "
    "source: time and\nsequence, windows, and what limited it.\n\n"
    "      --report PAGE   write this file (report.html)\n"
    "      --connection N  the Nth that begins, from 1 (the one with most "
    "bytes)\n"
    "      --at PLACE      as this place (interface) of the recording saw "
    "it\n"
    "      --help          this text\n";

/* --- The page ------------------------------------------------------------- */

struct page {
  const struct connection *connection;
  size_t connections;
};

/* When an ACK reaches the sender, as far as the handshake tells. */
static int64_t arrives(const struct page *page,
                       const struct flow_segment *segment) {
  const struct connection *connection = page->connection;
  unsigned sender = connection->sender;
  return segment->from == sender
             ? segment->ns
             : segment->ns + connection->way[sender].outer_ns;
}

static void put_segment(FILE *file, const struct page *page,
                        const struct flow_segment *segment, bool again) {
  int64_t start = page->connection->flow->segments[0].ns;
  bool ack = (segment->flags & SEGMENT_ACK) != 0;
  fprintf(file,
          "[%u,%" PRId64 ",%" PRId64 ",%" PRId64 ",%u,%" PRId64
          ",%u,%u,0,%d,0,%u,[",
          segment->from, segment->ns - start, arrives(page, segment) - start,
          segment->seq, segment->payload, ack ? segment->ack : 0,
          segment->window, segment->flags, again, segment->wire_len);
  for (unsigned i = 0; i < segment->sack_count; i++) {
    fprintf(file, "%s[%" PRId64 ",%" PRId64 "]", i ? "," : "",
            segment->sack[i][0], segment->sack[i][1]);
  }
  fputs("]]", file);
}

static size_t put_segments(FILE *file, const struct page *page) {
  const struct flow *flow = page->connection->flow;
  size_t shown = flow->count < MOST_SEGMENTS ? flow->count : MOST_SEGMENTS;
  int64_t high[2] = {INT64_MIN, INT64_MIN};
  fputs("\"segments\":[", file);
  for (size_t i = 0; i < shown; i++) {
    const struct flow_segment *segment = &flow->segments[i];
    int64_t end = segment->seq + segment->payload;
    bool again = segment->payload > 0 && end <= high[segment->from];
    if (segment->payload > 0 && end > high[segment->from]) {
      high[segment->from] = end;
    }
    fputs(i ? ",\n" : "\n", file);
    put_segment(file, page, segment, again);
  }
  fputs("],\n", file);
  return flow->count - shown;
}

static void put_host(FILE *file, const struct flow_end *end) {
  char text[ADDRESS_PORT_TEXT];
  address_with_port(text, &end->address, end->port);
  fprintf(file, "\"%s\"", text);
}

static void put_limits(FILE *file, const struct limit_report *report) {
  char sentence[LIMIT_SENTENCE];
  limit_sentence(report, sentence, sizeof(sentence));
  fprintf(file, "\"sentence\":\"%s\",\"limits\":[", sentence);
  for (int i = 0; i < LIMIT_COUNT && report->known; i++) {
    double total = report->total_ns > 0 ? (double)report->total_ns : 1;
    fprintf(file, "%s[\"%s\",%.4f]", i ? "," : "", limit_name((enum limit)i),
            (double)report->ns[i] / total);
  }
  fputs("],\n", file);
}

static void put_data(FILE *file, const void *ctx) {
  const struct page *page = ctx;
  const struct connection *connection = page->connection;
  const struct flow *flow = connection->flow;
  const struct limit_report *report = &connection->way[connection->sender];
  fputs("{\n", file);
  size_t left_out = put_segments(file, page);
  put_limits(file, report);
  fputs("\"hosts\":[", file);
  put_host(file, &flow->end[0]);
  fputc(',', file);
  put_host(file, &flow->end[1]);
  fprintf(file,
          "],\n\"recording\":true,\"place\":\"%s\",\"connections\":%zu,"
          "\"sender\":%u,\"bytes\":%" PRIu64 ",\"duration\":%" PRId64
          ",\"rtt\":%" PRId64
          ",\"left_out\":%zu,\n\"packets\":[],\"samples\":[],\"journeys\":[]}"
          "\n",
          flow->place, page->connections, connection->sender, report->bytes,
          report->total_ns, report->base_rtt_ns, left_out);
}

/* --- The command ---------------------------------------------------------- */

static uint64_t bytes_of(const struct connection *connection) {
  return connection->way[0].bytes + connection->way[1].bytes;
}

/* NULL: there is none. */
static const struct connection *choose(const struct connections *connections,
                                       size_t number) {
  const struct connection *best = NULL;
  for (size_t i = 0; i < connections->count; i++) {
    const struct connection *one = &connections->connection[i];
    if (number ? i + 1 == number : !best || bytes_of(one) > bytes_of(best)) {
      best = one;
    }
  }
  return best;
}

static int write_page(const char *file, const struct flows *flows,
                      const char *place, size_t number, const char *path) {
  struct connections connections;
  connections_find(&connections, flows, place);
  struct page page = {choose(&connections, number), connections.count};
  int status = 2;
  if (page.connection) {
    status = report_page(path, put_data, &page) ? 0 : 1;
  } else {
    fprintf(stderr, "packhorse: %s: no such TCP connection; there are %zu.\n",
            file, connections.count);
  }
  if (status == 0) {
    printf("Report    %s   (any browser shows it)\n", path);
  }
  connections_free(&connections);
  return status;
}

static int run(const char *file, const char *place, size_t number,
               const char *path) {
  uint8_t *data;
  size_t size;
  struct flows flows;
  if (file_load_name(file, &data, &size)) {
    return 2;
  }
  int status = 2;
  if (flows_read(&flows, data, size)) {
    status = write_page(file, &flows, place, number, path);
  }
  if (*flows.why) {
    fprintf(stderr, "packhorse: %s: %s.\n", file, flows.why);
    status = 2;
  }
  flows_free(&flows);
  free(data);
  return status;
}

struct wish {
  const char *place, *path;
  uint64_t number;
};

static int take(void *ctx, int code, char *value) {
  struct wish *wish = ctx;
  wish->place = code == CODE_AT ? value : wish->place;
  wish->path = code == CODE_REPORT ? value : wish->path;
  if (code == CODE_CONNECTION &&
      !options_number(value, 1, UINT32_MAX, &wish->number)) {
    return options_complain("connection", value,
                            "the number of a connection, from 1");
  }
  return 0;
}

int command_report(const struct options *options) {
  static const struct options_own own = {
      .command = "report FILE",
      .help = help,
      .operands = "one FILE, pcapng or pcap",
      .shorts = "h",
      .longs = longs,
      .take = take,
  };
  struct wish wish = {.path = "report.html"};
  char **file;
  int count =
      options_own_read(&own, &wish, options->arg_count, options->args, &file);
  return count > 0 ? run(file[0], wish.place, wish.number, wish.path) : -count;
}
