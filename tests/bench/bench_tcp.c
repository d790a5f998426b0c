/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of the stack alone, over the software wire of bed.h. Counting
 * instructions is callgrind's work: it collects inside measured_*() and not
 * inside bed_wire_copy() (tests/bench/bench.py). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/base/errno.h"
#include "tests/bench/bed.h"

#define MS 1000000ull
#define S 1000000000ull

enum { CALL = 65536, PORT = 80 };

static uint8_t out[CALL], in[CALL];

static uint8_t stream_byte(uint64_t n) {
  return (uint8_t)((n * 0x9e3779b97f4a7c15u) >> 56);
}

static void fail(const char *what) {
  fprintf(stderr, "bench_tcp: %s\n", what);
  exit(1);
}

/* ---- A transfer --------------------------------------------------------- */

struct flow {
  struct bed_pair pair;
  uint64_t sent, received, total;
  bool check; /* compare what arrives */
};

static void flow_send(struct ph_stack *stack, struct flow *flow) {
  while (flow->sent < flow->total) {
    size_t want = flow->total - flow->sent < CALL ? flow->total - flow->sent
                                                  : (size_t)CALL;
    if (flow->check) {
      for (size_t i = 0; i < want; i++) {
        out[i] = stream_byte(flow->sent + i);
      }
    }
    long n = ph_send(stack, flow->pair.client, out, want, 0);
    if (n <= 0) {
      if (n != -PH_EAGAIN) {
        fail("send");
      }
      return;
    }
    flow->sent += (uint64_t)n;
  }
}

static void flow_receive(struct ph_stack *stack, struct flow *flow) {
  long n;
  while ((n = ph_recv(stack, flow->pair.server, in, CALL, 0)) > 0) {
    for (long i = 0; flow->check && i < n; i++) {
      if (in[i] != stream_byte(flow->received + (uint64_t)i)) {
        fail("a byte differs");
      }
    }
    flow->received += (uint64_t)n;
  }
  if (n != -PH_EAGAIN && n != 0) {
    fail("recv");
  }
}

__attribute__((noinline)) static void measured_transfer(struct bed *bed,
                                                        struct flow *flow) {
  while (flow->received < flow->total) {
    flow_send(&bed->host[0].stack, flow);
    bed_step(bed, bed->now_ns + S);
    flow_receive(&bed->host[1].stack, flow);
  }
}

static void ipb_over(char **args, bool ipv6) {
  static const char *const names[] = {"none", "csum", "full"};
  struct bed_config config = {.ipv6 = ipv6,
                              .delay_ns = 10000,
                              .blocks = 1024,
                              .rx_blocks = 1024,
                              .connections = 16,
                              .sockets = 16};
  for (int i = 0; i < 3; i++) {
    if (strcmp(args[0], names[i]) == 0) {
      config.offload = (enum bed_offload)i;
    }
  }
  struct bed *bed = bed_new(&config);
  struct flow flow = {.pair = bed_connect(bed, PORT, 256 << 10),
                      .total = strtoull(args[1], NULL, 10),
                      .check = strcmp(args[2], "check") == 0};
  measured_transfer(bed, &flow);
  printf("bytes %llu\n", (unsigned long long)flow.received);
  bed_free(bed);
}

/* ipb none|csum|full BYTES check|count */
static void ipb(char **args) {
  ipb_over(args, false);
}

/* The same over IPv6. */
static void ipb6(char **args) {
  ipb_over(args, true);
}

/* ---- Request and response ----------------------------------------------- */

static void wait_readable(struct bed *bed, int host, int fd) {
  struct ph_pollfd pfd = {.fd = fd, .events = PH_POLLIN};
  while (ph_poll(&bed->host[host].stack, &pfd, 1, 0) <= 0) {
    bed_step(bed, bed->now_ns + S);
  }
}

static void request_response(struct bed *bed, const struct bed_pair *pair,
                             uint32_t count) {
  struct ph_stack *client = &bed->host[0].stack;
  struct ph_stack *server = &bed->host[1].stack;
  uint8_t byte = 1;
  for (uint32_t i = 0; i < count; i++) {
    (void)ph_send(client, pair->client, &byte, 1, 0);
    wait_readable(bed, 1, pair->server);
    (void)ph_recv(server, pair->server, &byte, 1, 0);
    (void)ph_send(server, pair->server, &byte, 1, 0);
    wait_readable(bed, 0, pair->client);
    if (ph_recv(client, pair->client, &byte, 1, 0) != 1) {
      fail("no response");
    }
  }
}

__attribute__((noinline)) static void measured_rr(struct bed *bed,
                                                  const struct bed_pair *pair,
                                                  uint32_t count) {
  request_response(bed, pair, count);
}

static void rr_over(char **args, bool ipv6) {
  struct bed_config config = {.ipv6 = ipv6,
                              .offload = BED_FULL,
                              .delay_ns = 10000,
                              .blocks = 1024,
                              .rx_blocks = 256,
                              .connections = 16,
                              .sockets = 16};
  struct bed *bed = bed_new(&config);
  struct bed_pair pair = bed_connect(bed, PORT, 0);
  request_response(bed, &pair, 100); /* past the first ACKs at once */
  uint32_t count = (uint32_t)strtoul(args[0], NULL, 10);
  measured_rr(bed, &pair, count);
  printf("operations %u\n", count);
  bed_free(bed);
}

/* rr COUNT */
static void rr(char **args) {
  rr_over(args, false);
}

/* The same over IPv6. */
static void rr6(char **args) {
  rr_over(args, true);
}

/* ---- Datagrams ----------------------------------------------------------- */

enum { DATAGRAM = 18 }; /* a frame of 60 bytes */

static void datagrams(struct bed *bed, int from, int to, const void *name,
                      ph_socklen_t name_len, uint32_t count) {
  struct ph_stack *sender = &bed->host[0].stack;
  struct ph_stack *receiver = &bed->host[1].stack;
  for (uint32_t i = 0; i < count; i++) {
    long n = ph_sendto(sender, from, out, DATAGRAM, 0, name, name_len);
    bed_step(bed, bed->now_ns + MS);
    if (n != DATAGRAM || ph_recv(receiver, to, in, CALL, 0) != DATAGRAM) {
      fail("no datagram");
    }
  }
}

__attribute__((noinline)) static void measured_udp(struct bed *bed, int from,
                                                   int to, const void *name,
                                                   ph_socklen_t name_len,
                                                   uint32_t count) {
  datagrams(bed, from, to, name, name_len, count);
}

/* udp connected|sendto COUNT: one datagram at a time, from socket to socket. */
static void udp(char **args) {
  struct bed_config config = {.offload = BED_CSUM,
                              .delay_ns = 10000,
                              .blocks = 1024,
                              .rx_blocks = 256,
                              .connections = 16,
                              .sockets = 16};
  struct bed *bed = bed_new(&config);
  struct ph_stack *stack[2] = {&bed->host[0].stack, &bed->host[1].stack};
  struct ph_sockaddr_in at = bed_address(1, PORT);
  bool connected = strcmp(args[0], "connected") == 0;
  uint32_t count = (uint32_t)strtoul(args[1], NULL, 10);
  int fd[2];
  for (int i = 0; i < 2; i++) {
    ph_stack_set_now(stack[i], bed->now_ns);
    fd[i] = ph_socket(stack[i], PH_AF_INET, PH_SOCK_DGRAM, 0);
  }
  if (ph_bind(stack[1], fd[1], &at, sizeof at) ||
      (connected && ph_connect(stack[0], fd[0], &at, sizeof at))) {
    fail("bind, connect");
  }
  (void)ph_sendto(stack[0], fd[0], out, DATAGRAM, 0, &at, sizeof at);
  while (ph_recv(stack[1], fd[1], in, CALL, 0) < 0) {
    bed_step(bed, bed->now_ns + MS); /* ARP */
  }
  const void *name = connected ? NULL : &at;
  measured_udp(bed, fd[0], fd[1], name, connected ? 0 : sizeof at, count);
  printf("operations %u\n", count);
  bed_free(bed);
}

/* ---- Connect, one byte, close ------------------------------------------- */

static void connect_pair(struct bed *bed, int listener, int *client,
                         int *server) {
  struct ph_sockaddr_in at = bed_address(1, PORT);
  struct ph_stack *stack = &bed->host[0].stack;
  *client = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM | PH_SOCK_NONBLOCK, 0);
  int error = ph_connect(stack, *client, &at, sizeof at);
  if (*client < 0 || error != -PH_EINPROGRESS) {
    fail("connect");
  }
  wait_readable(bed, 1, listener);
  *server =
      ph_accept4(&bed->host[1].stack, listener, NULL, NULL, PH_SOCK_NONBLOCK);
  if (*server < 0) {
    fail("accept");
  }
}

__attribute__((noinline)) static void measured_crr(struct bed *bed,
                                                   int listener,
                                                   uint32_t count) {
  struct ph_stack *stack[2] = {&bed->host[0].stack, &bed->host[1].stack};
  for (uint32_t i = 0; i < count; i++) {
    int client, server;
    uint8_t byte = 1;
    connect_pair(bed, listener, &client, &server);
    (void)ph_send(stack[0], client, &byte, 1, 0);
    wait_readable(bed, 1, server);
    (void)ph_recv(stack[1], server, &byte, 1, 0);
    (void)ph_close(stack[0], client);
    wait_readable(bed, 1, server);
    if (ph_recv(stack[1], server, &byte, 1, 0) != 0) {
      fail("no end of stream");
    }
    (void)ph_close(stack[1], server);
    bed_step(bed, bed->now_ns + S); /* the last FIN */
    bed_step(bed, bed->now_ns + S); /* and its ACK: TIME-WAIT */
  }
}

/* crr IDLE COUNT: IDLE established connections lie beside. */
static void crr(char **args) {
  uint32_t idle = (uint32_t)strtoul(args[0], NULL, 10);
  uint32_t count = (uint32_t)strtoul(args[1], NULL, 10);
  struct bed_config config = {.offload = BED_FULL,
                              .delay_ns = 10000,
                              .blocks = 1024,
                              .rx_blocks = 1024,
                              .connections = idle + count + 64,
                              .sockets = idle + 64};
  struct bed *bed = bed_new(&config);
  struct ph_stack *server = &bed->host[1].stack;
  struct ph_sockaddr_in at = bed_address(1, PORT);
  int listener =
      ph_socket(server, PH_AF_INET, PH_SOCK_STREAM | PH_SOCK_NONBLOCK, 0);
  if (listener < 0 || ph_bind(server, listener, &at, sizeof at) ||
      ph_listen(server, listener, 16)) {
    fail("listen");
  }
  for (uint32_t i = 0; i < idle; i++) {
    int a, b;
    connect_pair(bed, listener, &a, &b);
  }
  measured_crr(bed, listener, count);
  printf("operations %u\n", count);
  bed_free(bed);
}

/* ---- Memory of an idle connection --------------------------------------- */

static void idle_bytes(char **args) {
  (void)args;
  size_t used[2];
  enum { N = 16384 };
  for (int i = 0; i < 2; i++) {
    uint32_t n = (uint32_t)(i + 1) * N;
    struct bed_config config = {
        .blocks = 16, .rx_blocks = 16, .connections = n, .sockets = n};
    struct bed *bed = bed_new(&config);
    used[i] = bed_arena_used(&bed->host[0]);
    bed_free(bed);
  }
  printf("idle_connection_bytes %.1f\n", (double)(used[1] - used[0]) / N);
}

/* ---- Congestion control over a long path -------------------------------- */

static const struct bed_config long_path = {.offload = BED_CSUM,
                                            .rate_bps = 1000000000,
                                            .delay_ns = 50 * MS,
                                            .queue_bytes = 12500000,
                                            .blocks = 40000,
                                            .rx_blocks = 40000,
                                            .max_buffer = 64 << 20,
                                            .connections = 16,
                                            .sockets = 16};

struct samples {
  double cwnd_segs; /* sum over samples */
  uint64_t count;
};

/* Run until `end_ns`; cwnd of flow 0 is sampled every 10 ms. */
static void run_flows(struct bed *bed, struct flow *flows, int count,
                      uint64_t end_ns, struct samples *samples) {
  uint64_t next_sample_ns = bed->now_ns;
  while (bed->now_ns < end_ns) {
    for (int i = 0; i < count; i++) {
      flow_send(&bed->host[0].stack, &flows[i]);
    }
    bed_step(bed, next_sample_ns);
    for (int i = 0; i < count; i++) {
      flow_receive(&bed->host[1].stack, &flows[i]);
    }
    if (bed->now_ns >= next_sample_ns) {
      struct ph_socket_info info;
      next_sample_ns += 10 * MS;
      if (samples && ph_socket_info(&bed->host[0].stack, flows[0].pair.client,
                                    &info) == 0) {
        samples->cwnd_segs += (double)info.cwnd / info.mss;
        samples->count++;
      }
    }
  }
}

/* lfn: 1 Gb/s, 100 ms, a drop-tail queue of one BDP; seconds 10 to 40. */
static void lfn(char **args) {
  (void)args;
  struct bed *bed = bed_new(&long_path);
  struct flow flow = {.pair = bed_connect(bed, PORT, 32 << 20),
                      .total = UINT64_MAX};
  uint64_t start_ns = bed->now_ns;
  run_flows(bed, &flow, 1, start_ns + 10 * S, NULL);
  uint64_t before = flow.received;
  run_flows(bed, &flow, 1, start_ns + 40 * S, NULL);
  double limit = 1e9 * 1460 / 1538 / 8 * 30;
  printf("lfn_cubic_ratio %.4f\n", (double)(flow.received - before) / limit);
  printf("overflows %llu retransmissions %llu timeouts %llu\n",
         (unsigned long long)bed->overflows,
         (unsigned long long)bed->host[0].stack.stats.TcpRetransSegs,
         (unsigned long long)bed->host[0].stack.stats.TcpTimeouts);
  bed_free(bed);
}

/* window P RTT_MS SECONDS random|periodic: mean cwnd under a loss rate of P
 * against RFC 9438 5.1's
 *   AVG_W = (C (3 + beta) / (4 (1 - beta)))^(1/4) RTT^(3/4) / p^(3/4),
 * which assumes that every 1/P-th packet is lost. */
static void window(char **args) {
  double p = strtod(args[0], NULL);
  double rtt_s = strtod(args[1], NULL) / 1000;
  uint64_t seconds = strtoull(args[2], NULL, 10);
  struct bed_config config = long_path;
  config.rate_bps = 0;
  config.queue_bytes = 0;
  config.delay_ns = (uint64_t)(rtt_s * 1e9 / 2);
  if (strcmp(args[3], "periodic") == 0) {
    config.loss_period = (uint32_t)(1 / p + 0.5);
  } else {
    config.loss = (uint32_t)(p * 4294967296.0);
  }
  struct bed *bed = bed_new(&config);
  struct flow flow = {.pair = bed_connect(bed, PORT, 32 << 20),
                      .total = UINT64_MAX};
  uint64_t start_ns = bed->now_ns;
  struct samples samples = {0};
  run_flows(bed, &flow, 1, start_ns + 20 * S, NULL);
  run_flows(bed, &flow, 1, start_ns + seconds * S, &samples);
  double mean = samples.cwnd_segs / (double)samples.count;
  double formula = pow(0.4 * 3.7 / (4 * 0.3), 0.25) * pow(rtt_s / p, 0.75);
  printf("cubic_window %.4f\n", mean / formula);
  printf("mean %.1f formula %.1f lost %llu of %llu timeouts %llu\n", mean,
         formula, (unsigned long long)bed->lost,
         (unsigned long long)bed->frames,
         (unsigned long long)bed->host[0].stack.stats.TcpTimeouts);
  bed_free(bed);
}

/* jain: CUBIC and NewReno, one bottleneck of 100 Mb/s and 20 ms, one BDP. */
static void jain(char **args) {
  (void)args;
  struct bed_config config = long_path;
  config.rate_bps = 100000000;
  config.delay_ns = 10 * MS;
  config.queue_bytes = 250000;
  struct bed *bed = bed_new(&config);
  struct flow flows[2];
  for (int i = 0; i < 2; i++) {
    const char *name = i ? "reno" : "cubic";
    flows[i] =
        (struct flow){.pair = bed_connect(bed, (uint16_t)(PORT + i), 4 << 20),
                      .total = UINT64_MAX};
    if (ph_setsockopt(&bed->host[0].stack, flows[i].pair.client, PH_IPPROTO_TCP,
                      PH_TCP_CONGESTION, name, (ph_socklen_t)strlen(name))) {
      fail("TCP_CONGESTION");
    }
  }
  run_flows(bed, flows, 2, bed->now_ns + 60 * S, NULL);
  double a = (double)flows[0].received, b = (double)flows[1].received;
  printf("jain_cubic_newreno %.4f\n",
         (a + b) * (a + b) / (2 * (a * a + b * b)));
  printf("cubic %.1f newreno %.1f Mb/s\n", a * 8 / 60e6, b * 8 / 60e6);
  bed_free(bed);
}

/* ---- Command line ------------------------------------------------------- */

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    int args;
    void (*run)(char **args);
  } commands[] = {{"udp", 2, udp},         {"ipb", 3, ipb},
                  {"rr", 1, rr},           {"ipb6", 3, ipb6},
                  {"rr6", 1, rr6},         {"crr", 2, crr},
                  {"idle", 0, idle_bytes}, {"lfn", 0, lfn},
                  {"window", 4, window},   {"jain", 0, jain}};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (argc > 1 && strcmp(argv[1], commands[i].name) == 0 &&
        argc == 2 + commands[i].args) {
      commands[i].run(argv + 2);
      return 0;
    }
  }
  fprintf(stderr,
          "usage: bench_tcp udp connected|sendto COUNT | ipb|ipb6 "
          "none|csum|full BYTES check|count | rr|rr6 "
          "COUNT | "
          "crr IDLE COUNT | idle | lfn | window P RTT_MS SECONDS "
          "random|periodic | jain\n");
  return 2;
}
