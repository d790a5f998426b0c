/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse tap: one simulated host, and the Linux kernel at the other end. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/http_client.h"
#include "sim/apps/http_server.h"
#include "sim/core/sha256.h"
#include "sim/core/util.h"
#include "sim/host/tap.h"
#include "sim/tool/commands.h"
#include "sim/tool/control.h"
#include "sim/run/run.h"

enum { HTTP_PORT = 80, STEP_MS = 50, IDLE_MS = 60000 };

/* One connection of the server at a time, so one reader is enough. */
struct content {
  uint8_t *bytes;
  uint64_t size, offset;
};

struct work {
  const struct options *options;
  struct content content;
  void *buffer;
  struct http_reader reader;
  uint32_t ip;
  uint16_t port;
  char host[32], path[256];
  FILE *output;
  struct sha256 sha;
  struct app_result result;
  bool done;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

/* --- Serving -------------------------------------------------------------- */

static bool load_content(struct work *work) {
  const struct options *options = work->options;
  struct content *content = &work->content;
  struct sim_rng random;
  content->size = options->bytes;
  FILE *file = NULL;
  if (options->file) {
    file = fopen(options->file, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0 || ftell(file) < 0) {
      fprintf(stderr, "packhorse: --file %s: %s.\n", options->file,
              strerror(errno));
      return false;
    }
    content->size = (uint64_t)ftell(file);
    rewind(file);
  }
  content->bytes = sim_alloc(content->size);
  bool good = true;
  if (file) {
    good = fread(content->bytes, 1, content->size, file) == content->size;
    fclose(file);
  } else {
    sim_rng_init(&random, options->seed, "content");
    sim_rng_fill(&random, content->bytes, content->size);
  }
  return good;
}

static long content_read(void *ctx, void *to, size_t len) {
  struct content *content = ctx;
  uint64_t left = content->size - content->offset;
  if (len > left) {
    len = (size_t)left;
  }
  memcpy(to, content->bytes + content->offset, len);
  content->offset += len;
  return (long)len;
}

static bool open_content(void *ctx, struct http_text path,
                         struct app_source *source) {
  struct work *work = ctx;
  if (!http_text_is(path, "/file") && !http_text_is(path, "/")) {
    return false;
  }
  work->content.offset = 0;
  *source =
      (struct app_source){&work->content, work->content.size, content_read};
  return true;
}

static void serve(struct host *host, void *arg) {
  struct work *work = arg;
  const struct http_server_config config = {
      .port = HTTP_PORT,
      .backlog = 8,
      .idle_ms = IDLE_MS,
      .open = open_content,
      .ctx = work,
      .buffer = work->buffer,
      .buffer_len = work->options->app_buffer,
      .reader = &work->reader,
  };
  struct app_env env = host_app_env(host);
  http_server(host_stack(host), &env, &config, &work->result);
  work->done = true;
}

/* --- Fetching ------------------------------------------------------------- */

/* http://A.B.C.D[:PORT]/PATH */
static bool parse_url(struct work *work) {
  unsigned port = 80;
  char rest[256] = "/";
  struct in_addr address;
  const char *url = work->options->fetch;
  int fields = sscanf(url, "http://%31[0-9.]:%u%255s", work->host, &port, rest);
  if (fields < 2) {
    fields = sscanf(url, "http://%31[0-9.]%255s", work->host, rest);
  }
  if (fields < 1 || port == 0 || port > 65535 || rest[0] != '/' ||
      inet_pton(AF_INET, work->host, &address) != 1) {
    fprintf(stderr,
            "packhorse: --fetch %s: expected http://A.B.C.D[:PORT]/PATH.\n",
            url);
    return false;
  }
  work->ip = ntohl(address.s_addr);
  work->port = (uint16_t)port;
  memcpy(work->path, rest, sizeof(work->path));
  return true;
}

static int fetched(void *ctx, const void *from, size_t len) {
  struct work *work = ctx;
  sha256_update(&work->sha, from, len);
  if (work->output && fwrite(from, 1, len, work->output) != len) {
    return -PH_EIO;
  }
  return 0;
}

static void fetch(struct host *host, void *arg) {
  struct work *work = arg;
  const struct http_client_config config = {
      .ip = work->ip,
      .port = work->port,
      .host = work->host,
      .path = work->path,
      .requests = 1,
      .idle_ms = IDLE_MS,
      .recv_buffer = work->options->rcvbuf,
      .buffer = work->buffer,
      .buffer_len = work->options->app_buffer,
      .reader = &work->reader,
  };
  struct app_sink sink = {work, fetched};
  struct app_env env = host_app_env(host);
  http_client(host_stack(host), &env, &config, &sink, &work->result);
  work->done = true;
}

/* --- The run -------------------------------------------------------------- */

struct session {
  struct run run; /* of which there is the first host only */
  struct tap tap;
  struct host *host;
  FILE *replay;
  struct control control;
};

static bool open_file(FILE **file, const char *name, const char *mode) {
  *file = name ? fopen(name, mode) : NULL;
  if (name && !*file) {
    fprintf(stderr, "packhorse: %s: %s.\n", name, strerror(errno));
  }
  return !name || *file;
}

static bool open_session(struct session *session,
                         const struct options *options) {
  char error[256];
  session->tap.fd = -1;
  FILE *log;
  if (!open_file(&session->replay, options->replay, "rb") ||
      !open_file(&log, options->log, "wb")) {
    return false;
  }
  /* Linux takes the next address of the network, or the one before. */
  uint32_t host_bits = UINT32_MAX >> options->prefix_len;
  uint32_t peer = ((options->address + 1) & host_bits) == host_bits
                      ? options->address - 1
                      : options->address + 1;
  if (!options->replay &&
      !tap_open(&session->tap, options->tap, options->netns, peer,
                options->prefix_len, options->mtu, error, sizeof(error))) {
    fprintf(stderr, "packhorse: %s.\n", error);
    return false;
  }
  session->tap.log = log;
  return control_open(&session->control, options->control) &&
         run_open_files(&session->run);
}

static void make_host(struct session *session) {
  struct host_config config = run_lone_host(&session->run);
  config.capture = session->run.capture;
  config.emit = tap_emit;
  config.emit_ctx = &session->tap;
  session->host = host_create(&config);
}

static bool close_session(struct session *session) {
  const char *why;
  bool healthy = host_check(session->host, &why);
  if (!healthy) {
    fprintf(stderr, "packhorse: %s.\n", why);
  }
  printf("event hash %016llx\n",
         (unsigned long long)host_event_hash(session->host));
  host_destroy(session->host);
  tap_close(&session->tap);
  control_close(&session->control);
  if (session->replay) {
    fclose(session->replay);
  }
  if (session->tap.log && fclose(session->tap.log) != 0) {
    healthy = false;
  }
  return run_close_files(&session->run) && healthy;
}

static void run_session(struct session *session, struct work *work) {
  const struct options *options = work->options;
  double end = run_wall_clock() + options->duration_s;
  bool announced = false;
  tap_start(&session->tap, session->host);
  while (!interrupted && !work->done &&
         (!options->duration_s || run_wall_clock() < end)) {
    tap_step(&session->tap, STEP_MS);
    control_answer(&session->control, "host", host_stack(session->host));
    if (!announced && session->tap.position > RUN_CLIENT_START) {
      announced = true;
      printf("ready: %u.%u.%u.%u on TAP device %s%s%s, NIC in %s\n",
             options->address >> 24, options->address >> 16 & 255,
             options->address >> 8 & 255, options->address & 255, options->tap,
             options->netns ? " in network namespace " : "",
             options->netns ? options->netns : "",
             options->nic == HOST_NIC_RTL ? "RTL" : "C");
      fflush(stdout);
    }
  }
}

static int report(const struct session *session, const struct work *work) {
  const struct app_result *result = &work->result;
  bool fetching = work->options->fetch != NULL;
  if (fetching) {
    char hex[65];
    sha256_hex(&work->sha, hex);
    printf("fetched %llu bytes, status %d, sha256 %s\n",
           (unsigned long long)result->bytes, result->status, hex);
  } else {
    printf("served %llu requests, %llu bytes\n",
           (unsigned long long)result->operations,
           (unsigned long long)result->bytes);
  }
  printf(
      "%llu frames from Linux, %llu to Linux, %llu refused; simulated time "
      "was at most %.3f s behind the wall clock\n",
      (unsigned long long)session->tap.from_linux,
      (unsigned long long)session->tap.to_linux,
      (unsigned long long)session->tap.refused, session->tap.lag_s);
  if (fetching && (!work->done || result->error)) {
    printf("FAILED: %s\n",
           work->done ? ph_strerror(result->error) : "stopped early");
    return 1;
  }
  return 0;
}

static int run_work(struct work *work) {
  const struct options *options = work->options;
  struct session session = {.run.options = options};
  if (!open_session(&session, options)) {
    return 2;
  }
  signal(SIGINT, on_signal);
  signal(SIGTERM, on_signal);
  make_host(&session);
  host_spawn(session.host, RUN_CLIENT_START, options->fetch ? fetch : serve,
             work);
  if (!options->fetch) {
    char hex[65];
    sha256_update(&work->sha, work->content.bytes, work->content.size);
    sha256_hex(&work->sha, hex);
    printf("serving %llu bytes as /file, sha256 %s\n",
           (unsigned long long)work->content.size, hex);
  }
  bool whole = true;
  if (!session.replay) {
    run_session(&session, work);
  } else if (!tap_replay(&session.tap, session.host, session.replay)) {
    fprintf(stderr, "packhorse: %s: this is no whole record of a session.\n",
            options->replay);
    whole = false;
  }
  int status = report(&session, work);
  return close_session(&session) && whole ? status : 1;
}

int command_tap(const struct options *options) {
  struct work *work = sim_alloc(sizeof(*work));
  work->options = options;
  work->buffer = sim_alloc(options->app_buffer);
  sha256_init(&work->sha);
  int status = 2;
  if (options->fetch ? parse_url(work) : load_content(work)) {
    if (options->output) {
      work->output = fopen(options->output, "wb");
    }
    if (options->output && !work->output) {
      fprintf(stderr, "packhorse: --output %s: %s.\n", options->output,
              strerror(errno));
    } else {
      status = run_work(work);
    }
    if (work->output && fclose(work->output) != 0) {
      status = 1;
    }
  }
  free(work->content.bytes);
  free(work->buffer);
  free(work);
  return status;
}
