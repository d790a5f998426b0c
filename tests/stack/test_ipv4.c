/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 input against a hostile wire, routes. */
#include "tests/stack/lower.h"

static uint64_t drops(const struct lower *host) {
  const struct ph_stats *s = &host->stack.stats;
  return s->EthInErrors + s->IpInHdrErrors + s->IpInAddrErrors +
         s->IpReasmFails + s->IpInUnknownProtos + s->IcmpInErrors +
         s->UdpInErrors + s->UdpNoPorts + s->ArpInErrors;
}

static void echo(struct lower *host, uint32_t len) {
  uint8_t *p = lower_ip(host, IP_PROTO_ICMP, 8 + len);
  p[0] = ICMP_ECHO;
  for (uint32_t i = 0; i < len; i++) {
    p[8 + i] = (uint8_t)i;
  }
  put_be16(p + 2, (uint16_t)~csum_data(p, 8 + len, 0));
}

static void ipv4_echo_request_is_answered_with_its_data(void **state) {
  /* EVIDENCE: RFC 1122 3.2.2.6; RFC 792 6a */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  for (uint32_t len = 0; len < 1400; len += 57) {
    echo(host, len);
    uint32_t before = host->count;
    lower_receive(host, host->scratch, 42 + len);
    assert_int_equal(host->count, before + 1);
    const uint8_t *f = host->frame[before % LOWER_FRAMES];
    assert_int_equal(host->len[before % LOWER_FRAMES], 42 + len);
    assert_memory_equal(f, LOWER_PEER_MAC, 6);
    assert_int_equal(get_be32(f + 30), LOWER_PEER);
    assert_int_equal(csum_data(f + 14, 20, 0), 0xffff);
    assert_int_equal(csum_data(f + 34, 8 + len, 0), 0xffff);
    assert_int_equal(f[34], ICMP_ECHO_REPLY);
    assert_memory_equal(f + 42, host->scratch + 42, len);
  }
  lower_free(host);
}

/* Hosts that have had no packet of the peer yet, and that have: the second look
 * at its address is a short one. */
static struct lower *host_that_knows(bool peer) {
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  if (peer) {
    echo(host, 4);
    lower_receive(host, host->scratch, 46);
  }
  return host;
}

static void truncated(bool known) {
  struct lower *host = host_that_knows(known);
  echo(host, 20);
  uint32_t sent = host->count;
  for (uint32_t len = 0; len < 62; len++) {
    uint64_t before = drops(host);
    lower_receive(host, host->scratch, len);
    assert_int_equal(drops(host), before + 1);
  }
  assert_int_equal(host->count, sent);
  lower_free(host);
}

static void ipv4_every_truncation_is_dropped_and_counted(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1 */
  (void)state;
  truncated(false);
  truncated(true);
}

static void padded(bool known) {
  struct lower *host = host_that_knows(known);
  for (uint32_t padding = 0; padding < 60; padding++) {
    echo(host, 1);
    memset(host->scratch + 43, 0xee, padding);
    uint32_t before = host->count;
    lower_receive(host, host->scratch, 43 + padding);
    assert_int_equal(host->count, before + 1);
    assert_int_equal(host->len[before % LOWER_FRAMES], 43);
  }
  lower_free(host);
}

static void ipv4_padding_of_the_frame_is_no_data(void **state) {
  /* EVIDENCE: RFC 791 3.1a */
  (void)state;
  padded(false);
  padded(true);
}

static void wrong_fields(bool known) {
  struct lower *host = host_that_knows(known);
  uint32_t sent = host->count;
  for (int first = 0; first < 256; first++) { /* version and IHL */
    if (first == 0x45) {
      continue;
    }
    echo(host, 4);
    LOWER_IP(host)[0] = (uint8_t)first;
    if ((first & 15) >= 5) {
      lower_ip_sum(host);
    }
    uint64_t before = drops(host);
    lower_receive(host, host->scratch, 46);
    assert_int_equal(drops(host), before + 1);
  }
  for (uint32_t len = 0; len < 65536; len += 3) { /* total length */
    echo(host, 4);
    put_be16(LOWER_IP(host) + 2, (uint16_t)len);
    lower_ip_sum(host);
    uint64_t before = drops(host);
    lower_receive(host, host->scratch, 46);
    assert_int_equal(drops(host), before + 1);
  }
  for (int bit = 0; bit < 160; bit++) { /* each bit of the header */
    echo(host, 4);
    LOWER_IP(host)[bit / 8] ^= (uint8_t)(1 << bit % 8);
    uint64_t before = drops(host);
    lower_receive(host, host->scratch, 46);
    assert_int_equal(drops(host), before + 1);
  }
  assert_int_equal(host->count, sent);
  lower_free(host);
}

static void ipv4_header_fields_wrong_are_dropped(void **state) {
  /* EVIDENCE: RFC 791 3.1a; RFC 1122 3.2.1.1, 3.2.1.2 */
  (void)state;
  wrong_fields(false);
  wrong_fields(true);
}

static void ipv4_martian_sources_are_dropped(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1.3 */
  (void)state;
  const uint32_t martians[] = {0,          0x7f000001, 0xe0000001, 0xffffffff,
                               LOWER_HOST, 0x0a0000ff, 0xf0000001};
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  uint32_t sent = host->count;
  for (size_t i = 0; i < PH_ARRAY_LEN(martians); i++) {
    echo(host, 4);
    put_be32(LOWER_IP(host) + 12, martians[i]);
    lower_ip_sum(host);
    lower_receive(host, host->scratch, 46);
    assert_int_equal(host->stack.stats.IpInAddrErrors, i + 1);
  }
  assert_int_equal(host->count, sent);
  lower_free(host);
}

static void ipv4_options_every_kind_and_length_is_survived(void **state) {
  /* EVIDENCE: RFC 9293 MUST-50; RFC 791 3.1c; RFC 1122 3.2.1.8; RFC 7126 4.3 */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  for (int kind = 0; kind < 256; kind++) {
    for (int len = 0; len < 256; len++) {
      lower_ip(host, 253, 8);
      uint8_t *ip = LOWER_IP(host);
      ip[0] = 0x47; /* eight bytes of options */
      ip[20] = (uint8_t)kind;
      ip[21] = (uint8_t)len;
      lower_ip_sum(host);
      uint64_t bad = host->stack.stats.IpInHdrErrors;
      lower_receive(host, host->scratch, 42);
      bool good =
          kind == 0 || (kind == 1 && (len <= 1)) ||
          (kind > 1 && kind != 131 && kind != 137 && len >= 2 && len <= 8);
      if (kind != 1) {
        assert_int_equal(host->stack.stats.IpInHdrErrors, bad + !good);
      }
    }
  }
  lower_free(host);
}

static void ipv4_fragments_are_counted_and_dropped(void **state) {
  /* EVIDENCE: docs/ip/reassembly.md: without ph_ip_reassembly_init() */
  (void)state;
  struct lower *host = lower_new(NULL);
  const uint16_t fields[] = {0x2000, 0x2001, 0x0001, 0x1fff, 0x3fff};
  for (size_t i = 0; i < PH_ARRAY_LEN(fields); i++) {
    echo(host, 4);
    put_be16(LOWER_IP(host) + 6, fields[i]);
    lower_ip_sum(host);
    lower_receive(host, host->scratch, 46);
    assert_int_equal(host->stack.stats.IpReasmFails, i + 1);
  }
  lower_free(host);
}

static void route_longest_prefix_wins(void **state) {
  /* EVIDENCE: RFC 1122 3.3.1.2, RFC 1812 5.2.4.3 */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct ph_stack *stack = &host->stack;
  struct netif *netif = &host->netif;
  assert_int_equal(ph_ipv4_add_route(stack, 0, 0, 0x0a000001 + 253, netif), 0);
  assert_int_equal(ph_ipv4_add_route(stack, 0xc0a80000, 16, 0x0a000003, netif),
                   0);
  assert_int_equal(ph_ipv4_add_route(stack, 0xc0a80100, 24, 0x0a000004, netif),
                   0);
  assert_int_equal(ph_ipv4_add_route(stack, 0xc0a80101, 32, 0x0a000005, netif),
                   0);
  assert_int_equal(ph_ipv4_add_route(stack, 0xc0a80101, 24, 0x0a000005, netif),
                   -PH_EINVAL);
  const uint32_t cases[][2] = {{0x08080808, 0x0a0000fe},
                               {0xc0a80505, 0x0a000003},
                               {0xc0a801ff, 0x0a000004},
                               {0xc0a80101, 0x0a000005},
                               {0x0a000077, 0x0a000077}};
  for (size_t i = 0; i < PH_ARRAY_LEN(cases); i++) {
    struct ph_addr dst = ph_addr_v4(cases[i][0]);
    const struct ip_path *path = ip_path_find(stack, NULL, NULL, &dst);
    assert_int_equal(path->error, 0);
    assert_int_equal(ph_addr_to_v4(&path->next_hop), cases[i][1]);
    assert_int_equal(ph_addr_to_v4(&path->src), LOWER_HOST);
  }
  lower_free(host);
}

static void echo_answered(struct lower *host, bool answered) {
  uint64_t errors = host->stack.stats.IpInAddrErrors;
  uint32_t before = host->count;
  lower_receive(host, host->scratch, 42 + 8);
  assert_int_equal(host->count, before + answered);
  assert_int_equal(host->stack.stats.IpInAddrErrors, errors + !answered);
}

static void ipv4_sender_accepted_before_is_looked_at_again(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1.3, 3.3.6 (who was good a packet ago) */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  echo(host, 8);
  echo_answered(host, true);
  echo_answered(host, true);
  memset(host->scratch, 0xff, 6); /* to us, but by a link broadcast */
  echo_answered(host, false);
  echo(host, 8);
  put_be32(LOWER_IP(host) + IPV4_OFF_SRC, LOWER_HOST); /* LAND */
  lower_ip_sum(host);
  echo_answered(host, false);
  echo(host, 8);
  put_be32(LOWER_IP(host) + IPV4_OFF_DST, LOWER_HOST + 9); /* somebody's */
  lower_ip_sum(host);
  echo_answered(host, false);
  echo(host, 8);
  echo_answered(host, true);
  /* The sender's address becomes ours. */
  assert_int_equal(
      ph_ipv4_add_address(&host->stack, &host->netif, LOWER_PEER, 24), 0);
  echo_answered(host, false);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ipv4_echo_request_is_answered_with_its_data),
      cmocka_unit_test(ipv4_every_truncation_is_dropped_and_counted),
      cmocka_unit_test(ipv4_header_fields_wrong_are_dropped),
      cmocka_unit_test(ipv4_padding_of_the_frame_is_no_data),
      cmocka_unit_test(ipv4_martian_sources_are_dropped),
      cmocka_unit_test(ipv4_options_every_kind_and_length_is_survived),
      cmocka_unit_test(ipv4_fragments_are_counted_and_dropped),
      cmocka_unit_test(ipv4_sender_accepted_before_is_looked_at_again),
      cmocka_unit_test(route_longest_prefix_wins),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
