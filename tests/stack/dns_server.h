/* SPDX-License-Identifier: Apache-2.0 */
/* A name server that says what a test wants, good or bad: messages are put
 * together by hand. */
#ifndef PH_TESTS_STACK_DNS_SERVER_H
#define PH_TESTS_STACK_DNS_SERVER_H

#include "stack/dns/dns.h"
#include "tests/stack/tasks.h"

enum {
  DNS_SERVERS = 2, /* 10.0.0.1 and 10.0.0.3, both host 0 */
  DNS_ASKED_MAX = 200,
  DNS_MSG_MAX = 9000,
};

struct dns_msg {
  size_t len;
  uint8_t bytes[DNS_MSG_MAX];
};

struct dns_asked {
  char name[DNS_TEXT_MAX];
  struct dns_question question;
  uint16_t id, port;
  uint64_t time_ns;
  bool tcp, edns;
  int server;
};

struct dns_server {
  struct ph_stack *stack;
  bool stop;
  uint32_t count;
  struct dns_asked asked[DNS_ASKED_MAX];
  /* Fill `reply`; its len 0 says nothing. Called once for each query; to say
   * more, dns_server_say(). */
  void (*reply)(struct dns_server *server, const struct dns_asked *asked,
                struct dns_msg *reply);
  void *ctx;
  bool silent_tcp, short_tcp;
  int udp[DNS_SERVERS], tcp[DNS_SERVERS];
  struct ph_sockaddr_in from;
};

/* A header with the flags, and the question again. */
void dns_msg_begin(struct dns_msg *msg, const struct dns_asked *asked,
                   uint16_t flags);
/* `section` 0: answers, 1: authority, 2: additional. */
void dns_msg_record(struct dns_msg *msg, int section, const char *owner,
                    uint16_t type, uint32_t ttl, const void *data, size_t len);
void dns_msg_a(struct dns_msg *msg, const char *owner, uint32_t ttl,
               uint32_t ip);
void dns_msg_aaaa(struct dns_msg *msg, const char *owner, uint32_t ttl,
                  const char *ip);
void dns_msg_name(struct dns_msg *msg, const char *owner, uint16_t type,
                  uint32_t ttl, const char *target);
void dns_msg_soa(struct dns_msg *msg, const char *zone, uint32_t ttl,
                 uint32_t minimum);

/* Send one message more to who asked. */
void dns_server_say(struct dns_server *server, int which,
                    const struct dns_msg *msg);

/* For tasks_add(): serves until `stop`. */
void dns_server_run(struct ph_stack *stack, void *server);

#endif
