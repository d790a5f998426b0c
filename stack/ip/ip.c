/* SPDX-License-Identifier: Apache-2.0 */
/* Families, protocols and the start of the network layer. */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

static const uint8_t V4_PREFIX[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static const struct ip_protocol ICMP_PROTOCOL = {icmp_input, NULL};

bool ip_addr_is_v4(const struct ph_addr *addr) {
  return memcmp(addr->bytes, V4_PREFIX, sizeof(V4_PREFIX)) == 0;
}

const struct ip_family *ip_family_of(struct ph_stack *stack,
                                     const struct ph_addr *addr) {
  return ip_of(stack) && ip_addr_is_v4(addr) ? &ipv4_family : NULL;
}

int ip_register_protocol(struct ph_stack *stack, uint8_t protocol,
                         const struct ip_protocol *handlers) {
  struct ip_state *ip = ip_of(stack);
  if (!ip) {
    return -PH_EINVAL;
  }
  if (ip->protocols[protocol]) {
    return -PH_EEXIST;
  }
  ip->protocols[protocol] = handlers;
  return 0;
}

static void loopback_input(struct netif *netif, struct pkt *pkt) {
  ipv4_input(netif, pkt, false);
}

static int ip_attach(struct netif *netif) {
  if (netif->loopback) {
    netif->input = loopback_input;
    ip_of(netif->stack)->loopback = netif;
  }
  return 0;
}

/* ARP got no answer (RFC 1122 3.3.1.6 wants the transport told). */
static void unresolved(struct ph_stack *stack, const struct pkt *pkt) {
  (void)ipv4_report_error(stack, pkt->head, pkt->head_len,
                          IP_ERROR_HOST_UNREACHABLE, 0);
}

int ph_ipv4_init(struct ph_stack *stack) {
  int error = ph_netif_init(stack);
  if (!error) {
    error = ph_eth_init(stack);
  }
  struct ip_state *ip = error ? NULL : ph_stack_alloc(stack, sizeof(*ip));
  if (!ip) {
    return error ? error : -PH_ENOMEM;
  }
  stack->module[PH_MODULE_IP] = ip;
  ph_hash_key_init(stack, &ip->key);
  stack->platform->random(stack->platform->ctx, ip->ids, sizeof(ip->ids));
  ip->icmp_tokens = ICMP_BURST;
  arp_on_unresolved(stack, unresolved);
  error = ip_register_protocol(stack, IP_PROTO_ICMP, &ICMP_PROTOCOL);
  if (!error) {
    error = eth_register(stack, ETH_TYPE_IPV4, ipv4_input);
  }
  return error ? error : netif_on_added(stack, ip_attach);
}

bool ip_is_local(struct ph_stack *stack, const struct ph_addr *addr) {
  return ip_addr_is_v4(addr) && ipv4_is_own(ip_of(stack), ph_addr_to_v4(addr));
}
