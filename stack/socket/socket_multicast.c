/* SPDX-License-Identifier: Apache-2.0 */
/* Options for groups: RFC 1112 6.1, 7.1; RFC 3493 5.2. Values and results are
 * Linux's. A membership is a socket's; it ends with the socket. */
#include "stack/ip/igmp.h"
#include "stack/ip/ip_membership.h"
#include "stack/socket/socket_internal.h"

enum { MREQ_LEN = 8, ADDRESS_LEN = 4, OCTET_MAX = 255 };

struct udp_group {
  struct udp_group *next;
  struct ph_addr addr;
  struct netif *netif;
};

static const struct ip_filter everybody = {NULL, true};

static struct udp_group **find(const struct ph_sock *sock,
                               const struct ph_addr *addr,
                               const struct netif *netif) {
  struct udp_group **at = &sock->udp->groups;
  while (*at && !(ph_addr_equal(&(*at)->addr, addr) &&
                  (!netif || (*at)->netif == netif))) {
    at = &(*at)->next;
  }
  return at;
}

static int join(struct ph_stack *stack, struct ph_sock *sock,
                const struct ph_addr *addr, struct netif *netif) {
  struct sock_table *table = sock_table_of(stack);
  struct udp_group *g = table->free_groups;
  if (*find(sock, addr, netif)) {
    return -PH_EADDRINUSE;
  }
  int error = g ? ip_listen(netif, addr, NULL, &everybody) : -PH_ENOMEM;
  if (error) {
    return error == -PH_ENOMEM ? -PH_ENOBUFS : error;
  }
  table->free_groups = g->next;
  *g = (struct udp_group){sock->udp->groups, *addr, netif};
  sock->udp->groups = g;
  return 0;
}

static void leave(struct ph_stack *stack, struct udp_group **at) {
  struct sock_table *table = sock_table_of(stack);
  struct udp_group *g = *at;
  *at = g->next;
  (void)ip_listen(g->netif, &g->addr, &everybody, NULL);
  g->next = table->free_groups;
  table->free_groups = g;
}

static void leave_all(struct ph_stack *stack, struct ph_sock *sock) {
  while (sock->udp->groups) {
    leave(stack, &sock->udp->groups);
  }
}

/* By its index, by its address, or by the route to the group. */
static struct netif *interface(struct ph_stack *stack, int32_t index,
                               uint32_t address, const struct ph_addr *group) {
  if (index) {
    return netif_by_index(stack, (uint32_t)index);
  }
  if (address) {
    return ipv4_netif_of(stack, address);
  }
  struct ip_path *path = ip_path_find(stack, NULL, NULL, group);
  return path->error ? NULL : path->netif;
}

static int change(struct ph_stack *stack, struct ph_sock *sock,
                  const struct ph_addr *group, struct netif *netif,
                  bool joins) {
  if (!ip_addr_is_multicast(group)) {
    return joins ? -PH_EINVAL : -PH_EADDRNOTAVAIL;
  }
  if (!netif) {
    return -PH_ENODEV;
  }
  if (joins) {
    return join(stack, sock, group, netif);
  }
  struct udp_group **at = find(sock, group, netif);
  if (!*at) {
    return -PH_EADDRNOTAVAIL;
  }
  leave(stack, at);
  return 0;
}

static uint32_t host_order(uint32_t network) {
  const uint8_t *p = (const uint8_t *)&network;
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
         p[3];
}

/* struct ip_mreqn, ip_mreq, or for IP_MULTICAST_IF an address alone. */
static int get_mreq(const void *value, ph_socklen_t len, uint32_t least,
                    struct ph_ip_mreqn *out) {
  *out = (struct ph_ip_mreqn){0, 0, 0};
  if (len < least || !value) {
    return len < least ? -PH_EINVAL : -PH_EFAULT;
  }
  if (len >= MREQ_LEN) {
    memcpy(out, value, ph_min_u32(len, sizeof(*out)));
  } else {
    memcpy(&out->imr_address, value, ADDRESS_LEN);
  }
  out->imr_multiaddr = host_order(out->imr_multiaddr);
  out->imr_address = host_order(out->imr_address);
  return 0;
}

static int set_interface(struct ph_stack *stack, struct udp_pcb *udp,
                         const struct ph_ip_mreqn *m) {
  const struct netif *netif = NULL;
  if (m->imr_ifindex || m->imr_address) {
    netif = interface(stack, m->imr_ifindex, m->imr_address, NULL);
    if (!netif) {
      return m->imr_ifindex ? -PH_ENODEV : -PH_EADDRNOTAVAIL;
    }
  }
  udp->tx.multicast_if = netif ? netif->index : 0;
  return 0;
}

/* A number that is -1 (the default, 1) or an octet, or a flag. */
static int set_number(struct udp_pcb *udp, bool is_ttl, const void *value,
                      ph_socklen_t len) {
  int32_t number = 0;
  if (len == 0 || !value) {
    return len == 0 ? -PH_EINVAL : -PH_EFAULT;
  }
  if (len >= sizeof(number)) {
    memcpy(&number, value, sizeof(number));
  } else {
    number = *(const uint8_t *)value;
  }
  if (!is_ttl) {
    udp->no_loop = number == 0;
    return 0;
  }
  if (number < -1 || number > OCTET_MAX) {
    return -PH_EINVAL;
  }
  udp->tx.multicast_ttl = number < 0 ? 1 : (uint8_t)number;
  return 0;
}

static int set4(struct ph_stack *stack, struct ph_sock *sock, int option,
                const void *value, ph_socklen_t len) {
  struct ph_ip_mreqn m;
  int error;
  switch (option) {
    case PH_IP_MULTICAST_TTL:
    case PH_IP_MULTICAST_LOOP:
      return set_number(sock->udp, option == PH_IP_MULTICAST_TTL, value, len);
    case PH_IP_MULTICAST_IF:
      error = get_mreq(value, len, ADDRESS_LEN, &m);
      return error ? error : set_interface(stack, sock->udp, &m);
    case PH_IP_ADD_MEMBERSHIP:
    case PH_IP_DROP_MEMBERSHIP: {
      error = get_mreq(value, len, MREQ_LEN, &m);
      const struct ph_addr group = ph_addr_v4(m.imr_multiaddr);
      return error ? error
                   : change(
                         stack, sock, &group,
                         interface(stack, m.imr_ifindex, m.imr_address, &group),
                         option == PH_IP_ADD_MEMBERSHIP);
    }
    default:
      return -PH_ENOPROTOOPT;
  }
}

static int set6(struct ph_stack *stack, struct ph_sock *sock, int option,
                const void *value, ph_socklen_t len) {
  struct ph_ipv6_mreq m;
  struct ph_ip_mreqn by = {0, 0, 0};
  struct ph_addr group;
  switch (option) {
    case PH_IPV6_MULTICAST_HOPS:
    case PH_IPV6_MULTICAST_LOOP:
      return set_number(sock->udp, option == PH_IPV6_MULTICAST_HOPS, value,
                        len < sizeof(int32_t) ? 0 : len);
    case PH_IPV6_MULTICAST_IF:
      if (len < sizeof(by.imr_ifindex) || !value) {
        return -PH_EINVAL;
      }
      memcpy(&by.imr_ifindex, value, sizeof(by.imr_ifindex));
      return set_interface(stack, sock->udp, &by);
    case PH_IPV6_JOIN_GROUP:
    case PH_IPV6_LEAVE_GROUP:
      if (len < sizeof(m) || !value) {
        return -PH_EINVAL;
      }
      memcpy(&m, value, sizeof(m));
      memcpy(group.bytes, m.ipv6mr_multiaddr, sizeof(group.bytes));
      return change(stack, sock, &group,
                    interface(stack, m.ipv6mr_ifindex, 0, &group),
                    option == PH_IPV6_JOIN_GROUP);
    default:
      return -PH_ENOPROTOOPT;
  }
}

static int set(struct ph_stack *stack, struct ph_sock *sock, int level,
               int option, const void *value, ph_socklen_t len) {
  return level == PH_IPPROTO_IP ? set4(stack, sock, option, value, len)
         : level == PH_IPPROTO_IPV6 && sock->ipv6
             ? set6(stack, sock, option, value, len)
             : -PH_ENOPROTOOPT;
}

/* The address of the interface for groups, in network order. */
static int32_t interface_address(struct ph_stack *stack,
                                 const struct udp_pcb *udp) {
  const struct ph_addr all_hosts = ph_addr_v4(0xe0000001);
  struct ph_addr src = ph_addr_v4(0);
  int32_t address = 0;
  struct netif *netif = netif_by_index(stack, udp->tx.multicast_if);
  if (netif && ip_source_by(stack, netif, &all_hosts, &src) == 0) {
    memcpy(&address, src.bytes + 12, sizeof(address));
  }
  return address;
}

static int get(struct ph_stack *stack, const struct ph_sock *sock, int level,
               int option, void *value, ph_socklen_t *len) {
  const struct udp_pcb *udp = sock->udp;
  bool v6 = level == PH_IPPROTO_IPV6 && sock->ipv6;
  int32_t number;
  if (level == PH_IPPROTO_IP ? option == PH_IP_MULTICAST_TTL
                             : v6 && option == PH_IPV6_MULTICAST_HOPS) {
    number = udp->tx.multicast_ttl;
  } else if (level == PH_IPPROTO_IP ? option == PH_IP_MULTICAST_LOOP
                                    : v6 && option == PH_IPV6_MULTICAST_LOOP) {
    number = !udp->no_loop;
  } else if (level == PH_IPPROTO_IP && option == PH_IP_MULTICAST_IF) {
    number = interface_address(stack, udp);
  } else if (v6 && option == PH_IPV6_MULTICAST_IF) {
    number = udp->tx.multicast_if;
  } else {
    return -PH_ENOPROTOOPT;
  }
  if (!value || !len) {
    return -PH_EFAULT;
  }
  /* As in Linux: of IPv4's numbers an octet, if there is no more room. */
  *len = ph_min_u32(*len, sizeof(number));
  memcpy(value, &number, *len);
  return 0;
}

int ph_multicast_init(struct ph_stack *stack, uint32_t memberships) {
  static const struct sock_multicast multicast = {set, get, leave_all};
  struct sock_table *table = sock_table_of(stack);
  struct udp_group *groups =
      ph_stack_alloc(stack, memberships * sizeof(*groups));
  if (!groups) {
    return -PH_ENOMEM;
  }
  for (uint32_t i = memberships; i-- > 0;) {
    groups[i].next = table->free_groups;
    table->free_groups = &groups[i];
  }
  table->multicast = &multicast;
  const struct ph_addr v4 = ph_addr_v4(0);
  return ip_family_of(stack, &v4) ? ph_igmp_init(stack) : 0;
}
