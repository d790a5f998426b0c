/* SPDX-License-Identifier: Apache-2.0 */
/* ARP (RFC 826), a cache per interface: a table of sets of four, the least
 * recently used of a set is replaced.
 *
 * 1. An entry is made only by our own packets, or by a request for our own
 *    address from our own subnet; a stranger's traffic cannot fill the cache
 *    from outside the subnet.
 * 2. An entry that exists is changed by any valid packet of its owner (RFC 826
 *    "Merge_flag"), but not within ARP_LOCK_NS of an answer.
 * 3. Packets that wait are bounded per entry and per interface; the oldest is
 *    dropped (RFC 1122 2.3.2.2 keeps the latest).
 * 4. Entries in use are asked for again before they expire, so that traffic
 *    does not stop for it. */
#include "stack/base/errno.h"
#include "stack/eth/eth_internal.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

/* How ARP packets begin: types and lengths of both addresses. */
static const uint8_t IPV4_OVER_ETHERNET[] = {0,
                                             ARP_HTYPE_ETHERNET,
                                             ETH_TYPE_IPV4 >> 8,
                                             ETH_TYPE_IPV4 & 0xff,
                                             ETH_ADDR_LEN,
                                             4};

static PH_APART_IF_SMALL struct arp_entry *set_of(struct eth_link *link,
                                                  uint32_t ip) {
  return link->entries[ph_hash_u32(&link->key, ip) % ARP_SETS];
}

static struct arp_entry *entry_find(struct eth_link *link, uint32_t ip) {
  struct arp_entry *set = set_of(link, ip);
  for (int i = 0; i < ARP_WAYS; i++) {
    if (set[i].state != ARP_STATE_FREE && set[i].ip == ip) {
      return &set[i];
    }
  }
  return NULL;
}

/* Nobody answered, or the entry is needed for another neighbour. */
static void entry_free(struct ph_stack *stack, struct arp_entry *entry,
                       bool report) {
  const struct eth_state *state = stack->module[PH_MODULE_ETH];
  struct pkt *pkt;
  ph_timer_cancel(&stack->timers, &entry->timer);
  entry->state = ARP_STATE_FREE;
  entry->neighbour.fresh_until_ns = 0;
  while ((pkt = eth_wait_next(&entry->waiting)) != NULL) {
    stack->stats.ArpResolveFailed++;
    if (report && state->unresolved) {
      state->unresolved(stack, pkt);
    }
    pkt_put(pkt);
  }
}

/* An entry of the set for `ip`: a free one or the least recently used. */
static struct arp_entry *entry_make(struct eth_link *link, uint32_t ip) {
  struct ph_stack *stack = link->netif->stack;
  struct arp_entry *set = set_of(link, ip);
  struct arp_entry *best = &set[0];
  for (int i = 0; i < ARP_WAYS && best->state != ARP_STATE_FREE; i++) {
    if (set[i].state == ARP_STATE_FREE ||
        set[i].neighbour.used_ns < best->neighbour.used_ns) {
      best = &set[i];
    }
  }
  if (best->state != ARP_STATE_FREE) {
    entry_free(stack, best, false);
  }
  best->ip = ip;
  best->tries = 0;
  best->asked_ns = best->confirmed_ns = 0;
  best->neighbour.used_ns = stack->now_ns;
  best->neighbour.version++;
  return best;
}

/* ---- Sending ------------------------------------------------------------- */

void arp_send(struct eth_link *link, uint16_t oper, uint32_t spa, uint32_t tpa,
              const uint8_t *tha) {
  struct ph_stack *stack = link->netif->stack;
  struct pkt *pkt = ph_stack_pkt(stack, 64, ARP_LEN);
  if (!pkt) {
    return;
  }
  uint8_t *p = pkt->head;
  memcpy(p, IPV4_OVER_ETHERNET, sizeof(IPV4_OVER_ETHERNET));
  put_be16(p + ARP_OFF_OPER, oper);
  memcpy(p + ARP_OFF_SHA, link->netif->mac, ETH_ADDR_LEN);
  put_be32(p + ARP_OFF_SPA, spa);
  if (tha) {
    memcpy(p + ARP_OFF_THA, tha, ETH_ADDR_LEN);
  }
  put_be32(p + ARP_OFF_TPA, tpa);
  eth_send(link->netif, pkt, tha, ETH_TYPE_ARP);
}

/* The address of ours that shares the subnet, or the first. */
static uint32_t source_for(const struct eth_link *link, uint32_t ip) {
  for (uint32_t i = 0; i < link->address_count; i++) {
    const struct arp_address *a = &link->addresses[i];
    if ((a->ip & a->mask) == (ip & a->mask)) {
      return a->ip;
    }
  }
  return link->address_count > 0 ? link->addresses[0].ip : 0;
}

static void entry_ask(struct arp_entry *entry) {
  struct eth_link *link = entry->link;
  entry->asked_ns = link->netif->stack->now_ns;
  arp_send(link, ARP_OPER_REQUEST, source_for(link, entry->ip), entry->ip,
           NULL);
}

static void entry_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct arp_entry *entry = PH_CONTAINER_OF(timer, struct arp_entry, timer);
  if (++entry->tries >= ARP_TRIES) {
    entry_free(stack, entry, true);
    return;
  }
  ph_stack_timer_in(stack, timer, ARP_RETRY_NS);
  entry_ask(entry);
}

PH_APART int arp_output(struct netif *netif, struct pkt *pkt, uint32_t next_hop,
                        struct eth_neighbour **neighbour) {
  struct eth_link *link = netif->link;
  struct ph_stack *stack = netif->stack;
  struct arp_entry *entry = entry_find(link, next_hop);
  if (!entry) {
    entry = entry_make(link, next_hop);
  }
  *neighbour = &entry->neighbour;
  entry->neighbour.used_ns = stack->now_ns;
  if (stack->now_ns < entry->neighbour.fresh_until_ns) {
    return eth_output(netif, pkt, entry->neighbour.mac, ETH_TYPE_IPV4);
  }
  if (entry->state == ARP_STATE_RESOLVED) {
    uint64_t age = stack->now_ns - entry->confirmed_ns;
    if (age < ARP_LIFE_NS) {
      if (age >= ARP_REFRESH_NS &&
          stack->now_ns - entry->asked_ns >= ARP_RETRY_NS) {
        entry_ask(entry);
      }
      return eth_output(netif, pkt, entry->neighbour.mac, ETH_TYPE_IPV4);
    }
    entry->state = ARP_STATE_FREE;
  }
  eth_wait(&entry->waiting, pkt, &stack->stats.ArpResolveFailed);
  if (entry->state == ARP_STATE_FREE) {
    entry->state = ARP_STATE_INCOMPLETE;
    entry->tries = 0;
    ph_stack_timer_in(stack, &entry->timer, ARP_RETRY_NS);
    entry_ask(entry);
  }
  return 0;
}

/* ---- Receiving ----------------------------------------------------------- */

static bool is_own(const struct eth_link *link, uint32_t ip) {
  for (uint32_t i = 0; i < link->address_count; i++) {
    if (link->addresses[i].ip == ip) {
      return true;
    }
  }
  return false;
}

static bool on_subnet(const struct eth_link *link, uint32_t ip) {
  for (uint32_t i = 0; i < link->address_count; i++) {
    const struct arp_address *a = &link->addresses[i];
    /* Neither the network's own nor the broadcast address is a host. */
    if (((a->ip ^ ip) & a->mask) == 0 && (ip & ~a->mask) != 0 &&
        (ip | a->mask) != UINT32_MAX) {
      return true;
    }
  }
  return false;
}

static bool valid(const struct pkt *pkt) {
  const uint8_t *p = pkt->head;
  if (pkt->head_len < ARP_LEN ||
      memcmp(p, IPV4_OVER_ETHERNET, sizeof(IPV4_OVER_ETHERNET)) != 0) {
    return false;
  }
  uint16_t oper = get_be16(p + ARP_OFF_OPER);
  uint32_t spa = get_be32(p + ARP_OFF_SPA);
  return (oper == ARP_OPER_REQUEST || oper == ARP_OPER_REPLY) &&
         !eth_addr_is_group(p + ARP_OFF_SHA) &&
         !eth_addr_is_zero(p + ARP_OFF_SHA) && !ipv4_is_multicast(spa) &&
         !ipv4_is_class_e(spa) && !ipv4_is_loopback(spa);
}

static void learn(struct eth_link *link, const uint8_t *p, bool for_us) {
  struct ph_stack *stack = link->netif->stack;
  uint32_t ip = get_be32(p + ARP_OFF_SPA);
  struct arp_entry *entry = entry_find(link, ip);
  if (!entry) {
    if (!for_us || get_be16(p + ARP_OFF_OPER) != ARP_OPER_REQUEST ||
        !on_subnet(link, ip)) {
      return;
    }
    entry = entry_make(link, ip);
  } else if (entry->state == ARP_STATE_RESOLVED &&
             stack->now_ns - entry->confirmed_ns < ARP_LOCK_NS &&
             memcmp(entry->neighbour.mac, p + ARP_OFF_SHA, ETH_ADDR_LEN) != 0) {
    stack->stats.ArpInErrors++;
    return;
  }
  if (entry->state != ARP_STATE_RESOLVED ||
      memcmp(entry->neighbour.mac, p + ARP_OFF_SHA, ETH_ADDR_LEN) != 0) {
    entry->neighbour.version++;
  }
  memcpy(entry->neighbour.mac, p + ARP_OFF_SHA, ETH_ADDR_LEN);
  entry->state = ARP_STATE_RESOLVED;
  entry->confirmed_ns = stack->now_ns;
  entry->neighbour.fresh_until_ns = stack->now_ns + ARP_REFRESH_NS;
  ph_timer_cancel(&stack->timers, &entry->timer);
  eth_wait_end(&entry->waiting, link->netif, entry->neighbour.mac,
               ETH_TYPE_IPV4);
}

void arp_input(struct netif *netif, struct pkt *pkt, bool group) {
  struct eth_link *link = netif->link;
  const uint8_t *p = pkt->head;
  (void)group;
  const struct eth_state *state = netif->stack->module[PH_MODULE_ETH];
  bool good = valid(pkt);
  if (good && state->conflict_input) {
    state->conflict_input(link, p);
  }
  if (!good || is_own(link, get_be32(p + ARP_OFF_SPA))) {
    netif->stack->stats.ArpInErrors++; /* also: somebody has our address */
    pkt_put(pkt);
    return;
  }
  uint32_t spa = get_be32(p + ARP_OFF_SPA);
  uint32_t tpa = get_be32(p + ARP_OFF_TPA);
  bool for_us = is_own(link, tpa);
  if (!ipv4_is_zero_net(spa)) { /* RFC 5227 2.1: a probe has no sender */
    learn(link, p, for_us);
  }
  if (for_us && get_be16(p + ARP_OFF_OPER) == ARP_OPER_REQUEST) {
    arp_send(link, ARP_OPER_REPLY, tpa, spa, p + ARP_OFF_SHA);
  }
  pkt_put(pkt);
}

/* ---- Interface ----------------------------------------------------------- */

void arp_link_init(struct eth_link *link) {
  ph_hash_key_init(link->netif->stack, &link->key);
  for (int set = 0; set < ARP_SETS; set++) {
    for (int way = 0; way < ARP_WAYS; way++) {
      struct arp_entry *entry = &link->entries[set][way];
      entry->link = link;
      entry->timer.fn = entry_timer;
      entry->waiting.on_link = &link->queued;
    }
  }
}

int arp_add_address(struct netif *netif, uint32_t address, uint8_t prefix_len) {
  struct eth_link *link = netif->link;
  if (link->address_count == ARP_MAX_ADDRESSES) {
    return -PH_ENOMEM;
  }
  link->addresses[link->address_count++] =
      (struct arp_address){.ip = address, .mask = ipv4_mask(prefix_len)};
  return 0;
}

void arp_remove_address(struct netif *netif, uint32_t address) {
  struct eth_link *link = netif->link;
  for (uint32_t i = 0; i < link->address_count; i++) {
    if (link->addresses[i].ip == address) {
      link->addresses[i] = link->addresses[--link->address_count];
      return;
    }
  }
}

void arp_on_unresolved(struct ph_stack *stack,
                       void (*fn)(struct ph_stack *stack,
                                  const struct pkt *pkt)) {
  struct eth_state *state = stack->module[PH_MODULE_ETH];
  state->unresolved = fn;
}

int arp_info(struct netif *netif, uint32_t index, struct arp_info *info) {
  struct eth_link *link = netif->link;
  for (uint32_t i = 0; link && i < ARP_SETS * ARP_WAYS; i++) {
    const struct arp_entry *entry = &link->entries[i / ARP_WAYS][i % ARP_WAYS];
    if (entry->state == ARP_STATE_FREE || index-- > 0) {
      continue;
    }
    *info = (struct arp_info){.ip = entry->ip,
                              .resolved = entry->state == ARP_STATE_RESOLVED,
                              .queued = entry->waiting.count};
    memcpy(info->mac, entry->neighbour.mac, ETH_ADDR_LEN);
    return 0;
  }
  return -PH_ENOENT;
}
