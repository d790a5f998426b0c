/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of stack/dns share. */
#ifndef PH_DNS_DNS_INTERNAL_H
#define PH_DNS_DNS_INTERNAL_H

#include "stack/dns/dns.h"
#include "stack/dns/netdb.h"

struct dns_entry {
  uint64_t until_ns; /* 0: free */
  uint64_t used_ns;
  uint16_t type;
  struct dns_name name; /* in small letters */
  struct dns_answer answer;
};

/* An addrinfo that is lent, and its address; or a canonical name. */
struct dns_result {
  struct ph_addrinfo info; /* ai_next: the next free one */
  struct ph_sockaddr_in6 addr;
};
union dns_canonical {
  union dns_canonical *next;
  char text[DNS_TEXT_MAX];
};

struct dns_state {
  struct ph_dns_config config;
  struct dns_query *free_queries;
  struct dns_entry *cache;
  struct ph_addrinfo *results;
  union dns_canonical *canonicals;
  uint32_t server_count;
  struct ph_addr servers[PH_DNS_SERVERS];
  char search[PH_DNS_SEARCH_MAX + 1];
};

static inline struct dns_state *dns_of(const struct ph_stack *stack) {
  return stack->module[PH_MODULE_DNS];
}

/* ---- dns_cache.c --------------------------------------------------------- */
/* What is known and still holds, or NULL. */
const struct dns_answer *dns_cache_find(struct ph_stack *stack,
                                        const struct dns_name *name,
                                        uint16_t type);
void dns_cache_put(struct ph_stack *stack, const struct dns_name *name,
                   uint16_t type, const struct dns_answer *answer);

/* ---- dns_hosts.c --------------------------------------------------------- */
/* The `n`-th address of a name that is known without servers, from 0: the
 * caller's table, and localhost (RFC 6761 6.3). */
bool dns_hosts_find(const struct dns_state *dns, const char *name, uint32_t n,
                    struct ph_addr *addr);
/* The name of an address, or NULL. */
const char *dns_hosts_name(const struct dns_state *dns,
                           const struct ph_addr *addr);
/* Equal but for case and a last dot? */
bool dns_text_equal(const char *a, const char *b);
/* Is `name` the zone or below it, as text? */
bool dns_text_below(const char *name, const char *zone);

/* ---- dns_order.c --------------------------------------------------------- */
/* Sort destinations: RFC 6724 6. */
void dns_order(struct ph_stack *stack, struct ph_addr *addr, uint32_t count);
/* Does any route lead there? */
bool dns_reachable(struct ph_stack *stack, const struct ph_addr *addr);

/* ---- dns_services.c ------------------------------------------------------ */
/* The port of a service by name or number, -PH_ENOENT. `udp`: there. */
int dns_service_port(const char *name, bool udp);
/* Its name, or NULL. */
const char *dns_service_name(uint16_t port, bool udp);

#endif
