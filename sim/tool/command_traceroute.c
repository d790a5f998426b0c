/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse traceroute: the routers between client and server. */
#include <stdio.h>

#include "sim/apps/traceroute.h"
#include "sim/tool/commands.h"
#include "sim/run/run.h"

enum { TIMEOUT_MS = 1000, HOPS = 256, QUERIES = TRACEROUTE_QUERIES };

struct hop {
  struct probe_answer answers[QUERIES];
};

struct trace {
  const struct options *options;
  struct ph_addr to;
  struct app_result result;
  uint32_t hop_count;
  struct hop hops[HOPS];
};

static void answered(void *ctx, uint32_t hop, uint32_t query,
                     const struct probe_answer *answer) {
  struct trace *trace = ctx;
  trace->hop_count = hop;
  trace->hops[hop - 1].answers[query] = *answer;
}

static void run_traceroute(struct host *host, void *arg) {
  struct trace *trace = arg;
  const struct options *options = trace->options;
  const struct traceroute_config config = {
      .to = trace->to,
      .udp = options->probe_udp,
      .max_hops = options->max_hops,
      .queries = options->queries,
      .size = options->size,
      .timeout_ms = TIMEOUT_MS,
      .answered = answered,
      .ctx = trace,
  };
  struct app_env env = host_app_env(host);
  traceroute(host_stack(host), &env, &config, &trace->result);
}

/* Who answered for a hop; NULL: nobody. */
static const struct probe_answer *first_answer(const struct trace *trace,
                                               uint32_t hop) {
  for (uint32_t q = 0; q < trace->options->queries; q++) {
    const struct probe_answer *answer = &trace->hops[hop].answers[q];
    if (answer->kind != PROBE_NOTHING) {
      return answer;
    }
  }
  return NULL;
}

static const char *name_of(const struct run *run,
                           const struct ph_addr *address) {
  unsigned port;
  const struct topology_host *host =
      topology_find(&run->topology, address, &port);
  return host ? host->name : "?";
}

/* Beside a round trip, as traceroute has it everywhere. */
static const char *note_of(const struct probe_answer *answer) {
  static const char *const v4[] = {"!N", "!H", "!P", ""};
  static const char *const v6[] = {"!N", "!X", "!S", "!H", ""};
  bool is_v4 = ph_addr_is_v4(&answer->from);
  size_t count =
      is_v4 ? sizeof(v4) / sizeof(v4[0]) : sizeof(v6) / sizeof(v6[0]);
  if (answer->kind == PROBE_TOO_BIG) {
    return "!F";
  }
  if (answer->kind != PROBE_UNREACHABLE) {
    return "";
  }
  return answer->code >= count ? "!X"
         : is_v4               ? v4[answer->code]
                               : v6[answer->code];
}

static void print_hop(const struct trace *trace, const struct run *run,
                      uint32_t hop) {
  const struct probe_answer *first = first_answer(trace, hop);
  char text[ADDRESS_TEXT];
  printf("%4u  %-15s %-20s", hop + 1, first ? name_of(run, &first->from) : "*",
         first ? address_text(&first->from, text) : "");
  for (uint32_t q = 0; q < trace->options->queries; q++) {
    const struct probe_answer *answer = &trace->hops[hop].answers[q];
    if (answer->kind == PROBE_NOTHING) {
      printf(" %12s", "*");
    } else {
      printf(" %12.3f%s", (double)answer->rtt_ns / 1e3, note_of(answer));
    }
  }
  printf("\n");
}

static void print_report(const struct trace *trace, const struct run *run,
                         bool ok) {
  char text[ADDRESS_TEXT];
  if (!ok) {
    printf("FAILED: %s\n", !run->healthy ? run->why
                           : trace->result.error
                               ? ph_strerror(trace->result.error)
                               : "the destination was not reached");
  }
  printf("from %s to %s (%s), at most %u hops, %s\n\n",
         run->topology.hosts[RUN_CLIENT].name,
         run->topology.hosts[RUN_SERVER].name, address_text(&trace->to, text),
         trace->options->max_hops,
         trace->options->probe_udp ? "UDP" : "ICMP echo");
  printf(" hop  %-15s %-20s  round trips, us\n", "host", "address");
  for (uint32_t hop = 0; hop < trace->hop_count; hop++) {
    print_hop(trace, run, hop);
  }
  printf("\n");
  run_print_end(run);
}

static void print_json(const struct trace *trace, const struct run *run,
                       bool ok) {
  struct json json;
  json_begin(&json, stdout);
  json_bool(&json, "ok", ok);
  json_text(&json, "probe", trace->options->probe_udp ? "udp" : "icmp");
  json_u64(&json, "hops", trace->hop_count);
  json_u64(&json, "reached", (uint64_t)trace->result.status);
  json_u64(&json, "answers", trace->result.operations);
  json_u64(&json, "lost", trace->result.lost);
  for (uint32_t hop = 0; hop < trace->hop_count; hop++) {
    const struct probe_answer *first = first_answer(trace, hop);
    char key[40], text[ADDRESS_TEXT];
    snprintf(key, sizeof(key), "hop%u_host", hop + 1);
    json_text(&json, key, first ? name_of(run, &first->from) : "");
    snprintf(key, sizeof(key), "hop%u_address", hop + 1);
    json_text(&json, key, first ? address_text(&first->from, text) : "");
    for (uint32_t q = 0; q < trace->options->queries; q++) {
      const struct probe_answer *answer = &trace->hops[hop].answers[q];
      if (answer->kind != PROBE_NOTHING) {
        snprintf(key, sizeof(key), "hop%u_rtt%u_ns", hop + 1, q + 1);
        json_u64(&json, key, answer->rtt_ns);
      }
    }
  }
  run_json(run, &json);
  json_end(&json);
}

int command_traceroute(const struct options *options) {
  static struct trace trace;
  static struct run run;
  trace = (struct trace){.options = options};
  if (!run_start(&run, options)) {
    return 2;
  }
  trace.to = run_address(&run, RUN_SERVER);
  host_spawn(run.sim.host[RUN_CLIENT], run_client_start(&run), run_traceroute,
             &trace);
  run_simulate(&run, 1u << RUN_CLIENT);
  bool good = run_finish(&run);
  bool ok = good && run.healthy && run.finished && !trace.result.error &&
            trace.result.status > 0;
  if (options->json) {
    print_json(&trace, &run, ok);
  } else {
    print_report(&trace, &run, ok);
  }
  return ok ? 0 : 1;
}
