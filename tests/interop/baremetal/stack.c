/* SPDX-License-Identifier: Apache-2.0 */
/* The stack on bare metal, for a processor of 32 or of 64 bits: bytes to itself
 * over the loopback, by TCP and UDP, IPv4 and IPv6, and a name. What a compiler
 * makes of the stack for another processor shows only when it runs.
 */
#include "stack/dns/dns.h"
#include "stack/dns/netdb.h"
#include "stack/ip/ip.h"
#include "stack/ip/ipv6.h"
#include "stack/socket/socket.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/udp.h"
#include "tests/interop/baremetal/machine.h"

enum {
  ARENA = 8 << 20,
  BLOCKS = 512,
  PACKETS = 256,
  BYTES = 1 << 20, /* each way */
  PIECE = 3000,
  PORT = 0x5000, /* 80, network order on these machines */
  STEP_NS = 1000000,
  PATIENCE = 100000, /* polls */
};

static uint8_t arena[ARENA] __attribute__((aligned(64)));
static uint8_t blocks[BLOCKS][PH_BLOCK_SIZE] __attribute__((aligned(4096)));
static struct pkt packets[PACKETS];
static struct ph_stack stack;
static uint64_t now_ns, seed = 1;

static void check(bool good, const char *what) {
  if (!good) {
    machine_print("FAIL ");
    machine_finish(what, false);
  }
}

static uint8_t next_byte(uint64_t *state) { /* xorshift64 */
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (uint8_t)(*state >> 56);
}

static void fill(void *ctx, void *to, size_t n) {
  for (size_t i = 0; i < n; i++) {
    ((uint8_t *)to)[i] = next_byte(ctx);
  }
}

static void poll(void) {
  now_ns += STEP_NS;
  ph_stack_poll(&stack, now_ns);
}

static void set_up(void) {
  static const struct ph_platform platform = {.ctx = &seed, .random = fill};
  static const struct ph_stack_config config = {.platform = &platform,
                                                .arena = arena,
                                                .arena_size = ARENA,
                                                .block_memory = blocks[0],
                                                .block_count = BLOCKS,
                                                .pkt_memory = packets,
                                                .pkt_count = PACKETS};
  static const struct ph_tcp_config tcp = {.max_connections = 32,
                                           .max_listeners = 4,
                                           .max_senders = 16,
                                           .max_ranges = 256,
                                           .max_chunks = 512};
  static const struct ph_socket_config sockets = {.max_sockets = 16};
  check(!ph_stack_init(&stack, &config) && !ph_netif_init(&stack) &&
            !ph_ipv4_init(&stack) && !ph_ipv6_init(&stack) &&
            !ph_udp_init(&stack) && !ph_tcp_init(&stack, &tcp) &&
            !ph_socket_init(&stack, &sockets) && !ph_loopback_init(&stack) &&
            !ph_dns_init(&stack, NULL),
        "set up");
}

/* The loopback address of a family, and how long it is. */
static ph_socklen_t address(bool ipv6, struct ph_sockaddr_in6 *to) {
  *to = (struct ph_sockaddr_in6){
      .sin6_family = PH_AF_INET6, .sin6_port = PORT, .sin6_addr = {[15] = 1}};
  if (!ipv6) {
    *(struct ph_sockaddr_in *)(void *)to = (struct ph_sockaddr_in){
        .sin_family = PH_AF_INET, .sin_port = PORT, .sin_addr = 0x0100007f};
  }
  return ipv6 ? sizeof(*to) : sizeof(struct ph_sockaddr_in);
}

/* Sends and receives in pieces until all has come back. */
static void exchange(int from, int to) {
  static uint8_t out[PIECE], in[PIECE], want[PIECE];
  uint64_t sending = 7, receiving = 7;
  uint32_t sent = 0, received = 0, at = PIECE;
  for (int i = 0; i < PATIENCE && received < BYTES; i++) {
    while (sent < BYTES) {
      if (at == PIECE) {
        fill(&sending, out, PIECE);
        at = 0;
      }
      uint32_t len = ph_min_u32(PIECE - at, BYTES - sent);
      long n = ph_send(&stack, from, out + at, len, PH_MSG_DONTWAIT);
      if (n <= 0) {
        check(n == -PH_EAGAIN, "send");
        break;
      }
      sent += (uint32_t)n;
      at += (uint32_t)n;
    }
    poll();
    for (long n; (n = ph_recv(&stack, to, in, PIECE, PH_MSG_DONTWAIT)) > 0;) {
      fill(&receiving, want, (size_t)n);
      check(machine_same(in, want, (size_t)n), "received as sent");
      received += (uint32_t)n;
    }
  }
  check(received == BYTES, "all of it received");
}

static void tcp(bool ipv6) {
  struct ph_sockaddr_in6 to;
  ph_socklen_t len = address(ipv6, &to);
  int family = ipv6 ? PH_AF_INET6 : PH_AF_INET;
  int listener = ph_socket(&stack, family, PH_SOCK_STREAM, 0);
  int client = ph_socket(&stack, family, PH_SOCK_STREAM | PH_SOCK_NONBLOCK, 0);
  check(listener >= 0 && client >= 0 && !ph_bind(&stack, listener, &to, len) &&
            !ph_listen(&stack, listener, 1) &&
            ph_connect(&stack, client, &to, len) == -PH_EINPROGRESS,
        "listen, connect");
  int server = -1;
  for (int i = 0; i < PATIENCE && server < 0; i++) {
    poll();
    server = ph_accept(&stack, listener, NULL, NULL);
  }
  check(server >= 0, "accept");
  exchange(client, server);
  exchange(server, client);
  check(!ph_close(&stack, client) && !ph_close(&stack, server) &&
            !ph_close(&stack, listener),
        "close");
  poll();
}

/* With a control message, whose length is 64 bits on any processor. */
static void udp(bool ipv6) {
  struct ph_sockaddr_in6 to;
  ph_socklen_t len = address(ipv6, &to);
  int fd = ph_socket(&stack, ipv6 ? PH_AF_INET6 : PH_AF_INET, PH_SOCK_DGRAM, 0);
  struct {
    uint64_t len;
    int32_t level, type, value, pad;
  } ttl = {20, ipv6 ? PH_IPPROTO_IPV6 : PH_IPPROTO_IP,
           ipv6 ? PH_IPV6_HOPLIMIT : PH_IP_TTL, 9, 0};
  uint8_t text[4] = "ping", in[8];
  struct ph_iovec piece = {text, sizeof(text)};
  struct ph_msghdr message = {.msg_name = &to,
                              .msg_namelen = len,
                              .msg_iov = &piece,
                              .msg_iovlen = 1,
                              .msg_control = &ttl,
                              .msg_controllen = sizeof(ttl)};
  check(fd >= 0 && !ph_bind(&stack, fd, &to, len) &&
            ph_sendmsg(&stack, fd, &message, 0) == sizeof(text),
        "sendmsg");
  poll();
  check(ph_recv(&stack, fd, in, sizeof(in), PH_MSG_DONTWAIT) == sizeof(text) &&
            machine_same(in, text, sizeof(text)) && !ph_close(&stack, fd),
        "datagram");
}

static void name(bool ipv6) {
  static const uint8_t localhost[] = "localhost";
  struct ph_sockaddr_in6 of;
  ph_socklen_t len = address(ipv6, &of);
  char host[32] = "";
  check(!ph_getnameinfo(&stack, &of, len, host, sizeof(host), NULL, 0, 0) &&
            machine_same((uint8_t *)host, localhost, sizeof(localhost)),
        "name of the loopback address");
}

int main(void) {
  set_up();
  for (int ipv6 = 0; ipv6 < 2; ipv6++) {
    tcp(ipv6);
    udp(ipv6);
    name(ipv6);
  }
  check(stack.stats.TcpRetransSegs == 0 && stack.stats.TcpInCsumErrors == 0,
        "nothing lost");
  machine_print_number(stack.stats.TcpInSegs);
  machine_print(" segments, pointers of ");
  machine_print_number(8 * sizeof(void *));
  machine_finish(" bits: PASS", true);
}
