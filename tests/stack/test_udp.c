/* SPDX-License-Identifier: Apache-2.0 */
/* UDP over the recording interface and over loopback. */
#include "tests/stack/lower.h"

static void datagram(struct lower *host, uint16_t port, uint32_t len) {
  uint8_t *p = lower_ip(host, IP_PROTO_UDP, 8 + len);
  put_be16(p, 5000);
  put_be16(p + 2, port);
  put_be16(p + 4, (uint16_t)(8 + len));
  for (uint32_t i = 0; i < len; i++) {
    p[8 + i] = (uint8_t)(i + 1);
  }
  put_be16(p + 6,
           (uint16_t)~csum_data(p, 8 + len, csum_data(p - 8, 8, 17 + 8 + len)));
}

static void udp_bound_datagram_is_received_with_its_sender(void **state) {
  /* EVIDENCE: RFC 768 1a, 2a, 2c; RFC 1122 4.1.3.5 */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb pcb;
  struct ph_addr any = ph_addr_v4(0), from;
  uint16_t port;
  uint8_t data[1500];
  udp_open(&host->stack, &pcb, 65536);
  assert_int_equal(udp_bind(&pcb, &any, 7), 0);
  for (uint32_t len = 0; len < 1400; len += 100) {
    datagram(host, 7, len);
    lower_receive(host, host->scratch, 42 + len);
    assert_int_equal(udp_recvfrom(&pcb, data, 10, true, NULL, NULL), len);
    assert_int_equal(udp_recvfrom(&pcb, data, 1500, false, &from, &port), len);
    assert_memory_equal(data, host->scratch + 42, len);
    assert_int_equal(ph_addr_to_v4(&from), LOWER_PEER);
    assert_int_equal(port, 5000);
  }
  assert_int_equal(udp_recvfrom(&pcb, data, 1, false, NULL, NULL), -PH_EAGAIN);
  udp_close(&pcb);
  lower_free(host);
}

static void udp_wrong_length_or_checksum_is_dropped(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.4a, 4.1.3.4c; RFC 768 1b, 1c, 1e */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb pcb;
  struct ph_addr any = ph_addr_v4(0);
  udp_open(&host->stack, &pcb, 65536);
  assert_int_equal(udp_bind(&pcb, &any, 7), 0);
  for (uint32_t len = 0; len < 65536; len += 5) {
    datagram(host, 7, 4);
    put_be16(host->scratch + 38, (uint16_t)len);
    lower_receive(host, host->scratch, 46);
  }
  for (int bit = 0; bit < 96; bit++) {
    datagram(host, 7, 4);
    host->scratch[34 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    lower_receive(host, host->scratch, 46);
  }
  assert_int_equal(udp_next_len(&pcb), 0);
  assert_int_equal(pcb.queued_len, 0);
  assert_int_equal(host->stack.stats.UdpInErrors, 13108 + 96);
  datagram(host, 7, 4);
  put_be16(host->scratch + 40, 0); /* no checksum is legal */
  lower_receive(host, host->scratch, 46);
  assert_int_equal(udp_next_len(&pcb), 4);
  udp_close(&pcb);
  lower_free(host);
}

static void udp_queue_full_datagrams_are_counted(void **state) {
  /* EVIDENCE: docs/stack_lower.md: a queue is bounded by memory */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb pcb;
  struct ph_addr any = ph_addr_v4(0);
  udp_open(&host->stack, &pcb, 20000);
  assert_int_equal(udp_bind(&pcb, &any, 7), 0);
  for (int i = 0; i < 50; i++) {
    datagram(host, 7, 4);
    lower_receive(host, host->scratch, 46);
  }
  assert_true(pcb.queued <= 20000 && pcb.queued_len == 4);
  assert_int_equal(host->stack.stats.UdpRcvbufErrors, 46);
  udp_close(&pcb);
  assert_int_equal(pcb.queued, 0);
  lower_free(host);
}

static void udp_closed_port_sends_unreachable_rate_limited(void **state) {
  /* EVIDENCE: RFC 792 1c; RFC 1122 3.2.2.1, 4.1.3.1a; RFC 1812 4.3.2.8 */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  uint32_t sent = host->count;
  for (int i = 0; i < 80; i++) {
    datagram(host, 9, 4);
    lower_receive(host, host->scratch, 46);
  }
  assert_int_equal(host->count - sent, 50);
  assert_int_equal(host->stack.stats.IcmpOutRateLimited, 30);
  const uint8_t *f = host->frame[sent];
  assert_int_equal(f[34], ICMP_UNREACHABLE);
  assert_int_equal(f[35], ICMP_UNREACH_PORT);
  assert_memory_equal(f + 42, host->scratch + 14, 28);
  lower_free(host);
}

static void udp_connected_port_unreachable_gives_refused(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.3a; every truncation of the quotation */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  struct udp_pcb pcb;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  udp_open(&host->stack, &pcb, 20000);
  assert_int_equal(udp_connect(&pcb, &peer, 9), 0);
  assert_int_equal(udp_sendto(&pcb, "hello", 5, NULL, 0), 5);
  uint32_t i = host->count - 1;
  for (uint32_t quote = 0; quote <= 33; quote++) {
    uint8_t *p = lower_ip(host, IP_PROTO_ICMP, 8 + quote);
    p[0] = ICMP_UNREACHABLE;
    p[1] = ICMP_UNREACH_PORT;
    memcpy(p + 8, host->frame[i] + 14, quote);
    put_be16(p + 2, (uint16_t)~csum_data(p, 8 + quote, 0));
    lower_receive(host, host->scratch, 42 + quote);
    assert_int_equal(pcb.error, quote >= 28 ? PH_ECONNREFUSED : 0);
  }
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), -PH_ECONNREFUSED);
  assert_int_equal(udp_sendto(&pcb, "x", 1, NULL, 0), 1);
  udp_close(&pcb);
  lower_free(host);
}

static void udp_loopback_delivers_at_the_next_poll(void **state) {
  /* EVIDENCE: RFC 1122 3.2.1.3 (g); RFC 768 2b */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct udp_pcb a, b;
  struct ph_addr any = ph_addr_v4(0), lo = ph_addr_v4(0x7f000001), from;
  static uint8_t data[9000], back[9000];
  for (size_t i = 0; i < sizeof(data); i++) {
    data[i] = (uint8_t)(i * 13);
  }
  udp_open(&host->stack, &a, 65536);
  udp_open(&host->stack, &b, 65536);
  assert_int_equal(udp_bind(&b, &any, 7), 0);
  assert_int_equal(udp_sendto(&a, data, sizeof(data), &lo, 7), sizeof(data));
  assert_int_equal(udp_next_len(&b), 0);
  uint64_t due = ph_stack_next_deadline(&host->stack);
  assert_true(due == host->stack.now_ns + 1);
  ph_stack_poll(&host->stack, due);
  assert_int_equal(udp_recvfrom(&b, back, sizeof(back), false, &from, NULL),
                   sizeof(data));
  assert_memory_equal(data, back, sizeof(data));
  assert_int_equal(ph_addr_to_v4(&from), 0x7f000001);
  assert_true(ph_stack_next_deadline(&host->stack) == UINT64_MAX);
  udp_close(&a);
  udp_close(&b);
  lower_free(host);
}

static void udp_device_full_gives_eagain_then_writable(void **state) {
  /* EVIDENCE: docs/decisions/0003 */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  struct udp_pcb pcb;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  udp_open(&host->stack, &pcb, 20000);
  host->full_after = 0;
  assert_int_equal(udp_sendto(&pcb, "x", 1, &peer, 7), -PH_EAGAIN);
  assert_true(pcb.waiting);
  host->full_after = -1;
  netif_writable(&host->netif);
  assert_false(pcb.waiting);
  assert_int_equal(udp_sendto(&pcb, host->scratch, 1472, &peer, 7), 1472);
  udp_close(&pcb);
  lower_free(host);
}

static void udp_sent_has_source_checksum_ttl_and_tos(void **state) {
  /* EVIDENCE: RFC 1122 4.1.3.4a, 4.1.3.4b, 4.1.3.5a, 4.1.3.5b, 4.1.3.6b, 4.1.4a
   */
  (void)state;
  enum { SECOND = 0x0a000009 };
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  assert_int_equal(ph_ipv4_add_address(&host->stack, &host->netif, SECOND, 24),
                   0);
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  struct ph_addr second = ph_addr_v4(SECOND);
  struct ph_addr foreign = ph_addr_v4(LOWER_PEER + 77);
  struct udp_pcb any, bound;
  udp_open(&host->stack, &any, 20000);
  udp_open(&host->stack, &bound, 20000);
  assert_int_equal(udp_bind(&bound, &foreign, 7), -PH_EADDRNOTAVAIL);
  assert_int_equal(udp_bind(&bound, &second, 7), 0);
  bound.tx.marks = (struct ip_marks){.ttl = 9, .tos = 0xb9};
  const struct {
    struct udp_pcb *pcb;
    uint32_t source;
    uint8_t ttl, tos;
  } sent[] = {{&any, LOWER_HOST, 64, 0}, {&bound, SECOND, 9, 0xb9}};
  for (size_t i = 0; i < PH_ARRAY_LEN(sent); i++) {
    assert_int_equal(udp_sendto(sent[i].pcb, "odd", 3, &peer, 99), 3);
    const uint8_t *f = host->frame[host->count - 1];
    assert_int_equal(get_be32(f + 26), sent[i].source);
    assert_int_equal(f[22], sent[i].ttl);
    assert_int_equal(f[15], sent[i].tos);
    uint8_t pseudo[12] = {0};
    memcpy(pseudo, f + 26, 8);
    pseudo[9] = IP_PROTO_UDP;
    pseudo[11] = 11;
    assert_int_not_equal(get_be16(f + 40), 0);
    assert_int_equal(csum_data(f + 34, 11, csum_data(pseudo, 12, 0)), 0xffff);
  }
  datagram(host, 7, 4); /* to the first address: not for `bound` */
  lower_receive(host, host->scratch, 46);
  assert_int_equal(bound.queued_len, 0);
  udp_close(&any);
  udp_close(&bound);
  lower_free(host);
}

static void udp_zero_sum_is_sent_as_all_ones(void **state) {
  /* EVIDENCE: RFC 768 1d */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  struct udp_pcb pcb;
  struct ph_addr peer = ph_addr_v4(LOWER_PEER);
  uint8_t data[2] = {0, 0};
  udp_open(&host->stack, &pcb, 20000);
  assert_int_equal(udp_sendto(&pcb, data, 2, &peer, 7), 2);
  memcpy(data, host->frame[host->count - 1] + 40, 2); /* the sum's complement */
  assert_int_equal(udp_sendto(&pcb, data, 2, &peer, 7), 2);
  assert_int_equal(get_be16(host->frame[host->count - 1] + 40), 0xffff);
  udp_close(&pcb);
  lower_free(host);
}

static void udp_headers_of_any_shape_are_survived(void **state) {
  /* EVIDENCE: RFC 768: every port with every length and checksum; the next
   * good datagram is received, what is not one is counted */
  (void)state;
  static const uint16_t ports[] = {0, 1, 7, 8, 0x7fff, 0xffff};
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  struct udp_pcb pcb;
  struct ph_addr any = ph_addr_v4(0);
  uint8_t data[8];
  udp_open(&host->stack, &pcb, 65536);
  assert_int_equal(udp_bind(&pcb, &any, 7), 0);
  for (uint32_t i = 0; i < 6 * 6 * 16 * 3; i++) {
    uint16_t src = ports[i % 6], dst = ports[i / 6 % 6];
    uint32_t len = i / 36 % 16, kind = i / 576;
    uint64_t errors = host->stack.stats.UdpInErrors;
    datagram(host, dst, 4);
    uint8_t *p = host->scratch + 34;
    put_be16(p, src);
    put_be16(p + 4, (uint16_t)len);
    put_be16(p + 6, 0);
    uint32_t n = len <= 12 ? len : 12;
    uint16_t sum =
        (uint16_t)~csum_data(p, n, csum_data(p - 8, 8, (uint16_t)(17 + len)));
    put_be16(p + 6, kind == 0 ? 0 : kind == 1 ? sum : (uint16_t)(sum ^ 1));
    lower_receive(host, host->scratch, 46);
    bool good = len >= 8 && len <= 12 && dst != 0 && kind < 2;
    assert_int_equal(host->stack.stats.UdpInErrors - errors, !good);
    assert_int_equal(udp_recvfrom(&pcb, data, 8, false, NULL, NULL),
                     good && dst == 7 ? (long)len - 8 : -PH_EAGAIN);
  }
  udp_close(&pcb);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(udp_bound_datagram_is_received_with_its_sender),
      cmocka_unit_test(udp_wrong_length_or_checksum_is_dropped),
      cmocka_unit_test(udp_queue_full_datagrams_are_counted),
      cmocka_unit_test(udp_closed_port_sends_unreachable_rate_limited),
      cmocka_unit_test(udp_connected_port_unreachable_gives_refused),
      cmocka_unit_test(udp_loopback_delivers_at_the_next_poll),
      cmocka_unit_test(udp_sent_has_source_checksum_ttl_and_tos),
      cmocka_unit_test(udp_device_full_gives_eagain_then_writable),
      cmocka_unit_test(udp_zero_sum_is_sent_as_all_ones),
      cmocka_unit_test(udp_headers_of_any_shape_are_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
