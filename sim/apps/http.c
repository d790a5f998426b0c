/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/http.h"

#include <string.h>

/* Offset behind the first empty line, or 0. Looks only at what `from` and later
 * bytes could complete. */
static size_t find_head_end(const struct http_reader *reader, size_t from) {
  for (size_t i = from > 3 ? from - 3 : 0; i + 4 <= reader->len; i++) {
    if (memcmp(reader->bytes + i, "\r\n\r\n", 4) == 0) {
      return i + 4;
    }
  }
  return 0;
}

int http_read_head(struct ph_stack *stack, int fd, struct http_reader *reader,
                   int idle_ms) {
  reader->head = find_head_end(reader, 0);
  while (reader->head == 0) {
    if (reader->len == HTTP_HEAD_MAX) {
      return -PH_EMSGSIZE;
    }
    struct ph_pollfd ready = {.fd = fd, .events = PH_POLLIN};
    int polled = ph_poll(stack, &ready, 1, idle_ms);
    if (polled <= 0) {
      return polled ? polled : -PH_ETIMEDOUT;
    }
    long n = ph_recv(stack, fd, reader->bytes + reader->len,
                     HTTP_HEAD_MAX - reader->len, 0);
    if (n <= 0) {
      return n == 0 && reader->len ? -PH_EBADMSG : (int)n;
    }
    size_t from = reader->len;
    reader->len += (size_t)n;
    reader->head = find_head_end(reader, from);
  }
  return 1;
}

void http_drop_head(struct http_reader *reader) {
  reader->len -= reader->head;
  memmove(reader->bytes, reader->bytes + reader->head, reader->len);
  reader->head = 0;
}

bool http_next_line(const struct http_reader *reader, size_t *pos,
                    struct http_text *line) {
  size_t start = *pos, end = start;
  while (memcmp(reader->bytes + end, "\r\n", 2) != 0) {
    end++; /* the head ends with CRLF, so this ends */
  }
  *line = (struct http_text){reader->bytes + start, end - start};
  *pos = end + 2;
  return line->len > 0;
}

/* RFC 9110 5.6.2 */
static bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || (c != 0 && strchr("!#$%&'*+-.^_`|~", c));
}

bool http_parse_field(struct http_text line, struct http_field *field) {
  size_t name = 0;
  while (name < line.len && is_token_char(line.at[name])) {
    name++;
  }
  /* Also refuses white space before the colon (RFC 9112 5.1) and folded lines
   * (5.2), with which requests are smuggled. */
  if (name == 0 || name == line.len || line.at[name] != ':') {
    return false;
  }
  size_t start = name + 1, end = line.len;
  while (start < end && (line.at[start] == ' ' || line.at[start] == '\t')) {
    start++;
  }
  while (end > start && (line.at[end - 1] == ' ' || line.at[end - 1] == '\t')) {
    end--;
  }
  for (size_t i = start; i < end; i++) {
    unsigned char c = (unsigned char)line.at[i];
    if ((c < ' ' && c != '\t') || c == 0x7f) {
      return false;
    }
  }
  field->name = (struct http_text){line.at, name};
  field->value = (struct http_text){line.at + start, end - start};
  return true;
}

bool http_split3(struct http_text line, struct http_text part[3],
                 bool last_is_text) {
  const char *at = line.at, *end = line.at + line.len;
  for (int i = 0; i < 3; i++) {
    const char *start = at;
    while (at < end && (*at != ' ' || (i == 2 && last_is_text))) {
      if ((unsigned char)*at < ' ' || *at == 0x7f) {
        return false;
      }
      at++;
    }
    part[i] = (struct http_text){start, (size_t)(at - start)};
    if (i < 2 && (part[i].len == 0 || at++ == end)) {
      return false;
    }
  }
  return at == end && (last_is_text || part[2].len > 0);
}

bool http_text_is(struct http_text text, const char *word) {
  return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static char lower(char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool http_text_like(struct http_text text, const char *word) {
  if (text.len != strlen(word)) {
    return false;
  }
  for (size_t i = 0; i < text.len; i++) {
    if (lower(text.at[i]) != lower(word[i])) {
      return false;
    }
  }
  return true;
}

bool http_parse_length(struct http_text text, uint64_t *length) {
  return app_parse_u64(text.at, text.at + text.len, length) == 0;
}
