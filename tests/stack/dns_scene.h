/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver of host 1 against a name server on host 0 that a test tells what
 * to say; they are 1 ms apart. */
#ifndef PH_TESTS_STACK_DNS_SCENE_H
#define PH_TESTS_STACK_DNS_SCENE_H

#include "stack/dns/netdb.h"
#include "tests/stack/dns_server.h"

enum { OK = 0x8180 };        /* flags of a good answer */
#define FIRST_IP 0xc0000201u /* 192.0.2.1 */
#define NONAME "name or service not known"
#define AGAIN "temporary failure in name resolution"

extern struct tasks *T;
extern struct ph_stack *client;
extern struct dns_server S;
extern struct ph_dns_config config; /* of play() */

int dns_scene_setup(void **state);
int dns_scene_teardown(void **state);

/* The resolver with both servers; `what` runs on its host. */
void play(void (*reply)(struct dns_server *, const struct dns_asked *,
                        struct dns_msg *),
          void (*what)(void));

/* `what` alone. */
void play_without_server(void (*what)(void));

/* The addresses of `node` as text with spaces between, behind the first =
 * and the canonical name if it was asked for; or what ph_gai_strerror() says.
 */
const char *look_up(int family, int flags, const char *node);
#define V4(node) look_up(PH_AF_INET, 0, node)

/* A server where www.example has two addresses and one of IPv6, alias.example
 * leads there, and nothing else is. */
void good(struct dns_server *s, const struct dns_asked *q, struct dns_msg *m);

#endif
