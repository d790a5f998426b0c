/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/http_client.h"
#include "sim/apps/http_server.h"
#include "sim/apps/throughput.h"
#include "sim/core/sha256.h"
#include "sim/core/util.h"

enum { HTTP_PORT = 80, BARE_PORT = 5001, BAR_WIDTH = 40, IDLE_MS = 600000 };

/* Where the bytes come from: a file, or the seed's random stream. */
struct supply {
  struct transfer *transfer;
  struct host *host;
  FILE *file;
  struct sim_rng random;
  uint64_t left;
  struct sha256 sha;
};

struct drain {
  struct transfer *transfer;
  struct host *host;
  FILE *file;
  uint64_t received;
  struct sha256 sha;
};

struct work {
  struct transfer *transfer;
  const struct options *options;
  struct supply supply;
  struct drain drain;
  struct app_source source;
  struct app_sink sink;
  void *buffers[2];
  struct http_reader *readers[2];
  struct app_result sender, receiver;
};

/* --- Bytes ---------------------------------------------------------------- */

/* netstat at one host. */
static void snapshot(struct transfer *transfer, struct host *host,
                     unsigned index) {
  struct ph_socket_info info;
  for (int fd = 0; fd < 16 && transfer->socket_count < TRANSFER_SOCKETS; fd++) {
    if (ph_socket_info(host_stack(host), fd, &info) == 0) {
      transfer->sockets[transfer->socket_count++] =
          (struct transfer_socket){index, info};
    }
  }
}

static long supply_read(void *ctx, void *to, size_t len) {
  struct supply *supply = ctx;
  if (len > supply->left) {
    len = (size_t)supply->left;
  }
  if (len == 0) {
    return 0;
  }
  if (!supply->file) {
    sim_rng_fill(&supply->random, to, len);
  } else if (fread(to, 1, len, supply->file) != len) {
    return -PH_EIO;
  }
  sha256_update(&supply->sha, to, len);
  supply->left -= len;
  host_hash(supply->host, &len, sizeof(len));
  if (supply->left == 0) {
    snapshot(supply->transfer, supply->host,
             supply->transfer->run.options->command == COMMAND_DOWNLOAD
                 ? RUN_SERVER
                 : RUN_CLIENT);
  }
  return (long)len;
}

static void draw_bar(struct transfer *transfer, uint64_t done) {
  double now = run_wall_clock();
  if (!transfer->progress ||
      (done < transfer->bytes && now - transfer->bar_drawn < 0.05)) {
    return;
  }
  transfer->bar_drawn = now;
  int filled = (int)(done * BAR_WIDTH / transfer->bytes);
  fprintf(stderr, "\r  [%.*s%*s] %3d %%  %llu of %llu bytes%s", filled,
          "########################################", BAR_WIDTH - filled, "",
          (int)(done * 100 / transfer->bytes), (unsigned long long)done,
          (unsigned long long)transfer->bytes,
          done == transfer->bytes ? "\n" : "");
}

static int drain_write(void *ctx, const void *from, size_t len) {
  struct drain *drain = ctx;
  sha256_update(&drain->sha, from, len);
  drain->received += len;
  host_hash(drain->host, &len, sizeof(len));
  draw_bar(drain->transfer, drain->received);
  if (drain->received == drain->transfer->bytes) {
    snapshot(drain->transfer, drain->host,
             drain->transfer->run.options->command == COMMAND_DOWNLOAD
                 ? RUN_CLIENT
                 : RUN_SERVER);
  }
  if (drain->file && fwrite(from, 1, len, drain->file) != len) {
    return -PH_EIO;
  }
  return 0;
}

/* --- Applications --------------------------------------------------------- */

static bool open_content(void *ctx, struct http_text path,
                         struct app_source *source) {
  struct work *work = ctx;
  if (!http_text_is(path, "/file")) {
    return false;
  }
  *source = work->source;
  return true;
}

static void serve_http(struct host *host, void *arg) {
  struct work *work = arg;
  const struct http_server_config config = {
      .port = HTTP_PORT,
      .ipv6 = work->options->ipv6,
      .backlog = 4,
      .connections = 1,
      .idle_ms = IDLE_MS,
      .open = open_content,
      .ctx = work,
      .rate = work->options->write_rate,
      .buffer = work->buffers[0],
      .buffer_len = work->options->app_buffer,
      .reader = work->readers[0],
  };
  struct app_env env = host_app_env(host);
  http_server(host_stack(host), &env, &config, &work->sender);
}

/* RFC 3986 3.2.2: brackets around an IPv6 address. */
static const char *host_field(const struct ph_addr *address,
                              char text[ADDRESS_TEXT + 2]) {
  char plain[ADDRESS_TEXT];
  bool v4 = ph_addr_is_v4(address);
  snprintf(text, ADDRESS_TEXT + 2, "%s%s%s", v4 ? "" : "[",
           address_text(address, plain), v4 ? "" : "]");
  return text;
}

static void fetch_http(struct host *host, void *arg) {
  struct work *work = arg;
  struct ph_addr server = run_address(&work->transfer->run, RUN_SERVER);
  char name[ADDRESS_TEXT + 2];
  const struct http_client_config config = {
      .ip = ph_addr_to_v4(&server),
      .ip6 = work->options->ipv6 ? server : (struct ph_addr){{0}},
      .port = HTTP_PORT,
      .host = host_field(&server, name),
      .path = "/file",
      .requests = 1,
      .idle_ms = IDLE_MS,
      .recv_buffer = work->options->rcvbuf,
      .rate = work->options->read_rate,
      .buffer = work->buffers[1],
      .buffer_len = work->options->app_buffer,
      .reader = work->readers[1],
  };
  struct app_env env = host_app_env(host);
  http_client(host_stack(host), &env, &config, &work->sink, &work->receiver);
}

static struct throughput_config bare_config(const struct work *work,
                                            int buffer) {
  struct ph_addr server = run_address(&work->transfer->run, RUN_SERVER);
  return (struct throughput_config){
      .ip = ph_addr_to_v4(&server),
      .ip6 = work->options->ipv6 ? server : (struct ph_addr){{0}},
      .ipv6 = work->options->ipv6,
      .port = BARE_PORT,
      .send_buffer = work->options->sndbuf,
      .recv_buffer = work->options->rcvbuf,
      .arq = work->options->arq,
      .rate = buffer ? work->options->read_rate : work->options->write_rate,
      .buffer = work->buffers[buffer],
      .buffer_len = work->options->app_buffer,
  };
}

static void send_bare(struct host *host, void *arg) {
  struct work *work = arg;
  struct throughput_config config = bare_config(work, 0);
  struct app_env env = host_app_env(host);
  throughput_send(host_stack(host), &env, &config, &work->source,
                  &work->sender);
}

static void receive_bare(struct host *host, void *arg) {
  struct work *work = arg;
  struct throughput_config config = bare_config(work, 1);
  struct app_env env = host_app_env(host);
  throughput_receive(host_stack(host), &env, &config, &work->sink,
                     &work->receiver);
}

/* --- Setting up ----------------------------------------------------------- */

static bool open_input(struct work *work) {
  const char *name = work->options->file;
  struct supply *supply = &work->supply;
  supply->left = work->options->bytes;
  sim_rng_init(&supply->random, work->options->seed, "content");
  if (!name) {
    return true;
  }
  supply->file = fopen(name, "rb");
  if (!supply->file || fseek(supply->file, 0, SEEK_END) != 0) {
    fprintf(stderr, "packhorse: --file %s: %s.\n", name, strerror(errno));
    return false;
  }
  long size = ftell(supply->file);
  if (size <= 0 || fseek(supply->file, 0, SEEK_SET) != 0) {
    fprintf(stderr, "packhorse: --file %s: expected a file with bytes in it.\n",
            name);
    return false;
  }
  supply->left = (uint64_t)size;
  return true;
}

static bool open_output(struct work *work) {
  const char *name = work->options->output;
  if (name) {
    work->drain.file = fopen(name, "wb");
    if (!work->drain.file) {
      fprintf(stderr, "packhorse: --output %s: %s.\n", name, strerror(errno));
      return false;
    }
  }
  return true;
}

static bool close_files(struct work *work) {
  bool good = true;
  if (work->supply.file) {
    fclose(work->supply.file);
  }
  if (work->drain.file && fclose(work->drain.file) != 0) {
    fprintf(stderr, "packhorse: --output %s: %s.\n", work->options->output,
            strerror(errno));
    good = false;
  }
  return good;
}

static void start_applications(struct work *work) {
  bool http = work->options->command == COMMAND_DOWNLOAD;
  struct run *run = &work->transfer->run;
  struct host *client = run->sim.host[RUN_CLIENT];
  struct host *server = run->sim.host[RUN_SERVER];
  work->supply.host = http ? server : client;
  work->drain.host = http ? client : server;
  host_spawn(server, 0, http ? serve_http : receive_bare, work);
  host_spawn(client, run_client_start(run), http ? fetch_http : send_bare,
             work);
}

static void collect(struct work *work) {
  struct transfer *transfer = work->transfer;
  bool http = work->options->command == COMMAND_DOWNLOAD;
  transfer->received = work->drain.received;
  transfer->sender_error = work->sender.error;
  transfer->receiver_error = work->receiver.error;
  transfer->started_ns =
      http ? work->receiver.started_ns : work->sender.started_ns;
  transfer->connected_ns = work->sender.connected_ns;
  transfer->finished_ns = work->receiver.finished_ns;
  sha256_hex(&work->supply.sha, transfer->sha256_sent);
  sha256_hex(&work->drain.sha, transfer->sha256_received);
  const struct run *run = &transfer->run;
  transfer->ok = run->finished && run->healthy && !work->sender.error &&
                 !work->receiver.error &&
                 transfer->received == transfer->bytes &&
                 strcmp(transfer->sha256_sent, transfer->sha256_received) == 0;
}

static void work_init(struct work *work, struct transfer *transfer,
                      const struct options *options) {
  *work = (struct work){.transfer = transfer, .options = options};
  work->supply.transfer = work->drain.transfer = transfer;
  sha256_init(&work->supply.sha);
  sha256_init(&work->drain.sha);
  work->source = (struct app_source){&work->supply, 0, supply_read};
  work->sink = (struct app_sink){&work->drain, drain_write};
  for (int i = 0; i < 2; i++) {
    work->buffers[i] = sim_alloc(options->app_buffer);
    work->readers[i] = sim_alloc(sizeof(*work->readers[i]));
  }
}

static void work_free(struct work *work) {
  for (int i = 0; i < 2; i++) {
    free(work->buffers[i]);
    free(work->readers[i]);
  }
}

int transfer_run(struct transfer *transfer, const struct options *options,
                 bool progress) {
  struct work work;
  *transfer = (struct transfer){.progress = progress};
  work_init(&work, transfer, options);
  int status = 2;
  if (open_input(&work) && open_output(&work)) {
    transfer->bytes = work.source.size = work.supply.left;
    if (run_start(&transfer->run, options)) {
      start_applications(&work);
      run_simulate(&transfer->run, 3);
      status = run_finish(&transfer->run) ? 0 : 1;
      collect(&work);
    }
  }
  if (!close_files(&work)) {
    status = 1;
  }
  work_free(&work);
  return status;
}

double transfer_goodput_bps(const struct transfer *transfer) {
  double ns = (double)transfer->finished_ns - (double)transfer->started_ns;
  return ns > 0 ? (double)transfer->received * 8e9 / ns : 0;
}
