/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse replay: a recording goes to one host, which answers it as it
 * answers any network: ARP, ping, UDP echo (port 7), HTTP (port 80). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/http_server.h"
#include "sim/apps/udp_echo.h"
#include "sim/core/util.h"
#include "sim/tool/commands.h"
#include "sim/tool/file.h"
#include "sim/tool/replay_run.h"

enum { HTTP_PORT = 80, ECHO_PORT = 7, IDLE_MS = 60000, CONTENT = 1500000 };

/* What the host's servers need; one HTTP connection at a time. */
struct servers {
  struct replay replay;
  struct app_pattern content;
  struct http_reader reader;
  struct app_result http, echo;
  uint8_t http_buffer[65536], echo_buffer[UDP_ECHO_MAX];
};

/* --- The host ------------------------------------------------------------- */

static bool open_content(void *ctx, struct http_text path,
                         struct app_source *source) {
  struct servers *servers = ctx;
  if (!http_text_is(path, "/file") && !http_text_is(path, "/")) {
    return false;
  }
  servers->content = (struct app_pattern){.seed = 1, .size = CONTENT};
  *source = app_pattern_source(&servers->content);
  return true;
}

static void serve_http(struct host *host, void *arg) {
  struct servers *servers = arg;
  const struct http_server_config config = {
      .port = HTTP_PORT,
      .backlog = 8,
      .idle_ms = IDLE_MS,
      .open = open_content,
      .ctx = servers,
      .buffer = servers->http_buffer,
      .buffer_len = sizeof(servers->http_buffer),
      .reader = &servers->reader,
  };
  struct app_env env = host_app_env(host);
  http_server(host_stack(host), &env, &config, &servers->http);
}

static void serve_echo(struct host *host, void *arg) {
  struct servers *servers = arg;
  const struct udp_echo_config config = {
      .port = ECHO_PORT,
      .buffer = servers->echo_buffer,
      .buffer_len = sizeof(servers->echo_buffer),
  };
  struct app_env env = host_app_env(host);
  udp_echo_server(host_stack(host), &env, &config, &servers->echo);
}

static void start_host(struct run *run, struct servers *servers) {
  const struct options *options = run->options;
  const struct host_config config = run_lone_host(run);
  servers->replay.capture = run->capture;
  replay_start(&servers->replay, &config, &options->link, options->seed);
  host_spawn(servers->replay.host, 0, serve_http, servers);
  host_spawn(servers->replay.host, 0, serve_echo, servers);
}

/* --- The run -------------------------------------------------------------- */

/* What the host sent is the run's traffic. Of the recording's frames only what
 * the wire did to them counts. */
static struct link_stats faults_of(const struct link_stats *stats) {
  struct link_stats faults = *stats;
  faults.frames = faults.bytes = 0;
  memset(faults.kind_frames, 0, sizeof(faults.kind_frames));
  memset(faults.kind_bytes, 0, sizeof(faults.kind_bytes));
  return faults;
}

static void collect(struct replay_result *result, struct servers *servers) {
  struct run *run = &result->run;
  struct replay *replay = &servers->replay;
  const char *why = NULL;
  /* First: reading the NIC's counters is an event too. */
  run->event_hash = host_event_hash(replay->host);
  run->sim_ps = sim_time_max(replay->last_arrival, REPLAY_START) + REPLAY_DRAIN;
  run->healthy = host_check(replay->host, &why);
  snprintf(run->why, sizeof(run->why), "%s", why ? why : "");
  host_get_report(replay->host, &run->host[0]);
  run->stats[0] = host_stack(replay->host)->stats;
  run->link[0] = replay->link.direction[0].stats;
  run->link[1] = faults_of(&replay->link.direction[1].stats);
  result->stats = replay->stats;
  result->http = servers->http;
  result->echo = servers->echo;
}

static int replay_data(struct replay_result *result, struct servers *servers,
                       const uint8_t *data, size_t size) {
  struct run *run = &result->run;
  const struct options *options = run->options;
  struct replay *replay = &servers->replay;
  if (!replay_open(replay, data, size, options->interface,
                   options->line_rate)) {
    fprintf(stderr, "packhorse: %s: %s.\n", options->file, replay->pcap.why);
    return 2;
  }
  if (!run_open_files(run)) {
    return 2;
  }
  start_host(run, servers);
  replay_run(replay);
  collect(result, servers);
  replay_close(replay);
  bool written = run_close_files(run);
  result->ok = run->healthy && written;
  return written ? 0 : 1;
}

int replay_file(struct replay_result *result, const struct options *options) {
  uint8_t *data = NULL;
  size_t size = 0;
  *result = (struct replay_result){
      .run = {.options = options, .started = run_wall_clock()}};
  int status = file_load_name(options->file, &data, &size);
  if (!status) {
    struct servers *servers = sim_alloc(sizeof(*servers));
    status = replay_data(result, servers, data, size);
    free(servers);
  }
  free(data);
  result->run.wall_s = run_wall_clock() - result->run.started;
  return status;
}

int command_replay(const struct options *options) {
  struct replay_result *result = sim_alloc(sizeof(*result));
  int status = replay_file(result, options);
  if (status == 0) {
    if (options->json) {
      replay_json(result);
    } else {
      replay_print(result);
    }
    status = result->ok ? 0 : 1;
  }
  free(result);
  return status;
}
