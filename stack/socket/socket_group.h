/* SPDX-License-Identifier: Apache-2.0 */
/* What sockets are members of, and whom they want to hear there. */
#ifndef PH_SOCKET_SOCKET_GROUP_H
#define PH_SOCKET_SOCKET_GROUP_H

#include "stack/ip/ip_membership.h"
#include "stack/socket/socket_internal.h"

/* A membership of a socket. */
struct udp_group {
  struct udp_group *next;
  struct ph_addr addr;
  struct netif *netif;
  bool filtered;           /* its mode is fixed, even if it names nobody */
  struct ip_filter filter; /* its senders come from sock_table.free_sources */
};

/* Memory for so many memberships and senders of all sockets: 0, -PH_ENOMEM. */
int sock_groups_init(struct ph_stack *stack, uint32_t memberships,
                     uint32_t sources) PH_MUST_USE;

/* The socket's membership there (`netif` NULL: on any), or NULL. */
struct udp_group *sock_group_find(const struct ph_sock *sock,
                                  const struct ph_addr *group,
                                  const struct netif *netif);

/* Become a member who hears whoever sends. 0, -PH_EINVAL, -PH_EADDRINUSE,
 * -PH_ENOBUFS. */
int sock_group_join(struct ph_stack *stack, struct ph_sock *sock,
                    const struct ph_addr *group, struct netif *netif);
void sock_group_leave(struct ph_stack *stack, struct ph_sock *sock,
                      struct udp_group *g);
void sock_group_leave_all(struct ph_stack *stack, struct ph_sock *sock);

/* Linux's four operations with one sender: add it to the senders that are
 * excluded (block) or included (join), or take it off. To include one it
 * becomes a member. 0, -PH_EINVAL (no member, or of the other mode),
 * -PH_EADDRNOTAVAIL (it is there already, or is not), -PH_ENOBUFS. */
int sock_group_source(struct ph_stack *stack, struct ph_sock *sock,
                      const struct ph_addr *group, struct netif *netif,
                      const struct ph_addr *source, bool exclude, bool add);

/* In one filter, as Linux has it: igmp_max_msf, mld_max_msf. */
static inline uint32_t sock_sources_max(bool v6) {
  return v6 ? 64 : 10;
}

/* A list of senders from the pool, each once. False: too many; it is as it was.
 */
bool sock_source_push(struct ph_stack *stack, struct ip_listed **list,
                      const struct ph_addr *source);
uint32_t sock_source_count(const struct ip_listed *list);
void sock_source_free(struct ph_stack *stack, struct ip_listed *list);

/* The filter in place of the one that the member has; takes the list, if 0. */
int sock_group_set_filter(struct ph_stack *stack, struct ph_sock *sock,
                          struct udp_group *g, const struct ip_filter *filter);

#endif
