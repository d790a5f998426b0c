/* SPDX-License-Identifier: Apache-2.0 */
/* Services by name: a part of what IANA has registered, that programs ask for.
 */
#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/dns/dns_internal.h"

enum { OF_TCP = 1, OF_UDP = 2, BOTH = 3, PORT_BITS = 10 };

/* Ports below 1024. */
/* clang-format off */
#define SERVICES(X) \
  X("echo", 7, BOTH) \
  X("discard", 9, BOTH) \
  X("daytime", 13, BOTH) \
  X("chargen", 19, BOTH) \
  X("ftp-data", 20, OF_TCP) \
  X("ftp", 21, OF_TCP) \
  X("ssh", 22, OF_TCP) \
  X("telnet", 23, OF_TCP) \
  X("smtp", 25, OF_TCP) \
  X("time", 37, BOTH) \
  X("domain", 53, BOTH) \
  X("bootps", 67, OF_UDP) \
  X("bootpc", 68, OF_UDP) \
  X("tftp", 69, OF_UDP) \
  X("http", 80, OF_TCP) \
  X("pop3", 110, OF_TCP) \
  X("ntp", 123, OF_UDP) \
  X("imap2", 143, OF_TCP) \
  X("snmp", 161, BOTH) \
  X("https", 443, BOTH) \
  X("submission", 587, OF_TCP) \
  X("imaps", 993, OF_TCP) \
  X("pop3s", 995, OF_TCP)
/* clang-format on */

static const char NAMES[] =
#define X(name, port, protocols) name "\0"
    SERVICES(X);
#undef X

static const uint16_t PORTS[] = {
#define X(name, port, protocols) protocols << PORT_BITS | (port),
    SERVICES(X)
#undef X
};

static bool is_of(uint32_t i, bool udp) {
  return PORTS[i] >> PORT_BITS & (udp ? OF_UDP : OF_TCP);
}

static uint16_t port_of(uint32_t i) {
  return PORTS[i] & ((1 << PORT_BITS) - 1);
}

int dns_service_port(const char *name, bool udp) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(PORTS); i++) {
    if (is_of(i, udp) && ph_text_equal(name, ph_text_nth(NAMES, i))) {
      return port_of(i);
    }
  }
  return -PH_ENOENT;
}

const char *dns_service_name(uint16_t port, bool udp) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(PORTS); i++) {
    if (is_of(i, udp) && port_of(i) == port) {
      return ph_text_nth(NAMES, i);
    }
  }
  return NULL;
}
