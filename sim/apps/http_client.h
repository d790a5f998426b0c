/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads by HTTP/1.1. */
#ifndef PH_SIM_APPS_HTTP_CLIENT_H
#define PH_SIM_APPS_HTTP_CLIENT_H

#include "sim/apps/http.h"

struct http_client_config {
  uint32_t ip;        /* of the server, host order */
  struct ph_addr ip6; /* instead, unless `::` */
  uint16_t port;
  const char *host;     /* Host field, e.g. "10.0.0.2" */
  const char *path;     /* "/..." */
  uint32_t requests;    /* one after the other on one connection */
  int idle_ms;          /* give up after so long a silence; -1: never */
  uint32_t recv_buffer; /* SO_RCVBUF; 0: the stack's default */
  uint64_t rate;        /* bytes of content read per second; 0: no limit */
  void *buffer;         /* each ph_recv() takes up to buffer_len bytes */
  size_t buffer_len;
  struct http_reader *reader; /* working memory */
};

/* The content of every response goes to `sink` in turn. result: operations =
 * responses, status and bytes. A response other than 200 ends it with
 * -PH_ENOENT, one that breaks HTTP or is shorter than it says with
 * -PH_EBADMSG. */
void http_client(struct ph_stack *stack, const struct app_env *env,
                 const struct http_client_config *config, struct app_sink *sink,
                 struct app_result *result);

#endif
