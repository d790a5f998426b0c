/* SPDX-License-Identifier: Apache-2.0 */
/* What servers said, for as long as they allow (RFC 1035 7.4; what is not there
 * too: RFC 2308). A table of fixed size; when it is full the answer that was
 * used longest ago gives way. An entry is one whole answer to one question that
 * was asked: what came along unasked is not kept (RFC 2181 5.4.1), so nothing
 * that a server adds to a message reaches another name. */
#include "stack/dns/dns_internal.h"

#define NS_PER_S 1000000000ull

const struct dns_answer *dns_cache_find(struct ph_stack *stack,
                                        const struct dns_name *name,
                                        uint16_t type) {
  struct dns_state *dns = dns_of(stack);
  for (uint32_t i = 0; i < dns->config.cache_entries; i++) {
    struct dns_entry *entry = &dns->cache[i];
    if (entry->until_ns > stack->now_ns && entry->type == type &&
        dns_name_equal(&entry->name, name)) {
      entry->used_ns = stack->now_ns;
      stack->stats.DnsCacheHits++;
      return &entry->answer;
    }
  }
  return NULL;
}

void dns_cache_put(struct ph_stack *stack, const struct dns_name *name,
                   uint16_t type, const struct dns_answer *answer) {
  struct dns_state *dns = dns_of(stack);
  struct dns_entry *best = &dns->cache[0];
  if (answer->ttl == 0) {
    return;
  }
  for (uint32_t i = 0; i < dns->config.cache_entries; i++) {
    struct dns_entry *entry = &dns->cache[i];
    if (entry->until_ns <= stack->now_ns ||
        (entry->type == type && dns_name_equal(&entry->name, name))) {
      best = entry;
      break;
    }
    best = entry->used_ns < best->used_ns ? entry : best;
  }
  *best = (struct dns_entry){.name = *name,
                             .type = type,
                             .until_ns = stack->now_ns + answer->ttl * NS_PER_S,
                             .used_ns = stack->now_ns,
                             .answer = *answer};
}

void ph_dns_flush(struct ph_stack *stack) {
  struct dns_state *dns = dns_of(stack);
  for (uint32_t i = 0; i < dns->config.cache_entries; i++) {
    dns->cache[i].until_ns = 0;
  }
}
