/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of hosts and routers: the line that describes them, what follows
 * from it, and runs over them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "sim/run/topology.h"
#include "sim/run/transfer.h"
#include "tests/cosim/command.h"

/* --- The line ------------------------------------------------------------- */

static struct topology T;

static bool parse(const char *text) {
  struct topology_defaults defaults = {
      .nic = HOST_NIC_SOFT, .mtu = 1500, .ipv6 = true};
  link_config_init(&defaults.link);
  return topology_parse(&T, text, &defaults);
}

static unsigned index_of(const char *name) {
  for (unsigned i = 0; i < T.host_count; i++) {
    if (strcmp(T.hosts[i].name, name) == 0) {
      return i;
    }
  }
  fail_msg("no host %s", name);
  return 0;
}

static const struct host_route *route_to(const char *name, uint32_t subnet) {
  const struct topology_host *host = &T.hosts[index_of(name)];
  struct ph_addr to = ph_addr_v4(subnet);
  for (unsigned i = 0; i < host->route_count; i++) {
    if (ph_addr_equal(&host->routes[i].destination, &to)) {
      return &host->routes[i];
    }
  }
  return NULL;
}

static void line_of_routers_gets_addresses_and_routes(void **state) {
  (void)state;
  assert_true(parse("client - r1 - r2 - server"));
  assert_int_equal(T.host_count, 4);
  assert_int_equal(T.link_count, 3);
  assert_string_equal(T.hosts[0].name, "client");
  assert_string_equal(T.hosts[1].name, "server");
  assert_int_equal(T.hosts[0].ports[0].ip, 0x0a000001);
  assert_int_equal(T.hosts[1].ports[0].ip, 0x0a000202);
  assert_false(T.hosts[0].forwarding || T.hosts[1].forwarding);
  const struct topology_host *r1 = &T.hosts[index_of("r1")];
  assert_true(r1->forwarding);
  assert_int_equal(r1->ports[0].ip, 0x0a000002);
  assert_int_equal(r1->ports[1].ip, 0x0a000101);
  assert_int_equal(r1->ports[1].ip6.bytes[7], 1);
  assert_int_equal(r1->ports[1].ip6.bytes[15], 1);
  /* A host has a default route, a router one for each far link. */
  assert_int_equal(ph_addr_to_v4(&route_to("client", 0)->gateway), 0x0a000002);
  assert_int_equal(ph_addr_to_v4(&route_to("server", 0)->gateway), 0x0a000201);
  const struct host_route *route = route_to("r1", 0x0a000200);
  assert_int_equal(ph_addr_to_v4(&route->gateway), 0x0a000102);
  assert_int_equal(route->port, 1);
  assert_int_equal(r1->route_count, 2); /* of either family */
  assert_int_equal(T.path_len, 3);
}

static void ring_of_routers_is_crossed_the_short_way(void **state) {
  (void)state;
  assert_true(parse("client - a - b - c - d - server; d - a"));
  assert_int_equal(T.path_len, 3);
  assert_int_equal(T.path[0], 0);
  assert_int_equal(T.path[1], 5); /* d - a, from a */
  assert_int_equal(T.path[2], 4);
  unsigned port;
  struct ph_addr address = ph_addr_v4(0x0a000501);
  const struct topology_host *host = topology_find(&T, &address, &port);
  assert_string_equal(host->name, "d");
  assert_int_equal(port, 2);
}

static void groups_are_joined_each_with_each(void **state) {
  (void)state;
  assert_true(
      parse("client, other - r1 (nic=rtl offload=none) - server,spare"));
  assert_int_equal(T.host_count, 5);
  assert_int_equal(T.link_count, 4);
  const struct topology_host *r1 = &T.hosts[index_of("r1")];
  assert_int_equal(r1->port_count, 4);
  assert_int_equal(r1->nic, HOST_NIC_RTL);
  assert_int_equal(r1->offload, HOST_OFFLOAD_NONE);
  assert_int_equal(T.hosts[0].nic, HOST_NIC_SOFT);
}

static void words_of_a_link_are_its_own(void **state) {
  (void)state;
  assert_true(
      parse("client -[rate=1Gbps delay=3ms mtu=1400 a>b: queue=9]- r1 - "
            "server"));
  assert_int_equal(T.links[0].link.rate_bps, 1000000000);
  assert_true(T.links[0].link.delay == 3 * SIM_MS);
  assert_int_equal(T.links[0].link.way[0].queue_packets, 9);
  assert_int_equal(T.links[0].link.way[1].queue_packets, 0);
  assert_int_equal(T.links[0].link.way[0].mtu, 0); /* no black hole */
  assert_int_equal(T.hosts[0].ports[0].mtu, 1400);
  assert_int_equal(T.hosts[1].ports[0].mtu, 1500);
  assert_int_equal(topology_path_mtu(&T), 1400);
  assert_int_equal(topology_path_rate(&T), 1000000000);
}

static void wrong_line_gets_one_sentence(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
  } wrong[] = {
      {"", "expected a host's name"},
      {"client", "client has no link"},
      {"client - ", "expected a host's name"},
      {"client - 1r - server", "expected a host's name"},
      {"client - r1 server", "expected '-'"},
      {"client - client", "from client to itself"},
      {"client - averyveryverylongname", "expected a host's name"},
      {"client -[delay=1ms server", "not closed by ']'"},
      {"client -[delay=1ms] server", "expected '-' behind"},
      {"client -[speed=3]- server", "'speed' is unknown"},
      {"client -[mtu=1279]- server", "an mtu from 1280"},
      {"client(nic=hard) - server", "'nic=hard' of host client"},
      {"client - r1(nic=rtl lro=yes) - server", "only nic=soft has lro"},
      {"client - r1; other - server", "no way leads from client to server"},
      {"client - r1(forward=no) - server", "no way leads from client"},
      {"c - a - b - c - d - e - f - a - c - g - c - h; c - i, j", "at most 8"},
  };
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    if (parse(wrong[i].text) || !strstr(T.error, wrong[i].words)) {
      fail_msg("'%s': '%s' instead of '%s'", wrong[i].text, T.error,
               wrong[i].words);
    }
  }
  struct options options;
  assert_int_equal(command_parse(&options, "ping --topology a"), 2);
  assert_int_equal(command_parse(&options, "ping --from a"), 2);
  assert_int_equal(
      command_parse(&options, "ping --explain 1 --topology a+-+b+-+c"), 2);
  assert_int_equal(command_parse(&options, "tap -6"), 2);
}

/* --- Runs ----------------------------------------------------------------- */

static struct transfer A, B;

static uint64_t sum(const uint64_t *first) {
  return run_sum(first, sizeof(struct ph_stats));
}

static void two_hosts_as_topology_keep_their_event_hash(void **state) {
  (void)state;
  command_transfer_ok(&A, "download --bytes 50000");
  command_transfer_ok(&B, "download --bytes 50000 --topology client+-+server");
  assert_true(A.run.event_hash == B.run.event_hash);
}

/* EVIDENCE: RFC 1812 5.2; RFC 8200 5 (a path of routers, both families) */
static void download_over_routers_of_rtl_is_bit_exact_and_repeats(
    void **state) {
  (void)state;
  static const char *const lines[] = {
      "download --bytes 60000 --topology client+-+r1+-+server",
      "download --bytes 60000 --topology client+-+r1+-+server -6",
  };
  for (int i = 0; i < 2; i++) {
    char cut[120];
    command_transfer_ok(&A, lines[i]);
    snprintf(cut, sizeof(cut), "%s --max-cycles 501", lines[i]);
    command_transfer_ok(&B, cut);
    assert_true(A.run.event_hash == B.run.event_hash);
    assert_true(A.run.host[2].nic_rx_frames > 60);
    assert_int_equal(A.run.host[2].nic_rx_frames, A.run.host[2].nic_tx_frames);
    assert_int_equal(sum(&A.run.stats[0].TcpRetransSegs), 0);
  }
}

static void hosts_of_both_kinds_of_nic_talk_to_each_other(void **state) {
  (void)state;
  command_transfer_ok(
      &A,
      "download --bytes 60000 --topology "
      "client(nic=rtl)+-+r1(nic=soft+offload=none)+-+server(nic=soft)");
  assert_true(A.run.host[0].cycles > 0);
  assert_int_equal(A.run.host[1].cycles + A.run.host[2].cycles, 0);
}

/* EVIDENCE: RFC 1191 3, 6.1; RFC 8201 4 (a link in the middle takes less) */
static void download_over_a_link_of_small_mtu_finds_the_path_mtu(void **state) {
  (void)state;
  static const char *const families[] = {"", " -6"};
  for (int i = 0; i < 2; i++) {
    char line[160];
    snprintf(line, sizeof(line),
             "download --bytes 300000 --nic soft --topology "
             "client+-+r1+-[mtu=1300]-+r2+-+server%s",
             families[i]);
    command_transfer_ok(&A, line);
    const struct ph_stats *stats = &A.run.stats[3]; /* r1; r2 is host 2 */
    stats = A.run.stats[2].IpFragFails + A.run.stats[2].Ip6InTooBigErrors
                ? &A.run.stats[2]
                : stats;
    assert_true((i ? stats->Ip6InTooBigErrors : stats->IpFragFails) > 0);
    /* What was too long was sent again at once, without waiting. */
    assert_int_equal(sum(&A.run.stats[0].TcpTimeouts), 0);
    assert_true(sum(&A.run.stats[0].TcpRetransSegs) < 20);
  }
}

/* EVIDENCE: RFC 3168 5, 6.1; a queue of a link in the middle marks, and the
 * sender slows down before it is full */
static void slow_link_marks_and_nothing_is_lost(void **state) {
  (void)state;
  command_transfer_ok(
      &A,
      "throughput --bytes 3M --nic soft --ecn --topology "
      "client+-+r1+-[rate=200Mbps+delay=200us+queue=100+ecn=20]-+server");
  assert_true(A.run.links[1][0].ce > 0);
  assert_int_equal(A.run.links[1][0].queue_full, 0);
  assert_int_equal(A.run.links[0][0].ce, 0);
  assert_int_equal(sum(&A.run.stats[0].TcpRetransSegs), 0);
  assert_true(A.run.stats[0].TcpEcnReduced > 0);
  double goodput = transfer_goodput_bps(&A);
  assert_true(goodput > 0.85 * options_limit_bps(A.run.options));
  assert_true(goodput < options_limit_bps(A.run.options));
}

static void slow_link_without_marks_drops_what_does_not_fit(void **state) {
  (void)state;
  command_transfer_ok(
      &A,
      "throughput --bytes 3M --nic soft --topology "
      "client+-+r1+-[rate=200Mbps+delay=200us+queue=30KiB]-+server");
  assert_true(A.run.links[1][0].queue_full > 0);
  assert_true(A.run.stats[0].TcpRetransSegs > 0);
  assert_true(transfer_goodput_bps(&A) >
              0.6 * options_limit_bps(A.run.options));
}

/* EVIDENCE: docs/simulator.md, networks (a super-segment is forwarded whole,
 * cut by the device or by software, and compared with the MTU by its segments)
 */
static void router_that_coalesces_forwards_super_segments_whole(void **state) {
  (void)state;
  static const char *const offloads[] = {"all", "none"};
  for (int i = 0; i < 2; i++) {
    char line[160];
    snprintf(line, sizeof(line),
             "throughput --bytes 2M --nic soft --topology "
             "client+-+r1(lro=yes+offload=%s)+-+server",
             offloads[i]);
    command_transfer_ok(&A, line);
    const struct host_report *r1 = &A.run.host[2];
    assert_true(r1->nic_coalesced > 20);
    assert_int_equal(r1->nic_super_segments > 20, i == 0);
    assert_int_equal(A.run.stats[2].SwSegments > 1000, i == 1);
    assert_true(A.run.stats[2].IpForwDatagrams + r1->nic_coalesced <=
                r1->nic_rx_frames);
    /* The receiver gets the segments that the sender's NIC had cut. */
    assert_int_equal(A.run.links[0][0].kind_bytes[FRAME_KIND_DATA],
                     A.run.links[1][0].kind_bytes[FRAME_KIND_DATA]);
    assert_int_equal(A.run.links[0][0].kind_frames[FRAME_KIND_DATA],
                     A.run.links[1][0].kind_frames[FRAME_KIND_DATA]);
    assert_int_equal(sum(&A.run.stats[0].TcpRetransSegs), 0);
  }
  command_transfer_ok(&A,
                      "throughput --bytes 2M --nic soft --topology "
                      "client+-+r1(lro=yes)+-[mtu=1000]-+server(lro=yes)");
  assert_true(A.run.host[2].nic_coalesced > 20);
  assert_true(A.run.host[2].nic_super_segments > 20);
  assert_true(A.run.host[1].nic_coalesced > 20);
  assert_int_equal(sum(&A.run.stats[0].TcpTimeouts), 0);
}

/* --- Ping and traceroute -------------------------------------------------- */

static char OUTPUT[20000];

/* Run a command; its exit status. */
static int command(const char *line) {
  command_fn *which =
      strncmp(line, "traceroute ", 11) == 0 ? command_traceroute : command_echo;
  return command_run(which, line, STDOUT_FILENO, OUTPUT, sizeof(OUTPUT));
}

/* The value of a key in the JSON that was printed. */
static const char *value_of(const char *key) {
  char quoted[60];
  snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
  const char *at = strstr(OUTPUT, quoted);
  if (!at) {
    fail_msg("no %s in %s", key, OUTPUT);
    return "";
  }
  return at + strlen(quoted);
}

static uint64_t number_of(const char *key) {
  return strtoull(value_of(key), NULL, 10);
}

static void text_is(const char *key, const char *text) {
  char quoted[60];
  snprintf(quoted, sizeof(quoted), "\"%s\"", text);
  if (strncmp(value_of(key), quoted, strlen(quoted)) != 0) {
    fail_msg("%s is not %s in %s", key, quoted, OUTPUT);
  }
}

/* EVIDENCE: RFC 1812 5.2.7.3 and RFC 4443 3.3 (time exceeded, from the address
 * of the link that the packet came by); a round trip grows by exactly twice
 * what a delay grows by */
static void traceroute_names_each_router_and_its_exact_delay(void **state) {
  (void)state;
  static const char *const kinds[] = {"", " --probe udp", " -6",
                                      " -6 --probe udp"};
  for (int i = 0; i < 4; i++) {
    uint64_t rtt[2][3];
    for (int far = 0; far < 2; far++) {
      char line[200], key[20];
      snprintf(line, sizeof(line),
               "traceroute --json --nic soft --cpu ideal --topology "
               "client+-+a+-[delay=%s]-+b+-+server%s",
               far ? "350us" : "100us", kinds[i]);
      assert_int_equal(command(line), 0);
      assert_int_equal(number_of("reached"), 3);
      assert_int_equal(number_of("answers"), 9);
      text_is("hop1_host", "a");
      text_is("hop2_host", "b");
      text_is("hop3_host", "server");
      text_is("hop2_address", i < 2 ? "10.0.1.2" : "fd00:0:0:1::2");
      for (unsigned hop = 0; hop < 3; hop++) {
        snprintf(key, sizeof(key), "hop%u_rtt3_ns", hop + 1);
        rtt[far][hop] = number_of(key);
      }
    }
    assert_int_equal(rtt[1][0], rtt[0][0]);
    assert_int_equal(rtt[1][1], rtt[0][1] + 500000);
    assert_int_equal(rtt[1][2], rtt[0][2] + 500000);
  }
}

static void traceroute_to_nobody_says_so(void **state) {
  (void)state;
  assert_int_equal(command("traceroute --nic soft --max-hops 2 --topology "
                           "client+-+a+-[loss=0.9999]-+b+-+server"),
                   1);
  assert_non_null(strstr(OUTPUT, "FAILED: the destination was not reached"));
  assert_non_null(strstr(OUTPUT, "   1  a "));
  assert_non_null(strstr(OUTPUT, "   2  * "));
}

/* EVIDENCE: RFC 4861 6.2a, 6.3b; RFC 4862 5.5b (through drivers and NICs) */
static void hosts_that_configure_themselves_reach_each_other(void **state) {
  (void)state;
  static const char *const nics[] = {"soft", "rtl"};
  for (int i = 0; i < 2; i++) {
    char line[160];
    snprintf(line, sizeof(line),
             "ping -6 --autoconf --count 2 --nic %s --topology "
             "client+-+a+-+b+-+server",
             nics[i]);
    assert_int_equal(command(line), 0);
    assert_non_null(
        strstr(OUTPUT, "answer 1 from fd00::2:50:48ff:fe00:2: time "));
    assert_non_null(strstr(OUTPUT, ", ttl 62"));
    assert_non_null(strstr(OUTPUT, "host that configures itself"));
  }
  assert_int_equal(command("download -6 --autoconf --nic soft --bytes 100000 "
                           "--topology client+-+a+-+server"),
                   0);
  struct options options;
  assert_int_equal(command_parse(&options, "ping --autoconf -6"), 2);
  assert_int_equal(
      command_parse(&options, "ping --autoconf --topology a+-+b+-+c"), 2);
  assert_int_equal(command_parse(&options, "scenario loss --autoconf"), 2);
}

/* EVIDENCE: RFC 791 3.2 (time to live), RFC 792 (echo) */
static void ping_over_routers_counts_down_the_time_to_live(void **state) {
  (void)state;
  static const char *const nics[] = {"soft", "rtl"};
  for (int i = 0; i < 2; i++) {
    char line[160];
    snprintf(line, sizeof(line),
             "ping --count 2 --size 1000 --nic %s --topology "
             "client+-+a+-+b+-+server",
             nics[i]);
    assert_int_equal(command(line), 0);
    assert_non_null(strstr(OUTPUT, "answer 1 from 10.0.2.2: time "));
    assert_non_null(strstr(OUTPUT, ", ttl 62"));
    assert_non_null(strstr(OUTPUT, "2 answers, 0 lost (0 %)"));
  }
  assert_int_equal(command("ping --nic soft --ttl 3 --topology "
                           "client+-+a+-+b+-+server"),
                   0);
  assert_non_null(strstr(OUTPUT, "4 answers, 0 lost"));
  assert_int_equal(command("ping --nic soft --ttl 2 -6 --count 1 --topology "
                           "client+-+a+-+b+-+server"),
                   1);
  assert_non_null(strstr(OUTPUT, "answer 0 from fd00:0:0:1::2: time exceeded"));
  assert_int_equal(command("ping --nic soft --count 40 --topology "
                           "client+-+a+-[loss=0.2]-+server --json"),
                   0);
  assert_int_equal(number_of("answers") + number_of("lost"), 40);
  assert_true(number_of("lost") > 5 && number_of("lost") < 25);
}

/* The client that is named pings the server that is named. */
static void named_hosts_talk_to_each_other(void **state) {
  (void)state;
  assert_int_equal(command("udp --nic soft --from d --to b --json --topology "
                           "a,b+-+r1+-+r2+-+c,d"),
                   0);
  assert_int_equal(number_of("answers"), 4);
  assert_int_equal(number_of("frames_udp"), 4 * 2 * 3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(line_of_routers_gets_addresses_and_routes),
      cmocka_unit_test(ring_of_routers_is_crossed_the_short_way),
      cmocka_unit_test(groups_are_joined_each_with_each),
      cmocka_unit_test(words_of_a_link_are_its_own),
      cmocka_unit_test(wrong_line_gets_one_sentence),
      cmocka_unit_test(two_hosts_as_topology_keep_their_event_hash),
      cmocka_unit_test(download_over_routers_of_rtl_is_bit_exact_and_repeats),
      cmocka_unit_test(hosts_of_both_kinds_of_nic_talk_to_each_other),
      cmocka_unit_test(download_over_a_link_of_small_mtu_finds_the_path_mtu),
      cmocka_unit_test(slow_link_marks_and_nothing_is_lost),
      cmocka_unit_test(slow_link_without_marks_drops_what_does_not_fit),
      cmocka_unit_test(router_that_coalesces_forwards_super_segments_whole),
      cmocka_unit_test(traceroute_names_each_router_and_its_exact_delay),
      cmocka_unit_test(traceroute_to_nobody_says_so),
      cmocka_unit_test(hosts_that_configure_themselves_reach_each_other),
      cmocka_unit_test(ping_over_routers_counts_down_the_time_to_live),
      cmocka_unit_test(named_hosts_talk_to_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
