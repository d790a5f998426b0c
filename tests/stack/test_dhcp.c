/* SPDX-License-Identifier: Apache-2.0 */
/* DHCP: a client that has no address on host 1, a server on host 0 or a test
 * that speaks for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "stack/dhcp/dhcp.h"
#include "stack/ip/ip.h"
#include "stack/wire/bytes.h"
#include "tests/stack/tcp_pair.h"

enum { POOL = 3, SEEN_MAX = 200, UDP_AT = 14 + 20, DATA_AT = UDP_AT + 8 };
#define SERVER_IP 0x0a000001u
#define FIRST_IP 0x0a000064u /* 10.0.0.100 */

/* What was on the wire. */
struct seen {
  struct dhcp_message m;
  uint64_t time_ns;
  int from;
  uint32_t src, dst;
};

static struct pair *P;
static struct ph_stack *client;
static struct netif *eth;
static struct ph_dhcp D;
static struct ph_dhcp_server S;
static struct ph_dhcp_entry entries[POOL];
static struct seen seen[SEEN_MAX];
static uint32_t seen_count;
static bool lose; /* what goes to the server */
static int given, gone;

static uint32_t look(struct pair *pair, int from, uint8_t *data, uint32_t len) {
  struct seen *s = &seen[seen_count];
  if (len > DATA_AT && data[12] == 8 && data[13] == 0 && data[23] == 17 &&
      dhcp_read(data + DATA_AT, len - DATA_AT, &s->m) == 0) {
    assert_in_range(seen_count, 0, SEEN_MAX - 2);
    s->time_ns = pair->now_ns;
    s->from = from;
    s->src = get_be32(data + 26);
    s->dst = get_be32(data + 30);
    seen_count++;
    return lose && from == 1 ? 0 : len;
  }
  return len;
}

static void event(void *ctx, const struct ph_dhcp_lease *lease) {
  (void)ctx;
  given += lease != NULL;
  gone += lease == NULL;
}

static int setup(void **state) {
  (void)state;
  P = pair_new(NULL);
  P->mangle = look;
  client = &P->host[1].stack;
  eth = netif_first(client);
  while (eth->loopback) {
    eth = eth->next;
  }
  seen_count = 0;
  given = gone = 0;
  lose = false;
  for (int i = 0; i < 2; i++) {
    if (!P->host[i].stack.module[PH_MODULE_UDP]) {
      assert_int_equal(ph_udp_init(&P->host[i].stack), 0);
    }
  }
  assert_int_equal(ph_ipv4_remove_address(client, eth, 0x0a000002), 0);
  D = (struct ph_dhcp){.event = event, .no_probe = true};
  memset(entries, 0, sizeof entries);
  S = (struct ph_dhcp_server){.address = SERVER_IP,
                              .prefix_len = 24,
                              .router = 0x0a0000fe,
                              .dns = {0x0a000001, 0x0a000003},
                              .domain = "lab.example",
                              .mtu = 1400,
                              .lease_s = 3600,
                              .first = FIRST_IP,
                              .entries = entries,
                              .count = POOL};
  return 0;
}

static int teardown(void **state) {
  (void)state;
  ph_dhcp_stop(&D);
  pair_pass(P, 30 * PAIR_S);
  if (S.stack) {
    ph_dhcp_server_stop(&S);
  }
  pair_free(P);
  return 0;
}

static void start_server(void) {
  struct ph_stack *stack = &P->host[0].stack;
  struct netif *netif = netif_first(stack);
  while (netif->loopback) {
    netif = netif->next;
  }
  assert_int_equal(ph_dhcp_server_start(stack, &S, netif), 0);
}

static void start_client(void) {
  assert_int_equal(ph_dhcp_start(client, &D, eth), 0);
}

static void start_both(void) {
  start_server();
  start_client();
  pair_pass(P, 2 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
}

static uint32_t source_to(uint32_t ip) {
  struct ph_addr dst = ph_addr_v4(ip);
  const struct ip_path *path = ip_path_find(client, NULL, NULL, &dst);
  return path->error ? 0 : ph_addr_to_v4(&path->src);
}

/* A message of a server that the test is. */
static struct dhcp_message from_server(enum dhcp_type type) {
  struct dhcp_message m = {.op = DHCP_TO_CLIENT,
                           .type = (uint8_t)type,
                           .xid = D.xid,
                           .yiaddr = FIRST_IP,
                           .server = SERVER_IP,
                           .mask = 0xffffff00,
                           .lease_s = 1000};
  memcpy(m.chaddr, eth->mac, 6);
  return m;
}

static struct udp_pcb speaker;

static void say(const struct dhcp_message *m) {
  uint8_t bytes[DHCP_MESSAGE_MAX];
  uint32_t len = dhcp_write(bytes, m);
  struct netif *netif = &P->host[0].netif;
  struct ph_addr from = ph_addr_v4(SERVER_IP);
  assert_int_equal(
      udp_broadcast(&speaker, netif, &from, bytes, len, DHCP_CLIENT_PORT), len);
  pair_pass(P, 10 * PAIR_MS);
}

static void start_speaker(void) {
  struct ph_addr any = ph_addr_v4(0);
  udp_open(&P->host[0].stack, &speaker, 1 << 16);
  assert_int_equal(udp_bind(&speaker, &any, DHCP_SERVER_PORT), 0);
  start_client();
  pair_pass(P, PAIR_S + 10 * PAIR_MS);
  assert_int_equal(D.state, DHCP_STATE_SELECTING);
}

/* ---- A server that is well ----------------------------------------------- */

static void client_gets_address_router_and_names(void **state) {
  /* EVIDENCE: RFC 2131 3.1a, 3.1b, 2a, 4.1a, 4.1e */
  (void)state;
  start_both();
  static const uint8_t types[4] = {DHCP_DISCOVER, DHCP_OFFER, DHCP_REQUEST,
                                   DHCP_ACK};
  assert_int_equal(seen_count, 4);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(seen[i].m.type, types[i]);
    assert_int_equal(seen[i].dst, UINT32_MAX);
    assert_int_equal(seen[i].src, i % 2 ? SERVER_IP : 0);
    assert_int_equal(seen[i].m.xid, seen[0].m.xid);
    assert_int_equal(seen[i].m.flags, DHCP_FLAG_BROADCAST);
  }
  assert_int_equal(seen[2].m.requested, FIRST_IP);
  assert_int_equal(seen[2].m.server, SERVER_IP);
  assert_int_equal(D.lease.address, FIRST_IP);
  assert_int_equal(D.lease.prefix_len, 24);
  assert_int_equal(D.lease.dns[0], 0x0a000001);
  assert_int_equal(D.lease.dns[1], 0x0a000003);
  assert_int_equal(D.lease.dns[2], 0);
  assert_string_equal(D.lease.domain, "lab.example");
  assert_int_equal(eth->caps.mtu, 1400);
  assert_int_equal(source_to(SERVER_IP), FIRST_IP);
  assert_int_equal(source_to(0xc0000201), FIRST_IP); /* by the router */
  assert_int_equal(given, 1);
  assert_int_equal(client->stats.DhcpInErrors, 0);
}

static void lease_is_renewed_at_half_its_time(void **state) {
  /* EVIDENCE: RFC 2131 4.4.5a, 4.3.2a */
  (void)state;
  start_both();
  uint64_t began = seen[2].time_ns;
  pair_pass(P, 1810 * PAIR_S);
  assert_int_equal(seen_count, 6);
  assert_int_equal((seen[4].time_ns - began + PAIR_MS) / PAIR_S, 1800);
  assert_int_equal(seen[4].m.type, DHCP_REQUEST);
  assert_int_equal(seen[4].m.ciaddr, FIRST_IP);
  assert_int_equal(seen[4].m.server, 0); /* table 4: must not */
  assert_int_equal(seen[4].m.requested, 0);
  assert_int_equal(seen[4].src, FIRST_IP);
  assert_int_equal(seen[4].dst, SERVER_IP);
  assert_int_equal(seen[5].m.type, DHCP_ACK);
  assert_int_equal(seen[5].dst, FIRST_IP);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
  assert_int_equal(gone, 0);
}

static void lost_server_is_sought_by_all_then_the_address_goes(void **state) {
  /* EVIDENCE: RFC 2131 4.4.5a, 4.4.5b, 4.4.5c */
  (void)state;
  start_both();
  uint64_t began = seen[2].time_ns;
  lose = true;
  pair_pass(P, 3100 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_RENEWING);
  uint32_t renewals = seen_count - 4;
  assert_in_range(renewals, 4, 7); /* 1350 s halved down to a minute */
  pair_pass(P, 100 * PAIR_S);      /* 3150 s: seven eighths */
  assert_int_equal(D.state, DHCP_STATE_REBINDING);
  assert_int_equal(seen[seen_count - 1].dst, UINT32_MAX);
  assert_int_equal(seen[seen_count - 1].src, FIRST_IP);
  assert_int_equal(source_to(SERVER_IP), FIRST_IP); /* still ours */
  pair_pass(P, began + 3601 * PAIR_S - P->now_ns);
  assert_int_equal(D.state, DHCP_STATE_SELECTING);
  assert_int_equal(source_to(SERVER_IP), 0);
  assert_int_equal(source_to(0xc0000201), 0);
  assert_int_equal(gone, 1);
  lose = false;
  pair_pass(P, 70 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
  assert_int_equal(D.lease.address, FIRST_IP); /* the one that it had */
}

static void discover_is_repeated_ever_more_rarely(void **state) {
  /* EVIDENCE: RFC 2131 4.1b */
  (void)state;
  lose = true;
  start_client();
  pair_pass(P, 400 * PAIR_S);
  static const uint64_t gaps[] = {4, 8, 16, 32, 64, 64, 64};
  for (uint32_t i = 0; i < 7; i++) {
    uint64_t gap = seen[i + 1].time_ns - seen[i].time_ns;
    assert_in_range(gap, (gaps[i] - 1) * PAIR_S, (gaps[i] + 1) * PAIR_S);
    assert_int_equal(seen[i + 1].m.type, DHCP_DISCOVER);
    assert_int_not_equal(gap % PAIR_S, 0);
  }
  assert_true(seen[1].m.secs >= 3);
}

static void request_without_answer_begins_anew(void **state) {
  /* EVIDENCE: RFC 2131 3.1c */
  (void)state;
  start_speaker();
  struct dhcp_message m = from_server(DHCP_OFFER);
  say(&m);
  assert_int_equal(D.state, DHCP_STATE_REQUESTING);
  uint32_t xid = D.xid;
  pair_pass(P, 70 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_SELECTING);
  assert_int_not_equal(D.xid, xid);
  udp_close(&speaker);
}

static void refused_client_begins_anew(void **state) {
  /* EVIDENCE: RFC 2131 3.1d */
  (void)state;
  start_both();
  memset(entries, 0, sizeof entries); /* the server forgot */
  pair_pass(P, 1810 * PAIR_S);
  assert_int_equal(seen[5].m.type, DHCP_NAK);
  assert_int_equal(seen[5].dst, UINT32_MAX);
  assert_int_equal(gone, 1);
  assert_int_equal(D.state, DHCP_STATE_BOUND); /* again */
  assert_int_equal(given, 2);
}

static void released_address_is_given_to_another(void **state) {
  /* EVIDENCE: RFC 2131 4.4.6a, 4.3.4a */
  (void)state;
  start_both();
  ph_dhcp_stop(&D);
  assert_int_equal(source_to(SERVER_IP), 0);
  pair_pass(P, PAIR_S);
  const struct seen *last = &seen[seen_count - 1];
  assert_int_equal(last->m.type, DHCP_RELEASE);
  assert_int_equal(last->m.ciaddr, FIRST_IP);
  assert_int_equal(last->m.server, SERVER_IP);
  assert_int_equal(last->dst, SERVER_IP);
  assert_true(entries[0].until_ns <= P->now_ns);
  assert_int_equal(gone, 1);
}

static void declined_address_rests(void **state) {
  /* EVIDENCE: RFC 2131 3.1e, 4.3.3a, 4.4.4a */
  (void)state;
  start_both();
  ph_dhcp_decline(&D);
  pair_pass(P, 100 * PAIR_MS);
  const struct seen *last = &seen[seen_count - 1];
  assert_int_equal(last->m.type, DHCP_DECLINE);
  assert_int_equal(last->m.requested, FIRST_IP);
  assert_int_equal(last->src, 0);
  assert_int_equal(last->dst, UINT32_MAX);
  assert_true(entries[0].declined);
  pair_pass(P, 9 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_INIT); /* at least 10 s */
  pair_pass(P, 5 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
  assert_int_equal(D.lease.address, FIRST_IP + 1);
}

static void lease_for_ever_never_ends(void **state) {
  /* EVIDENCE: RFC 2131 3.3a */
  (void)state;
  S.lease_s = UINT32_MAX;
  start_both();
  assert_true(D.lease.until_ns == UINT64_MAX);
  pair_pass(P, 5000000 * PAIR_S);
  assert_int_equal(seen_count, 4);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
}

/* ---- Is it free? --------------------------------------------------------- */

static struct netif *server_netif(void) {
  struct netif *netif = netif_first(&P->host[0].stack);
  while (netif->loopback) {
    netif = netif->next;
  }
  return netif;
}

static void address_is_probed_before_it_is_used(void **state) {
  /* EVIDENCE: RFC 2131 4.4.1b; RFC 5227 2.1.1a */
  (void)state;
  D.no_probe = false;
  start_server();
  start_client();
  pair_pass(P, 2 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_PROBING);
  assert_string_equal(ph_dhcp_state_name(D.state), "PROBING");
  assert_int_equal(source_to(SERVER_IP), 0); /* not ours yet */
  assert_int_equal(given, 0);
  pair_pass(P, 7 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
  assert_int_equal(source_to(SERVER_IP), FIRST_IP);
  assert_int_equal(given, 1);
  assert_int_equal(seen_count, 4);
  ph_dhcp_stop(&D); /* while it is announced */
  pair_pass(P, 10 * PAIR_S);
  D.no_probe = false;
  start_client();
  pair_pass(P, 3 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_PROBING);
  ph_dhcp_stop(&D); /* while it is asked for */
  pair_pass(P, 10 * PAIR_S);
  assert_int_equal(source_to(SERVER_IP), 0);
  assert_int_equal(given, 1);
}

static void address_that_another_host_has_is_declined(void **state) {
  /* EVIDENCE: RFC 2131 3.1e, 4.4.1b; RFC 5227 2.1.1b */
  (void)state;
  D.no_probe = false;
  start_server();
  assert_int_equal(
      ph_ipv4_add_address(&P->host[0].stack, server_netif(), FIRST_IP, 24),
      0); /* by hand, unknown to the pool */
  start_client();
  pair_pass(P, 5 * PAIR_S);
  const struct seen *last = &seen[seen_count - 1];
  assert_int_equal(last->m.type, DHCP_DECLINE);
  assert_int_equal(last->m.requested, FIRST_IP);
  assert_int_equal(last->src, 0);
  assert_int_equal(D.state, DHCP_STATE_INIT);
  assert_int_equal(given, 0);
  assert_int_equal(gone, 0); /* it never was ours */
  assert_true(entries[0].declined);
  pair_pass(P, 20 * PAIR_S);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
  assert_int_equal(D.lease.address, FIRST_IP + 1);
}

/* ---- Server -------------------------------------------------------------- */

/* Ask as client number `n`; its answer's type, 0: none. */
static uint8_t ask(struct dhcp_message m, uint8_t n, uint32_t *ip) {
  uint8_t bytes[DHCP_MESSAGE_MAX];
  struct ph_addr from = ph_addr_v4(0);
  uint32_t before = seen_count;
  m.op = DHCP_TO_SERVER;
  m.xid = n;
  memcpy(m.chaddr, "\2\0\0\0\1", 6);
  m.chaddr[5] = n;
  uint32_t len = dhcp_write(bytes, &m);
  assert_int_equal(
      udp_broadcast(&D.pcb, eth, &from, bytes, len, DHCP_SERVER_PORT), len);
  pair_pass(P, 10 * PAIR_MS);
  if (seen_count < before + 2) {
    return 0;
  }
  *ip = seen[before + 1].m.yiaddr;
  return seen[before + 1].m.type;
}

static void pool_is_bounded_and_used_again(void **state) {
  /* EVIDENCE: RFC 2131 4.3.1a, 4.3.2b */
  (void)state;
  start_server();
  start_client();
  lose = false;
  ph_timer_cancel(&client->timers, &D.timer); /* the test speaks */
  uint32_t ip = 0;
  for (uint8_t n = 0; n < POOL; n++) {
    struct dhcp_message m = {.type = DHCP_DISCOVER};
    assert_int_equal(ask(m, n, &ip), DHCP_OFFER);
    assert_int_equal(ip, FIRST_IP + n);
    m = (struct dhcp_message){
        .type = DHCP_REQUEST, .requested = ip, .server = SERVER_IP};
    assert_int_equal(ask(m, n, &ip), DHCP_ACK);
  }
  struct dhcp_message discover = {.type = DHCP_DISCOVER};
  assert_int_equal(ask(discover, 9, &ip), 0); /* nothing is left */
  assert_int_equal(ask(discover, 1, &ip), DHCP_OFFER);
  assert_int_equal(ip, FIRST_IP + 1); /* what it has */
  struct dhcp_message m = {.type = DHCP_REQUEST, .requested = FIRST_IP};
  assert_int_equal(ask(m, 9, &ip), DHCP_NAK); /* another's */
  m.requested = 0x0a0000c8;
  assert_int_equal(ask(m, 9, &ip), DHCP_NAK); /* not of the pool */
  m.server = 0x0a000063;
  m.requested = FIRST_IP + 2;
  assert_int_equal(ask(m, 2, &ip), 0); /* it took another server's */
  assert_int_equal(ask(discover, 9, &ip), DHCP_OFFER);
  assert_int_equal(ip, FIRST_IP + 2);
  pair_pass(P, 3700 * PAIR_S); /* all are over */
  discover.requested = FIRST_IP + 1;
  assert_int_equal(ask(discover, 10, &ip), DHCP_OFFER);
  assert_int_equal(ip, FIRST_IP + 1);
}

/* ---- Hostile ------------------------------------------------------------- */

static void messages_that_are_not_for_us_change_nothing(void **state) {
  /* EVIDENCE: RFC 2131 4.1c; hostile group 15 */
  (void)state;
  start_speaker();
  struct dhcp_message wrong[12];
  for (int i = 0; i < 12; i++) {
    wrong[i] = from_server(DHCP_OFFER);
  }
  wrong[0].xid++;
  wrong[1].chaddr[5] ^= 1;
  wrong[2].op = DHCP_TO_SERVER;
  wrong[3].type = DHCP_ACK; /* not what it waits for */
  wrong[4].yiaddr = 0xe0000001;
  wrong[5].yiaddr = 0x7f000001;
  wrong[6].yiaddr = 0x0a0000ff; /* the subnet's broadcast address */
  wrong[7].mask = 0xff00ff00;
  wrong[8].server = 0;
  wrong[9].lease_s = 0;
  wrong[10].yiaddr = 0;
  wrong[11].mask = 0;
  for (int i = 0; i < 12; i++) {
    say(&wrong[i]);
    assert_int_equal(D.state, DHCP_STATE_SELECTING);
    assert_int_equal(client->stats.DhcpInErrors, (uint64_t)i + 1);
  }
  struct dhcp_message m = from_server(DHCP_OFFER);
  say(&m);
  m = from_server(DHCP_ACK);
  m.server++;
  say(&m); /* of another server */
  m.server--;
  m.yiaddr++;
  say(&m); /* another address than was offered */
  assert_int_equal(D.state, DHCP_STATE_REQUESTING);
  assert_int_equal(client->stats.DhcpInErrors, 14);
  m.yiaddr--;
  m.router = 0xc0000201; /* not on the subnet: not taken */
  say(&m);
  assert_int_equal(D.state, DHCP_STATE_BOUND);
  assert_int_equal(D.lease.router, 0);
  udp_close(&speaker);
}
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(client_gets_address_router_and_names),
      TEST(lease_is_renewed_at_half_its_time),
      TEST(lost_server_is_sought_by_all_then_the_address_goes),
      TEST(discover_is_repeated_ever_more_rarely),
      TEST(request_without_answer_begins_anew),
      TEST(refused_client_begins_anew),
      TEST(released_address_is_given_to_another),
      TEST(declined_address_rests),
      TEST(address_is_probed_before_it_is_used),
      TEST(address_that_another_host_has_is_declined),
      TEST(lease_for_ever_never_ends),
      TEST(pool_is_bounded_and_used_again),
      TEST(messages_that_are_not_for_us_change_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
