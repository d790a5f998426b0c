/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 address conflict detection (RFC 5227): three probes before an address is
 * used, two announcements when it is, and a defence, at most one in ten
 * seconds, against who uses it too. We never give an address up by ourselves
 * (2.4 (c)): who gave it is told, and decides. All this begins with the first
 * arp_on_conflict() or arp_probe_start(). */
#include "stack/base/errno.h"
#include "stack/eth/eth_internal.h"
#include "stack/wire/eth_wire.h"

enum { PROBE_NUM = 3, ANNOUNCE_NUM = 2 };
#define PROBE_WAIT_NS ARP_SECOND /* at most */
#define PROBE_MIN_NS ARP_SECOND
#define PROBE_MAX_NS (2 * ARP_SECOND)
#define ANNOUNCE_WAIT_NS (2 * ARP_SECOND)
#define ANNOUNCE_INTERVAL_NS (2 * ARP_SECOND)
#define DEFEND_INTERVAL_NS (10 * ARP_SECOND)

void arp_announce(struct netif *netif, uint32_t ip) {
  arp_send(netif->link, ARP_OPER_REQUEST, ip, ip, NULL);
}

static void unlink_probe(struct arp_probe *probe) {
  struct eth_link *link = probe->netif->link;
  struct arp_probe **at = &link->probes;
  while (*at && *at != probe) {
    at = &(*at)->next;
  }
  if (*at) {
    *at = probe->next;
  }
  probe->netif = NULL;
}

void arp_probe_stop(struct arp_probe *probe) {
  if (probe->netif) {
    ph_timer_cancel(&probe->netif->stack->timers, &probe->timer);
    unlink_probe(probe);
  }
}

/* RFC 5227 2.1.1, 2.3. */
static void probe_timer(struct ph_stack *stack, struct ph_timer *timer) {
  struct arp_probe *probe = PH_CONTAINER_OF(timer, struct arp_probe, timer);
  uint64_t wait = ANNOUNCE_INTERVAL_NS;
  if (probe->sent < PROBE_NUM) {
    arp_send(probe->netif->link, ARP_OPER_REQUEST, 0, probe->ip, NULL);
    wait = probe->sent + 1 < PROBE_NUM
               ? PROBE_MIN_NS +
                     ph_stack_random_delay(stack, PROBE_MAX_NS - PROBE_MIN_NS)
               : ANNOUNCE_WAIT_NS;
  } else {
    if (probe->sent == PROBE_NUM) {
      probe->done(stack, probe, false);
    }
    if (!probe->netif) {
      return; /* stopped */
    }
    arp_announce(probe->netif, probe->ip);
  }
  if (++probe->sent == PROBE_NUM + ANNOUNCE_NUM) {
    unlink_probe(probe);
  } else {
    ph_stack_timer_in(stack, timer, wait);
  }
}

static void conflict_input(struct eth_link *link, const uint8_t *p);

int arp_probe_start(struct netif *netif, struct arp_probe *probe, uint32_t ip,
                    arp_probe_fn *done) {
  struct ph_stack *stack = netif->stack;
  struct eth_link *link = netif->link;
  if (!link || probe->netif) {
    return -PH_EINVAL;
  }
  *probe = (struct arp_probe){.netif = netif,
                              .next = link->probes,
                              .ip = ip,
                              .done = done,
                              .timer.fn = probe_timer};
  link->probes = probe;
  ((struct eth_state *)stack->module[PH_MODULE_ETH])->conflict_input =
      conflict_input;
  ph_stack_timer_within(stack, &probe->timer, PROBE_WAIT_NS);
  return 0;
}

/* RFC 5227 2.4: somebody else says that the address is his. */
static void defend(struct eth_link *link, struct arp_address *address) {
  struct ph_stack *stack = link->netif->stack;
  const struct eth_state *state = stack->module[PH_MODULE_ETH];
  stack->stats.ArpConflicts++;
  if (stack->now_ns >= address->defend_ns) {
    address->defend_ns = stack->now_ns + DEFEND_INTERVAL_NS;
    arp_announce(link->netif, address->ip);
  }
  if (state->conflict) {
    state->conflict(link->netif, address->ip);
  }
}

static void conflict_input(struct eth_link *link, const uint8_t *p) {
  uint32_t spa = get_be32(p + ARP_OFF_SPA);
  bool asks = get_be16(p + ARP_OFF_OPER) == ARP_OPER_REQUEST && spa == 0;
  struct ph_stack *stack = link->netif->stack;
  if (memcmp(p + ARP_OFF_SHA, link->netif->mac, ETH_ADDR_LEN) == 0) {
    return; /* our own, sent back */
  }
  for (uint32_t i = 0; i < link->address_count; i++) {
    if (link->addresses[i].ip == spa) {
      defend(link, &link->addresses[i]);
    }
  }
  /* 2.1.1: used by another, or probed by another at the same time. */
  for (struct arp_probe *probe = link->probes; probe; probe = probe->next) {
    if (probe->sent <= PROBE_NUM &&
        (spa == probe->ip ||
         (asks && get_be32(p + ARP_OFF_TPA) == probe->ip))) {
      arp_probe_stop(probe);
      probe->done(stack, probe, true);
      return;
    }
  }
}

void arp_on_conflict(struct ph_stack *stack, arp_conflict_fn *fn) {
  struct eth_state *state = stack->module[PH_MODULE_ETH];
  state->conflict = fn;
  state->conflict_input = conflict_input;
}
