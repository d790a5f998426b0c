/* SPDX-License-Identifier: Apache-2.0 */
/* Names, questions and records: see dns_wire.h for the rules. */
#include "stack/dns/dns_wire.h"

#include "stack/base/errno.h"
#include "stack/base/text.h"
#include "stack/socket/inet_text.h"
#include "stack/wire/bytes.h"

enum {
  QUESTION_LEN = 4, /* behind the name */
  RECORD_LEN = 10,
  OPT_LEN = 11,
  SOA_NUMBERS = 20, /* behind its two names */
};

static uint8_t lower(uint8_t c) {
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool of_host(uint8_t c) {
  uint8_t l = lower(c);
  return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

/* ---- Names --------------------------------------------------------------- */

int dns_name_from_text(struct dns_name *name, const char *text) {
  uint32_t label = 0; /* where its length goes */
  uint32_t at = 1;
  for (; *text; text++) {
    if (*text == '.') {
      if (at - label == 1) {
        return -PH_EINVAL; /* an empty label */
      }
      name->bytes[label] = (uint8_t)(at - label - 1);
      label = at++;
    } else if (!of_host((uint8_t)*text) || at - label > DNS_LABEL_MAX) {
      return -PH_EINVAL;
    } else {
      name->bytes[at++] = (uint8_t)*text;
    }
    if (at >= DNS_NAME_MAX) { /* the root needs one more */
      return -PH_EINVAL;
    }
  }
  if (at == 1) {
    return -PH_EINVAL;
  }
  if (at - label > 1) { /* no dot at the end */
    name->bytes[label] = (uint8_t)(at - label - 1);
    label = at++;
  }
  name->bytes[label] = 0;
  name->len = (uint8_t)at;
  return 0;
}

int dns_name_to_text(const struct dns_name *name, char *text) {
  const uint8_t *p = name->bytes;
  if (*p == 0) {
    return -PH_EBADMSG;
  }
  while (*p) {
    for (uint32_t n = *p++; n > 0; n--, p++) {
      if (!of_host(*p)) {
        return -PH_EBADMSG;
      }
      *text++ = (char)*p;
    }
    *text++ = '.';
  }
  text[-1] = '\0';
  return 0;
}

static bool equal_bytes(const uint8_t *a, const uint8_t *b, uint32_t len) {
  for (uint32_t i = 0; i < len; i++) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

bool dns_name_equal(const struct dns_name *a, const struct dns_name *b) {
  return a->len == b->len && equal_bytes(a->bytes, b->bytes, a->len);
}

bool dns_name_below(const struct dns_name *name, const struct dns_name *zone) {
  uint32_t at = 0;
  while (name->len - at > zone->len) {
    at += name->bytes[at] + 1u;
  }
  return name->len - at == zone->len &&
         equal_bytes(name->bytes + at, zone->bytes, zone->len);
}

void dns_name_reverse(struct dns_name *name, const struct ph_addr *addr) {
  char text[16 * 4 + sizeof("in-addr.arpa")];
  char *to = text;
  bool v4 = ph_addr_is_v4(addr);
  for (int i = 15; i >= (v4 ? 12 : 0); i--) {
    uint8_t byte = addr->bytes[i];
    if (v4) {
      to = ph_text_put_number(to, byte);
    } else {
      *to++ = "0123456789abcdef"[byte & 15];
      *to++ = '.';
      *to++ = "0123456789abcdef"[byte >> 4];
    }
    *to++ = '.';
  }
  const char *zone = v4 ? "in-addr.arpa" : "ip6.arpa";
  memcpy(to, zone, ph_text_len(zone) + 1);
  (void)!dns_name_from_text(name, text); /* which it is the text of */
}

int dns_name_read(const uint8_t *msg, uint32_t len, uint32_t at,
                  struct dns_name *name) {
  uint32_t out = 0;
  uint32_t end = 0;    /* behind the name where it began, if it went on */
  uint32_t start = at; /* of the labels that are read now */
  uint32_t pointers = 0;
  while (at < len) {
    uint32_t n = msg[at];
    if (n >= 0xc0) {
      if (len - at < 2 || ++pointers > DNS_POINTERS_MAX) {
        return -PH_EBADMSG;
      }
      uint32_t target = get_be16(msg + at) & 0x3fffu;
      end = end ? end : at + 2;
      if (target >= start || target < DNS_HEADER_LEN) {
        return -PH_EBADMSG; /* RFC 1035 4.1.4: a prior occurrence */
      }
      at = start = target;
      continue;
    }
    /* Room for the label and, behind it, the root. */
    if (n > DNS_LABEL_MAX || out + 1 + n + (n > 0) > DNS_NAME_MAX ||
        len - at < 1 + n) {
      return -PH_EBADMSG;
    }
    memcpy(name->bytes + out, msg + at, 1 + n);
    out += 1 + n;
    at += 1 + n;
    if (n == 0) {
      name->len = (uint8_t)out;
      return (int)(end ? end : at);
    }
  }
  return -PH_EBADMSG;
}

/* ---- Questions and records ----------------------------------------------- */

int dns_question_read(const uint8_t *msg, uint32_t len, uint32_t at,
                      struct dns_question *question) {
  int end = dns_name_read(msg, len, at, &question->name);
  if (end < 0 || len - (uint32_t)end < QUESTION_LEN) {
    return -PH_EBADMSG;
  }
  question->type = get_be16(msg + end);
  question->class = get_be16(msg + end + 2);
  return end + QUESTION_LEN;
}

/* Do the data have the form that their type says? */
static bool data_good(const uint8_t *msg, const struct dns_record *record) {
  struct dns_name name;
  uint32_t end = record->data_at + record->data_len;
  int at = (int)record->data_at;
  if (record->class != DNS_CLASS_IN) {
    return true; /* nobody looks at them */
  }
  switch (record->type) {
    case DNS_TYPE_A:
      return record->data_len == 4;
    case DNS_TYPE_AAAA:
      return record->data_len == 16;
    case DNS_TYPE_CNAME:
    case DNS_TYPE_PTR:
      return dns_name_read(msg, end, (uint32_t)at, &name) == (int)end;
    case DNS_TYPE_SOA:
      at = dns_name_read(msg, end, (uint32_t)at, &name);
      at = at < 0 ? at : dns_name_read(msg, end, (uint32_t)at, &name);
      return at >= 0 && end - (uint32_t)at == SOA_NUMBERS;
    default:
      return true;
  }
}

int dns_record_read(const uint8_t *msg, uint32_t len, uint32_t at,
                    struct dns_record *record) {
  int end = dns_name_read(msg, len, at, &record->owner);
  if (end < 0 || len - (uint32_t)end < RECORD_LEN) {
    return -PH_EBADMSG;
  }
  const uint8_t *p = msg + end;
  record->type = get_be16(p);
  record->class = get_be16(p + 2);
  record->ttl = get_be32(p + 4);
  record->data_len = get_be16(p + 8);
  record->data_at = (uint32_t)end + RECORD_LEN;
  if (len - record->data_at < record->data_len || !data_good(msg, record)) {
    return -PH_EBADMSG;
  }
  if (record->type != DNS_TYPE_OPT && record->ttl > INT32_MAX) {
    record->ttl = 0;
  }
  return (int)(record->data_at + record->data_len);
}

uint32_t dns_query_build(uint8_t *to, uint16_t id,
                         const struct dns_question *question, bool edns) {
  uint32_t at = DNS_HEADER_LEN;
  memset(to, 0, DNS_HEADER_LEN);
  put_be16(to, id);
  put_be16(to + 2, DNS_RD);
  to[5] = 1;     /* one question */
  to[11] = edns; /* one additional record */
  memcpy(to + at, question->name.bytes, question->name.len);
  at += question->name.len;
  put_be16(to + at, question->type);
  put_be16(to + at + 2, question->class);
  at += QUESTION_LEN;
  if (edns) { /* RFC 6891 6.1.2: root, type, size, no flags, no data */
    memset(to + at, 0, OPT_LEN);
    to[at + 2] = DNS_TYPE_OPT;
    put_be16(to + at + 3, DNS_EDNS_SIZE);
    at += OPT_LEN;
  }
  return at;
}
