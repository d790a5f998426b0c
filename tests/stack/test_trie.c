/* SPDX-License-Identifier: Apache-2.0 */
/* The trie of routes against a table that is searched from end to end. */
#include "stack/ip/ip_trie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stack/base/errno.h"
#include "stack/netif/netif.h"

enum { MAX = 10000, PORTS = 3 };

struct table {
  struct ip_trie trie;
  void *memory;
  struct netif netif[PORTS];
  struct ip_route naive[MAX];
  uint32_t count, max;
  uint32_t rng;
};

static uint32_t next_random(struct table *t) {
  t->rng = t->rng * 1664525u + 1013904223u;
  return t->rng >> 8;
}

static struct table *table_new(uint32_t max) {
  struct table *t = calloc(1, sizeof(*t));
  assert_non_null(t);
  t->memory = aligned_alloc(64, (ip_trie_size(max) + 63) / 64 * 64);
  memset(t->memory, 0, ip_trie_size(max));
  ip_trie_init(&t->trie, t->memory, max);
  t->max = max;
  t->rng = 1;
  for (int i = 0; i < PORTS; i++) {
    t->netif[i].up = true;
  }
  return t;
}

static void table_free(struct table *t) {
  free(t->memory);
  free(t);
}

static bool has_prefix(const struct ph_addr *addr, const struct ip_route *r) {
  for (uint32_t bit = 0; bit < r->prefix_len; bit++) {
    if ((addr->bytes[bit / 8] ^ r->destination.bytes[bit / 8]) &
        0x80 >> bit % 8) {
      return false;
    }
  }
  return true;
}

/* The first of the longest that is up. */
static const struct ip_route *naive_find(const struct table *t,
                                         const struct ph_addr *addr) {
  const struct ip_route *best = NULL;
  bool v4 = ph_addr_is_v4(addr);
  for (uint32_t i = 0; i < t->count; i++) {
    const struct ip_route *r = &t->naive[i];
    if (r->netif->up && (!best || r->prefix_len > best->prefix_len) &&
        v4 == ph_addr_is_v4(&r->destination) && has_prefix(addr, r)) {
      best = r;
    }
  }
  return best;
}

/* Addresses are near each other, so that prefixes are inside one another. */
static struct ph_addr random_address(struct table *t, bool v6) {
  struct ph_addr a = ph_addr_v4(0);
  uint32_t first = v6 ? 0 : 12;
  if (v6) {
    memset(&a, 0, sizeof(a));
    a.bytes[0] = 0x20;
  }
  for (uint32_t i = first + v6; i < 16; i++) {
    uint32_t kind = next_random(t) % 8;
    a.bytes[i] = (uint8_t)(kind < 3   ? 0
                           : kind < 5 ? next_random(t) & 0x11
                                      : next_random(t));
  }
  return a;
}

static struct ip_route random_route(struct table *t, bool v6) {
  uint32_t len = v6 ? next_random(t) % 129 : 96 + next_random(t) % 33;
  struct ip_route r = {.destination = random_address(t, v6),
                       .netif = &t->netif[next_random(t) % PORTS],
                       .prefix_len = (uint8_t)len,
                       .gateway = next_random(t) & 1};
  for (uint32_t bit = len; bit < 128; bit++) {
    r.destination.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
  }
  if (r.gateway) {
    r.next_hop = ph_addr_v4(next_random(t) & 3);
  }
  return r;
}

static bool same(const struct ip_route *a, const struct ip_route *b) {
  return a->prefix_len == b->prefix_len && a->netif == b->netif &&
         a->gateway == b->gateway &&
         ph_addr_equal(&a->destination, &b->destination) &&
         ph_addr_equal(&a->next_hop, &b->next_hop);
}

static uint32_t find_same(const struct table *t, const struct ip_route *r) {
  uint32_t i = 0;
  while (i < t->count && !same(&t->naive[i], r)) {
    i++;
  }
  return i;
}

static void add(struct table *t, const struct ip_route *r) {
  int expected = find_same(t, r) < t->count ? -PH_EEXIST
                 : t->count == t->max       ? -PH_ENOMEM
                                            : 0;
  assert_int_equal(ip_trie_add(&t->trie, r), expected);
  if (!expected) {
    t->naive[t->count++] = *r;
  }
}

static void take_out(struct table *t, const struct ip_route *r) {
  uint32_t i = find_same(t, r);
  assert_int_equal(ip_trie_remove(&t->trie, r), i < t->count ? 0 : -PH_ENOENT);
  if (i < t->count) {
    t->count--;
    memmove(&t->naive[i], &t->naive[i + 1],
            (t->count - i) * sizeof(t->naive[0]));
  }
}

static void compare(struct table *t, uint32_t lookups) {
  for (uint32_t i = 0; i < lookups; i++) {
    struct ph_addr addr = random_address(t, next_random(t) & 1);
    if (t->count > 0 && next_random(t) % 4 == 0) { /* the edge of one of them */
      const struct ip_route *r = &t->naive[next_random(t) % t->count];
      addr = r->destination;
      if (r->prefix_len > 96 && next_random(t) % 2) {
        uint32_t bit = 96 + next_random(t) % 32;
        addr.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
      }
    }
    const struct ip_route *expected = naive_find(t, &addr);
    const struct ip_route *found = ip_trie_lookup(&t->trie, &addr);
    assert_int_equal(found != NULL, expected != NULL);
    if (found) {
      assert_true(same(found, expected));
    }
  }
}

static void trie_is_like_a_table_that_is_searched(void **state) {
  /* EVIDENCE: RFC 1812 5.2.4.3 (longest match); RFC 4861 5.2 */
  (void)state;
  struct table *t = table_new(300);
  for (uint32_t round = 0; round < 3000; round++) {
    /* Fuller and emptier, with both families in it. */
    bool grow = round / 500 % 2 == 0;
    struct ip_route r = random_route(t, next_random(t) & 1);
    if (next_random(t) % 4 != 0 ? grow : !grow) {
      add(t, &r);
      if (t->count > 0 && next_random(t) % 8 == 0) {
        add(t, &t->naive[next_random(t) % t->count]); /* it is there */
        struct ip_route other = t->naive[next_random(t) % t->count];
        other.netif = &t->netif[next_random(t) % PORTS]; /* another way */
        add(t, &other);
      }
    } else if (t->count > 0) {
      r = t->naive[next_random(t) % t->count];
      take_out(t, &r);
      take_out(t, &r); /* -PH_ENOENT, unless it was there twice */
    }
    t->netif[next_random(t) % PORTS].up = next_random(t) % 4 != 0;
    compare(t, 20);
  }
  while (t->count > 0) {
    struct ip_route r = t->naive[next_random(t) % t->count];
    take_out(t, &r);
    compare(t, 2);
  }
  assert_int_equal(t->trie.count, 0);
  for (uint32_t i = 0; i < 300; i++) { /* all the memory is there again */
    struct ip_route r = {.destination = ph_addr_v4(i << 8),
                         .netif = &t->netif[0],
                         .prefix_len = 120};
    add(t, &r);
  }
  compare(t, 100);
  table_free(t);
}

static void trie_of_ten_thousand_routes_answers_as_the_table(void **state) {
  /* EVIDENCE: RFC 1812 5.2.4.3 (longest match) */
  (void)state;
  struct table *t = table_new(MAX);
  while (t->count < MAX) {
    struct ip_route r = random_route(t, t->count & 1);
    if (ip_trie_add(&t->trie, &r) == 0) {
      t->naive[t->count++] = r;
    }
  }
  compare(t, 2000);
  for (uint32_t i = 0; i < MAX / 2; i++) {
    struct ip_route r = t->naive[--t->count];
    assert_int_equal(ip_trie_remove(&t->trie, &r), 0);
  }
  compare(t, 2000);
  table_free(t);
}

/* A chain: each prefix is inside the one before it. */
static void trie_of_every_length_finds_each(void **state) {
  /* EVIDENCE: RFC 1812 5.2.4.3 (longest match) */
  (void)state;
  for (int v6 = 0; v6 < 2; v6++) {
    struct table *t = table_new(129);
    uint32_t first = v6 ? 0 : 96;
    struct ph_addr ones;
    memset(&ones, 0xff, sizeof(ones));
    struct ph_addr base = ph_addr_v4(UINT32_MAX);
    base = v6 ? ones : base;
    for (uint32_t n = 0; n <= 128 - first; n++) {
      uint32_t len = first + n * 37 % (129 - first); /* in some order */
      struct ip_route r = {.destination = base,
                           .netif = &t->netif[0],
                           .prefix_len = (uint8_t)len};
      for (uint32_t bit = len; bit < 128; bit++) {
        r.destination.bytes[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
      }
      add(t, &r);
    }
    for (uint32_t len = first; len <= 128; len++) {
      struct ph_addr addr = base;
      if (len < 128) {
        addr.bytes[len / 8] ^= (uint8_t)(0x80 >> len % 8);
      }
      if (!v6 || !ph_addr_is_v4(&addr)) {
        assert_int_equal(ip_trie_lookup(&t->trie, &addr)->prefix_len, len);
      }
    }
    t->netif[0].up = false;
    assert_null(ip_trie_lookup(&t->trie, &base));
    table_free(t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(trie_is_like_a_table_that_is_searched),
      cmocka_unit_test(trie_of_ten_thousand_routes_answers_as_the_table),
      cmocka_unit_test(trie_of_every_length_finds_each),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
