/* SPDX-License-Identifier: Apache-2.0 */
/* The client: RFC 2131 4.4.
 *
 * 1. Each exchange has an xid at random; what has another, another client's
 *    address, or came by another interface is counted and dropped.
 * 2. Who has no address yet sends from 0.0.0.0 to all, and wants answers to
 *    all: a unicast to an address that is not ours would be dropped below.
 * 3. A lease begins when its REQUEST was sent, so that it never lasts longer
 *    here than at the server (4.4.1).
 * 4. An address is used when three ARP probes found nobody who has it; else the
 *    server is told (RFC 2131 4.4.1, RFC 5227 2.1).
 * 5. What is sent again waits 4, 8, 16, 32, 64 s, a second more or less (4.1).
 */
#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/dhcp/dhcp.h"
#include "stack/dhcp/dhcp_endpoint.h"
#include "stack/ip/ip.h"

enum {
  RECEIVE_BUFFER = 16384,
  REQUESTS = 4,        /* then from the beginning: a minute (4.4.1) */
  BACKOFF_LONGEST = 4, /* doublings: 64 s */
  DECLINE_PAUSE_S = 10,
  RENEW_LEAST_S = 60, /* 4.4.5 */
};
#define NS_PER_S 1000000000ull

static uint32_t random_u32(struct ph_dhcp *d) {
  uint32_t value;
  ph_stack_random(d->stack, &value, sizeof(value));
  return value;
}

static PH_APART_IF_SMALL void set_timer(struct ph_dhcp *d, uint64_t at_ns) {
  ph_stack_timer_at(d->stack, &d->timer, at_ns);
}

/* 4.1: doubled each time, and a second more or less, so that those who began
 * together part. */
static void set_backoff(struct ph_dhcp *d) {
  uint64_t ns = 4 * NS_PER_S << ph_min_u32(d->tries, BACKOFF_LONGEST);
  ns += random_u32(d) % (2 * NS_PER_S) - NS_PER_S;
  d->tries++;
  set_timer(d, d->stack->now_ns + ns);
}

/* ---- Sending ------------------------------------------------------------- */

static bool has_address(const struct ph_dhcp *d) {
  return d->state >= DHCP_STATE_BOUND;
}

static struct dhcp_message message(const struct ph_dhcp *d,
                                   enum dhcp_type type) {
  uint64_t secs = (d->stack->now_ns - d->started_ns) / NS_PER_S;
  struct dhcp_message m = {.op = DHCP_TO_SERVER,
                           .type = (uint8_t)type,
                           .xid = d->xid,
                           .secs = (uint16_t)ph_min_u64(secs, UINT16_MAX)};
  memcpy(m.chaddr, d->netif->mac, sizeof(m.chaddr));
  return m;
}

/* Lost is lost: the timer sends again. `server` 0: to all. */
static void send(struct ph_dhcp *d, const struct dhcp_message *m,
                 uint32_t server) {
  dhcp_send(&d->pcb, d->netif, m, has_address(d) ? d->lease.address : 0, server,
            DHCP_SERVER_PORT);
}

static void send_discover(struct ph_dhcp *d) {
  struct dhcp_message m = message(d, DHCP_DISCOVER);
  m.flags = DHCP_FLAG_BROADCAST;
  send(d, &m, 0);
  set_backoff(d);
}

/* 4.3.2, table 4: from a state without address it names server and address,
 * from one with an address it comes from there. */
static void send_request(struct ph_dhcp *d) {
  struct dhcp_message m = message(d, DHCP_REQUEST);
  d->asked_ns = d->stack->now_ns;
  if (has_address(d)) {
    m.ciaddr = d->lease.address;
    send(d, &m, d->state == DHCP_STATE_RENEWING ? d->lease.server : 0);
    return;
  }
  m.flags = DHCP_FLAG_BROADCAST;
  m.requested = d->offer.yiaddr;
  m.server = d->offer.server;
  send(d, &m, 0);
  set_backoff(d);
}

/* ---- States -------------------------------------------------------------- */

static void begin(struct ph_dhcp *d, uint64_t pause_ns) {
  d->state = DHCP_STATE_INIT;
  set_timer(d, d->stack->now_ns + pause_ns);
}

static void select_server(struct ph_dhcp *d) {
  d->state = DHCP_STATE_SELECTING;
  d->xid = random_u32(d);
  d->tries = 0;
  d->started_ns = d->stack->now_ns;
  send_discover(d);
}

static void drop_lease(struct ph_dhcp *d) {
  const struct ph_dhcp_lease *lease = &d->lease;
  arp_probe_stop(&d->probe);
  if (!has_address(d)) {
    return;
  }
  if (lease->router) {
    (void)!ph_ipv4_set_default(d->stack, lease->router, d->netif, false);
  }
  (void)ph_ipv4_remove_address(d->stack, d->netif, lease->address);
  if (d->event) {
    d->event(d->ctx, NULL);
  }
}

static bool on_subnet(uint32_t a, uint32_t b, uint8_t prefix_len) {
  return prefix_len == 0 || (a ^ b) >> (32 - prefix_len) == 0;
}

/* The address goes to the interface. */
static int configure(struct ph_dhcp *d) {
  struct ph_dhcp_lease *lease = &d->lease;
  int error = ph_ipv4_add_address(d->stack, d->netif, lease->address,
                                  lease->prefix_len);
  if (error) {
    return error;
  }
  if (lease->router &&
      (!on_subnet(lease->router, lease->address, lease->prefix_len) ||
       ph_ipv4_set_default(d->stack, lease->router, d->netif, true) < 0)) {
    lease->router = 0;
  }
  if (lease->mtu && lease->mtu < d->netif->caps.mtu) {
    d->netif->caps.mtu = lease->mtu;
    netif_set_up(d->netif, d->netif->up);
  }
  return 0;
}

static uint64_t after(const struct ph_dhcp *d, uint64_t seconds) {
  return d->asked_ns + seconds * NS_PER_S;
}

/* 4.4.5: half and seven eighths of the lease, unless the server said else. */
static void take_times(struct ph_dhcp *d, const struct dhcp_message *m) {
  struct ph_dhcp_lease *lease = &d->lease;
  uint64_t all = m->lease_s;
  uint64_t t2 = m->t2_s && m->t2_s < all ? m->t2_s : all * 7 / 8;
  uint64_t t1 = m->t1_s && m->t1_s < t2 ? m->t1_s : ph_min_u64(all / 2, t2);
  bool for_ever = m->lease_s == UINT32_MAX;
  lease->t1_ns = for_ever ? UINT64_MAX : after(d, t1);
  lease->t2_ns = for_ever ? UINT64_MAX : after(d, t2);
  lease->until_ns = for_ever ? UINT64_MAX : after(d, all);
}

static void bind(struct ph_dhcp *d) {
  if (!has_address(d) && configure(d) < 0) {
    begin(d, DECLINE_PAUSE_S * NS_PER_S);
    return;
  }
  d->state = DHCP_STATE_BOUND;
  set_timer(d, d->lease.t1_ns);
  if (d->event) {
    d->event(d->ctx, &d->lease);
  }
}

static void probed(struct ph_stack *stack, struct arp_probe *probe,
                   bool conflict) {
  struct ph_dhcp *d = PH_CONTAINER_OF(probe, struct ph_dhcp, probe);
  (void)stack;
  if (conflict) {
    ph_dhcp_decline(d);
  } else {
    bind(d);
  }
}

static void take_lease(struct ph_dhcp *d, const struct dhcp_message *m) {
  struct ph_dhcp_lease *lease = &d->lease;
  bool fresh = !has_address(d);
  if (fresh) {
    *lease =
        (struct ph_dhcp_lease){.address = m->yiaddr,
                               .router = m->router,
                               .prefix_len = (uint8_t)dhcp_prefix_len(m->mask),
                               .mtu = m->mtu >= 576 ? m->mtu : 0};
  }
  lease->server = m->server;
  memcpy(lease->dns, m->dns, sizeof(lease->dns));
  memcpy(lease->domain, m->domain, sizeof(lease->domain));
  take_times(d, m);
  /* 4.4.1: the address must not be another's. The link may have no ARP. */
  if (fresh && !d->no_probe &&
      arp_probe_start(d->netif, &d->probe, lease->address, probed) == 0) {
    d->state = DHCP_STATE_PROBING;
    set_timer(d, UINT64_MAX);
  } else {
    bind(d);
  }
}

/* 4.4.5: again after half of what is left, at least a minute. */
static void renew(struct ph_dhcp *d, uint64_t until_ns) {
  uint64_t now = d->stack->now_ns;
  uint64_t half = (until_ns - now) / 2;
  uint64_t least = RENEW_LEAST_S * NS_PER_S;
  send_request(d);
  set_timer(d, ph_min_u64(now + (half > least ? half : least), until_ns));
}

static void timer_fn(struct ph_stack *stack, struct ph_timer *timer) {
  struct ph_dhcp *d = PH_CONTAINER_OF(timer, struct ph_dhcp, timer);
  uint64_t now = stack->now_ns;
  switch (d->state) {
    case DHCP_STATE_INIT:
      select_server(d);
      return;
    case DHCP_STATE_SELECTING:
      send_discover(d);
      return;
    case DHCP_STATE_REQUESTING:
      if (d->tries >= REQUESTS) {
        select_server(d);
      } else {
        send_request(d);
      }
      return;
    default:
      break;
  }
  if (now >= d->lease.until_ns) {
    drop_lease(d);
    select_server(d);
  } else if (now >= d->lease.t2_ns) {
    d->state = DHCP_STATE_REBINDING;
    renew(d, d->lease.until_ns);
  } else {
    if (d->state == DHCP_STATE_BOUND) {
      d->xid = random_u32(d);
      d->started_ns = now;
    }
    d->state = DHCP_STATE_RENEWING;
    renew(d, d->lease.t2_ns);
  }
}

/* ---- Receiving ----------------------------------------------------------- */

/* Can a host have it? */
static bool is_host(uint32_t ip) {
  return ip >> 24 != 0 && ip >> 24 != 127 && ip >> 29 != 7;
}

/* Everything that must be there is, and makes sense. */
static bool offers(const struct dhcp_message *m) {
  int prefix_len = dhcp_prefix_len(m->mask);
  uint32_t host = prefix_len > 0 ? m->yiaddr & ~m->mask : 0;
  return is_host(m->yiaddr) && is_host(m->server) && m->lease_s > 0 &&
         prefix_len > 0 &&
         (prefix_len >= 31 || (host != 0 && (m->yiaddr | m->mask) != ~0u));
}

/* A valid message with our xid; false: it has no place here. */
static PH_APART_IF_SMALL bool take_message(struct ph_dhcp *d,
                                           const struct dhcp_message *m) {
  switch (d->state) {
    case DHCP_STATE_SELECTING:
      if (m->type != DHCP_OFFER || !offers(m)) {
        return false;
      }
      d->offer = *m; /* the first one that comes */
      d->state = DHCP_STATE_REQUESTING;
      d->tries = 0;
      send_request(d);
      return true;
    case DHCP_STATE_REQUESTING:
      if (m->server != d->offer.server) {
        return false;
      }
      break;
    case DHCP_STATE_RENEWING:
      if (m->server != d->lease.server) {
        return false;
      }
      break;
    case DHCP_STATE_REBINDING:
      break;
    default:
      return false;
  }
  if (m->type == DHCP_NAK) {
    drop_lease(d);
    begin(d, NS_PER_S); /* a server that always refuses is not flooded */
    return true;
  }
  uint32_t expected = has_address(d) ? d->lease.address : d->offer.yiaddr;
  if (m->type != DHCP_ACK || !offers(m) || m->yiaddr != expected) {
    return false;
  }
  take_lease(d, m);
  return true;
}

static void event_fn(struct udp_pcb *pcb, uint32_t events) {
  struct ph_dhcp *d = pcb->owner;
  struct dhcp_message m;
  (void)events;
  while (dhcp_receive(pcb, d->netif, DHCP_TO_CLIENT, &m)) {
    if (m.xid != d->xid ||
        memcmp(m.chaddr, d->netif->mac, sizeof(m.chaddr)) != 0 ||
        !take_message(d, &m)) {
      d->stack->stats.DhcpInErrors++;
    }
  }
}

/* ---- What others call ---------------------------------------------------- */

int ph_dhcp_start(struct ph_stack *stack, struct ph_dhcp *d,
                  struct netif *netif) {
  d->stack = stack;
  d->netif = netif;
  d->probe = (struct arp_probe){0};
  d->timer = (struct ph_timer){.fn = timer_fn};
  int error =
      dhcp_open(stack, &d->pcb, DHCP_CLIENT_PORT, RECEIVE_BUFFER, event_fn, d);
  if (error) {
    return error;
  }
  begin(d, random_u32(d) % NS_PER_S);
  return 0;
}

void ph_dhcp_decline(struct ph_dhcp *d) {
  struct dhcp_message m = message(d, DHCP_DECLINE);
  if (d->state < DHCP_STATE_PROBING) {
    return;
  }
  m.requested = d->lease.address;
  m.server = d->lease.server;
  m.secs = 0;
  drop_lease(d);
  d->state = DHCP_STATE_INIT; /* 4.4.4: from 0.0.0.0, to all */
  send(d, &m, 0);
  begin(d, DECLINE_PAUSE_S * NS_PER_S);
}

void ph_dhcp_stop(struct ph_dhcp *d) {
  if (d->state == DHCP_STATE_STOPPED) {
    return;
  }
  if (has_address(d)) {
    d->xid = random_u32(d);
    struct dhcp_message m = message(d, DHCP_RELEASE);
    m.ciaddr = d->lease.address;
    m.server = d->lease.server;
    m.secs = 0;
    send(d, &m, d->lease.server);
  }
  drop_lease(d);
  ph_timer_cancel(&d->stack->timers, &d->timer);
  udp_close(&d->pcb);
  d->state = DHCP_STATE_STOPPED;
}

const char *ph_dhcp_state_name(enum dhcp_state state) {
  static const char names[] =
      "STOPPED\0INIT\0SELECTING\0REQUESTING\0PROBING\0BOUND\0RENEWING\0"
      "REBINDING";
  return ph_text_nth(names, state);
}
