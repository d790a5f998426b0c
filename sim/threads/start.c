/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/threads/start.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/base/errno.h"
#include "stack/dns/dns.h"
#include "stack/eth/eth.h"
#include "stack/ip/ipv6.h"
#include "stack/socket/inet_text.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/raw.h"
#include "stack/udp/udp.h"

enum {
  SOCKETS = 1024,
  PACKETS = 8192,
  SOCKETS_MAX = 100000,
  BLOCKS = 8192,   /* 32 MiB for what is sent and not acknowledged, */
  BLOCKS_EACH = 8, /* and for each socket at least so much */
  ARENA = 64 << 20,
  ARENA_EACH = 4096,
  GROUPS = 256,
  MTU = 1500,
  ADDRESS = 64,
};

/* An address of either family. */
static bool parse_address(const char *text, struct ph_addr *address) {
  uint8_t v4[4];
  if (ph_inet_pton(PH_AF_INET, text, v4) == 1) {
    *address = ph_addr_v4((uint32_t)v4[0] << 24 | (uint32_t)v4[1] << 16 |
                          (uint32_t)v4[2] << 8 | v4[3]);
    return true;
  }
  return ph_inet_pton(PH_AF_INET6, text, address->bytes) == 1;
}

/* ADDRESS/PREFIX */
static bool parse_prefix(const char *text, struct ph_addr *address,
                         uint8_t *prefix_len) {
  char copy[ADDRESS];
  uint32_t length;
  const char *slash = strchr(text, '/');
  if (!slash || (size_t)(slash - text) >= sizeof(copy)) {
    return false;
  }
  snprintf(copy, sizeof(copy), "%.*s", (int)(slash - text), text);
  if (!parse_address(copy, address)) {
    return false;
  }
  size_t used =
      ph_text_number(slash + 1, ph_addr_is_v4(address) ? 32 : 128, &length);
  *prefix_len = (uint8_t)length;
  return used > 0 && slash[1 + used] == 0;
}

/* --- Memory and modules --------------------------------------------------- */

static int init_stack(struct packhorse *ph, uint32_t sockets) {
  const uint32_t count = ph_max_u32(BLOCKS, sockets * BLOCKS_EACH);
  const size_t blocks = (size_t)count * PH_BLOCK_SIZE;
  const size_t packets = PACKETS * sizeof(struct pkt);
  const size_t arena = ARENA + (size_t)sockets * ARENA_EACH;
  ph->memory_size = blocks + arena + packets;
  /* Pages that nobody touches are none. */
  void *memory = mmap(NULL, ph->memory_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    return -PH_ENOMEM;
  }
  ph->memory = memory;
  uint8_t *at = memory;
  const struct ph_stack_config config = {
      .platform = &ph->platform,
      .block_memory = at,
      .block_count = count,
      .arena = at + blocks,
      .arena_size = arena,
      .pkt_memory = (struct pkt *)(void *)(at + blocks + arena),
      .pkt_count = PACKETS,
  };
  return ph_stack_init(&ph->stack, &config);
}

static int init_modules(struct ph_stack *stack, uint32_t count, bool ipv6) {
  const struct ph_socket_config sockets = {
      .max_sockets = count, .max_watches = count, .max_epolls = 64};
  const struct ph_tcp_config tcp = {.max_connections = count,
                                    .max_listeners = 64};
  int error = ph_netif_init(stack);
  error = error ? error : ph_ipv4_init(stack);
  error = error ? error : ph_ip_routes_init(stack, 0);
  error = error ? error : ph_ip_reassembly_init(stack, NULL);
  error = error || !ipv6 ? error : ph_ipv6_init(stack);
  error = error ? error : ph_loopback_init(stack);
  error = error ? error : ph_udp_init(stack);
  error = error ? error : ph_raw_init(stack);
  error = error ? error : ph_tcp_init(stack, &tcp);
  error = error ? error : ph_socket_init(stack, &sockets);
  error = error ? error : ph_multicast_init(stack, GROUPS);
  if (!error) {
    arp_on_conflict(stack, NULL); /* addresses are defended, nobody is told */
  }
  return error ? error : ph_dns_init(stack, NULL);
}

/* --- The device ----------------------------------------------------------- */

/* With virtio_net_hdr, and taking of it what the stack takes. */
static int open_tap(const char *name) {
  const unsigned long offloads =
      TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
  if (fd >= 0 && (ioctl(fd, TUNSETIFF, &request) != 0 ||
                  ioctl(fd, TUNSETOFFLOAD, offloads) != 0)) {
    int error = errno;
    close(fd);
    return -error;
  }
  return fd >= 0 ? fd : -errno;
}

static int set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int open_device(struct packhorse *ph,
                       const struct packhorse_config *config) {
  static const uint8_t none[6];
  struct frames_config frames = {
      .fd = config->tap ? open_tap(config->tap) : config->frames_fd,
      .vnet = config->tap || config->frames_vnet,
      .mtu = config->mtu ? config->mtu : MTU,
  };
  if (frames.fd < 0) {
    return config->tap ? frames.fd : -PH_EBADF;
  }
  memcpy(frames.mac, config->mac, sizeof(frames.mac));
  if (memcmp(frames.mac, none, sizeof(none)) == 0) {
    ph->platform.random(ph->platform.ctx, frames.mac, sizeof(frames.mac));
    frames.mac[0] = (uint8_t)((frames.mac[0] & 0xfc) | 2); /* a local one */
  }
  int error = set_nonblocking(frames.fd);
  error = error ? error : frames_open(&ph->frames, &ph->stack, &frames);
  if (error && config->tap) {
    close(frames.fd);
  }
  if (error) {
    ph->frames.fd = -1;
  }
  return error;
}

static int add_address(struct packhorse *ph, const char *text) {
  struct netif *netif = &ph->frames.netif;
  struct ph_addr address;
  uint8_t prefix_len;
  if (!parse_prefix(text, &address, &prefix_len)) {
    return -PH_EINVAL;
  }
  return ph_addr_is_v4(&address)
             ? ph_ipv4_add_address(&ph->stack, netif, ph_addr_to_v4(&address),
                                   prefix_len)
             : ph_ipv6_add_address(&ph->stack, netif, &address, prefix_len,
                                   false);
}

static int add_gateway(struct packhorse *ph, const char *text) {
  static const struct ph_addr any6;
  struct netif *netif = &ph->frames.netif;
  struct ph_addr gateway;
  if (!parse_address(text, &gateway)) {
    return -PH_EINVAL;
  }
  return ph_addr_is_v4(&gateway)
             ? ph_ipv4_add_route(&ph->stack, 0, 0, ph_addr_to_v4(&gateway),
                                 netif)
             : ph_ipv6_add_route(&ph->stack, &any6, 0, &gateway, netif);
}

int start_stack(struct packhorse *ph, const struct packhorse_config *config,
                uint64_t now_ns) {
  struct ph_addr server;
  const uint32_t sockets =
      config->sockets ? config->sockets : (uint32_t)SOCKETS;
  int error = sockets > SOCKETS_MAX ? -PH_EINVAL : init_stack(ph, sockets);
  if (!error) {
    ph_stack_set_now(&ph->stack, now_ns);
    error = init_modules(&ph->stack, sockets, !config->ipv4_only);
  }
  error = error ? error : open_device(ph, config);
  for (int i = 0; i < PACKHORSE_ADDRESSES && !error; i++) {
    error = config->address[i] ? add_address(ph, config->address[i]) : 0;
  }
  for (int i = 0; i < PACKHORSE_ADDRESSES && !error; i++) {
    error = config->gateway[i] ? add_gateway(ph, config->gateway[i]) : 0;
  }
  if (!error && config->name_server) {
    error = parse_address(config->name_server, &server) ? 0 : -PH_EINVAL;
    if (!error) {
      ph_dns_set_servers(&ph->stack, &server, 1);
    }
  }
  return error;
}

/* The resolver learns what DHCP said. */
static void leased(void *ctx, const struct ph_dhcp_lease *lease) {
  struct packhorse *ph = ctx;
  struct ph_addr servers[DHCP_DNS_MAX];
  uint32_t count = 0;
  while (lease && count < DHCP_DNS_MAX && lease->dns[count] != 0) {
    servers[count] = ph_addr_v4(lease->dns[count]);
    count++;
  }
  if (count > 0) {
    ph_dns_set_servers(&ph->stack, servers, count);
  }
  if (lease) {
    (void)!ph_dns_set_search(&ph->stack, lease->domain); /* it fits */
  }
}

int start_dhcp(struct packhorse *ph) {
  ph->dhcp = (struct ph_dhcp){.event = leased, .ctx = ph};
  return ph_dhcp_start(&ph->stack, &ph->dhcp, &ph->frames.netif);
}

static bool is_link_local(const struct ph_addr *address) {
  return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

int start_is_settled(struct packhorse *ph,
                     const struct packhorse_config *config) {
  struct ph_ipv6_address_info info;
  if (config->dhcp_ms && ph->dhcp.state != DHCP_STATE_BOUND) {
    return -PH_EAGAIN;
  }
  for (uint32_t i = 0;
       !config->ipv4_only && ph_ipv6_address_info(&ph->stack, i, &info) == 0;
       i++) {
    if (!is_link_local(&info.address)) {
      if (strcmp(info.state, "tentative") == 0) {
        return -PH_EAGAIN;
      }
      if (strcmp(info.state, "duplicate") == 0) {
        return -PH_EADDRINUSE;
      }
    }
  }
  return 0;
}
