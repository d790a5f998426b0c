/* SPDX-License-Identifier: Apache-2.0 */
/* getaddrinfo(), getnameinfo() and addresses as text beside the host's own, on
 * what needs no server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack/dns/dns.h"
#include "stack/dns/netdb.h"
#include "stack/ip/ipv6.h"
#include "stack/socket/inet_text.h"
#include "stack/udp/udp.h"
#include "tests/stack/tcp_pair.h"

#define SAME_FIELD(field)                                        \
  _Static_assert(offsetof(struct ph_addrinfo, field) ==          \
                         offsetof(struct addrinfo, field) &&     \
                     sizeof(((struct ph_addrinfo *)0)->field) == \
                         sizeof(((struct addrinfo *)0)->field),  \
                 "as on Linux")
#define SAME_VALUE(name) _Static_assert((int)PH_##name == (int)name, #name)

SAME_FIELD(ai_flags);
SAME_FIELD(ai_family);
SAME_FIELD(ai_socktype);
SAME_FIELD(ai_protocol);
SAME_FIELD(ai_addrlen);
SAME_FIELD(ai_addr);
SAME_FIELD(ai_canonname);
SAME_FIELD(ai_next);
_Static_assert(sizeof(struct ph_addrinfo) == sizeof(struct addrinfo), "size");
SAME_VALUE(AI_PASSIVE);
SAME_VALUE(AI_CANONNAME);
SAME_VALUE(AI_NUMERICHOST);
SAME_VALUE(AI_V4MAPPED);
SAME_VALUE(AI_ALL);
SAME_VALUE(AI_ADDRCONFIG);
SAME_VALUE(AI_NUMERICSERV);
SAME_VALUE(NI_NUMERICHOST);
SAME_VALUE(NI_NUMERICSERV);
SAME_VALUE(NI_NOFQDN);
SAME_VALUE(NI_NAMEREQD);
SAME_VALUE(NI_DGRAM);
SAME_VALUE(NI_MAXHOST);
SAME_VALUE(NI_MAXSERV);
SAME_VALUE(EAI_BADFLAGS);
SAME_VALUE(EAI_NONAME);
SAME_VALUE(EAI_AGAIN);
SAME_VALUE(EAI_FAIL);
SAME_VALUE(EAI_NODATA);
SAME_VALUE(EAI_FAMILY);
SAME_VALUE(EAI_SOCKTYPE);
SAME_VALUE(EAI_SERVICE);
SAME_VALUE(EAI_ADDRFAMILY);
SAME_VALUE(EAI_MEMORY);
SAME_VALUE(EAI_SYSTEM);
SAME_VALUE(EAI_OVERFLOW);
_Static_assert(PH_INET_ADDRSTRLEN == INET_ADDRSTRLEN, "as on Linux");
_Static_assert(PH_INET6_ADDRSTRLEN == INET6_ADDRSTRLEN, "as on Linux");

static struct pair *P;
static struct ph_stack *stack;

static int setup(void **state) {
  (void)state;
  P = pair_new(
      &(struct pair_options){.ipv6 = true, .socket = {.max_sockets = 8}});
  stack = &P->host[0].stack;
  if (!stack->module[PH_MODULE_UDP]) {
    assert_int_equal(ph_udp_init(stack), 0);
  }
  assert_int_equal(ph_loopback_init(stack), 0);
  assert_int_equal(ph_dns_init(stack, NULL), 0);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  pair_free(P);
  return 0;
}

/* ---- getaddrinfo() ------------------------------------------------------- */

static void compare_lists(const struct ph_addrinfo *ours,
                          const struct addrinfo *theirs, const char *what) {
  int n = 0;
  for (; ours && theirs; ours = ours->ai_next, theirs = theirs->ai_next) {
    if (ours->ai_family != theirs->ai_family ||
        ours->ai_socktype != theirs->ai_socktype ||
        ours->ai_protocol != theirs->ai_protocol ||
        ours->ai_addrlen != theirs->ai_addrlen ||
        ours->ai_flags != theirs->ai_flags ||
        memcmp(ours->ai_addr, theirs->ai_addr, ours->ai_addrlen) != 0) {
      fail_msg("%s: element %d differs", what, n);
    }
    assert_int_equal(ours->ai_canonname != NULL, theirs->ai_canonname != NULL);
    if (ours->ai_canonname) {
      assert_string_equal(ours->ai_canonname, theirs->ai_canonname);
    }
    n++;
  }
  if (ours || theirs) {
    fail_msg("%s: %s has more than %d", what, ours ? "ours" : "Linux", n);
  }
}

static void compare(const char *node, const char *service, int flags,
                    int family, int type, int protocol) {
  struct ph_addrinfo hints = {.ai_flags = flags,
                              .ai_family = family,
                              .ai_socktype = type,
                              .ai_protocol = protocol};
  struct ph_addrinfo *ours = NULL;
  struct addrinfo *theirs = NULL;
  char what[200];
  snprintf(what, sizeof what, "%s %s flags %#x family %d type %d protocol %d",
           node ? node : "-", service ? service : "-", (unsigned)flags, family,
           type, protocol);
  int a = ph_getaddrinfo(stack, node, service, &hints, &ours);
  int b = getaddrinfo(node, service, (const struct addrinfo *)(void *)&hints,
                      &theirs);
  if (a != b) {
    fail_msg("%s: %d, on Linux %d (%s)", what, a, b, gai_strerror(b));
  }
  if (a == 0) {
    compare_lists(ours, theirs, what);
    ph_freeaddrinfo(stack, ours);
    freeaddrinfo(theirs);
  }
}

static void numeric_nodes_are_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library; RFC 3493 6.1 */
  (void)state;
  static const char *const nodes[] = {
      "192.0.2.1", "1.2.3",         "0x7f.1", "010.1.1.1",       "4294967295",
      "::1",       "2001:db8::1:2", "::",     "::ffff:192.0.2.1"};
  static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, 77};
  static const int flags[] = {0, AI_CANONNAME, AI_V4MAPPED, AI_PASSIVE,
                              0x40000000};
  for (size_t n = 0; n < PH_ARRAY_LEN(nodes); n++) {
    for (size_t f = 0; f < PH_ARRAY_LEN(families); f++) {
      for (size_t g = 0; g < PH_ARRAY_LEN(flags); g++) {
        compare(nodes[n], "80", flags[g] | AI_NUMERICHOST, families[f], 0, 0);
        compare(nodes[n], NULL, flags[g] | AI_NUMERICHOST, families[f],
                SOCK_STREAM, 0);
      }
    }
  }
}

static void no_numbers_are_refused_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library */
  (void)state;
  static const char *const nodes[] = {"1.2.3.256",   "1.2.3.4.5", "1.2.3.4x",
                                      "08.1.1.1",    ":::",       "1:2",
                                      "::1%nowhere", "g::1",      "x"};
  for (size_t n = 0; n < PH_ARRAY_LEN(nodes); n++) {
    compare(nodes[n], "80", AI_NUMERICHOST, AF_UNSPEC, SOCK_STREAM, 0);
  }
  compare(NULL, NULL, 0, AF_UNSPEC, 0, 0);
  compare("192.0.2.1", "smtp", AI_NUMERICSERV, AF_UNSPEC, SOCK_STREAM, 0);
  compare(NULL, "80", AI_CANONNAME, AF_UNSPEC, SOCK_STREAM, 0);
}

static void types_and_services_are_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library; RFC 3493 6.1 */
  (void)state;
  static const int types[] = {0, SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, 77};
  static const int protocols[] = {0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP};
  static const char *const services[] = {NULL, "80", "0", "65535", ""};
  for (size_t t = 0; t < PH_ARRAY_LEN(types); t++) {
    for (size_t p = 0; p < PH_ARRAY_LEN(protocols); p++) {
      for (size_t s = 0; s < PH_ARRAY_LEN(services); s++) {
        compare("192.0.2.1", services[s], AI_NUMERICHOST, AF_UNSPEC, types[t],
                protocols[p]);
      }
    }
  }
}

static void no_node_is_this_host_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library; RFC 3493 6.1 */
  (void)state;
  for (int passive = 0; passive < 2; passive++) {
    compare(NULL, "80", passive ? AI_PASSIVE : 0, AF_INET, SOCK_STREAM, 0);
    compare(NULL, "80", passive ? AI_PASSIVE : 0, AF_INET6, SOCK_STREAM, 0);
  }
}

static struct ph_addrinfo *must_find(const char *node, const char *service,
                                     int type) {
  struct ph_addrinfo hints = {.ai_socktype = type};
  struct ph_addrinfo *list;
  assert_int_equal(ph_getaddrinfo(stack, node, service, &hints, &list), 0);
  return list;
}

static void services_have_ports_by_name(void **state) {
  /* EVIDENCE: RFC 3493 6.1 */
  (void)state;
  static const struct {
    const char *name;
    int type, port;
  } known[] = {{"http", SOCK_STREAM, 80},   {"domain", SOCK_DGRAM, 53},
               {"domain", SOCK_STREAM, 53}, {"ftp-data", SOCK_STREAM, 20},
               {"ntp", SOCK_DGRAM, 123},    {"submission", SOCK_STREAM, 587}};
  struct ph_addrinfo hints = {.ai_socktype = SOCK_DGRAM};
  struct ph_addrinfo *list;
  for (size_t i = 0; i < PH_ARRAY_LEN(known); i++) {
    list = must_find("192.0.2.1", known[i].name, known[i].type);
    assert_int_equal(((struct ph_sockaddr_in *)list->ai_addr)->sin_port,
                     htons((uint16_t)known[i].port));
    ph_freeaddrinfo(stack, list);
  }
  assert_int_equal(ph_getaddrinfo(stack, NULL, "smtp", &hints, &list),
                   PH_EAI_SERVICE); /* there by TCP alone */
  assert_int_equal(ph_getaddrinfo(stack, NULL, "htt", &hints, &list),
                   PH_EAI_SERVICE);
  assert_int_equal(ph_getaddrinfo(stack, NULL, "65536", &hints, &list),
                   PH_EAI_SERVICE);
  hints.ai_socktype = 0; /* both that have it, no raw one */
  assert_int_equal(ph_getaddrinfo(stack, NULL, "domain", &hints, &list), 0);
  int n = 0;
  for (struct ph_addrinfo *i = list; i; i = i->ai_next) {
    n++;
  }
  assert_int_equal(n, 4);
  ph_freeaddrinfo(stack, list);
}

static void zones_are_numbers_or_interfaces(void **state) {
  /* EVIDENCE: RFC 4007 11.2 */
  (void)state;
  struct netif *netif = netif_by_index(stack, 1);
  char node[64], host[64];
  snprintf(node, sizeof node, "fe80::1%%%s", netif->name);
  for (int i = 0; i < 2; i++) {
    struct ph_addrinfo *list =
        must_find(i ? node : "fe80::1%1", NULL, SOCK_STREAM);
    struct ph_sockaddr_in6 *a = (struct ph_sockaddr_in6 *)list->ai_addr;
    assert_int_equal(a->sin6_scope_id, 1);
    assert_int_equal(a->sin6_addr[2], 0); /* not inside the address */
    assert_int_equal(ph_getnameinfo(stack, a, sizeof *a, host, sizeof host,
                                    NULL, 0, PH_NI_NUMERICHOST),
                     0);
    assert_string_equal(host, node);
    ph_freeaddrinfo(stack, list);
  }
}

/* RFC 6724 2.1, 6, of a host with 10.0.0.1 and 2001:db8::1. */
static void addresses_come_in_the_order_of_the_rules(void **state) {
  /* EVIDENCE: RFC 6724 6 */
  (void)state;
  static const struct ph_dns_host hosts[] = {
      {"h", {{0xfd, 1, [15] = 1}}},               /* no way there */
      {"h", {{[10] = 0xff, 0xff, 10, 0, 0, 2}}},  /* IPv4 */
      {"h", {{0x20, 1, 0xd, 0xb8, [15] = 2}}},    /* IPv6, our prefix */
      {"h", {{[10] = 0xff, 0xff, 192, 0, 2, 1}}}, /* no way there */
      {"h", {{[15] = 1}}},                        /* this host */
  };
  static const uint8_t first[5] = {0, 0x20, 0, 0xfd, 0};
  static const int family[5] = {AF_INET6, AF_INET6, AF_INET, 0, 0};
  assert_int_equal(ph_dns_init(stack, &(struct ph_dns_config){.hosts = hosts,
                                                              .host_count = 5}),
                   0);
  struct ph_addrinfo *list = must_find("h", NULL, SOCK_STREAM);
  struct ph_addrinfo *i = list;
  for (int n = 0; n < 3; n++, i = i->ai_next) {
    assert_int_equal(i->ai_family, family[n]);
    if (i->ai_family == AF_INET6) {
      assert_int_equal(((struct ph_sockaddr_in6 *)i->ai_addr)->sin6_addr[0],
                       first[n]);
    }
  }
  assert_non_null(i->ai_next); /* and the two without a way */
  ph_freeaddrinfo(stack, list);
  struct ph_addrinfo hints = {.ai_flags = PH_AI_ADDRCONFIG,
                              .ai_socktype = SOCK_STREAM};
  assert_int_equal(ph_getaddrinfo(stack, "h", NULL, &hints, &list), 0);
  assert_null(list->ai_next->ai_next->ai_next);
  ph_freeaddrinfo(stack, list);
}

static void without_waiting_an_unknown_name_is_for_later(void **state) {
  /* EVIDENCE: design: the core never blocks */
  (void)state;
  struct ph_addr server = pair_addr(1);
  struct ph_addrinfo hints = {.ai_socktype = SOCK_STREAM};
  struct ph_addrinfo *list;
  ph_dns_set_servers(stack, &server, 1);
  assert_int_equal(ph_getaddrinfo(stack, "www.example", NULL, &hints, &list),
                   PH_EAI_AGAIN);
  pair_pass(P, 10 * PAIR_S);
}

/* ---- getnameinfo() ------------------------------------------------------- */

static void numeric_names_are_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library; RFC 3493 6.2 */
  (void)state;
  static const char *const addresses[] = {"192.0.2.1", "::1", "2001:db8::1",
                                          "::ffff:192.0.2.1", "::"};
  for (size_t i = 0; i < PH_ARRAY_LEN(addresses); i++) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(8080)};
    struct sockaddr_in b = {.sin_family = AF_INET, .sin_port = htons(80)};
    bool v4 = inet_pton(AF_INET6, addresses[i], &a.sin6_addr) != 1;
    const void *addr = v4 ? (void *)&b : &a;
    socklen_t len = v4 ? sizeof b : sizeof a;
    if (v4) {
      assert_int_equal(inet_pton(AF_INET, addresses[i], &b.sin_addr), 1);
    }
    for (socklen_t room = 0; room < 48; room++) { /* every size of buffer */
      for (socklen_t cut = 0; cut < 6; cut++) {
        char ours[2][64] = {"", ""}, theirs[2][64] = {"", ""};
        int flags = NI_NUMERICHOST | NI_NUMERICSERV;
        int x = ph_getnameinfo(stack, addr, len - cut, ours[0], room, ours[1],
                               cut + 3, flags);
        int y = getnameinfo(addr, len - cut, theirs[0], room, theirs[1],
                            cut + 3, flags);
        assert_int_equal(x, y);
        if (x == 0) {
          assert_string_equal(ours[0], theirs[0]);
          assert_string_equal(ours[1], theirs[1]);
        }
      }
    }
  }
}

static void wrong_calls_of_getnameinfo_are_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library */
  (void)state;
  struct sockaddr_in a = {.sin_family = AF_INET};
  char host[64];
  struct sockaddr other = {.sa_family = 77};
  assert_int_equal(ph_getnameinfo(stack, &a, sizeof a, NULL, 0, NULL, 0, 0),
                   getnameinfo((void *)&a, sizeof a, NULL, 0, NULL, 0, 0));
  assert_int_equal(
      ph_getnameinfo(stack, &other, sizeof other, host, 64, NULL, 0, 0),
      getnameinfo(&other, sizeof other, host, 64, NULL, 0, 0));
  assert_int_equal(
      ph_getnameinfo(stack, &a, sizeof a, host, 64, NULL, 0, 0x4000),
      getnameinfo((void *)&a, sizeof a, host, 64, NULL, 0, 0x4000));
}

static void services_have_names_by_port(void **state) {
  /* EVIDENCE: RFC 3493 6.2 */
  (void)state;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(123)};
  char service[32];
  assert_int_equal(
      ph_getnameinfo(stack, &a, sizeof a, NULL, 0, service, 32, PH_NI_DGRAM),
      0);
  assert_string_equal(service, "ntp");
  assert_int_equal(ph_getnameinfo(stack, &a, sizeof a, NULL, 0, service, 32, 0),
                   0);
  assert_string_equal(service, "123"); /* not by TCP */
}

/* ---- Text ---------------------------------------------------------------- */

static void addresses_as_text_are_those_of_linux(void **state) {
  /* EVIDENCE: the host's C library; RFC 5952 4; RFC 4291 2.2 */
  (void)state;
  uint32_t seed = 1;
  for (int i = 0; i < 200000; i++) {
    uint8_t bytes[16], back[16];
    char ours[64], theirs[64];
    for (int k = 0; k < 16; k += 2) { /* many words are zero, or small */
      seed = seed * 1664525u + 1013904223u;
      uint32_t word = seed >> 8;
      word = word % 3 == 0 ? 0 : word % 3 == 1 ? word >> 16 & 15 : word >> 4;
      bytes[k] = (uint8_t)(word >> 8);
      bytes[k + 1] = (uint8_t)word;
    }
    if (i % 8 == 0) {
      memcpy(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", i % 16 ? 12 : 10);
    }
    int family = i % 2 ? AF_INET : AF_INET6;
    inet_ntop(family, bytes, theirs, sizeof theirs);
    assert_ptr_equal(ph_inet_ntop(family, bytes, ours, sizeof ours), ours);
    assert_string_equal(ours, theirs);
    assert_int_equal(ph_inet_pton(family, theirs, back), 1);
    assert_memory_equal(back, bytes, family == AF_INET ? 4 : 16);
    assert_null(ph_inet_ntop(family, bytes, ours, strlen(theirs)));
  }
}

static void texts_are_read_as_on_linux(void **state) {
  /* EVIDENCE: the host's C library */
  (void)state;
  static const char alphabet[] = "0011:::..ffx9%2";
  uint32_t seed = 7;
  int taken = 0;
  for (int i = 0; i < 1000000; i++) {
    char text[24];
    uint8_t ours[16] = {0}, theirs[16] = {0};
    uint32_t len = seed >> 8 & 15;
    for (uint32_t k = 0; k < len; k++) {
      seed = seed * 1664525u + 1013904223u;
      text[k] = alphabet[(seed >> 16) % (sizeof alphabet - 1)];
    }
    seed = seed * 1664525u + 1013904223u;
    text[len] = '\0';
    for (int family = AF_INET; family <= AF_INET6; family += 8) {
      int a = ph_inet_pton(family, text, ours);
      int b = inet_pton(family, text, theirs);
      if (a != b || (a == 1 && memcmp(ours, theirs, 16) != 0)) {
        fail_msg("'%s' of %d: %d, on Linux %d", text, family, a, b);
      }
      taken += a == 1;
    }
    struct in_addr in;
    int a = ph_inet_aton(text, ours);
    int b = inet_aton(text, &in);
    if (a != b || (a == 1 && memcmp(ours, &in, 4) != 0)) {
      fail_msg("'%s': %d, on Linux %d", text, a, b);
    }
  }
  assert_true(taken > 1000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(numeric_nodes_are_as_on_linux),
      TEST(no_numbers_are_refused_as_on_linux),
      TEST(types_and_services_are_as_on_linux),
      TEST(no_node_is_this_host_as_on_linux),
      TEST(services_have_ports_by_name),
      TEST(zones_are_numbers_or_interfaces),
      TEST(addresses_come_in_the_order_of_the_rules),
      TEST(without_waiting_an_unknown_name_is_for_later),
      TEST(numeric_names_are_as_on_linux),
      TEST(wrong_calls_of_getnameinfo_are_as_on_linux),
      TEST(services_have_names_by_port),
      TEST(addresses_as_text_are_those_of_linux),
      TEST(texts_are_read_as_on_linux),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
