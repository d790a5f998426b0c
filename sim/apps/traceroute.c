/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/traceroute.h"

enum { PORT_UNREACHABLE_V4 = 3, PORT_UNREACHABLE_V6 = 4 };

/* The destination itself answered. */
static bool arrived(const struct traceroute_config *config,
                    const struct probe_answer *answer) {
  uint8_t port =
      ph_addr_is_v4(&config->to) ? PORT_UNREACHABLE_V4 : PORT_UNREACHABLE_V6;
  return answer->kind == PROBE_REPLY || (answer->kind == PROBE_UNREACHABLE &&
                                         answer->code == port && config->udp);
}

/* All probes of one hop. 1: go on, 0: the way ends here, or an error. */
static int try_hop(struct probe *probe, const struct traceroute_config *config,
                   uint32_t hop, struct app_result *result) {
  int more = 1;
  for (uint32_t query = 0; query < config->queries; query++) {
    uint16_t seq = (uint16_t)((hop - 1) * config->queries + query);
    struct probe_answer answer;
    int error = probe_send(probe, (uint8_t)hop, seq, config->size);
    if (!error) {
      error = probe_wait(probe, seq, config->timeout_ms, &answer);
    }
    if (error) {
      return error;
    }
    result->operations += answer.kind != PROBE_NOTHING;
    result->lost += answer.kind == PROBE_NOTHING;
    if (arrived(config, &answer)) {
      result->status = (int)hop;
    }
    if (answer.kind != PROBE_NOTHING && answer.kind != PROBE_TIME_EXCEEDED) {
      more = 0;
    }
    config->answered(config->ctx, hop, query, &answer);
  }
  return more;
}

void traceroute(struct ph_stack *stack, const struct app_env *env,
                const struct traceroute_config *config,
                struct app_result *result) {
  struct probe probe;
  *result = (struct app_result){.started_ns = stack->now_ns};
  result->error = probe_open(&probe, stack, &config->to, config->udp);
  if (result->error) {
    return;
  }
  int more = 1;
  for (uint32_t hop = 1; hop <= config->max_hops && more > 0; hop++) {
    more = try_hop(&probe, config, hop, result);
    app_progress(env, hop, config->max_hops);
  }
  result->error = more < 0 ? more : 0;
  result->finished_ns = stack->now_ns;
  probe_close(&probe);
}
