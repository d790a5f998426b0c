/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bed.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "stack/ip/ipv6.h"
#include "stack/udp/udp.h"

enum {
  ETH = 14,
  HEADERS = ETH + 20 + 20,
  ON_THE_WIRE = 24, /* FCS, preamble, gap */
  ARENA = 512 << 20,
  FIRST_IP = 0x0a000001
};

static void die(const char *what) {
  fprintf(stderr, "bed: %s\n", what);
  exit(1);
}

static uint64_t next_random(struct bed *bed) { /* xorshift64* */
  bed->rng ^= bed->rng >> 12;
  bed->rng ^= bed->rng << 25;
  bed->rng ^= bed->rng >> 27;
  return bed->rng * 0x2545f4914f6cdd1du;
}

static void fill_random(void *ctx, void *to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ((uint8_t *)to)[i] = (uint8_t)(next_random(ctx) >> 56);
  }
}

/* ---- The wire ----------------------------------------------------------- */

/* The frame as the receiving device has written it, or NULL when it has no
 * buffer left. One block, or headers and pages. */
__attribute__((noinline)) struct pkt *bed_wire_copy(struct bed_host *to,
                                                    const struct pkt *from);
struct pkt *bed_wire_copy(struct bed_host *to, const struct pkt *from) {
  struct pkt *pkt = pkt_get(&to->stack.pkts, 0);
  if (!pkt) {
    return NULL;
  }
  bool pages = from->gso_size != 0;
  uint32_t done = pages ? ph_min_u32(from->len, from->head_len) : 0;
  pkt_copy(from, 0, pkt->room, done);
  pkt->head = pkt->room;
  pkt->head_len = pkt->len = done;
  while (done < from->len) {
    struct ph_block *block = ph_block_get(&to->rx_pool);
    if (!block) {
      pkt_put(pkt);
      return NULL;
    }
    uint32_t n = ph_min_u32(from->len - done, block->size);
    pkt_copy(from, done, block->data, n);
    if (pages) {
      (void)pkt_add_frag(pkt, block, block->data, n);
      ph_block_put(block);
    } else {
      pkt->lent = block;
      pkt->head = block->data;
      pkt->head_len = pkt->len = n;
    }
    done += n;
  }
  pkt->netif = &to->netif;
  pkt->gso_size = from->gso_size;
  pkt->gso_type = from->gso_type;
  pkt->csum = to->netif.caps.rx_csum ? PKT_CSUM_VERIFIED : PKT_CSUM_NONE;
  return pkt;
}

/* Of a link with losses. */
static bool is_lost(const struct bed_host *from, uint32_t len) {
  struct bed *bed = from->bed;
  const struct bed_config *config = &bed->config;
  bool data = from->index == 0 && len > HEADERS + 40;
  bed->frames += data;
  bool lost = config->loss_period && bed->frames % config->loss_period == 0;
  lost |= config->loss && (uint32_t)(next_random(bed) >> 32) < config->loss;
  bed->lost += data && lost;
  return data && lost;
}

/* When the last bit has arrived over a link of some rate, or 0: its queue was
 * full. */
static uint64_t link_pass(struct bed_host *from, uint32_t len) {
  struct bed *bed = from->bed;
  const struct bed_config *config = &bed->config;
  uint64_t start =
      from->busy_until_ns > bed->now_ns ? from->busy_until_ns : bed->now_ns;
  uint64_t queued = (start - bed->now_ns) * (config->rate_bps / 1000) / 8000000;
  if (config->queue_bytes && queued + len > config->queue_bytes) {
    bed->overflows++;
    return 0;
  }
  from->busy_until_ns =
      start + (uint64_t)(len + ON_THE_WIRE) * 8000000000u / config->rate_bps;
  return from->busy_until_ns + config->delay_ns;
}

static int wire_transmit(struct netif *netif, struct pkt *pkt) {
  struct bed_host *from = netif->device;
  struct bed_host *to = from->peer;
  const struct bed_config *config = &from->bed->config;
  uint64_t arrival_ns = from->bed->now_ns + config->delay_ns;
  if ((config->loss || config->loss_period) && is_lost(from, pkt->len)) {
    arrival_ns = 0;
  } else if (config->rate_bps > 0) {
    arrival_ns = link_pass(from, pkt->len);
  }
  struct pkt *copy = arrival_ns ? bed_wire_copy(to, pkt) : NULL;
  if (copy) {
    copy->time_ns = arrival_ns;
    *to->queue_tail = copy;
    to->queue_tail = &copy->next;
  }
  pkt_put(pkt);
  return 0;
}

static void wire_poll(struct netif *netif) {
  struct bed_host *host = netif->device;
  while (host->queue && host->queue->time_ns <= host->bed->now_ns) {
    struct pkt *pkt = host->queue;
    host->queue = pkt->next;
    if (!host->queue) {
      host->queue_tail = &host->queue;
    }
    netif_input(netif, pkt);
  }
}

static const struct netif_ops wire_ops = {wire_transmit, wire_poll, NULL};

/* ---- Life --------------------------------------------------------------- */

static void *map(size_t size) {
  void *memory = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  if (!memory) {
    die("no memory");
  }
  return memory;
}

static struct ph_addr address6(int host) {
  return (struct ph_addr){{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(host + 1)}};
}

static void attach(struct bed_host *host) {
  struct ph_stack *stack = &host->stack;
  enum bed_offload offload = host->bed->config.offload;
  bool full = offload == BED_FULL;
  host->netif = (struct netif){
      .name = "bed0",
      .ops = &wire_ops,
      .device = host,
      .caps = {.tx_csum = offload != BED_NONE,
               .rx_csum = offload != BED_NONE,
               .tso4 = full,
               .tso6 = full,
               .lro = full,
               .max_super = full ? 65549 : 0,
               .mtu = 1500},
      .mac = {2, 0, 0, 0, 0, (uint8_t)(host->index + 1)},
      .up = true,
  };
  if (netif_add(stack, &host->netif) ||
      ph_ipv4_add_address(stack, &host->netif, FIRST_IP + (uint32_t)host->index,
                          24)) {
    die("no interface");
  }
  struct ph_addr addr = address6(host->index);
  if (host->bed->config.ipv6 &&
      ph_ipv6_add_address(stack, &host->netif, &addr, 64, true)) {
    die("no IPv6");
  }
}

static void host_init(struct bed *bed, int index) {
  const struct bed_config *config = &bed->config;
  struct bed_host *host = &bed->host[index];
  uint32_t rx_size = config->offload == BED_FULL ? 4096 : 2048;
  uint32_t packets = config->rx_blocks + 2048;
  host->bed = bed;
  host->index = index;
  host->peer = &bed->host[!index];
  host->queue_tail = &host->queue;
  size_t rx_bytes = (size_t)config->rx_blocks * rx_size;
  size_t block_bytes = (size_t)config->blocks * PH_BLOCK_SIZE;
  uint8_t *memory = map(rx_bytes + block_bytes + ARENA);
  host->memory = memory;
  ph_block_pool_init(&host->rx_pool,
                     calloc(config->rx_blocks, sizeof(struct ph_block)), memory,
                     config->rx_blocks, rx_size);
  ph_block_pool_reserve(&host->rx_pool, config->rx_blocks / 8);
  struct ph_stack_config stack_config = {
      .platform = &bed->platform,
      .block_memory = memory + rx_bytes,
      .block_count = config->blocks,
      .arena = memory + rx_bytes + block_bytes,
      .arena_size = ARENA,
      .pkt_memory = map(packets * sizeof(struct pkt)),
      .pkt_count = packets,
  };
  struct ph_tcp_config tcp = {.max_connections = config->connections,
                              .max_ranges = 65536,
                              .max_chunks = 65536,
                              .max_sndbuf = config->max_buffer,
                              .max_rcvbuf = config->max_buffer,
                              .congestion = config->congestion};
  struct ph_socket_config sockets = {.max_sockets = config->sockets};
  const struct ph_ipv6_config quiet = {.ignore_ra = true, .skip_dad = true};
  struct ph_stack *stack = &host->stack;
  if (ph_stack_init(stack, &stack_config) || ph_netif_init(stack) ||
      ph_ipv4_init(stack) ||
      (config->ipv6 && ph_ipv6_init_with(stack, &quiet)) ||
      ph_udp_init(stack) || ph_tcp_init(stack, &tcp) ||
      ph_socket_init(stack, &sockets)) {
    die("the arena is too small");
  }
  attach(host);
}

struct bed *bed_new(const struct bed_config *config) {
  struct bed *bed = calloc(1, sizeof(*bed));
  bed->config = *config;
  bed->platform = (struct ph_platform){.ctx = bed, .random = fill_random};
  bed->now_ns = 1000000000;
  bed->rng = 0x9e3779b97f4a7c15u;
  host_init(bed, 0);
  host_init(bed, 1);
  return bed;
}

void bed_free(struct bed *bed) {
  for (int i = 0; i < 2; i++) {
    free(bed->host[i].memory);
  }
  free(bed);
}

/* When its timer or the next frame wants to be looked at. */
static uint64_t due_ns(const struct bed_host *host) {
  uint64_t due = ph_timers_next(&host->stack.timers);
  return host->queue && host->queue->time_ns < due ? host->queue->time_ns : due;
}

/* Who is not due has no interrupt and is not polled, as in the simulator. */
static void host_step(struct bed_host *host, uint64_t due, uint64_t now) {
  if (due <= now) {
    ph_stack_poll(&host->stack, now);
  } else {
    ph_stack_set_now(&host->stack, now);
  }
}

void bed_step(struct bed *bed, uint64_t limit_ns) {
  uint64_t due[2] = {due_ns(&bed->host[0]), due_ns(&bed->host[1])};
  uint64_t next = due[0] < due[1] ? due[0] : due[1];
  next = next < limit_ns ? next : limit_ns;
  bed->now_ns = next > bed->now_ns ? next : bed->now_ns;
  host_step(&bed->host[1], due[1], bed->now_ns);
  host_step(&bed->host[0], due[0], bed->now_ns);
}

struct ph_sockaddr_in bed_address(int host, uint16_t port) {
  return (struct ph_sockaddr_in){.sin_family = PH_AF_INET,
                                 .sin_port = htons(port),
                                 .sin_addr = htonl(FIRST_IP + (uint32_t)host)};
}

static int make_socket(struct ph_stack *stack, int domain, int buffer) {
  int fd = ph_socket(stack, domain, PH_SOCK_STREAM | PH_SOCK_NONBLOCK, 0);
  if (fd >= 0 && buffer) {
    (void)ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_SNDBUF, &buffer,
                        sizeof buffer);
    (void)ph_setsockopt(stack, fd, PH_SOL_SOCKET, PH_SO_RCVBUF, &buffer,
                        sizeof buffer);
  }
  return fd;
}

struct bed_pair bed_connect(struct bed *bed, uint16_t port, int buffer) {
  struct ph_stack *client = &bed->host[0].stack;
  struct ph_stack *server = &bed->host[1].stack;
  struct ph_sockaddr_in at4 = bed_address(1, port);
  struct ph_sockaddr_in6 at6 = {.sin6_family = PH_AF_INET6,
                                .sin6_port = htons(port)};
  struct ph_addr addr = address6(1);
  memcpy(at6.sin6_addr, addr.bytes, sizeof(at6.sin6_addr));
  bool ipv6 = bed->config.ipv6;
  int domain = ipv6 ? PH_AF_INET6 : PH_AF_INET;
  const void *at = ipv6 ? (const void *)&at6 : &at4;
  ph_socklen_t len = ipv6 ? sizeof(at6) : sizeof(at4);
  ph_stack_set_now(client, bed->now_ns);
  ph_stack_set_now(server, bed->now_ns);
  struct bed_pair pair = {make_socket(server, domain, buffer),
                          make_socket(client, domain, buffer), -1};
  if (pair.listener < 0 || pair.client < 0 ||
      ph_bind(server, pair.listener, at, len) ||
      ph_listen(server, pair.listener, 8) ||
      ph_connect(client, pair.client, at, len) != -PH_EINPROGRESS) {
    die("no connection");
  }
  uint64_t limit_ns = bed->now_ns + 10000000000u;
  while (pair.server < 0 && bed->now_ns < limit_ns) {
    bed_step(bed, limit_ns);
    pair.server =
        ph_accept4(server, pair.listener, NULL, NULL, PH_SOCK_NONBLOCK);
  }
  if (pair.server < 0) {
    die("no connection within ten seconds");
  }
  return pair;
}

size_t bed_arena_used(const struct bed_host *host) {
  return ARENA - host->stack.arena_left;
}
