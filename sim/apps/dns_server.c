/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/apps/dns_server.h"

#include "stack/socket/inet_text.h"

enum { TTL = 60, WORD_MAX = 320, RECORD_HEAD = 10 };

/* ---- The zone ------------------------------------------------------------ */

static bool parse_value(struct dns_zone *zone, const char *value) {
  struct ph_addr addr = ph_addr_v4(0);
  struct dns_name alias = {.len = 0};
  if (ph_inet_pton(PH_AF_INET, value, addr.bytes + 12) != 1 &&
      ph_inet_pton(PH_AF_INET6, value, addr.bytes) != 1 &&
      dns_name_from_text(&alias, value) < 0) {
    return false;
  }
  zone->records[zone->count].alias = alias;
  zone->records[zone->count].addr = addr;
  return true;
}

static bool parse_word(struct dns_zone *zone, const char *text, size_t len) {
  char word[WORD_MAX];
  size_t at = 0;
  if (len >= sizeof(word) || zone->count == DNS_ZONE_MAX) {
    return false;
  }
  memcpy(word, text, len);
  word[len] = '\0';
  while (at < len && word[at] != '=') {
    at++;
  }
  if (at == len) {
    return false;
  }
  word[at] = '\0';
  if (dns_name_from_text(&zone->records[zone->count].name, word) < 0 ||
      !parse_value(zone, word + at + 1)) {
    return false;
  }
  zone->count++;
  return true;
}

int dns_zone_parse(struct dns_zone *zone, const char *text,
                   const char **wrong) {
  zone->count = 0;
  while (*text) {
    size_t len = 0;
    while (text[len] && text[len] != ' ') {
      len++;
    }
    if (len > 0 && !parse_word(zone, text, len)) {
      *wrong = text;
      return -PH_EINVAL;
    }
    text += len + (text[len] == ' ');
  }
  return 0;
}

/* ---- Answers ------------------------------------------------------------- */

/* A response that is being written. */
struct writer {
  uint8_t *bytes;
  uint32_t len;
  uint32_t room; /* what the asker takes */
  bool cut;
};

static void put_record(struct writer *w, int section,
                       const struct dns_name *owner, uint16_t type,
                       const uint8_t *data, uint32_t len) {
  if (w->cut || w->len + owner->len + RECORD_HEAD + len > w->room) {
    w->cut = true;
    return;
  }
  uint8_t *p = w->bytes + w->len;
  memcpy(p, owner->bytes, owner->len);
  p += owner->len;
  const uint8_t head[RECORD_HEAD] = {
      (uint8_t)(type >> 8), (uint8_t)type, 0, DNS_CLASS_IN, 0, 0, 0, TTL,
      (uint8_t)(len >> 8),  (uint8_t)len};
  memcpy(p, head, sizeof(head));
  memcpy(p + sizeof(head), data, len);
  w->len += owner->len + RECORD_HEAD + len;
  w->bytes[7 + 2 * section]++; /* fewer than 256 */
}

/* The zone's authority: its name and one second serial; the last number is how
 * long nothing is there. */
static void put_soa(struct writer *w, const struct dns_name *name) {
  uint8_t data[2 + 20] = {0};
  data[sizeof(data) - 1] = TTL;
  /* The parent of the name, which is in no case outside. */
  struct dns_name zone = *name;
  uint32_t first = name->bytes[0] + 1u;
  zone.len = (uint8_t)(name->len - first);
  memmove(zone.bytes, name->bytes + first, zone.len);
  put_record(w, 1, &zone, DNS_TYPE_SOA, data, sizeof(data));
}

/* Records of `name`, aliases followed: is the name there? */
static bool put_answers(struct writer *w, const struct dns_zone *zone,
                        struct dns_name *name, uint16_t type) {
  bool known = false;
  for (uint32_t i = 0, steps = 0; i < zone->count && steps < DNS_ZONE_MAX;
       i++) {
    bool v4 = ph_addr_is_v4(&zone->records[i].addr);
    const struct dns_name *alias = &zone->records[i].alias;
    if (!dns_name_equal(&zone->records[i].name, name)) {
      continue;
    }
    known = true;
    if (alias->len > 0) {
      put_record(w, 0, name, DNS_TYPE_CNAME, alias->bytes, alias->len);
      *name = *alias;
      known = false;
      i = UINT32_MAX; /* from the beginning */
      steps++;
    } else if (type == (v4 ? DNS_TYPE_A : DNS_TYPE_AAAA)) {
      put_record(w, 0, name, type, zone->records[i].addr.bytes + (v4 ? 12 : 0),
                 v4 ? 4 : 16);
    }
  }
  return known;
}

uint32_t dns_zone_answer(const struct dns_zone *zone, const uint8_t *query,
                         uint32_t len, uint8_t *to) {
  struct dns_question q;
  if (len < DNS_HEADER_LEN || (query[2] & (DNS_QR | DNS_OPCODE) >> 8) ||
      query[4] != 0 || query[5] != 1) {
    return 0;
  }
  int end = dns_question_read(query, len, DNS_HEADER_LEN, &q);
  if (end < 0 || end > DNS_PLAIN_SIZE / 2 + DNS_HEADER_LEN + 4) {
    return 0;
  }
  /* An additional record is taken for EDNS: such clients take 1232 bytes. */
  struct writer w = {.bytes = to,
                     .len = (uint32_t)end,
                     .room = query[11] ? DNS_EDNS_SIZE : DNS_PLAIN_SIZE};
  memcpy(to, query, (size_t)end);
  memset(to + 6, 0, 6);
  struct dns_name name = q.name;
  bool known = put_answers(&w, zone, &name, q.type);
  bool found = known && to[7] > 0;
  if (!found && name.len > 1) {
    put_soa(&w, &name);
  }
  to[2] = (uint8_t)((DNS_QR | DNS_AA) >> 8 | (query[2] & DNS_RD >> 8) |
                    (w.cut ? DNS_TC >> 8 : 0));
  to[3] = (uint8_t)(DNS_RA | (known ? DNS_NOERROR : DNS_NXDOMAIN));
  return w.len;
}

void dns_server(struct ph_stack *stack, const struct app_env *env,
                const struct dns_server_config *config,
                struct app_result *result) {
  *result = (struct app_result){.started_ns = stack->now_ns};
  const struct app_peer any = app_any(DNS_PORT, config->ipv6);
  int fd = ph_socket(stack, any.family, PH_SOCK_DGRAM, 0);
  result->error = fd < 0 ? fd : ph_bind(stack, fd, &any.address, any.len);
  while (!result->error &&
         (config->count == 0 || result->operations < config->count)) {
    uint8_t query[DNS_PLAIN_SIZE], reply[DNS_EDNS_SIZE];
    struct ph_sockaddr_in6 from;
    ph_socklen_t from_len = sizeof from;
    long n = ph_recvfrom(stack, fd, query, sizeof query, 0, &from, &from_len);
    uint32_t len =
        n > 0 ? dns_zone_answer(config->zone, query, (uint32_t)n, reply) : 0;
    if (len > 0) {
      n = ph_sendto(stack, fd, reply, len, 0, &from, from_len);
      result->operations++;
      result->bytes += len;
    }
    result->error = n < 0 ? (int)n : 0;
    result->finished_ns = stack->now_ns;
    app_progress(env, result->operations, config->count);
  }
  if (fd >= 0) {
    ph_close(stack, fd);
  }
}
