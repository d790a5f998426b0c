/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse dhcp: a host that has nothing gets an address of the host at the
 * other end of its link, message by message, renews it while --seconds last,
 * and gives it back. */
#include <stdio.h>
#include <string.h>

#include "sim/explain/ladder.h"
#include "sim/run/address.h"
#include "sim/run/record.h"
#include "sim/run/run.h"
#include "sim/tool/commands.h"
#include "stack/dhcp/dhcp.h"
#include "stack/ip/ip.h"
#include "stack/wire/bytes.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

enum { POOL = 16, FIRST = 100, LINE = 160, MESSAGE_AT = 14 + 20 + 8 };
#define NS_PER_S UINT64_C(1000000000)

struct work {
  const struct options *options;
  struct run run;
  struct ladder *ladder;
  struct ph_dhcp client;
  struct ph_dhcp_server server;
  struct ph_dhcp_entry entries[POOL];
  uint32_t server_ip, client_ip; /* what the hosts had by hand */
  uint64_t messages, declined;
  /* When the time was over. */
  const char *state;
  struct ph_dhcp_lease lease;
  bool bound;
};

static const char *text_of(uint32_t ip, char text[ADDRESS_TEXT]) {
  const struct ph_addr address = ph_addr_v4(ip);
  return address_text(&address, text);
}

/* --- What the client sends and gets --------------------------------------- */

static const char *type_name(uint8_t type) {
  static const char *const names[] = {"?",       "DISCOVER", "OFFER",
                                      "REQUEST", "DECLINE",  "ACK",
                                      "NAK",     "RELEASE",  "INFORM"};
  return names[type < sizeof(names) / sizeof(names[0]) ? type : 0];
}

static void describe(const struct dhcp_message *m, char line[LINE]) {
  char address[ADDRESS_TEXT], server[ADDRESS_TEXT], router[ADDRESS_TEXT];
  switch (m->type) {
    case DHCP_DISCOVER:
      snprintf(line, LINE, "an address for %02x:%02x:%02x:%02x:%02x:%02x?",
               m->chaddr[0], m->chaddr[1], m->chaddr[2], m->chaddr[3],
               m->chaddr[4], m->chaddr[5]);
      break;
    case DHCP_OFFER:
    case DHCP_ACK:
      snprintf(line, LINE, "%s/%d for %u s, server %s%s%s",
               text_of(m->yiaddr, address), dhcp_prefix_len(m->mask),
               m->lease_s, text_of(m->server, server),
               m->router ? ", router " : "",
               m->router ? text_of(m->router, router) : "");
      break;
    case DHCP_REQUEST:
      if (m->ciaddr) {
        snprintf(line, LINE, "%s, for longer", text_of(m->ciaddr, address));
        break;
      }
      /* fall through */
    case DHCP_DECLINE:
      snprintf(line, LINE, "%s of server %s%s", text_of(m->requested, address),
               text_of(m->server, server),
               m->type == DHCP_DECLINE ? ": somebody has it" : "");
      break;
    default:
      snprintf(line, LINE, "%s",
               text_of(m->ciaddr ? m->ciaddr : m->requested, address));
      break;
  }
}

static void print_line(const struct work *work,
                       const struct capture_packet *packet, const char *name,
                       const char *text) {
  bool out = packet->interface == RECORD_HOST_TX;
  if (!work->options->json) {
    printf("%14.6f s  %s %-8s  %s\n", (double)packet->time / (double)SIM_S,
           out ? "->" : "<-", name, text);
  }
}

static void see_arp(const struct work *work,
                    const struct capture_packet *packet) {
  const uint8_t *p = packet->data + ETH_HDR_LEN;
  char address[ADDRESS_TEXT], line[LINE];
  if (packet->len < ETH_HDR_LEN + ARP_LEN) {
    return;
  }
  uint32_t spa = get_be32(p + ARP_OFF_SPA), tpa = get_be32(p + ARP_OFF_TPA);
  bool answer = get_be16(p + ARP_OFF_OPER) != ARP_OPER_REQUEST;
  if (spa == tpa) {
    snprintf(line, LINE, "%s is mine", text_of(spa, address));
  } else if (answer) {
    snprintf(line, LINE, "%s is at %02x:%02x:%02x:%02x:%02x:%02x",
             text_of(spa, address), p[8], p[9], p[10], p[11], p[12], p[13]);
  } else {
    snprintf(line, LINE, "who has %s?", text_of(tpa, address));
  }
  print_line(work, packet, "ARP", line);
}

static void seen(void *ctx, const struct capture_packet *packet) {
  struct work *work = ctx;
  const uint8_t *data = packet->data;
  struct dhcp_message m;
  char line[LINE];
  ladder_see(work->ladder, packet);
  if ((packet->interface != RECORD_HOST_TX &&
       packet->interface != RECORD_HOST_RX) ||
      packet->len < ETH_HDR_LEN) {
    return; /* of another host, or on the wire */
  }
  uint16_t type = get_be16(data + ETH_OFF_TYPE);
  if (type == ETH_TYPE_ARP) {
    see_arp(work, packet);
  } else if (type == ETH_TYPE_IPV4 && packet->len > MESSAGE_AT &&
             data[ETH_HDR_LEN + IPV4_OFF_PROTO] == IP_PROTO_UDP &&
             dhcp_read(data + MESSAGE_AT, packet->len - MESSAGE_AT, &m) == 0) {
    describe(&m, line);
    work->messages++;
    work->declined += m.type == DHCP_DECLINE;
    print_line(work, packet, type_name(m.type), line);
  }
}

/* --- The two hosts -------------------------------------------------------- */

static void serve(struct host *host, void *arg) {
  struct work *work = arg;
  struct ph_stack *stack = host_stack(host);
  struct netif *netif = ipv4_netif_of(stack, work->server_ip);
  if (ph_dhcp_server_start(stack, &work->server, netif) < 0 ||
      (work->options->conflict &&
       ph_ipv4_add_address(stack, netif, work->server.first, 24) < 0)) {
    fprintf(stderr, "packhorse: dhcp: the server could not start.\n");
  }
}

/* What it knew by hand is taken away. */
static void forget(struct work *work, struct ph_stack *stack,
                   struct netif *netif) {
  const struct topology_host *host = &work->run.topology.hosts[RUN_CLIENT];
  for (unsigned i = 0; i < host->route_count; i++) {
    const struct host_route *route = &host->routes[i];
    (void)ph_ip_del_route(stack, &route->destination, route->prefix_len,
                          &route->gateway, netif);
  }
  (void)ph_ipv4_remove_address(stack, netif, work->client_ip);
}

static void ask(struct host *host, void *arg) {
  struct work *work = arg;
  struct ph_stack *stack = host_stack(host);
  struct netif *netif = ipv4_netif_of(stack, work->client_ip);
  forget(work, stack, netif);
  if (ph_dhcp_start(stack, &work->client, netif) < 0) {
    return;
  }
  struct app_env env = host_app_env(host);
  env.sleep_ns(env.ctx, work->options->seconds * NS_PER_S);
  work->state = ph_dhcp_state_name(work->client.state);
  work->bound = work->client.state >= DHCP_STATE_BOUND;
  work->lease = work->client.lease;
  ph_dhcp_stop(&work->client); /* gives the address back */
}

/* --- The run -------------------------------------------------------------- */

static void print_json(const struct work *work, bool ok) {
  struct json json;
  char address[ADDRESS_TEXT], router[ADDRESS_TEXT], server[ADDRESS_TEXT];
  const struct ph_dhcp_lease *lease = &work->lease;
  json_begin(&json, stdout);
  json_bool(&json, "ok", ok);
  json_text(&json, "state", work->state);
  json_text(&json, "address", text_of(lease->address, address));
  json_u64(&json, "prefix_len", lease->prefix_len);
  json_text(&json, "router", text_of(lease->router, router));
  json_text(&json, "server", text_of(lease->server, server));
  json_u64(&json, "until_ns", lease->until_ns);
  json_u64(&json, "messages", work->messages);
  json_u64(&json, "declined", work->declined);
  run_json(&work->run, &json);
  json_end(&json);
}

static void print_report(const struct work *work, bool ok) {
  char address[ADDRESS_TEXT];
  if (work->bound) {
    printf("\nafter %u s: %s, %s/%u until %.3f s\n", work->options->seconds,
           work->state, text_of(work->lease.address, address),
           work->lease.prefix_len, (double)work->lease.until_ns / 1e9);
  } else {
    printf("\nFAILED: after %u s: %s, no address\n", work->options->seconds,
           work->state);
  }
  if (!ok && !work->run.healthy) {
    printf("FAILED: %s\n", work->run.why);
  }
  printf("\nevent hash %016llx\n", (unsigned long long)work->run.event_hash);
  run_print_files(&work->run);
}

int command_dhcp(const struct options *options) {
  static struct work work;
  work = (struct work){.options = options, .state = "STOPPED"};
  struct run *run = &work.run;
  if (!run_start(run, options)) {
    return 2;
  }
  work.ladder = ladder_new(run);
  capture_watch(run->capture, seen, &work);
  const struct topology *topology = &run->topology;
  const struct sim_end other = topology_neighbour(topology, RUN_CLIENT, 0);
  const struct topology_host *giver = &topology->hosts[other.host];
  work.server_ip = giver->ports[other.port].ip;
  work.client_ip = topology->hosts[RUN_CLIENT].ports[0].ip;
  work.server = (struct ph_dhcp_server){
      .address = work.server_ip,
      .prefix_len = 24,
      .router = giver->forwarding ? work.server_ip : 0,
      .dns = {work.server_ip},
      .domain = "lab",
      .lease_s = options->lease_s,
      .first = (work.server_ip & ~0xffu) + FIRST,
      .entries = work.entries,
      .count = POOL,
  };
  if (!options->json) {
    printf("%s asks, %s gives; as %s's stack sends and gets it\n\n",
           topology->hosts[RUN_CLIENT].name, giver->name,
           topology->hosts[RUN_CLIENT].name);
  }
  host_spawn(run->sim.host[other.host], 0, serve, &work);
  host_spawn(run->sim.host[RUN_CLIENT], RUN_CLIENT_START, ask, &work);
  run_simulate(run, 1u << RUN_CLIENT);
  bool good = run_finish(run);
  good = ladder_draw(work.ladder, "packhorse dhcp", options->picture) && good;
  bool ok = good && run->healthy && run->finished && work.bound;
  if (options->json) {
    print_json(&work, ok);
  } else {
    print_report(&work, ok);
  }
  return ok ? 0 : 1;
}
