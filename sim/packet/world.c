/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/packet/world.h"

#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/host/soft_offload.h"
#include "sim/wire/link.h"
#include "stack/ip/ipv6.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/ipv6_wire.h"
#include "stack/wire/tcp_wire.h"

/* The script begins here in the host's time: everything is up and nothing has
 * the time 0, which often means "never". */
#define START_PS (1 * SIM_S)
/* Software that is due at t has run when the host stands here behind t. */
#define STEP_PS (LINK_DELAY_MIN + 10 * SIM_NS)
/* Work that follows from other work comes within the first, and it ends within
 * the second: frames on the wire, DMA, interrupts. */
#define SETTLE_GAP_PS (20 * SIM_US)
#define SETTLE_MOST_PS (1 * SIM_MS)
/* No call computes for so long. */
#define CALL_PS (100 * SIM_MS)

enum { FRAME_OVER = ETH_HDR_LEN + FRAME_FCS_LEN, ARP_ANSWERS = 16 };

static const uint8_t host_mac[6] = {0x02, 0x50, 0x48, 0, 0, 1};
static const uint8_t gateway_mac[6] = {0x02, 0x50, 0x48, 0, 0, 0xfe};

struct world {
  struct world_config config;
  struct ph_tcp_config tcp;
  struct cost_table cost;
  struct host *host;
  sim_time now; /* everything before it is simulated */
  bool started;
  struct world_packet *packets, **packets_end;
  /* Answers to ARP requests that left during a step. */
  struct frame *answers[ARP_ANSWERS];
  unsigned answer_count;
};

/* ---- Frames ------------------------------------------------------------- */

static struct frame *make_frame(uint16_t type, const uint8_t *payload,
                                uint32_t len) {
  uint32_t whole = len + FRAME_OVER < FRAME_MIN ? FRAME_MIN : len + FRAME_OVER;
  struct frame *frame = sim_alloc(sizeof(*frame) + whole);
  frame->len = whole;
  memcpy(frame->data + ETH_OFF_DST, host_mac, 6);
  memcpy(frame->data + ETH_OFF_SRC, gateway_mac, 6);
  put_be16(frame->data + ETH_OFF_TYPE, type);
  memcpy(frame->data + ETH_HDR_LEN, payload, len);
  frame_set_fcs(frame->data, whole);
  return frame;
}

static struct frame *make_arp(uint16_t oper, uint32_t sender, uint32_t target) {
  uint8_t arp[ARP_LEN] = {0};
  put_be16(arp + ARP_OFF_HTYPE, ARP_HTYPE_ETHERNET);
  put_be16(arp + ARP_OFF_PTYPE, ETH_TYPE_IPV4);
  arp[ARP_OFF_HLEN] = 6;
  arp[ARP_OFF_PLEN] = 4;
  put_be16(arp + ARP_OFF_OPER, oper);
  memcpy(arp + ARP_OFF_SHA, gateway_mac, 6);
  put_be32(arp + ARP_OFF_SPA, sender);
  if (oper == ARP_OPER_REPLY) {
    memcpy(arp + ARP_OFF_THA, host_mac, 6);
  }
  put_be32(arp + ARP_OFF_TPA, target);
  return make_frame(ETH_TYPE_ARP, arp, sizeof(arp));
}

/* Whoever is asked for is the gateway. */
static void take_arp(struct world *world, const uint8_t *arp, uint32_t len) {
  if (len < ARP_LEN || get_be16(arp + ARP_OFF_OPER) != ARP_OPER_REQUEST ||
      get_be32(arp + ARP_OFF_TPA) == world->config.local_ip ||
      world->answer_count == ARP_ANSWERS) {
    return;
  }
  world->answers[world->answer_count++] = make_arp(
      ARP_OPER_REPLY, get_be32(arp + ARP_OFF_TPA), get_be32(arp + ARP_OFF_SPA));
}

/* ---- Neighbour discovery ------------------------------------------------- */

static struct frame *make_nd(uint8_t type, const struct ph_addr *src,
                             const struct ph_addr *dst,
                             const struct ph_addr *target) {
  enum { LEN = ND_SOLICIT_LEN + ND_OPT_MAC_LEN };
  uint8_t ip[IPV6_HDR_LEN + LEN] = {
      0x60, [IPV6_OFF_LEN + 1] = LEN, [IPV6_OFF_NEXT] = IPV6_NEXT_ICMP,
      [IPV6_OFF_HOPS] = ND_HOPS};
  uint8_t *m = ip + IPV6_HDR_LEN;
  memcpy(ip + IPV6_OFF_SRC, src->bytes, 16);
  memcpy(ip + IPV6_OFF_DST, dst->bytes, 16);
  m[0] = type;
  if (type == ICMP6_NA) {
    m[ND_OFF_FLAGS] = ND_NA_ROUTER | ND_NA_SOLICITED | ND_NA_OVERRIDE;
  }
  memcpy(m + ND_OFF_TARGET, target->bytes, 16);
  m[ND_SOLICIT_LEN] = type == ICMP6_NA ? ND_OPT_TARGET_MAC : ND_OPT_SOURCE_MAC;
  m[ND_SOLICIT_LEN + 1] = 1;
  memcpy(m + ND_SOLICIT_LEN + 2, gateway_mac, 6);
  uint32_t sum = frame_sum(ip + IPV6_OFF_SRC, 32, IPV6_NEXT_ICMP + LEN);
  put_be16(m + ICMP6_OFF_CSUM, (uint16_t)~frame_sum(m, LEN, sum));
  return make_frame(ETH_TYPE_IPV6, ip, sizeof(ip));
}

/* Whoever is asked for is the gateway. False: it is not of the link's own
 * business, so that the script may see it. */
static bool take_nd(struct world *world, const uint8_t *ip, uint32_t len) {
  const uint8_t *m = ip + IPV6_HDR_LEN;
  if (ip[IPV6_OFF_NEXT] == IPV6_NEXT_HOP_BY_HOP) {
    return true; /* MLD */
  }
  if (ip[IPV6_OFF_NEXT] != IPV6_NEXT_ICMP || len < IPV6_HDR_LEN + 8 ||
      m[0] < ICMP6_RS || m[0] > ICMP6_REDIRECT) {
    return false;
  }
  if (m[0] == ICMP6_NS && len >= IPV6_HDR_LEN + ND_SOLICIT_LEN &&
      world->answer_count < ARP_ANSWERS) {
    struct ph_addr target, src;
    memcpy(target.bytes, m + ND_OFF_TARGET, 16);
    memcpy(src.bytes, ip + IPV6_OFF_SRC, 16);
    world->answers[world->answer_count++] =
        make_nd(ICMP6_NA, &target, &src, &target);
  }
  return true;
}

static int64_t script_time(sim_time time) {
  return (int64_t)(time / SIM_NS) - (int64_t)(START_PS / SIM_NS);
}

static void take_ip(struct world *world, const uint8_t *ip, uint32_t len,
                    sim_time end) {
  uint32_t total = len < IPV4_HDR_LEN ? 0 : get_be16(ip + IPV4_OFF_LEN);
  if (len >= IPV6_HDR_LEN && ip[0] >> 4 == 6) {
    total = IPV6_HDR_LEN + (uint32_t)get_be16(ip + IPV6_OFF_LEN);
    if (take_nd(world, ip, len)) {
      return;
    }
  }
  if (!world->started || total < IPV4_HDR_LEN || total > len) {
    return;
  }
  struct world_packet *packet = sim_alloc(sizeof(*packet) + total);
  packet->time_ns = script_time(end);
  packet->len = total;
  memcpy(packet->data, ip, total);
  *world->packets_end = packet;
  world->packets_end = &packet->next;
}

static unsigned emit(void *ctx, unsigned host, const uint8_t *data,
                     uint32_t len, sim_time end, bool error, uint64_t id) {
  struct world *world = ctx;
  (void)host;
  (void)id;
  if (error || len < FRAME_OVER) {
    return 0;
  }
  uint16_t type = get_be16(data + ETH_OFF_TYPE);
  if (type == ETH_TYPE_ARP) {
    take_arp(world, data + ETH_HDR_LEN, len - FRAME_OVER);
  } else if (type == ETH_TYPE_IPV4 || type == ETH_TYPE_IPV6) {
    take_ip(world, data + ETH_HDR_LEN, len - FRAME_OVER, end);
  }
  return 0;
}

/* ---- Time --------------------------------------------------------------- */

int64_t world_now(const struct world *world) {
  return script_time(world->now);
}

static void advance(struct world *world, sim_time until) {
  host_advance(world->host, until);
  world->now = until;
  for (unsigned i = 0; i < world->answer_count; i++) {
    host_arrive(world->host, world->answers[i], until);
  }
  world->answer_count = 0;
}

static sim_time host_time_of(int64_t ns) {
  return (sim_time)(ns + (int64_t)(START_PS / SIM_NS)) * SIM_NS;
}

static bool stop(const struct world *world, bool stop_on_packet,
                 const struct world_call *call) {
  return (stop_on_packet && world->packets) || (call && call->done);
}

void world_run(struct world *world, int64_t until_ns, bool stop_on_packet,
               const struct world_call *call) {
  sim_time until = host_time_of(until_ns);
  while (!stop(world, stop_on_packet, call)) {
    sim_time next = host_next(world->host);
    if (next >= until) {
      if (world->now < until) {
        advance(world, until);
      }
      return;
    }
    advance(world, sim_time_max(next, world->now) + STEP_PS);
  }
}

/* Run on until nothing follows any more. */
static void settle(struct world *world) {
  sim_time limit = world->now + SETTLE_MOST_PS;
  while (world->now < limit) {
    sim_time next = host_next(world->host);
    if (next > world->now + SETTLE_GAP_PS) {
      return;
    }
    advance(world, sim_time_max(next, world->now) + STEP_PS);
  }
}

bool world_active(const struct world *world, int64_t until_ns) {
  return host_next(world->host) < host_time_of(until_ns);
}

/* ---- Packets ------------------------------------------------------------ */

const struct world_packet *world_first(const struct world *world) {
  return world->packets;
}

struct world_packet *world_take(struct world *world) {
  struct world_packet *packet = world->packets;
  if (packet) {
    world->packets = packet->next;
    if (!world->packets) {
      world->packets_end = &world->packets;
    }
    packet->next = NULL;
  }
  return packet;
}

static uint16_t type_of(const uint8_t *ip) {
  return ip[0] >> 4 == 6 ? ETH_TYPE_IPV6 : ETH_TYPE_IPV4;
}

static void inject_piece(void *ctx, uint8_t *frame, size_t len) {
  struct world *world = ctx;
  const uint8_t *ip = frame + ETH_HDR_LEN;
  struct frame *piece =
      make_frame(type_of(ip), ip, (uint32_t)len - ETH_HDR_LEN);
  host_arrive(world->host, piece, world->now);
  settle(world);
}

/* The RTL's wire has frames of the MTU: more comes in several, as from a sender
 * with TSO. False: it is not TCP. */
static bool inject_cut(struct world *world, const uint8_t *packet,
                       uint32_t len) {
  bool ipv6 = packet[0] >> 4 == 6;
  uint32_t ip_len = ipv6 ? (uint32_t)IPV6_HDR_LEN : (packet[0] & 15) * 4u;
  if (packet[ipv6 ? IPV6_OFF_NEXT : IPV4_OFF_PROTO] != IP_PROTO_TCP ||
      len < ip_len + TCP_HEADER_LEN) {
    return false;
  }
  uint32_t headers = ip_len + (packet[ip_len + TCP_OFF_DATA] >> 4) * 4u;
  struct frame *whole = make_frame(type_of(packet), packet, len);
  unsigned pieces = headers < world->config.mtu && headers < len
                        ? soft_segment(whole->data, ETH_HDR_LEN + len,
                                       (uint16_t)(world->config.mtu - headers),
                                       inject_piece, world)
                        : 0;
  free(whole);
  return pieces > 0;
}

void world_inject(struct world *world, const uint8_t *packet, uint32_t len) {
  bool cut = world->config.nic == HOST_NIC_RTL && len > world->config.mtu;
  if (cut && inject_cut(world, packet, len)) {
    return;
  }
  host_arrive(world->host, make_frame(type_of(packet), packet, len),
              world->now);
  settle(world);
}

/* ---- Calls -------------------------------------------------------------- */

static void call_body(struct host *host, void *arg) {
  struct world_call *call = arg;
  call->fn(host_stack(host), call->arg);
  call->done = true;
  call->done_ns = script_time(host_stack(host)->now_ns * SIM_NS);
}

void world_start(struct world *world, struct world_call *call) {
  call->world = world;
  call->done = false;
  host_spawn(world->host, world->now, call_body, call);
  sim_time limit = world->now + CALL_PS;
  do {
    advance(world, world->now + STEP_PS);
  } while (!call->done && !host_waiting(world->host) && world->now < limit);
  settle(world);
}

/* ---- Making ------------------------------------------------------------- */

static void add_default_route(struct ph_stack *stack, void *arg) {
  const struct world *world = arg;
  struct netif *netif = netif_first(stack);
  while (netif && netif->loopback) {
    netif = netif->next;
  }
  int error =
      netif ? ph_ipv4_add_route(stack, 0, 0, world->config.gateway_ip, netif)
            : -PH_ENODEV;
  static const struct ph_addr any6;
  if (!error && world->config.ipv6) {
    error = ph_ipv6_add_address(stack, netif, &world->config.local6, 48, true);
  }
  if (!error && world->config.ipv6) {
    error = ph_ipv6_add_route(stack, &any6, 0, &world->config.gateway6, netif);
  }
  if (error) {
    sim_fatal("the default route can't be added: %s", ph_strerror(error));
  }
}

struct world *world_create(const struct world_config *config) {
  struct world *world = sim_alloc(sizeof(*world));
  char error[64];
  world->config = *config;
  world->tcp = *config->tcp;
  world->packets_end = &world->packets;
  if (!cost_table_load(&world->cost, "ideal", error, sizeof(error))) {
    sim_fatal("%s", error);
  }
  struct host_config host = {
      .name = "stack",
      .ip = config->local_ip,
      .prefix_len = config->prefix_len,
      .ipv6 = config->ipv6,
      .nic = config->nic,
      .offload = HOST_OFFLOAD_ALL,
      .mtu = config->mtu,
      .large = true,
      .coalesced_mss = config->coalesced_mss,
      .sndbuf = config->sndbuf,
      .rcvbuf = config->rcvbuf,
      .tcp = &world->tcp,
      .mem_latency_ns = 200,
      .cost = &world->cost,
      .seed = 1,
      .emit = emit,
      .emit_ctx = world,
  };
  memcpy(host.mac, host_mac, 6);
  world->host = host_create(&host);
  struct world_call route = {.fn = add_default_route, .arg = world};
  world_start(world, &route);
  /* The neighbour is known before the script begins. */
  host_arrive(world->host,
              make_arp(ARP_OPER_REQUEST, config->gateway_ip, config->local_ip),
              world->now);
  if (config->ipv6) {
    host_arrive(
        world->host,
        make_nd(ICMP6_NS, &config->gateway6, &config->local6, &config->local6),
        world->now);
  }
  world_run(world, 0, false, NULL);
  world->started = true;
  return world;
}

void world_destroy(struct world *world) {
  struct world_packet *packet;
  while ((packet = world_take(world))) {
    free(packet);
  }
  host_destroy(world->host);
  free(world);
}

bool world_check(struct world *world, const char **why) {
  return host_check(world->host, why);
}
