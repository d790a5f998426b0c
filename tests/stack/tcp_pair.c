/* SPDX-License-Identifier: Apache-2.0 */
/* Two stacks joined by a software wire, in virtual time. */
#include "tests/stack/tcp_pair.h"

#include "stack/ip/ipv6.h"
#include "stack/udp/raw.h"
#include "stack/wire/checksum.h"
#include "stack/wire/ipv6_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/poison.h"
#include "tests/stack/tcp_pair_frame.h"

enum { ETH = 14, IP = 20, TEST_PORT = 80 };

/* ---- Platform ----------------------------------------------------------- */

static uint32_t next_random(struct pair *pair) {
  pair->rng = pair->rng * 1664525u + 1013904223u;
  return pair->rng >> 8;
}

static bool chance(struct pair *pair, uint32_t ppm) {
  return ppm > 0 && next_random(pair) % 1000000u < ppm;
}

static void fill_random(void *ctx, void *to, size_t n) {
  struct pair *pair = ctx;
  for (size_t i = 0; i < n; i++) {
    ((uint8_t *)to)[i] = (uint8_t)next_random(pair);
  }
}

static void count_wake(void *ctx, void *object, uint32_t events) {
  (void)object;
  (void)events;
  ((struct pair *)ctx)->wakes++;
}

/* ---- The wire ----------------------------------------------------------- */

static void enqueue(struct pair *pair, int to, const uint8_t *data,
                    uint32_t len, uint64_t arrive_ns) {
  struct pair_frame *frame = malloc(sizeof(*frame) + len);
  frame->arrive_ns = arrive_ns;
  frame->order = pair->order++;
  frame->to = to;
  frame->len = len;
  memcpy(frame->data, data, len);
  struct pair_frame **at = &pair->wire;
  while (*at && (*at)->arrive_ns <= arrive_ns) {
    at = &(*at)->next;
  }
  frame->next = *at;
  *at = frame;
}

void pair_icmp(struct pair *pair, int to, uint8_t type, uint8_t code,
               uint16_t mtu, const uint8_t *packet, uint32_t quote) {
  uint8_t f[256] = {2, 0, 0,   0, 0, (uint8_t)(to + 1),
                    2, 0, 0,   0, 0, (uint8_t)(2 - to),
                    8, 0, 0x45};
  uint8_t *ip = f + ETH;
  uint8_t *h = ip + IP;
  assert_true(ETH + IP + 8 + quote <= sizeof(f));
  put_be16(ip + 2, (uint16_t)(IP + 8 + quote));
  ip[8] = 64;
  ip[9] = IP_PROTO_ICMP;
  put_be32(ip + 12, 0x0a000002u - (uint32_t)to);
  put_be32(ip + 16, 0x0a000001u + (uint32_t)to);
  put_be16(ip + 10, (uint16_t)~csum_data(ip, IP, 0));
  h[0] = type;
  h[1] = code;
  put_be16(h + 6, mtu);
  memcpy(h + 8, packet, quote);
  put_be16(h + 2, (uint16_t)~csum_data(h, 8 + quote, 0));
  enqueue(pair, to, f, ETH + IP + 8 + quote, pair->now_ns + PAIR_MS);
}

/* Packet Too Big (RFC 4443 3.2) reaches `to`, from its own peer's address. */
static void too_big_v6(struct pair *pair, int to, const uint8_t *packet) {
  enum { QUOTE = IPV6_HDR_LEN + 8 };
  uint8_t f[ETH + IPV6_HDR_LEN + 8 + QUOTE] = {
      2, 0, 0, 0, 0, (uint8_t)(to + 1), 2, 0, 0, 0, 0, (uint8_t)(2 - to)};
  uint8_t *ip = f + ETH;
  uint8_t *h = ip + IPV6_HDR_LEN;
  put_be16(f + 12, ETH_TYPE_IPV6);
  ip[0] = 0x60;
  put_be16(ip + IPV6_OFF_LEN, 8 + QUOTE);
  ip[IPV6_OFF_NEXT] = IPV6_NEXT_ICMP;
  ip[IPV6_OFF_HOPS] = 64;
  memcpy(ip + IPV6_OFF_SRC, packet + IPV6_OFF_DST, 16);
  memcpy(ip + IPV6_OFF_DST, packet + IPV6_OFF_SRC, 16);
  h[0] = ICMP6_TOO_BIG;
  put_be32(h + 4, pair->path_mtu);
  memcpy(h + 8, packet, QUOTE);
  put_be16(h + 2,
           (uint16_t)~csum_data(
               h, 8 + QUOTE, csum_data(ip + IPV6_OFF_SRC, 32, 58 + 8 + QUOTE)));
  enqueue(pair, to, f, sizeof(f), pair->now_ns + PAIR_MS);
}

/* A link on the way is too narrow: true if the frame ends there. */
static bool too_big(struct pair *pair, int from, const uint8_t *data,
                    uint32_t len) {
  if (pair_frame_is_ipv6(data) && pair->path_mtu &&
      len > pair->path_mtu + (uint32_t)ETH) {
    if (pair->path_icmp) {
      too_big_v6(pair, from, data + ETH);
    }
    return true;
  }
  if (pair->path_mtu == 0 || len <= pair->path_mtu + (uint32_t)ETH ||
      data[12] != 8 || data[13] != 0 || !(data[ETH + 6] & 0x40)) {
    return false; /* a router would fragment it */
  }
  if (pair->path_icmp) {
    pair_icmp(pair, from, 3, 4, pair->path_mtu, data + ETH, IP + 8);
  }
  return true;
}

/* One frame of at most MTU leaves a host. */
static void put_on_wire(struct pair_host *host, const uint8_t *data,
                        uint32_t len) {
  struct pair *pair = host->pair;
  struct pair_seg seg = {.time_ns = pair->now_ns, .from = host->index};
  bool tcp = pair_frame_parse(data, len, &seg);
  bool drop =
      chance(pair, pair->loss_ppm) || too_big(pair, host->index, data, len);
  if (tcp) {
    if (seg.len > 0 && pair->drop_next[host->index] > 0) {
      pair->drop_next[host->index]--;
      drop = true;
    }
    if (pair->drop && pair->drop(pair, &seg)) {
      drop = true;
    }
    seg.dropped = drop;
    if (pair->log_count < PAIR_LOG) {
      pair->log[pair->log_count++] = seg;
    }
  }
  if (drop) {
    return;
  }
  uint8_t copy[2048];
  if (pair->mangle) {
    memcpy(copy, data, len);
    len = pair->mangle(pair, host->index, copy, len);
    data = copy;
    if (len == 0) {
      return;
    }
  }
  if (pair->to_test && tcp) {
    return;
  }
  uint64_t arrive = pair->now_ns + pair->delay_ns;
  if (chance(pair, pair->reorder_ppm)) {
    arrive += pair->reorder_ns ? pair->reorder_ns
                               : pair->delay_ns + next_random(pair) % 200000u;
  }
  enqueue(pair, !host->index, data, len, arrive);
  if (chance(pair, pair->dup_ppm)) {
    enqueue(pair, !host->index, data, len, arrive + 1000);
  }
}

/* What a NIC with TSO does. */
static void cut(struct pair_host *host, const uint8_t *frame, uint32_t len,
                uint32_t gso_size) {
  uint32_t l4 = ETH + pair_frame_ip_len(frame, len);
  uint32_t headers = l4 + (frame[l4 + 12] >> 4) * 4u;
  uint8_t out[2048];
  uint32_t seq = get_be32(frame + l4 + 4);
  for (uint32_t at = headers; at < len; at += gso_size) {
    uint32_t n = ph_min_u32(gso_size, len - at);
    memcpy(out, frame, headers);
    memcpy(out + headers, frame + at, n);
    put_be32(out + l4 + 4, seq + (at - headers));
    if (at + n < len) {
      out[l4 + 13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    }
    if (pair_frame_is_ipv6(frame)) {
      put_be16(out + ETH + IPV6_OFF_LEN, (uint16_t)(headers - l4 + n));
      put_on_wire(host, out, headers + n);
      continue;
    }
    put_be16(out + ETH + 2, (uint16_t)(headers - ETH + n));
    /* The IP header sum of the cut frame. */
    put_be16(out + ETH + 10, 0);
    uint32_t sum = 0;
    for (int i = 0; i < IP; i += 2) {
      sum += get_be16(out + ETH + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    put_be16(out + ETH + 10, (uint16_t)~sum);
    put_on_wire(host, out, headers + n);
  }
}

/* ---- The interface ------------------------------------------------------ */

static int wire_transmit(struct netif *netif, struct pkt *pkt) {
  struct pair_host *host = netif->device;
  if (host->ring_free == 0) {
    host->was_full = true;
    return -PH_EAGAIN;
  }
  host->ring_free -= host->ring_free != UINT32_MAX;
  uint8_t *copy = malloc(pkt->len);
  pkt_copy(pkt, 0, copy, pkt->len);
  if (pkt->gso_size) {
    cut(host, copy, pkt->len, pkt->gso_size);
  } else {
    assert_true(pkt->len <= (uint32_t)netif->caps.mtu + ETH);
    put_on_wire(host, copy, pkt->len);
  }
  if (host->hold_completions) {
    struct pair_held *held = malloc(sizeof(*held));
    *held = (struct pair_held){host->held, pkt, copy};
    host->held = held;
    return 0;
  }
  free(copy);
  pkt_put(pkt);
  return 0;
}

static bool wire_can_transmit(struct netif *netif) {
  struct pair_host *host = netif->device;
  host->was_full |= host->ring_free == 0;
  return host->ring_free > 0;
}

static void release_held(struct pair_host *host) {
  while (host->held) {
    struct pair_held *held = host->held;
    host->held = held->next;
    uint8_t *now = malloc(held->pkt->len);
    pkt_copy(held->pkt, 0, now, held->pkt->len);
    /* No byte that the device may still read has changed. */
    assert_memory_equal(now, held->copy, held->pkt->len);
    free(now);
    free(held->copy);
    pkt_put(held->pkt);
    free(held);
  }
}

static void deliver_frame(struct pair_host *host,
                          const struct pair_frame *frame) {
  struct ph_block *block = ph_block_get(&host->rx_pool);
  struct pkt *pkt = block ? pkt_get(&host->stack.pkts, 0) : NULL;
  if (!pkt) {
    if (block) {
      ph_block_put(block);
    }
    return; /* the ring was empty */
  }
  assert_true(frame->len <= block->size);
  poison_fill(block->data, block->size, frame->data, frame->len);
  pkt->lent = block;
  pkt->head = block->data;
  pkt->head_len = pkt->len = frame->len;
  pkt->netif = &host->netif;
  pkt->gso_size = host->pair->rx_gso_size;
  pkt->csum = host->pair->software ? PKT_CSUM_NONE : PKT_CSUM_VERIFIED;
  netif_input(&host->netif, pkt);
}

static void wire_poll(struct netif *netif) {
  struct pair_host *host = netif->device;
  if (!host->hold_completions) {
    release_held(host);
  }
  while (host->rx) {
    struct pair_frame *frame = host->rx;
    host->rx = frame->next;
    deliver_frame(host, frame);
    free(frame);
  }
  host->rx_tail = &host->rx;
  if (host->was_full && host->ring_free > 0) {
    host->was_full = false;
    netif_writable(netif);
  }
}

static const struct netif_ops wire_ops = {wire_transmit, wire_poll,
                                          wire_can_transmit};

/* ---- Life --------------------------------------------------------------- */

struct ph_addr pair_addr6(int host) {
  return (struct ph_addr){{0x20, 1, 0xd, 0xb8, [15] = (uint8_t)(host + 1)}};
}

struct ph_addr pair_addr(int host) {
  return ph_addr_v4(0x0a000001u + (uint32_t)host);
}

static uint32_t test_isn(struct ph_stack *stack, const struct tcp_conn *conn) {
  (void)stack;
  (void)conn;
  return (uint32_t)PAIR_ISS;
}

static void add_interface(struct pair_host *host,
                          const struct pair_options *options) {
  struct ph_stack *stack = &host->stack;
  int index = host->index;
  host->netif = (struct netif){
      .name = "wire0",
      .ops = &wire_ops,
      .device = host,
      .caps = {.tx_csum = !options->software,
               .tso4 = !options->software,
               .tso6 = !options->software,
               .rx_csum = !options->software,
               .max_super = 65549,
               .mtu = options->mtu ? options->mtu : 1500},
      .mac = {2, 0, 0, 0, 0, (uint8_t)(index + 1)},
      .up = true,
  };
  assert_int_equal(netif_add(stack, &host->netif), 0);
  assert_int_equal(ph_ipv4_add_address(stack, &host->netif,
                                       0x0a000001u + (uint32_t)index, 24),
                   0);
  struct ph_addr addr = pair_addr6(index);
  if (options->ipv6) {
    assert_int_equal(ph_ipv6_add_address(stack, &host->netif, &addr, 64, false),
                     0);
  }
}

static void host_init(struct pair *pair, int index,
                      const struct pair_options *options) {
  struct pair_host *host = &pair->host[index];
  uint32_t blocks =
      options->blocks_each ? options->blocks_each : (uint32_t)PAIR_BLOCKS;
  blocks = options->blocks && index == 0 ? options->blocks : blocks;
  size_t rx_size = (size_t)PAIR_RX_BLOCKS * PAIR_RX_BLOCK_SIZE;
  size_t block_size = (size_t)blocks * PH_BLOCK_SIZE;
  size_t pkt_size = PAIR_PKTS * sizeof(struct pkt);
  uint8_t *memory = aligned_alloc(
      4096,
      (rx_size + block_size + pkt_size + PAIR_ARENA + 4095) / 4096 * 4096);
  /* What is sent without having been written is noticed. */
  memset(memory + rx_size + block_size + PAIR_ARENA, 0xa5, pkt_size);
  host->memory = memory;
  host->pair = pair;
  host->index = index;
  host->rx_tail = &host->rx;
  host->ring_free = UINT32_MAX;
  ph_block_pool_init(&host->rx_pool, host->rx_blocks, memory, PAIR_RX_BLOCKS,
                     PAIR_RX_BLOCK_SIZE);
  ph_block_pool_reserve(&host->rx_pool, PAIR_RX_BLOCKS / 4);
  struct ph_stack_config config = {
      .platform = &pair->platform,
      .block_memory = memory + rx_size,
      .block_count = blocks,
      .arena = memory + rx_size + block_size,
      .arena_size = PAIR_ARENA,
      .pkt_memory =
          (struct pkt *)(void *)(memory + rx_size + block_size + PAIR_ARENA),
      .pkt_count = PAIR_PKTS,
  };
  struct ph_stack *stack = &host->stack;
  assert_int_equal(ph_stack_init(stack, &config), 0);
  assert_int_equal(ph_netif_init(stack), 0);
  assert_int_equal(ph_ipv4_init(stack), 0);
  assert_int_equal(ph_ip_routes_init(stack, 0), 0);
  ph_netif_fragment_init(stack);
  const struct ph_ipv6_config v6 = {.ignore_ra = true, .skip_dad = true};
  if (options->ipv6) {
    assert_int_equal(ph_ipv6_init_with(stack, &v6), 0);
  }
  assert_int_equal(ph_tcp_init(stack, &options->tcp), 0);
  tcp_of(stack)->isn = test_isn;
  if (options->socket.max_sockets > 0) {
    assert_int_equal(ph_udp_init(stack), 0);
    assert_int_equal(ph_raw_init(stack), 0);
    assert_int_equal(ph_socket_init(stack, &options->socket), 0);
    assert_int_equal(ph_multicast_init(stack, 16), 0);
  }
  add_interface(host, options);
}

static void step(struct pair *pair, uint64_t limit_ns);

static int wait_a_step(void *ctx, void *object, uint32_t events,
                       uint64_t deadline_ns) {
  struct pair *pair = ctx;
  (void)object;
  (void)events;
  step(pair, deadline_ns);
  return pair->now_ns >= deadline_ns ? -PH_ETIMEDOUT : 0;
}

struct pair *pair_new(const struct pair_options *options) {
  static const struct pair_options none;
  options = options ? options : &none;
  struct pair *pair = calloc(1, sizeof(*pair));
  pair->platform = (struct ph_platform){
      .ctx = pair, .random = fill_random, .wake = count_wake};
  pair->platform.wait = options->blocking ? wait_a_step : NULL;
  pair->now_ns = PAIR_S;
  pair->delay_ns = 50000;
  pair->rng = 1;
  pair->software = options->software;
  pair->ipv6 = options->ipv6;
  host_init(pair, 0, options);
  host_init(pair, 1, options);
  return pair;
}

static void check_pools(struct pair_host *host) {
  const struct tcp_stack *tcp = tcp_of(&host->stack);
  assert_int_equal(tcp->conns_open, 0);
  assert_int_equal(tcp->ranges_available, tcp->ranges_count);
  assert_int_equal(tcp->chunks_available, tcp->chunks_count);
  assert_int_equal(tcp->rtx_users, 0);
  assert_int_equal(host->stack.blocks.available, host->stack.blocks.count);
  assert_int_equal(host->rx_pool.available, host->rx_pool.count);
  assert_int_equal(host->stack.pkts.available, host->stack.pkts.count);
}

void pair_free(struct pair *pair) {
  while (pair->wire) {
    struct pair_frame *frame = pair->wire;
    pair->wire = frame->next;
    free(frame);
  }
  for (int i = 0; i < 2; i++) {
    struct pair_host *host = &pair->host[i];
    struct tcp_stack *tcp = tcp_of(&host->stack);
    host->hold_completions = false;
    release_held(host);
    for (uint32_t c = 0; c < tcp->max_conns; c++) {
      /* What the protocol still keeps: TIME-WAIT and orphans. */
      if (tcp->conns[c].hashed && tcp_is_orphan(&tcp->conns[c])) {
        tcp_conn_free(&host->stack, &tcp->conns[c]);
      }
    }
    check_pools(host);
    free(host->memory);
  }
  free(pair);
}

/* ---- Time --------------------------------------------------------------- */

static void step(struct pair *pair, uint64_t limit_ns) {
  uint64_t next = limit_ns;
  if (pair->wire && pair->wire->arrive_ns < next) {
    next = pair->wire->arrive_ns;
  }
  for (int i = 0; i < 2; i++) {
    uint64_t deadline = ph_stack_next_deadline(&pair->host[i].stack);
    next = deadline < next ? deadline : next;
  }
  pair->now_ns = next > pair->now_ns ? next : pair->now_ns;
  while (pair->wire && pair->wire->arrive_ns <= pair->now_ns) {
    struct pair_frame *frame = pair->wire;
    struct pair_host *host = &pair->host[frame->to];
    pair->wire = frame->next;
    frame->next = NULL;
    *host->rx_tail = frame;
    host->rx_tail = &frame->next;
  }
  for (int i = 0; i < 2; i++) {
    ph_stack_poll(&pair->host[i].stack, pair->now_ns);
    tcp_check_invariants(&pair->host[i].stack);
  }
}

bool pair_run(struct pair *pair, uint64_t ns,
              bool (*done)(struct pair *pair, void *ctx), void *ctx) {
  uint64_t end = pair->now_ns + ns;
  for (int i = 0; i < 2; i++) {
    ph_stack_set_now(&pair->host[i].stack, pair->now_ns);
  }
  for (;;) {
    if (done && done(pair, ctx)) {
      return true;
    }
    if (pair->now_ns >= end) {
      return false;
    }
    step(pair, end);
  }
}

void pair_pass(struct pair *pair, uint64_t ns) {
  (void)pair_run(pair, ns, NULL, NULL);
}

/* ---- Hand-made segments ------------------------------------------------- */

void pair_receive(struct pair *pair, const void *frame, uint32_t len) {
  enqueue(pair, 0, frame, len, pair->now_ns);
  step(pair, pair->now_ns);
}

void pair_inject(struct pair *pair, const struct pair_tx *tx) {
  uint8_t f[2048] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0};
  uint8_t *ip = f + ETH;
  uint8_t *h = ip + IP;
  uint32_t hlen = 20 + tx->options_len;
  uint32_t total = IP + hlen + tx->len;
  ip[0] = 0x45;
  ip[1] = tx->tos;
  put_be16(ip + 2, (uint16_t)total);
  ip[8] = 64;
  ip[9] = IP_PROTO_TCP;
  put_be32(ip + 12, 0x0a000002);
  put_be32(ip + 16, 0x0a000001);
  uint32_t sum = 0;
  for (int i = 0; i < IP; i += 2) {
    sum += get_be16(ip + i);
  }
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  put_be16(ip + 10, (uint16_t)~sum);
  put_be16(h, tx->src_port);
  put_be16(h + 2, tx->dst_port);
  put_be32(h + 4, tx->seq);
  put_be32(h + 8, tx->ack);
  h[12] = (uint8_t)(hlen / 4 << 4);
  h[13] = tx->flags;
  put_be16(h + 14, tx->wnd);
  put_be16(h + 18, tx->urg);
  if (tx->options_len) {
    memcpy(h + 20, tx->options, tx->options_len);
  }
  if (tx->len) {
    memcpy(h + hlen, tx->data, tx->len);
  }
  uint8_t pseudo[4] = {0, IP_PROTO_TCP, (uint8_t)((hlen + tx->len) >> 8),
                       (uint8_t)(hlen + tx->len)};
  put_be16(h + 16, (uint16_t)~csum_data(
                       h, hlen + tx->len,
                       csum_data(pseudo, 4, csum_data(ip + 12, 8, 0))));
  pair_receive(pair, f, ETH + total);
}

const struct pair_seg *pair_last(const struct pair *pair, uint32_t n) {
  assert_true(n >= 1 && n <= pair->log_count);
  return &pair->log[pair->log_count - n];
}

uint32_t pair_count(const struct pair *pair, int from, uint32_t since) {
  uint32_t count = 0;
  for (uint32_t i = since; i < pair->log_count; i++) {
    count += pair->log[i].from == from;
  }
  return count;
}

/* ---- Connections -------------------------------------------------------- */

static bool established(struct pair *pair, void *ctx) {
  struct pair_ends *ends = ctx;
  struct ph_stack *server = &pair->host[!ends->client_owner].stack;
  if (!ends->server) {
    ends->server = tcp_accept(server, ends->listener);
  }
  return ends->server != NULL &&
         tcp_get_state(ends->client) == TCP_STATE_ESTABLISHED;
}

void pair_establish(struct pair *pair, int client, struct pair_ends *ends) {
  struct ph_stack *c = &pair->host[client].stack;
  struct ph_stack *s = &pair->host[!client].stack;
  struct ph_addr any = pair->ipv6 ? (struct ph_addr){{0}} : ph_addr_v4(0);
  struct ph_addr to = pair->ipv6 ? pair_addr6(!client) : pair_addr(!client);
  *ends = (struct pair_ends){.client_owner = client};
  ph_stack_set_now(c, pair->now_ns);
  ph_stack_set_now(s, pair->now_ns);
  ends->listener = tcp_open(s, &ends->listener_owner);
  assert_int_equal(tcp_bind(s, ends->listener, &any, TEST_PORT, true), 0);
  assert_int_equal(tcp_listen(s, ends->listener, 8), 0);
  ends->client = tcp_open(c, &ends->client_owner);
  assert_int_equal(tcp_connect(c, ends->client, &to, TEST_PORT), 0);
  assert_true(pair_run(pair, 10 * PAIR_S, established, ends));
  tcp_set_owner(ends->server, &ends->server_owner);
  tcp_close(s, ends->listener, false);
  ends->listener = NULL;
}
