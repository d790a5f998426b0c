/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/run/state.h"

#include "sim/run/address.h"
#include "stack/ip/ipv6.h"
#include "stack/netif/netif.h"
#include "stack/socket/socket.h"

static void write_interface(FILE *to, const struct netif *netif) {
  fprintf(to, "interface %s %u %d %llu %llu %llu %llu %llu\n", netif->name,
          netif->caps.mtu, netif->up, (unsigned long long)netif->rx_packets,
          (unsigned long long)netif->rx_bytes,
          (unsigned long long)netif->tx_packets,
          (unsigned long long)netif->tx_bytes,
          (unsigned long long)netif->tx_busy);
}

static void write_route(FILE *to, const struct ph_route_info *route) {
  char destination[ADDRESS_TEXT], next_hop[ADDRESS_TEXT];
  bool on_link =
      ip_addr_is_any(&route->next_hop) ||
      (ph_addr_is_v4(&route->next_hop) && ph_addr_to_v4(&route->next_hop) == 0);
  fprintf(to, "route %s/%u %s %s\n",
          address_text(&route->destination, destination), route->prefix_len,
          on_link ? "-" : address_text(&route->next_hop, next_hop),
          route->netif->name);
}

/* Something was counted. */
static bool limited(const struct ph_socket_info *info) {
  uint64_t any = 0;
  for (int i = 0; i < PH_LIMIT_COUNT; i++) {
    any |= info->limit_ns[i];
  }
  return any != 0;
}

static void write_socket(FILE *to, const struct ph_socket_info *info) {
  char local[ADDRESS_TEXT], remote[ADDRESS_TEXT];
  bool stream = info->type == PH_SOCK_STREAM;
  bool v4 = ph_addr_is_v4(&info->local);
  fprintf(to, "socket %s%s %s %u %u %s %u %s %u", stream ? "tcp" : "udp",
          v4 ? "" : "6", *info->state ? info->state : "-", info->recv_queue,
          info->send_queue, address_text(&info->local, local), info->local_port,
          v4 && !ph_addr_is_v4(&info->remote)
              ? "0.0.0.0"
              : address_text(&info->remote, remote),
          info->remote_port);
  fprintf(to, " %u %u %u %u %u %llu %llu %llu\n", info->cwnd, info->ssthresh,
          info->snd_wnd, info->rcv_wnd, info->mss,
          (unsigned long long)info->srtt_ns, (unsigned long long)info->rto_ns,
          (unsigned long long)info->retransmissions);
  if (stream && limited(info)) {
    fprintf(to, "limits %llu", (unsigned long long)info->bytes_sent);
    for (int i = 0; i < PH_LIMIT_COUNT; i++) {
      fprintf(to, " %llu", (unsigned long long)info->limit_ns[i]);
    }
    fprintf(to, "\n");
  }
}

static void write_sockets(FILE *to, struct ph_stack *stack) {
  struct ph_socket_info info;
  for (int fd = 0; (fd = ph_socket_next(stack, fd)) >= 0; fd++) {
    if (ph_socket_info(stack, fd, &info) == 0) { /* no epoll instance */
      write_socket(to, &info);
    }
  }
  for (uint32_t i = 0; ph_orphan_info(stack, i, &info) == 0; i++) {
    write_socket(to, &info);
  }
}

void state_write_host(FILE *to, const char *name, struct ph_stack *stack) {
  struct ph_route_info route;
  fprintf(to, "host %s %llu\n", name, (unsigned long long)stack->now_ns);
  for (const struct netif *n = netif_first(stack); n; n = n->next) {
    write_interface(to, n);
  }
  for (uint32_t i = 0; ph_ipv4_route_info(stack, i, &route) == 0; i++) {
    write_route(to, &route);
  }
  for (uint32_t i = 0; ph_ipv6_route_info(stack, i, &route) == 0; i++) {
    write_route(to, &route);
  }
  write_sockets(to, stack);
#define X(name_, text)                     \
  fprintf(to, "counter %s %llu\n", #name_, \
          (unsigned long long)stack->stats.name_);
  PH_STATS_MAP(X)
#undef X
}
