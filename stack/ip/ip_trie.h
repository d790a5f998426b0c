/* SPDX-License-Identifier: Apache-2.0 */
/* Routes of both families, found by longest prefix: a trie of 4 address bits
 * per node. A node knows the routes that end inside it and, for each value of
 * its 4 bits, what is below: another node, or the only route there, which then
 * needs no node. Nodes with one entry do not exist, so that there are never
 * more of them than routes, and a lookup takes at most as many steps as the
 * address has half bytes, in a table of N random routes about log16(N).
 *
 * Several routes may have the same prefix: they form a list in the order in
 * which they came; who looks up takes the first whose interface is up. */
#ifndef PH_IP_IP_TRIE_H
#define PH_IP_IP_TRIE_H

#include "stack/base/types.h"

struct netif;

enum { IP_TRIE_MAX = 32766 }; /* routes of a table */

struct ip_route {
  struct ph_addr destination; /* host bits 0; IPv4 as ::ffff:a.b.c.d */
  struct ph_addr next_hop;    /* any: on the link */
  struct netif *netif;        /* NULL: a free place */
  uint16_t next;              /* place of the next with this prefix, 0: none */
  uint8_t prefix_len;         /* of the 128 bits */
  bool gateway;               /* next_hop is one */
};

struct ip_trie_node;

struct ip_trie {
  struct ip_trie_node *nodes; /* [0] unused, [1] root of IPv4, [2] of IPv6 */
  struct ip_route *routes;    /* [0] unused */
  uint16_t free_node, free_route; /* lists */
  uint16_t max;                   /* routes */
  uint16_t count;
};

/* Memory for `max` routes, 64-byte aligned, zeroed. */
size_t ip_trie_size(uint32_t max);
void ip_trie_init(struct ip_trie *trie, void *memory, uint32_t max);

/* Add a copy of `route`. 0; -PH_EEXIST: it is there, with this next hop and
 * interface; -PH_ENOMEM. */
int ip_trie_add(struct ip_trie *trie, const struct ip_route *route) PH_MUST_USE;

/* Remove the route that is like `route`. 0, -PH_ENOENT. */
int ip_trie_remove(struct ip_trie *trie, const struct ip_route *route);

/* The first route of the longest prefix that is usable, or NULL. */
const struct ip_route *ip_trie_lookup(const struct ip_trie *trie,
                                      const struct ph_addr *addr);
/* The same for an IPv4 address (host order). */
const struct ip_route *ip_trie_lookup_v4(const struct ip_trie *trie,
                                         uint32_t ip);

#endif
