/* SPDX-License-Identifier: Apache-2.0 */
/* UDP echo (RFC 862): a server that returns datagrams, a client that measures.
 */
#ifndef PH_SIM_APPS_UDP_ECHO_H
#define PH_SIM_APPS_UDP_ECHO_H

#include "sim/apps/app.h"

enum { UDP_ECHO_MAX = 65507 }; /* payload of one datagram */

struct udp_echo_config {
  uint32_t ip;        /* client: the server, host order */
  struct ph_addr ip6; /* client: instead, unless `::` */
  bool ipv6;          /* server: of both families */
  uint16_t port;
  uint32_t count;      /* datagrams; server: 0 serves for ever */
  uint32_t size;       /* client: payload bytes of each, 0..UDP_ECHO_MAX */
  uint32_t timeout_ms; /* client: how long to wait for an answer */
  void *buffer;        /* two datagrams of the largest size for the client, one
                          for the server */
  size_t buffer_len;
};

void udp_echo_server(struct ph_stack *stack, const struct app_env *env,
                     const struct udp_echo_config *config,
                     struct app_result *result);

/* Send one datagram, wait for its echo, compare, repeat. An echo that differs
 * ends it with -PH_EBADMSG; one that does not come counts as lost. */
void udp_echo_client(struct ph_stack *stack, const struct app_env *env,
                     const struct udp_echo_config *config,
                     struct app_result *result);

#endif
