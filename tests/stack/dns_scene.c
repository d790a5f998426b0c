/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/dns_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tasks *T;
struct ph_stack *client;
struct dns_server S;
struct ph_dns_config config;
/* What the test does. */
static void (*script)(void);

static const struct ph_dns_host HOSTS[] = {
    {"printer", {{[10] = 0xff, 0xff, 10, 1, 1, 1}}},
    {"printer", {{0x20, 1, 0xd, 0xb8, [15] = 9}}},
};

int dns_scene_setup(void **state) {
  (void)state;
  T = tasks_new();
  client = &tasks_pair(T)->host[1].stack;
  memset(&S, 0, sizeof S);
  struct ph_stack *server = &tasks_pair(T)->host[0].stack;
  assert_int_equal(
      ph_ipv4_add_address(server, netif_first(server), 0x0a000003, 24), 0);
  config = (struct ph_dns_config){.hosts = HOSTS, .host_count = 2};
  return 0;
}

int dns_scene_teardown(void **state) {
  (void)state;
  tasks_free(T);
  return 0;
}

static void run_script(struct ph_stack *stack, void *arg) {
  (void)stack;
  (void)arg;
  script();
  S.stop = true;
}

void play(void (*reply)(struct dns_server *, const struct dns_asked *,
                        struct dns_msg *),
          void (*what)(void)) {
  struct ph_addr servers[2] = {ph_addr_v4(0x0a000001), ph_addr_v4(0x0a000003)};
  assert_int_equal(ph_dns_init(client, &config), 0);
  ph_dns_set_servers(client, servers, 2);
  S.reply = reply;
  script = what;
  tasks_add(T, 0, dns_server_run, &S);
  tasks_add(T, 1, run_script, NULL);
  tasks_run(T, 300 * PAIR_S);
}

/* The addresses of `node`, as text with spaces between, or the error's name. */
const char *look_up(int family, int flags, const char *node) {
  static char out[512];
  struct ph_addrinfo hints = {
      .ai_family = family, .ai_socktype = PH_SOCK_STREAM, .ai_flags = flags};
  struct ph_addrinfo *list = NULL;
  int error = ph_getaddrinfo(client, node, "80", &hints, &list);
  if (error) {
    return ph_gai_strerror(error);
  }
  size_t n = 0;
  for (struct ph_addrinfo *i = list; i; i = i->ai_next) {
    char text[64];
    const uint8_t *a = (const uint8_t *)i->ai_addr;
    inet_ntop(i->ai_family, a + (i->ai_family == AF_INET ? 4 : 8), text,
              sizeof text);
    n += (size_t)snprintf(out + n, sizeof out - n, "%s%s", n ? " " : "", text);
    if (i->ai_canonname) {
      n += (size_t)snprintf(out + n, sizeof out - n, "=%s", i->ai_canonname);
    }
  }
  ph_freeaddrinfo(client, list);
  return out;
}

void good(struct dns_server *s, const struct dns_asked *q, struct dns_msg *m) {
  (void)s;
  bool alias = strcasecmp(q->name, "alias.example") == 0;
  bool www = strcasecmp(q->name, "www.example") == 0;
  dns_msg_begin(m, q, alias || www ? OK : OK | DNS_NXDOMAIN);
  if (alias) {
    dns_msg_name(m, "alias.example", DNS_TYPE_CNAME, 60, "www.example");
  }
  if ((alias || www) && q->question.type == DNS_TYPE_A) {
    dns_msg_a(m, "www.example", 100, FIRST_IP);
    dns_msg_a(m, "www.example", 100, FIRST_IP + 1);
  } else if ((alias || www) && q->question.type == DNS_TYPE_AAAA) {
    dns_msg_aaaa(m, "www.example", 100, "2001:db8::80");
  } else {
    dns_msg_soa(m, "example", 30, 20);
  }
}

static void idle_server(struct ph_stack *stack, void *arg) {
  (void)arg;
  while (!S.stop) {
    ph_poll(stack, NULL, 0, 50);
  }
}

void play_without_server(void (*what)(void)) {
  script = what;
  tasks_add(T, 0, idle_server, NULL);
  tasks_add(T, 1, run_script, NULL);
  tasks_run(T, 100 * PAIR_S);
}
