/* SPDX-License-Identifier: Apache-2.0 */
/* Our addresses: duplicate address detection (RFC 4862 5.4), lifetimes (5.5.4)
 * and which one a packet leaves from (RFC 6724).
 *
 * TENTATIVE -> READY when DAD heard nothing for RetransTimer; -> DUPLICATE when
 * it heard the address used or asked for by another. A READY address is
 * preferred until `preferred_until_ns`, then deprecated; it goes when
 * `valid_until_ns` has come. */
#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/ip/ipv6_internal.h"

static bool ready(const struct ipv6_address *a, uint64_t now_ns) {
  return a->state == IPV6_ADDRESS_READY && now_ns < a->valid_until_ns;
}

struct ipv6_address *ipv6_address_find(struct ipv6_state *v6,
                                       const struct ph_addr *addr) {
  for (uint32_t i = 0; i < IPV6_MAX_ADDRESSES; i++) {
    struct ipv6_address *a = &v6->addresses[i];
    if (a->state != IPV6_ADDRESS_FREE && ph_addr_equal(&a->addr, addr)) {
      return a;
    }
  }
  return NULL;
}

bool ipv6_is_own(const struct ipv6_state *v6, const struct ph_addr *addr) {
  for (uint32_t i = 0; i < v6->address_end; i++) {
    const struct ipv6_address *a = &v6->addresses[i];
    if (ph_addr_equal(&a->addr, addr)) {
      return ready(a, v6->stack->now_ns);
    }
  }
  return ipv6_is_loopback(addr->bytes) && ip_of(v6->stack)->loopback;
}

struct ph_addr ipv6_eui64(const struct netif *netif, const uint8_t *prefix) {
  struct ph_addr a;
  memcpy(a.bytes, prefix, 8);
  memcpy(a.bytes + 8, netif->mac, 3); /* RFC 4291 appendix A */
  a.bytes[8] ^= 2;
  a.bytes[11] = 0xff;
  a.bytes[12] = 0xfe;
  memcpy(a.bytes + 13, netif->mac + 3, 3);
  return a;
}

/* ---- Birth and death ----------------------------------------------------- */

static PH_APART_IF_SMALL void address_free(struct ph_stack *stack,
                                           struct ipv6_address *a) {
  struct ph_addr group = ipv6_solicited_group(&a->addr);
  ph_timer_cancel(&stack->timers, &a->timer);
  a->state = IPV6_ADDRESS_FREE;
  stack->route_generation++;
  (void)mld_leave(a->link, &group); /* it was joined */
  memset(&a->addr, 0, sizeof(a->addr));
}

void ipv6_address_watch(struct ph_stack *stack, struct ipv6_address *a) {
  if (a->state == IPV6_ADDRESS_TENTATIVE) {
    return; /* the timer is DAD's */
  }
  stack->route_generation++; /* another source may be better now */
  uint64_t next = stack->now_ns < a->preferred_until_ns ? a->preferred_until_ns
                                                        : a->valid_until_ns;
  ph_stack_timer_at(stack, &a->timer, next);
}

static void become_ready(struct ph_stack *stack, struct ipv6_address *a) {
  a->state = IPV6_ADDRESS_READY;
  stack->route_generation++;
  ipv6_address_watch(stack, a);
}

/* DAD's next step, or the end of the lifetime. */
static void address_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct ipv6_address *a = PH_CONTAINER_OF(timer, struct ipv6_address, timer);
  struct ipv6_link *link = a->link;
  if (stack->now_ns >= a->valid_until_ns) {
    address_free(stack, a);
  } else if (a->state != IPV6_ADDRESS_TENTATIVE) {
    ipv6_address_watch(stack, a);
  } else if (!link->netif->up) { /* nobody could hear it */
    ph_stack_timer_in(stack, timer, IPV6_SECOND);
  } else if (a->probes_left > 0) { /* RFC 4862 5.4.2 */
    a->probes_left--;
    ph_stack_timer_in(stack, timer, link->retrans_ns);
    nd_send_solicit(link, NULL, &a->addr, NULL);
  } else {
    become_ready(stack, a);
  }
}

struct ipv6_address *ipv6_address_add(struct ipv6_link *link,
                                      const struct ph_addr *addr,
                                      uint8_t prefix_len, bool at_once) {
  struct ph_stack *stack = ipv6_stack_of(link);
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_address *a = v6->addresses;
  while (a < v6->addresses + IPV6_MAX_ADDRESSES &&
         a->state != IPV6_ADDRESS_FREE) {
    a++;
  }
  struct ph_addr group = ipv6_solicited_group(addr);
  if (a == v6->addresses + IPV6_MAX_ADDRESSES || mld_join(link, &group)) {
    stack->stats.NdTableFull++;
    return NULL;
  }
  *a = (struct ipv6_address){.addr = *addr,
                             .link = link,
                             .valid_until_ns = IPV6_FOREVER,
                             .preferred_until_ns = IPV6_FOREVER,
                             .timer.fn = address_timer,
                             .prefix_len = prefix_len,
                             .state = IPV6_ADDRESS_TENTATIVE,
                             .probes_left = 1}; /* DupAddrDetectTransmits */
  uint32_t end = (uint32_t)(a - v6->addresses) + 1;
  v6->address_end = ph_max_u32(v6->address_end, end);
  if (at_once) {
    become_ready(stack, a);
  } else { /* RFC 4862 5.4.2: at random, or all speak at once after a failure */
    ph_stack_timer_within(stack, &a->timer, ND_START_DELAY_NS);
  }
  return a;
}

void ipv6_address_duplicate(struct ph_stack *stack, struct ipv6_address *a) {
  stack->stats.NdDuplicates++;
  ph_timer_cancel(&stack->timers, &a->timer);
  a->state = IPV6_ADDRESS_DUPLICATE;
  stack->route_generation++;
  if (ipv6_is_link_local(a->addr.bytes)) {
    a->link->disabled = true; /* made of the MAC address: RFC 4862 5.4.5 */
  }
}

int ph_ipv6_add_address(struct ph_stack *stack, struct netif *netif,
                        const struct ph_addr *address, uint8_t prefix_len,
                        bool no_dad) {
  struct ipv6_state *v6 = ipv6_of(stack);
  struct ipv6_link *link = netif->ipv6;
  const uint8_t *bytes = address->bytes;
  if (!link || prefix_len > 128 || !ipv6_is_unicast(bytes)) {
    return -PH_EINVAL;
  }
  struct ph_addr addr = ipv6_addr_at(bytes, netif);
  if (ipv6_address_find(v6, &addr)) {
    return -PH_EEXIST;
  }
  if (!ipv6_address_add(link, &addr, prefix_len,
                        no_dad || v6->config.skip_dad)) {
    return -PH_ENOMEM;
  }
  if (!ipv6_is_link_local(addr.bytes)) {
    ipv6_prefix_set(link, &addr, prefix_len, IPV6_FOREVER, false);
  }
  return 0;
}

/* ---- Source address selection -------------------------------------------- */

/* RFC 6724 3.1: link-local 2, global 14; the scope of a group is in it. */
static uint8_t scope_of(const struct ph_addr *a) {
  if (ipv6_is_multicast(a->bytes)) {
    return ipv6_multicast_scope(a->bytes);
  }
  return ipv6_is_link_local(a->bytes) || ipv6_is_loopback(a->bytes) ? 2 : 14;
}

/* RFC 6724 5, of two candidates of the interface: is `a` better than `b`? Rules
 * 4, 6 and 7 have no object here (no home, no policy, no temporary ones); rule
 * 5 is met by the candidates. */
static PH_APART_IF_SMALL bool better(const struct ipv6_address *a,
                                     const struct ipv6_address *b,
                                     const struct ph_addr *dst,
                                     uint64_t now_ns) {
  uint8_t sa = scope_of(&a->addr);
  uint8_t sb = scope_of(&b->addr);
  if (sa != sb) { /* rule 2 */
    return sa < sb ? sa >= scope_of(dst) : sb < scope_of(dst);
  }
  bool old_a = now_ns >= a->preferred_until_ns;
  bool old_b = now_ns >= b->preferred_until_ns;
  if (old_a != old_b) { /* rule 3 */
    return old_b;
  }
  uint32_t bits_a = ph_min_u32(ipv6_common_bits(&a->addr, dst), a->prefix_len);
  uint32_t bits_b = ph_min_u32(ipv6_common_bits(&b->addr, dst), b->prefix_len);
  return bits_a > bits_b; /* rule 8 */
}

const struct ipv6_address *ipv6_choose_source(const struct ph_stack *stack,
                                              const struct ipv6_link *link,
                                              const struct ph_addr *dst) {
  const struct ipv6_state *v6 = ipv6_of(stack);
  const struct ipv6_address *best = NULL;
  for (uint32_t i = 0; i < IPV6_MAX_ADDRESSES; i++) {
    const struct ipv6_address *a = &v6->addresses[i];
    if (a->link == link && ready(a, stack->now_ns) &&
        (!best || better(a, best, dst, stack->now_ns))) {
      best = a;
    }
  }
  return best;
}

const struct ipv6_address *ipv6_link_local(const struct ipv6_link *link) {
  const struct ph_stack *stack = ipv6_stack_of(link);
  const struct ipv6_state *v6 = ipv6_of(stack);
  for (uint32_t i = 0; i < IPV6_MAX_ADDRESSES; i++) {
    const struct ipv6_address *a = &v6->addresses[i];
    if (a->link == link && ipv6_is_link_local(a->addr.bytes) &&
        ready(a, stack->now_ns)) {
      return a;
    }
  }
  return NULL;
}

int ph_ipv6_address_info(struct ph_stack *stack, uint32_t index,
                         struct ph_ipv6_address_info *info) {
  static const char names[] = "\0tentative\0preferred\0duplicate";
  const struct ipv6_state *v6 = ipv6_of(stack);
  for (uint32_t i = 0; i < IPV6_MAX_ADDRESSES; i++) {
    const struct ipv6_address *a = &v6->addresses[i];
    if (a->state == IPV6_ADDRESS_FREE || index-- > 0) {
      continue;
    }
    bool old = a->state == IPV6_ADDRESS_READY &&
               stack->now_ns >= a->preferred_until_ns;
    *info = (struct ph_ipv6_address_info){
        .address = a->addr,
        .netif = a->link->netif,
        .prefix_len = a->prefix_len,
        .state = old ? "deprecated" : ph_text_nth(names, a->state),
        .autoconf = a->autoconf,
        .valid_until_ns = a->valid_until_ns,
        .preferred_until_ns = a->preferred_until_ns};
    (void)ip_addr_take_zone(&info->address);
    return 0;
  }
  return -PH_ENOENT;
}
