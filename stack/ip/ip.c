/* SPDX-License-Identifier: Apache-2.0 */
/* Families, protocols and the start of the network layer. */
#include "stack/base/errno.h"
#include "stack/eth/eth.h"
#include "stack/ip/ip_internal.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"

static const struct ip_protocol ICMP_PROTOCOL = {icmp_input, NULL};

PH_SHARED void ip_drop(struct pkt *pkt, uint64_t *counter) {
  ++*counter;
  pkt_put(pkt);
}

bool ip_addr_is_v4(const struct ph_addr *addr) {
  return ph_addr_is_v4(addr);
}

const struct ip_family *ip_family_of(struct ph_stack *stack,
                                     const struct ph_addr *addr) {
  const struct ip_state *ip = ip_of(stack);
  return ip ? ip->families[!ip_addr_is_v4(addr)] : NULL;
}

bool ip_addr_is_mapped(const struct ph_addr *addr) {
  return ip_addr_is_v4(addr);
}

static PH_APART_IF_SMALL bool is_zero(const struct ph_addr *addr) {
  static const struct ph_addr zero;
  return ph_addr_equal(addr, &zero);
}

bool ip_addr_is_any(const struct ph_addr *addr) {
  uint32_t w[4];
  memcpy(w, addr->bytes, sizeof(w));
  return (w[0] | w[1] | w[3]) == 0 &&
         (w[2] == 0 || get_be32(addr->bytes + 8) == 0xffff);
}

bool ip_addr_is_multicast(const struct ph_addr *addr) {
  return addr->bytes[0] == 0xff ||
         (addr->bytes[12] >> 4 == 0xe && ip_addr_is_v4(addr));
}

bool ip_bound_takes(const struct ip_bound *bound, const struct ph_addr *to) {
  if (!ip_addr_is_any(bound->addr)) {
    return ph_addr_equal(bound->addr, to);
  }
  return is_zero(bound->addr) ? !bound->only_v6 || !ip_addr_is_v4(to)
                              : ip_addr_is_v4(to);
}

bool ip_bound_overlap(const struct ip_bound *a, const struct ip_bound *b) {
  /* If one is an address, the other has to take it; of two that take any the
   * one for IPv4 alone and the one for IPv6 alone have none in common. */
  if (!ip_addr_is_any(b->addr)) {
    return ip_bound_takes(a, b->addr);
  }
  if (!ip_addr_is_any(a->addr)) {
    return ip_bound_takes(b, a->addr);
  }
  return is_zero(a->addr) == is_zero(b->addr) || (!a->only_v6 && !b->only_v6);
}

int ip_register_protocol(struct ph_stack *stack, uint8_t protocol,
                         const struct ip_protocol *handlers) {
  struct ip_state *ip = ip_of(stack);
  if (!ip) {
    return -PH_EINVAL;
  }
  if (ip->protocols[protocol]) {
    return -PH_EEXIST;
  }
  ip->protocols[protocol] = handlers;
  return 0;
}

uint8_t ip_errno(enum ip_error error) {
  static const uint8_t errors[] = {
      [IP_ERROR_NET_UNREACHABLE] = PH_ENETUNREACH,
      [IP_ERROR_HOST_UNREACHABLE] = PH_EHOSTUNREACH,
      [IP_ERROR_PROTO_UNREACHABLE] = PH_ENOPROTOOPT,
      [IP_ERROR_PORT_UNREACHABLE] = PH_ECONNREFUSED,
      [IP_ERROR_TOO_BIG] = PH_EMSGSIZE,
      [IP_ERROR_TIME_EXCEEDED] = PH_EHOSTUNREACH,
      [IP_ERROR_REASSEMBLY] = PH_EHOSTUNREACH,
      [IP_ERROR_PARAMETER] = PH_EPROTO,
      [IP_ERROR_ADMIN_PROHIBITED] = PH_EHOSTUNREACH,
  };
  return errors[error];
}

void ip_tell_error(struct ph_stack *stack, uint8_t number,
                   const struct ip_error_info *info) {
  const struct ip_state *ip = ip_of(stack);
  const struct ip_protocol *protocol = ip->protocols[number];
  if (protocol && protocol->error) {
    protocol->error(stack, info);
  }
  if (ip->tap) {
    ip->tap->error(stack, number, info);
  }
}

void ip_set_tap(struct ph_stack *stack, const struct ip_tap *tap) {
  ip_of(stack)->tap = tap;
}

/* ARP got no answer (RFC 1122 3.3.1.6 wants the transport told). */
static void unresolved(struct ph_stack *stack, const struct pkt *pkt) {
  if (pkt->l3) { /* which nobody but a router sends */
    ip_of(stack)->forward4_failed(stack, pkt);
  } else {
    struct ip_error_info info = {.error = IP_ERROR_HOST_UNREACHABLE};
    (void)ipv4_report_error(stack, pkt->head, pkt->head_len, &info);
  }
}

int ph_ip_init(struct ph_stack *stack, const struct ph_ip_config *config) {
  if (ip_of(stack)) {
    return 0;
  }
  int error = ph_netif_init(stack);
  if (!error) {
    error = ph_eth_init(stack);
  }
  struct ip_state *ip = error ? NULL : ph_stack_alloc(stack, sizeof(*ip));
  if (!ip) {
    return error ? error : -PH_ENOMEM;
  }
  stack->module[PH_MODULE_IP] = ip;
  ph_hash_key_init(stack, &ip->key);
  ph_stack_random(stack, ip->ids, sizeof(ip->ids));
  ip->icmp_tokens = ICMP_BURST;
  uint32_t paths = config ? config->max_paths : 0;
  return ip_paths_init(stack, ip, paths ? paths : IP_PATHS_DEFAULT);
}

int ph_ipv4_init(struct ph_stack *stack) {
  int error = ph_ip_init(stack, NULL);
  if (error) {
    return error;
  }
  ip_of(stack)->families[0] = &ipv4_family;
  arp_on_unresolved(stack, unresolved);
  error = ip_register_protocol(stack, IP_PROTO_ICMP, &ICMP_PROTOCOL);
  return error ? error : eth_register(stack, ETH_TYPE_IPV4, ipv4_input);
}

bool ip_is_local(struct ph_stack *stack, const struct ph_addr *addr) {
  const struct ip_family *family = ip_family_of(stack, addr);
  return family && family->is_local(stack, addr);
}

void ip_loop_back(struct ph_stack *stack, const struct pkt *pkt,
                  const struct ip_path *path, struct ip_tx tx) {
  if (ip_of(stack)->loop_back) {
    ip_of(stack)->loop_back(stack, pkt, path, tx);
  }
}

void ip_send_unreachable(struct ph_stack *stack, const struct pkt *pkt,
                         const struct ip_rx *rx, enum ip_error error) {
  rx->family->send_error(stack, pkt, rx, error);
}

void icmp_on_echo_reply(struct ph_stack *stack, icmp_echo_fn *fn, void *ctx) {
  ip_of(stack)->echo_fn = fn;
  ip_of(stack)->take_echo = fn ? icmp_take_echo : NULL;
  ip_of(stack)->echo_ctx = ctx;
}
