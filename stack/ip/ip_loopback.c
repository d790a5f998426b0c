/* SPDX-License-Identifier: Apache-2.0 */
/* The loopback interface, by which packets to our own addresses go: what is
 * sent is received at the next poll, never inside the call that sends. It has
 * no link layer and every offload: frames never leave the host, so nothing
 * needs to be cut or summed. */
#include "stack/base/errno.h"
#include "stack/ip/ip_internal.h"

enum { LOOPBACK_QUEUE_MAX = 256, LOOPBACK_MTU = 16384 };

struct loopback {
  struct netif netif;
  struct pkt *head, *tail;
  uint32_t queued;
  bool stalled;
  struct ph_timer again; /* asks for the next poll */
};

static int loopback_transmit(struct netif *netif, struct pkt *pkt) {
  struct loopback *lo = netif->device;
  if (lo->queued >= LOOPBACK_QUEUE_MAX) {
    lo->stalled = true;
    return -PH_EAGAIN;
  }
  pkt->next = NULL;
  *(lo->tail ? &lo->tail->next : &lo->head) = pkt;
  lo->tail = pkt;
  lo->queued++;
  ph_stack_timer_in(netif->stack, &lo->again, 1);
  return 0;
}

static void loopback_poll(struct netif *netif) {
  struct loopback *lo = netif->device;
  struct pkt *pkt = lo->head;
  lo->head = lo->tail = NULL;
  lo->queued = 0;
  while (pkt) { /* what these cause to be sent waits for the next poll */
    struct pkt *next = pkt->next;
    pkt->next = NULL;
    netif_input(netif, pkt);
    pkt = next;
  }
  if (lo->stalled) {
    lo->stalled = false;
    netif_writable(netif);
  }
}

static bool loopback_can_transmit(struct netif *netif) {
  const struct loopback *lo = netif->device;
  return lo->queued < LOOPBACK_QUEUE_MAX;
}

/* The poll that made the deadline due has delivered. */
static void polled(struct ph_stack *stack, struct ph_timer *timer) {
  (void)stack;
  (void)timer;
}

static const struct netif_ops LOOPBACK_OPS = {
    .transmit = loopback_transmit,
    .poll = loopback_poll,
    .can_transmit = loopback_can_transmit,
};

/* No link layer says which family it is. */
static void loopback_input(struct netif *netif, struct pkt *pkt) {
  const struct ip_state *ip = ip_of(netif->stack);
  bool looped = pkt->looped != NULL;
  netif = pkt->netif = looped ? pkt->looped : netif;
  if (ip->families[0] && (!ip->ipv6_input || pkt->head[0] >> 4 == 4)) {
    ipv4_input(netif, pkt, looped);
  } else {
    ip->ipv6_input(netif, pkt, looped);
  }
}

int ph_loopback_init(struct ph_stack *stack) {
  struct ip_state *ip = ip_of(stack);
  struct loopback *lo = ph_stack_alloc(stack, sizeof(*lo));
  if (!lo) {
    return -PH_ENOMEM;
  }
  lo->again.fn = polled;
  lo->netif = (struct netif){
      .name = "lo",
      .ops = &LOOPBACK_OPS,
      .device = lo,
      .caps = {.tx_csum = true,
               .tso4 = true,
               .tso6 = true,
               .tso_ecn = true,
               .rx_csum = true,
               .lro = true,
               .max_super = 65535,
               .mtu = LOOPBACK_MTU},
      .up = true,
      .loopback = true,
      .input = loopback_input,
  };
  ip->loopback = &lo->netif;
  ip->loop_back = ip_group_loop_back;
  return netif_add(stack, &lo->netif);
}
