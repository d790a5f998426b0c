/* SPDX-License-Identifier: Apache-2.0 */
/* A name server for simulated networks: it answers from a zone of one line, by
 * UDP. Behind stack/dns as a resolver it is all that a run needs. */
#ifndef PH_SIM_APPS_DNS_SERVER_H
#define PH_SIM_APPS_DNS_SERVER_H

#include "sim/apps/app.h"
#include "stack/dns/dns_wire.h"

enum { DNS_ZONE_MAX = 32 };

/* name=address, or an alias: name=name. */
struct dns_zone {
  uint32_t count;
  struct {
    struct dns_name name, alias; /* alias.len 0: there is an address */
    struct ph_addr addr;
  } records[DNS_ZONE_MAX];
};

/* "www.lab=192.0.2.1 www.lab=2001:db8::1 ftp.lab=www.lab": 0; -PH_EINVAL, and
 * `*wrong` is the word that is none. */
int dns_zone_parse(struct dns_zone *zone, const char *text, const char **wrong);

/* Answer one query, `len` bytes: the length of the response in `to`
 * (DNS_EDNS_SIZE bytes of room), 0: it deserves none. */
uint32_t dns_zone_answer(const struct dns_zone *zone, const uint8_t *query,
                         uint32_t len, uint8_t *to);

struct dns_server_config {
  const struct dns_zone *zone;
  uint64_t count; /* queries; 0 serves for ever */
  bool ipv6;      /* too */
};
void dns_server(struct ph_stack *stack, const struct app_env *env,
                const struct dns_server_config *config,
                struct app_result *result);

#endif
