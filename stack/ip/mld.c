/* SPDX-License-Identifier: Apache-2.0 */
/* MLD, the host's side: version 2 (RFC 3810 5), and version 1 (RFC 2710) where
 * an old querier asks (RFC 3810 8.2.1). Which groups there are and when they
 * are reported is ip_membership.c's. */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"

enum { HEADERS = IPV6_HDR_LEN + IPV6_EXT_UNIT }; /* with router alert */

/* ---- Reports ------------------------------------------------------------- */

/* RFC 3810 6: nobody asks about all nodes, or within one interface. */
static bool reported(const struct ph_addr *group) {
  return ipv6_multicast_scope(group->bytes) >= 2 &&
         !ph_addr_equal(group, &ipv6_all_nodes);
}

static void send(struct ipv6_link *link, struct pkt *pkt,
                 const struct ph_addr *dst) {
  const struct ipv6_address *a = ipv6_link_local(link);
  ipv6_stack_of(link)->stats.MldOutReports++;
  /* RFC 3590 4: until DAD is done, from `::`. */
  ipv6_send_on_link(link, pkt, a ? &a->addr : NULL, dst, NULL);
}

static void report(struct ip_group_link *link, struct pkt *pkt) {
  pkt->head[0] = ICMP6_MLD2_REPORT;
  send(link->netif->ipv6, pkt, &ipv6_all_mld2);
}

static void report_old(const struct ip_group *g, uint8_t version, bool member) {
  struct netif *netif = g->link->netif;
  struct pkt *pkt = nd_message_new(
      netif->ipv6, member ? ICMP6_MLD1_REPORT : ICMP6_MLD1_DONE, MLD1_LEN);
  (void)version;
  if (!pkt) {
    return; /* a query asks again */
  }
  memcpy(pkt->head + MLD_OFF_GROUP, g->addr.bytes, 16);
  send(netif->ipv6, pkt, member ? &g->addr : &ipv6_all_routers);
}

static const struct ip_group_protocol protocol = {
    .version = 2,
    .addr_len = 16,
    .headers = HEADERS,
    .reported = reported,
    .report = report,
    .report_old = report_old,
};

/* ---- Membership ---------------------------------------------------------- */

static const struct ip_filter everybody = {NULL, true};

void mld_link_init(struct ipv6_link *link) {
  ip_group_link_init(&link->groups, link->netif, &protocol);
}

/* RFC 4862 5.4.2: not all at once. */
int mld_join(struct ipv6_link *link, const struct ph_addr *group) {
  return ip_group_listen(&link->groups, group, NULL, &everybody, true);
}

int mld_leave(struct ipv6_link *link, const struct ph_addr *group) {
  return ip_group_listen(&link->groups, group, &everybody, NULL, true);
}

int ph_ipv6_join(struct ph_stack *stack, struct netif *netif,
                 const struct ph_addr *group) {
  (void)stack;
  return ip_listen(netif, group, NULL, &everybody);
}

int ph_ipv6_leave(struct ph_stack *stack, struct netif *netif,
                  const struct ph_addr *group) {
  (void)stack;
  return ip_listen(netif, group, &everybody, NULL);
}

/* ---- Queries ------------------------------------------------------------- */

/* RFC 3810 5.1.3, in ms. */
static uint32_t response_delay(uint32_t code, bool v1) {
  return v1 || code < 0x8000
             ? code
             : ((code & 0xfff) | 0x1000) << ((code >> 12 & 7) + 3);
}

bool mld_query(struct ipv6_link *link, const uint8_t *m, uint32_t len,
               const struct ip_rx *rx, bool router_alert) {
  bool v1 = len == MLD1_LEN;
  /* RFC 3810 5.1.14, 6.2: from a router of the link, or from nobody. */
  if (!ipv6_is_link_local(rx->src.bytes) || rx->ttl != 1 || !router_alert ||
      len < MLD1_LEN) {
    return false;
  }
  struct ip_group_query q = {
      .version = v1 ? 1 : 2,
      .most_ns = response_delay(get_be16(m + MLD_OFF_DELAY), v1) * IPV6_MS,
      .specific = !ipv6_is_unspecified(m + MLD_OFF_GROUP)};
  memcpy(q.group.bytes, m + MLD_OFF_GROUP, 16);
  if ((!v1 &&
       !ip_group_query_sources(&q, m + MLD_OFF_ROBUSTNESS, m + len, 16)) ||
      (q.specific && !ipv6_is_multicast(q.group.bytes))) {
    return false;
  }
  ipv6_stack_of(link)->stats.MldInQueries++;
  ip_group_query(&link->groups, &q);
  return true;
}

void mld_report(struct ipv6_link *link, const uint8_t *m, uint32_t len) {
  struct ph_addr group;
  if (len >= MLD1_LEN) {
    memcpy(group.bytes, m + MLD_OFF_GROUP, 16);
    ip_group_told(&link->groups, &group);
  }
}
