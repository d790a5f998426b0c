/* SPDX-License-Identifier: Apache-2.0 */
/* The same super-segments through three hosts: one whose NIC cuts and sums, one
 * whose NIC only sums, one whose NIC does nothing, so that the stack's own
 * segmenter and checksummer work. What leaves each of the three NICs is equal,
 * byte for byte, and equal to the reference model's frames.
 *
 * The super-segments enter at netif_output(), where TCP's come in, with
 * headers that TCP never sends: every length of IPv4 and TCP options, every
 * flag, numbers about to wrap, payload in fragments of any alignment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/core/util.h"
#include "sim/host/host.h"
#include "stack/wire/bytes.h"
#include "stack/wire/checksum.h"
#include "stack/wire/eth_wire.h"
#include "stack/wire/ip_wire.h"
#include "stack/wire/tcp_wire.h"
#include "tests/rtl/model/offload_model.h"

enum {
  MTU = 1500,
  SUPERS = 330, /* a multiple of 11: every length of TCP options */
  SEGMENTS_MAX = 48,
  SUPER_MAX = 65521, /* bytes of the IP packet: a frame of 65535 */
  HEADROOM = 32,     /* the driver's header goes there */
  MIN_FRAME = 60,    /* without FCS */
};

/* The frames that one host sent, without FCS, one after the other. */
struct sent {
  uint8_t *bytes;
  size_t len, room;
  uint32_t *frames; /* their lengths */
  size_t count;
};

/* A super-segment, the same for every host: a function of its number. */
struct super {
  uint8_t frame[ETH_HDR_LEN + SUPER_MAX];
  uint32_t header_len, l4;
  uint32_t payload;
  uint16_t gso_size;
  struct sim_rng random; /* of the fragments */
};

/* What one host does. */
struct work {
  unsigned made;
  bool failed, pools_whole;
  struct super *super; /* the one being made */
  struct sent sent;
};

static void append(struct sent *sent, const uint8_t *data, size_t len) {
  if (sent->len + len > sent->room) {
    sent->room = 2 * (sent->room + len);
    sent->bytes = realloc(sent->bytes, sent->room);
    assert_non_null(sent->bytes);
  }
  memcpy(sent->bytes + sent->len, data, len);
  sent->len += len;
  if (sent->count % 1024 == 0) {
    sent->frames =
        realloc(sent->frames, (sent->count + 1024) * sizeof(uint32_t));
    assert_non_null(sent->frames);
  }
  sent->frames[sent->count++] = (uint32_t)len;
}

static void sent_free(struct sent *sent) {
  free(sent->bytes);
  free(sent->frames);
}

/* --- Super-segments --------------------------------------------------------
 */

static uint32_t pick(struct sim_rng *rng, const uint32_t *values,
                     uint32_t count) {
  return values[sim_rng_below(rng, count)];
}

/* gso_size and payload at their edges, and anywhere between. */
static void choose_sizes(struct super *s, uint32_t ip_header_len) {
  struct sim_rng *rng = &s->random;
  const uint32_t most_gso = MTU - ip_header_len;
  const uint32_t gso[] = {1,    2,   7,        8,
                          9,    511, 536,      1 + sim_rng_below(rng, most_gso),
                          1400, 999, most_gso, most_gso - 1};
  uint32_t size = pick(rng, gso, sizeof gso / sizeof gso[0]);
  s->gso_size = (uint16_t)ph_min_u32(size, most_gso);
  uint32_t most = ph_min_u32(SUPER_MAX - ip_header_len,
                             SEGMENTS_MAX * (uint32_t)s->gso_size);
  uint32_t segments = 1 + sim_rng_below(rng, 6);
  const uint32_t payload[] = {1 + sim_rng_below(rng, most),
                              s->gso_size * segments,
                              s->gso_size * segments + 1,
                              s->gso_size * segments - 1,
                              1,
                              most};
  s->payload = pick(rng, payload, sizeof payload / sizeof payload[0]);
  s->payload = ph_min_u32(s->payload ? s->payload : 1, most);
}

/* RFC 791 3.1, RFC 9293 3.1. The checksum field holds the pseudo-header's
 * sum. */
static void make_super(struct super *s, unsigned number) {
  sim_rng_init(&s->random, number + 1, "super-segment");
  struct sim_rng *rng = &s->random;
  uint32_t tcp_len = TCP_HEADER_LEN + number % 11 * 4;
  uint32_t ihl = IPV4_HDR_LEN + (number % 3 ? 0 : sim_rng_below(rng, 11) * 4);
  uint8_t *ip = s->frame + ETH_HDR_LEN, *tcp = ip + ihl;
  s->l4 = ETH_HDR_LEN + ihl;
  s->header_len = s->l4 + tcp_len;
  choose_sizes(s, ihl + tcp_len);
  sim_rng_fill(rng, s->frame, s->header_len + s->payload);
  s->frame[0] &= 0xfe; /* to one station */
  put_be16(s->frame + 12, 0x0800);
  ip[0] = (uint8_t)(0x40 | ihl / 4);
  put_be16(ip + IPV4_OFF_LEN, (uint16_t)(ihl + tcp_len + s->payload));
  put_be16(ip + 6, 0x4000); /* no fragment */
  ip[IPV4_OFF_PROTO] = 6;
  if (number % 2) {
    put_be16(ip + IPV4_OFF_ID, (uint16_t)(0xffff - sim_rng_below(rng, 4)));
    put_be32(tcp + TCP_OFF_SEQ, UINT32_MAX - sim_rng_below(rng, 3000));
  }
  put_be16(ip + IPV4_OFF_CSUM, 0);
  put_be16(ip + IPV4_OFF_CSUM, (uint16_t)~csum_data(ip, ihl, 0));
  tcp[TCP_OFF_DATA] = (uint8_t)(tcp_len / 4 << 4);
  put_be16(tcp + TCP_OFF_CSUM,
           csum_data(ip + IPV4_OFF_SRC, 8, 6 + tcp_len + s->payload));
}

/* Payload in blocks of the stack: fragments of any place and length, as long
 * as the rest still fits into whole blocks. */
static bool add_payload(struct ph_stack *stack, struct super *s,
                        struct pkt *pkt) {
  const uint8_t *from = s->frame + s->header_len;
  uint32_t left = s->payload;
  while (left > 0) {
    struct ph_block *block = ph_block_get(&stack->blocks);
    if (!block) {
      return false;
    }
    uint32_t behind = (PKT_MAX_FRAGS - 1u - pkt->nfrags) * PH_BLOCK_SIZE;
    uint32_t most = ph_min_u32(left, PH_BLOCK_SIZE);
    uint32_t least = left > behind ? left - behind : 1;
    uint32_t len = least + sim_rng_below(&s->random, most - least + 1);
    uint32_t at = sim_rng_below(&s->random, PH_BLOCK_SIZE - len + 1);
    memcpy(block->data + at, from, len);
    bool added = pkt_add_frag(pkt, block, block->data + at, len);
    ph_block_put(block);
    if (!added) {
      return false;
    }
    from += len;
    left -= len;
  }
  return true;
}

static struct pkt *make_pkt(struct ph_stack *stack, struct super *s) {
  struct pkt *pkt = pkt_get(&stack->pkts, HEADROOM);
  if (!pkt) {
    return NULL;
  }
  memcpy(pkt->head, s->frame, s->header_len);
  pkt->head_len = pkt->len = s->header_len;
  pkt->csum = PKT_CSUM_PARTIAL;
  pkt->csum_start = (uint16_t)s->l4;
  pkt->csum_offset = TCP_OFF_CSUM;
  pkt->gso_type = PKT_GSO_TCPV4;
  pkt->gso_size = s->gso_size;
  if (!add_payload(stack, s, pkt)) {
    pkt_put(pkt);
    return NULL;
  }
  return pkt;
}

/* --- Hosts ------------------------------------------------------------------
 */

static unsigned take_frame(void *ctx, unsigned host, const uint8_t *data,
                           uint32_t len, sim_time end, bool error,
                           uint64_t id) {
  struct work *work = ctx;
  (void)host;
  (void)end;
  (void)id;
  if (error || !frame_fcs_good(data, len)) {
    work->failed = true;
  } else if (data[12] == 8 && data[13] == 0) { /* ours, not ARP */
    append(&work->sent, data, len - FRAME_FCS_LEN);
  }
  return 0;
}

static void send_supers(struct host *host, void *arg) {
  struct work *work = arg;
  struct ph_stack *stack = host_stack(host);
  struct app_env env = host_app_env(host);
  struct netif *netif = netif_first(stack);
  while (netif->loopback) {
    netif = netif->next;
  }
  env.sleep_ns(env.ctx, 100000);
  uint32_t blocks = stack->blocks.available, pkts = stack->pkts.available;
  for (; work->made < SUPERS; work->made++) {
    while (stack->blocks.available < PKT_MAX_FRAGS ||
           stack->pkts.available <= SEGMENTS_MAX) {
      env.sleep_ns(env.ctx, 20000);
    }
    make_super(work->super, work->made);
    struct pkt *pkt = make_pkt(stack, work->super);
    int error = pkt ? -PH_EAGAIN : -PH_ENOBUFS;
    while (error == -PH_EAGAIN) {
      error = netif_output(netif, pkt);
      if (error == -PH_EAGAIN) {
        env.sleep_ns(env.ctx, 20000);
      }
    }
    if (error) {
      work->failed = true;
      return;
    }
  }
  env.sleep_ns(env.ctx, 3000000);
  ph_stack_poll(stack, stack->now_ns);
  work->pools_whole =
      blocks == stack->blocks.available && pkts == stack->pkts.available;
}

static void run_host(enum host_offload offload, struct work *work,
                     struct host_report *report, struct ph_stats *stats) {
  struct cost_table cost;
  char error[200];
  assert_true(cost_table_load(&cost, "ideal", error, sizeof error));
  const struct host_config config = {.name = "sender",
                                     .ip = 0x0a000001,
                                     .prefix_len = 24,
                                     .mac = {2, 0x50, 0x48, 0, 0, 1},
                                     .nic = HOST_NIC_RTL,
                                     .offload = offload,
                                     .mtu = MTU,
                                     .sndbuf = 1 << 20,
                                     .rcvbuf = 1 << 16,
                                     .mem_latency_ns = 200,
                                     .cost = &cost,
                                     .seed = 1,
                                     .emit = take_frame,
                                     .emit_ctx = work};
  struct host *host = host_create(&config);
  host_spawn(host, 0, send_supers, work);
  while (host_tasks(host)) {
    assert_true(host_next(host) < 10 * SIM_S);
    host_advance(host, host_next(host) + SIM_MS);
  }
  const char *why = NULL;
  bool good = host_check(host, &why);
  host_get_report(host, report);
  *stats = host_stack(host)->stats;
  host_destroy(host);
  if (!good) {
    fail_msg("%s", why);
  }
}

/* --- The model --------------------------------------------------------------
 */

/* Appends what `s` becomes on the wire; short frames are padded (IEEE 802.3
 * 3.2.8). */
static void expect(struct sent *sent, const struct super *s) {
  const struct model_tx_meta meta = {.needs_csum = true,
                                     .csum_start = (uint16_t)s->l4,
                                     .csum_offset = TCP_OFF_CSUM,
                                     .gso_type = PKT_GSO_TCPV4,
                                     .gso_size = s->gso_size};
  struct model_frames frames = {0};
  assert_int_equal(model_tso(s->frame, s->header_len + s->payload, &meta,
                             MTU + ETH_HDR_LEN, &frames),
                   MODEL_SENT);
  for (size_t i = 0; i < frames.count; i++) {
    uint8_t padded[MIN_FRAME] = {0};
    if (frames.len[i] < MIN_FRAME) {
      memcpy(padded, frames.data[i], frames.len[i]);
      append(sent, padded, MIN_FRAME);
    } else {
      append(sent, frames.data[i], frames.len[i]);
    }
  }
  model_frames_free(&frames);
}

static void assert_same_frames(const char *who, const struct sent *got,
                               const struct sent *want) {
  size_t at = 0;
  for (size_t i = 0; i < want->count; i++) {
    if (i >= got->count || got->frames[i] != want->frames[i] ||
        memcmp(got->bytes + at, want->bytes + at, want->frames[i]) != 0) {
      print_error("%s: frame %zu of %zu (%u bytes) differs\n", who, i,
                  want->count, want->frames[i]);
      assert_true(i < got->count);
      assert_int_equal(got->frames[i], want->frames[i]);
      assert_memory_equal(got->bytes + at, want->bytes + at, want->frames[i]);
    }
    at += want->frames[i];
  }
  assert_int_equal(got->count, want->count);
}

/* EVIDENCE: Virtio 1.2 5.1.6.2 (HOST_TSO4): the device cuts as software does.
 */
static void super_segments_leave_equal_whoever_cuts_them(void **state) {
  (void)state;
  static const char *const who[3] = {"NIC cuts", "NIC sums",
                                     "NIC does nothing"};
  struct super *super = sim_alloc(sizeof *super);
  struct sent want = {0};
  struct work work[3] = {{0}};
  struct host_report report[3];
  struct ph_stats stats[3];
  uint64_t summed = 0;
  for (unsigned i = 0; i < SUPERS; i++) {
    make_super(super, i);
    expect(&want, super);
    summed += super->payload;
  }
  for (int i = HOST_OFFLOAD_ALL; i <= HOST_OFFLOAD_NONE; i++) {
    work[i].super = super;
    run_host((enum host_offload)i, &work[i], &report[i], &stats[i]);
    assert_false(work[i].failed);
    assert_int_equal(work[i].made, SUPERS);
    assert_same_frames(who[i], &work[i].sent, &want);
    assert_true(work[i].pools_whole);
    assert_int_equal(report[i].nic_errors, 0);
    sent_free(&work[i].sent);
  }
  /* And each part was really done by the one named. */
  assert_int_equal(report[0].nic_super_segments, SUPERS);
  assert_int_equal(report[0].nic_segments, want.count);
  assert_int_equal(report[0].nic_csum_inserted, want.count);
  assert_int_equal(stats[0].SwSegments + stats[0].SwChecksumBytes, 0);
  assert_int_equal(report[1].nic_super_segments, 0);
  assert_int_equal(report[1].nic_csum_inserted, want.count);
  assert_int_equal(stats[1].SwSegments, want.count);
  assert_int_equal(stats[1].SwChecksumBytes, 0);
  assert_int_equal(report[2].nic_csum_inserted, 0);
  assert_int_equal(stats[2].SwSegments, want.count);
  assert_true(stats[2].SwChecksumBytes > summed);
  sent_free(&want);
  free(super);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(super_segments_leave_equal_whoever_cuts_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
