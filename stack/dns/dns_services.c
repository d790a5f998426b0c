/* SPDX-License-Identifier: Apache-2.0 */
/* Services by name: a part of what IANA has registered, that programs ask for.
 */
#include "stack/base/errno.h"
#include "stack/dns/dns_internal.h"
#include "stack/socket/inet_text.h"

enum { OF_TCP = 1, OF_UDP = 2, BOTH = 3 };

static const struct service {
  char name[12];
  uint16_t port;
  uint8_t protocols;
} SERVICES[] = {
    {"echo", 7, BOTH},           {"discard", 9, BOTH},
    {"daytime", 13, BOTH},       {"chargen", 19, BOTH},
    {"ftp-data", 20, OF_TCP},    {"ftp", 21, OF_TCP},
    {"ssh", 22, OF_TCP},         {"telnet", 23, OF_TCP},
    {"smtp", 25, OF_TCP},        {"time", 37, BOTH},
    {"domain", 53, BOTH},        {"bootps", 67, OF_UDP},
    {"bootpc", 68, OF_UDP},      {"tftp", 69, OF_UDP},
    {"http", 80, OF_TCP},        {"pop3", 110, OF_TCP},
    {"ntp", 123, OF_UDP},        {"imap2", 143, OF_TCP},
    {"snmp", 161, BOTH},         {"https", 443, BOTH},
    {"submission", 587, OF_TCP}, {"imaps", 993, OF_TCP},
    {"pop3s", 995, OF_TCP},
};

int dns_service_port(const char *name, bool udp) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(SERVICES); i++) {
    const struct service *s = &SERVICES[i];
    uint32_t n = 0;
    while (name[n] && name[n] == s->name[n]) {
      n++;
    }
    if (name[n] == s->name[n] && (s->protocols & (udp ? OF_UDP : OF_TCP))) {
      return s->port;
    }
  }
  return -PH_ENOENT;
}

const char *dns_service_name(uint16_t port, bool udp) {
  for (uint32_t i = 0; i < PH_ARRAY_LEN(SERVICES); i++) {
    if (SERVICES[i].port == port &&
        (SERVICES[i].protocols & (udp ? OF_UDP : OF_TCP))) {
      return SERVICES[i].name;
    }
  }
  return NULL;
}
