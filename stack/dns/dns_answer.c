/* SPDX-License-Identifier: Apache-2.0 */
/* Responses. One walk over all records before any is used: what the header
 * counts must be there. Then the chain of aliases from the question's name, at
 * most DNS_ALIASES_MAX, each step a walk over the answers, because nothing says
 * in which order they stand. */
#include "stack/dns/dns_answer.h"

#include "stack/base/errno.h"
#include "stack/wire/bytes.h"

/* The sections of a response. */
struct response {
  const uint8_t *msg;
  uint32_t len;
  uint32_t answers_at, authority_at;
  uint32_t answers, authorities;
  uint16_t rcode; /* with the bits of EDNS */
};

/* `count` records from `at`: where they end, or -PH_EBADMSG. */
static int skip(struct response *r, int at, uint32_t count) {
  struct dns_record record;
  for (uint32_t i = 0; i < count && at >= 0; i++) {
    at = dns_record_read(r->msg, r->len, (uint32_t)at, &record);
    if (at >= 0 && record.type == DNS_TYPE_OPT) {
      r->rcode = (uint16_t)(r->rcode | record.ttl >> 24 << 4);
    }
  }
  return at;
}

static bool walk(struct response *r, int at) {
  r->answers_at = (uint32_t)at;
  r->answers = get_be16(r->msg + 6);
  r->authorities = get_be16(r->msg + 8);
  at = skip(r, at, r->answers);
  r->authority_at = (uint32_t)at;
  at = at < 0 ? at : skip(r, at, r->authorities);
  return at >= 0 && skip(r, at, get_be16(r->msg + 10)) >= 0;
}

/* RFC 5452 9.1: the same question, in the letters that were asked in if they
 * were chosen at random. Returns the offset behind it, or -PH_EBADMSG. */
static int check_question(const uint8_t *msg, uint32_t len,
                          const struct dns_question *asked, bool exact) {
  struct dns_question q;
  int at = dns_question_read(msg, len, DNS_HEADER_LEN, &q);
  bool same =
      at >= 0 && q.type == asked->type && q.class == asked->class &&
      dns_name_equal(&q.name, &asked->name) &&
      (!exact || memcmp(q.name.bytes, asked->name.bytes, asked->name.len) == 0);
  return same ? at : -PH_EBADMSG;
}

/* The n-th answer of `type` that belongs to `owner`, from 0. */
static bool find(const struct response *r, const struct dns_name *owner,
                 uint16_t type, uint32_t n, struct dns_record *record) {
  uint32_t at = r->answers_at;
  for (uint32_t i = 0; i < r->answers; i++) {
    at = (uint32_t)dns_record_read(r->msg, r->len, at, record);
    if (record->type == type && record->class == DNS_CLASS_IN &&
        dns_name_equal(&record->owner, owner) && n-- == 0) {
      return true;
    }
  }
  return false;
}

static void take_ttl(struct dns_answer *answer, uint32_t ttl) {
  answer->ttl = ttl < answer->ttl ? ttl : answer->ttl;
}

/* RFC 1034 3.6.2: from alias to alias. False: too many, or a circle. */
static bool follow(const struct response *r, struct dns_answer *answer) {
  struct dns_record alias;
  while (find(r, &answer->name, DNS_TYPE_CNAME, 0, &alias)) {
    if (++answer->aliases > DNS_ALIASES_MAX ||
        dns_name_read(r->msg, r->len, alias.data_at, &answer->name) < 0) {
      return false;
    }
    take_ttl(answer, alias.ttl);
  }
  return true;
}

/* What the name has of `type`. One walk finds the records: they are read in the
 * order they stand in. */
static void collect(const struct response *r, uint16_t type,
                    struct dns_answer *answer) {
  struct dns_record record;
  uint32_t at = r->answers_at;
  struct dns_name owner = answer->name;
  for (uint32_t i = 0; i < r->answers; i++) {
    at = (uint32_t)dns_record_read(r->msg, r->len, at, &record);
    if (record.type != type || record.class != DNS_CLASS_IN ||
        answer->count == DNS_ADDRS_MAX ||
        !dns_name_equal(&record.owner, &owner)) {
      continue;
    }
    const uint8_t *data = r->msg + record.data_at;
    struct ph_addr *addr = &answer->addr[answer->count];
    take_ttl(answer, record.ttl); /* RFC 2181 5.2: they should not differ */
    answer->count++;
    if (type == DNS_TYPE_A) {
      *addr = ph_addr_v4(get_be32(data));
    } else if (type == DNS_TYPE_AAAA) {
      memcpy(addr->bytes, data, 16);
    } else {
      (void)!dns_name_read(r->msg, r->len, record.data_at, &answer->name);
      break; /* PTR: one name */
    }
  }
}

/* RFC 2308 5: for how long nothing is there, by the zone's SOA record. Without
 * one it is not kept. True if there is one. */
static bool take_negative_ttl(const struct response *r,
                              struct dns_answer *answer) {
  struct dns_record record;
  uint32_t at = r->authority_at;
  for (uint32_t i = 0; i < r->authorities; i++) {
    at = (uint32_t)dns_record_read(r->msg, r->len, at, &record);
    if (record.type == DNS_TYPE_SOA && record.class == DNS_CLASS_IN &&
        dns_name_below(&answer->name, &record.owner)) {
      take_ttl(answer, record.ttl);
      take_ttl(answer, get_be32(r->msg + at - 4)); /* MINIMUM is its last */
      take_ttl(answer, DNS_NEGATIVE_TTL_MAX);
      return true;
    }
  }
  answer->ttl = 0;
  return false;
}

static enum dns_verdict read_answers(const struct response *r,
                                     const struct dns_question *question,
                                     struct dns_answer *answer) {
  answer->name = question->name;
  answer->ttl = DNS_TTL_MAX;
  answer->aliases = answer->count = 0;
  if (!follow(r, answer)) {
    return DNS_MALFORMED;
  }
  collect(r, question->type, answer);
  if (answer->count > 0) {
    answer->found = DNS_FOUND;
    return DNS_GOOD;
  }
  uint32_t ttl = answer->ttl;
  bool authority = take_negative_ttl(r, answer);
  answer->found = r->rcode == DNS_NXDOMAIN            ? DNS_NO_NAME
                  : answer->aliases > 0 && !authority ? DNS_ELSEWHERE
                                                      : DNS_NO_DATA;
  if (answer->found == DNS_ELSEWHERE) {
    answer->ttl = ttl;
  }
  return DNS_GOOD;
}

enum dns_verdict dns_answer_read(const uint8_t *msg, uint32_t len, uint16_t id,
                                 const struct dns_question *question,
                                 bool exact, struct dns_answer *answer) {
  if (len < DNS_HEADER_LEN || get_be16(msg) != id) {
    return DNS_NOT_OURS;
  }
  uint16_t flags = get_be16(msg + 2);
  struct response r = {
      .msg = msg, .len = len, .rcode = flags & (uint16_t)DNS_RCODE};
  if (!(flags & DNS_QR) || (flags & DNS_OPCODE)) {
    return DNS_NOT_OURS;
  }
  if (r.rcode == DNS_FORMERR && get_be16(msg + 4) == 0) {
    return DNS_NO_EDNS; /* it could not even read the question */
  }
  int at = check_question(msg, len, question, exact);
  if (get_be16(msg + 4) != 1 || at < 0) {
    return DNS_NOT_OURS;
  }
  if (flags & DNS_TC) {
    return DNS_CUT; /* RFC 2181 9: what is there is not looked at */
  }
  if (!walk(&r, at)) {
    return DNS_MALFORMED;
  }
  switch (r.rcode) {
    case DNS_NOERROR:
    case DNS_NXDOMAIN:
      return read_answers(&r, question, answer);
    case DNS_FORMERR:
    case DNS_NOTIMP:
    case DNS_BADVERS: /* RFC 6891 6.2.2, 7 */
      return DNS_NO_EDNS;
    default:
      return DNS_NO_SERVICE;
  }
}
