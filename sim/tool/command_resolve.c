/* SPDX-License-Identifier: Apache-2.0 */
/* packhorse resolve: a host that has nothing gets its address, name server and
 * domain by DHCP, then asks for a name. Both servers run on the other host. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/apps/dns_server.h"
#include "sim/explain/ladder.h"
#include "sim/run/address.h"
#include "sim/tool/commands.h"
#include "sim/tool/options_own.h"
#include "sim/tool/options_value.h"
#include "sim/run/run.h"
#include "stack/dhcp/dhcp.h"
#include "stack/dns/dns.h"
#include "stack/dns/netdb.h"
#include "stack/ip/ip.h"
#include "stack/socket/inet_text.h"

enum { FOUND_MAX = 16, POOL = 8, GIVE_UP_S = 60 };
#define ZONE "www.lab=192.0.2.1 www.lab=2001:db8::1 ftp.lab=www.lab"

static const struct option longs[] = {
    {"zone", required_argument, NULL, 'z'},
    {"json", no_argument, NULL, 'j'},
    {"ipv6", no_argument, NULL, '6'},
    {"picture", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "usage: packhorse resolve [OPTION]... NAME\n\n"
    "A host gets its address by DHCP and asks for NAME.\n\n"
    "      --zone RECORDS  what the name server knows, name=address or "
    "name=name\n                      (" ZONE
    ")\n"
    "  -6, --ipv6          ask the name server over IPv6\n"
    "      --picture FILE  draw what the hosts say to each other "
    "(SVG)\n"
    "      --json          one object\n"
    "      --help          this text\n";

struct resolve {
  const char *name, *records, *picture;
  bool json, ipv6;
  struct ph_addr server; /* asked for names, if it is not DHCP's */
  struct dns_zone zone;
  struct ph_stack *client;
  struct ph_dhcp dhcp;
  struct ph_dhcp_server leases;
  struct ph_dhcp_entry entries[POOL];
  struct app_result served;
  int error; /* of ph_getaddrinfo() */
  uint64_t bound_ns, resolved_ns;
  uint32_t count;
  char found[FOUND_MAX][PH_INET6_ADDRSTRLEN];
  char canonical[DNS_TEXT_MAX];
};

static struct netif *ethernet(struct ph_stack *stack) {
  struct netif *netif = netif_first(stack);
  while (netif->loopback) {
    netif = netif->next;
  }
  return netif;
}

static void serve(struct host *host, void *arg) {
  struct resolve *r = arg;
  struct ph_stack *stack = host_stack(host);
  const struct dns_server_config config = {.zone = &r->zone, .ipv6 = r->ipv6};
  struct app_env env = host_app_env(host);
  if (ph_dhcp_server_start(stack, &r->leases, ethernet(stack)) == 0) {
    dns_server(stack, &env, &config, &r->served);
  }
}

/* What DHCP says goes to the resolver. */
static void told(void *ctx, const struct ph_dhcp_lease *lease) {
  struct resolve *r = ctx;
  if (lease) {
    struct ph_addr server = r->ipv6 ? r->server : ph_addr_v4(lease->dns[0]);
    ph_dns_set_servers(r->client, &server, lease->dns[0] != 0);
    (void)!ph_dns_set_search(r->client, lease->domain); /* it fits */
    r->bound_ns = r->client->now_ns;
  }
}

static void keep(struct resolve *r, const struct ph_addrinfo *list) {
  if (list->ai_canonname) {
    snprintf(r->canonical, sizeof(r->canonical), "%s", list->ai_canonname);
  }
  for (; list && r->count < FOUND_MAX; list = list->ai_next) {
    bool v4 = list->ai_family == PH_AF_INET;
    (void)ph_inet_ntop(list->ai_family,
                       (const uint8_t *)list->ai_addr + (v4 ? 4 : 8),
                       r->found[r->count++], PH_INET6_ADDRSTRLEN);
  }
}

static void ask(struct host *host, void *arg) {
  struct resolve *r = arg;
  struct ph_stack *stack = r->client = host_stack(host);
  struct netif *netif = ethernet(stack);
  struct ph_addrinfo hints = {.ai_socktype = PH_SOCK_STREAM,
                              .ai_flags = PH_AI_CANONNAME};
  struct ph_addrinfo *list;
  r->dhcp = (struct ph_dhcp){.event = told, .ctx = r, .no_probe = true};
  r->error = PH_EAI_FAIL;
  if (ph_ipv4_remove_address(stack, netif, 0x0a000001) < 0 ||
      ph_dns_init(stack, NULL) < 0 ||
      ph_dhcp_start(stack, &r->dhcp, netif) < 0) {
    return;
  }
  uint64_t end = stack->now_ns + GIVE_UP_S * 1000000000ull;
  while (r->dhcp.state != DHCP_STATE_BOUND && stack->now_ns < end) {
    struct ph_pollfd nothing = {.fd = -1};
    (void)ph_poll(stack, &nothing, 1, 1);
  }
  r->error = ph_getaddrinfo(stack, r->name, NULL, &hints, &list);
  r->resolved_ns = stack->now_ns;
  if (!r->error) {
    keep(r, list);
    ph_freeaddrinfo(stack, list);
  }
  ph_dhcp_stop(&r->dhcp); /* gives the address back */
}

static void print_json(const struct resolve *r, const struct run *run,
                       bool ok) {
  struct json json;
  char text[PH_INET6_ADDRSTRLEN];
  const uint32_t ip = r->dhcp.lease.address;
  const uint8_t bytes[4] = {(uint8_t)(ip >> 24), (uint8_t)(ip >> 16),
                            (uint8_t)(ip >> 8), (uint8_t)ip};
  json_begin(&json, stdout);
  json_bool(&json, "ok", ok);
  json_text(&json, "dhcp_address",
            ph_inet_ntop(PH_AF_INET, bytes, text, sizeof(text)));
  json_text(&json, "name", r->name);
  json_text(&json, "canonical_name", r->canonical);
  json_text(&json, "address", r->count ? r->found[0] : "");
  json_u64(&json, "addresses", r->count);
  json_text(&json, "error", r->error ? ph_gai_strerror(r->error) : "");
  run_json(run, &json);
  json_end(&json);
}

static void print(const struct resolve *r) {
  const struct ph_dhcp_lease *lease = &r->dhcp.lease;
  if (r->bound_ns) {
    printf("%10.3f ms  DHCP: 10.0.0.%u/%u, name server 10.0.0.%u, domain %s\n",
           (double)r->bound_ns / 1e6, lease->address & 255, lease->prefix_len,
           lease->dns[0] & 255, lease->domain);
  } else {
    printf("no address by DHCP\n");
  }
  char server[ADDRESS_TEXT];
  printf("%10.3f ms  %s%s%s: ", (double)r->resolved_ns / 1e6, r->name,
         r->ipv6 ? " of " : "",
         r->ipv6 ? address_text(&r->server, server) : "");
  if (r->error) {
    printf("%s\n", ph_gai_strerror(r->error));
    return;
  }
  printf("%s\n", r->canonical);
  for (uint32_t i = 0; i < r->count; i++) {
    printf("%16s%s\n", "", r->found[i]);
  }
}

static int simulate(struct resolve *r) {
  char *words[] = {"packhorse", "ping", "--nic", "soft", "-6", NULL};
  struct options options;
  static struct run run;
  if (options_parse(&options, r->ipv6 ? 5 : 4, words)) {
    return 2;
  }
  options.watch = r->picture != NULL;
  if (!run_start(&run, &options)) {
    return 2;
  }
  struct ladder *ladder = ladder_new(&run);
  if (r->picture) {
    capture_watch(run.capture, ladder_see, ladder);
  }
  r->server = run_address(&run, RUN_SERVER);
  r->leases = (struct ph_dhcp_server){.address = 0x0a000002,
                                      .prefix_len = 24,
                                      .dns = {0x0a000002},
                                      .domain = "lab",
                                      .lease_s = 3600,
                                      .first = 0x0a000064,
                                      .entries = r->entries,
                                      .count = POOL};
  host_spawn(run.sim.host[RUN_SERVER], 0, serve, r);
  host_spawn(run.sim.host[RUN_CLIENT], RUN_CLIENT_START, ask, r);
  run_simulate(&run, 1u << RUN_CLIENT);
  bool ok = run_finish(&run) && run.healthy && run.finished && !r->error;
  ok = ladder_draw(ladder, "packhorse resolve", r->picture) && ok;
  if (r->json) {
    print_json(r, &run, ok);
  } else {
    print(r);
    printf("\nevent hash %016llx\n", (unsigned long long)run.event_hash);
  }
  return ok ? 0 : 1;
}

static int take(void *ctx, int code, char *value) {
  struct resolve *r = ctx;
  r->records = code == 'z' ? value : r->records;
  r->picture = code == 'p' ? value : r->picture;
  r->ipv6 |= code == '6';
  r->json |= code == 'j';
  return 0;
}

int command_resolve(const struct options *options) {
  static const struct options_own own = {
      .command = "resolve",
      .help = help,
      .operands = "one NAME, as in 'packhorse resolve www'",
      .shorts = "6",
      .longs = longs,
      .take = take,
  };
  static struct resolve r;
  r = (struct resolve){.records = ZONE};
  const char *wrong;
  char **name;
  int count =
      options_own_read(&own, &r, options->arg_count, options->args, &name);
  if (count <= 0) {
    return -count;
  }
  r.name = name[0];
  if (dns_zone_parse(&r.zone, r.records, &wrong) < 0) {
    return options_complain("zone", wrong, "name=address or name=name");
  }
  return simulate(&r);
}
