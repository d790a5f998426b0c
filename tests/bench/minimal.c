/* SPDX-License-Identifier: Apache-2.0 */
/* A small system's program with TCP, UDP and IPv4 and every TCP feature, for
 * the figure text_kb_min: how much code the linker can't leave out. What has to
 * be asked for by a call that is not made here (IPv6, fragments, loopback, a
 * table of routes, epoll, keepalive, ARQ, socket options) is left out. It is
 * linked, not run: main() takes what its environment would give. */
#include "stack/ip/ip.h"
#include "stack/socket/socket.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/udp.h"

struct system {
  struct ph_stack stack;
  struct ph_stack_config config;
  struct netif netif;
  uint64_t now_ns;
};

extern struct system system_memory;
struct system system_memory;

static int serve(struct ph_stack *stack, int listener) {
  uint8_t buffer[512];
  int fd = ph_accept(stack, listener, NULL, NULL);
  if (fd < 0) {
    return fd;
  }
  long n = ph_recv(stack, fd, buffer, sizeof buffer, 0);
  if (n > 0) {
    n = ph_send(stack, fd, buffer, (size_t)n, 0);
  }
  int error = ph_close(stack, fd);
  return n < 0 ? (int)n : error;
}

int main(void) {
  struct system *s = &system_memory;
  static const struct ph_socket_config sockets = {.max_sockets = 16};
  static const struct ph_sockaddr_in any = {.sin_family = PH_AF_INET,
                                            .sin_port = 0x5000};
  if (ph_stack_init(&s->stack, &s->config) || ph_netif_init(&s->stack) ||
      ph_ipv4_init(&s->stack) || ph_udp_init(&s->stack) ||
      ph_tcp_init(&s->stack, NULL) || ph_socket_init(&s->stack, &sockets) ||
      netif_add(&s->stack, &s->netif) ||
      ph_ipv4_add_address(&s->stack, &s->netif, 0x0a000001, 24)) {
    return 1;
  }
  ph_ipv4_set_gateway(&s->stack, 0x0a0000fe);
  int fd = ph_socket(&s->stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  if (fd < 0 || ph_bind(&s->stack, fd, &any, sizeof any) ||
      ph_listen(&s->stack, fd, 4)) {
    return 1;
  }
  for (;;) {
    ph_stack_poll(&s->stack, s->now_ns);
    struct ph_pollfd pfd = {.fd = fd, .events = PH_POLLIN};
    if (ph_poll(&s->stack, &pfd, 1, 0) > 0 && serve(&s->stack, fd) < 0) {
      return 1;
    }
  }
}
