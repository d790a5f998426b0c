/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/explain/ladder_words.h"

#include <stdio.h>
#include <string.h>

#include "sim/run/address.h"
#include "stack/dhcp/dhcp_wire.h"
#include "stack/dns/dns_wire.h"
#include "stack/wire/bytes.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"

enum { PROTO_ICMP = 1, PROTO_IGMP = 2, PROTO_TCP = 6, PROTO_UDP = 17 };
enum { DNS_HEADER = 12, DNS_PORT_NUMBER = 53 };

/* What is behind the IP header, and whose it is. */
struct payload {
  const uint8_t *data;
  size_t len;
  uint8_t protocol, hops;
  char src[ADDRESS_TEXT], dst[ADDRESS_TEXT];
};

static void put_v4(const uint8_t *at, char text[ADDRESS_TEXT]) {
  const struct ph_addr address = ph_addr_v4(get_be32(at));
  address_text(&address, text);
}

static void put_v6(const uint8_t *at, char text[ADDRESS_TEXT]) {
  struct ph_addr address;
  memcpy(address.bytes, at, 16);
  address_text(&address, text);
}

/* --- ARP ------------------------------------------------------------------ */

static void say_arp(const uint8_t *p, size_t len, char text[LADDER_TEXT]) {
  char spa[ADDRESS_TEXT], tpa[ADDRESS_TEXT];
  if (len < ARP_LEN) {
    snprintf(text, LADDER_TEXT, "ARP, cut");
    return;
  }
  put_v4(p + ARP_OFF_SPA, spa);
  put_v4(p + ARP_OFF_TPA, tpa);
  if (strcmp(spa, tpa) == 0) {
    snprintf(text, LADDER_TEXT, "ARP: %s is mine", spa);
  } else if (get_be16(p + ARP_OFF_OPER) == ARP_OPER_REQUEST) {
    snprintf(text, LADDER_TEXT, "ARP: who has %s?", tpa);
  } else {
    const uint8_t *mac = p + ARP_OFF_SHA;
    snprintf(text, LADDER_TEXT, "ARP: %s is at %02x:%02x:%02x:%02x:%02x:%02x",
             spa, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  }
}

/* --- ICMP ----------------------------------------------------------------- */

static enum ladder_kind say_icmp(const struct payload *p,
                                 char text[LADDER_TEXT]) {
  switch (p->data[0]) {
    case ICMP_ECHO:
      snprintf(text, LADDER_TEXT, "echo request to %s, ttl %u", p->dst,
               p->hops);
      return LADDER_ASKS;
    case ICMP_ECHO_REPLY:
      snprintf(text, LADDER_TEXT, "echo reply to %s, ttl %u", p->dst, p->hops);
      return LADDER_ANSWERS;
    case ICMP_TIME_EXCEEDED:
      snprintf(text, LADDER_TEXT, "%s: time exceeded", p->src);
      return LADDER_ANSWERS;
    case ICMP_UNREACHABLE:
      snprintf(text, LADDER_TEXT, "%s: unreachable", p->src);
      return LADDER_ANSWERS;
    default:
      snprintf(text, LADDER_TEXT, "ICMP, type %u", p->data[0]);
      return LADDER_ANSWERS;
  }
}

/* The target of a solicitation or an advertisement. */
static void say_target(const struct payload *p, const char *before,
                       const char *behind, char text[LADDER_TEXT]) {
  char target[ADDRESS_TEXT] = "?";
  if (p->len >= ND_SOLICIT_LEN) {
    put_v6(p->data + ND_OFF_TARGET, target);
  }
  snprintf(text, LADDER_TEXT, "ND: %s%s%s", before, target, behind);
}

static enum ladder_kind say_icmp6(const struct payload *p,
                                  char text[LADDER_TEXT]) {
  switch (p->data[0]) {
    case ICMP6_ECHO:
      snprintf(text, LADDER_TEXT, "echo request to %s, hops %u", p->dst,
               p->hops);
      return LADDER_ASKS;
    case ICMP6_ECHO_REPLY:
      snprintf(text, LADDER_TEXT, "echo reply to %s, hops %u", p->dst, p->hops);
      return LADDER_ANSWERS;
    case ICMP6_RS:
      snprintf(text, LADDER_TEXT, "ND: is there a router?");
      return LADDER_LINK;
    case ICMP6_RA:
      snprintf(text, LADDER_TEXT, "ND: %s is a router", p->src);
      return LADDER_LINK;
    case ICMP6_NS:
      say_target(p, "who has ", "?", text);
      return LADDER_LINK;
    case ICMP6_NA:
      say_target(p, "", " is mine", text);
      return LADDER_LINK;
    case ICMP6_MLD2_REPORT:
      snprintf(text, LADDER_TEXT, "MLD: groups of %s", p->src);
      return LADDER_LINK;
    case ICMP6_TIME_EXCEEDED:
      snprintf(text, LADDER_TEXT, "%s: time exceeded", p->src);
      return LADDER_ANSWERS;
    default:
      snprintf(text, LADDER_TEXT, "ICMPv6, type %u", p->data[0]);
      return LADDER_ANSWERS;
  }
}

/* --- UDP ------------------------------------------------------------------ */

static enum ladder_kind say_dhcp(const struct dhcp_message *m,
                                 char text[LADDER_TEXT]) {
  static const char *const names[] = {"?",       "DISCOVER", "OFFER",
                                      "REQUEST", "DECLINE",  "ACK",
                                      "NAK",     "RELEASE",  "INFORM"};
  uint32_t ip = m->yiaddr ? m->yiaddr : m->ciaddr ? m->ciaddr : m->requested;
  const struct ph_addr address = ph_addr_v4(ip);
  char plain[ADDRESS_TEXT];
  snprintf(text, LADDER_TEXT, "DHCP %s%s%s",
           names[m->type <= DHCP_INFORM ? m->type : 0], ip ? " " : "",
           ip ? address_text(&address, plain) : "");
  return m->op == DHCP_TO_SERVER ? LADDER_ASKS : LADDER_ANSWERS;
}

static const char *type_of(uint16_t type) {
  return type == DNS_TYPE_A      ? "A"
         : type == DNS_TYPE_AAAA ? "AAAA"
         : type == DNS_TYPE_PTR  ? "PTR"
                                 : "?";
}

static enum ladder_kind say_dns(const uint8_t *msg, uint32_t len,
                                char text[LADDER_TEXT]) {
  struct dns_question question;
  char name[DNS_TEXT_MAX];
  bool answer = len > 2 && msg[2] & 0x80;
  if (len < DNS_HEADER ||
      dns_question_read(msg, len, DNS_HEADER, &question) < 0 ||
      dns_name_to_text(&question.name, name) < 0) {
    snprintf(text, LADDER_TEXT, "DNS");
  } else if (!answer) {
    snprintf(text, LADDER_TEXT, "DNS: %.40s, %s?", name,
             type_of(question.type));
  } else if (msg[3] & 15) {
    snprintf(text, LADDER_TEXT, "DNS: %.40s: there is none", name);
  } else {
    snprintf(text, LADDER_TEXT, "DNS: %.40s: %u of %s", name, get_be16(msg + 6),
             type_of(question.type));
  }
  return answer ? LADDER_ANSWERS : LADDER_ASKS;
}

static enum ladder_kind say_udp(const struct payload *p,
                                char text[LADDER_TEXT]) {
  uint16_t from = get_be16(p->data + UDP_OFF_SRC);
  uint16_t to = get_be16(p->data + UDP_OFF_DST);
  const uint8_t *body = p->data + UDP_HDR_LEN;
  uint32_t len = (uint32_t)p->len - UDP_HDR_LEN;
  struct dhcp_message m;
  if ((to == DHCP_SERVER_PORT || to == DHCP_CLIENT_PORT) &&
      dhcp_read(body, len, &m) == 0) {
    return say_dhcp(&m, text);
  }
  if (to == DNS_PORT_NUMBER || from == DNS_PORT_NUMBER) {
    return say_dns(body, len, text);
  }
  snprintf(text, LADDER_TEXT, "UDP to %s, port %u", p->dst, to);
  return LADDER_ASKS;
}

/* --- All ------------------------------------------------------------------ */

/* False: it is cut, or has headers that are not looked behind. */
static bool read_ip(const uint8_t *ip, size_t len, struct payload *p) {
  size_t header = len >= IPV4_HDR_LEN ? (ip[0] & 15u) * 4u : 0;
  if (len >= IPV6_HDR_LEN && ip[0] >> 4 == 6) {
    p->protocol = ip[IPV6_OFF_NEXT];
    p->hops = ip[IPV6_OFF_HOPS];
    put_v6(ip + IPV6_OFF_SRC, p->src);
    put_v6(ip + IPV6_OFF_DST, p->dst);
    header = IPV6_HDR_LEN;
    if (p->protocol == IPV6_NEXT_HOP_BY_HOP && len > header + 8) {
      p->protocol = ip[header]; /* MLD's router alert */
      header += 8;
    }
  } else if (header >= IPV4_HDR_LEN && ip[0] >> 4 == 4) {
    p->protocol = ip[IPV4_OFF_PROTO];
    p->hops = ip[IPV4_OFF_TTL];
    put_v4(ip + IPV4_OFF_SRC, p->src);
    put_v4(ip + IPV4_OFF_DST, p->dst);
  } else {
    return false;
  }
  p->data = ip + header;
  p->len = len > header ? len - header : 0;
  return p->len >= 8;
}

enum ladder_kind ladder_words(const uint8_t *data, size_t len,
                              char text[LADDER_TEXT]) {
  struct payload p = {.len = 0};
  uint16_t type = len >= ETH_HDR_LEN ? get_be16(data + ETH_OFF_TYPE) : 0;
  if (type == ETH_TYPE_ARP) {
    say_arp(data + ETH_HDR_LEN, len - ETH_HDR_LEN, text);
    return LADDER_LINK;
  }
  if (!type || !read_ip(data + ETH_HDR_LEN, len - ETH_HDR_LEN, &p)) {
    snprintf(text, LADDER_TEXT, "type %04x", type);
    return LADDER_LINK;
  }
  switch (p.protocol) {
    case PROTO_ICMP:
      return say_icmp(&p, text);
    case IPV6_NEXT_ICMP:
      return say_icmp6(&p, text);
    case PROTO_UDP:
      return say_udp(&p, text);
    case PROTO_IGMP:
      snprintf(text, LADDER_TEXT, "IGMP: groups of %s", p.src);
      return LADDER_LINK;
    default:
      snprintf(text, LADDER_TEXT, "%s to %s",
               p.protocol == PROTO_TCP ? "TCP" : "IP", p.dst);
      return LADDER_ASKS;
  }
}
