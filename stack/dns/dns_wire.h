/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the Domain Name System: RFC 1035 4.1, EDNS0 of RFC 6891.
 *
 * Every byte may be an attacker's. The rules, with the sections of RFC 9267
 * that they answer:
 * 1. A compression pointer leads to a name that stands before the labels it was
 *    met in, and behind the header; at most DNS_POINTERS_MAX to a name (2).
 * 2. A label has 1 to 63 bytes, a name at most 255 with its root, counted while
 *    it is put together; 01 and 10 in the upper bits are refused (3).
 * 3. A name ends with the root label inside the message (4).
 * 4. A record's data end inside the message, and have the length that their
 *    type says; a name in them ends where they end (5).
 * 5. The records that the header counts must all be there (6).
 */
#ifndef PH_DNS_DNS_WIRE_H
#define PH_DNS_DNS_WIRE_H

#include "stack/base/types.h"

enum {
  DNS_PORT = 53,
  DNS_HEADER_LEN = 12,
  DNS_LABEL_MAX = 63,
  DNS_NAME_MAX = 255,     /* on the wire, with the root's byte */
  DNS_TEXT_MAX = 254,     /* as text, with its end */
  DNS_POINTERS_MAX = 127, /* as many as a name can have labels */
  DNS_EDNS_SIZE = 1232,   /* of a datagram; needs no fragments anywhere */
  DNS_PLAIN_SIZE = 512,   /* without EDNS: RFC 1035 2.3.4 */
  DNS_QUERY_MAX = DNS_HEADER_LEN + DNS_NAME_MAX + 4 + 11,
};
enum dns_type {
  DNS_TYPE_A = 1,
  DNS_TYPE_NS = 2,
  DNS_TYPE_CNAME = 5,
  DNS_TYPE_SOA = 6,
  DNS_TYPE_PTR = 12,
  DNS_TYPE_AAAA = 28,
  DNS_TYPE_OPT = 41,
};
enum { DNS_CLASS_IN = 1 };
enum dns_rcode {
  DNS_NOERROR = 0,
  DNS_FORMERR = 1,
  DNS_SERVFAIL = 2,
  DNS_NXDOMAIN = 3,
  DNS_NOTIMP = 4,
  DNS_REFUSED = 5,
  DNS_BADVERS = 16, /* its upper bits are in the OPT record */
};
enum { /* of the header's second word */
       DNS_QR = 0x8000,
       DNS_OPCODE = 0x7800,
       DNS_AA = 0x0400,
       DNS_TC = 0x0200,
       DNS_RD = 0x0100,
       DNS_RA = 0x0080,
       DNS_RCODE = 0x000f,
};

/* Labels as on the wire, uncompressed, the root's empty one last. */
struct dns_name {
  uint8_t len;
  uint8_t bytes[DNS_NAME_MAX];
};

/* Text to name: host names, that is letters, digits, '-' and '_' (RFC 1123
 * 2.1); a last dot may be there. 0 or -PH_EINVAL. */
int dns_name_from_text(struct dns_name *name, const char *text) PH_MUST_USE;

/* `text` has room for DNS_TEXT_MAX. 0, or -PH_EBADMSG if it is no host name:
 * what strangers say goes into programs only if it looks like one. */
int dns_name_to_text(const struct dns_name *name, char *text) PH_MUST_USE;

/* Letters count as equal in either case (RFC 4343). */
bool dns_name_equal(const struct dns_name *a, const struct dns_name *b);

/* Is `name` the zone or below it? */
bool dns_name_below(const struct dns_name *name, const struct dns_name *zone);

/* in-addr.arpa (RFC 1035 3.5) or ip6.arpa (RFC 3596 2.5). */
void dns_name_reverse(struct dns_name *name, const struct ph_addr *addr);

/* The name at `at`: the offset behind it, or -PH_EBADMSG. */
int dns_name_read(const uint8_t *msg, uint32_t len, uint32_t at,
                  struct dns_name *name) PH_MUST_USE;

struct dns_question {
  uint16_t type, class;
  struct dns_name name;
};
/* As dns_name_read(). */
int dns_question_read(const uint8_t *msg, uint32_t len, uint32_t at,
                      struct dns_question *question) PH_MUST_USE;

struct dns_record {
  uint16_t type, class;
  uint32_t ttl; /* seconds; with the top bit set it was 0 (RFC 2181 8) */
  uint32_t data_at;
  uint16_t data_len;
  struct dns_name owner;
};
/* As dns_name_read(); the data of types A, AAAA, CNAME, PTR and SOA are checked
 * as well. */
int dns_record_read(const uint8_t *msg, uint32_t len, uint32_t at,
                    struct dns_record *record) PH_MUST_USE;

/* A query into `to`, DNS_QUERY_MAX bytes of room: its length. */
uint32_t dns_query_build(uint8_t *to, uint16_t id,
                         const struct dns_question *question, bool edns);

#endif
