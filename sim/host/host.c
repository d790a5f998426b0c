/* SPDX-License-Identifier: Apache-2.0 */
/* A host's making: memory, stack, device, addresses. */
#include "sim/host/host.h"

#include <stdlib.h>
#include <string.h>

#include "sim/host/host_internal.h"
#include "stack/ip/ipv6.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/raw.h"

enum {
  PAGE = 4096,
  ARENA_SIZE = 8 << 20,
  PACKETS = 4096,
  SOCKETS = 64,
  BLOCKS_SPARE = 1024, /* beyond what one connection's send queue takes */
};

static void host_random(void *ctx, void *to, size_t n) {
  struct host *host = ctx;
  sim_rng_fill(&host->random, to, n);
}

static size_t block_count(const struct host_config *config) {
  return 2 * ((size_t)config->sndbuf + config->rcvbuf) / PH_BLOCK_SIZE +
         BLOCKS_SPARE;
}

/* Device-visible memory: blocks, packets, then what each device's rings and
 * receive buffers need. */
static void make_memory(struct host *host) {
  size_t blocks = block_count(&host->config) * PH_BLOCK_SIZE;
  size_t packets = (PACKETS * sizeof(struct pkt) + PAGE - 1) / PAGE * PAGE;
  size_t size = blocks + packets;
  for (unsigned i = 0; i < host->port_count; i++) {
    struct host_port *port = &host->ports[i];
    port->device_offset = (size + PAGE - 1) / PAGE * PAGE;
    size = port->device_offset + host->ops->device_bytes(port);
    port->device_end = size;
  }
  for (unsigned i = 0; i < host->port_count; i++) {
    host->memory = host->ops->memory(&host->ports[i], size);
  }
  if (posix_memalign(&host->arena, PAGE, ARENA_SIZE) != 0) {
    sim_fatal("no memory for a host's stack");
  }
}

static void must(int error, const char *what, const struct host *host) {
  if (error) {
    sim_fatal("host %s: %s: %s", host->config.name, what, ph_strerror(error));
  }
}

static void start_stack(struct host *host) {
  struct ph_stack *stack = &host->stack;
  size_t blocks = block_count(&host->config);
  const struct ph_stack_config config = {
      .platform = &host->platform,
      .arena = host->arena,
      .arena_size = ARENA_SIZE,
      .block_memory = host->memory,
      .block_count = (uint32_t)blocks,
      .pkt_memory = (struct pkt *)(void *)(host->memory + blocks * PAGE),
      .pkt_count = PACKETS,
  };
  const struct ph_socket_config sockets = {
      .max_sockets = SOCKETS,
      .default_sndbuf = host->config.sndbuf,
      .default_rcvbuf = host->config.rcvbuf,
  };
  /* Buffers are what the configuration says: they don't tune themselves. */
  struct ph_tcp_config tcp = {.max_sndbuf = 0};
  if (host->config.tcp) {
    tcp = *host->config.tcp;
  }
  tcp.max_sndbuf = tcp.max_sndbuf ? tcp.max_sndbuf : host->config.sndbuf;
  tcp.max_rcvbuf = tcp.max_rcvbuf ? tcp.max_rcvbuf : host->config.rcvbuf;
  must(ph_stack_init(stack, &config), "ph_stack_init", host);
  /* Packets of different hosts have different names. */
  stack->next_packet_id = (uint64_t)(host->config.index + 1) << 32;
  must(ph_netif_init(stack), "ph_netif_init", host);
  must(ph_ipv4_init(stack), "ph_ipv4_init", host);
  must(ph_ip_routes_init(stack, 0), "ph_ip_routes_init", host);
  must(ph_ip_reassembly_init(stack, NULL), "ph_ip_reassembly_init", host);
  ph_netif_fragment_init(stack);
  arp_on_conflict(stack, NULL); /* addresses are defended, nobody is told */
  /* Nobody has our addresses, and time is short. */
  const struct ph_ipv6_config ipv6 = {.ignore_ra = !host->config.autoconf,
                                      .skip_dad = true};
  if (host->config.ipv6) {
    must(ph_ipv6_init_with(stack, &ipv6), "ph_ipv6_init_with", host);
  }
  must(ph_loopback_init(stack), "ph_loopback_init", host);
  must(ph_udp_init(stack), "ph_udp_init", host);
  must(ph_raw_init(stack), "ph_raw_init", host);
  must(ph_tcp_init(stack, &tcp), "ph_tcp_init", host);
  ph_tcp_count_limits(stack);
  must(ph_socket_init(stack, &sockets), "ph_socket_init", host);
  must(ph_multicast_init(stack, 64), "ph_multicast_init", host);
}

static void boot_port(struct host_port *port) {
  struct host *host = port->host;
  const struct host_port_config *config = &port->config;
  host->current = port;
  host->ops->start(port);
  if (host->config.mss) {
    uint16_t mtu = (uint16_t)(host->config.mss + 40);
    if (mtu < port->netif->caps.mtu) {
      port->netif->caps.mtu = mtu;
    }
  }
  must(ph_ipv4_add_address(&host->stack, port->netif, config->ip,
                           config->prefix_len),
       "ph_ipv4_add_address", host);
  if (host->config.ipv6 && !host->config.autoconf &&
      !ip_addr_is_any(&config->ip6)) {
    must(ph_ipv6_add_address(&host->stack, port->netif, &config->ip6,
                             config->prefix6_len, true),
         "ph_ipv6_add_address", host);
  }
  host_tap_netif(port);
}

static void add_route(struct host *host, const struct host_route *route) {
  struct netif *netif = host->ports[route->port].netif;
  if (ip_addr_is_mapped(&route->destination)) {
    must(ph_ipv4_add_route(&host->stack, ph_addr_to_v4(&route->destination),
                           route->prefix_len, ph_addr_to_v4(&route->gateway),
                           netif),
         "ph_ipv4_add_route", host);
  } else {
    must(ph_ipv6_add_route(&host->stack, &route->destination, route->prefix_len,
                           &route->gateway, netif),
         "ph_ipv6_add_route", host);
  }
}

void host_boot(struct host *host) {
  for (unsigned i = 0; i < host->port_count; i++) {
    boot_port(&host->ports[i]);
  }
  for (unsigned i = 0; i < host->config.route_count; i++) {
    add_route(host, &host->config.routes[i]);
  }
  if (host->config.forwarding) {
    ph_ip_set_forwarding(&host->stack, true);
  }
  static const struct ph_ipv6_advertise usual = {0};
  for (unsigned i = 0; i < host->port_count; i++) {
    if (host->config.ipv6 && host->ports[i].config.advertise) {
      must(ph_ipv6_advertise(&host->stack, host->ports[i].netif, &usual),
           "ph_ipv6_advertise", host);
    }
  }
}

const char *host_port_name(const struct host_port *port) {
  static const char *const names[HOST_PORTS] = {"eth0", "eth1", "eth2", "eth3",
                                                "eth4", "eth5", "eth6", "eth7"};
  return names[port->index];
}

static void make_ports(struct host *host) {
  const struct host_config *config = &host->config;
  if (config->more_count >= HOST_PORTS) {
    sim_fatal("host %s: at most %d NICs", config->name, HOST_PORTS);
  }
  host->port_count = 1 + config->more_count;
  host->ports = sim_alloc(host->port_count * sizeof(*host->ports));
  host->ports[0].config = (struct host_port_config){
      .ip = config->ip,
      .prefix_len = config->prefix_len,
      .ip6 = config->ip6,
      .advertise = config->advertise,
      .prefix6_len = config->prefix6_len,
      .mtu = config->mtu,
      .end = config->end,
  };
  memcpy(host->ports[0].config.mac, config->mac, sizeof(config->mac));
  for (unsigned i = 0; i < host->port_count; i++) {
    struct host_port *port = &host->ports[i];
    port->host = host;
    port->index = i;
    if (i > 0) {
      port->config = config->more[i - 1];
    }
    sim_heap_init(&port->inbox);
  }
}

struct host *host_create(const struct host_config *config) {
  struct host *host = sim_alloc(sizeof(*host));
  host->config = *config;
  host->ops = config->nic == HOST_NIC_RTL ? &host_rtl_ops : &host_soft_ops;
  host->platform = (struct ph_platform){
      .ctx = host,
      .random = host_random,
      .wait = host_wait,
      .wake = host_wake,
      .trace = config->timeline ? host_trace : NULL,
      .trace_stream = config->timeline ? host_trace_stream : NULL,
  };
  sim_rng_init(&host->random, config->seed, config->name);
  host->irq_since = SIM_NEVER;
  host->ready_end = &host->ready;
  make_ports(host);
  make_memory(host);
  start_stack(host);
  host_observe_init(host);
  host->kernel = host_task_make(host, host_kernel, NULL);
  return host;
}

static void destroy_port(struct host_port *port) {
  struct sim_event event;
  while (sim_heap_pop(&port->inbox, &event)) {
    free(event.payload);
  }
  sim_heap_destroy(&port->inbox);
  port->host->ops->destroy(port);
}

void host_destroy(struct host *host) {
  while (host->tasks) {
    struct host_task *task = host->tasks;
    host->tasks = task->next;
    coro_destroy(task->coro);
    free(task);
  }
  for (unsigned i = 0; i < host->port_count; i++) {
    destroy_port(&host->ports[i]);
  }
  free(host->ports);
  free(host->arena);
  free(host->scratch);
  free(host);
}

unsigned host_tasks(const struct host *host) {
  return host->live_tasks;
}

bool host_waiting(const struct host *host) {
  for (const struct host_task *task = host->tasks; task; task = task->next) {
    /* One that has not begun waits for itself. */
    bool sleeps = task->waiting && task->object != task;
    if (task != host->kernel && !sleeps) {
      return false;
    }
  }
  return true;
}

unsigned host_index(const struct host *host) {
  return host->config.index;
}

struct ph_stack *host_stack(struct host *host) {
  return &host->stack;
}

static void sleep_ns(void *ctx, uint64_t ns) {
  struct host *host = ctx;
  host_clock(host);
  /* Nobody wakes this object. */
  host_wait(host, host->running, 0, host->stack.now_ns + ns);
}

struct app_env host_app_env(struct host *host) {
  return (struct app_env){.ctx = host, .sleep_ns = sleep_ns};
}

void host_arrive(struct host *host, struct frame *frame, sim_time start) {
  host_arrive_at(host, 0, frame, start);
}

void host_arrive_at(struct host *host, unsigned port, struct frame *frame,
                    sim_time start) {
  sim_heap_push(&host->ports[port].inbox, start, host->config.index, 0, frame);
}

void host_get_report(const struct host *host, struct host_report *report) {
  *report = (struct host_report){
      .cpu_ps = host->cpu_ps,
      .entries = host->total_entries,
      .interrupts = host->interrupts,
      .register_reads = host->register_reads,
      .register_writes = host->register_writes,
      .super_segments = host->super_segments,
      .packets = host->packets,
  };
  for (unsigned i = 0; i < host->port_count; i++) {
    host->ops->report(&host->ports[i], report);
  }
}

void host_event(struct host *host, sim_time time, enum event_channel channel,
                const void *data, size_t len) {
  event_hash_add(&host->hash[channel], time, channel, data, len);
}

/* The wires of a host's NICs are hashed apart: their order is no result. */
static uint64_t port_event_hash(const struct host_port *port) {
  const struct host *host = port->host;
  struct event_hash hash = {0};
  for (int i = 1; i < EVENT_CHANNEL_NIC; i++) {
    bool wire = i == EVENT_CHANNEL_WIRE_TX || i == EVENT_CHANNEL_WIRE_RX;
    uint64_t value = wire               ? port->hash[i].value
                     : port->index == 0 ? host->hash[i].value
                                        : 0;
    event_hash_add_word(&hash, 0, (enum event_channel)i, value);
  }
  event_hash_add_word(&hash, 0, EVENT_CHANNEL_NIC, host->ops->hash(port));
  return hash.value;
}

uint64_t host_event_hash(const struct host *host) {
  struct event_hash hash = {port_event_hash(&host->ports[0])};
  for (unsigned i = 1; i < host->port_count; i++) {
    event_hash_add_word(&hash, 0, EVENT_CHANNEL_NIC,
                        port_event_hash(&host->ports[i]));
  }
  return hash.value;
}

void host_hash(struct host *host, const void *data, size_t len) {
  host_event(host, host->local, EVENT_CHANNEL_SOCKET, data, len);
}

bool host_check(struct host *host, const char **why) {
  bool good = true;
  for (unsigned i = 0; i < host->port_count && good; i++) {
    good = host->ops->check(&host->ports[i], why);
  }
  return good;
}
