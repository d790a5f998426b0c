/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/probe.h"

#include <string.h>

#include "stack/ip/ip.h"

enum {
  ECHO_V4 = 8,
  ECHO_V6 = 128,
  HEADER = 8, /* of ICMP */
  IPV6_HEADER = 40,
  MESSAGE = 2048,
};

static uint16_t get16(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t value) {
  p[0] = (uint8_t)(value >> 8);
  p[1] = (uint8_t)value;
}

static bool is_v6(const struct probe *probe) {
  return !ph_addr_is_v4(&probe->to);
}

int probe_open(struct probe *probe, struct ph_stack *stack,
               const struct ph_addr *to, bool udp) {
  *probe = (struct probe){
      .stack = stack, .to = *to, .udp = udp, .id = 0x5048, .datagram = -1};
  int family = is_v6(probe) ? PH_AF_INET6 : PH_AF_INET;
  probe->raw = ph_socket(stack, family, PH_SOCK_RAW,
                         is_v6(probe) ? PH_IPPROTO_ICMPV6 : PH_IPPROTO_ICMP);
  if (probe->raw < 0) {
    return probe->raw;
  }
  if (udp) {
    probe->datagram = ph_socket(stack, family, PH_SOCK_DGRAM, 0);
    if (probe->datagram < 0) {
      ph_close(stack, probe->raw);
      return probe->datagram;
    }
  }
  return 0;
}

void probe_close(struct probe *probe) {
  ph_close(probe->stack, probe->raw);
  if (probe->datagram >= 0) {
    ph_close(probe->stack, probe->datagram);
  }
}

/* RFC 1071; of IPv6 the stack sums, because of the pseudo-header. */
static void sum(uint8_t *packet, uint32_t len) {
  uint32_t total = 0;
  put16(packet + 2, 0);
  for (uint32_t i = 0; i < len; i++) {
    total += i % 2 ? packet[i] : (uint32_t)packet[i] << 8;
  }
  total = (total & 0xffff) + (total >> 16);
  put16(packet + 2, (uint16_t) ~(total + (total >> 16)));
}

static int set_ttl(struct probe *probe, int fd, uint8_t ttl) {
  int hops = ttl;
  if (ttl == 0) {
    return 0;
  }
  return is_v6(probe) ? ph_setsockopt(probe->stack, fd, PH_IPPROTO_IPV6,
                                      PH_IPV6_UNICAST_HOPS, &hops, sizeof hops)
                      : ph_setsockopt(probe->stack, fd, PH_IPPROTO_IP,
                                      PH_IP_TTL, &hops, sizeof hops);
}

int probe_send(struct probe *probe, uint8_t ttl, uint16_t seq, uint32_t size) {
  int fd = probe->udp ? probe->datagram : probe->raw;
  uint32_t header = probe->udp ? 0 : HEADER;
  uint8_t *packet = probe->packet;
  uint16_t port = probe->udp ? (uint16_t)(PROBE_UDP_PORT + seq) : 0;
  struct app_peer peer =
      app_peer(is_v6(probe) ? 0 : ph_addr_to_v4(&probe->to),
               is_v6(probe) ? &probe->to : &(struct ph_addr){{0}}, port);
  if (size > PROBE_SIZE_MAX) {
    return -PH_EMSGSIZE;
  }
  for (uint32_t i = 0; i < size; i++) {
    packet[header + i] = app_pattern_byte(seq, i);
  }
  if (!probe->udp) {
    packet[0] = is_v6(probe) ? ECHO_V6 : ECHO_V4;
    packet[1] = 0;
    put16(packet + 4, probe->id);
    put16(packet + 6, seq);
    sum(packet, header + size);
  }
  int error = set_ttl(probe, fd, ttl);
  probe->sent_ns = probe->stack->now_ns;
  long n = error ? error
                 : ph_sendto(probe->stack, fd, packet, header + size, 0,
                             &peer.address, peer.len);
  return n < 0 ? (int)n : 0;
}

/* --- What comes back ------------------------------------------------------ */

/* Does an error quote probe `seq`? `quoted` starts at our IP header. */
static bool quotes(const struct probe *probe, uint16_t seq,
                   const uint8_t *quoted, uint32_t len) {
  uint32_t ip = IPV6_HEADER;
  uint8_t protocol = len > 9 ? quoted[6] : 0;
  if (!is_v6(probe)) {
    ip = len > 9 ? (quoted[0] & 15u) * 4 : 0;
    protocol = len > 9 ? quoted[9] : 0;
  }
  if (len < ip + HEADER || memcmp(quoted + (is_v6(probe) ? 24 : 16),
                                  probe->to.bytes + (is_v6(probe) ? 0 : 12),
                                  is_v6(probe) ? 16 : 4) != 0) {
    return false;
  }
  const uint8_t *transport = quoted + ip;
  if (probe->udp) {
    return protocol == PH_IPPROTO_UDP &&
           get16(transport + 2) == (uint16_t)(PROBE_UDP_PORT + seq);
  }
  return protocol == (is_v6(probe) ? PH_IPPROTO_ICMPV6 : PH_IPPROTO_ICMP) &&
         transport[0] == (is_v6(probe) ? ECHO_V6 : ECHO_V4) &&
         get16(transport + 4) == probe->id && get16(transport + 6) == seq;
}

/* What an ICMP message means for a probe, if it is about one. */
static enum probe_kind kind_of(const struct probe *probe, uint8_t type,
                               uint8_t code) {
  static const struct {
    uint8_t v4, v6;
    enum probe_kind kind;
  } kinds[] = {{0, 129, PROBE_REPLY},
               {11, 3, PROBE_TIME_EXCEEDED},
               {3, 1, PROBE_UNREACHABLE},
               {0xff, 2, PROBE_TOO_BIG}};
  if (!is_v6(probe) && type == 3 && code == 4) {
    return PROBE_TOO_BIG;
  }
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (type == (is_v6(probe) ? kinds[i].v6 : kinds[i].v4)) {
      return kinds[i].kind;
    }
  }
  return PROBE_NOTHING;
}

/* Take one message; true: it is the answer to probe `seq`. */
static bool take(const struct probe *probe, uint16_t seq,
                 const uint8_t *message, uint32_t len,
                 struct probe_answer *answer) {
  uint32_t at = 0;
  if (!is_v6(probe)) { /* its IP header comes along */
    at = len > 0 ? (message[0] & 15u) * 4 : 0;
    answer->ttl = len > 8 ? message[8] : 0;
  }
  if (len < at + HEADER) {
    return false;
  }
  const uint8_t *icmp = message + at;
  answer->type = icmp[0];
  answer->code = icmp[1];
  answer->kind = kind_of(probe, icmp[0], icmp[1]);
  if (answer->kind == PROBE_REPLY) {
    return !probe->udp && get16(icmp + 4) == probe->id &&
           get16(icmp + 6) == seq;
  }
  return answer->kind != PROBE_NOTHING &&
         quotes(probe, seq, icmp + HEADER, len - at - HEADER);
}

int probe_wait(struct probe *probe, uint16_t seq, uint32_t timeout_ms,
               struct probe_answer *answer) {
  struct ph_stack *stack = probe->stack;
  uint8_t message[MESSAGE];
  uint64_t deadline = probe->sent_ns + timeout_ms * UINT64_C(1000000);
  while (stack->now_ns < deadline) {
    struct ph_pollfd ready = {.fd = probe->raw, .events = PH_POLLIN};
    uint64_t left_ms = (deadline - stack->now_ns + 999999) / 1000000;
    int polled = ph_poll(stack, &ready, 1, (int)left_ms);
    if (polled < 0) {
      return polled;
    }
    if (polled == 0) {
      break;
    }
    struct ph_sockaddr_in6 from; /* or the shorter one of IPv4 */
    ph_socklen_t from_len = sizeof from;
    long n = ph_recvfrom(stack, probe->raw, message, sizeof message,
                         PH_MSG_DONTWAIT, &from, &from_len);
    if (n < 0 && n != -PH_EAGAIN) {
      return (int)n;
    }
    *answer = (struct probe_answer){.kind = PROBE_NOTHING};
    if (n > 0 && take(probe, seq, message, (uint32_t)n, answer)) {
      answer->rtt_ns = stack->now_ns - probe->sent_ns;
      if (is_v6(probe)) {
        memcpy(answer->from.bytes, from.sin6_addr, 16);
      } else {
        answer->from = ph_addr_v4((uint32_t)get16(message + 12) << 16 |
                                  get16(message + 14));
      }
      return 0;
    }
  }
  *answer = (struct probe_answer){.kind = PROBE_NOTHING};
  return 0;
}
