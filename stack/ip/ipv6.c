/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6: its start, its interfaces, and addresses as such (RFC 4291). */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ipv6_internal.h"

const struct ph_addr ipv6_all_nodes = {{0xff, 2, [15] = 1}};
const struct ph_addr ipv6_all_routers = {{0xff, 2, [15] = 2}};
const struct ph_addr ipv6_all_mld2 = {{0xff, 2, [15] = 0x16}};

static bool is_local(struct ph_stack *stack, const struct ph_addr *addr) {
  return ipv6_is_own(ipv6_of(stack), addr);
}

static bool heard(const struct netif *netif, const struct ph_addr *addr) {
  struct ph_addr bare = *addr;
  (void)ip_addr_take_zone(&bare);
  return netif->ipv6 && mld_heard(netif->ipv6, &bare);
}

const struct ip_family ipv6_family = {
    .af = 10,
    .header_len = IPV6_HDR_LEN,
    .pmtu_floor = IPV6_MIN_MTU,
    .mss_default = IPV6_MSS_DEFAULT,
    .gso_tcp = PKT_GSO_TCPV6,
    .udp_sum_needed = true, /* RFC 8200 8.1 */
    .route = ipv6_route,
    .prepare = ipv6_prepare,
    .pseudo_sum = ipv6_pseudo_sum,
    .output = ipv6_output,
    .is_local = is_local,
    .heard = heard,
    .send_error = icmpv6_send_error,
    .icmp_echo = ICMP6_ECHO,
    .icmp_output = icmpv6_output,
    .confirm = nd_confirm,
};

uint32_t ipv6_common_bits(const struct ph_addr *a, const struct ph_addr *b) {
  for (uint32_t i = 0; i < 16; i++) {
    uint32_t differ = a->bytes[i] ^ b->bytes[i];
    if (differ) {
      uint32_t bits = 8 * i;
      for (; !(differ & 0x80); differ <<= 1) {
        bits++;
      }
      return bits;
    }
  }
  return 128;
}

struct ph_addr ipv6_solicited_group(const struct ph_addr *a) {
  struct ph_addr group = {{0xff, 2, [11] = 1, [12] = 0xff}};
  memcpy(group.bytes + 13, a->bytes + 13, 3);
  return group;
}

uint64_t ipv6_lifetime_end(const struct ph_stack *stack, uint32_t seconds) {
  return seconds == UINT32_MAX ? IPV6_FOREVER
                               : stack->now_ns + seconds * IPV6_SECOND;
}

bool ip_addr_put_zone(struct ph_addr *addr, uint32_t zone) {
  if (!ipv6_has_zone(addr)) {
    return true;
  }
  if (ipv6_is_link_local(addr->bytes) && (zone == 0 || zone > UINT8_MAX)) {
    return false;
  }
  addr->bytes[2] = 0;
  addr->bytes[3] = (uint8_t)zone;
  return zone <= UINT8_MAX;
}

uint32_t ip_addr_take_zone(struct ph_addr *addr) {
  uint32_t zone = ipv6_zone(addr);
  ipv6_clear_zone(addr->bytes);
  return zone;
}

/* ---- Start --------------------------------------------------------------- */

/* An interface with a link layer begins to speak IPv6. */
static int attach(struct netif *netif) {
  struct ph_stack *stack = netif->stack;
  struct ipv6_state *v6 = ipv6_of(stack);
  if (netif->loopback || netif->caps.mtu < IPV6_MIN_MTU) {
    return 0; /* RFC 8200 5: such a link carries no IPv6 */
  }
  struct ipv6_link *link = ph_stack_alloc(stack, sizeof(*link));
  if (!link) {
    return -PH_ENOMEM;
  }
  link->netif = netif;
  link->stack = netif->stack;
  link->mtu = netif->caps.mtu;
  link->hops = IPV6_HOPS_DEFAULT;
  link->retrans_ns = ND_RETRANS_NS;
  link->base_reachable_ns = ND_REACHABLE_NS;
  link->solicit_timer.fn = nd_solicit_timer;
  ph_ends_key_init(stack, &link->key);
  nd_link_init(link);
  mld_link_init(link);
  nd_draw_reachable(link);
  netif->ipv6 = link;
  struct ipv6_link **end = &v6->links;
  while (*end) {
    end = &(*end)->next;
  }
  *end = link;
  int error = mld_join(link, &ipv6_all_nodes);
  if (!error && !v6->config.no_link_local) { /* RFC 4862 5.3 */
    static const uint8_t prefix[8] = {0xfe, 0x80};
    struct ph_addr addr = ipv6_eui64(netif, prefix);
    ipv6_set_zone(&addr, netif);
    error =
        ipv6_address_add(link, &addr, 64, v6->config.skip_dad) ? 0 : -PH_ENOMEM;
  }
  if (!error && !v6->config.ignore_ra) {
    nd_solicit_routers(link);
  }
  return error;
}

int ph_ipv6_init_with(struct ph_stack *stack,
                      const struct ph_ipv6_config *config) {
  int error = ph_ip_init(stack, NULL);
  if (!error) {
    error = ph_ip_routes_init(stack, 0);
  }
  struct ipv6_state *v6 = error ? NULL : ph_stack_alloc(stack, sizeof(*v6));
  if (!v6 || ip_groups_init(stack)) {
    return error ? error : -PH_ENOMEM;
  }
  struct ip_state *ip = ip_of(stack);
  v6->stack = stack;
  v6->expiry.fn = ipv6_expiry_timer;
  if (config) {
    v6->config = *config;
  }
  ph_netif_fragment_init(stack);
  ip->v6 = v6;
  ip->families[1] = &ipv6_family;
  ip->ipv6_input = ipv6_input;
  error = eth_register(stack, ETH_TYPE_IPV6, ipv6_input);
  return error ? error : netif_on_added(stack, attach);
}

int ph_ipv6_init(struct ph_stack *stack) {
  return ph_ipv6_init_with(stack, NULL);
}
