/* SPDX-License-Identifier: Apache-2.0 */
/* IGMP, the host's side: version 3 (RFC 3376 4), and versions 2 (RFC 2236) and
 * 1 (RFC 1112) where an old querier asks (RFC 3376 7.2). Which groups there are
 * and when they are reported is ip_membership.c's. */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/igmp.h"
#include "stack/ip/ip_internal.h"
#include "stack/ip/ip_membership.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

enum {
  IGMP_LEN = 8, /* versions 1 and 2 */
  OFF_GROUP = 4,
  OFF_ROBUSTNESS = 8,
  HEADROOM = 96,
  HEADER_LEN = IPV4_HDR_LEN + 4, /* with router alert */
  TOS_CONTROL = 0xc0,            /* internetwork control */
};
#define ROUTER_ALERT 0x94040000u /* RFC 2113 2.1 */
#define ALL_HOSTS 0xe0000001u
#define ALL_ROUTERS 0xe0000002u
#define ALL_IGMP3 0xe0000016u
#define TENTH_NS UINT64_C(100000000)
#define V1_DELAY_NS (100 * TENTH_NS) /* RFC 3376 7.2.1 */

/* ---- Reports ------------------------------------------------------------- */

/* RFC 3376 6: nobody asks about all hosts. */
static bool reported(const struct ph_addr *group) {
  return ph_addr_to_v4(group) != ALL_HOSTS;
}

/* RFC 3376 4.2.13: who has no address says so. */
static uint32_t source_on(const struct netif *netif) {
  const struct ip_state *ip = ip_of(netif->stack);
  for (uint32_t i = 0; i < ip->address_count; i++) {
    if (ip->addresses[i].netif == netif) {
      return ip->addresses[i].ip;
    }
  }
  return 0;
}

/* RFC 3376 4: time to live 1, router alert, precedence. Takes `pkt`, which
 * starts at the message. */
static void send(struct netif *netif, struct pkt *pkt, uint32_t dst) {
  struct ph_stack *stack = netif->stack;
  uint8_t mac[ETH_ADDR_LEN] = {1, 0, 0x5e};
  csum_put_icmp(pkt, 0);
  uint8_t *h = pkt_prepend(pkt, HEADER_LEN);
  memset(h, 0, HEADER_LEN);
  h[0] = 4 << 4 | HEADER_LEN / 4;
  h[IPV4_OFF_TOS] = TOS_CONTROL;
  put_be16(h + IPV4_OFF_LEN, (uint16_t)pkt->len);
  put_be16(h + IPV4_OFF_FRAG, IPV4_DF);
  h[IPV4_OFF_TTL] = 1;
  h[IPV4_OFF_PROTO] = IP_PROTO_IGMP;
  put_be32(h + IPV4_OFF_SRC, source_on(netif));
  put_be32(h + IPV4_OFF_DST, dst);
  put_be32(h + IPV4_HDR_LEN, ROUTER_ALERT);
  csum_put_ipv4(h, HEADER_LEN);
  put_be32(mac + 2, 0x5e000000 | (dst & 0x7fffff)); /* RFC 1112 6.4 */
  stack->stats.IpOutRequests++;
  stack->stats.IgmpOutReports++;
  eth_send(netif, pkt, mac, ETH_TYPE_IPV4); /* or it is said, asked again */
}

static void report(struct ip_group_link *link, struct pkt *pkt) {
  pkt->head[0] = IGMP_V3_REPORT;
  send(link->netif, pkt, ALL_IGMP3);
}

/* RFC 2236 3; version 1 does not say that it leaves. */
static void report_old(const struct ip_group *g, uint8_t version, bool member) {
  struct netif *netif = g->link->netif;
  uint32_t group = ph_addr_to_v4(&g->addr);
  struct pkt *pkt = member || version > 1
                        ? ph_stack_pkt(netif->stack, HEADROOM, IGMP_LEN)
                        : NULL;
  if (!pkt) {
    return;
  }
  pkt->head[0] = !member        ? IGMP_V2_LEAVE
                 : version == 1 ? IGMP_V1_REPORT
                                : IGMP_V2_REPORT;
  put_be32(pkt->head + OFF_GROUP, group);
  send(netif, pkt, member ? group : ALL_ROUTERS);
}

static const struct ip_group_protocol protocol = {
    .version = 3,
    .addr_len = 4,
    .headers = HEADER_LEN,
    .reported = reported,
    .report = report,
    .report_old = report_old,
};

/* ---- Receiving ----------------------------------------------------------- */

/* RFC 3376 4.1.1. */
static uint64_t response_ns(uint8_t code) {
  uint32_t tenths =
      code < 128 ? code : ((code & 15u) | 16) << ((code >> 4 & 7) + 3);
  return tenths * TENTH_NS;
}

/* RFC 3376 7.1: which version it is follows from its length. */
static bool query(struct ip_group_link *link, const uint8_t *m, uint32_t len) {
  uint32_t group = get_be32(m + OFF_GROUP);
  struct ip_group_query q = {.group = ph_addr_v4(group),
                             .specific = group != 0,
                             .version = 3,
                             .most_ns = response_ns(m[1])};
  if (len == IGMP_LEN) {
    q.version = m[1] ? 2 : 1;
    q.most_ns = m[1] ? m[1] * TENTH_NS : V1_DELAY_NS;
    q.specific = q.specific && m[1];
  } else if (!ip_group_query_sources(&q, m + OFF_ROBUSTNESS, m + len, 4)) {
    return false;
  }
  if (q.specific && !ipv4_is_multicast(group)) {
    return false;
  }
  link->netif->stack->stats.IgmpInQueries++;
  ip_group_query(link, &q);
  return true;
}

static bool take(struct ip_group_link *link, const struct pkt *pkt,
                 const struct ip_rx *rx) {
  const uint8_t *m = pkt->head;
  /* What does not lie in one piece came from no querier; a greater time to live
   * may have crossed routers. */
  if (pkt->nfrags > 0 || pkt->head_len < IGMP_LEN || rx->ttl != 1 ||
      csum_pkt(pkt, 0, 0) != 0xffff) {
    return false;
  }
  if (m[0] == IGMP_QUERY) {
    return query(link, m, pkt->head_len);
  }
  if (m[0] == IGMP_V1_REPORT || m[0] == IGMP_V2_REPORT) {
    const struct ph_addr group = ph_addr_v4(get_be32(m + OFF_GROUP));
    ip_group_told(link, &group);
  }
  return true; /* RFC 3376 4: other types are ignored */
}

static void igmp_input(struct ph_stack *stack, struct pkt *pkt,
                       const struct ip_rx *rx) {
  struct ip_group_link *link = pkt->netif ? pkt->netif->igmp : NULL;
  stack->stats.IgmpInErrors += !(link && take(link, pkt, rx));
  pkt_put(pkt);
}

/* ---- Start --------------------------------------------------------------- */

static int attach(struct netif *netif) {
  struct ip_group_link *link = ph_stack_alloc(netif->stack, sizeof(*link));
  if (!link) {
    return -PH_ENOMEM;
  }
  ip_group_link_init(link, netif, &protocol);
  netif->igmp = link;
  return 0;
}

static bool heard(const struct netif *netif, uint32_t group) {
  const struct ph_addr addr = ph_addr_v4(group);
  return netif->igmp && ip_group_heard(netif->igmp, &addr);
}

/* A switch that has no address asks for groups from 0.0.0.0 (RFC 4541 2.1.1).
 */
static bool from_switch(const struct netif *netif, const uint8_t *h) {
  const struct ph_addr dst = ph_addr_v4(get_be32(h + IPV4_OFF_DST));
  return get_be32(h + IPV4_OFF_SRC) == 0 &&
         h[IPV4_OFF_PROTO] == IP_PROTO_IGMP && ip_addr_is_multicast(&dst) &&
         ipv4_heard(netif, &dst);
}

int ph_igmp_init(struct ph_stack *stack) {
  static const struct ip_protocol handlers = {igmp_input, NULL};
  struct ip_state *ip = ip_of(stack);
  if (!ip || !ip->families[0] || ip->heard4) {
    return ip && ip->heard4 ? 0 : -PH_EINVAL;
  }
  int error = ip_groups_init(stack);
  error = error ? error : ip_register_protocol(stack, IP_PROTO_IGMP, &handlers);
  error = error ? error : netif_on_added(stack, attach);
  ip->heard4 = heard;
  ip->from_switch = from_switch;
  return error;
}
