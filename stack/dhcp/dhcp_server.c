/* SPDX-License-Identifier: Apache-2.0 */
/* A server for simulated networks: RFC 2131 4.3, one subnet, no relays. An
 * address belongs to a MAC address for the time of the lease, and afterwards as
 * long as nobody else needs it. Answers to who has no address go to all. */
#include "stack/base/errno.h"
#include "stack/dhcp/dhcp.h"
#include "stack/dhcp/dhcp_endpoint.h"
#include "stack/ip/ip.h"

enum {
  RECEIVE_BUFFER = 65536,
  OFFER_S = 60,      /* an offer holds so long */
  DECLINED_S = 3600, /* an address that somebody else uses rests so long */
};
#define NS_PER_S 1000000000ull

static uint64_t until(const struct ph_dhcp_server *s, uint32_t seconds) {
  return seconds == UINT32_MAX ? UINT64_MAX
                               : s->stack->now_ns + seconds * NS_PER_S;
}

/* The entry of an address in the pool, or NULL. */
static struct ph_dhcp_entry *entry_at(struct ph_dhcp_server *s, uint32_t ip) {
  return ip - s->first < s->count ? &s->entries[ip - s->first] : NULL;
}

static bool is_of(const struct ph_dhcp_entry *e, const uint8_t *mac) {
  PH_ASSERT(e);
  return e->until_ns > 0 && !e->declined &&
         memcmp(e->mac, mac, sizeof(e->mac)) == 0;
}

/* 4.3.1: what the client has or had, what it asks for, a fresh address, one
 * whose lease ended. */
static struct ph_dhcp_entry *choose(struct ph_dhcp_server *s,
                                    const struct dhcp_message *m) {
  uint64_t now = s->stack->now_ns;
  struct ph_dhcp_entry *wanted = entry_at(s, m->requested);
  struct ph_dhcp_entry *fresh = NULL;
  struct ph_dhcp_entry *ended = NULL;
  for (uint32_t i = 0; i < s->count; i++) {
    struct ph_dhcp_entry *e = &s->entries[i];
    if (is_of(e, m->chaddr)) {
      return e;
    }
    fresh = !fresh && e->until_ns == 0 ? e : fresh;
    ended = !ended && e->until_ns <= now ? e : ended;
  }
  return wanted && wanted->until_ns <= now ? wanted : fresh ? fresh : ended;
}

static void answer(struct ph_dhcp_server *s, const struct dhcp_message *m,
                   enum dhcp_type type, uint32_t ip) {
  struct dhcp_message out = {.op = DHCP_TO_CLIENT,
                             .type = (uint8_t)type,
                             .xid = m->xid,
                             .flags = m->flags,
                             .yiaddr = ip,
                             .server = s->address};
  memcpy(out.chaddr, m->chaddr, sizeof(out.chaddr));
  if (type != DHCP_NAK) {
    out.ciaddr = m->ciaddr;
    out.mask = ~0u << (32 - s->prefix_len);
    out.router = s->router;
    memcpy(out.dns, s->dns, sizeof(out.dns));
    memcpy(out.domain, s->domain, sizeof(out.domain));
    out.mtu = s->mtu;
    out.lease_s = m->type == DHCP_INFORM ? 0 : s->lease_s;
  }
  dhcp_send(&s->pcb, s->netif, &out, s->address,
            type == DHCP_NAK ? 0 : m->ciaddr, DHCP_CLIENT_PORT); /* 4.1 */
}

static PH_APART_IF_SMALL void give(struct ph_dhcp_server *s,
                                   struct ph_dhcp_entry *e,
                                   const struct dhcp_message *m,
                                   enum dhcp_type type, uint32_t seconds) {
  memcpy(e->mac, m->chaddr, sizeof(e->mac));
  e->declined = false;
  e->until_ns = until(s, seconds);
  answer(s, m, type, s->first + (uint32_t)(e - s->entries));
}

/* 4.3.2: it took an offer, comes back after a reboot, or prolongs. */
static void on_request(struct ph_dhcp_server *s, const struct dhcp_message *m) {
  uint32_t ip = m->ciaddr ? m->ciaddr : m->requested;
  struct ph_dhcp_entry *e = entry_at(s, ip);
  bool held = e && is_of(e, m->chaddr);
  if (m->server && m->server != s->address) { /* it took another's offer */
    for (uint32_t i = 0; i < s->count; i++) {
      if (is_of(&s->entries[i], m->chaddr)) {
        s->entries[i].until_ns = s->stack->now_ns;
      }
    }
  } else if (held) {
    give(s, e, m, DHCP_ACK, s->lease_s);
  } else {
    answer(s, m, DHCP_NAK, 0);
  }
}

static void take_message(struct ph_dhcp_server *s,
                         const struct dhcp_message *m) {
  struct ph_dhcp_entry *e;
  switch (m->type) {
    case DHCP_DISCOVER:
      e = choose(s, m);
      if (e) { /* else the pool is empty, and nothing is said */
        bool longer = is_of(e, m->chaddr) && e->until_ns > until(s, OFFER_S);
        uint64_t old = e->until_ns;
        give(s, e, m, DHCP_OFFER, OFFER_S);
        e->until_ns = longer ? old : e->until_ns;
      }
      return;
    case DHCP_REQUEST:
      on_request(s, m);
      return;
    case DHCP_DECLINE:
    case DHCP_RELEASE:
      e = entry_at(s, m->type == DHCP_DECLINE ? m->requested : m->ciaddr);
      if (e && is_of(e, m->chaddr) && m->server == s->address) {
        e->declined = m->type == DHCP_DECLINE;
        e->until_ns = e->declined ? until(s, DECLINED_S) : s->stack->now_ns;
      }
      return;
    case DHCP_INFORM:
      answer(s, m, DHCP_ACK, 0);
      return;
    default:
      s->stack->stats.DhcpInErrors++; /* of another server */
  }
}

static void event_fn(struct udp_pcb *pcb, uint32_t events) {
  struct ph_dhcp_server *s = pcb->owner;
  struct dhcp_message m;
  (void)events;
  while (dhcp_receive(pcb, s->netif, DHCP_TO_SERVER, &m)) {
    if (m.giaddr != 0) {
      s->stack->stats.DhcpInErrors++;
    } else {
      take_message(s, &m);
    }
  }
}

int ph_dhcp_server_start(struct ph_stack *stack, struct ph_dhcp_server *s,
                         struct netif *netif) {
  if (s->prefix_len < 1 || s->prefix_len > 30 || s->count == 0 ||
      s->lease_s == 0) {
    return -PH_EINVAL;
  }
  s->stack = stack;
  s->netif = netif;
  return dhcp_open(stack, &s->pcb, DHCP_SERVER_PORT, RECEIVE_BUFFER, event_fn,
                   s);
}

void ph_dhcp_server_stop(struct ph_dhcp_server *s) {
  udp_close(&s->pcb);
}
