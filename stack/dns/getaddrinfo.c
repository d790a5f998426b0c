/* SPDX-License-Identifier: Apache-2.0 */
/* getaddrinfo(): POSIX.1-2017, RFC 3493 6.1; where these leave it open, as
 * glibc does it. */
#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/dns/dns_internal.h"
#include "stack/ip/ip.h"
#include "stack/socket/inet_text.h"
#include "stack/socket/sockaddr.h"

enum {
  FLAGS = PH_AI_PASSIVE | PH_AI_CANONNAME | PH_AI_NUMERICHOST | PH_AI_V4MAPPED |
          PH_AI_ALL | PH_AI_ADDRCONFIG | PH_AI_NUMERICSERV,
  ADDRS = 2 * DNS_ADDRS_MAX, /* of both families */
  TYPES = 3,
};

static const struct ph_addr any6;
static const struct ph_addr loopback6 = {{[15] = 1}};

/* A socket type that is asked for, and its port. */
struct kind {
  int socktype, protocol;
  uint16_t port;
};

struct lookup {
  struct ph_stack *stack;
  struct dns_state *dns;
  struct ph_addrinfo hints;
  uint32_t kind_count;
  uint32_t count;
  uint32_t scope; /* of a numeric address */
  bool as_ipv6;   /* IPv4 addresses are given mapped */
  struct kind kinds[TYPES];
  struct ph_addr addr[ADDRS];
  char canonical[DNS_TEXT_MAX];
};

/* ---- Types and services -------------------------------------------------- */

static int port_of(const char *service, bool udp, uint16_t *port) {
  uint32_t number;
  size_t n = ph_text_number(service, 65535, &number);
  int found = n > 0 && service[n] == '\0' ? (int)number
                                          : dns_service_port(service, udp);
  *port = (uint16_t)found;
  return found < 0 ? PH_EAI_SERVICE : 0;
}

static PH_APART_IF_SMALL bool is_number(const char *text) {
  while (*text >= '0' && *text <= '9') {
    text++;
  }
  return *text == '\0';
}

/* The types that the hints allow: all of them, or the first that fits. */
static int choose_kinds(struct lookup *l, const char *service) {
  static const struct kind all[TYPES] = {
      {PH_SOCK_STREAM, PH_IPPROTO_TCP, 0},
      {PH_SOCK_DGRAM, PH_IPPROTO_UDP, 0},
      {PH_SOCK_RAW, 0, 0}, /* any protocol, no services */
  };
  const struct ph_addrinfo *h = &l->hints;
  bool any = h->ai_socktype == 0 && h->ai_protocol == 0;
  int error = h->ai_socktype ? PH_EAI_SOCKTYPE : PH_EAI_SERVICE;
  for (uint32_t i = 0; i < TYPES; i++) {
    struct kind kind = all[i];
    bool raw = kind.socktype == PH_SOCK_RAW;
    if ((h->ai_socktype && h->ai_socktype != kind.socktype) ||
        (h->ai_protocol && !raw && h->ai_protocol != kind.protocol)) {
      continue;
    }
    kind.protocol = raw ? h->ai_protocol : kind.protocol;
    error = 0;
    if (service) {
      error =
          raw && !(any && is_number(service))
              ? PH_EAI_SERVICE
              : port_of(service, kind.socktype == PH_SOCK_DGRAM, &kind.port);
    }
    if (!error) {
      l->kinds[l->kind_count++] = kind;
    }
    if (!any) {
      break;
    }
  }
  return l->kind_count > 0 ? 0 : error;
}

/* ---- Addresses that need no server --------------------------------------- */

static void add(struct lookup *l, const struct ph_addr *addr) {
  if (l->count < ADDRS) {
    l->addr[l->count++] = *addr;
  }
}

static bool has_ipv6(const struct lookup *l) {
  return l->hints.ai_family == PH_AF_INET6 ||
         (l->hints.ai_family == PH_AF_UNSPEC &&
          ip_family_of(l->stack, &any6) != NULL);
}

/* Is an address of this family wanted, perhaps mapped? */
static bool wanted(const struct lookup *l, const struct ph_addr *addr) {
  return !ph_addr_is_v4(addr) ? l->hints.ai_family != PH_AF_INET
                              : l->hints.ai_family != PH_AF_INET6 ||
                                    (l->hints.ai_flags & PH_AI_V4MAPPED);
}

/* No node: who listens, or this host. */
static void no_node(struct lookup *l) {
  bool passive = l->hints.ai_flags & PH_AI_PASSIVE;
  const struct ph_addr v4 = ph_addr_v4(passive ? 0 : 0x7f000001);
  if (has_ipv6(l) && !passive) {
    add(l, &loopback6);
  }
  if (l->hints.ai_family != PH_AF_INET6) {
    add(l, &v4);
  }
  if (has_ipv6(l) && passive) {
    add(l, &any6);
  }
}

/* RFC 4007 11.2: a number or an interface's name. 0: there is none. */
static uint32_t zone_of(struct ph_stack *stack, const char *text) {
  uint32_t zone;
  size_t n = ph_text_number(text, UINT32_MAX, &zone);
  if (n > 0 && text[n] == '\0') {
    return zone;
  }
  for (struct netif *netif = netif_first(stack); netif; netif = netif->next) {
    if (ph_text_equal(netif->name, text)) {
      return netif->index;
    }
  }
  return 0;
}

/* True if `node` is an address of IPv6. */
static bool numeric6(struct lookup *l, const char *node, struct ph_addr *addr) {
  char text[PH_INET6_ADDRSTRLEN];
  size_t n = 0;
  while (node[n] && node[n] != '%' && n < sizeof(text) - 1) {
    text[n] = node[n];
    n++;
  }
  text[n] = '\0';
  if (ph_inet_pton(PH_AF_INET6, text, addr->bytes) != 1 ||
      (node[n] && node[n] != '%')) {
    return false;
  }
  l->scope = node[n] ? zone_of(l->stack, node + n + 1) : 0;
  return !node[n] || l->scope > 0;
}

/* 0; PH_EAI_NONAME: it is no address. */
static int numeric(struct lookup *l, const char *node) {
  struct ph_addr addr = ph_addr_v4(0);
  int family = l->hints.ai_family;
  if (ph_inet_aton(node, addr.bytes + 12)) {
    if (!wanted(l, &addr)) {
      return PH_EAI_ADDRFAMILY;
    }
  } else if (!numeric6(l, node, &addr)) {
    return PH_EAI_NONAME;
  } else if (family == PH_AF_INET && !ph_addr_is_v4(&addr)) {
    return PH_EAI_ADDRFAMILY;
  } else {
    l->as_ipv6 = family != PH_AF_INET;
  }
  add(l, &addr);
  return 0;
}

/* PH_EAI_NONAME: not in the table; PH_EAI_ADDRFAMILY: only the other family. */
static int from_hosts(struct lookup *l, const char *node) {
  struct ph_addr addr;
  bool known = false;
  for (uint32_t n = 0; dns_hosts_find(l->dns, node, n, &addr); n++) {
    known = true;
    if (wanted(l, &addr) && (ph_addr_is_v4(&addr) || has_ipv6(l))) {
      add(l, &addr);
    }
  }
  return l->count > 0 ? 0 : known ? PH_EAI_ADDRFAMILY : PH_EAI_NONAME;
}

/* ---- Servers ------------------------------------------------------------- */

static PH_APART_IF_SMALL int eai_of(int error) {
  return error == -PH_EINTR ? PH_EAI_SYSTEM
         : error == -PH_EAGAIN || error == -PH_ETIMEDOUT || error == -PH_EIO
             ? PH_EAI_AGAIN
             : PH_EAI_FAIL;
}

static void take(struct lookup *l, const struct dns_answer *answer) {
  for (uint32_t i = 0; i < answer->count; i++) {
    add(l, &answer->addr[i]);
  }
  if (l->canonical[0] == '\0' &&
      dns_name_to_text(&answer->name, l->canonical) < 0) {
    l->canonical[0] = '\0';
  }
}

/* The result of one question: 0, PH_EAI_NONAME, _NODATA, or worse. */
static int result_of(struct lookup *l, struct dns_query *query) {
  int error = ph_dns_step(l->stack, query);
  if (error) {
    return eai_of(error);
  }
  const struct dns_answer *answer = ph_dns_answer(query);
  if (answer->found == DNS_FOUND) {
    take(l, answer);
    return 0;
  }
  return answer->found == DNS_NO_DATA ? PH_EAI_NODATA : PH_EAI_NONAME;
}

static bool negative(int eai) {
  return eai == PH_EAI_NONAME || eai == PH_EAI_NODATA;
}

/* What two answers say together: an address, else what may be otherwise later,
 * else that the name is there. */
static int both_results(int a, int b) {
  return a == 0 || b == 0     ? 0
         : !negative(a)       ? a
         : !negative(b)       ? b
         : a == PH_EAI_NODATA ? a
                              : b;
}

/* One full name: both families are asked for at once. */
static int ask_name(struct lookup *l, const char *text) {
  struct dns_name name;
  struct dns_query *query[2];
  uint32_t n = 0;
  const struct ph_addr v4 = ph_addr_v4(0);
  int result = PH_EAI_NONAME;
  if (dns_name_from_text(&name, text) < 0) {
    return PH_EAI_NONAME;
  }
  if (has_ipv6(l)) {
    query[n++] = ph_dns_ask(l->stack, &name, DNS_TYPE_AAAA);
  }
  if (wanted(l, &v4)) {
    query[n] =
        n == 0 || query[0] ? ph_dns_ask(l->stack, &name, DNS_TYPE_A) : NULL;
    n++;
  }
  PH_ASSERT(n > 0); /* each family asks for one kind at least */
  if (!query[n - 1]) {
    n--; /* PH_EAI_AGAIN, below */
    result = PH_EAI_AGAIN;
  }
  int error = ph_dns_wait(l->stack, query, n);
  for (uint32_t i = 0; i < n; i++) {
    bool spare = l->count > 0 && l->hints.ai_family == PH_AF_INET6 &&
                 !(l->hints.ai_flags & PH_AI_ALL);
    int one = error ? eai_of(error) : spare ? 0 : result_of(l, query[i]);
    result =
        i == 0 && result == PH_EAI_NONAME ? one : both_results(result, one);
    ph_dns_close(l->stack, query[i]);
  }
  return result;
}

/* `node` below each domain of the search list, until one is found. */
static int ask_domains(struct lookup *l, const char *node, int result) {
  const char *domain = l->dns->search;
  while (*domain) {
    char text[DNS_TEXT_MAX];
    uint32_t n = 0;
    for (const char *p = node; *p && n < sizeof(text) - 1; p++) {
      text[n++] = *p;
    }
    text[n++] = '.';
    for (; *domain && *domain != ' '; domain++) {
      if (n < sizeof(text)) {
        text[n++] = *domain;
      }
    }
    domain += *domain == ' ';
    if (n >= sizeof(text) || text[n - 1] == '.') {
      continue; /* longer than a name can be, or an empty domain */
    }
    text[n] = '\0';
    int one = ask_name(l, text);
    if (!negative(one)) {
      return one;
    }
    result = both_results(result, one);
  }
  return result;
}

/* RFC 1123 6.1.4.3, RFC 1535: names with dots as they are first. */
static int from_servers(struct lookup *l, const char *node) {
  uint32_t dots = 0;
  const char *end = node;
  for (; *end; end++) {
    dots += *end == '.';
  }
  bool full = end > node && end[-1] == '.';
  bool first = full || dots >= l->dns->config.ndots;
  if (dns_text_below(node, "invalid")) { /* RFC 6761 6.4 */
    return PH_EAI_NONAME;
  }
  int result = first ? ask_name(l, node) : PH_EAI_NONAME;
  if (full || !negative(result)) {
    return result;
  }
  result = ask_domains(l, node, result);
  if (first || !negative(result)) {
    return result;
  }
  int one = ask_name(l, node);
  return negative(one) ? both_results(result, one) : one;
}

/* ---- The list ------------------------------------------------------------ */

static PH_APART_IF_SMALL struct ph_addrinfo *make_info(
    const struct lookup *l, const struct ph_addr *addr,
    const struct kind *kind) {
  struct ph_addrinfo *info = l->dns->results;
  if (!info) {
    return NULL;
  }
  l->dns->results = info->ai_next;
  struct dns_result *result = PH_CONTAINER_OF(info, struct dns_result, info);
  bool v6 = l->as_ipv6 || !ph_addr_is_v4(addr);
  ph_socklen_t len = ph_sockaddr_make(v6, addr, kind->port, &result->addr);
  result->info = (struct ph_addrinfo){
      .ai_flags = l->hints.ai_flags,
      .ai_family = result->addr.sin6_family,
      .ai_socktype = kind->socktype,
      .ai_protocol = kind->protocol,
      .ai_addrlen = len,
      .ai_addr = (struct ph_sockaddr *)(void *)&result->addr};
  if (v6) {
    result->addr.sin6_scope_id = l->scope;
  }
  return info;
}

/* With PH_AI_ADDRCONFIG: addresses that nothing leads to are left out, unless
 * there are no others. */
static void leave_unreachable(struct lookup *l) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < l->count; i++) {
    if (dns_reachable(l->stack, &l->addr[i])) {
      l->addr[kept++] = l->addr[i];
    }
  }
  l->count = kept ? kept : l->count;
}

static int set_canonical(struct lookup *l, const char *node,
                         struct ph_addrinfo *first) {
  union dns_canonical *name = l->dns->canonicals;
  const char *from = l->canonical[0] ? l->canonical : node;
  uint32_t n = 0;
  if (!name) {
    return PH_EAI_MEMORY;
  }
  l->dns->canonicals = name->next;
  for (; n < sizeof(name->text) - 1 && from[n]; n++) {
    name->text[n] = from[n];
  }
  name->text[n] = '\0';
  PH_ASSERT(first); /* without an error there is an address */
  first->ai_canonname = name->text;
  return 0;
}

static int make_list(struct lookup *l, const char *node,
                     struct ph_addrinfo **result) {
  struct ph_addrinfo *first = NULL;
  struct ph_addrinfo **end = &first;
  int error = 0;
  l->as_ipv6 |= l->hints.ai_family == PH_AF_INET6;
  for (uint32_t i = 0; i < l->count && !error; i++) {
    for (uint32_t k = 0; k < l->kind_count && !error; k++) {
      *end = make_info(l, &l->addr[i], &l->kinds[k]);
      error = *end ? 0 : PH_EAI_MEMORY;
      end = *end ? &(*end)->ai_next : end;
    }
  }
  if (!error && (l->hints.ai_flags & PH_AI_CANONNAME)) {
    error = set_canonical(l, node, first);
  }
  if (error) {
    ph_freeaddrinfo(l->stack, first);
    return error;
  }
  *result = first;
  return 0;
}

static PH_APART_IF_SMALL int find_node(struct lookup *l, const char *node) {
  if (!node) {
    no_node(l);
    return 0;
  }
  int error = numeric(l, node);
  if (error != PH_EAI_NONAME || (l->hints.ai_flags & PH_AI_NUMERICHOST)) {
    return error;
  }
  error = from_hosts(l, node);
  if (error == PH_EAI_NONAME) {
    error = from_servers(l, node);
  }
  if (!error && (l->hints.ai_flags & PH_AI_ADDRCONFIG)) {
    leave_unreachable(l);
  }
  if (!error) {
    dns_order(l->stack, l->addr, l->count);
  }
  return error;
}

static int check(const struct ph_addrinfo *hints, const char *node,
                 const char *service) {
  if (!node && !service) {
    return PH_EAI_NONAME;
  }
  if ((hints->ai_flags & ~FLAGS) ||
      ((hints->ai_flags & PH_AI_CANONNAME) && !node)) {
    return PH_EAI_BADFLAGS;
  }
  if (hints->ai_family != PH_AF_UNSPEC && hints->ai_family != PH_AF_INET &&
      hints->ai_family != PH_AF_INET6) {
    return PH_EAI_FAMILY;
  }
  return service && (hints->ai_flags & PH_AI_NUMERICSERV) && !is_number(service)
             ? PH_EAI_NONAME
             : 0;
}

int ph_getaddrinfo(struct ph_stack *stack, const char *node,
                   const char *service, const struct ph_addrinfo *hints,
                   struct ph_addrinfo **result) {
  struct lookup l = {.stack = stack, .dns = dns_of(stack)};
  if (hints) {
    l.hints = *hints;
  } else { /* as in glibc */
    l.hints.ai_flags = PH_AI_V4MAPPED | PH_AI_ADDRCONFIG;
  }
  int error = check(&l.hints, node, service);
  if (!error) { /* an empty service is none */
    error = choose_kinds(&l, service && service[0] ? service : NULL);
  }
  if (!error) {
    error = find_node(&l, node);
  }
  return error ? error : make_list(&l, node, result);
}

void ph_freeaddrinfo(struct ph_stack *stack, struct ph_addrinfo *list) {
  struct dns_state *dns = dns_of(stack);
  while (list) {
    struct ph_addrinfo *next = list->ai_next;
    if (list->ai_canonname) {
      union dns_canonical *name = (void *)list->ai_canonname;
      name->next = dns->canonicals;
      dns->canonicals = name;
    }
    list->ai_next = dns->results;
    dns->results = list;
    list = next;
  }
}

const char *ph_gai_strerror(int error) {
  static const char texts[] = "no error\0"
#define X(name, value, text) text "\0"
      PH_GAI_MAP(X) /* from -1 downwards, without gaps */
#undef X
      "unknown error";
  int known =
      error > 0 || error < PH_EAI_OVERFLOW ? PH_EAI_OVERFLOW - 1 : error;
  return ph_text_nth(texts, (uint32_t)-known);
}
