/* SPDX-License-Identifier: Apache-2.0 */
/* IP_RECVERR: what became of datagrams, kept until the sender asks for it, as
 * RFC 1122 4.1.3.3 wants ICMP errors passed up; Linux's error queue. Each waits
 * as a packet: a struct udp_error, then what of the datagram's payload was
 * quoted. It counts as a datagram that waits does, so that nobody can fill
 * memory with it. */
#include "stack/base/errno.h"
#include "stack/udp/udp_internal.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"

enum { INLINE_PAYLOAD = 32 }; /* behind the struct udp_error; more in blocks */

_Static_assert((int)sizeof(struct udp_error) + INLINE_PAYLOAD <=
                   (int)PKT_ROOM - (int)UDP_HEADROOM,
               "the linear part takes both");

static const struct udp_error *error_of(const struct pkt *pkt) {
  return (const void *)pkt->head;
}

static struct pkt *make(struct ph_stack *stack, const struct udp_error *error,
                        const struct ph_iovec *payload) {
  struct pkt *pkt = pkt_get(&stack->pkts, UDP_HEADROOM);
  if (!pkt) {
    return NULL;
  }
  memcpy(pkt->head, error, sizeof(*error));
  pkt->head_len = pkt->len = sizeof(*error);
  pkt->time_ns = stack->now_ns;
  if (!udp_fill(stack, pkt, payload, 1, INLINE_PAYLOAD)) {
    pkt_put(pkt);
    return NULL;
  }
  return pkt;
}

/* What ICMP says, or would if it had to be said by a message. */
static void describe(const struct ip_error_info *info,
                     struct udp_error *error) {
  const struct ip_rx *rx = info->rx;
  bool v4 = ph_addr_is_v4(rx ? &rx->src : &info->dst);
  error->origin = v4 ? UDP_ERROR_ICMP : UDP_ERROR_ICMP6;
  if (!rx) { /* the neighbour does not answer */
    error->from = error->at = info->src;
    error->type = v4 ? ICMP_UNREACHABLE : ICMP6_UNREACHABLE;
    error->code = v4 ? ICMP_UNREACH_HOST : ICMP6_UNREACH_ADDRESS;
    return;
  }
  error->from = rx->src;
  error->at = rx->dst;
  error->ttl = rx->ttl;
  error->tos = rx->tos;
  error->type = info->icmp[0];
  error->code = info->icmp[1];
  if (!v4) {
    error->info = get_be32(info->icmp + 4);
  } else if (info->error == IP_ERROR_PARAMETER) {
    error->info = info->icmp[4]; /* the pointer */
  }
}

/* udp_pcb.queue_error. What finds no room is lost, as in Linux. */
static bool queue_error(struct udp_pcb *pcb, const struct ip_error_info *info,
                        uint32_t skip, uint16_t port, int number) {
  struct ph_stack *stack = pcb->stack;
  struct ph_iovec payload = {NULL, 0};
  struct udp_error error = {.to = info->dst,
                            .port = port,
                            .error = (uint8_t)number,
                            .origin = UDP_ERROR_LOCAL,
                            .info = info->mtu};
  if (!(ph_addr_is_v4(&info->dst) ? pcb->errors4 : pcb->errors6)) {
    return false;
  }
  if (info->transport) {
    describe(info, &error);
    payload.iov_base = (void *)(uintptr_t)(info->transport + skip);
    payload.iov_len = info->transport_len - skip;
  }
  bool fits = pcb->queued < pcb->rcvbuf &&
              stack->pkts.available >= stack->pkts.count / 4;
  struct pkt *pkt = fits ? make(stack, &error, &payload) : NULL;
  if (!pkt) {
    stack->stats.UdpRcvbufErrors++;
    return true;
  }
  *(pcb->errors ? &pcb->errors_tail->next : &pcb->errors) = pkt;
  pcb->errors_tail = pkt;
  pcb->queued += udp_footprint(pkt);
  return true;
}

long udp_take_queued_error(struct udp_pcb *pcb, const struct ph_iovec *iov,
                           uint32_t count, struct udp_error *error) {
  struct pkt *pkt = pcb->errors;
  if (!pkt) {
    return -PH_EAGAIN;
  }
  *error = *error_of(pkt);
  uint32_t len = pkt->len - (uint32_t)sizeof(*error);
  uint32_t at = sizeof(*error);
  for (uint32_t i = 0; i < count && at < pkt->len; i++) {
    uint32_t left = pkt->len - at;
    uint32_t n = iov[i].iov_len < left ? (uint32_t)iov[i].iov_len : left;
    pkt_copy(pkt, at, iov[i].iov_base, n);
    at += n;
  }
  pcb->errors = pkt->next;
  pkt->next = NULL;
  pcb->queued -= udp_footprint(pkt);
  pkt_put(pkt);
  /* As in Linux: of several that ICMP told the next one is pending now. */
  const struct udp_error *after = pcb->errors ? error_of(pcb->errors) : NULL;
  if (after && after->origin != UDP_ERROR_LOCAL) {
    pcb->error = after->error;
  } else if (error->origin != UDP_ERROR_LOCAL) {
    pcb->error = 0;
  }
  return (long)len;
}

void udp_set_errors(struct udp_pcb *pcb, bool v4, bool on) {
  *(v4 ? &pcb->errors4 : &pcb->errors6) = on;
  pcb->queue_error = queue_error;
  while (!on && pcb->errors) {
    struct pkt *next = pcb->errors->next;
    pcb->queued -= udp_footprint(pcb->errors);
    pkt_put(pcb->errors);
    pcb->errors = next;
  }
}
