/* SPDX-License-Identifier: Apache-2.0 */
/* getnameinfo(): POSIX.1-2017, RFC 3493 6.2. */
#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/dns/dns_internal.h"
#include "stack/ip/ip.h"
#include "stack/socket/inet_text.h"

enum {
  FLAGS = PH_NI_NUMERICHOST | PH_NI_NUMERICSERV | PH_NI_NOFQDN |
          PH_NI_NAMEREQD | PH_NI_DGRAM,
};

/* What a socket address says. */
struct place {
  struct ph_addr addr;
  uint32_t scope;
  uint16_t port;
  int family;
};

static int put(char *to, ph_socklen_t room, const char *text) {
  uint32_t n = ph_text_len(text);
  if (n >= room) {
    return PH_EAI_OVERFLOW;
  }
  memcpy(to, text, n + 1);
  return 0;
}

static bool read_place(const void *addr, ph_socklen_t len,
                       struct place *place) {
  struct ph_sockaddr_in6 in = {0};
  memcpy(&in, addr, ph_min_u32(len, sizeof(in)));
  const uint8_t *bytes = (const uint8_t *)&in;
  place->family = in.sin6_family;
  place->port = (uint16_t)(bytes[2] << 8 | bytes[3]);
  place->scope = 0;
  if (in.sin6_family == PH_AF_INET && len >= sizeof(struct ph_sockaddr_in)) {
    place->addr = ph_addr_v4(0);
    memcpy(place->addr.bytes + 12, bytes + 4, 4);
    return true;
  }
  memcpy(place->addr.bytes, in.sin6_addr, 16);
  place->scope = in.sin6_scope_id;
  return in.sin6_family == PH_AF_INET6 && len >= sizeof(in);
}

/* In numbers, with the zone behind a link-local address (RFC 4007 11). */
static int put_numeric(struct ph_stack *stack, const struct place *place,
                       char *host, ph_socklen_t room) {
  char text[PH_INET6_ADDRSTRLEN + 1 + 10];
  bool v4 = place->family == PH_AF_INET;
  (void)ph_inet_ntop(place->family, place->addr.bytes + (v4 ? 12 : 0), text,
                     PH_INET6_ADDRSTRLEN);
  int error = put(host, room, text);
  if (error || place->scope == 0) {
    return error;
  }
  ph_socklen_t n = ph_text_len(host);
  const struct netif *netif = netif_by_index(stack, place->scope);
  text[0] = '%';
  *ph_text_put_number(text + 1, place->scope) = '\0';
  error = put(host + n, room - n, text);
  return error || !netif ? error : put(host + n + 1, room - n - 1, netif->name);
}

/* The name that a server has for it: 0, PH_EAI_NONAME, or why not. */
static int ask_name(struct ph_stack *stack, const struct ph_addr *addr,
                    char text[DNS_TEXT_MAX]) {
  struct dns_name name = {.len = 0};
  dns_name_reverse(&name, addr);
  struct dns_query *query = ph_dns_ask(stack, &name, DNS_TYPE_PTR);
  if (!query) {
    return PH_EAI_AGAIN;
  }
  int error = ph_dns_wait(stack, &query, 1);
  error = error ? error : ph_dns_step(stack, query);
  const struct dns_answer *answer = ph_dns_answer(query);
  bool found = !error && answer->found == DNS_FOUND &&
               dns_name_to_text(&answer->name, text) == 0;
  ph_dns_close(stack, query);
  return found                         ? 0
         : error == -PH_EINTR          ? PH_EAI_SYSTEM
         : error && error != -PH_ENXIO ? PH_EAI_AGAIN
                                       : PH_EAI_NONAME;
}

/* NI_NOFQDN: a name in our own domain, the first of the list, without it. */
static void drop_domain(const struct dns_state *dns, char *host) {
  char domain[PH_DNS_SEARCH_MAX + 1];
  uint32_t n = 0;
  for (; dns->search[n] && dns->search[n] != ' '; n++) {
    domain[n] = dns->search[n];
  }
  domain[n] = '\0';
  char *p = host;
  while (*p && *p != '.') {
    p++;
  }
  if (n > 0 && *p == '.' && dns_text_equal(p + 1, domain)) {
    *p = '\0';
  }
}

static int put_host(struct ph_stack *stack, const struct place *place,
                    char *host, ph_socklen_t room, int flags) {
  char text[DNS_TEXT_MAX];
  int error = PH_EAI_NONAME;
  if (!(flags & PH_NI_NUMERICHOST)) {
    const char *known = dns_hosts_name(dns_of(stack), &place->addr);
    error = known ? put(text, sizeof(text), known)
                  : ask_name(stack, &place->addr, text);
  }
  if (!error) {
    if (flags & PH_NI_NOFQDN) {
      drop_domain(dns_of(stack), text);
    }
    return put(host, room, text);
  }
  if (flags & PH_NI_NAMEREQD) {
    return error;
  }
  return put_numeric(stack, place, host, room);
}

static int put_service(uint16_t port, char *service, ph_socklen_t room,
                       int flags) {
  char number[6];
  const char *name = flags & PH_NI_NUMERICSERV
                         ? NULL
                         : dns_service_name(port, flags & PH_NI_DGRAM);
  *ph_text_put_number(number, port) = '\0';
  return put(service, room, name ? name : number);
}

int ph_getnameinfo(struct ph_stack *stack, const void *addr, ph_socklen_t len,
                   char *host, ph_socklen_t host_len, char *service,
                   ph_socklen_t service_len, int flags) {
  struct place place;
  bool want_host = host && host_len > 0;
  bool want_service = service && service_len > 0;
  if (flags & ~FLAGS) {
    return PH_EAI_BADFLAGS;
  }
  if (len < sizeof(uint16_t) || !read_place(addr, len, &place)) {
    return PH_EAI_FAMILY;
  }
  if ((flags & PH_NI_NAMEREQD) && !want_host && !want_service) {
    return PH_EAI_NONAME;
  }
  int error = want_host ? put_host(stack, &place, host, host_len, flags) : 0;
  return error || !want_service
             ? error
             : put_service(place.port, service, service_len, flags);
}
