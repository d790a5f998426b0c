/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver's start and its settings. */
#include "stack/base/errno.h"
#include "stack/dns/dns_query.h"

static const struct ph_dns_config DEFAULTS = {.cache_entries = 16,
                                              .queries = 4,
                                              .results = 32,
                                              .canonical_names = 4,
                                              .message_max = 4096,
                                              .timeout_ms = 2000,
                                              .tries = 3,
                                              .ndots = 1,
                                              .port = DNS_PORT};

static void settle(struct ph_dns_config *c) {
  const struct ph_dns_config *d = &DEFAULTS;
  c->cache_entries = c->cache_entries ? c->cache_entries : d->cache_entries;
  c->queries = c->queries ? c->queries : d->queries;
  c->results = c->results ? c->results : d->results;
  c->canonical_names =
      c->canonical_names ? c->canonical_names : d->canonical_names;
  c->message_max = c->message_max ? c->message_max : d->message_max;
  c->message_max = ph_min_u32(c->message_max, 65535);
  c->message_max = ph_max_u32(c->message_max, DNS_EDNS_SIZE);
  c->timeout_ms = c->timeout_ms ? c->timeout_ms : d->timeout_ms;
  c->tries = c->tries ? c->tries : d->tries;
  c->ndots = c->ndots ? c->ndots : d->ndots;
  c->port = c->port ? c->port : d->port;
}

/* Memory for `count` queries, each with its buffer behind it. */
static bool make_queries(struct ph_stack *stack, struct dns_state *dns) {
  for (uint32_t i = 0; i < dns->config.queries; i++) {
    struct dns_query *q = ph_stack_alloc(
        stack, sizeof(*q) + DNS_TCP_PREFIX + dns->config.message_max);
    if (!q) {
      return false;
    }
    q->next = dns->free_queries;
    dns->free_queries = q;
  }
  return true;
}

static bool make_results(struct ph_stack *stack, struct dns_state *dns) {
  const struct ph_dns_config *c = &dns->config;
  struct dns_result *results =
      ph_stack_alloc(stack, c->results * sizeof(*results));
  union dns_canonical *names =
      ph_stack_alloc(stack, c->canonical_names * sizeof(*names));
  if (!results || !names) {
    return false;
  }
  for (uint32_t i = c->results; i-- > 0;) {
    results[i].info.ai_next = dns->results;
    dns->results = &results[i].info;
  }
  for (uint32_t i = c->canonical_names; i-- > 0;) {
    names[i].next = dns->canonicals;
    dns->canonicals = &names[i];
  }
  return true;
}

int ph_dns_init(struct ph_stack *stack, const struct ph_dns_config *config) {
  struct dns_state *dns = ph_stack_alloc(stack, sizeof(*dns));
  if (!dns) {
    return -PH_ENOMEM;
  }
  if (config) {
    dns->config = *config;
  }
  settle(&dns->config);
  dns->cache =
      ph_stack_alloc(stack, dns->config.cache_entries * sizeof(*dns->cache));
  if (!dns->cache || !make_queries(stack, dns) || !make_results(stack, dns)) {
    return -PH_ENOMEM;
  }
  stack->module[PH_MODULE_DNS] = dns;
  return 0;
}

void ph_dns_set_servers(struct ph_stack *stack, const struct ph_addr *servers,
                        uint32_t count) {
  struct dns_state *dns = dns_of(stack);
  dns->server_count = ph_min_u32(count, PH_DNS_SERVERS);
  for (uint32_t i = 0; i < dns->server_count; i++) {
    dns->servers[i] = servers[i];
  }
  ph_dns_flush(stack);
}

int ph_dns_set_search(struct ph_stack *stack, const char *domains) {
  struct dns_state *dns = dns_of(stack);
  uint32_t len = 0;
  while (domains[len]) {
    if (++len > PH_DNS_SEARCH_MAX) {
      return -PH_EINVAL;
    }
  }
  memcpy(dns->search, domains, len + 1);
  return 0;
}
