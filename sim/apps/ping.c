/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/ping.h"

#include "stack/ip/ip.h"

enum { PING_ID = 0x5048 };

struct ping_state {
  struct ph_stack *stack;
  const struct ping_config *config;
  struct ph_addr to;
  uint16_t seq;  /* of the request under way */
  bool answered; /* it was */
  bool damaged;  /* ... with other bytes */
  uint8_t ttl;
  uint8_t data[PING_SIZE_MAX];
};

static void on_reply(void *ctx, const struct ph_addr *from, uint16_t id,
                     uint16_t seq, const uint8_t *data, uint32_t len,
                     uint8_t ttl) {
  struct ping_state *state = ctx;
  if (id != PING_ID || seq != state->seq || !ph_addr_equal(from, &state->to)) {
    return;
  }
  state->answered = true;
  state->damaged =
      len != state->config->size || memcmp(data, state->data, len) != 0;
  state->ttl = ttl;
  const struct ph_platform *platform = state->stack->platform;
  if (platform->wake) {
    platform->wake(platform->ctx, state, PH_POLLIN);
  }
}

/* Wait until the answer is there or `deadline`. 0 or -PH_E.... */
static int await_reply(struct ph_stack *stack, struct ping_state *state,
                       uint64_t deadline) {
  const struct ph_platform *platform = stack->platform;
  while (!state->answered && stack->now_ns < deadline) {
    int error = platform->wait(platform->ctx, state, PH_POLLIN, deadline);
    if (error && error != -PH_ETIMEDOUT) {
      return error;
    }
  }
  return state->damaged ? -PH_EBADMSG : 0;
}

static void note_answer(const struct ping_state *state, uint32_t seq,
                        uint64_t rtt, struct app_result *result) {
  result->min_ns =
      result->operations == 0 || rtt < result->min_ns ? rtt : result->min_ns;
  result->max_ns = rtt > result->max_ns ? rtt : result->max_ns;
  result->total_ns += rtt;
  result->operations++;
  result->bytes += state->config->size;
  if (state->config->answered) {
    state->config->answered(state->config->ctx, seq, rtt, state->ttl);
  }
}

/* One request and its answer. */
static int ping_once(struct ph_stack *stack, const struct app_env *env,
                     struct ping_state *state, uint32_t i,
                     struct app_result *result) {
  const struct ping_config *config = state->config;
  state->seq = (uint16_t)i;
  state->answered = state->damaged = false;
  for (uint32_t k = 0; k < config->size; k++) {
    state->data[k] = app_pattern_byte(i, k);
  }
  uint64_t sent_ns = stack->now_ns;
  int error = icmp_send_echo(stack, &state->to, PING_ID, state->seq,
                             state->data, config->size);
  if (error) {
    return error;
  }
  error = await_reply(
      stack, state, sent_ns + (uint64_t)config->timeout_ms * UINT64_C(1000000));
  if (error) {
    return error;
  }
  if (state->answered) {
    note_answer(state, i, stack->now_ns - sent_ns, result);
  } else {
    result->lost++;
  }
  result->finished_ns = stack->now_ns;
  uint64_t next = sent_ns + (uint64_t)config->interval_ms * UINT64_C(1000000);
  if (i + 1 < config->count && env->sleep_ns && next > stack->now_ns) {
    env->sleep_ns(env->ctx, next - stack->now_ns);
  }
  return 0;
}

/* Requests with a time to live of their own, by a raw socket, which tells what
 * became of those that do not arrive. */
static void ping_with_ttl(struct ph_stack *stack, const struct app_env *env,
                          struct ping_state *state, struct app_result *result) {
  const struct ping_config *config = state->config;
  struct probe probe;
  result->error = probe_open(&probe, stack, &state->to, false);
  if (result->error) {
    return;
  }
  for (uint32_t i = 0; i < config->count && !result->error; i++) {
    struct probe_answer answer;
    result->error = probe_send(&probe, config->ttl, (uint16_t)i, config->size);
    if (!result->error) {
      result->error =
          probe_wait(&probe, (uint16_t)i, config->timeout_ms, &answer);
    }
    if (result->error) {
      break;
    }
    if (answer.kind == PROBE_REPLY) {
      state->ttl = answer.ttl;
      note_answer(state, i, answer.rtt_ns, result);
    } else {
      result->lost++;
      if (config->failed && answer.kind != PROBE_NOTHING) {
        config->failed(config->ctx, i, &answer);
      }
    }
    result->finished_ns = stack->now_ns;
    uint64_t next =
        probe.sent_ns + (uint64_t)config->interval_ms * UINT64_C(1000000);
    if (i + 1 < config->count && env->sleep_ns && next > stack->now_ns) {
      env->sleep_ns(env->ctx, next - stack->now_ns);
    }
    app_progress(env, i + 1, config->count);
  }
  probe_close(&probe);
}

void ping(struct ph_stack *stack, const struct app_env *env,
          const struct ping_config *config, struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  struct ping_state state = {.stack = stack, .config = config};
  state.to =
      ip_addr_is_any(&config->ip6) ? ph_addr_v4(config->ip) : config->ip6;
  if (config->size > PING_SIZE_MAX || !stack->platform->wait) {
    result->error = -PH_EINVAL;
    return;
  }
  if (config->ttl) {
    ping_with_ttl(stack, env, &state, result);
    return;
  }
  icmp_on_echo_reply(stack, on_reply, &state);
  for (uint32_t i = 0; i < config->count && !result->error; i++) {
    result->error = ping_once(stack, env, &state, i, result);
    app_progress(env, i + 1, config->count);
  }
  icmp_on_echo_reply(stack, NULL, NULL);
}
