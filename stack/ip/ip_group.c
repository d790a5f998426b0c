/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent to a group or broadcast: is it heard here, and the copy for the
 * sockets of this host (RFC 1112 6.1). Who listens: ip_membership.c. */
#include "stack/base/errno.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/ip_wire.h"

enum { COPY_HEADROOM = 72 };

static const uint32_t all_hosts = 0xe0000001; /* 224.0.0.1, RFC 1112 7.2 */

bool ipv4_heard(const struct netif *netif, const struct ph_addr *addr) {
  const struct ip_state *ip = ip_of(netif->stack);
  uint32_t group = ph_addr_to_v4(addr);
  return !ipv4_is_multicast(group) || group == all_hosts ||
         (ip->heard4 && ip->heard4(netif, group));
}

/* A packet of its own with the same contents, or NULL. */
static struct pkt *duplicate(struct ph_stack *stack, const struct pkt *pkt) {
  struct pkt *to = pkt->head_len <= PKT_ROOM - COPY_HEADROOM
                       ? pkt_get(&stack->pkts, COPY_HEADROOM)
                       : NULL;
  if (to) {
    memcpy(to->head, pkt->head, pkt->head_len);
    to->head_len = to->len = pkt->head_len;
    for (uint32_t i = 0; i < pkt->nfrags; i++) {
      const struct pkt_frag *frag = &pkt->frags[i];
      (void)pkt_add_frag(to, frag->block, frag->data, frag->len);
    }
    to->csum = pkt->csum;
    to->csum_start = pkt->csum_start;
    to->csum_offset = pkt->csum_offset;
    to->gso_type = pkt->gso_type;
    to->gso_size = pkt->gso_size;
    to->id = pkt->id;
  }
  return to;
}

void ip_group_loop_back(struct ph_stack *stack, const struct pkt *pkt,
                        const struct ip_path *path, struct ip_tx tx) {
  struct ip_state *ip = ip_of(stack);
  struct netif *netif = path->netif;
  if (netif->loopback || !path->family->heard(netif, &path->dst)) {
    return;
  }
  struct pkt *copy = duplicate(stack, pkt);
  if (!copy) {
    return;
  }
  copy->looped = netif;
  struct ip_path by_loopback = *path;
  by_loopback.netif = ip->loopback;
  by_loopback.neighbour = &ip->never; /* no link header */
  if (path->family->output(stack, copy, &by_loopback, tx) == -PH_EAGAIN) {
    pkt_put(copy);
  }
}

int ip_source_by(struct ph_stack *stack, struct netif *netif,
                 const struct ph_addr *dst, struct ph_addr *src) {
  struct ip_path path = {.dst = *dst, .netif = netif};
  const struct ip_family *family = ip_family_of(stack, dst);
  int error = family ? family->route(stack, NULL, &path) : -PH_ENETUNREACH;
  *src = path.src;
  return error ? error : path.netif == netif ? 0 : -PH_ENETUNREACH;
}
