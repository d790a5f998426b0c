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

_Static_assert(offsetof(struct dns_result, info) == 0, "a list of either");

/* Each query has its buffer behind it. */
static bool make_lists(struct ph_stack *stack, struct dns_state *dns) {
  const struct ph_dns_config *c = &dns->config;
  size_t query = sizeof(struct dns_query) + DNS_TCP_PREFIX + c->message_max;
  size_t align = _Alignof(struct dns_query);
  query = (query + align - 1) / align * align;
  dns->free_queries = ph_stack_alloc_list(stack, c->queries, query,
                                          offsetof(struct dns_query, next));
  dns->results =
      ph_stack_alloc_list(stack, c->results, sizeof(struct dns_result),
                          offsetof(struct dns_result, info.ai_next));
  dns->canonicals = ph_stack_alloc_list(stack, c->canonical_names,
                                        sizeof(union dns_canonical), 0);
  return dns->free_queries && dns->results && dns->canonicals;
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
  if (!dns->cache || !make_lists(stack, dns)) {
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
