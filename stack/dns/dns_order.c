/* SPDX-License-Identifier: Apache-2.0 */
/* Which address first: destination address selection, RFC 6724 6. Home
 * addresses (rule 4), transition by encapsulation (rule 7) and deprecated
 * sources (rule 3) are not known here; the route's choice avoids the last. */
#include "stack/dns/dns_internal.h"
#include "stack/ip/ip.h"

struct policy {
  uint8_t bytes[4]; /* the first of the prefix; the others are 0 */
  uint8_t bits, precedence, label;
};

/* RFC 6724 2.1; ::1 and IPv4 are looked at before. */
static const struct policy POLICIES[] = {
    {{0x20, 0x02}, 16, 30, 2}, {{0x20, 0x01}, 32, 5, 5},  {{0xfc}, 7, 3, 13},
    {{0xfe, 0xc0}, 10, 1, 11}, {{0x3f, 0xfe}, 16, 1, 12}, {{0}, 96, 1, 3},
};
static const struct policy LOOPBACK = {.precedence = 50, .label = 0};
static const struct policy MAPPED = {.precedence = 35, .label = 4};
static const struct policy OTHERS = {.precedence = 40, .label = 1};

static uint32_t common_bits(const uint8_t *a, const uint8_t *b) {
  uint32_t n = 0;
  while (n < 128 && ((a[n / 8] ^ b[n / 8]) >> (7 - n % 8) & 1) == 0) {
    n++;
  }
  return n;
}

static bool is_loopback(const struct ph_addr *a) {
  static const struct ph_addr loopback = {{[15] = 1}};
  return ph_addr_equal(a, &loopback);
}

static const struct policy *policy_of(const struct ph_addr *a) {
  if (is_loopback(a) || ph_addr_is_v4(a)) {
    return ph_addr_is_v4(a) ? &MAPPED : &LOOPBACK;
  }
  for (uint32_t i = 0; i < PH_ARRAY_LEN(POLICIES); i++) {
    uint8_t prefix[16] = {0};
    memcpy(prefix, POLICIES[i].bytes, sizeof(POLICIES[i].bytes));
    if (common_bits(a->bytes, prefix) >= POLICIES[i].bits) {
      return &POLICIES[i];
    }
  }
  return &OTHERS;
}

/* RFC 6724 3.1, 3.2: 2 the link, 5 the site, 14 the world. */
static uint32_t scope_of(const struct ph_addr *a) {
  const uint8_t *b = a->bytes;
  if (ph_addr_is_v4(a)) {
    return b[12] == 127 || (b[12] == 169 && b[13] == 254) ? 2 : 14;
  }
  if (b[0] == 0xff) {
    return b[1] & 15u;
  }
  return is_loopback(a) || (b[0] == 0xfe && b[1] >> 6 == 2) ? 2
         : b[0] == 0xfe && b[1] >> 6 == 3                   ? 5
                                                            : 14;
}

bool dns_reachable(struct ph_stack *stack, const struct ph_addr *addr) {
  return ip_path_find(stack, NULL, NULL, addr)->error == 0;
}

/* Rules 1, 2, 5, 6, 8 and 9, each in bits of its own: more is better. */
static PH_APART_IF_SMALL uint64_t rank(struct ph_stack *stack,
                                       const struct ph_addr *dst) {
  const struct ip_path *path = ip_path_find(stack, NULL, NULL, dst);
  const struct policy *policy = policy_of(dst);
  uint64_t rank = (uint64_t)policy->precedence << 16;
  rank |= (15 - scope_of(dst)) << 8;
  if (path->error) {
    return rank;
  }
  rank |= 1ull << 34;
  rank |= scope_of(dst) == scope_of(&path->src) ? 1ull << 33 : 0;
  rank |= policy->label == policy_of(&path->src)->label ? 1ull << 32 : 0;
  if (!ph_addr_is_v4(dst)) {
    rank |= common_bits(dst->bytes, path->src.bytes) & 127;
  }
  return rank;
}

void dns_order(struct ph_stack *stack, struct ph_addr *addr, uint32_t count) {
  uint64_t ranks[2 * DNS_ADDRS_MAX];
  for (uint32_t i = 0; i < count && i < PH_ARRAY_LEN(ranks); i++) {
    struct ph_addr a = addr[i];
    uint64_t own = rank(stack, &a);
    uint32_t at = i;
    for (; at > 0 && ranks[at - 1] < own; at--) { /* rule 10: else unchanged */
      addr[at] = addr[at - 1];
      ranks[at] = ranks[at - 1];
    }
    addr[at] = a;
    ranks[at] = own;
  }
}
