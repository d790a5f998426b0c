/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP connection, as fast as it goes, one way. */
#ifndef PH_SIM_APPS_THROUGHPUT_H
#define PH_SIM_APPS_THROUGHPUT_H

#include "sim/apps/app.h"

struct throughput_config {
  uint32_t ip;        /* sender: whom to connect to, host order */
  struct ph_addr ip6; /* instead, unless `::` */
  bool ipv6;          /* receiver: take both families */
  uint16_t port;
  uint32_t send_buffer;  /* SO_SNDBUF; 0: the stack's default */
  uint32_t recv_buffer;  /* SO_RCVBUF; 0: the stack's default */
  struct ph_tcp_arq arq; /* PH_TCP_ARQ at both ends; mode 0: TCP as usual */
  uint64_t rate;         /* bytes per second; 0: no limit */
  void *buffer;          /* each call moves up to buffer_len bytes */
  size_t buffer_len;
};

/* Connect, send the whole source, shut down, wait for the peer's end. */
void throughput_send(struct ph_stack *stack, const struct app_env *env,
                     const struct throughput_config *config,
                     struct app_source *source, struct app_result *result);

/* Accept one connection, read to its end, close. */
void throughput_receive(struct ph_stack *stack, const struct app_env *env,
                        const struct throughput_config *config,
                        struct app_sink *sink, struct app_result *result);

#endif
