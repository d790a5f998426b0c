/* SPDX-License-Identifier: Apache-2.0 */
/* UDP endpoints: ports, connecting, sending. */
#include "stack/base/errno.h"
#include "stack/udp/udp_internal.h"
#include "stack/wire/ip_wire.h"

static const struct ip_protocol UDP_PROTOCOL = {udp_input, udp_icmp_error};

/* A device has room again: each that was refused is told once. */
static void udp_writable(struct ph_stack *stack) {
  struct udp_state *udp = udp_of(stack);
  struct udp_pcb *pcb = udp->waiting;
  udp->waiting = NULL;
  while (pcb) {
    struct udp_pcb *next = pcb->wait_next;
    pcb->wait_next = NULL;
    pcb->waiting = false;
    if (pcb->event) {
      pcb->event(pcb, UDP_EVENT_WRITABLE);
    }
    pcb = next;
  }
}

int ph_udp_init(struct ph_stack *stack) {
  struct udp_state *udp = ph_stack_alloc(stack, sizeof(*udp));
  if (!udp) {
    return -PH_ENOMEM;
  }
  stack->module[PH_MODULE_UDP] = udp;
  ph_hash_key_init(stack, &udp->key);
  netif_on_writable(stack, udp_writable);
  return ip_register_protocol(stack, IP_PROTO_UDP, &UDP_PROTOCOL);
}

void udp_open(struct ph_stack *stack, struct udp_pcb *pcb, uint32_t rcvbuf) {
  *pcb = (struct udp_pcb){
      .stack = stack, .rcvbuf = rcvbuf, .tx = {.multicast_ttl = 1}};
  pcb->local = pcb->remote = pcb->any = ph_addr_v4(0);
}

void udp_set_any(struct udp_pcb *pcb, const struct ph_addr *any) {
  pcb->local = pcb->remote = pcb->any = *any;
  pcb->tx.mtu_discover = !ph_addr_is_v4(any); /* IPv6 always looks for it */
}

int udp_open_raw(struct udp_pcb *pcb, uint8_t protocol, bool ping) {
  struct udp_state *udp = udp_of(pcb->stack);
  if (!udp->open_raw) {
    return -PH_EPROTONOSUPPORT;
  }
  udp->open_raw(pcb, protocol, ping);
  return 0;
}

void udp_close(struct udp_pcb *pcb) {
  struct udp_state *udp = udp_of(pcb->stack);
  if (pcb->kind) {
    pcb->kind->close(pcb);
    pcb->bound = false;
  }
  struct udp_pcb **at = udp_bucket(udp, pcb->local_port);
  while (pcb->bound && *at) {
    if (*at == pcb) {
      *at = pcb->next;
      break;
    }
    at = &(*at)->next;
  }
  for (at = &udp->waiting; pcb->waiting && *at; at = &(*at)->wait_next) {
    if (*at == pcb) {
      *at = pcb->wait_next;
      break;
    }
  }
  pcb->bound = pcb->connected = pcb->waiting = false;
  udp_drop_queue(pcb);
}

/* ---- Ports --------------------------------------------------------------- */

static bool port_taken(struct udp_state *udp, const struct udp_pcb *pcb,
                       const struct ph_addr *addr, uint16_t port) {
  const struct ip_bound wanted = {addr, pcb->only_v6};
  for (struct udp_pcb *p = *udp_bucket(udp, port); p; p = p->next) {
    const struct ip_bound has = udp_bound_to(p);
    if (p->local_port == port && ip_bound_overlap(&has, &wanted) &&
        !(p->reuse_address && pcb->reuse_address) &&
        !(p->share && pcb->share)) {
      return true;
    }
  }
  return false;
}

uint64_t udp_next_random(struct udp_state *udp) {
  const uint64_t words[] = {++udp->port_counter, ph_siphash24_last(0, 8)};
  return ph_siphash24(&udp->key, words, 2);
}

/* RFC 6056 3.3.1: from a random point on, the first that is free; 0: none. */
static uint16_t port_choose(struct udp_state *udp, const struct udp_pcb *pcb,
                            const struct ph_addr *addr) {
  uint32_t offset = (uint32_t)(udp_next_random(udp) % UDP_PORT_COUNT);
  for (uint32_t i = 0; i < UDP_PORT_COUNT; i++) {
    uint16_t port = (uint16_t)(UDP_PORT_FIRST + (offset + i) % UDP_PORT_COUNT);
    if (!port_taken(udp, pcb, addr, port)) {
      return port;
    }
  }
  return 0;
}

int udp_bind(struct udp_pcb *pcb, const struct ph_addr *addr, uint16_t port) {
  struct udp_state *udp = udp_of(pcb->stack);
  if (pcb->bound && !pcb->kind) {
    return -PH_EINVAL;
  }
  struct ph_addr group = *addr;
  if (ip_addr_is_multicast(addr)) { /* only what is sent to it comes here */
    (void)ip_addr_take_zone(&group);
    addr = &group;
  } else if (!ip_addr_is_any(addr) && !ip_is_local(pcb->stack, addr)) {
    return -PH_EADDRNOTAVAIL;
  }
  if (pcb->kind) {
    return pcb->kind->bind(pcb, addr, port);
  }
  if (port == 0) {
    port = port_choose(udp, pcb, addr);
    if (port == 0) {
      return -PH_EADDRINUSE;
    }
  } else if (port_taken(udp, pcb, addr, port)) {
    return -PH_EADDRINUSE;
  }
  pcb->local = *addr;
  pcb->local_port = port;
  pcb->bound = true;
  pcb->next = *udp_bucket(udp, port);
  *udp_bucket(udp, port) = pcb;
  return 0;
}

static int bind_if_needed(struct udp_pcb *pcb) {
  struct ph_addr any = pcb->local;
  return pcb->bound ? 0 : udp_bind(pcb, &any, 0);
}

/* The path by the interface that `how` says, if it is another than `path` goes
 * by, which is from where the endpoint is bound if that is `fixed`. */
static struct ip_path *path_by(struct udp_pcb *pcb, const struct ph_addr *dst,
                               const struct udp_tx *how, struct ip_path *path,
                               bool fixed) {
  uint32_t by = how->multicast_if && ip_addr_is_multicast(dst)
                    ? how->multicast_if
                    : how->device;
  struct netif *netif = by ? netif_by_index(pcb->stack, by) : NULL;
  bool leads_there = !netif || (fixed && !path->error && path->netif == netif);
  struct ph_addr src;
  return leads_there || ip_source_by(pcb->stack, netif, dst, &src)
             ? path
             : ip_path_get(pcb->stack, &pcb->path, &src, dst);
}

void udp_use_interfaces(struct ph_stack *stack) {
  udp_of(stack)->path_by = path_by;
}

struct ip_path *udp_find_path(struct udp_pcb *pcb, const struct ph_addr *dst,
                              const struct udp_tx *how) {
  const struct udp_state *udp = udp_of(pcb->stack);
  bool fixed = pcb->bound && !ip_addr_is_any(&pcb->local) &&
               !ip_addr_is_multicast(&pcb->local);
  const struct ph_addr *src = how->src ? how->src : fixed ? &pcb->local : NULL;
  struct ip_path *path = ip_path_get(pcb->stack, &pcb->path, src, dst);
  return udp->path_by && !how->src ? udp->path_by(pcb, dst, how, path, fixed)
                                   : path;
}

uint16_t udp_get_path_mtu(struct udp_pcb *pcb) {
  if (!pcb->connected) {
    return 0;
  }
  struct ip_path *path = udp_find_path(pcb, &pcb->remote, &pcb->tx);
  return path->error ? 0 : ip_path_mtu(pcb->stack, path);
}

int udp_connect(struct udp_pcb *pcb, const struct ph_addr *addr,
                uint16_t port) {
  if (port == 0 && !pcb->kind) {
    return -PH_EINVAL;
  }
  if (pcb->address_chosen) {
    pcb->local = pcb->any;
    pcb->address_chosen = false;
  }
  const struct ip_path *path = udp_find_path(pcb, addr, &pcb->tx);
  int error = path->error ? path->error : bind_if_needed(pcb);
  if (error) {
    return error;
  }
  if (ip_addr_is_any(&pcb->local)) {
    pcb->local = path->src;
    pcb->address_chosen = true;
  }
  pcb->remote = *addr;
  pcb->remote_port = port;
  pcb->connected = true;
  return 0;
}

void udp_disconnect(struct udp_pcb *pcb) {
  if (pcb->address_chosen) {
    pcb->local = pcb->any;
    pcb->address_chosen = false;
  }
  pcb->remote = pcb->any;
  pcb->remote_port = 0;
  pcb->connected = false;
}

/* ---- Sending ------------------------------------------------------------- */

/* Append a copy of `len` bytes in blocks: to the end of the last if it has
 * room, then to fresh ones. */
static bool fill_blocks(struct ph_stack *stack, struct pkt *pkt,
                        const uint8_t *data, uint32_t len) {
  while (len > 0) {
    struct pkt_frag *last = pkt->nfrags ? &pkt->frags[pkt->nfrags - 1] : NULL;
    uint32_t room = last ? last->block->size - last->len : 0;
    uint32_t n = ph_min_u32(len, room);
    if (n > 0) {
      memcpy(last->data + last->len, data, n);
      last->len += n;
      pkt->len += n;
      data += n;
      len -= n;
      continue;
    }
    struct ph_block *block = ph_block_get_spare(&stack->blocks);
    if (!block) {
      stack->stats.BlockExhausted++;
      return false;
    }
    bool fits = pkt_add_frag(pkt, block, block->data, 0);
    ph_block_put(block); /* the packet has its own reference */
    if (!fits) {
      return false;
    }
  }
  return true;
}

bool udp_fill(struct ph_stack *stack, struct pkt *pkt,
              const struct ph_iovec *iov, uint32_t count, uint32_t in_line) {
  for (uint32_t i = 0; i < count; i++) {
    const uint8_t *data = iov[i].iov_base;
    uint32_t len = (uint32_t)iov[i].iov_len;
    uint32_t n = ph_min_u32(len, in_line);
    if (n > 0) {
      memcpy(pkt->head + pkt->head_len, data, n);
      pkt->head_len += n;
      pkt->len += n;
      in_line -= n;
    }
    if (len > n && !fill_blocks(stack, pkt, data + n, len - n)) {
      return false;
    }
  }
  return true;
}

static struct pkt *make(struct udp_pcb *pcb, const struct ip_path *path,
                        const struct ph_iovec *iov, uint32_t count,
                        uint32_t len, uint16_t port) {
  struct ph_stack *stack = pcb->stack;
  struct pkt *pkt = ph_stack_get_pkt(stack, UDP_HEADROOM);
  if (!pkt) {
    return NULL;
  }
  stack->stats.CopiedBytes += len;
  if (PH_SHORT_WAYS && count == 1 && len <= UDP_INLINE_MAX && len > 0) {
    memcpy(pkt->head + UDP_HDR_LEN, iov->iov_base, len);
    pkt->head_len = pkt->len = UDP_HDR_LEN + len;
  } else {
    pkt->head_len = pkt->len = UDP_HDR_LEN;
    if (!udp_fill(stack, pkt, iov, count, len > UDP_INLINE_MAX ? 0 : len)) {
      pkt_put(pkt);
      return NULL;
    }
  }
  put_be16(pkt->head + UDP_OFF_SRC, pcb->local_port);
  put_be16(pkt->head + UDP_OFF_DST, port);
  put_be16(pkt->head + UDP_OFF_LEN, (uint16_t)pkt->len);
  put_be16(pkt->head + UDP_OFF_CSUM,
           ip_path_pseudo_sum(path, IP_PROTO_UDP, pkt->len));
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_offset = UDP_OFF_CSUM;
  return pkt;
}

int udp_send_group(struct udp_pcb *pcb, const struct pkt *pkt,
                   const struct ip_path *path, const struct udp_tx *how,
                   struct ip_tx *tx) {
  if (!ip_addr_is_multicast(&path->dst)) {
    if (!pcb->broadcast) {
      return -PH_EACCES;
    }
  } else {
    tx->ttl = how->multicast_ttl;
  }
  if (!pcb->no_loop) {
    ip_loop_back(pcb->stack, pkt, path, *tx);
  }
  return 0;
}

void udp_wait_for_room(struct udp_pcb *pcb) {
  struct udp_state *udp = udp_of(pcb->stack);
  if (!pcb->waiting) {
    pcb->waiting = true;
    pcb->wait_next = udp->waiting;
    udp->waiting = pcb;
  }
}

uint32_t udp_total_len(const struct ph_iovec *iov, uint32_t count) {
  size_t total = 0;
  for (uint32_t i = 0; i < count && total <= UDP_MAX_LEN; i++) {
    size_t len = iov[i].iov_len;
    total += len <= UDP_MAX_LEN ? len : (size_t)UDP_MAX_LEN + 1;
  }
  return (uint32_t)total;
}

/* Takes `pkt`. */
static inline long transmit(struct udp_pcb *pcb, struct pkt *pkt,
                            struct ip_path *path, const struct udp_tx *how,
                            struct ip_tx tx, size_t len) {
  struct ph_stack *stack = pcb->stack;
  ph_stack_trace(stack, pkt->id, "udp_output");
  int error = path->group ? udp_send_group(pcb, pkt, path, how, &tx) : 0;
  if (error) {
    pkt_put(pkt);
    return error;
  }
  error = path->family->output(stack, pkt, path, tx);
  if (error == -PH_EAGAIN) {
    pkt_put(pkt);
    udp_wait_for_room(pcb);
    return error;
  }
  if (!error) {
    stack->stats.UdpOutDatagrams++;
  }
  return error ? error : (long)len;
}

long udp_sendto(struct udp_pcb *pcb, const void *data, size_t len,
                const struct ph_addr *addr, uint16_t port) {
  const struct ph_iovec one = {(void *)(uintptr_t)data, len};
  return udp_sendv(pcb, &one, 1, addr, port, &pcb->tx);
}

long udp_sendv(struct udp_pcb *pcb, const struct ph_iovec *iov, uint32_t count,
               const struct ph_addr *addr, uint16_t port,
               const struct udp_tx *how) {
  size_t len = count == 1 ? iov->iov_len : udp_total_len(iov, count);
  if (pcb->error) {
    return -udp_take_error(pcb);
  }
  if (!addr) {
    if (!pcb->connected) {
      return -PH_EDESTADDRREQ;
    }
    addr = &pcb->remote;
    port = pcb->remote_port;
  }
  if (port == 0 && !pcb->kind) {
    return -PH_EINVAL;
  }
  if (len > UDP_MAX_LEN) {
    return -PH_EMSGSIZE;
  }
  if (pcb->kind) {
    return pcb->kind->send(pcb, iov, count, len, addr, how);
  }
  struct ip_path *path = udp_find_path(pcb, addr, how);
  int error = path->error ? path->error : bind_if_needed(pcb);
  if (error) {
    return error;
  }
  struct ip_tx tx = {
      .protocol = IP_PROTO_UDP, .ttl = how->marks.ttl, .tos = how->marks.tos};
  uint16_t segment = 0;
  if (how->fit) {
    error = how->fit(pcb, how, path, (uint32_t)len, &tx, &segment);
    if (error) {
      return error;
    }
  }
  struct pkt *pkt = make(pcb, path, iov, count, (uint32_t)len, port);
  if (!pkt) {
    return -PH_ENOBUFS;
  }
  if (segment > 0) {
    pkt->gso_type = PKT_GSO_UDP;
    pkt->gso_size = segment;
  }
  return transmit(pcb, pkt, path, how, tx, len);
}

long udp_broadcast(struct udp_pcb *pcb, struct netif *netif,
                   const struct ph_addr *src, const void *data, size_t len,
                   uint16_t port) {
  struct ph_stack *stack = pcb->stack;
  const struct ph_iovec one = {(void *)(uintptr_t)data, len};
  struct ip_path path;
  ipv4_broadcast_path(netif, src, &path);
  struct pkt *pkt = make(pcb, &path, &one, 1, (uint32_t)len, port);
  if (!pkt) {
    return -PH_ENOBUFS;
  }
  int error = path.family->output(stack, pkt, &path,
                                  (struct ip_tx){.protocol = IP_PROTO_UDP});
  if (error == -PH_EAGAIN) {
    pkt_put(pkt);
  } else if (!error) {
    stack->stats.UdpOutDatagrams++;
  }
  return error ? error : (long)len;
}

int udp_take_error(struct udp_pcb *pcb) {
  int error = pcb->error;
  pcb->error = 0;
  return error;
}
