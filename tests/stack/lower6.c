/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/lower6.h"

const struct ph_addr lower6_host = {{0x20, 1, 0xd, 0xb8, [15] = 1}};
const struct ph_addr lower6_peer = {{0x20, 1, 0xd, 0xb8, [15] = 2}};
const struct ph_addr lower6_host_ll = {
    {0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [15] = 1}};
const struct ph_addr lower6_peer_ll = {
    {0xfe, 0x80, [11] = 0xff, [12] = 0xfe, [15] = 2}};
const struct ph_addr lower6_router_ll = {{0xfe, 0x80, [15] = 0xaa}};

struct lower *lower6_new(const struct ph_ipv6_config *config) {
  const struct ph_ipv6_config quiet = {.ignore_ra = true, .skip_dad = true};
  struct lower *host = lower_new(NULL);
  assert_int_equal(ph_ipv6_init_with(&host->stack, config ? config : &quiet),
                   0);
  if (!config) {
    assert_int_equal(
        ph_ipv6_add_address(&host->stack, &host->netif, &lower6_host, 64, true),
        0);
    lower6_pass(host, 5 * LOWER6_S); /* reports of groups */
    host->count = 0;
  }
  return host;
}

void lower6_pass(struct lower *host, uint64_t ns) {
  uint64_t end = host->stack.now_ns + ns;
  for (;;) {
    uint64_t next = ph_stack_next_deadline(&host->stack);
    if (next > end) {
      ph_stack_poll(&host->stack, end);
      return;
    }
    ph_stack_poll(&host->stack,
                  next > host->stack.now_ns ? next : host->stack.now_ns);
  }
}

uint8_t *lower6_ip(struct lower *host, uint8_t next, uint32_t payload_len) {
  uint8_t *f = host->scratch;
  memset(f, 0, sizeof(host->scratch));
  memcpy(f, host->netif.mac, 6);
  memcpy(f + 6, LOWER_PEER_MAC, 6);
  put_be16(f + 12, ETH_TYPE_IPV6);
  f[14] = 0x60;
  put_be16(f + 14 + IPV6_OFF_LEN, (uint16_t)payload_len);
  f[14 + IPV6_OFF_NEXT] = next;
  f[14 + IPV6_OFF_HOPS] = 255;
  lower6_set_src(host, &lower6_peer);
  lower6_set_dst(host, &lower6_host);
  return f + 54;
}

void lower6_set_src(struct lower *host, const struct ph_addr *src) {
  memcpy(LOWER6_IP(host) + IPV6_OFF_SRC, src->bytes, 16);
}

void lower6_set_dst(struct lower *host, const struct ph_addr *dst) {
  memcpy(LOWER6_IP(host) + IPV6_OFF_DST, dst->bytes, 16);
  if (dst->bytes[0] == 0xff) {
    put_be16(host->scratch, 0x3333);
    memcpy(host->scratch + 2, dst->bytes + 12, 4);
  }
}

static uint32_t payload_len(const struct lower *host) {
  return get_be16(LOWER6_IP(host) + IPV6_OFF_LEN);
}

void lower6_sum(struct lower *host, uint32_t at) {
  uint8_t *ip = LOWER6_IP(host);
  uint8_t *m = ip + IPV6_HDR_LEN + at;
  uint32_t len = payload_len(host) - at;
  put_be16(m + 2, 0);
  put_be16(m + 2, (uint16_t)~csum_data(
                      m, len, csum_data(ip + IPV6_OFF_SRC, 32, 58 + len)));
}

void lower6_receive(struct lower *host) {
  lower_receive(host, host->scratch, 54 + payload_len(host));
}

void lower6_receive_icmp(struct lower *host) {
  lower6_sum(host, 0);
  lower6_receive(host);
}

uint8_t *lower6_echo(struct lower *host, uint32_t len) {
  uint8_t *m = lower6_ip(host, IPV6_NEXT_ICMP, 8 + len);
  m[0] = ICMP6_ECHO;
  put_be16(m + 4, 0x1234);
  put_be16(m + 6, 7);
  for (uint32_t i = 0; i < len; i++) {
    m[8 + i] = (uint8_t)i;
  }
  lower6_sum(host, 0);
  return m;
}

uint8_t *lower6_nd(struct lower *host, uint8_t type,
                   const struct ph_addr *target, const uint8_t *mac) {
  uint8_t *m = lower6_ip(host, IPV6_NEXT_ICMP, ND_SOLICIT_LEN + (mac ? 8 : 0));
  m[0] = type;
  memcpy(m + ND_OFF_TARGET, target->bytes, 16);
  if (mac) {
    m[24] = type == ICMP6_NS ? ND_OPT_SOURCE_MAC : ND_OPT_TARGET_MAC;
    m[25] = 1;
    memcpy(m + 26, mac, 6);
  }
  return m;
}

void lower6_learn_peer(struct lower *host) {
  uint32_t count = host->count;
  (void)lower6_nd(host, ICMP6_NS, &lower6_host, LOWER_PEER_MAC);
  lower6_receive_icmp(host);
  assert_int_equal(host->count, count + 1); /* the advertisement */
}

const uint8_t *lower6_frame(const struct lower *host, uint32_t n) {
  assert_true(n >= 1 && n <= host->count && n <= LOWER_FRAMES);
  return host->frame[(host->count - n) % LOWER_FRAMES];
}

const uint8_t *lower6_icmp(const struct lower *host, uint32_t n) {
  const uint8_t *ip = lower6_frame(host, n) + 14;
  uint32_t len = get_be16(ip + IPV6_OFF_LEN);
  assert_int_equal(get_be16(ip - 2), ETH_TYPE_IPV6);
  assert_int_equal(host->len[(host->count - n) % LOWER_FRAMES], 54 + len);
  const uint8_t *m = ip + IPV6_HDR_LEN;
  if (ip[IPV6_OFF_NEXT] == IPV6_NEXT_HOP_BY_HOP) { /* MLD's */
    m += 8;
    len -= 8;
  } else {
    assert_int_equal(ip[IPV6_OFF_NEXT], IPV6_NEXT_ICMP);
  }
  assert_int_equal(
      csum_data(m, len, csum_data(ip + IPV6_OFF_SRC, 32, 58 + len)), 0xffff);
  return m;
}

uint64_t lower6_drops(const struct lower *host) {
  const struct ph_stats *s = &host->stack.stats;
  return s->EthInErrors + s->Ip6InHdrErrors + s->Ip6InAddrErrors +
         s->Ip6InTruncatedPkts + s->Ip6InUnknownProtos + s->Ip6InDiscards +
         s->Ip6ReasmFails + s->Icmp6InErrors + s->NdInErrors + s->UdpInErrors +
         s->UdpNoPorts;
}

void lower6_expect_drop(struct lower *host) {
  uint64_t before = lower6_drops(host);
  uint32_t count = host->count;
  lower6_receive(host);
  assert_int_equal(lower6_drops(host), before + 1);
  assert_int_equal(host->count, count);
}
