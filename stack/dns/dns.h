/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver: a stub (RFC 1034 5.3.1) that asks recursive servers, keeps what
 * they said for as long as they allow, and never waits by itself.
 * ph_getaddrinfo() (netdb.h) is a loop around it. docs/ip/dns.md. */
#ifndef PH_DNS_DNS_H
#define PH_DNS_DNS_H

#include "stack/dns/dns_answer.h"
#include "stack/socket/socket.h"

enum {
  PH_DNS_SERVERS = 3,
  PH_DNS_SEARCH_MAX = 255, /* of the search list, as text */
};

/* A name that needs no server, as in /etc/hosts. */
struct ph_dns_host {
  const char *name;
  struct ph_addr addr;
};

/* All may be 0. */
struct ph_dns_config {
  uint16_t cache_entries;   /* default 16; about 700 bytes each */
  uint16_t queries;         /* at once, two for each call of
                               ph_getaddrinfo(); default 4 */
  uint16_t results;         /* addresses lent at once; default 32 */
  uint16_t canonical_names; /* likewise; default 4 */
  uint32_t message_max;     /* longest answer by TCP, up to 65535; default 4096;
                               memory for each query */
  uint32_t timeout_ms;      /* of the first try; doubled with each; default
                               2000 */
  uint8_t tries;            /* of each server; default 3 */
  uint8_t ndots;            /* a name with so many dots is tried as it is before
                               the search list; default 1 */
  uint16_t port;            /* of the servers; default 53 */
  bool random_case;         /* ask in random letters and want them back
                               (draft-vixie-dnsext-dns0x20): more bits that a
                               stranger must guess, but some servers change
                               them */
  const struct ph_dns_host *hosts; /* kept by reference */
  uint32_t host_count;
};

/* After ph_socket_init(). `config` NULL: all defaults. 0, -PH_ENOMEM. */
int ph_dns_init(struct ph_stack *stack,
                const struct ph_dns_config *config) PH_MUST_USE;

/* Who is asked, in this order; up to PH_DNS_SERVERS count. What was kept is
 * forgotten. */
void ph_dns_set_servers(struct ph_stack *stack, const struct ph_addr *servers,
                        uint32_t count);

/* Domains for names that are short, with spaces between. 0; -PH_EINVAL: too
 * long. */
int ph_dns_set_search(struct ph_stack *stack, const char *domains) PH_MUST_USE;

/* The cache forgets everything. */
void ph_dns_flush(struct ph_stack *stack);

/* ---- One question, without waiting --------------------------------------- */

struct dns_query;

/* Ask for records of `type` of a full name; sends at once. NULL: all queries
 * are under way. */
struct dns_query *ph_dns_ask(struct ph_stack *stack,
                             const struct dns_name *name, uint16_t type);

/* Go on. 0: the answer is there. -PH_EAGAIN: call again when the descriptor of
 * ph_dns_wants() is ready or its deadline has come. -PH_ETIMEDOUT: no server
 * answered; -PH_EIO: they answered that they can't, or were not to be reached;
 * -PH_ENXIO: there are none. */
int ph_dns_step(struct ph_stack *stack, struct dns_query *query) PH_MUST_USE;

/* For poll(); returns the deadline. */
uint64_t ph_dns_wants(const struct dns_query *query, struct ph_pollfd *pfd);

/* After ph_dns_step() returned 0; lives as long as the query. */
const struct dns_answer *ph_dns_answer(const struct dns_query *query);

/* In any state; ends it and takes it back. */
void ph_dns_close(struct ph_stack *stack, struct dns_query *query);

/* ph_dns_step() of all of them until none is under way: 0; -PH_EAGAIN: the
 * stack never blocks (ph_platform.wait); -PH_EINTR. The queries' own results
 * are those of ph_dns_step(). */
int ph_dns_wait(struct ph_stack *stack, struct dns_query *const *queries,
                uint32_t count) PH_MUST_USE;

#endif
