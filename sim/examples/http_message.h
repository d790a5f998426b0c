/* SPDX-License-Identifier: Apache-2.0 */
/* What a web server understands and says. Of a request it is as strict as it
 * must be: what two readers could read in two ways is refused (RFC 9112 2.2,
 * 3.2, 5.1, 11.2). */
#ifndef PH_SIM_EXAMPLES_HTTP_MESSAGE_H
#define PH_SIM_EXAMPLES_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct http_request {
  const char *path; /* in the text that was read, without a query */
  bool head;        /* HEAD, else GET */
  bool keep_alive; /* the client may ask for more: it is known where that begins
                    */
};

/* Where the head ends in `text`; NULL: not yet. */
char *http_request_end(char *text, size_t len);

/* Reads a whole head up to `end` and cuts it to pieces. 200, or the status of
 * the answer that it deserves. */
int http_request_read(struct http_request *request, char *text, char *end);

/* The file that a path names, if it lies in `dir` and is one, and its size. */
FILE *http_open(const char *dir, const char *path, long *size);

/* The head of an answer with `content` bytes; its length. */
size_t http_answer(char *to, size_t size, int status, long content,
                   bool keep_alive);

#endif
