/* SPDX-License-Identifier: Apache-2.0 */
/* The list of interfaces, and output with what the device lacks done in
 * software: segmentation, then checksums. */
#include "stack/netif/netif.h"

#include "stack/base/errno.h"
#include "stack/wire/bytes.h"

enum { MAX_HANDLERS = 6 };

struct netif_state {
  struct netif *first;
  uint8_t count; /* ever added */
  void (*writable[MAX_HANDLERS])(struct ph_stack *stack);
  int (*added[MAX_HANDLERS])(struct netif *netif);
  uint32_t writable_count, added_count;
  netif_fragment_fn *fragment; /* NULL: nobody asked for it */
  netif_fragment_fn *segment_udp;
};

static struct netif_state *state_of(struct ph_stack *stack) {
  return stack->module[PH_MODULE_NETIF];
}

static void netif_poll(struct ph_stack *stack) {
  for (struct netif *n = state_of(stack)->first; n; n = n->next) {
    if (n->ops->poll) {
      n->ops->poll(n);
    }
  }
}

int ph_netif_init(struct ph_stack *stack) {
  if (stack->module[PH_MODULE_NETIF]) {
    return 0;
  }
  struct netif_state *state = ph_stack_alloc(stack, sizeof(*state));
  if (!state) {
    return -PH_ENOMEM;
  }
  stack->module[PH_MODULE_NETIF] = state;
  stack->poll_input = netif_poll;
  return 0;
}

int netif_add(struct ph_stack *stack, struct netif *netif) {
  struct netif_state *state = state_of(stack);
  if (!state || !netif->ops || !netif->ops->transmit || netif->caps.mtu < 68) {
    return -PH_EINVAL; /* RFC 791 3.2: every link carries 68 bytes */
  }
  netif->stack = stack;
  netif->next = NULL;
  if (state->count == UINT8_MAX) {
    return -PH_ENOMEM;
  }
  netif->index = ++state->count;
  netif->backlog = netif->backlog_tail = NULL;
  for (uint32_t i = 0; i < state->added_count; i++) {
    int error = state->added[i](netif);
    if (error) {
      return error;
    }
  }
  struct netif **tail = &state->first;
  while (*tail) {
    tail = &(*tail)->next;
  }
  *tail = netif;
  return 0;
}

void netif_set_up(struct netif *netif, bool up) {
  netif->up = up;
  netif->stack->route_generation++;
}

int netif_on_added(struct ph_stack *stack, int (*fn)(struct netif *netif)) {
  struct netif_state *state = state_of(stack);
  if (!state || state->added_count == MAX_HANDLERS) {
    return -PH_ENOMEM;
  }
  state->added[state->added_count++] = fn;
  for (struct netif *n = state->first; n; n = n->next) {
    int error = fn(n);
    if (error) {
      return error;
    }
  }
  return 0;
}

struct netif *netif_first(struct ph_stack *stack) {
  struct netif_state *state = state_of(stack);
  return state ? state->first : NULL;
}

struct netif *netif_by_index(struct ph_stack *stack, uint32_t index) {
  struct netif *netif = netif_first(stack);
  while (netif && netif->index != index) {
    netif = netif->next;
  }
  return netif;
}

bool netif_fragments(struct ph_stack *stack) {
  return state_of(stack)->fragment != NULL;
}

void netif_set_fragmenter(struct ph_stack *stack, netif_fragment_fn *fn) {
  state_of(stack)->fragment = fn;
}

void netif_set_udp_segmenter(struct ph_stack *stack, netif_fragment_fn *fn) {
  state_of(stack)->segment_udp = fn;
}

/* ---- Output -------------------------------------------------------------- */

static PH_APART PH_APART_IF_SMALL int drop(struct netif *netif, struct pkt *pkt,
                                           int error) {
  netif->stack->stats.NetifDrops++;
  pkt_put(pkt);
  return error;
}

static PH_APART int refused(struct netif *netif, struct pkt *pkt, int error) {
  if (error != -PH_EAGAIN) {
    return drop(netif, pkt, error);
  }
  netif->tx_busy++;
  netif->stack->stats.NetifBusy++;
  return error;
}

/* Takes `pkt` unless -PH_EAGAIN, with which it is as it was. */
static inline int transmit(struct netif *netif, struct pkt *pkt) {
  uint32_t len = pkt->len;
  int error = netif->ops->transmit(netif, pkt);
  if (error) {
    return refused(netif, pkt, error);
  }
  netif->tx_packets++;
  netif->tx_bytes += len;
  return 0;
}

static PH_APART_IF_SMALL int sum_and_transmit(struct netif *netif,
                                              struct pkt *pkt) {
  uint8_t *field = pkt->head + pkt->csum_start + pkt->csum_offset;
  uint16_t seed = get_be16(field);
  netif_checksum(netif->stack, pkt);
  int error = transmit(netif, pkt);
  if (error == -PH_EAGAIN) {
    put_be16(field, seed);
    pkt->csum = PKT_CSUM_PARTIAL;
  }
  return error;
}

/* Sum in software if the device can't, and transmit; the same. */
static inline int send_one(struct netif *netif, struct pkt *pkt) {
  return pkt->csum == PKT_CSUM_PARTIAL && !netif->caps.tx_csum
             ? sum_and_transmit(netif, pkt)
             : transmit(netif, pkt);
}

/* Send what waits; false if the device is still full. */
static PH_APART bool flush_backlog(struct netif *netif) {
  while (netif->backlog) {
    struct pkt *pkt = netif->backlog;
    struct pkt *next = pkt->next;
    pkt->next = NULL;
    if (send_one(netif, pkt) == -PH_EAGAIN) {
      pkt->next = next;
      return false;
    }
    netif->backlog = next;
  }
  netif->backlog_tail = NULL;
  return true;
}

/* `emit` of netif_segment(): what the device can't take now waits, so that a
 * super-segment is sent whole or, with -PH_EAGAIN, not at all. */
static int emit_segment(void *ctx, struct pkt *segment) {
  struct netif *netif = ctx;
  if (!netif->backlog) {
    int error = send_one(netif, segment);
    if (error != -PH_EAGAIN) {
      return error;
    }
    netif->backlog = segment;
  } else {
    netif->backlog_tail->next = segment;
  }
  segment->next = NULL;
  netif->backlog_tail = segment;
  return 0;
}

static bool device_cuts(const struct netif *netif, const struct pkt *pkt) {
  const struct netif_caps *caps = &netif->caps;
  if (caps->max_super > 0 && pkt->len > caps->max_super) {
    return false;
  }
  if ((pkt->gso_type & PKT_GSO_ECN) && !caps->tso_ecn) {
    return false;
  }
  switch (pkt->gso_type & ~PKT_GSO_ECN) {
    case PKT_GSO_TCPV4:
      return caps->tso4;
    case PKT_GSO_TCPV6:
      return caps->tso6;
    case PKT_GSO_UDP:
      return caps->uso;
    default:
      return false;
  }
}

static int cut_and_send(struct netif *netif, struct pkt *pkt) {
  struct ph_stack *stack = netif->stack;
  netif_fragment_fn *cut = NULL;
  if (pkt->gso_type == PKT_GSO_FRAGMENT) {
    netif_checksum(stack, pkt);
    cut = state_of(stack)->fragment;
  } else if (pkt->gso_type == PKT_GSO_UDP) {
    cut = state_of(stack)->segment_udp;
  }
  int result = cut ? cut(netif, pkt, emit_segment, netif)
                   : netif_segment(stack, pkt, emit_segment, netif);
  if (result < 0) {
    return drop(netif, pkt, result);
  }
  pkt_put(pkt); /* the segments hold the blocks */
  return 0;
}

int netif_drop_refused(struct ph_stack *stack, struct pkt *pkt, int error) {
  if (error == -PH_EAGAIN) {
    stack->stats.NetifDrops++;
    pkt_put(pkt);
  }
  return error;
}

int netif_output(struct netif *netif, struct pkt *pkt) {
  if (!netif->up) {
    return drop(netif, pkt, -PH_ENETDOWN);
  }
  if (netif->backlog && !flush_backlog(netif)) {
    return -PH_EAGAIN;
  }
  if (pkt->gso_type == PKT_GSO_NONE || device_cuts(netif, pkt)) {
    return send_one(netif, pkt);
  }
  return cut_and_send(netif, pkt);
}

void netif_input(struct netif *netif, struct pkt *pkt) {
  netif->rx_packets++;
  netif->rx_bytes += pkt->len;
  pkt->netif = netif;
  if (!netif->input || !netif->up) {
    netif->stack->stats.EthInErrors++;
    pkt_put(pkt);
    return;
  }
  netif->input(netif, pkt);
}

void netif_on_writable(struct ph_stack *stack,
                       void (*fn)(struct ph_stack *stack)) {
  struct netif_state *state = state_of(stack);
  if (state && state->writable_count < MAX_HANDLERS) {
    state->writable[state->writable_count++] = fn;
  }
}

void netif_writable(struct netif *netif) {
  struct netif_state *state = state_of(netif->stack);
  if (!flush_backlog(netif)) {
    return; /* the device tells again */
  }
  for (uint32_t i = 0; i < state->writable_count; i++) {
    state->writable[i](netif->stack);
  }
}
