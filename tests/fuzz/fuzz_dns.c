/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer: a DNS message to the resolver's reader. The first byte says what
 * was asked and whether header and question are made right, so that what is
 * behind them gets looked at; then flags, counts and records.
 *
 * The message lies in memory of its own length. Judged: what a name is, at
 * every offset, by a second reader that copies label by label; that a name that
 * was read can be read again and written as text; and the bounds of an answer.
 */
#include <stdlib.h>
#include <string.h>

#include "stack/dns/dns_answer.h"
#include "stack/wire/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ID = 0x4d53, MADE = 1, AAAA = 2, PTR = 4, EXACT = 8 };

static void require(bool fact) {
  if (!fact) {
    abort();
  }
}

/* The labels from `at` on, by recursion; how many bytes of `out`, -1: none. */
static int reference(const uint8_t *msg, uint32_t len, uint32_t at,
                     uint32_t start, int jumps, uint8_t *out, int used) {
  if (at >= len) {
    return -1;
  }
  if (msg[at] >> 6 == 3) {
    uint32_t to = at + 1 < len ? (msg[at] & 63u) << 8 | msg[at + 1] : len;
    return to < start && to >= 12 && jumps < 127
               ? reference(msg, len, to, to, jumps + 1, out, used)
               : -1;
  }
  int n = msg[at];
  if (n > 63 || at + 1 + (uint32_t)n > len ||
      used + 1 + n + (n ? 1 : 0) > 255) {
    return -1;
  }
  memcpy(out + used, msg + at, 1 + (size_t)n);
  used += 1 + n;
  return n ? reference(msg, len, at + 1 + (uint32_t)n, start, jumps, out, used)
           : used;
}

static void check_name(const struct dns_name *name) {
  uint8_t again[12 + 255] = {0};
  char text[DNS_TEXT_MAX];
  struct dns_name back;
  require(name->len >= 1 && name->bytes[name->len - 1] == 0);
  memcpy(again + 12, name->bytes, name->len);
  int end = dns_name_read(again, 12u + name->len, 12, &back);
  require(end == 12 + name->len && dns_name_equal(&back, name));
  if (dns_name_to_text(name, text) == 0) {
    require(strlen(text) < sizeof text);
    require(dns_name_from_text(&back, text) == 0);
    require(back.len == name->len &&
            memcmp(back.bytes, name->bytes, name->len) == 0);
  }
}

static void check_names(const uint8_t *msg, uint32_t len) {
  for (uint32_t at = 0; at < len; at++) {
    struct dns_name name;
    uint8_t want[256];
    int n = reference(msg, len, at, at, 0, want, 0);
    int end = dns_name_read(msg, len, at, &name);
    require((n < 0) == (end < 0));
    if (n >= 0) {
      require(end > (int)at && end <= (int)len);
      require(name.len == n && memcmp(want, name.bytes, name.len) == 0);
      check_name(&name);
    }
  }
}

static void check_answer(const struct dns_answer *a, uint16_t type) {
  require(a->count <= DNS_ADDRS_MAX && a->aliases <= DNS_ALIASES_MAX);
  require(a->ttl <= DNS_TTL_MAX);
  require((a->found == DNS_FOUND) == (a->count > 0));
  require(a->found != DNS_ELSEWHERE || a->aliases > 0);
  check_name(&a->name);
  for (uint32_t i = 0; type == DNS_TYPE_A && i < a->count; i++) {
    require(ph_addr_is_v4(&a->addr[i]));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1) {
    return 0;
  }
  uint8_t how = *data++;
  size--;
  struct dns_question q = {.class = DNS_CLASS_IN};
  q.type = how & PTR ? DNS_TYPE_PTR : how & AAAA ? DNS_TYPE_AAAA : DNS_TYPE_A;
  require(dns_name_from_text(&q.name, "www.example") == 0);
  uint32_t front = how & MADE && size >= 12 ? q.name.len + 4u : 0;
  uint32_t len = (uint32_t)size + front;
  uint8_t *msg = malloc(len ? len : 1);
  if (front) {
    memcpy(msg, data, 12);
    put_be16(msg, ID);
    msg[2] = (uint8_t)(msg[2] & 0x87) | 0x80;
    put_be16(msg + 4, 1);
    memcpy(msg + 12, q.name.bytes, q.name.len);
    put_be16(msg + 12 + q.name.len, q.type);
    put_be16(msg + 14 + q.name.len, q.class);
    memcpy(msg + 12 + front, data + 12, size - 12);
  } else {
    memcpy(msg, data, size);
  }
  check_names(msg, len);
  struct dns_answer answer;
  memset(&answer, 0xa5, sizeof answer);
  if (dns_answer_read(msg, len, ID, &q, how & EXACT, &answer) == DNS_GOOD) {
    check_answer(&answer, q.type);
  }
  free(msg);
  return 0;
}
