/* SPDX-License-Identifier: Apache-2.0 */
/* IGMP: what routers are told of IPv4's groups, by version 3, 2 and 1; filters
 * of senders, which MLD shares; and queries that are malformed or too many. */
#include "stack/ip/igmp.h"

#include "stack/ip/ip_internal.h"
#include "stack/ip/ip_membership.h"
#include "tests/stack/lower.h"

#define GROUP 0xef010203u /* 239.1.2.3 */
#define OTHER 0xef010204u
#define S UINT64_C(1000000000)
#define TENTH (S / 10)

enum { IS_IN = 1, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK };

static const struct ip_filter everybody = {NULL, true};

static struct lower *host_new(void) {
  struct lower *host = lower_new(NULL);
  assert_int_equal(ph_igmp_init(&host->stack), 0);
  assert_int_equal(ph_igmp_init(&host->stack), 0);
  return host;
}

static void pass(struct lower *host, uint64_t ns) {
  uint64_t end = host->stack.now_ns + ns;
  while (ph_stack_next_deadline(&host->stack) <= end) {
    ph_stack_poll(&host->stack, ph_stack_next_deadline(&host->stack));
  }
  ph_stack_poll(&host->stack, end);
}

static int listen(struct lower *host, uint32_t group,
                  const struct ip_filter *before,
                  const struct ip_filter *after) {
  const struct ph_addr addr = ph_addr_v4(group);
  return ip_listen(&host->netif, &addr, before, after);
}

/* The message of the last frame, whose headers are looked at. */
static const uint8_t *message(const struct lower *host, uint32_t dst,
                              uint32_t *len) {
  const uint8_t *f = host->frame[(host->count - 1) % LOWER_FRAMES];
  const uint8_t *ip = f + ETH_HDR_LEN;
  assert_true(host->count > 0);
  assert_int_equal(get_be16(f), 0x0100);
  assert_int_equal(get_be32(f + 2), 0x5e000000 | (dst & 0x7fffff));
  assert_int_equal(ip[0], 0x46);
  assert_int_equal(ip[IPV4_OFF_TOS], 0xc0);
  assert_int_equal(ip[IPV4_OFF_TTL], 1);
  assert_int_equal(ip[IPV4_OFF_PROTO], IP_PROTO_IGMP);
  assert_int_equal(get_be32(ip + IPV4_OFF_SRC), LOWER_HOST);
  assert_int_equal(get_be32(ip + IPV4_OFF_DST), dst);
  assert_int_equal(get_be32(ip + IPV4_HDR_LEN), 0x94040000);
  assert_int_equal(csum_data(ip, 24, 0), 0xffff);
  *len = (uint32_t)get_be16(ip + IPV4_OFF_LEN) - 24;
  assert_int_equal(csum_data(ip + 24, *len, 0), 0xffff);
  return ip + 24;
}

/* It is a report of version 3 with one record, with these senders. */
static void expect(const struct lower *host, uint8_t type, uint32_t group,
                   uint32_t count, const uint32_t *sources) {
  uint32_t len;
  const uint8_t *m = message(host, 0xe0000016, &len);
  assert_int_equal(m[0], IGMP_V3_REPORT);
  assert_int_equal(get_be16(m + 6), 1);
  assert_int_equal(len, 16 + 4 * count);
  assert_int_equal(m[8], type);
  assert_int_equal(m[9], 0);
  assert_int_equal(get_be16(m + 10), count);
  assert_int_equal(get_be32(m + 12), group);
  for (uint32_t i = 0; i < count; i++) {
    bool found = false;
    for (uint32_t j = 0; j < count; j++) {
      found = found || get_be32(m + 16 + 4 * j) == sources[i];
    }
    assert_true(found);
  }
}

static void expect_old(const struct lower *host, uint8_t type, uint32_t dst) {
  uint32_t len;
  const uint8_t *m = message(host, dst, &len);
  assert_int_equal(len, 8);
  assert_int_equal(m[0], type);
  assert_int_equal(m[1], 0);
  assert_int_equal(get_be32(m + 4), GROUP);
}

/* Write a message of `len` bytes with router alert into scratch. */
static uint8_t *igmp(struct lower *host, uint8_t type, uint8_t code,
                     uint32_t group, uint32_t len) {
  uint8_t *m = lower_ip(host, IP_PROTO_IGMP, len + 4) + 4;
  uint8_t *ip = LOWER_IP(host);
  memset(m, 0, len < 8 ? 8 : len);
  ip[0] = 0x46;
  ip[IPV4_OFF_TTL] = 1;
  put_be32(ip + IPV4_OFF_DST, group ? group : 0xe0000001);
  put_be32(ip + IPV4_HDR_LEN, 0x94040000);
  m[0] = type;
  m[1] = code;
  put_be32(m + 4, group);
  return m;
}

static void receive(struct lower *host, uint8_t *m, uint32_t len) {
  uint8_t *ip = LOWER_IP(host);
  put_be16(m + 2, 0);
  put_be16(m + 2, (uint16_t)~csum_data(m, len, 0));
  put_be16(ip + IPV4_OFF_CSUM, 0);
  put_be16(ip + IPV4_OFF_CSUM, (uint16_t)~csum_data(ip, 24, 0));
  put_be16(host->scratch, 0x0100);
  put_be32(host->scratch + 2, 0x5e000000);
  lower_receive(host, host->scratch, ETH_HDR_LEN + 24 + len);
}

static void query(struct lower *host, uint8_t code, uint32_t group,
                  uint32_t count, const uint32_t *sources) {
  uint32_t len = 12 + 4 * count;
  uint8_t *m = igmp(host, IGMP_QUERY, code, group, len);
  put_be16(m + 10, (uint16_t)count);
  for (uint32_t i = 0; i < count; i++) {
    put_be32(m + 12 + 4 * i, sources[i]);
  }
  receive(host, m, len);
}

static void old_query(struct lower *host, uint8_t code, uint32_t group) {
  receive(host, igmp(host, IGMP_QUERY, code, group, 8), 8);
}

/* ---- Joining and leaving ------------------------------------------------- */

static void join_and_leave_are_reported_twice(void **state) {
  /* EVIDENCE: RFC 3376 5.1a, 5.1b, 4a, 4.2.14a */
  (void)state;
  struct lower *host = host_new();
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  expect(host, TO_EX, GROUP, 0, NULL);
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  assert_int_equal(host->count, 1);
  pass(host, S);
  assert_int_equal(host->count, 2);
  expect(host, TO_EX, GROUP, 0, NULL);
  pass(host, 20 * S);
  assert_int_equal(host->count, 2);
  assert_int_equal(listen(host, GROUP, &everybody, NULL), 0);
  assert_int_equal(host->count, 2); /* another still listens */
  assert_int_equal(listen(host, GROUP, &everybody, NULL), 0);
  expect(host, TO_IN, GROUP, 0, NULL);
  pass(host, S);
  assert_int_equal(host->count, 4);
  assert_int_equal(listen(host, GROUP, &everybody, NULL), -PH_ENOENT);
  assert_int_equal(host->stack.stats.IgmpOutReports, 4);
  lower_free(host);
}

static void all_hosts_is_heard_and_never_reported(void **state) {
  /* EVIDENCE: RFC 3376 6a; RFC 1112 7.2 */
  (void)state;
  struct lower *host = host_new();
  assert_int_equal(listen(host, 0xe0000001, NULL, &everybody), 0);
  assert_int_equal(listen(host, 0xe0000001, &everybody, NULL), 0);
  query(host, 1, 0, 0, NULL);
  pass(host, 20 * S);
  assert_int_equal(host->count, 0);
  assert_int_equal(host->stack.stats.IgmpInQueries, 1);
  assert_int_equal(listen(host, LOWER_PEER, NULL, &everybody), -PH_EINVAL);
  lower_free(host);
}

static void full_tables_refuse_and_change_nothing(void **state) {
  (void)state;
  struct lower *host = host_new();
  uint32_t i = 0;
  while (listen(host, GROUP + i, NULL, &everybody) == 0) {
    i++;
  }
  assert_int_equal(i, IP_GROUPS_MAX);
  assert_int_equal(listen(host, GROUP, &everybody, NULL), 0);
  static struct ip_listed l[IP_SOURCES_MAX + 1];
  for (i = 0; i <= IP_SOURCES_MAX; i++) {
    l[i].addr = ph_addr_v4(0x0a000100 + i);
    l[i].next = i ? &l[i - 1] : NULL;
  }
  const struct ip_filter most = {&l[IP_SOURCES_MAX - 1], true};
  const struct ip_filter more = {&l[IP_SOURCES_MAX], true};
  assert_int_equal(listen(host, OTHER, &everybody, &more), -PH_ENOMEM);
  assert_int_equal(listen(host, OTHER, &everybody, &most), 0);
  assert_int_equal(listen(host, OTHER, &most, &everybody), 0);
  pass(host, 5 * S); /* the places of what was reported are free again */
  assert_int_equal(listen(host, OTHER, &everybody, &most), 0);
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  lower_free(host);
}

static void host_without_address_reports_from_none(void **state) {
  /* EVIDENCE: RFC 3376 4.2.13a */
  (void)state;
  struct lower *host = host_new();
  assert_int_equal(
      ph_ipv4_remove_address(&host->stack, &host->netif, LOWER_HOST), 0);
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  assert_int_equal(get_be32(host->frame[0] + ETH_HDR_LEN + IPV4_OFF_SRC), 0);
  host->full_after = 0; /* a full device: it is said again */
  assert_int_equal(listen(host, OTHER, NULL, &everybody), 0);
  pass(host, S);
  assert_int_equal(host->count, 1);
  assert_int_equal(host->stack.stats.NetifDrops, 3);
  lower_free(host);
}

/* ---- Filters of senders -------------------------------------------------- */

static const uint32_t sender[3] = {0x0a000011, 0x0a000012, 0x0a000013};
static struct ip_listed a = {NULL, {{0}}}, b = {NULL, {{0}}}, ab[2];

static void lists_init(void) {
  a.addr = ab[0].addr = ph_addr_v4(sender[0]);
  b.addr = ab[1].addr = ph_addr_v4(sender[1]);
  ab[0].next = &ab[1];
}

static void filters_of_listeners_make_the_state_of_the_interface(void **state) {
  /* EVIDENCE: RFC 3376 3.2a, 5.1b */
  (void)state;
  struct lower *host = host_new();
  lists_init();
  const struct ip_filter in_a = {&a, false}, in_ab = {ab, false};
  const struct ip_filter ex_ab = {ab, true}, ex_b = {&b, true};
  assert_int_equal(listen(host, GROUP, NULL, &in_a), 0);
  expect(host, ALLOW, GROUP, 1, sender);
  pass(host, S);
  assert_int_equal(host->count, 2);
  expect(host, ALLOW, GROUP, 1, sender);
  assert_int_equal(listen(host, GROUP, &in_a, &in_ab), 0);
  expect(host, ALLOW, GROUP, 1, sender + 1);
  pass(host, S);
  /* A second listener excludes both, of which the first wants both: nobody is
   * excluded. */
  assert_int_equal(listen(host, GROUP, NULL, &ex_ab), 0);
  expect(host, TO_EX, GROUP, 0, NULL);
  pass(host, S);
  assert_int_equal(listen(host, GROUP, &in_ab, &in_a), 0);
  expect(host, BLOCK, GROUP, 1, sender + 1);
  pass(host, S);
  /* A third excludes b alone: a is excluded by one of two. */
  assert_int_equal(listen(host, GROUP, NULL, &ex_b), 0);
  uint32_t count = host->count;
  assert_int_equal(listen(host, GROUP, &in_a, NULL), 0);
  assert_int_equal(host->count, count);
  assert_int_equal(listen(host, GROUP, &ex_b, NULL), 0);
  expect(host, BLOCK, GROUP, 1, sender);
  pass(host, S);
  assert_int_equal(listen(host, GROUP, &ex_ab, &in_a), 0);
  expect(host, TO_IN, GROUP, 1, sender);
  pass(host, S);
  assert_int_equal(listen(host, GROUP, &in_a, NULL), 0);
  expect(host, BLOCK, GROUP, 1, sender);
  pass(host, 20 * S);
  assert_false(ip_group_heard(host->netif.igmp, &a.addr));
  lower_free(host);
}

static void change_during_a_change_of_mode_is_told_with_it(void **state) {
  /* EVIDENCE: RFC 3376 5.1c (merging with pending reports) */
  (void)state;
  struct lower *host = host_new();
  lists_init();
  const struct ip_filter ex_a = {&a, true};
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  assert_int_equal(listen(host, GROUP, &everybody, &ex_a), 0);
  expect(host, TO_EX, GROUP, 1, sender);
  pass(host, 3 * S);
  expect(host, TO_EX, GROUP, 1, sender);
  assert_int_equal(host->count, 3);
  assert_int_equal(listen(host, GROUP, &ex_a, &everybody), 0);
  expect(host, ALLOW, GROUP, 1, sender);
  assert_int_equal(listen(host, GROUP, &everybody, &ex_a), 0);
  expect(host, BLOCK, GROUP, 1, sender);
  pass(host, 3 * S); /* the sender's latest state alone */
  expect(host, BLOCK, GROUP, 1, sender);
  assert_int_equal(host->count, 6);
  lower_free(host);
}

/* ---- Queries ------------------------------------------------------------- */

static void general_query_is_answered_by_one_report(void **state) {
  /* EVIDENCE: RFC 3376 5.2a, 5.2b, 4.1.1a */
  (void)state;
  struct lower *host = host_new();
  lists_init();
  const struct ip_filter in_a = {&a, false};
  uint32_t len;
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  assert_int_equal(listen(host, OTHER, NULL, &in_a), 0);
  pass(host, 3 * S);
  uint32_t count = host->count;
  query(host, 0x8f, 0, 0, NULL); /* (15 | 16) << 3 tenths */
  assert_int_equal(host->count, count);
  uint64_t due = ph_stack_next_deadline(&host->stack) - host->stack.now_ns;
  assert_true(due > 0 && due <= 248 * TENTH);
  query(host, 0, 0, 0, NULL); /* the sooner one counts */
  query(host, 100, GROUP, 0, NULL);
  pass(host, 1);
  assert_int_equal(host->count, count + 1);
  const uint8_t *m = message(host, 0xe0000016, &len);
  assert_int_equal(get_be16(m + 6), 2);
  assert_int_equal(len, 8 + 8 + 4 + 8);
  assert_int_equal(m[8], IS_IN);
  assert_int_equal(get_be32(m + 12), OTHER);
  assert_int_equal(m[20], IS_EX);
  assert_int_equal(get_be32(m + 24), GROUP);
  pass(host, 30 * S);
  assert_int_equal(host->count, count + 1);
  lower_free(host);
}

static void query_of_senders_is_answered_by_those_that_are_wanted(void **st) {
  /* EVIDENCE: RFC 3376 5.2c, 5.2d */
  (void)st;
  struct lower *host = host_new();
  lists_init();
  const struct ip_filter in_ab = {ab, false}, ex_a = {&a, true};
  assert_int_equal(listen(host, GROUP, NULL, &in_ab), 0);
  pass(host, 3 * S);
  query(host, 5, GROUP, 2, sender + 1); /* b, c */
  pass(host, S);
  expect(host, IS_IN, GROUP, 1, sender + 1);
  uint32_t count = host->count;
  query(host, 5, GROUP, 1, sender + 2); /* c alone: nothing to say */
  pass(host, S);
  assert_int_equal(host->count, count);
  query(host, 5, GROUP, 1, sender); /* two become one */
  query(host, 5, GROUP, 1, sender + 1);
  pass(host, S);
  expect(host, IS_IN, GROUP, 2, sender);
  query(host, 5, GROUP, 1, sender); /* then of the group as such */
  query(host, 5, GROUP, 0, NULL);
  query(host, 5, GROUP, 1, sender);
  pass(host, S);
  expect(host, IS_IN, GROUP, 2, sender);
  assert_int_equal(host->count, count + 2);
  assert_int_equal(listen(host, GROUP, &in_ab, &ex_a), 0);
  pass(host, 3 * S);
  query(host, 5, GROUP, 3, sender);
  pass(host, S);
  expect(host, IS_IN, GROUP, 2, sender + 1);
  query(host, 5, GROUP, 1, sender);
  pass(host, S);
  count = host->count;
  query(host, 5, OTHER, 0, NULL); /* not listened to */
  pass(host, S);
  assert_int_equal(host->count, count);
  lower_free(host);
}

static void long_lists_become_several_records(void **state) {
  /* EVIDENCE: RFC 3376 4.2.16a (records that do not fit) */
  (void)state;
  static struct ip_listed l[100];
  struct lower *host = host_new();
  uint32_t len, seen = 0;
  for (uint32_t i = 0; i < 100; i++) {
    l[i] = (struct ip_listed){i ? &l[i - 1] : NULL, ph_addr_v4(0x0a000100 + i)};
  }
  host->netif.caps.mtu = 128;
  const struct ip_filter in = {&l[99], false}, ex = {&l[99], true};
  assert_int_equal(listen(host, GROUP, NULL, &in), 0);
  assert_int_equal(host->count, 5);
  for (; host->count > 0; host->count--) {
    const uint8_t *m = message(host, 0xe0000016, &len);
    assert_int_equal(m[8], ALLOW);
    assert_true(len <= 128 - 24);
    seen += get_be16(m + 10);
  }
  assert_int_equal(seen, 100);
  assert_int_equal(listen(host, GROUP, &in, &ex), 0);
  assert_int_equal(host->count, 1); /* of the excluded what there is room for */
  const uint8_t *m = message(host, 0xe0000016, &len);
  assert_int_equal(m[8], TO_EX);
  assert_int_equal(get_be16(m + 10), 22);
  lower_free(host);
}

/* ---- Old queriers -------------------------------------------------------- */

static void querier_of_version_2_gets_its_reports(void **state) {
  /* EVIDENCE: RFC 3376 7.2.1a, 7.2.1b, 7.2.2a, 7.1a; RFC 2236 3 */
  (void)state;
  struct lower *host = host_new();
  lists_init();
  const struct ip_filter in_a = {&a, false};
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  old_query(host, 10, 0);
  assert_int_equal(host->count, 1); /* what was pending is not said any more */
  pass(host, S + 1);
  assert_int_equal(host->count, 2);
  expect_old(host, IGMP_V2_REPORT, GROUP);
  assert_int_equal(listen(host, GROUP, &everybody, &in_a), 0);
  assert_int_equal(host->count, 2); /* senders are nothing to it */
  assert_int_equal(listen(host, GROUP, &in_a, NULL), 0);
  expect_old(host, IGMP_V2_LEAVE, 0xe0000002);
  pass(host, 20 * S);
  assert_int_equal(host->count, 3);
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  pass(host, 20 * S);
  assert_int_equal(host->count, 5);
  expect_old(host, IGMP_V2_REPORT, GROUP);
  old_query(host, 100, GROUP);
  receive(host, igmp(host, IGMP_V2_REPORT, 0, GROUP, 8), 8);
  pass(host, 20 * S); /* another host told */
  assert_int_equal(host->count, 5);
  pass(host, 300 * S); /* it is gone */
  assert_int_equal(listen(host, GROUP, &everybody, NULL), 0);
  expect(host, TO_IN, GROUP, 0, NULL);
  lower_free(host);
}

static void querier_of_version_1_is_not_told_of_leaving(void **state) {
  /* EVIDENCE: RFC 3376 7.2.1a; RFC 1112 7 */
  (void)state;
  struct lower *host = host_new();
  old_query(host, 0, 0);
  old_query(host, 100, 0); /* version 1 goes before 2 */
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  expect_old(host, IGMP_V1_REPORT, GROUP);
  pass(host, 11 * S);
  assert_int_equal(host->count, 2);
  old_query(host, 0, 0);
  pass(host, 11 * S);
  assert_int_equal(host->count, 3);
  expect_old(host, IGMP_V1_REPORT, GROUP);
  assert_int_equal(listen(host, GROUP, &everybody, NULL), 0);
  pass(host, 11 * S);
  assert_int_equal(host->count, 3);
  lower_free(host);
}

static void robustness_of_the_querier_is_taken(void **state) {
  /* EVIDENCE: RFC 3376 4.1.6a (QRV) */
  (void)state;
  struct lower *host = host_new();
  uint8_t *m = igmp(host, IGMP_QUERY, 10, 0, 12);
  m[8] = 5;
  receive(host, m, 12);
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  pass(host, 20 * S);
  assert_int_equal(host->count, 5);
  lower_free(host);
}

/* ---- Hostile ------------------------------------------------------------- */

static void messages_that_fail_a_check_are_counted_and_not_answered(void **s) {
  /* EVIDENCE: RFC 3376 7.1a, 4.1.2a, 4b */
  (void)s;
  struct lower *host = host_new();
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  pass(host, 3 * S);
  uint32_t count = host->count;
  uint64_t errors = 0;
  for (uint32_t len = 0; len < 12; len++) {
    if (len != 8) {
      receive(host, igmp(host, IGMP_QUERY, 1, 0, len), len);
      assert_int_equal(host->stack.stats.IgmpInErrors, ++errors);
    }
  }
  uint8_t *m = igmp(host, IGMP_QUERY, 1, 0, 12);
  LOWER_IP(host)[IPV4_OFF_TTL] = 2;
  receive(host, m, 12);
  assert_int_equal(host->stack.stats.IgmpInErrors, ++errors);
  m = igmp(host, IGMP_QUERY, 1, GROUP, 16);
  put_be16(m + 10, 2); /* more senders than there are */
  receive(host, m, 16);
  assert_int_equal(host->stack.stats.IgmpInErrors, ++errors);
  m = igmp(host, IGMP_QUERY, 1, GROUP, 12);
  put_be16(m + 10, UINT16_MAX);
  receive(host, m, 12);
  assert_int_equal(host->stack.stats.IgmpInErrors, ++errors);
  m = igmp(host, IGMP_QUERY, 1, 0, 12);
  put_be32(m + 4, LOWER_PEER); /* no group */
  receive(host, m, 12);
  assert_int_equal(host->stack.stats.IgmpInErrors, ++errors);
  m = igmp(host, IGMP_QUERY, 1, 0, 12);
  receive(host, m, 12);
  m[2] ^= 1;
  lower_receive(host, host->scratch, ETH_HDR_LEN + 24 + 12);
  assert_int_equal(host->stack.stats.IgmpInErrors, ++errors);
  receive(host, igmp(host, 0x13, 0, GROUP, 8), 8); /* unknown: ignored */
  assert_int_equal(host->stack.stats.IgmpInErrors, errors);
  pass(host, 20 * S);
  assert_int_equal(host->count, count + 1); /* the good one */
  lower_free(host);
}

static void querier_without_router_alert_is_answered(void **state) {
  /* EVIDENCE: RFC 3376 4.1.12a (any destination of ours) */
  (void)state;
  struct lower *host = host_new();
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  pass(host, 3 * S);
  uint32_t count = host->count;
  uint8_t *m = lower_ip(host, IP_PROTO_IGMP, 12);
  memset(m, 0, 12);
  m[0] = IGMP_QUERY;
  put_be16(m + 2, (uint16_t)~csum_data(m, 12, 0));
  LOWER_IP(host)[IPV4_OFF_TTL] = 1; /* to our own address */
  lower_ip_sum(host);
  lower_receive(host, host->scratch, ETH_HDR_LEN + 20 + 12);
  pass(host, S);
  assert_int_equal(host->count, count + 1);
  lower_free(host);
}

static void switch_without_address_is_answered(void **state) {
  /* EVIDENCE: RFC 4541 2.1.1 (queries from 0.0.0.0); RFC 3376 4.1.12a */
  (void)state;
  struct lower *host = host_new();
  assert_int_equal(listen(host, GROUP, NULL, &everybody), 0);
  pass(host, 3 * S);
  uint32_t count = host->count;
  for (int i = 0; i < 2; i++) { /* of all, of the group */
    uint8_t *m = igmp(host, IGMP_QUERY, 1, i ? GROUP : 0, 12);
    put_be32(LOWER_IP(host) + IPV4_OFF_SRC, 0);
    receive(host, m, 12);
    pass(host, S);
    assert_int_equal(host->count, ++count);
    expect(host, IS_EX, GROUP, 0, NULL);
  }
  uint64_t errors = host->stack.stats.IpInAddrErrors;
  uint8_t *m = igmp(host, IGMP_QUERY, 1, OTHER, 12); /* not heard */
  put_be32(LOWER_IP(host) + IPV4_OFF_SRC, 0);
  receive(host, m, 12);
  m = igmp(host, IGMP_QUERY, 1, GROUP, 12); /* or something else */
  put_be32(LOWER_IP(host) + IPV4_OFF_SRC, 0);
  LOWER_IP(host)[IPV4_OFF_PROTO] = IP_PROTO_UDP;
  receive(host, m, 12);
  assert_int_equal(host->stack.stats.IpInAddrErrors, errors + 2);
  lower_free(host);
}

static void storm_of_queries_costs_ten_answers_a_second(void **state) {
  (void)state;
  struct lower *host = host_new();
  lists_init();
  const struct ip_filter ex_a = {&a, true};
  assert_int_equal(listen(host, GROUP, NULL, &ex_a), 0);
  pass(host, 3 * S);
  uint64_t before = host->stack.stats.IgmpOutReports;
  for (uint32_t i = 0; i < 20000; i++) {
    uint32_t from[4] = {i, ~i, sender[0], 4 * i};
    query(host, 0, i & 1 ? GROUP : 0, i & 2 ? 4 : 0, from);
    pass(host, 50000);
  }
  assert_in_range(host->stack.stats.IgmpOutReports - before, 5, 10);
  pass(host, S);
  /* The places for senders are not used up. */
  assert_int_equal(ip_of(&host->stack)->groups->sources_left,
                   IP_SOURCES_MAX - 1);
  lower_free(host);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(join_and_leave_are_reported_twice),
      cmocka_unit_test(all_hosts_is_heard_and_never_reported),
      cmocka_unit_test(host_without_address_reports_from_none),
      cmocka_unit_test(full_tables_refuse_and_change_nothing),
      cmocka_unit_test(filters_of_listeners_make_the_state_of_the_interface),
      cmocka_unit_test(change_during_a_change_of_mode_is_told_with_it),
      cmocka_unit_test(general_query_is_answered_by_one_report),
      cmocka_unit_test(query_of_senders_is_answered_by_those_that_are_wanted),
      cmocka_unit_test(long_lists_become_several_records),
      cmocka_unit_test(querier_of_version_2_gets_its_reports),
      cmocka_unit_test(querier_of_version_1_is_not_told_of_leaving),
      cmocka_unit_test(robustness_of_the_querier_is_taken),
      cmocka_unit_test(messages_that_fail_a_check_are_counted_and_not_answered),
      cmocka_unit_test(querier_without_router_alert_is_answered),
      cmocka_unit_test(switch_without_address_is_answered),
      cmocka_unit_test(storm_of_queries_costs_ten_answers_a_second),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
