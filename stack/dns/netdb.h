/* SPDX-License-Identifier: Apache-2.0 */
/* Names and addresses: POSIX.1-2017 getaddrinfo() and getnameinfo() with the
 * values and layouts of Linux (asserted in tests/stack/test_getaddrinfo.c). */
#ifndef PH_DNS_NETDB_H
#define PH_DNS_NETDB_H

#include "stack/socket/socket.h"

struct ph_addrinfo {
  int ai_flags; /* PH_AI_... */
  int ai_family, ai_socktype, ai_protocol;
  ph_socklen_t ai_addrlen;
  struct ph_sockaddr *ai_addr; /* ph_sockaddr_in or _in6 */
  char *ai_canonname;          /* of the first, if it was asked for */
  struct ph_addrinfo *ai_next;
};

enum {
  PH_AI_PASSIVE = 0x1,
  PH_AI_CANONNAME = 0x2,
  PH_AI_NUMERICHOST = 0x4,
  PH_AI_V4MAPPED = 0x8,
  PH_AI_ALL = 0x10,
  PH_AI_ADDRCONFIG = 0x20,
  PH_AI_NUMERICSERV = 0x400,
};
enum {
  PH_NI_NUMERICHOST = 1,
  PH_NI_NUMERICSERV = 2,
  PH_NI_NOFQDN = 4, /* without the first domain of the search list */
  PH_NI_NAMEREQD = 8,
  PH_NI_DGRAM = 16,
};
enum { PH_NI_MAXHOST = 1025, PH_NI_MAXSERV = 32 };

#define PH_GAI_MAP(X)                                  \
  X(BADFLAGS, -1, "unknown or contradictory flags")    \
  X(NONAME, -2, "name or service not known")           \
  X(AGAIN, -3, "temporary failure in name resolution") \
  X(FAIL, -4, "name servers can't answer")             \
  X(NODATA, -5, "the name has no address")             \
  X(FAMILY, -6, "address family not supported")        \
  X(SOCKTYPE, -7, "socket type not supported")         \
  X(SERVICE, -8, "service not known for this type")    \
  X(ADDRFAMILY, -9, "no address of this family")       \
  X(MEMORY, -10, "out of memory")                      \
  X(SYSTEM, -11, "interrupted")                        \
  X(OVERFLOW, -12, "buffer too small")

enum ph_eai {
#define X(name, value, text) PH_EAI_##name = value,
  PH_GAI_MAP(X)
#undef X
};

/* Addresses of `node` and port of `service`; either may be NULL. `hints` may be
 * NULL: any family and type. 0 and a list, which goes back with
 * ph_freeaddrinfo(), or a PH_EAI_... Waits for servers as blocking socket calls
 * do; on a stack that never blocks it is PH_EAI_AGAIN unless the answer is
 * known. */
int ph_getaddrinfo(struct ph_stack *stack, const char *node,
                   const char *service, const struct ph_addrinfo *hints,
                   struct ph_addrinfo **result) PH_MUST_USE;
/* The whole list, or what is left of it from any element on. */
void ph_freeaddrinfo(struct ph_stack *stack, struct ph_addrinfo *list);

/* The name of an address and of a port; a length of 0 asks for none. */
int ph_getnameinfo(struct ph_stack *stack, const void *addr, ph_socklen_t len,
                   char *host, ph_socklen_t host_len, char *service,
                   ph_socklen_t service_len, int flags) PH_MUST_USE;

/* Never NULL. */
const char *ph_gai_strerror(int error);

#endif
