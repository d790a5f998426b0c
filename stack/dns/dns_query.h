/* SPDX-License-Identifier: Apache-2.0 */
/* A question under way. */
#ifndef PH_DNS_DNS_QUERY_H
#define PH_DNS_DNS_QUERY_H

#include "stack/dns/dns_internal.h"

enum {
  DNS_TCP_PREFIX = 2, /* a message's length in front of it: RFC 1035 4.2.2 */
  DNS_STRANGERS_MAX = 16, /* datagrams that are not the answer; then by TCP */
};

/* May be called / moves to:
 *   ASKED      a datagram is out; ANSWERED, DONE, or by TCP: SENDING
 *   SENDING    connects and writes the question; RECEIVING
 *   RECEIVING  reads; DONE
 *   DONE       `result` holds, and `answer` if it is 0 */
enum dns_query_state { DNS_ASKED, DNS_SENDING, DNS_RECEIVING, DNS_DONE };

/* What is long comes last: code that names the rest is shorter. */
struct dns_query {
  struct dns_query *next; /* of the free ones */
  enum dns_query_state state;
  int result;
  int fd; /* -1: none */
  uint64_t deadline_ns;
  uint32_t done;  /* bytes sent or received by TCP */
  uint32_t ttl;   /* of the aliases so far */
  uint16_t id;    /* of the message that is out */
  uint8_t server; /* that it went to */
  uint8_t round;  /* how often all were asked */
  uint8_t strangers;
  uint8_t aliases;
  bool edns;
  bool silent;                  /* in this round somebody did not answer */
  struct dns_question question; /* that is asked now: aliases lead on */
  struct dns_answer answer;
  struct dns_name name; /* that was asked for */
  uint8_t buffer[];     /* DNS_TCP_PREFIX and ph_dns_config.message_max bytes */
};

#endif
