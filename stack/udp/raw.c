/* SPDX-License-Identifier: Apache-2.0 */
/* Raw and ping endpoints. While there is one, IP shows it every packet. */
#include "stack/udp/raw.h"

#include "stack/base/errno.h"
#include "stack/udp/udp_internal.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"

enum { ICMP_OFF_ID = 4 };

static PH_APART_IF_SMALL bool is_v4(const struct udp_pcb *pcb) {
  return ph_addr_is_v4(&pcb->any);
}

static bool is_icmp(const struct udp_pcb *pcb) {
  return pcb->protocol == (is_v4(pcb) ? IP_PROTO_ICMP : IP_PROTO_ICMPV6);
}

/* ---- Receiving ----------------------------------------------------------- */

/* Are these the ends of what it sends and receives? */
static PH_APART_IF_SMALL bool has_ends(const struct udp_pcb *pcb,
                                       uint8_t protocol,
                                       const struct ph_addr *ours,
                                       const struct ph_addr *theirs) {
  const struct ip_bound bound = {&pcb->local, true};
  return pcb->protocol == protocol && is_v4(pcb) == ph_addr_is_v4(theirs) &&
         ip_bound_takes(&bound, ours) &&
         (!pcb->connected || ph_addr_equal(&pcb->remote, theirs));
}

static bool is_for(const struct udp_pcb *pcb, const struct pkt *pkt,
                   const struct ip_rx *rx) {
  return pcb->protocol != RAW_PROTO_RAW &&
         (!pcb->tx.device ||
          (pkt->netif && pkt->netif->index == pcb->tx.device)) &&
         has_ends(pcb, rx->protocol, &rx->dst, &rx->src);
}

/* An ICMP message whose checksum is good. */
static bool icmp_good(const struct pkt *pkt, const struct ip_rx *rx) {
  uint16_t sum =
      ph_addr_is_v4(&rx->dst)
          ? 0
          : rx->family->pseudo_sum(&rx->src, &rx->dst, rx->protocol, pkt->len);
  return pkt->head_len >= ICMP_HDR_LEN && csum_pkt(pkt, 0, sum) == 0xffff;
}

static void deliver(struct ph_stack *stack, struct udp_pcb *pcb,
                    const struct pkt *pkt, const struct ip_rx *rx,
                    const uint8_t *start) {
  static const uint8_t no_port[2];
  struct pkt *copy = udp_copy(stack, pkt, start);
  if (copy) {
    udp_enqueue(stack, pcb, copy, rx, no_port);
  } else {
    stack->stats.UdpRcvbufErrors++;
  }
}

/* The reply to an echo request of this endpoint. */
static bool is_reply(const struct udp_pcb *pcb, const struct pkt *pkt) {
  return pkt->head[0] == (is_v4(pcb) ? ICMP_ECHO_REPLY : ICMP6_ECHO_REPLY) &&
         get_be16(pkt->head + ICMP_OFF_ID) == pcb->local_port;
}

static bool tap_input(struct ph_stack *stack, const struct pkt *pkt,
                      const struct ip_rx *rx) {
  bool icmp = rx->protocol == IP_PROTO_ICMP || rx->protocol == IP_PROTO_ICMPV6;
  bool good = !icmp;
  bool taken = false;
  for (struct udp_pcb *p = udp_of(stack)->raw; p; p = p->next) {
    bool ping = !p->raw;
    if (!is_for(p, pkt, rx) ||
        (rx->broadcast &&
         !udp_hears(stack, p, rx, pkt->netif ? pkt->netif->index : 0))) {
      continue;
    }
    good = good || icmp_good(pkt, rx);
    if (!good) {
      return false;
    }
    uint32_t type = icmp ? pkt->head[0] : 0;
    if (ping ? !is_reply(p, pkt)
             : icmp && (p->filter[type / 32] >> type % 32 & 1)) {
      continue;
    }
    taken = true;
    deliver(stack, p, pkt, rx, ping || !is_v4(p) ? pkt->head : pkt->l3);
  }
  return taken;
}

/* Was the packet sent by this endpoint? */
static bool sent_by(const struct udp_pcb *p, uint8_t protocol,
                    const struct ip_error_info *info) {
  return (p->raw || get_be16(info->transport + ICMP_OFF_ID) == p->local_port) &&
         has_ends(p, protocol, &info->src, &info->dst);
}

static void tap_error(struct ph_stack *stack, uint8_t protocol,
                      const struct ip_error_info *info) {
  for (struct udp_pcb *p = udp_of(stack)->raw; p; p = p->next) {
    if (sent_by(p, protocol, info)) {
      udp_tell_error(p, info, 0, 0);
    }
  }
}

/* ---- Sending ------------------------------------------------------------- */

static struct pkt *make(struct ph_stack *stack, const struct ph_iovec *iov,
                        uint32_t count, size_t len) {
  struct pkt *pkt = ph_stack_get_pkt(stack, UDP_HEADROOM);
  if (!pkt) {
    return NULL;
  }
  stack->stats.CopiedBytes += len;
  if (!udp_fill(stack, pkt, iov, count, UDP_INLINE_MAX)) {
    pkt_put(pkt);
    return NULL;
  }
  return pkt;
}

static long sent(struct udp_pcb *pcb, struct pkt *pkt, int error, size_t len) {
  if (error == -PH_EAGAIN) {
    pkt_put(pkt);
    udp_wait_for_room(pcb);
  }
  return error ? error : (long)len;
}

static long send(struct udp_pcb *pcb, struct pkt *pkt, struct ip_path *path,
                 size_t len, bool sum, const struct udp_tx *how) {
  struct ip_tx tx = {
      .protocol = pcb->protocol, .ttl = how->marks.ttl, .tos = how->marks.tos};
  if (sum) {
    uint16_t seed =
        is_v4(pcb) ? 0 : ip_path_pseudo_sum(path, pcb->protocol, pkt->len);
    csum_put_icmp(pkt, seed);
  }
  int error = path->group ? udp_send_group(pcb, pkt, path, how, &tx) : 0;
  if (error) {
    pkt_put(pkt);
    return error;
  }
  return sent(pcb, pkt, path->family->output(pcb->stack, pkt, path, tx), len);
}

static long raw_send(struct udp_pcb *pcb, const struct ph_iovec *iov,
                     uint32_t count, size_t len, const struct ph_addr *addr,
                     const struct udp_tx *how) {
  struct ph_stack *stack = pcb->stack;
  struct ip_path *path = udp_find_path(pcb, addr, how);
  if (is_v4(pcb) != ph_addr_is_v4(addr)) {
    return -PH_ENETUNREACH;
  }
  bool sum = is_icmp(pcb) && !is_v4(pcb);
  if (path->error || (sum && len < ICMP_HDR_LEN)) {
    return path->error ? path->error : -PH_EINVAL;
  }
  struct pkt *pkt = make(stack, iov, count, len);
  if (!pkt) {
    return -PH_ENOBUFS;
  }
  return pcb->header_included
             ? sent(pcb, pkt, ip_send_made(stack, pkt, path), len)
             : send(pcb, pkt, path, len, sum, how);
}

static int ping_bind(struct udp_pcb *pcb, const struct ph_addr *addr,
                     uint16_t port);

static long ping_send(struct udp_pcb *pcb, const struct ph_iovec *iov,
                      uint32_t count, size_t len, const struct ph_addr *addr,
                      const struct udp_tx *how) {
  struct ph_stack *stack = pcb->stack;
  const struct ph_addr any = pcb->any;
  struct ip_path *path = udp_find_path(pcb, addr, how);
  if (is_v4(pcb) != ph_addr_is_v4(addr)) {
    return -PH_ENETUNREACH;
  }
  int error = len < ICMP_HDR_LEN ? -PH_EINVAL
              : path->error      ? path->error
              : pcb->local_port  ? 0
                                 : ping_bind(pcb, &any, 0);
  if (error) {
    return error;
  }
  struct pkt *pkt = make(stack, iov, count, len);
  if (!pkt) {
    return -PH_ENOBUFS;
  }
  if (pkt->head[0] != (is_v4(pcb) ? ICMP_ECHO : ICMP6_ECHO) ||
      pkt->head[1] != 0) {
    pkt_put(pkt);
    return -PH_EINVAL;
  }
  put_be16(pkt->head + ICMP_OFF_ID, pcb->local_port);
  return send(pcb, pkt, path, len, true, how);
}

/* ---- Life ---------------------------------------------------------------- */

static int raw_bind(struct udp_pcb *pcb, const struct ph_addr *addr,
                    uint16_t port) {
  (void)port;
  pcb->local = *addr;
  return 0;
}

static bool id_taken(const struct udp_pcb *pcb, uint16_t id) {
  const struct udp_pcb *p = udp_of(pcb->stack)->raw;
  for (; p; p = p->next) {
    if (p != pcb && !p->raw && p->local_port == id && is_v4(p) == is_v4(pcb)) {
      return true;
    }
  }
  return false;
}

static int ping_bind(struct udp_pcb *pcb, const struct ph_addr *addr,
                     uint16_t port) {
  struct udp_state *udp = udp_of(pcb->stack);
  if (pcb->local_port) {
    return -PH_EINVAL;
  }
  for (uint32_t tries = 0; port == 0 && tries <= UINT16_MAX; tries++) {
    port = (uint16_t)udp_next_random(udp);
    port = id_taken(pcb, port) ? 0 : port;
  }
  if (port == 0) { /* one that is asked for may be shared, as in Linux */
    return -PH_EADDRINUSE;
  }
  pcb->local = *addr;
  pcb->local_port = port;
  pcb->bound = true;
  return 0;
}

static void raw_close(struct udp_pcb *pcb) {
  struct udp_state *udp = udp_of(pcb->stack);
  struct udp_pcb **at = &udp->raw;
  while (*at != pcb) {
    at = &(*at)->next;
  }
  *at = pcb->next;
  if (!udp->raw) {
    ip_set_tap(pcb->stack, NULL);
  }
}

static const struct udp_kind raw_kind = {raw_bind, raw_send, raw_close};
static const struct udp_kind ping_kind = {ping_bind, ping_send, raw_close};

static void raw_open(struct udp_pcb *pcb, uint8_t protocol, bool ping) {
  static const struct ip_tap tap = {tap_input, tap_error};
  struct udp_state *udp = udp_of(pcb->stack);
  pcb->kind = ping ? &ping_kind : &raw_kind;
  pcb->protocol = protocol;
  pcb->raw = !ping;
  pcb->bound = !ping; /* without a port */
  pcb->local_port = ping ? 0 : protocol;
  pcb->header_included = protocol == RAW_PROTO_RAW && is_v4(pcb);
  pcb->next = udp->raw;
  udp->raw = pcb;
  ip_set_tap(pcb->stack, &tap);
}

int ph_raw_init(struct ph_stack *stack) {
  struct udp_state *udp = udp_of(stack);
  if (!udp) {
    return -PH_EINVAL;
  }
  udp->open_raw = raw_open;
  return 0;
}
