/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text: RFC 4291 2.2, RFC 5952, and the forms of 4.2BSD. */
#include "stack/socket/inet_text.h"

enum { WORDS = 8 }; /* of an IPv6 address */

size_t ph_text_number(const char *text, uint32_t most, uint32_t *value) {
  uint64_t v = 0;
  size_t n = 0;
  for (; text[n] >= '0' && text[n] <= '9'; n++) {
    v = v * 10 + (uint64_t)(text[n] - '0');
    if (v > most) {
      return 0;
    }
  }
  *value = (uint32_t)v;
  return n;
}

char *ph_text_put_number(char *to, uint32_t value) {
  if (value >= 10) {
    to = ph_text_put_number(to, value / 10);
  }
  *to = (char)('0' + value % 10);
  return to + 1;
}

/* ---- IPv4 ---------------------------------------------------------------- */

/* Four decimal parts without leading zeros. */
static int pton4(const char *text, uint8_t *to) {
  for (int i = 0; i < 4; i++) {
    uint32_t part;
    size_t n = ph_text_number(text, 255, &part);
    if (n == 0 || n > 3 || (n > 1 && *text == '0') ||
        text[n] != (i < 3 ? '.' : '\0')) {
      return 0;
    }
    to[i] = (uint8_t)part;
    text += n + 1;
  }
  return 1;
}

static uint32_t digit_of(char c) {
  uint32_t lower = (uint32_t)(c | 0x20);
  return c >= '0' && c <= '9'           ? (uint32_t)(c - '0')
         : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10
                                        : 16;
}

/* A number as C writes it; NULL: none, or it has more than 32 bits. */
static const char *c_number(const char *text, uint32_t *value) {
  uint32_t base = 10;
  uint64_t v = 0;
  if (digit_of(*text) > 9) {
    return NULL;
  }
  if (*text == '0') {
    bool hex = (text[1] | 0x20) == 'x' && digit_of(text[2]) < 16;
    base = hex ? 16 : 8;
    text += hex ? 2 : 0;
  }
  for (; digit_of(*text) < base; text++) {
    v = v * base + digit_of(*text);
    if (v > UINT32_MAX) {
      return NULL;
    }
  }
  *value = (uint32_t)v;
  return text;
}

int ph_inet_aton(const char *text, void *to) {
  uint32_t ip = 0;
  for (uint32_t parts = 1; parts <= 4; parts++) {
    uint32_t part;
    text = c_number(text, &part);
    if (!text) {
      return 0;
    }
    uint32_t shift = 32 - 8 * parts;
    if (*text == '\0') {
      uint8_t *bytes = to;
      if (parts > 1 && part >> shift >> 8) {
        return 0;
      }
      ip |= part;
      for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(ip >> (24 - 8 * i));
      }
      return 1;
    }
    if (*text != '.' || part > 255) {
      return 0;
    }
    ip |= part << shift;
    text++;
  }
  return 0;
}

static char *put4(char *to, const uint8_t *from) {
  for (int i = 0; i < 4; i++) {
    to = ph_text_put_number(to, from[i]);
    *to++ = '.';
  }
  return to - 1;
}

/* ---- IPv6 ---------------------------------------------------------------- */

/* Up to four hexadecimal digits: how many. */
static size_t hex_word(const char *text, uint32_t *value) {
  size_t n = 0;
  *value = 0;
  for (; n < 5 && digit_of(text[n]) < 16; n++) {
    *value = *value << 4 | digit_of(text[n]);
  }
  return n;
}

/* Groups from `text` on: how many bytes of `out` they fill; -1: wrong. `*gap`
 * is where "::" stood, or -1. */
static int read_groups(const char *text, uint8_t out[16], int *gap) {
  int at = 0;
  *gap = -1;
  if (text[0] == ':' && text[1] != ':') {
    return -1;
  }
  text += text[0] == ':';
  while (*text) {
    if (*text == ':') { /* the second of two */
      if (*gap >= 0) {
        return -1;
      }
      *gap = at;
      text++;
      continue;
    }
    uint32_t word;
    size_t n = hex_word(text, &word);
    if (text[n] == '.') {
      return at <= 12 && pton4(text, out + at) ? at + 4 : -1;
    }
    if (n == 0 || n > 4 || at == 16 || (text[n] != ':' && text[n] != '\0')) {
      return -1;
    }
    out[at++] = (uint8_t)(word >> 8);
    out[at++] = (uint8_t)word;
    text += n;
    if (*text == ':' && *++text == '\0') {
      return -1; /* ends with one colon */
    }
  }
  return at;
}

static PH_APART_IF_SMALL int pton6(const char *text, uint8_t *to) {
  uint8_t out[16] = {0};
  int gap;
  int len = read_groups(text, out, &gap);
  if (len < 0 || (gap < 0 ? len != 16 : len == 16)) {
    return 0;
  }
  memset(to, 0, 16);
  int front = gap < 0 ? 16 : gap;
  memcpy(to, out, (size_t)front);
  if (gap >= 0) {
    memcpy(to + 16 - (len - gap), out + gap, (size_t)(len - gap));
  }
  return 1;
}

/* RFC 5952 4.2: the longest run of at least two zero words, the first of equal
 * ones. Returns its length, 0 if there is none. */
static int longest_zeros(const uint32_t word[WORDS], int *first) {
  int best = 1;
  *first = -1;
  for (int i = 0; i < WORDS;) {
    int run = 0;
    while (i + run < WORDS && word[i + run] == 0) {
      run++;
    }
    if (run > best) {
      best = run;
      *first = i;
    }
    i += run + 1;
  }
  return *first < 0 ? 0 : best;
}

static char *put_hex(char *to, uint32_t word) {
  for (int shift = word > 0xfff  ? 12
                   : word > 0xff ? 8
                   : word > 0xf  ? 4
                                 : 0;
       shift >= 0; shift -= 4) {
    *to++ = "0123456789abcdef"[word >> shift & 15];
  }
  return to;
}

static char *put6(char *to, const uint8_t *from) {
  uint32_t word[WORDS];
  int first;
  for (int i = 0; i < WORDS; i++) {
    word[i] = (uint32_t)from[2 * i] << 8 | from[2 * i + 1];
  }
  int run = longest_zeros(word, &first);
  for (int i = 0; i < WORDS; i++) {
    if (i == first) {
      *to++ = ':';
      i += run - 1;
      if (i == WORDS - 1) {
        *to++ = ':';
      }
      continue;
    }
    if (i > 0) {
      *to++ = ':';
    }
    if (i == 6 && first == 0 && (run == 6 || (run == 5 && word[5] == 0xffff))) {
      return put4(to, from + 12);
    }
    to = put_hex(to, word[i]);
  }
  return to;
}

/* ---- Either -------------------------------------------------------------- */

int ph_inet_pton(int family, const char *text, void *to) {
  return family == PH_AF_INET    ? pton4(text, to)
         : family == PH_AF_INET6 ? pton6(text, to)
                                 : -PH_EAFNOSUPPORT;
}

const char *ph_inet_ntop(int family, const void *from, char *to, size_t size) {
  char text[PH_INET6_ADDRSTRLEN];
  if (family != PH_AF_INET && family != PH_AF_INET6) {
    return NULL;
  }
  char *end = family == PH_AF_INET ? put4(text, from) : put6(text, from);
  size_t len = (size_t)(end - text);
  if (len + 1 > size) {
    return NULL;
  }
  memcpy(to, text, len);
  to[len] = '\0';
  return to;
}
