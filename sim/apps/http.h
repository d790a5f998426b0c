/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 messages (RFC 9110, 9112), as much as server and client share: the
 * head of a message is read from a socket into a buffer and then walked line by
 * line. Bytes behind the head stay in the buffer. */
#ifndef PH_SIM_APPS_HTTP_H
#define PH_SIM_APPS_HTTP_H

#include "sim/apps/app.h"

enum {
  HTTP_HEAD_MAX = 8192, /* longest head */
  HTTP_LINES_MAX = 64,  /* most field lines */
};

struct http_reader {
  char bytes[HTTP_HEAD_MAX];
  size_t len;  /* bytes in the buffer */
  size_t head; /* length of the head, final empty line included */
};

/* A piece of the buffer. */
struct http_text {
  const char *at;
  size_t len;
};

/* A field line; names compare without case. */
struct http_field {
  struct http_text name, value;
};

/* Read until the head is complete. 1; 0: the peer closed before a first byte;
 * -PH_EMSGSIZE: longer than HTTP_HEAD_MAX; -PH_ETIMEDOUT: nothing came for
 * `idle_ms`; -PH_EBADMSG: closed in the middle; other errors of ph_recv(). */
int http_read_head(struct ph_stack *stack, int fd, struct http_reader *reader,
                   int idle_ms);

/* Forget the head; what follows it moves to the front. */
void http_drop_head(struct http_reader *reader);

/* The next line, without its CRLF; `*pos` starts at 0. False at the empty line.
 */
bool http_next_line(const struct http_reader *reader, size_t *pos,
                    struct http_text *line);

/* Split a field line (RFC 9112 5). False: no colon, white space in front of it,
 * a folded line, or a control character. */
bool http_parse_field(struct http_text line, struct http_field *field);

/* Split at single spaces into exactly three parts; the last may hold spaces if
 * `last_is_text`. */
bool http_split3(struct http_text line, struct http_text part[3],
                 bool last_is_text);

bool http_text_is(struct http_text text, const char *word);   /* same bytes */
bool http_text_like(struct http_text text, const char *word); /* any case */

/* A Content-Length value (RFC 9110 8.6). */
bool http_parse_length(struct http_text text, uint64_t *length);

#endif
