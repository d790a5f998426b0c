/* SPDX-License-Identifier: Apache-2.0 */
/* A web server for one connection at a time. */
#ifndef PH_SIM_APPS_HTTP_SERVER_H
#define PH_SIM_APPS_HTTP_SERVER_H

#include "sim/apps/http.h"

struct http_server_config {
  uint16_t port;
  bool ipv6; /* serve both families */
  int backlog;
  uint32_t connections; /* serve so many, then return; 0: for ever */
  int idle_ms;          /* close a connection that is silent for so long */
  /* What lies at `path` ("/..." without its query)? True: `source` is set, and
   * read from its start. The path is not to be trusted. */
  bool (*open)(void *ctx, struct http_text path, struct app_source *source);
  void *ctx;     /* of open */
  uint64_t rate; /* bytes of content per second; 0: no limit */
  void *buffer;  /* each ph_send() gets up to buffer_len bytes of content */
  size_t buffer_len;
  struct http_reader *reader; /* working memory */
};

/* result: operations = requests answered, status = of the last response, bytes
 * of content sent. */
void http_server(struct ph_stack *stack, const struct app_env *env,
                 const struct http_server_config *config,
                 struct app_result *result);

#endif
