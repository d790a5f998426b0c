/* SPDX-License-Identifier: Apache-2.0 */
/* UDP input: RFC 768, RFC 1122 4.1. A datagram waits as the packet it came in;
 * where its headers were, its sender's address is kept. */
#include "stack/base/errno.h"
#include "stack/udp/udp_internal.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"

uint32_t udp_footprint(const struct pkt *pkt) {
  uint32_t size = (uint32_t)sizeof(struct pkt);
  if (pkt->lent) {
    size += pkt->lent->size;
  }
  for (uint32_t i = 0; i < pkt->nfrags; i++) {
    size += pkt->frags[i].block->size;
  }
  return size;
}

static struct pkt *dequeue(struct udp_pcb *pcb) {
  struct pkt *pkt = pcb->head;
  pcb->head = pkt->next;
  if (!pcb->head) {
    pcb->tail = NULL;
  }
  pkt->next = NULL;
  pcb->queued -= udp_footprint(pkt);
  pcb->queued_len--;
  return pkt;
}

void udp_drop_queue(struct udp_pcb *pcb) {
  while (pcb->head) {
    pkt_put(dequeue(pcb));
  }
  while (pcb->errors) {
    struct pkt *next = pcb->errors->next;
    pkt_put(pcb->errors);
    pcb->errors = next;
  }
}

/* The best endpoint, of equal ones that which was bound last, unless they share
 * what comes. */
static struct udp_pcb *lookup(struct ph_stack *stack,
                              const struct ph_addr *local, uint16_t local_port,
                              const struct ph_addr *remote,
                              uint16_t remote_port, uint32_t ifindex) {
  struct udp_pcb *best = NULL;
  int best_score = -1;
  for (struct udp_pcb *p = *udp_bucket(udp_of(stack), local_port); p;
       p = p->next) {
    int fit = udp_score(p, local, local_port, remote, remote_port, ifindex);
    if (fit > best_score) {
      best = p;
      best_score = fit;
    }
  }
  return best && best->share ? best->share(best, remote, remote_port) : best;
}

/* Lengths and checksum; cuts what is behind the datagram. */
static bool check(struct ph_stack *stack, struct pkt *pkt,
                  const struct ip_rx *rx) {
  const uint8_t *h = pkt->head;
  if (pkt->head_len < UDP_HDR_LEN) {
    return false;
  }
  uint32_t len = get_be16(h + UDP_OFF_LEN);
  if (len < UDP_HDR_LEN || len > pkt->len || get_be16(h + UDP_OFF_DST) == 0) {
    return false;
  }
  pkt_trim(pkt, len);
  if (get_be16(h + UDP_OFF_CSUM) == 0 && pkt->csum != PKT_CSUM_PARTIAL) {
    return !rx->family->udp_sum_needed; /* RFC 768: zero is "not computed" */
  }
  if (pkt->csum != PKT_CSUM_NONE) {
    return true;
  }
  stack->stats.SwVerifyBytes += len;
  uint16_t sum = rx->family->pseudo_sum(&rx->src, &rx->dst, IP_PROTO_UDP, len);
  if (csum_pkt(pkt, 0, sum) != 0xffff) {
    stack->stats.UdpInCsumErrors++;
    return false;
  }
  return true;
}

/* May the queue have one block more of this pool? The first of a queue, and
 * then what is left for all, or for those that read (ph_block_share()). */
static bool may_hold(const struct udp_pcb *pcb,
                     const struct ph_block_pool *pool) {
  return pcb->queued_len == 0 ||
         pcb->queued_len <
             ph_block_share(pool, ph_block_earned(pool, 2 * pcb->taken));
}

/* The device needs its block: move the datagram into one of the stack's, which
 * changes its footprint. */
static bool give_block_back(struct ph_stack *stack, const struct udp_pcb *pcb,
                            struct pkt *pkt, uint32_t *footprint) {
  uint32_t front = sizeof(struct udp_meta);
  if (!pkt->lent ||
      (ph_block_lendable(pkt->lent) && may_hold(pcb, pkt->lent->pool))) {
    return true;
  }
  struct ph_block *block =
      may_hold(pcb, &stack->blocks) ? ph_block_get_spare(&stack->blocks) : NULL;
  if (!block) {
    stack->stats.BlockExhausted++;
    return false;
  }
  if (front + pkt->head_len > block->size) {
    ph_block_put(block);
    return false;
  }
  memcpy(block->data + front, pkt->head, pkt->head_len);
  stack->stats.CopiedBytes += pkt->head_len;
  *footprint += block->size - pkt->lent->size;
  ph_block_put(pkt->lent);
  pkt->lent = block;
  pkt->head = block->data + front;
  return true;
}

void udp_enqueue(struct ph_stack *stack, struct udp_pcb *pcb, struct pkt *pkt,
                 const struct ip_rx *rx, const uint8_t *port) {
  const uint8_t high = port[0], low = port[1]; /* they may be overwritten */
  pkt->l3 = NULL;
  pkt->time_ns = stack->now_ns;
  /* Sockets that never read must not starve the rest of the stack. */
  uint32_t footprint = udp_footprint(pkt);
  bool fits = pcb->queued + footprint <= pcb->rcvbuf &&
              stack->pkts.available >= stack->pkts.count / 4;
  struct udp_meta *meta = NULL;
  if (fits && give_block_back(stack, pcb, pkt, &footprint)) {
    meta = (void *)pkt_push(pkt, sizeof(*meta));
  }
  if (!meta) {
    stack->stats.UdpRcvbufErrors++;
    pkt_put(pkt);
    return;
  }
  memcpy(meta->src, rx->src.bytes, 16);
  memcpy(meta->dst, rx->dst.bytes, 16);
  meta->ifindex = pkt->netif ? pkt->netif->index : 0;
  meta->ttl = rx->ttl;
  meta->tos = rx->tos;
  meta->port[0] = high;
  meta->port[1] = low;
  pkt->next = NULL;
  *(pcb->tail ? &pcb->tail->next : &pcb->head) = pkt;
  pcb->tail = pkt;
  pcb->queued += footprint;
  pcb->queued_len++;
  stack->stats.UdpInDatagrams += !pcb->kind;
  if (pcb->event) {
    pcb->event(pcb, UDP_EVENT_READABLE);
  }
}

void udp_input(struct ph_stack *stack, struct pkt *pkt,
               const struct ip_rx *rx) {
  ph_stack_trace(stack, pkt->id, "udp_input");
  if (!check(stack, pkt, rx)) {
    stack->stats.UdpInErrors++;
    pkt_put(pkt);
    return;
  }
  const uint8_t *h = pkt->head;
  uint32_t ifindex = pkt->netif ? pkt->netif->index : 0;
  if (rx->broadcast && udp_of(stack)->deliver_to_all) {
    udp_of(stack)->deliver_to_all(stack, pkt, rx, ifindex);
    return;
  }
  struct udp_pcb *pcb = lookup(stack, &rx->dst, get_be16(h + UDP_OFF_DST),
                               &rx->src, get_be16(h + UDP_OFF_SRC), ifindex);
  if (!pcb) { /* RFC 1122 4.1.3.1 */
    stack->stats.UdpNoPorts++;
    ip_send_unreachable(stack, pkt, rx, IP_ERROR_PORT_UNREACHABLE);
    pkt_put(pkt);
    return;
  }
  (void)pkt_pull(pkt, UDP_HDR_LEN);
  udp_enqueue(stack, pcb, pkt, rx, h + UDP_OFF_SRC);
}

static PH_APART_IF_SMALL uint32_t scatter(const struct pkt *pkt, uint32_t from,
                                          const struct ph_iovec *iov,
                                          uint32_t count) {
  uint32_t start = from;
  if (PH_SHORT_WAYS && count == 1 && pkt->nfrags == 0) { /* most */
    uint32_t left = pkt->len - from;
    uint32_t n = iov->iov_len < left ? (uint32_t)iov->iov_len : left;
    if (n > 0) {
      memcpy(iov->iov_base, pkt->head + from, n);
    }
    return n;
  }
  for (uint32_t i = 0; i < count && from < pkt->len; i++) {
    uint32_t left = pkt->len - from;
    uint32_t n = iov[i].iov_len < left ? (uint32_t)iov[i].iov_len : left;
    if (n > 0) {
      pkt_copy(pkt, from, iov[i].iov_base, n);
    }
    from += n;
  }
  return from - start;
}

long udp_recvfrom(struct udp_pcb *pcb, void *data, size_t len, bool peek,
                  struct ph_addr *from, uint16_t *port) {
  const struct ph_iovec one = {data, len};
  return udp_recvv(pcb, &one, 1, peek, from, port);
}

long udp_recvv(struct udp_pcb *pcb, const struct ph_iovec *iov, uint32_t count,
               bool peek, struct ph_addr *from, uint16_t *port) {
  struct pkt *pkt = pcb->head;
  if (pcb->error) {
    return -udp_take_error(pcb);
  }
  if (!pkt) {
    return -PH_EAGAIN;
  }
  const struct udp_meta *meta = (const void *)pkt->head;
  uint32_t full = pkt->len - (uint32_t)sizeof(*meta);
  pcb->stack->stats.CopiedBytes += scatter(pkt, sizeof(*meta), iov, count);
  if (pcb->tell_info) {
    memcpy(pcb->info.to.bytes, meta->dst, 16);
    pcb->info.ifindex = meta->ifindex;
    pcb->info.ttl = meta->ttl;
    pcb->info.tos = meta->tos;
    pcb->info.time_ns = pkt->time_ns;
  }
  if (from) {
    memcpy(from->bytes, meta->src, 16);
  }
  if (port) {
    *port = get_be16(meta->port);
  }
  uint32_t taken = 1;
  if (pcb->gather) {
    full += pcb->gather(pcb, iov, count, &taken);
  }
  for (; !peek && taken > 0; taken--) {
    pkt_put(dequeue(pcb));
    pcb->taken += pcb->taken < UINT16_MAX;
  }
  return (long)full;
}

uint32_t udp_next_len(const struct udp_pcb *pcb) {
  return pcb->head ? pcb->head->len - (uint32_t)sizeof(struct udp_meta) : 0;
}

void udp_tell_error(struct udp_pcb *pcb, const struct ip_error_info *info,
                    uint32_t skip, uint16_t port) {
  int error = ip_errno(info->error);
  if ((pcb->queue_error && pcb->queue_error(pcb, info, skip, port, error)) ||
      pcb->connected) {
    pcb->error = (uint8_t)error;
    if (pcb->event) {
      pcb->event(pcb, UDP_EVENT_ERROR);
    }
  }
}

void udp_icmp_error(struct ph_stack *stack, const struct ip_error_info *info) {
  if (info->transport_len < UDP_HDR_LEN) {
    return;
  }
  struct udp_pcb *pcb =
      lookup(stack, &info->src, get_be16(info->transport + UDP_OFF_SRC),
             &info->dst, get_be16(info->transport + UDP_OFF_DST), 0);
  if (!pcb) {
    return;
  }
  if (info->error == IP_ERROR_TOO_BIG &&
      (pcb->tx.mtu_discover ||
       !ip_family_of(stack, &info->dst)->fragmented_on_path)) {
    ip_lower_path_mtu(stack, &info->dst, info->mtu); /* RFC 8201 4 */
  }
  udp_tell_error(pcb, info, UDP_HDR_LEN,
                 get_be16(info->transport + UDP_OFF_DST));
}
