/* SPDX-License-Identifier: Apache-2.0 */
/* The software segmenter and checksummer below IP. */
#include "tests/stack/lower.h"

enum { PAYLOAD = 10000, MSS = 1460 };

/* A super-segment with FIN, PSH and CWR that starts 100 below the wrap. */
static struct pkt *super(struct lower *host, uint32_t payload) {
  struct ph_stack *stack = &host->stack;
  struct pkt *pkt = pkt_get(&stack->pkts, 128);
  uint8_t *h = pkt->head;
  memset(h, 0, 20);
  pkt->head_len = pkt->len = 20;
  put_be16(h, 1000);
  put_be16(h + 2, 80);
  put_be32(h + 4, 0xffffff9c);
  h[12] = 0x50;
  h[13] = TCP_ACK | TCP_FIN | TCP_PSH | TCP_CWR;
  for (uint32_t at = 0; at < payload;) {
    struct ph_block *block = ph_block_get(&stack->blocks);
    uint32_t n = ph_min_u32(payload - at, 4096);
    for (uint32_t i = 0; i < n; i++) {
      block->data[i] = (uint8_t)((at + i) * 7 + (at + i) / 251);
    }
    assert_true(pkt_add_frag(pkt, block, block->data, n));
    ph_block_put(block);
    at += n;
  }
  struct ph_addr src = ph_addr_v4(LOWER_HOST);
  struct ph_addr dst = ph_addr_v4(LOWER_PEER);
  const struct ip_family *family = ip_family_of(stack, &dst);
  put_be16(h + 16, family->pseudo_sum(&src, &dst, IP_PROTO_TCP, pkt->len));
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_offset = 16;
  pkt->gso_type = PKT_GSO_TCPV4;
  pkt->gso_size = MSS;
  return pkt;
}

static int send(struct lower *host, struct pkt *pkt) {
  struct ip_tx tx = {.protocol = IP_PROTO_TCP, .dont_fragment = true};
  struct ph_addr src = ph_addr_v4(LOWER_HOST);
  struct ph_addr dst = ph_addr_v4(LOWER_PEER);
  return ip_send(&host->stack, pkt, &src, &dst, tx);
}

static void check_segment(const struct lower *host, uint32_t i, uint32_t first,
                          uint32_t last) {
  const uint8_t *f = host->frame[i];
  uint32_t at = (i - first) * MSS;
  uint32_t n = ph_min_u32(MSS, PAYLOAD - at);
  assert_int_equal(host->len[i], 54 + n);
  assert_int_equal(host->csum[i], PKT_CSUM_NONE);
  assert_int_equal(get_be16(f + 16), 40 + n);
  assert_int_equal(csum_data(f + 14, 20, 0), 0xffff);
  assert_int_equal(csum_data(f + 34, 20 + n, csum_data(f + 26, 8, 6 + 20 + n)),
                   0xffff);
  assert_int_equal(get_be32(f + 38), 0xffffff9c + at);
  assert_int_equal(
      (uint16_t)(get_be16(f + 18) - get_be16(host->frame[first] + 18)),
      i - first);
  uint8_t flags = TCP_ACK;
  flags |= i == first ? TCP_CWR : 0;
  flags |= i == last ? TCP_FIN | TCP_PSH : 0;
  assert_int_equal(f[47], flags);
  for (uint32_t k = 0; k < n; k++) {
    assert_int_equal(f[54 + k], (uint8_t)((at + k) * 7 + (at + k) / 251));
  }
}

static void segment_device_without_offload_frames_are_exact(void **state) {
  /* EVIDENCE: Virtio 1.2 5.1.6.2, RFC 6864 4.1, RFC 3168 6.1.2 */
  (void)state;
  struct lower *host = lower_new(NULL);
  lower_learn_peer(host);
  uint32_t first = host->count;
  assert_int_equal(send(host, super(host, PAYLOAD)), 0);
  assert_int_equal(host->count - first, 7);
  for (uint32_t i = first; i < host->count; i++) {
    check_segment(host, i, first, host->count - 1);
  }
  assert_int_equal(host->stack.stats.SwSegments, 7);
  assert_int_equal(host->stack.stats.SwChecksumBytes, PAYLOAD + 7 * 20);
  uint16_t id = get_be16(host->frame[host->count - 1] + 18);
  assert_int_equal(send(host, super(host, 100)), 0);
  assert_int_equal(get_be16(host->frame[host->count - 1] + 18),
                   (uint16_t)(id + 1));
  lower_free(host);
}

static void segment_device_full_at_each_segment_loses_nothing(void **state) {
  /* EVIDENCE: docs/decisions/0003: back-pressure, never loss */
  (void)state;
  for (int room = 0; room < 8; room++) {
    struct lower *host = lower_new(NULL);
    lower_learn_peer(host);
    uint32_t first = host->count;
    host->full_after = room;
    struct pkt *pkt = super(host, PAYLOAD);
    assert_int_equal(send(host, pkt), 0);
    assert_int_equal(host->count - first, room < 7 ? room : 7);
    if (room < 7) {
      struct pkt *other = super(host, 3000);
      uint8_t before[20];
      memcpy(before, other->head, 20);
      assert_int_equal(send(host, other), -PH_EAGAIN);
      assert_int_equal(other->head_len, 20);
      assert_int_equal(other->csum_start, 0);
      assert_memory_equal(other->head, before, 20);
      pkt_put(other);
    }
    host->full_after = -1;
    netif_writable(&host->netif);
    assert_int_equal(host->count - first, 7);
    for (uint32_t i = first; i < host->count; i++) {
      check_segment(host, i, first, host->count - 1);
    }
    lower_free(host);
  }
}

static void segment_device_with_tso_packet_passes_uncut(void **state) {
  /* EVIDENCE: Virtio 1.2 5.1.6.2 */
  (void)state;
  struct netif_caps caps = {
      .tx_csum = true, .tso4 = true, .max_super = 65549, .mtu = 1500};
  struct lower *host = lower_new(&caps);
  lower_learn_peer(host);
  assert_int_equal(send(host, super(host, PAYLOAD)), 0);
  uint32_t last = host->count - 1;
  assert_int_equal(host->len[last], PAYLOAD + 54);
  assert_int_equal(host->gso[last], PKT_GSO_TCPV4);
  assert_int_equal(host->csum[last], PKT_CSUM_PARTIAL);
  assert_int_equal(host->stack.stats.SwSegments, 0);
  assert_int_equal(host->stack.stats.SwChecksumBytes, 0);
  lower_free(host);
}

static int count_segment(void *ctx, struct pkt *segment) {
  ++*(int *)ctx;
  pkt_put(segment);
  return 0;
}

static void segment_bad_headers_are_refused(void **state) {
  /* EVIDENCE: docs/architecture.md: every length is checked before use */
  (void)state;
  struct lower *host = lower_new(NULL);
  struct pkt *pkt = super(host, 3000);
  int count = 0;
  assert_int_equal(netif_segment(&host->stack, pkt, count_segment, &count),
                   -PH_EINVAL);
  pkt->gso_size = 0;
  assert_int_equal(netif_segment(&host->stack, pkt, count_segment, &count),
                   -PH_EINVAL);
  assert_int_equal(count, 0);
  pkt_put(pkt);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(segment_device_without_offload_frames_are_exact),
      cmocka_unit_test(segment_device_full_at_each_segment_loses_nothing),
      cmocka_unit_test(segment_device_with_tso_packet_passes_uncut),
      cmocka_unit_test(segment_bad_headers_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
