/* SPDX-License-Identifier: Apache-2.0 */
/* Names that need no server. */
#include "stack/dns/dns_internal.h"

static const struct ph_addr loopback6 = {{[15] = 1}};

static char lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool dns_text_equal(const char *a, const char *b) {
  while (*a && lower(*a) == lower(*b)) {
    a++;
    b++;
  }
  a += a[0] == '.' && a[1] == '\0';
  b += b[0] == '.' && b[1] == '\0';
  return *a == *b;
}

bool dns_text_below(const char *name, const char *zone) {
  for (;; name++) {
    if (dns_text_equal(name, zone)) {
      return true;
    }
    while (*name && *name != '.') {
      name++;
    }
    if (!*name) {
      return false;
    }
  }
}

bool dns_hosts_find(const struct dns_state *dns, const char *name, uint32_t n,
                    struct ph_addr *addr) {
  uint32_t seen = 0;
  for (uint32_t i = 0; i < dns->config.host_count; i++) {
    if (dns_text_equal(dns->config.hosts[i].name, name) && seen++ == n) {
      *addr = dns->config.hosts[i].addr;
      return true;
    }
  }
  if (seen > 0 || n > 1 || !dns_text_below(name, "localhost")) {
    return false;
  }
  *addr = n == 0 ? loopback6 : ph_addr_v4(0x7f000001);
  return true;
}

const char *dns_hosts_name(const struct dns_state *dns,
                           const struct ph_addr *addr) {
  for (uint32_t i = 0; i < dns->config.host_count; i++) {
    if (ph_addr_equal(&dns->config.hosts[i].addr, addr)) {
      return dns->config.hosts[i].name;
    }
  }
  const struct ph_addr loopback4 = ph_addr_v4(0x7f000001);
  return ph_addr_equal(addr, &loopback6) || ph_addr_equal(addr, &loopback4)
             ? "localhost"
             : NULL;
}
