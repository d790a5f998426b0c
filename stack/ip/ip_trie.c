/* SPDX-License-Identifier: Apache-2.0 */
/* The trie. What is in a slot: 0 nothing, a node's number, or ROUTE and a
 * route's number. Inside a node the prefixes of its first 0 to 3 bits are
 * numbered as in a heap: 1 is the empty one, 2 and 3 have one bit, 4 to 7 two,
 * 8 to 15 three.
 *
 * 1. Everything below a node begins with its `prefix` of `pos` bits.
 * 2. A node other than a root has at least two entries, routes or slots.
 * 3. A slot holds a route alone only if nothing else is below it. */
#include "stack/ip/ip_trie.h"

#include "stack/base/assert.h"
#include "stack/base/errno.h"
#include "stack/netif/netif.h"

enum { STRIDE = 4, FANOUT = 16, ROUTE = 0x8000, ROOT4 = 1, ROOT6 = 2 };
enum { POS4 = 96 }; /* IPv4 begins behind ::ffff:0:0/96 */

struct ip_trie_node {
  uint64_t prefix[2]; /* host order; bits from `pos` on are 0 */
  uint8_t pos;
  uint8_t shift; /* of the node's bits in their word */
  uint8_t word;
  bool skips;             /* bits between its parent's and its own */
  uint16_t inside;        /* a bit for each heap number that has a route */
  uint16_t entries;       /* of both arrays; in a free node the next one */
  uint16_t route[FANOUT]; /* by heap number */
  uint16_t slot[FANOUT];  /* by the next 4 bits */
  uint64_t unused;        /* a size that is cheap to multiply by */
};

struct key {
  uint64_t word[2];
};

/* ---- Bits ---------------------------------------------------------------- */

static inline uint64_t load(const uint8_t *p) {
  uint64_t word;
  memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

static inline struct key key_of(const struct ph_addr *addr) {
  return (struct key){{load(addr->bytes), load(addr->bytes + 8)}};
}

static inline uint64_t mask_of(uint32_t bits) {
  return bits == 0 ? 0 : UINT64_MAX << (64 - bits);
}

/* Do the first `len` bits agree? */
static inline bool agree(const struct key *a, const uint64_t b[2],
                         uint32_t len) {
  return len <= 64 ? ((a->word[0] ^ b[0]) & mask_of(len)) == 0
                   : a->word[0] == b[0] &&
                         ((a->word[1] ^ b[1]) & mask_of(len - 64)) == 0;
}

/* How many leading bits agree, at most `most`. */
static uint32_t common(const struct key *a, const uint64_t b[2],
                       uint32_t most) {
  uint32_t len = 0;
  while (len < most && agree(a, b, len + 1)) {
    len++;
  }
  return len;
}

static inline uint32_t bits_at(const struct key *key, uint32_t pos) {
  return (uint32_t)(key->word[pos / 64] >> (60 - pos % 64)) & (FANOUT - 1);
}

/* The heap number of the prefix of `len` bits, fewer than STRIDE behind `pos`.
 */
static PH_APART_IF_SMALL uint32_t heap_of(const struct key *key, uint32_t pos,
                                          uint32_t len) {
  uint32_t n = len - pos;
  return 1u << n | bits_at(key, pos) >> (STRIDE - n);
}

/* The heap numbers that 4 bits pass: 1, 2 + their first, 4 + their first two, 8
 * + their first three. */
#define PASSED(bits)                                                     \
  (uint16_t)(1u << 1 | 1u << (2 + (bits) / 8) | 1u << (4 + (bits) / 4) | \
             1u << (8 + (bits) / 2))
static const uint16_t passed[FANOUT] = {
    PASSED(0),  PASSED(1),  PASSED(2),  PASSED(3), PASSED(4),  PASSED(5),
    PASSED(6),  PASSED(7),  PASSED(8),  PASSED(9), PASSED(10), PASSED(11),
    PASSED(12), PASSED(13), PASSED(14), PASSED(15)};

/* ---- Memory -------------------------------------------------------------- */

static uint32_t node_count(uint32_t max) {
  return max + 3; /* two roots; two routes make one */
}

size_t ip_trie_size(uint32_t max) {
  return node_count(max) * sizeof(struct ip_trie_node) +
         (max + 1) * sizeof(struct ip_route);
}

static void set_pos(struct ip_trie_node *node, const struct key *key,
                    uint32_t pos, bool skips) {
  *node = (struct ip_trie_node){.pos = (uint8_t)pos,
                                .word = (uint8_t)(pos / 64),
                                .shift = (uint8_t)(60 - pos % 64),
                                .skips = skips};
  node->prefix[0] = key->word[0] & mask_of(ph_min_u32(pos, 64));
  node->prefix[1] = pos > 64 ? key->word[1] & mask_of(pos - 64) : 0;
}

static uint16_t take_node(struct ip_trie *trie) {
  uint16_t n = trie->free_node;
  PH_ASSERT(n != 0); /* there are as many as routes */
  trie->free_node = trie->nodes[n].entries;
  return n;
}

static void give_node(struct ip_trie *trie, uint16_t n) {
  trie->nodes[n].entries = trie->free_node;
  trie->free_node = n;
}

static void give_route(struct ip_trie *trie, uint16_t n) {
  trie->routes[n].next = trie->free_route;
  trie->free_route = n;
}

void ip_trie_init(struct ip_trie *trie, void *memory, uint32_t max) {
  static const struct key any4 = {{0, UINT64_C(0xffff) << 32}}, any6;
  PH_ASSERT(max <= IP_TRIE_MAX);
  trie->nodes = memory;
  trie->routes = (struct ip_route *)(void *)(trie->nodes + node_count(max));
  trie->max = (uint16_t)max;
  trie->count = 0;
  set_pos(&trie->nodes[ROOT4], &any4, POS4, false);
  set_pos(&trie->nodes[ROOT6], &any6, 0, false);
  trie->free_node = trie->free_route = 0;
  for (uint32_t n = node_count(max); --n > ROOT6;) {
    give_node(trie, (uint16_t)n);
  }
  for (uint32_t n = max; n > 0; n--) {
    give_route(trie, (uint16_t)n);
  }
}

/* ---- Change -------------------------------------------------------------- */

static uint16_t root_of(const struct ph_addr *addr) {
  return ph_addr_is_v4(addr) ? ROOT4 : ROOT6;
}

static bool is_leaf(uint16_t entry) {
  return entry & ROUTE;
}

/* Put a route, a list's first, into the node that it belongs to; its slot, if
 * it has one there, is free. */
static void put_route(struct ip_trie *trie, struct ip_trie_node *node,
                      uint16_t route) {
  const struct ip_route *r = &trie->routes[route];
  struct key key = key_of(&r->destination);
  node->entries++;
  if (r->prefix_len < node->pos + STRIDE) {
    uint32_t heap = heap_of(&key, node->pos, r->prefix_len);
    node->inside |= (uint16_t)(1u << heap);
    node->route[heap] = route;
  } else {
    node->slot[bits_at(&key, node->pos)] = (uint16_t)(ROUTE | route);
  }
}

/* The bits that what is in a slot has for sure. */
static uint32_t length_of(const struct ip_trie *trie, uint16_t entry,
                          struct key *key) {
  if (is_leaf(entry)) {
    const struct ip_route *r = &trie->routes[entry & ~ROUTE];
    *key = key_of(&r->destination);
    return r->prefix_len;
  }
  const struct ip_trie_node *node = &trie->nodes[entry];
  *key = (struct key){{node->prefix[0], node->prefix[1]}};
  return node->pos;
}

/* Where a prefix is or belongs. */
struct place {
  struct key key;  /* its own */
  uint16_t parent; /* of `node`, 0 for a root */
  uint16_t node;
  uint16_t *at; /* the list's place in it: a heap number's or a slot */
  bool found;   /* it is there */
};

/* Go down as long as everything there agrees with the prefix. */
static PH_APART_IF_SMALL struct place find_place(struct ip_trie *trie,
                                                 const struct ip_route *route) {
  struct place p = {.key = key_of(&route->destination),
                    .node = root_of(&route->destination)};
  const struct key *key = &p.key;
  uint32_t len = route->prefix_len;
  for (;;) {
    struct ip_trie_node *node = &trie->nodes[p.node];
    if (len < node->pos + (uint32_t)STRIDE) {
      p.at = &node->route[heap_of(key, node->pos, len)];
      p.found = *p.at != 0;
      return p;
    }
    p.at = &node->slot[bits_at(key, node->pos)];
    struct key other;
    uint32_t sure = *p.at ? length_of(trie, *p.at, &other) : 0;
    bool below = *p.at && sure <= len && agree(key, other.word, sure);
    if (!below || is_leaf(*p.at)) {
      p.found = below && sure == len;
      return p;
    }
    p.parent = p.node;
    p.node = *p.at;
  }
}

/* The slot is taken by something else: a node comes in between. */
static void split(struct ip_trie *trie, struct ip_trie_node *parent,
                  uint16_t *slot, uint16_t route) {
  uint16_t old = *slot;
  const struct ip_route *r = &trie->routes[route];
  struct key key = key_of(&r->destination), other;
  uint32_t sure = length_of(trie, old, &other);
  uint32_t pos = common(&key, other.word, ph_min_u32(r->prefix_len, sure)) /
                 STRIDE * STRIDE;
  uint16_t n = take_node(trie);
  struct ip_trie_node *node = &trie->nodes[n];
  set_pos(node, &key, pos, pos != parent->pos + (uint32_t)STRIDE);
  *slot = n;
  put_route(trie, node, route);
  if (is_leaf(old)) {
    put_route(trie, node, (uint16_t)(old & ~ROUTE));
    return;
  }
  struct ip_trie_node *below = &trie->nodes[old];
  below->skips = below->pos != pos + STRIDE;
  node->slot[bits_at(&other, pos)] = old;
  node->entries++;
}

static bool same(const struct ip_route *a, const struct ip_route *b) {
  return a->netif == b->netif && a->gateway == b->gateway &&
         (!a->gateway || ph_addr_equal(&a->next_hop, &b->next_hop));
}

/* The last of the list, or NULL if one of it is like `route`. */
static struct ip_route *last_unlike(struct ip_trie *trie, uint16_t list,
                                    const struct ip_route *route) {
  for (;;) {
    struct ip_route *r = &trie->routes[list];
    if (same(r, route)) {
      return NULL;
    }
    if (r->next == 0) {
      return r;
    }
    list = r->next;
  }
}

int ip_trie_add(struct ip_trie *trie, const struct ip_route *route) {
  struct place p = find_place(trie, route);
  uint16_t n = trie->free_route;
  struct ip_route *last =
      p.found ? last_unlike(trie, (uint16_t)(*p.at & ~ROUTE), route) : NULL;
  if (p.found && !last) {
    return -PH_EEXIST;
  }
  if (n == 0) {
    return -PH_ENOMEM;
  }
  trie->free_route = trie->routes[n].next;
  trie->routes[n] = *route;
  trie->routes[n].next = 0;
  trie->count++;
  struct ip_trie_node *node = &trie->nodes[p.node];
  if (p.found) {
    last->next = n;
  } else if (*p.at) {
    split(trie, node, p.at, n);
  } else {
    put_route(trie, node, n);
  }
  return 0;
}

/* What is left of a node that has one entry takes its place. */
static void collapse(struct ip_trie *trie, const struct place *p) {
  struct ip_trie_node *node = &trie->nodes[p->node];
  if (p->parent == 0 || node->entries > 1) {
    return;
  }
  struct ip_trie_node *parent = &trie->nodes[p->parent];
  uint16_t left = 0;
  for (uint32_t i = 0; i < FANOUT; i++) {
    left |= node->slot[i];
    left |= (uint16_t)(node->route[i] ? ROUTE | node->route[i] : 0);
  }
  parent->slot[bits_at(&p->key, parent->pos)] = left;
  if (!is_leaf(left)) {
    struct ip_trie_node *below = &trie->nodes[left];
    below->skips = below->pos != parent->pos + STRIDE;
  }
  give_node(trie, p->node);
}

int ip_trie_remove(struct ip_trie *trie, const struct ip_route *route) {
  struct place p = find_place(trie, route);
  uint16_t flag = p.found ? *p.at & ROUTE : 0;
  uint16_t *link = p.at;
  uint16_t n = p.found ? (uint16_t)(*p.at & ~ROUTE) : 0;
  while (n != 0 && !same(&trie->routes[n], route)) {
    flag = 0;
    link = &trie->routes[n].next;
    n = *link;
  }
  if (n == 0) {
    return -PH_ENOENT;
  }
  struct ip_route *r = &trie->routes[n];
  *link = (uint16_t)(r->next ? flag | r->next : 0);
  r->netif = NULL;
  give_route(trie, n);
  trie->count--;
  if (*p.at == 0) {
    struct ip_trie_node *node = &trie->nodes[p.node];
    node->entries--;
    if (p.at >= node->route && p.at < node->route + FANOUT) {
      node->inside &= (uint16_t) ~(1u << (p.at - node->route));
    }
    collapse(trie, &p);
  }
  return 0;
}

/* ---- Lookup -------------------------------------------------------------- */

/* The heap numbers of prefixes of at most `len` bits behind the node's. */
static PH_APART_IF_SMALL uint32_t heap_up_to(uint32_t len) {
  return len >= STRIDE ? UINT32_MAX : (1u << (2u << len)) - 1;
}

/* The list of the longest prefix of an address below `node`; `bounded`: of at
 * most `max_len` bits. Compiled once for each, because it is a router's loop.
 */
static PH_INLINE const struct ip_route *find(const struct ip_trie *trie,
                                             const struct key key,
                                             const struct ip_trie_node *node,
                                             bool bounded, uint32_t max_len) {
  const struct ip_trie_node *best = NULL;
  uint32_t best_hits = 0;
  while (!bounded || node->pos <= max_len) {
    uint32_t bits =
        (uint32_t)(key.word[node->word] >> node->shift) & (FANOUT - 1);
    uint32_t hits = node->inside & passed[bits];
    if (bounded) {
      hits &= heap_up_to(max_len - node->pos);
    }
    if (hits) {
      best = node;
      best_hits = hits;
    }
    uint16_t entry = node->slot[bits];
    if (is_leaf(entry)) {
      const struct ip_route *r = &trie->routes[entry & ~ROUTE];
      const struct key own = key_of(&r->destination);
      if ((!bounded || r->prefix_len <= max_len) &&
          agree(&key, own.word, r->prefix_len)) {
        return r;
      }
      break;
    }
    node = &trie->nodes[entry];
    if (entry == 0 || (node->skips && !agree(&key, node->prefix, node->pos))) {
      break;
    }
  }
  return best ? &trie->routes[best->route[31 - __builtin_clz(best_hits)]]
              : NULL;
}

/* The interface of the first is down. */
static PH_APART const struct ip_route *find_other(const struct ip_trie *trie,
                                                  const struct key key,
                                                  const struct ip_route *r) {
  const struct ip_trie_node *root = &trie->nodes[root_of(&r->destination)];
  while (r && !r->netif->up) {
    if (r->next) {
      r = &trie->routes[r->next];
    } else {
      r = r->prefix_len ? find(trie, key, root, true, r->prefix_len - 1u)
                        : NULL;
    }
  }
  return r;
}

const struct ip_route *ip_trie_lookup(const struct ip_trie *trie,
                                      const struct ph_addr *addr) {
  const struct key key = key_of(addr);
  const struct ip_route *r =
      find(trie, key, &trie->nodes[root_of(addr)], false, 0);
  return !r || r->netif->up ? r : find_other(trie, key, r);
}

const struct ip_route *ip_trie_lookup_v4(const struct ip_trie *trie,
                                         uint32_t ip) {
  const struct key key = {{0, UINT64_C(0xffff) << 32 | ip}};
  const struct ip_route *r = find(trie, key, &trie->nodes[ROOT4], false, 0);
  return !r || r->netif->up ? r : find_other(trie, key, r);
}
