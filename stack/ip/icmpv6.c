/* SPDX-License-Identifier: Apache-2.0 */
/* ICMPv6 (RFC 4443): echo, and errors in both directions. */
#include "stack/base/errno.h"
#include "stack/ip/ipv6_internal.h"
#include "stack/wire/checksum.h"

enum {
  /* RFC 4443 2.4 (c): as much as fits into the least MTU. */
  QUOTE_MAX = IPV6_MIN_MTU - IPV6_HDR_LEN - ICMP6_HDR_LEN,
};

/* ---- Sending ------------------------------------------------------------- */

int icmpv6_output(struct ph_stack *stack, struct pkt *pkt,
                  const struct ph_addr *src, const struct ph_addr *dst,
                  uint8_t tos) {
  struct ip_tx tx = {.protocol = IP_PROTO_ICMPV6, .tos = tos};
  struct ip_path *path = ip_path_find(stack, NULL, src, dst);
  csum_put_icmp(pkt, ip_path_pseudo_sum(path, IP_PROTO_ICMPV6, pkt->len));
  stack->stats.Icmp6OutMsgs++;
  return netif_drop_refused(stack, pkt, ipv6_output(stack, pkt, path, tx));
}

/* RFC 4443 2.4 (e): is the packet that failed itself an error, or a redirect?
 * If its chain of headers can't be followed it may be one. */
static bool is_error(const uint8_t *ip, uint32_t len) {
  uint8_t next;
  uint32_t at = ipv6_upper_at(ip, len, &next);
  return at == 0 ? next == IPV6_NEXT_ICMP
                 : next == IPV6_NEXT_ICMP &&
                       (ip[at] < ICMP6_ECHO || ip[at] == ICMP6_REDIRECT);
}

void icmpv6_send(struct ph_stack *stack, const struct pkt *pkt,
                 const struct ip_rx *rx, uint8_t type, uint8_t code,
                 uint32_t word) {
  bool to_groups = type == ICMP6_TOO_BIG ||
                   (type == ICMP6_PARAMETER && code == ICMP6_PARAM_OPTION);
  if (!pkt->l3 || (rx->broadcast && !to_groups) ||
      ipv6_is_unspecified(rx->src.bytes) ||
      is_error(pkt->l3, (uint32_t)(pkt->head + pkt->head_len - pkt->l3))) {
    return;
  }
  struct pkt *out = icmp_make_error(stack, pkt, type, code, word, QUOTE_MAX);
  if (!out) {
    return;
  }
  /* RFC 4443 2.2: of what was for a group or for others, an address of ours. */
  bool ours = !rx->broadcast && ipv6_is_own(ipv6_of(stack), &rx->dst);
  (void)icmpv6_output(stack, out, ours ? &rx->dst : NULL, &rx->src, 0);
}

void icmpv6_send_error(struct ph_stack *stack, const struct pkt *pkt,
                       const struct ip_rx *rx, enum ip_error error) {
  static const struct {
    uint8_t type, code;
  } messages[] = {
      [IP_ERROR_NET_UNREACHABLE] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_ROUTE},
      [IP_ERROR_HOST_UNREACHABLE] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_ADDRESS},
      [IP_ERROR_PORT_UNREACHABLE] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_PORT},
      [IP_ERROR_ADMIN_PROHIBITED] = {ICMP6_UNREACHABLE, ICMP6_UNREACH_ADMIN},
      [IP_ERROR_TIME_EXCEEDED] = {ICMP6_TIME_EXCEEDED, 0},
      [IP_ERROR_REASSEMBLY] = {ICMP6_TIME_EXCEEDED, 1},
  };
  if (error < PH_ARRAY_LEN(messages) && messages[error].type) {
    icmpv6_send(stack, pkt, rx, messages[error].type, messages[error].code, 0);
  } /* with a pointer, an MTU: icmpv6_send() */
}

/* ---- Receiving ----------------------------------------------------------- */

/* Answer in the packet itself (RFC 4443 4.2), from the address that was asked,
 * or, asked as a group, from one of ours and not too often. */
static void echo_request(struct ph_stack *stack, struct pkt *pkt,
                         const struct ip_rx *rx) {
  stack->stats.Icmp6InEchos++;
  if (ipv6_is_unspecified(rx->src.bytes) ||
      (rx->broadcast && !icmp_take_token(stack))) {
    pkt_put(pkt);
    return;
  }
  icmp_turn_round(pkt, ICMP6_ECHO_REPLY);
  (void)icmpv6_output(stack, pkt, rx->broadcast ? NULL : &rx->dst, &rx->src,
                      rx->tos);
}

bool ipv6_report_error(struct netif *netif, const uint8_t *h, uint32_t len,
                       struct ip_error_info *info) {
  struct ph_stack *stack = netif->stack;
  uint8_t next;
  uint32_t at =
      len >= IPV6_HDR_LEN && h[0] >> 4 == 6 ? ipv6_upper_at(h, len, &next) : 0;
  if (at == 0 || len < at + 8) {
    return false;
  }
  info->src = ipv6_addr_at(h + IPV6_OFF_SRC, netif);
  info->dst = ipv6_addr_at(h + IPV6_OFF_DST, netif);
  info->transport = h + at;
  info->transport_len = len - at;
  if (!ipv6_is_own(ipv6_of(stack), &info->src)) {
    return false;
  }
  ip_tell_error(stack, next, info);
  return true;
}

/* RFC 4443 3; of what kind an error is for a transport. */
static bool error_of(uint8_t type, uint8_t code, enum ip_error *error) {
  static const uint8_t unreachable[] = {
      IP_ERROR_NET_UNREACHABLE,  IP_ERROR_ADMIN_PROHIBITED,
      IP_ERROR_NET_UNREACHABLE,  IP_ERROR_HOST_UNREACHABLE,
      IP_ERROR_PORT_UNREACHABLE, IP_ERROR_ADMIN_PROHIBITED,
      IP_ERROR_ADMIN_PROHIBITED};
  switch (type) {
    case ICMP6_UNREACHABLE: /* an unknown code is still "unreachable" */
      *error = code < sizeof(unreachable) ? unreachable[code]
                                          : (uint8_t)IP_ERROR_HOST_UNREACHABLE;
      return true;
    case ICMP6_TOO_BIG:
      *error = IP_ERROR_TOO_BIG;
      return true;
    case ICMP6_TIME_EXCEEDED:
      *error = IP_ERROR_TIME_EXCEEDED;
      return true;
    case ICMP6_PARAMETER:
      *error = code == ICMP6_PARAM_NEXT ? IP_ERROR_PROTO_UNREACHABLE
                                        : IP_ERROR_PARAMETER;
      return true;
    default: /* RFC 4443 2.4 (a): passed up as what it is, a failure */
      *error = IP_ERROR_HOST_UNREACHABLE;
      return type < ICMP6_ECHO;
  }
}

static bool error_input(struct ph_stack *stack, const struct pkt *pkt,
                        const struct ip_rx *rx) {
  const uint8_t *h = pkt->head;
  struct ip_error_info info = {.icmp = h, .rx = rx};
  if (!error_of(h[0], h[1], &info.error)) {
    return false;
  }
  if (info.error == IP_ERROR_TOO_BIG) {
    stack->stats.Icmp6InPktTooBigs++;
    uint32_t mtu = get_be32(h + 4);
    if (mtu < IPV6_MIN_MTU) {
      return false; /* RFC 8201 4: can't be */
    }
    info.mtu = (uint16_t)ph_min_u32(mtu, UINT16_MAX);
  }
  return ipv6_report_error(pkt->netif, h + ICMP6_HDR_LEN,
                           pkt->head_len - ICMP6_HDR_LEN, &info);
}

static bool sum_good(struct ph_stack *stack, const struct pkt *pkt,
                     const struct ip_rx *rx) {
  uint16_t sum = ipv6_pseudo_sum(&rx->src, &rx->dst, IP_PROTO_ICMPV6, pkt->len);
  if (csum_pkt(pkt, 0, sum) == 0xffff) {
    return true;
  }
  stack->stats.Icmp6InCsumErrors++;
  return false;
}

static bool take(struct ph_stack *stack, const struct pkt *pkt,
                 const struct ip_rx *rx, bool router_alert) {
  struct ipv6_link *link = pkt->netif->ipv6;
  uint8_t type = pkt->head[0];
  if (type >= ICMP6_RS && type <= ICMP6_REDIRECT) {
    if (link) {
      nd_input(link, pkt, rx);
    }
    return true; /* what is wrong with it was counted */
  }
  if (type == ICMP6_MLD1_DONE || type == ICMP6_MLD2_REPORT) {
    return true; /* of others: nobody waits for them */
  }
  switch (type) {
    case ICMP6_ECHO_REPLY:
      stack->stats.Icmp6InEchoReplies++;
      icmp_tell_echo(stack, pkt, rx);
      return true;
    case ICMP6_MLD_QUERY:
      return !link ||
             (pkt->nfrags == 0 &&
              mld_query(link, pkt->head, pkt->head_len, rx, router_alert));
    case ICMP6_MLD1_REPORT:
      if (link) {
        mld_report(link, pkt->head, pkt->head_len);
      }
      return true;
    default: /* RFC 4443 2.4 (b): what informs of the unknown is ignored */
      return !rx->broadcast && error_input(stack, pkt, rx);
  }
}

void icmpv6_input(struct ph_stack *stack, struct pkt *pkt,
                  const struct ip_rx *rx, bool router_alert) {
  stack->stats.Icmp6InMsgs++;
  bool whole = pkt->head_len >= ICMP6_HDR_LEN && sum_good(stack, pkt, rx);
  if (whole && pkt->head[0] == ICMP6_ECHO) {
    echo_request(stack, pkt, rx);
    return;
  }
  if (!whole || !take(stack, pkt, rx, router_alert)) {
    stack->stats.Icmp6InErrors++;
  }
  pkt_put(pkt);
}
