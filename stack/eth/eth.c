/* SPDX-License-Identifier: Apache-2.0 */
/* Ethernet framing: IEEE 802.3-2022 3.1 and 3.2. */
#include "stack/base/errno.h"
#include "stack/eth/eth_internal.h"
#include "stack/wire/eth_wire.h"

static const uint8_t BROADCAST[ETH_ADDR_LEN] = {0xff, 0xff, 0xff,
                                                0xff, 0xff, 0xff};

static struct eth_state *state_of(struct ph_stack *stack) {
  return stack->module[PH_MODULE_ETH];
}

static inline bool is_ours(const struct netif *netif, const uint8_t *dst) {
  return memcmp(dst, netif->mac, ETH_ADDR_LEN) == 0;
}

static void eth_input(struct netif *netif, struct pkt *pkt) {
  struct ph_stack *stack = netif->stack;
  const struct eth_state *state = state_of(stack);
  const uint8_t *frame = pkt->head;
  stack->stats.EthInFrames++;
  /* For us: our address, broadcast, or any group (a filter in hardware and the
   * IP address decide about groups). */
  bool group = pkt->head_len >= ETH_HDR_LEN && !is_ours(netif, frame);
  /* A tagged frame (802.1Q) has a type that nobody registered. */
  if (pkt->head_len >= ETH_HDR_LEN && (!group || eth_addr_is_group(frame)) &&
      !eth_addr_is_group(frame + ETH_OFF_SRC)) {
    uint16_t type = get_be16(frame + ETH_OFF_TYPE);
    const struct eth_type *end = state->types + state->type_count;
    for (const struct eth_type *t = state->types; t < end; t++) {
      if (t->type == type) {
        pkt_strip(pkt, ETH_HDR_LEN);
        t->fn(netif, pkt, group);
        return;
      }
    }
  }
  stack->stats.EthInErrors++;
  pkt_put(pkt);
}

static int eth_attach(struct netif *netif) {
  if (netif->loopback) {
    return 0;
  }
  struct eth_link *link = ph_stack_alloc(netif->stack, sizeof(*link));
  if (!link) {
    return -PH_ENOMEM;
  }
  link->netif = netif;
  arp_link_init(link);
  netif->link = link;
  netif->input = eth_input;
  return 0;
}

int ph_eth_init(struct ph_stack *stack) {
  struct eth_state *state = ph_stack_alloc(stack, sizeof(*state));
  if (!state) {
    return -PH_ENOMEM;
  }
  stack->module[PH_MODULE_ETH] = state;
  int error = eth_register(stack, ETH_TYPE_ARP, arp_input);
  return error ? error : netif_on_added(stack, eth_attach);
}

int eth_register(struct ph_stack *stack, uint16_t type, eth_input_fn *fn) {
  struct eth_state *state = state_of(stack);
  if (state->type_count == ETH_MAX_TYPES) {
    return -PH_ENOMEM;
  }
  /* In front: IP is before ARP. */
  memmove(&state->types[1], &state->types[0],
          state->type_count++ * sizeof(state->types[0]));
  state->types[0].type = type;
  state->types[0].fn = fn;
  return 0;
}

int eth_output(struct netif *netif, struct pkt *pkt, const uint8_t *dst,
               uint16_t type) {
  uint8_t *frame = pkt_push(pkt, ETH_HDR_LEN);
  if (!frame) {
    netif->stack->stats.NetifDrops++;
    pkt_put(pkt);
    return -PH_EINVAL;
  }
  memcpy(frame + ETH_OFF_DST, dst ? dst : BROADCAST, ETH_ADDR_LEN);
  memcpy(frame + ETH_OFF_SRC, netif->mac, ETH_ADDR_LEN);
  put_be16(frame + ETH_OFF_TYPE, type);
  pkt->csum_start = (uint16_t)(pkt->csum_start + ETH_HDR_LEN);
  int error = netif_output(netif, pkt);
  if (error == -PH_EAGAIN) {
    (void)pkt_pull(pkt, ETH_HDR_LEN);
    pkt->csum_start = (uint16_t)(pkt->csum_start - ETH_HDR_LEN);
  } else if (error == 0) {
    netif->stack->stats.EthOutFrames++;
  }
  return error;
}

void eth_send(struct netif *netif, struct pkt *pkt, const uint8_t *dst,
              uint16_t type) {
  (void)netif_drop_refused(netif->stack, pkt,
                           eth_output(netif, pkt, dst, type));
}

/* ---- Waiting ------------------------------------------------------------- */

PH_SHARED struct pkt *eth_wait_next(struct eth_waiting *waiting) {
  struct pkt *pkt = waiting->head;
  if (pkt) {
    waiting->head = pkt->next;
    pkt->next = NULL;
    waiting->count--;
    --*waiting->on_link;
  }
  return pkt;
}

void eth_wait(struct eth_waiting *waiting, struct pkt *pkt, uint64_t *lost) {
  bool link_full = *waiting->on_link == ETH_LINK_WAITING_MAX;
  struct pkt *old = waiting->count == ETH_WAITING_MAX ? eth_wait_next(waiting)
                    : link_full                       ? pkt
                                                      : NULL;
  if (old) {
    ++*lost;
    pkt_put(old);
  }
  if (old != pkt) {
    pkt->next = NULL;
    struct pkt **end = &waiting->head;
    while (*end) {
      end = &(*end)->next;
    }
    *end = pkt;
    waiting->count++;
    ++*waiting->on_link;
  }
}

void eth_wait_end(struct eth_waiting *waiting, struct netif *netif,
                  const uint8_t *dst, uint16_t type) {
  struct pkt *pkt;
  while ((pkt = eth_wait_next(waiting)) != NULL) {
    eth_send(netif, pkt, dst, type);
  }
}
