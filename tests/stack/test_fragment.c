/* SPDX-License-Identifier: Apache-2.0 */
/* Fragments that we make, of our own packets and of those that we forward, and
 * super-segments on their way through a router. */
#include "tests/stack/lower6.h"
#include "tests/stack/router.h"

enum { ETH = 14, TCP_LEN = 20 };

/* ---- Forwarded ----------------------------------------------------------- */

/* All frames since `first` went out by port 1 and are fragments of `ip`, of
 * `ihl` header bytes, on a link of `mtu`; `more`: it was a fragment itself. */
static void check_fragments(const struct router *r, uint32_t first,
                            const uint8_t *ip, uint32_t ihl, uint32_t mtu) {
  uint32_t payload = get_be16(ip + IPV4_OFF_LEN) - ihl;
  uint32_t base = get_be16(ip + IPV4_OFF_FRAG);
  uint32_t at = 0;
  for (uint32_t i = first; i < r->count; i++) {
    const struct router_frame *f = &r->frame[i % ROUTER_FRAMES];
    const uint8_t *h = f->data + ETH;
    uint32_t own = (h[0] & 15u) * 4;
    uint32_t len = get_be16(h + IPV4_OFF_LEN) - own;
    bool last = i + 1 == r->count;
    assert_int_equal(f->port, 1);
    assert_int_equal(f->len, ETH + own + len);
    assert_in_range(own + len, 1, mtu);
    assert_true(last || len % 8 == 0);
    assert_int_equal(csum_data(h, own, 0), 0xffff);
    assert_int_equal(get_be16(h + IPV4_OFF_FRAG),
                     (base + at / 8) | (last ? 0u : (uint32_t)IPV4_MF));
    assert_memory_equal(h + IPV4_OFF_ID, ip + IPV4_OFF_ID, 2);
    assert_memory_equal(h + IPV4_OFF_SRC, ip + IPV4_OFF_SRC, 8);
    assert_memory_equal(h + own, ip + ihl + at, len);
    if (i == first) {
      assert_int_equal(own, ihl);
      assert_memory_equal(h + 20, ip + 20, ihl - 20);
    }
    at += len;
  }
  assert_int_equal(at, payload);
}

static void router_long_packet_is_fragmented(void **state) {
  /* EVIDENCE: RFC 791 3.2a; RFC 1812 5.2.6 */
  (void)state;
  struct router *r = router_new(NULL);
  for (uint32_t mtu = 68; mtu < 1400; mtu += 37) {
    r->netif[1].caps.mtu = (uint16_t)mtu;
    for (uint32_t len = 1; len < 1400; len += 119) {
      router_packet(r, 0, router_ip(1, 2), len);
      uint32_t first = r->count;
      router_receive(r, 0);
      uint8_t *ip = ROUTER_IP(r);
      check_fragments(r, first, ip, IPV4_HDR_LEN, mtu);
      assert_int_equal(r->count - first > 1, len + IPV4_HDR_LEN > mtu);
    }
  }
  router_free(r);
}

static void router_fragment_is_fragmented_again(void **state) {
  /* EVIDENCE: RFC 791 3.2a */
  (void)state;
  struct router *r = router_new(NULL);
  r->netif[1].caps.mtu = 300;
  router_packet(r, 0, router_ip(1, 2), 800);
  put_be16(ROUTER_IP(r) + IPV4_OFF_FRAG, IPV4_MF | 100);
  router_receive(r, 0);
  assert_int_equal(r->count, 3);
  for (uint32_t i = 0; i < 3; i++) { /* the last one has another behind it */
    const uint8_t *h = r->frame[i].data + ETH;
    assert_int_equal(get_be16(h + IPV4_OFF_FRAG), IPV4_MF | (100 + i * 35));
  }
  router_free(r);
}

static void router_options_only_copied_ones_are_in_later_fragments(
    void **state) {
  /* EVIDENCE: RFC 791 3.1d */
  (void)state;
  struct router *r = router_new(NULL);
  static const uint8_t options[12] = {1, 0x99, 3, 7, 0xa0, 4, 8, 9, 0x9e, 2};
  r->netif[1].caps.mtu = 200;
  uint8_t *h = router_packet(r, 0, router_ip(1, 2), 412);
  uint8_t *ip = ROUTER_IP(r);
  ip[0] = 0x48;
  memcpy(h, options, sizeof(options));
  router_receive(r, 0);
  check_fragments(r, 0, ip, 32, 200);
  const uint8_t *second = r->frame[1].data + ETH;
  static const uint8_t copied[12] = {0x99, 3, 7, 0xa0, 4, 8, 9, 0x9e, 2};
  assert_int_equal(second[0], 0x48);
  assert_memory_equal(second + 20, copied, 12);
  /* None of them is copied. */
  h = router_packet(r, 0, router_ip(1, 2), 412);
  ip[0] = 0x48;
  memset(h, 0x19, 12);
  h[1] = 12;
  uint32_t first = r->count;
  router_receive(r, 0);
  check_fragments(r, first, ip, 32, 200);
  assert_int_equal(r->frame[first + 1].data[ETH], 0x45);
  router_free(r);
}

/* ---- Super-segments ------------------------------------------------------ */

/* As if coalesced: a TCP segment of `len` bytes for port 1. */
static void super_segment(struct router *r, uint32_t len, bool df) {
  uint8_t *h = router_packet(r, 0, router_ip(1, 2), TCP_LEN + len);
  uint8_t *ip = ROUTER_IP(r);
  ip[IPV4_OFF_PROTO] = IP_PROTO_TCP;
  put_be16(ip + IPV4_OFF_FRAG, df ? IPV4_DF : 0);
  memset(h, 0, TCP_LEN);
  put_be32(h + TCP_OFF_SEQ, (uint32_t)-100);
  h[TCP_OFF_DATA] = 5 << 4;
  h[TCP_OFF_FLAGS] = TCP_ACK | TCP_PSH;
  put_be16(
      h + TCP_OFF_CSUM,
      (uint16_t)~csum_data(h, TCP_LEN + len,
                           csum_data(ip + IPV4_OFF_SRC, 8, 6 + TCP_LEN + len)));
  r->gso_type = PKT_GSO_TCPV4;
  r->gso_size = 1000;
  r->csum = PKT_CSUM_VERIFIED;
  router_receive(r, 0);
}

/* The frames since `first` are segments of at most `size` bytes, summed. */
static void check_segments(const struct router *r, uint32_t first,
                           uint32_t size, uint32_t total) {
  uint32_t at = 0;
  for (uint32_t i = first; i < r->count; i++) {
    const struct router_frame *f = &r->frame[i % ROUTER_FRAMES];
    const uint8_t *ip = f->data + ETH;
    const uint8_t *h = ip + IPV4_HDR_LEN;
    uint32_t len = f->len - ETH - IPV4_HDR_LEN;
    assert_int_equal(f->port, 1);
    assert_int_equal(csum_data(ip, IPV4_HDR_LEN, 0), 0xffff);
    assert_int_equal(csum_data(h, len, csum_data(ip + 12, 8, 6 + len)), 0xffff);
    assert_int_equal(get_be32(h + TCP_OFF_SEQ), (uint32_t)-100 + at);
    assert_memory_equal(h + TCP_LEN, ROUTER_IP(r) + IPV4_HDR_LEN + TCP_LEN + at,
                        len - TCP_LEN);
    at += len - TCP_LEN;
    assert_int_equal(len - TCP_LEN, at < total ? size : len - TCP_LEN);
  }
  assert_int_equal(at, total);
}

static void router_super_segment_stays_whole_or_is_cut(void **state) {
  /* EVIDENCE: docs/decisions/0011 */
  (void)state;
  struct netif_caps caps = {
      .mtu = 1500, .tx_csum = true, .tso4 = true, .max_super = 65535};
  for (int device = 0; device < 2; device++) {
    struct router *r = router_new(device ? &caps : NULL);
    super_segment(r, 25000, true);
    assert_int_equal(r->stack.stats.IpForwDatagrams, 1);
    if (device) {
      const struct router_frame *f = router_sent(r, 1);
      assert_int_equal(r->count, 1);
      assert_int_equal(f->len, ETH + 20 + TCP_LEN + 25000);
      assert_int_equal(f->gso_type, PKT_GSO_TCPV4);
      assert_int_equal(f->gso_size, 1000);
      assert_int_equal(f->csum, PKT_CSUM_PARTIAL);
      assert_int_equal(f->csum_start, ETH + 20);
      assert_int_equal(f->csum_offset, TCP_OFF_CSUM);
      const uint8_t *ip = f->data + ETH;
      assert_int_equal(get_be16(ip + 20 + TCP_OFF_CSUM),
                       csum_data(ip + 12, 8, 6 + TCP_LEN + 25000));
    } else {
      check_segments(r, 0, 1000, 25000);
      assert_int_equal(r->count, 25);
    }
    router_free(r);
  }
}

static void router_super_segment_of_too_long_segments_sender_is_told(
    void **state) {
  /* EVIDENCE: docs/decisions/0011; RFC 1191 4 */
  (void)state;
  struct router *r = router_new(NULL);
  r->netif[1].caps.mtu = 1039;
  super_segment(r, 25000, true);
  const struct router_frame *f = router_sent(r, 0);
  assert_int_equal(r->count, 1);
  assert_int_equal(f->data[ETH + 20], ICMP_UNREACHABLE);
  assert_int_equal(get_be16(f->data + ETH + 26), 1039);
  super_segment(r, 25000, false); /* may be fragmented: segments get shorter */
  check_segments(r, 1, 999, 25000);
  r->netif[1].caps.mtu = 1040;
  uint32_t first = r->count;
  super_segment(r, 25000, true);
  check_segments(r, first, 1000, 25000);
  router_free(r);
}

static void router_super_segment_that_lies_is_dropped(void **state) {
  /* EVIDENCE: docs/decisions/0011 */
  (void)state;
  struct router *r = router_new(NULL);
  for (uint32_t doff = 0; doff < 16; doff++) {
    uint8_t *h = router_packet(r, 0, router_ip(1, 2), 40);
    ROUTER_IP(r)[IPV4_OFF_PROTO] = IP_PROTO_TCP;
    h[TCP_OFF_DATA] = (uint8_t)(doff << 4);
    r->gso_type = PKT_GSO_TCPV4;
    r->gso_size = doff == 5 ? 0 : 8;
    r->csum = doff == 6 ? PKT_CSUM_NONE : PKT_CSUM_VERIFIED;
    router_receive(r, 0);
    assert_int_equal(r->count > 0, doff >= 7);
    if (doff > 10) {
      assert_int_equal(r->stack.stats.IpInDiscards, 7 + doff - 10);
    }
  }
  router_free(r);
}

/* The device says that the sum is incomplete: it is completed on the way. */
static void router_partial_checksum_is_completed(void **state) {
  /* EVIDENCE: Virtio 1.2 5.1.6.4.1; docs/decisions/0011 */
  (void)state;
  struct router *r = router_new(NULL);
  uint8_t *h = router_packet(r, 0, router_ip(1, 2), 30);
  uint8_t *ip = ROUTER_IP(r);
  put_be16(h + UDP_OFF_CSUM, csum_data(ip + IPV4_OFF_SRC, 8, 17 + 30));
  r->csum = PKT_CSUM_PARTIAL;
  r->csum_start = ETH + 20;
  r->csum_offset = UDP_OFF_CSUM;
  router_receive(r, 0);
  const uint8_t *out = router_sent(r, 1)->data + ETH;
  assert_int_equal(csum_data(out + 20, 30, csum_data(out + 12, 8, 17 + 30)),
                   0xffff);
  r->csum_start = ETH + 20 + 24; /* behind the end */
  router_receive(r, 0);
  assert_int_equal(r->count, 1);
  assert_int_equal(r->stack.stats.IpInDiscards, 1);
  router_free(r);
}

/* ---- Our own ------------------------------------------------------------- */

static void udp_long_datagram_is_sent_in_fragments(void **state) {
  /* EVIDENCE: RFC 1122 3.3.3; RFC 791 3.2a, 3.2e; RFC 6864 4 */
  (void)state;
  struct lower *host = lower_new(NULL);
  static uint8_t data[65507], got[66000];
  struct udp_pcb udp;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  for (uint32_t i = 0; i < sizeof(data); i++) {
    data[i] = (uint8_t)(i * 13);
  }
  lower_learn_peer(host);
  udp_open(&host->stack, &udp, 1 << 20);
  uint32_t first = host->count;
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7),
                   sizeof(data));
  uint32_t at = 0;
  assert_int_equal(host->count - first, 45);
  for (uint32_t i = first; i < host->count; i++) {
    const uint8_t *ip = host->frame[i % LOWER_FRAMES] + ETH;
    uint32_t len = host->len[i % LOWER_FRAMES] - ETH - 20;
    assert_int_equal(csum_data(ip, 20, 0), 0xffff);
    assert_int_equal(get_be16(ip + IPV4_OFF_FRAG),
                     at / 8 | (at + len < 65515 ? (uint32_t)IPV4_MF : 0));
    memcpy(got + at, ip + 20, len);
    at += len;
  }
  assert_int_equal(at, 65515);
  assert_memory_equal(got + 8, data, sizeof(data));
  const uint8_t *ip = host->frame[first % LOWER_FRAMES] + ETH;
  assert_int_equal(csum_data(got, at, csum_data(ip + 12, 8, 17 + at)), 0xffff);
  assert_int_equal(host->stack.stats.IpFragOKs, 1);
  assert_int_equal(host->stack.stats.IpFragCreates, 45);
  udp_close(&udp);
  lower_free(host);
}

static void udp_long_datagram_without_fragments_is_refused(void **state) {
  /* EVIDENCE: RFC 1122 4.1.4 (a datagram that can't be sent is an error) */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb udp;
  uint8_t data[2000] = {0};
  const struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  lower_learn_peer(host);
  netif_set_fragmenter(&host->stack, NULL); /* nobody asked for them */
  udp_open(&host->stack, &udp, 65536);
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7),
                   -PH_EMSGSIZE);
  assert_int_equal(host->stack.stats.IpFragFails, 1);
  ph_netif_fragment_init(&host->stack);
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7),
                   sizeof(data));
  udp_close(&udp);
  lower_free(host);
}

static void udp_long_datagram_goes_as_a_whole_or_not_at_all(void **state) {
  /* EVIDENCE: docs/decisions/0003 */
  (void)state;
  struct lower *host = lower_new(NULL);
  static uint8_t data[10000];
  struct udp_pcb udp;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  udp_open(&host->stack, &udp, 1 << 20);
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7), 10000);
  assert_int_equal(host->count, 1); /* one packet waits for ARP */
  lower_learn_peer(host);
  assert_int_equal(host->stack.stats.IpFragCreates, 7);
  uint32_t first = host->count;
  host->full_after = 3;
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7), 10000);
  assert_int_equal(host->count, first + 3);
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7), -PH_EAGAIN);
  host->full_after = -1;
  netif_writable(&host->netif);
  assert_int_equal(host->count, first + 7);
  host->full_after = 0;
  first = host->count;
  assert_int_equal(udp_sendto(&udp, data, sizeof(data), &peer, 7), 10000);
  assert_int_equal(host->count, first); /* all of it in the backlog */
  host->full_after = -1;
  netif_writable(&host->netif);
  assert_int_equal(host->count, first + 7);
  udp_close(&udp);
  lower_free(host);
}

static void udp6_long_datagram_is_sent_in_fragments(void **state) {
  /* EVIDENCE: RFC 8200 4.5; RFC 7739 5 */
  (void)state;
  struct lower *host = lower6_new(NULL);
  static uint8_t data[5000], got[6000];
  struct udp_pcb udp;
  uint32_t id = 0;
  for (uint32_t i = 0; i < sizeof(data); i++) {
    data[i] = (uint8_t)(i * 13);
  }
  lower6_learn_peer(host);
  udp_open(&host->stack, &udp, 1 << 20);
  udp_set_any(&udp, &(struct ph_addr){{0}});
  for (int round = 0; round < 2; round++) {
    uint32_t first = host->count;
    assert_int_equal(udp_sendto(&udp, data, sizeof(data), &lower6_peer, 7),
                     sizeof(data));
    assert_int_equal(host->count - first, 4);
    uint32_t at = 0;
    for (uint32_t i = first; i < host->count; i++) {
      const uint8_t *ip = host->frame[i % LOWER_FRAMES] + ETH;
      const uint8_t *h = ip + IPV6_HDR_LEN;
      uint32_t len = host->len[i % LOWER_FRAMES] - ETH - IPV6_HDR_LEN - 8;
      assert_in_range(len, 1, 1452);
      assert_int_equal(ip[IPV6_OFF_NEXT], IPV6_NEXT_FRAGMENT);
      assert_int_equal(get_be16(ip + IPV6_OFF_LEN), len + 8);
      assert_int_equal(h[0], IP_PROTO_UDP);
      assert_int_equal(get_be16(h + 2),
                       at | (at + len < 5008 ? (uint32_t)IPV6_FRAG_MORE : 0));
      assert_true(i == first ? get_be32(h + 4) != id : get_be32(h + 4) == id);
      id = get_be32(h + 4);
      memcpy(got + at, h + 8, len);
      at += len;
    }
    assert_int_equal(at, 5008);
    assert_memory_equal(got + 8, data, sizeof(data));
    const uint8_t *ip = host->frame[first % LOWER_FRAMES] + ETH;
    assert_int_equal(csum_data(got, at, csum_data(ip + 8, 32, 17 + at)),
                     0xffff);
  }
  udp_close(&udp);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(router_long_packet_is_fragmented),
      cmocka_unit_test(router_fragment_is_fragmented_again),
      cmocka_unit_test(router_options_only_copied_ones_are_in_later_fragments),
      cmocka_unit_test(router_super_segment_stays_whole_or_is_cut),
      cmocka_unit_test(
          router_super_segment_of_too_long_segments_sender_is_told),
      cmocka_unit_test(router_super_segment_that_lies_is_dropped),
      cmocka_unit_test(router_partial_checksum_is_completed),
      cmocka_unit_test(udp_long_datagram_is_sent_in_fragments),
      cmocka_unit_test(udp_long_datagram_without_fragments_is_refused),
      cmocka_unit_test(udp_long_datagram_goes_as_a_whole_or_not_at_all),
      cmocka_unit_test(udp6_long_datagram_is_sent_in_fragments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
