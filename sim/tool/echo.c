/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse ping and packhorse udp: requests and answers. */
#include <stdio.h>
#include <stdlib.h>

#include "sim/apps/ping.h"
#include "sim/apps/udp_echo.h"
#include "sim/core/util.h"
#include "sim/explain/ladder.h"
#include "sim/tool/commands.h"
#include "sim/run/run.h"

enum { ECHO_PORT = 7, TIMEOUT_MS = 1000 };

struct echo {
  const struct options *options;
  struct ph_addr to;
  struct app_result result, server;
  void *buffers[2];
};

static void answered(void *ctx, uint32_t seq, uint64_t rtt_ns, uint8_t ttl) {
  const struct echo *echo = ctx;
  char text[ADDRESS_TEXT];
  printf("  answer %u from %s: time %.3f us, ttl %u\n", seq,
         address_text(&echo->to, text), (double)rtt_ns / 1e3, ttl);
}

static void failed(void *ctx, uint32_t seq, const struct probe_answer *answer) {
  static const char *const words[] = {"nothing", "answer", "time exceeded",
                                      "unreachable", "too big"};
  char text[ADDRESS_TEXT];
  (void)ctx;
  printf("  answer %u from %s: %s\n", seq, address_text(&answer->from, text),
         words[answer->kind]);
}

static void run_ping(struct host *host, void *arg) {
  struct echo *echo = arg;
  const struct options *options = echo->options;
  bool quiet = options->json || options->count > 20;
  const struct ping_config config = {
      .ip = ph_addr_to_v4(&echo->to),
      .ip6 = echo->options->ipv6 ? echo->to : (struct ph_addr){{0}},
      .count = options->count,
      .size = options->size,
      .timeout_ms = TIMEOUT_MS,
      .interval_ms = options->interval_ms,
      .ctx = echo,
      .ttl = (uint8_t)options->ttl,
      .answered = quiet ? NULL : answered,
      .failed = quiet ? NULL : failed,
  };
  struct app_env env = host_app_env(host);
  ping(host_stack(host), &env, &config, &echo->result);
}

static struct udp_echo_config udp_config(const struct echo *echo, int buffer,
                                         uint32_t count) {
  return (struct udp_echo_config){
      .ip = ph_addr_to_v4(&echo->to),
      .ip6 = echo->options->ipv6 ? echo->to : (struct ph_addr){{0}},
      .ipv6 = echo->options->ipv6,
      .port = ECHO_PORT,
      .count = count,
      .size = echo->options->size,
      .timeout_ms = TIMEOUT_MS,
      .buffer = echo->buffers[buffer],
      .buffer_len = 2 * UDP_ECHO_MAX,
  };
}

static void run_udp_client(struct host *host, void *arg) {
  struct echo *echo = arg;
  struct udp_echo_config config = udp_config(echo, 0, echo->options->count);
  struct app_env env = host_app_env(host);
  udp_echo_client(host_stack(host), &env, &config, &echo->result);
}

static void run_udp_server(struct host *host, void *arg) {
  struct echo *echo = arg;
  struct udp_echo_config config = udp_config(echo, 1, 0);
  struct app_env env = host_app_env(host);
  udp_echo_server(host_stack(host), &env, &config, &echo->server);
}

static void print_report(const struct echo *echo, const struct run *run,
                         bool ok) {
  const struct app_result *result = &echo->result;
  uint64_t count = result->operations;
  if (!ok) {
    printf("FAILED: %s\n", !run->healthy   ? run->why
                           : result->error ? ph_strerror(result->error)
                                           : "no answer");
  }
  printf("%llu answers, %llu lost (%.3g %%)", (unsigned long long)count,
         (unsigned long long)result->lost,
         100 * (double)result->lost /
             (double)(count + result->lost ? count + result->lost : 1));
  if (count) {
    printf("; round trip %.3f / %.3f / %.3f us (least, mean, most)",
           (double)result->min_ns / 1e3,
           (double)result->total_ns / 1e3 / (double)count,
           (double)result->max_ns / 1e3);
  }
  printf("\n\n");
  run_print_end(run);
}

static void print_json(const struct echo *echo, const struct run *run,
                       bool ok) {
  const struct app_result *result = &echo->result;
  struct json json;
  json_begin(&json, stdout);
  json_bool(&json, "ok", ok);
  json_u64(&json, "answers", result->operations);
  json_u64(&json, "lost", result->lost);
  json_u64(&json, "rtt_min_ns", result->min_ns);
  json_u64(&json, "rtt_max_ns", result->max_ns);
  json_real(&json, "rtt_mean_ns",
            result->operations
                ? (double)result->total_ns / (double)result->operations
                : 0);
  run_json(run, &json);
  json_end(&json);
}

int command_echo(const struct options *options) {
  struct echo echo = {.options = options};
  struct run run;
  if (!run_start(&run, options)) {
    return 2;
  }
  struct ladder *ladder = ladder_new(&run);
  if (options->picture) {
    capture_watch(run.capture, ladder_see, ladder);
  }
  for (int i = 0; i < 2; i++) {
    echo.buffers[i] = sim_alloc(2 * UDP_ECHO_MAX);
  }
  echo.to = run_address(&run, RUN_SERVER);
  if (options->topology && !options->json) {
    topology_print(&run.topology, options->ipv6);
  }
  struct host *client = run.sim.host[RUN_CLIENT];
  bool udp = options->command == COMMAND_UDP;
  if (udp) {
    host_spawn(run.sim.host[RUN_SERVER], 0, run_udp_server, &echo);
  }
  host_spawn(client, run_client_start(&run), udp ? run_udp_client : run_ping,
             &echo);
  /* The echo server serves for ever. */
  run_simulate(&run, 1u << RUN_CLIENT);
  bool good = run_finish(&run);
  good = ladder_draw(ladder, "packhorse ping", options->picture) && good;
  bool ok = good && run.healthy && run.finished && !echo.result.error &&
            echo.result.operations > 0;
  if (options->json) {
    print_json(&echo, &run, ok);
  } else {
    print_report(&echo, &run, ok);
  }
  free(echo.buffers[0]);
  free(echo.buffers[1]);
  return ok ? 0 : 1;
}
