/* SPDX-License-Identifier: Apache-2.0 */
/* Options for groups: RFC 1112 6.1, 7.1; RFC 3493 5.2; with senders RFC 3678.
 * Values and results are Linux's. A membership is a socket's; it ends with the
 * socket. */
#include "stack/ip/igmp.h"
#include "stack/socket/sockaddr.h"
#include "stack/socket/socket_group.h"
#include "stack/wire/bytes.h"

enum { MREQ_LEN = 8, ADDRESS_LEN = 4, OCTET_MAX = 255, SOURCES_PER_GROUP = 8 };

/* What both families have, by different numbers: the first five in this order.
 */
enum what { IF, HOPS, LOOP, JOIN, LEAVE, ALL, OTHER };

_Static_assert(PH_IP_DROP_MEMBERSHIP - PH_IP_MULTICAST_IF == LEAVE &&
                   PH_IPV6_LEAVE_GROUP - PH_IPV6_MULTICAST_IF == LEAVE,
               "Linux's order");

static PH_APART_IF_SMALL enum what what_of(bool v6, int option) {
  int first = v6 ? PH_IPV6_MULTICAST_IF : PH_IP_MULTICAST_IF;
  if (option == (v6 ? PH_IPV6_MULTICAST_ALL : PH_IP_MULTICAST_ALL)) {
    return ALL;
  }
  return option >= first && option <= first + LEAVE
             ? (enum what)(option - first)
             : OTHER;
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

/* Is it a group, and is there an interface? */
static int check(const struct ph_addr *group, const struct netif *netif,
                 int no_group) {
  return !ip_addr_is_multicast(group) ? no_group : netif ? 0 : -PH_ENODEV;
}

static int change(struct ph_stack *stack, struct ph_sock *sock,
                  const struct ph_addr *group, struct netif *netif,
                  bool joins) {
  int error = check(group, netif, joins ? -PH_EINVAL : -PH_EADDRNOTAVAIL);
  if (error || joins) {
    return error ? error : sock_group_join(stack, sock, group, netif);
  }
  struct udp_group *g = sock_group_find(sock, group, netif);
  if (g) {
    sock_group_leave(stack, sock, g);
  }
  return g ? 0 : -PH_EADDRNOTAVAIL;
}

/* The operations with a sender, of either numbering. */
static int change_source(struct ph_stack *stack, struct ph_sock *sock,
                         int option, const struct ph_addr *group,
                         struct netif *netif, const struct ph_addr *source) {
  int error = check(group, netif, -PH_EINVAL);
  bool exclude =
      option == PH_IP_BLOCK_SOURCE || option == PH_IP_UNBLOCK_SOURCE ||
      option == PH_MCAST_BLOCK_SOURCE || option == PH_MCAST_UNBLOCK_SOURCE;
  bool add =
      option == PH_IP_BLOCK_SOURCE || option == PH_IP_ADD_SOURCE_MEMBERSHIP ||
      option == PH_MCAST_BLOCK_SOURCE || option == PH_MCAST_JOIN_SOURCE_GROUP;
  return error ? error
               : sock_group_source(stack, sock, group, netif, source, exclude,
                                   add);
}

/* Which group, on which interface. */
struct place {
  struct ph_addr group;
  uint32_t address; /* of the interface, or 0 */
  int32_t ifindex;  /* or 0 */
};

/* struct ph_ip_mreqn or its first two, or an address alone; struct ph_ipv6_mreq
 * or an index alone. `member`: the group is there. */
static int get_place(bool v6, bool member, const uint8_t *value,
                     ph_socklen_t len, struct place *out) {
  *out = (struct place){.ifindex = 0};
  ph_socklen_t least = !v6      ? member ? MREQ_LEN : ADDRESS_LEN
                       : member ? sizeof(struct ph_ipv6_mreq)
                                : sizeof(out->ifindex);
  if (len < least || !value) {
    return v6 || len < least ? -PH_EINVAL : -PH_EFAULT;
  }
  if (v6) {
    memcpy(&out->group, value, member ? 16 : 0);
    memcpy(&out->ifindex, value + (member ? 16 : 0), sizeof(out->ifindex));
    return 0;
  }
  if (len >= MREQ_LEN) {
    out->group = ph_addr_v4(get_be32(value));
    value += ADDRESS_LEN;
    len -= ADDRESS_LEN;
  }
  out->address = get_be32(value);
  if (len > ADDRESS_LEN) {
    memcpy(&out->ifindex, value + ADDRESS_LEN,
           ph_min_u32(len - ADDRESS_LEN, sizeof(out->ifindex)));
  }
  return 0;
}

static int set_interface(struct ph_stack *stack, struct udp_pcb *udp,
                         const struct place *at) {
  const struct netif *netif = NULL;
  if (at->ifindex || at->address) {
    netif = interface(stack, at->ifindex, at->address, NULL);
    if (!netif) {
      return at->ifindex ? -PH_ENODEV : -PH_EADDRNOTAVAIL;
    }
  }
  udp_use_interfaces(udp->stack);
  udp->tx.multicast_if = netif ? netif->index : 0;
  return 0;
}

/* A number that is -1 (the default, 1) or an octet; or a flag: ours come back,
 * or groups that others joined are heard, too. */
static int set_number(struct udp_pcb *udp, enum what what, int level,
                      const void *value, ph_socklen_t len) {
  int32_t number = 0;
  bool short_one = len < (level == PH_IPPROTO_IP ? 1 : sizeof(number));
  int error =
      short_one ? -PH_EINVAL : sock_take_number(level, value, len, &number);
  if (error) {
    return error;
  }
  if (what == LOOP) {
    udp->no_loop = number == 0;
    return 0;
  }
  if (number < (what == HOPS ? -1 : 0) ||
      number > (what == HOPS ? OCTET_MAX : 1)) {
    return -PH_EINVAL;
  }
  if (what == HOPS) {
    udp->tx.multicast_ttl = number < 0 ? 1 : (uint8_t)number;
  } else {
    udp->members_only = number == 0;
  }
  return 0;
}

/* ---- Requests of RFC 3678, which name groups and senders by addresses ---- */

/* A sockaddr that may lie anywhere; false: not of this family. */
static bool get_address(const uint8_t *at, bool v6, struct ph_addr *out) {
  uint16_t family;
  memcpy(&family, at, sizeof(family));
  if (v6) {
    memcpy(out->bytes, at + offsetof(struct ph_sockaddr_in6, sin6_addr), 16);
  } else {
    *out = ph_addr_v4(get_be32(at + offsetof(struct ph_sockaddr_in, sin_addr)));
  }
  return family == (v6 ? PH_AF_INET6 : PH_AF_INET);
}

static uint32_t get_number(const uint8_t *at) {
  uint32_t number;
  memcpy(&number, at, sizeof(number));
  return number;
}

static int set_request(struct ph_stack *stack, struct ph_sock *sock, bool v6,
                       int option, const uint8_t *value, ph_socklen_t len) {
  bool joins = option == PH_MCAST_JOIN_GROUP;
  bool group_alone = joins || option == PH_MCAST_LEAVE_GROUP;
  struct ph_addr group, source;
  if (len < (group_alone ? sizeof(struct ph_group_req)
                         : sizeof(struct ph_group_source_req))) {
    return -PH_EINVAL;
  }
  if (!get_address(value + offsetof(struct ph_group_req, gr_group), v6,
                   &group)) {
    return group_alone && !v6 ? -PH_EINVAL : -PH_EADDRNOTAVAIL;
  }
  struct netif *netif = interface(stack, (int32_t)get_number(value), 0, &group);
  if (group_alone) {
    return change(stack, sock, &group, netif, joins);
  }
  return get_address(value + offsetof(struct ph_group_source_req, gsr_source),
                     v6, &source)
             ? change_source(stack, sock, option, &group, netif, &source)
             : -PH_EADDRNOTAVAIL;
}

/* Where in IP_MSFILTER's and MCAST_MSFILTER's structs things are. */
struct filter_layout {
  uint8_t mode, sources, size; /* the number of senders is behind the mode */
};
static PH_APART_IF_SMALL const struct filter_layout *layout_of(int option) {
  static const struct filter_layout of_ipv4 = {
      offsetof(struct ph_ip_msfilter, imsf_fmode),
      sizeof(struct ph_ip_msfilter), ADDRESS_LEN};
  static const struct filter_layout of_either = {
      offsetof(struct ph_group_filter, gf_fmode),
      sizeof(struct ph_group_filter), sizeof(struct ph_sockaddr_storage)};
  return option == PH_IP_MSFILTER ? &of_ipv4 : &of_either;
}

/* A group or a sender, as either has it. */
static bool get_listed(int option, bool v6, const uint8_t *at,
                       struct ph_addr *out) {
  if (option != PH_IP_MSFILTER) {
    return get_address(at, v6, out);
  }
  *out = ph_addr_v4(get_be32(at));
  return true;
}

/* The membership that either names; NULL, and then why in `*error`, which is
 * left as it is if the socket has none. */
static struct udp_group *filter_group(struct ph_stack *stack,
                                      const struct ph_sock *sock, int option,
                                      bool v6, const uint8_t *value,
                                      int *error) {
  bool of_ipv4 = option == PH_IP_MSFILTER;
  uint32_t at = of_ipv4 ? 0 : offsetof(struct ph_group_filter, gf_group);
  struct ph_addr group;
  if (!get_listed(option, v6, value + at, &group)) {
    *error = -PH_EADDRNOTAVAIL;
    return NULL;
  }
  const struct netif *netif = interface(
      stack, of_ipv4 ? 0 : (int32_t)get_number(value),
      of_ipv4
          ? get_be32(value + offsetof(struct ph_ip_msfilter, imsf_interface))
          : 0,
      &group);
  int wrong = check(&group, netif, -PH_EINVAL);
  if (wrong) {
    *error = wrong;
    return NULL;
  }
  return sock_group_find(sock, &group, netif);
}

static int set_filter(struct ph_stack *stack, struct ph_sock *sock, bool v6,
                      int option, const uint8_t *value, ph_socklen_t len) {
  const struct filter_layout *at = layout_of(option);
  struct ip_filter filter = {NULL, false};
  int error = -PH_EINVAL;
  if (len < at->sources) {
    return error;
  }
  uint32_t mode = get_number(value + at->mode);
  uint32_t count = get_number(value + at->mode + 4);
  if (count > sock_sources_max(v6)) {
    return -PH_ENOBUFS;
  }
  if (len < at->sources + count * at->size) {
    return error;
  }
  struct udp_group *g = filter_group(stack, sock, option, v6, value, &error);
  if (!g || mode > PH_MCAST_INCLUDE) {
    return error;
  }
  filter.exclude = mode == PH_MCAST_EXCLUDE;
  error = 0;
  for (uint32_t i = count; i-- > 0 && !error;) {
    struct ph_addr source;
    if (!get_listed(option, v6, value + at->sources + i * at->size, &source)) {
      error = -PH_EADDRNOTAVAIL;
    } else if (!sock_source_push(stack, &filter.sources, &source)) {
      error = -PH_ENOBUFS;
    }
  }
  error = error ? error : sock_group_set_filter(stack, sock, g, &filter);
  if (error) {
    sock_source_free(stack, filter.sources);
  }
  return error;
}

/* As many senders as there is room for, and how many there are. */
static PH_APART_IF_SMALL int get_filter(struct ph_stack *stack,
                                        const struct ph_sock *sock, bool v6,
                                        int option, uint8_t *value,
                                        ph_socklen_t *len) {
  const struct filter_layout *at = layout_of(option);
  int error = -PH_EADDRNOTAVAIL;
  if (*len < at->sources) {
    return -PH_EINVAL;
  }
  uint32_t room = ph_min_u32(get_number(value + at->mode + 4),
                             (*len - at->sources) / at->size);
  const struct udp_group *g =
      filter_group(stack, sock, option, v6, value, &error);
  if (!g) {
    return error;
  }
  const struct ip_listed *l = g->filter.sources;
  const uint32_t head[2] = {
      g->filter.exclude ? PH_MCAST_EXCLUDE : PH_MCAST_INCLUDE,
      sock_source_count(l)};
  memcpy(value + at->mode, head, sizeof(head));
  uint8_t *to = value + at->sources;
  for (uint32_t i = 0; i < room && l; i++, l = l->next, to += at->size) {
    struct ph_sockaddr_in6 addr;
    ph_socklen_t size = ph_sockaddr_make(v6, &l->addr, 0, &addr);
    if (option == PH_IP_MSFILTER) {
      memcpy(to, l->addr.bytes + 12, ADDRESS_LEN);
    } else {
      memset(to, 0, at->size);
      memcpy(to, &addr, size);
    }
  }
  *len = (ph_socklen_t)(to - value);
  return 0;
}

/* struct ip_mreq_source. */
static int set_source4(struct ph_stack *stack, struct ph_sock *sock, int option,
                       const void *value, ph_socklen_t len) {
  const uint8_t *at = value;
  if (len != sizeof(struct ph_ip_mreq_source) || !at) {
    return at ? -PH_EINVAL : -PH_EFAULT;
  }
  const struct ph_addr group = ph_addr_v4(get_be32(at));
  const struct ph_addr source = ph_addr_v4(get_be32(at + 8));
  return change_source(stack, sock, option, &group,
                       interface(stack, 0, get_be32(at + 4), &group), &source);
}

/* The options with senders; SOCK_NUMBER: any other. */
static int set_senders(struct ph_stack *stack, struct ph_sock *sock, bool v6,
                       int option, const void *value, ph_socklen_t len) {
  if (!v6 && option >= PH_IP_UNBLOCK_SOURCE &&
      option <= PH_IP_DROP_SOURCE_MEMBERSHIP) {
    return set_source4(stack, sock, option, value, len);
  }
  bool filter =
      option == PH_MCAST_MSFILTER || (!v6 && option == PH_IP_MSFILTER);
  if (!filter && (option < PH_MCAST_JOIN_GROUP || option > PH_MCAST_MSFILTER)) {
    return SOCK_NUMBER;
  }
  if (!value) {
    return -PH_EFAULT;
  }
  return filter ? set_filter(stack, sock, v6, option, value, len)
                : set_request(stack, sock, v6, option, value, len);
}

static int set(struct ph_stack *stack, struct ph_sock *sock, int level,
               int option, const void *value, ph_socklen_t len) {
  bool v6 = level == PH_IPPROTO_IPV6;
  if (level != PH_IPPROTO_IP && !(v6 && sock->ipv6)) {
    return SOCK_NUMBER;
  }
  enum what what = what_of(v6, option);
  bool member = what == JOIN || what == LEAVE;
  if (what == OTHER) {
    return set_senders(stack, sock, v6, option, value, len);
  }
  if (what != IF && !member) {
    return set_number(sock->udp, what, level, value, len);
  }
  struct place at;
  int error = get_place(v6, member, value, len, &at);
  return error    ? error
         : member ? change(stack, sock, &at.group,
                           interface(stack, at.ifindex, at.address, &at.group),
                           what == JOIN)
                  : set_interface(stack, sock->udp, &at);
}

/* The address of the interface for groups, in network order. */
static PH_APART_IF_SMALL int32_t interface_address(struct ph_stack *stack,
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
               int option, void *value, ph_socklen_t *len, int32_t *number) {
  const struct udp_pcb *udp = sock->udp;
  bool v6 = level == PH_IPPROTO_IPV6;
  if (level != PH_IPPROTO_IP && !(v6 && sock->ipv6)) {
    return -PH_ENOPROTOOPT;
  }
  if (option == PH_MCAST_MSFILTER || (!v6 && option == PH_IP_MSFILTER)) {
    return value && len ? get_filter(stack, sock, v6, option, value, len)
                        : -PH_EFAULT;
  }
  switch (what_of(v6, option)) {
    case HOPS:
      *number = udp->tx.multicast_ttl;
      return SOCK_NUMBER;
    case LOOP:
      *number = !udp->no_loop;
      return SOCK_NUMBER;
    case ALL:
      *number = !udp->members_only;
      return SOCK_NUMBER;
    case IF:
      *number = v6 ? udp->tx.multicast_if : interface_address(stack, udp);
      return v6 ? SOCK_NUMBER
                : sock_put_bytes(value, len, number, sizeof(*number));
    default:
      return -PH_ENOPROTOOPT;
  }
}

int ph_multicast_init(struct ph_stack *stack, uint32_t memberships) {
  static const struct sock_multicast multicast = {set, get,
                                                  sock_group_leave_all};
  int error =
      sock_groups_init(stack, memberships, memberships * SOURCES_PER_GROUP);
  if (error) {
    return error;
  }
  sock_table_of(stack)->multicast = &multicast;
  const struct ph_addr v4 = ph_addr_v4(0);
  return ip_family_of(stack, &v4) ? ph_igmp_init(stack) : 0;
}
