/* SPDX-License-Identifier: Apache-2.0 */
/* netstat: what a run and a session say of themselves, read back and shown; and
 * text that is no state is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sim/tool/commands.h"
#include "sim/tool/control.h"
#include "sim/tool/netstat.h"
#include "sim/tool/snmp.h"
#include "sim/run/state.h"
#include "stack/netif/netif.h"
#include "stack/socket/socket.h"
#include "stack/tcp/tcp.h"
#include "stack/udp/udp.h"
#include "tests/cosim/command.h"

enum { TEXT = 65536 };

static char text[TEXT], folder[] = "/tmp/packhorse-netstat-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char name[64];
  snprintf(name, sizeof(name), "%s/state", folder);
  unlink(name);
  snprintf(name, sizeof(name), "%s/socket", folder);
  unlink(name);
  return rmdir(folder);
}

/* The status of a command line with %s for the folder; `text` is its output. */
static int run(const char *format) {
  char line[512];
  snprintf(line, sizeof(line), format, folder);
  command_fn *command =
      strncmp(line, "netstat ", 8) == 0 ? command_netstat : command_transfer;
  return command_run(command, line, STDOUT_FILENO, text, sizeof(text));
}

static void has(const char *line) {
  if (!strstr(text, line)) {
    fail_msg("no '%s' in:\n%s", line, text);
  }
}

static void has_not(const char *line) {
  if (strstr(text, line)) {
    fail_msg("'%s' in:\n%s", line, text);
  }
}

static void finished_run_shows_time_wait_and_counters(void **state) {
  (void)state;
  assert_int_equal(run("download --nic soft --no-compare --bytes 100000 "
                       "--state %s/state"),
                   0);
  assert_int_equal(run("netstat %s/state"), 0);
  has("client, at 0.00");
  has("tcp        0      0 10.0.0.2:80             10.0.0.1:");
  has(" TIME_WAIT\n");
  assert_int_equal(run("netstat -s --host client %s/state"), 0);
  has("Tcp:\n    ActiveOpens              1\n    PassiveOpens             0\n");
  has("    CurrEstab                0\n");
  has("Packhorse:\n");
  has_not("server");
  assert_int_equal(run("netstat -r -i %s/state"), 0);
  has("10.0.0.0/24                 *                       eth0\n");
  has("\neth0      1500 ");
}

static void state_during_a_run_shows_connections_and_listeners(void **state) {
  (void)state;
  assert_int_equal(run("download --nic soft --no-compare --state-at 1000 "
                       "--state %s/state"),
                   0);
  assert_int_equal(run("netstat --host server %s/state"), 0);
  has(" ESTABLISHED\n");
  has_not("LISTEN");
  assert_int_equal(run("netstat -a --host server %s/state"), 0);
  has("tcp        0      4 0.0.0.0:80              0.0.0.0:*               "
      "LISTEN\n");
  assert_int_equal(run("netstat -s --host server %s/state"), 0);
  has("    CurrEstab                1\n");
  assert_int_equal(run("netstat -W --host server %s/state"), 0);
  has(" ESTABLISHED cwnd ");
  has(" mss 1460 srtt ");
}

static void taking_the_state_changes_no_event(void **state) {
  (void)state;
  char *hash[2];
  static const char *const lines[2] = {
      "download --nic soft --bytes 100000 --json",
      "download --nic soft --bytes 100000 --json --state-at 400 --state "
      "%s/state"};
  for (int i = 0; i < 2; i++) {
    char line[256];
    snprintf(line, sizeof(line), "%s", lines[i]);
    assert_int_equal(run(line), 0);
    char *at = strstr(text, "\"event_hash\"");
    assert_non_null(at);
    hash[i] = strndup(at, 36);
  }
  assert_string_equal(hash[0], hash[1]);
  free(hash[0]);
  free(hash[1]);
}

static bool read_text(struct netstat *netstat, const char *from, size_t len) {
  char *copy = malloc(len + 1); /* exactly, so that one more is seen */
  memcpy(copy, from, len);
  FILE *file = fmemopen(copy, len ? len : 1, "r");
  assert_non_null(file);
  bool good = netstat_read(netstat, file);
  fclose(file);
  free(copy);
  return good;
}

static const char GOOD[] = STATE_TITLE
    "host a 1000\n"
    "interface eth0 1500 1 1 2 3 4 5\n"
    "route 10.0.0.0/24 - eth0\n"
    "route ::/0 fe80::1 eth0\n"
    "socket tcp6 LISTEN 0 4 :: 80 :: 0 0 0 0 0 536 0 0 0\n"
    "limits 1 2 3 4 5 6 7 18446744073709551615\n"
    "counter IpInReceives 18446744073709551615\n";

static void state_is_read_line_by_line(void **state) {
  (void)state;
  struct netstat netstat;
  assert_true(read_text(&netstat, GOOD, sizeof(GOOD) - 1));
  assert_int_equal(netstat.host_count, 1);
  const struct netstat_host *host = &netstat.hosts[0];
  assert_int_equal(host->route_count, 2);
  assert_string_equal(host->routes[1].next_hop, "fe80::1");
  assert_int_equal(host->sockets[0].local_port, 80);
  assert_true(host->counters[0].value == UINT64_MAX);
  assert_int_equal(host->sockets[0].bytes_sent, 1);
  assert_true(host->sockets[0].limit_ns[6] == UINT64_MAX);
  netstat_free(&netstat);
}

static void text_that_is_no_state_is_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "",
      "packhorse state 2\nhost a 1\n",
      STATE_TITLE,
      STATE_TITLE "counter IpInReceives 1\n",
      STATE_TITLE "host a\n",
      STATE_TITLE "host a 1\nhorse\n",
      STATE_TITLE "host a 1\nroute 10.0.0.0/129 - eth0\n",
      STATE_TITLE "host a 1\nroute zz/1 - eth0\n",
      STATE_TITLE "host a 1\nsocket tcp LISTEN 0\n",
      STATE_TITLE "host a 1\ncounter x -\n",
      STATE_TITLE "host a 1\nlimits 1 2 3 4 5 6 7 8\n", /* of which socket? */
  };
  struct netstat netstat;
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    assert_false(read_text(&netstat, wrong[i], strlen(wrong[i])));
    assert_true(strlen(netstat.why) > 0);
    netstat_free(&netstat);
  }
  /* Cut anywhere but behind a line: refused. */
  for (size_t len = 0; len < sizeof(GOOD) - 1; len++) {
    bool whole = len > strlen(STATE_TITLE) && GOOD[len - 1] == '\n';
    assert_int_equal(read_text(&netstat, GOOD, len), whole);
    netstat_free(&netstat);
  }
  /* A line and a word that are too long. */
  memset(text, 'a', TEXT - 1);
  memcpy(text, STATE_TITLE "host ", strlen(STATE_TITLE) + 5);
  assert_false(read_text(&netstat, text, 5000));
  netstat_free(&netstat);
  text[200] = '\n';
  assert_false(read_text(&netstat, text, 201));
  netstat_free(&netstat);
}

static void no_random(void *ctx, void *to, size_t n) {
  (void)ctx;
  memset(to, 1, n);
}

/* A host without interfaces that listens on port 80. */
static void make_stack(struct ph_stack *stack) {
  enum { ARENA = 8 << 20, BLOCKS = 64, PACKETS = 16 };
  static _Alignas(64) uint8_t arena[ARENA];
  static _Alignas(4096) uint8_t blocks[BLOCKS * 4096];
  static struct pkt packets[PACKETS];
  static const struct ph_platform platform = {.random = no_random};
  const struct ph_stack_config config = {.platform = &platform,
                                         .arena = arena,
                                         .arena_size = ARENA,
                                         .block_memory = blocks,
                                         .block_count = BLOCKS,
                                         .pkt_memory = packets,
                                         .pkt_count = PACKETS};
  const struct ph_socket_config sockets = {.max_sockets = 4};
  const struct ph_tcp_config tcp = {.max_connections = 4, .max_listeners = 1};
  assert_int_equal(ph_stack_init(stack, &config), 0);
  assert_int_equal(ph_netif_init(stack), 0);
  assert_int_equal(ph_ipv4_init(stack), 0);
  assert_int_equal(ph_ip_routes_init(stack, 0), 0);
  assert_int_equal(ph_udp_init(stack), 0);
  assert_int_equal(ph_tcp_init(stack, &tcp), 0);
  assert_int_equal(ph_socket_init(stack, &sockets), 0);
  const struct ph_sockaddr_in name = {.sin_family = PH_AF_INET,
                                      .sin_port = 80 << 8};
  int fd = ph_socket(stack, PH_AF_INET, PH_SOCK_STREAM, 0);
  assert_int_equal(ph_bind(stack, fd, &name, sizeof(name)), 0);
  assert_int_equal(ph_listen(stack, fd, 1), 0);
}

static void session_answers_whoever_connects(void **state) {
  (void)state;
  static struct ph_stack stack;
  make_stack(&stack);
  struct control control;
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof(name.sun_path), "%s/socket", folder);
  /* One that is left over from before is replaced. */
  int old = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(old, (struct sockaddr *)&name, sizeof(name)), 0);
  close(old);
  assert_true(control_open(&control, name.sun_path));
  struct command_capture capture;
  struct control second;
  command_capture(&capture, STDERR_FILENO);
  assert_false(control_open(&second, name.sun_path)); /* it is served */
  command_captured(&capture, text, sizeof(text));
  has("Address already in use.\n");
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
  stack.stats.TcpActiveOpens = 7;
  control_answer(&control, "host", &stack);
  FILE *from = fdopen(fd, "r");
  struct netstat netstat;
  assert_true(netstat_read(&netstat, from));
  assert_string_equal(netstat.hosts[0].name, "host");
  assert_int_equal(netstat.hosts[0].socket_count, 1);
  assert_string_equal(netstat.hosts[0].sockets[0].state, "LISTEN");
  bool found = false;
  for (size_t i = 0; i < netstat.hosts[0].counter_count; i++) {
    found |= strcmp(netstat.hosts[0].counters[i].name, "TcpActiveOpens") == 0 &&
             netstat.hosts[0].counters[i].value == 7;
  }
  assert_true(found);
  netstat_free(&netstat);
  fclose(from);
  control_close(&control);
  assert_int_equal(access(name.sun_path, F_OK), -1);
}

static void linux_names_are_of_counters_that_exist(void **state) {
  (void)state;
  static const char *const ours[] = {
#define X(name, text) #name,
      PH_STATS_MAP(X)
#undef X
  };
  for (size_t i = 0; i < snmp_count; i++) {
    bool found = strcmp(snmp_names[i].name, "CurrEstab") == 0;
    for (size_t k = 0; k < sizeof(ours) / sizeof(ours[0]); k++) {
      found |= strcmp(ours[k], snmp_names[i].ours) == 0;
    }
    if (!found) {
      fail_msg("no counter %s", snmp_names[i].ours);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(finished_run_shows_time_wait_and_counters),
      cmocka_unit_test(state_during_a_run_shows_connections_and_listeners),
      cmocka_unit_test(taking_the_state_changes_no_event),
      cmocka_unit_test(state_is_read_line_by_line),
      cmocka_unit_test(text_that_is_no_state_is_refused),
      cmocka_unit_test(session_answers_whoever_connects),
      cmocka_unit_test(linux_names_are_of_counters_that_exist),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
