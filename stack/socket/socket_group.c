/* SPDX-License-Identifier: Apache-2.0 */
/* Memberships of sockets and their filters of senders (RFC 3376 2, RFC 3678).
 * Each tells its interface what it had and what it has now (ip_listen()); what
 * comes to a group is shown to a socket only if its filter wants the sender.
 * Results are Linux's. */
#include "stack/socket/socket_group.h"

#include "stack/udp/udp_internal.h"

struct udp_group *sock_group_find(const struct ph_sock *sock,
                                  const struct ph_addr *group,
                                  const struct netif *netif) {
  struct udp_group *g = sock->udp->groups;
  while (g &&
         !(ph_addr_equal(&g->addr, group) && (!netif || g->netif == netif))) {
    g = g->next;
  }
  return g;
}

static int errno_of(int error) {
  return error == -PH_ENOMEM ? -PH_ENOBUFS : error;
}

/* ---- Lists of senders ---------------------------------------------------- */

/* Move the sender to the front; false: it is not in the list. */
static bool to_front(struct ip_listed **list, const struct ph_addr *source) {
  for (struct ip_listed **at = list; *at; at = &(*at)->next) {
    struct ip_listed *l = *at;
    if (ph_addr_equal(&l->addr, source)) {
      *at = l->next;
      l->next = *list;
      *list = l;
      return true;
    }
  }
  return false;
}

bool sock_source_push(struct ph_stack *stack, struct ip_listed **list,
                      const struct ph_addr *source) {
  struct sock_table *table = sock_table_of(stack);
  struct ip_listed *l = table->free_sources;
  if (to_front(list, source)) {
    return true;
  }
  if (l) {
    table->free_sources = l->next;
    *l = (struct ip_listed){*list, *source};
    *list = l;
  }
  return l;
}

static void pop(struct ph_stack *stack, struct ip_listed **list) {
  struct sock_table *table = sock_table_of(stack);
  struct ip_listed *l = *list;
  *list = l->next;
  l->next = table->free_sources;
  table->free_sources = l;
}

uint32_t sock_source_count(const struct ip_listed *list) {
  uint32_t count = 0;
  for (; list; list = list->next) {
    count++;
  }
  return count;
}

void sock_source_free(struct ph_stack *stack, struct ip_listed *list) {
  while (list) {
    pop(stack, &list);
  }
}

/* ---- Membership ---------------------------------------------------------- */

static int join(struct ph_stack *stack, struct ph_sock *sock,
                const struct ph_addr *group, struct netif *netif,
                const struct ip_filter *filter) {
  struct sock_table *table = sock_table_of(stack);
  struct udp_group *g = table->free_groups;
  if (sock_group_find(sock, group, netif)) {
    return -PH_EADDRINUSE;
  }
  int error = g ? ip_listen(netif, group, NULL, filter) : -PH_ENOMEM;
  if (error) {
    return errno_of(error);
  }
  table->free_groups = g->next;
  *g = (struct udp_group){
      .next = sock->udp->groups, .addr = *group, .netif = netif};
  g->filter = *filter;
  g->filtered = filter->sources != NULL;
  sock->udp->groups = g;
  return 0;
}

int sock_group_join(struct ph_stack *stack, struct ph_sock *sock,
                    const struct ph_addr *group, struct netif *netif) {
  static const struct ip_filter everybody = {NULL, true};
  return join(stack, sock, group, netif, &everybody);
}

void sock_group_leave(struct ph_stack *stack, struct ph_sock *sock,
                      struct udp_group *g) {
  struct sock_table *table = sock_table_of(stack);
  struct udp_group **at = &sock->udp->groups;
  while (*at != g) {
    at = &(*at)->next;
  }
  *at = g->next;
  (void)ip_listen(g->netif, &g->addr, &g->filter, NULL);
  sock_source_free(stack, g->filter.sources);
  g->next = table->free_groups;
  table->free_groups = g;
}

void sock_group_leave_all(struct ph_stack *stack, struct ph_sock *sock) {
  while (sock->udp->groups) {
    sock_group_leave(stack, sock, sock->udp->groups);
  }
}

/* ---- Filters ------------------------------------------------------------- */

static int source_add(struct ph_stack *stack, struct udp_group *g,
                      const struct ph_addr *source) {
  const struct ip_filter before = g->filter;
  if (to_front(&g->filter.sources, source)) {
    return -PH_EADDRNOTAVAIL;
  }
  if (sock_source_count(g->filter.sources) >=
          sock_sources_max(!ph_addr_is_v4(&g->addr)) ||
      !sock_source_push(stack, &g->filter.sources, source)) {
    return -PH_ENOBUFS;
  }
  int error = ip_listen(g->netif, &g->addr, &before, &g->filter);
  if (error) {
    pop(stack, &g->filter.sources);
    return errno_of(error);
  }
  g->filtered = true;
  return 0;
}

static int source_remove(struct ph_stack *stack, struct ph_sock *sock,
                         struct udp_group *g, const struct ph_addr *source) {
  if (!to_front(&g->filter.sources, source)) {
    return -PH_EADDRNOTAVAIL;
  }
  if (!g->filter.sources->next && !g->filter.exclude) {
    sock_group_leave(stack, sock, g); /* to include nobody is not to listen */
    return 0;
  }
  const struct ip_filter after = {g->filter.sources->next, g->filter.exclude};
  (void)ip_listen(g->netif, &g->addr, &g->filter, &after);
  pop(stack, &g->filter.sources);
  return 0;
}

int sock_group_source(struct ph_stack *stack, struct ph_sock *sock,
                      const struct ph_addr *group, struct netif *netif,
                      const struct ph_addr *source, bool exclude, bool add) {
  struct udp_group *g = sock_group_find(sock, group, netif);
  if (!g && add && !exclude) {
    struct ip_filter one = {NULL, false};
    int error = sock_source_push(stack, &one.sources, source) ? 0 : -PH_ENOBUFS;
    error = error ? error : join(stack, sock, group, netif, &one);
    if (error) {
      sock_source_free(stack, one.sources);
    }
    return error;
  }
  if (!g || (g->filtered && g->filter.exclude != exclude)) {
    return -PH_EINVAL;
  }
  if (g->filter.exclude != exclude) { /* it heard everybody until now */
    struct ip_filter one = {NULL, exclude};
    if (!add || !sock_source_push(stack, &one.sources, source)) {
      return add ? -PH_ENOBUFS : -PH_EADDRNOTAVAIL;
    }
    return sock_group_set_filter(stack, sock, g, &one);
  }
  return add ? source_add(stack, g, source)
             : source_remove(stack, sock, g, source);
}

int sock_group_set_filter(struct ph_stack *stack, struct ph_sock *sock,
                          struct udp_group *g, const struct ip_filter *filter) {
  if (!filter->exclude && !filter->sources) {
    sock_group_leave(stack, sock, g);
    return 0;
  }
  int error = ip_listen(g->netif, &g->addr, &g->filter, filter);
  if (!error) {
    sock_source_free(stack, g->filter.sources);
    g->filter = *filter;
    g->filtered = true;
  }
  return errno_of(error);
}

/* ---- What is heard ------------------------------------------------------- */

/* udp_state.hears: by what it joined; a group that others joined it hears as a
 * whole, unless IP_MULTICAST_ALL is off. */
static bool hears(const struct udp_pcb *pcb, const struct ph_addr *group,
                  const struct ph_addr *source, uint32_t ifindex) {
  struct ph_addr from = *source;
  (void)ip_addr_take_zone(&from);
  for (const struct udp_group *g = pcb->groups; g; g = g->next) {
    if (g->netif->index == ifindex && ph_addr_equal(&g->addr, group)) {
      const struct ip_listed *l = g->filter.sources;
      while (l && !ph_addr_equal(&l->addr, &from)) {
        l = l->next;
      }
      return (l != NULL) != g->filter.exclude;
    }
  }
  return !pcb->members_only || !ip_addr_is_multicast(group);
}

int sock_groups_init(struct ph_stack *stack, uint32_t memberships,
                     uint32_t sources) {
  struct sock_table *table = sock_table_of(stack);
  table->free_groups =
      ph_stack_alloc_list(stack, memberships, sizeof(struct udp_group),
                          offsetof(struct udp_group, next));
  table->free_sources =
      ph_stack_alloc_list(stack, sources, sizeof(struct ip_listed),
                          offsetof(struct ip_listed, next));
  udp_of(stack)->hears = hears;
  udp_share_ports(stack); /* who looks at it */
  return table->free_groups && table->free_sources ? 0 : -PH_ENOMEM;
}
