/* SPDX-License-Identifier: Apache-2.0 */
/* What a response says about a question: RFC 1034 4.3.2 and 5.3.3 as a stub
 * sees them, RFC 2308 for what does not exist, RFC 5452 for whom to believe. */
#ifndef PH_DNS_DNS_ANSWER_H
#define PH_DNS_DNS_ANSWER_H

#include "stack/dns/dns_wire.h"

enum {
  DNS_ADDRS_MAX = 8,            /* of one name and type; more are left out */
  DNS_ALIASES_MAX = 8,          /* a chain of more is an error */
  DNS_TTL_MAX = 86400,          /* seconds that anything is kept, */
  DNS_NEGATIVE_TTL_MAX = 10800, /* and that something is said not to be
                                   there: RFC 2308 5 */
};

enum dns_found {
  DNS_FOUND,
  DNS_NO_NAME,   /* there is no such name */
  DNS_NO_DATA,   /* there is, but nothing of this type */
  DNS_ELSEWHERE, /* aliases lead to `name`; the server said no more */
};

struct dns_answer {
  enum dns_found found;
  uint32_t ttl;    /* seconds; 0: not to be kept */
  uint8_t aliases; /* how many */
  uint8_t count;
  struct dns_name name; /* where aliases lead; of PTR: what it says */
  struct ph_addr addr[DNS_ADDRS_MAX];
};

enum dns_verdict {
  DNS_GOOD,
  DNS_NOT_OURS,   /* another id or question, or no response: ignore it */
  DNS_MALFORMED,  /* it breaks a rule: ignore it */
  DNS_CUT,        /* ask by TCP */
  DNS_NO_EDNS,    /* the server does not know EDNS: ask without */
  DNS_NO_SERVICE, /* this server does not answer: ask another */
};

/* `question` and `id` are what was asked; with `exact` the name must come back
 * in the same letters. `answer` is set if the verdict is DNS_GOOD. */
enum dns_verdict dns_answer_read(const uint8_t *msg, uint32_t len, uint16_t id,
                                 const struct dns_question *question,
                                 bool exact, struct dns_answer *answer);

#endif
