/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the servers: RFC 1035 4.2, 7; RFC 5452 for how not to be
 * fooled; RFC 7766 for TCP.
 *
 * 1. Each datagram has an id of its own and comes from a port of its own, both
 *    at random; its socket is connected, so that only the server's address and
 *    port are heard (RFC 5452 9.1), and ICMP errors are.
 * 2. What is not the answer changes nothing but a counter; the deadline stays.
 *    After DNS_STRANGERS_MAX of them somebody is guessing: TCP.
 * 3. A server that says it can't is passed over at once; a round that all of
 *    them ended so is the last.
 * 4. A question ends after config.tries rounds, each twice as long as the one
 *    before: bounded in time whatever anybody sends. */
#include "stack/dns/dns_query.h"

#include "stack/base/errno.h"
#include "stack/ip/ip.h"
#include "stack/socket/sockaddr.h"
#include "stack/wire/bytes.h"

enum {
  TCP_TIMEOUT_FACTOR = 2, /* three round trips instead of one */
  ROUNDS_LONGER = 5,      /* then the time is the same */
};
#define NS_PER_MS 1000000ull

static void finish(struct ph_stack *stack, struct dns_query *q, int result) {
  if (q->fd >= 0) {
    (void)ph_close(stack, q->fd);
    q->fd = -1;
  }
  q->state = DNS_DONE;
  q->result = result;
}

/* ---- Sending ------------------------------------------------------------- */

/* A socket to the query's server; -PH_EINPROGRESS is as good as 0. */
static int open_socket(struct ph_stack *stack, struct dns_query *q, int type) {
  const struct dns_state *dns = dns_of(stack);
  struct ph_sockaddr_in6 to;
  const struct ph_addr *server = &dns->servers[q->server];
  ph_socklen_t len =
      ph_sockaddr_make(!ph_addr_is_v4(server), server, dns->config.port, &to);
  if (q->fd >= 0) {
    (void)ph_close(stack, q->fd);
  }
  q->fd = ph_socket(stack, to.sin6_family, type | PH_SOCK_NONBLOCK, 0);
  if (q->fd < 0) {
    return q->fd;
  }
  int error = ph_connect(stack, q->fd, &to, len);
  return error == -PH_EINPROGRESS ? 0 : error;
}

static PH_APART_IF_SMALL void set_deadline(struct ph_stack *stack,
                                           struct dns_query *q,
                                           uint32_t factor) {
  uint32_t doubled = ph_min_u32(q->round, ROUNDS_LONGER);
  uint64_t ms = (uint64_t)dns_of(stack)->config.timeout_ms << doubled;
  q->deadline_ns = stack->now_ns + ms * NS_PER_MS * factor;
}

/* Each letter in upper case where `bits` says so; NULL: none. The lengths of
 * labels are below the letters. */
static void set_case(struct dns_name *name, const uint8_t *bits) {
  for (uint32_t i = 0; i < name->len; i++) {
    uint8_t low = name->bytes[i] | 0x20;
    if (low >= 'a' && low <= 'z' && name->bytes[i] > DNS_LABEL_MAX) {
      name->bytes[i] = (uint8_t)(low & ~(bits ? bits[i] & 0x20 : 0));
    }
  }
}

static void mix_case(struct ph_stack *stack, struct dns_name *name) {
  uint8_t bits[DNS_NAME_MAX];
  ph_stack_random(stack, bits, name->len);
  set_case(name, bits);
}

static uint32_t build(struct ph_stack *stack, struct dns_query *q,
                      uint8_t *to) {
  ph_stack_random(stack, &q->id, sizeof(q->id));
  if (dns_of(stack)->config.random_case) {
    mix_case(stack, &q->question.name);
  }
  stack->stats.DnsOutQueries++;
  return dns_query_build(to, q->id, &q->question, q->edns);
}

static int ask_udp(struct ph_stack *stack, struct dns_query *q) {
  q->state = DNS_ASKED;
  q->strangers = 0;
  set_deadline(stack, q, 1);
  int error = open_socket(stack, q, PH_SOCK_DGRAM);
  if (error) {
    return error;
  }
  uint32_t len = build(stack, q, q->buffer);
  long n = ph_send(stack, q->fd, q->buffer, len, 0);
  return n < 0 ? (int)n : 0;
}

static int ask_tcp(struct ph_stack *stack, struct dns_query *q) {
  int error = open_socket(stack, q, PH_SOCK_STREAM);
  if (error) {
    return error;
  }
  uint32_t len = build(stack, q, q->buffer + DNS_TCP_PREFIX);
  put_be16(q->buffer, (uint16_t)len);
  q->state = DNS_SENDING;
  q->done = 0;
  set_deadline(stack, q, TCP_TIMEOUT_FACTOR);
  return 0;
}

/* Ask the server that is next, or whoever can be asked after it. */
static void ask(struct ph_stack *stack, struct dns_query *q) {
  const struct dns_state *dns = dns_of(stack);
  for (;;) {
    if (q->server == dns->server_count) {
      q->server = 0;
      q->round++;
      if (!q->silent || q->round == dns->config.tries) {
        finish(stack, q, q->silent ? -PH_ETIMEDOUT : -PH_EIO);
        return;
      }
      q->silent = false;
    }
    int error = ask_udp(stack, q);
    if (error == 0) {
      return;
    }
    /* No route or a full ring may pass, as a lost datagram does. */
    if (error == -PH_EAGAIN || error == -PH_ENOBUFS) {
      q->silent = true;
      return;
    }
    q->server++;
  }
}

static void ask_next(struct ph_stack *stack, struct dns_query *q) {
  q->server++;
  q->edns = true;
  ask(stack, q);
}

/* ---- Answers ------------------------------------------------------------- */

static void begin(struct ph_stack *stack, struct dns_query *q,
                  const struct dns_name *name) {
  q->question.name = *name;
  q->server = q->round = 0;
  q->edns = true;
  q->silent = false;
  ask(stack, q);
}

static void take_answer(struct ph_stack *stack, struct dns_query *q) {
  struct dns_answer *a = &q->answer;
  if (dns_of(stack)->config.random_case) {
    set_case(&a->name, NULL); /* it may be what was asked */
  }
  q->ttl = a->ttl = ph_min_u32(a->ttl, q->ttl);
  q->aliases = a->aliases = (uint8_t)(a->aliases + q->aliases);
  if (q->aliases > DNS_ALIASES_MAX) {
    finish(stack, q, -PH_EIO);
  } else if (a->found == DNS_ELSEWHERE) { /* RFC 1034 5.2.2 */
    struct dns_name name = a->name;
    begin(stack, q, &name);
  } else {
    dns_cache_put(stack, &q->name, q->question.type, a);
    finish(stack, q, 0);
  }
}

/* A message of the server. False: it changes nothing. */
static bool take_message(struct ph_stack *stack, struct dns_query *q,
                         const uint8_t *msg, uint32_t len) {
  enum dns_verdict verdict =
      dns_answer_read(msg, len, q->id, &q->question,
                      dns_of(stack)->config.random_case, &q->answer);
  bool tcp = q->state != DNS_ASKED;
  switch (verdict) {
    case DNS_GOOD:
      take_answer(stack, q);
      return true;
    case DNS_CUT:
      if (!tcp) {
        stack->stats.DnsTruncated++;
        if (ask_tcp(stack, q) == 0) {
          return true;
        }
      }
      break;
    case DNS_NO_EDNS:
      if (q->edns) {
        q->edns = false;
        ask(stack, q); /* the same one */
        return true;
      }
      break;
    case DNS_NO_SERVICE:
      break;
    default:
      stack->stats.DnsInErrors++;
      if (!tcp) {
        return false;
      }
  }
  ask_next(stack, q);
  return true;
}

static int step_udp(struct ph_stack *stack, struct dns_query *q) {
  uint32_t room = dns_of(stack)->config.message_max;
  long n = ph_recv(stack, q->fd, q->buffer, room, 0);
  if (n == -PH_EAGAIN) {
    return -PH_EAGAIN;
  }
  if (n < 0) { /* nobody is there: an ICMP error */
    ask_next(stack, q);
  } else if (!take_message(stack, q, q->buffer, (uint32_t)n) &&
             ++q->strangers == DNS_STRANGERS_MAX && ask_tcp(stack, q) < 0) {
    ask_next(stack, q);
  }
  return 0;
}

/* ---- TCP ----------------------------------------------------------------- */

static int step_send(struct ph_stack *stack, struct dns_query *q) {
  uint32_t len = DNS_TCP_PREFIX + (uint32_t)get_be16(q->buffer);
  long n = ph_send(stack, q->fd, q->buffer + q->done, len - q->done, 0);
  if (n == -PH_EAGAIN) {
    return -PH_EAGAIN;
  }
  if (n < 0) {
    ask_next(stack, q);
    return 0;
  }
  q->done += (uint32_t)n;
  if (q->done == len) {
    q->state = DNS_RECEIVING;
    q->done = 0;
  }
  return 0;
}

static int step_receive(struct ph_stack *stack, struct dns_query *q) {
  uint32_t want = DNS_TCP_PREFIX;
  if (q->done >= DNS_TCP_PREFIX) {
    want += get_be16(q->buffer);
  }
  long n = ph_recv(stack, q->fd, q->buffer + q->done, want - q->done, 0);
  if (n == -PH_EAGAIN) {
    return -PH_EAGAIN;
  }
  if (n <= 0) {
    ask_next(stack, q);
    return 0;
  }
  q->done += (uint32_t)n;
  if (q->done < want) {
    return 0;
  }
  uint32_t len = get_be16(q->buffer);
  if (want == DNS_TCP_PREFIX) { /* its length is known now */
    if (len < DNS_HEADER_LEN || len > dns_of(stack)->config.message_max) {
      stack->stats.DnsInErrors++;
      ask_next(stack, q);
    }
    return 0;
  }
  (void)take_message(stack, q, q->buffer + DNS_TCP_PREFIX, len);
  return 0;
}

/* ---- What others call ---------------------------------------------------- */

struct dns_query *ph_dns_ask(struct ph_stack *stack,
                             const struct dns_name *name, uint16_t type) {
  struct dns_state *dns = dns_of(stack);
  struct dns_query *q = dns->free_queries;
  if (!q) {
    return NULL;
  }
  dns->free_queries = q->next;
  q->name = *name;
  q->question = (struct dns_question){.type = type, .class = DNS_CLASS_IN};
  q->fd = -1;
  q->ttl = DNS_TTL_MAX;
  q->aliases = 0;
  const struct dns_answer *known = dns_cache_find(stack, name, type);
  if (known) {
    q->answer = *known;
    finish(stack, q, 0);
  } else if (dns->server_count == 0) {
    finish(stack, q, -PH_ENXIO);
  } else {
    begin(stack, q, name);
  }
  return q;
}

int ph_dns_step(struct ph_stack *stack, struct dns_query *q) {
  while (q->state != DNS_DONE) {
    int result = q->state == DNS_ASKED     ? step_udp(stack, q)
                 : q->state == DNS_SENDING ? step_send(stack, q)
                                           : step_receive(stack, q);
    if (result == 0) {
      continue;
    }
    if (stack->now_ns < q->deadline_ns) {
      return -PH_EAGAIN;
    }
    stack->stats.DnsTimeouts++;
    q->silent = true;
    ask_next(stack, q);
  }
  return q->result;
}

uint64_t ph_dns_wants(const struct dns_query *q, struct ph_pollfd *pfd) {
  *pfd = (struct ph_pollfd){
      .fd = q->fd, .events = q->state == DNS_SENDING ? PH_POLLOUT : PH_POLLIN};
  return q->deadline_ns;
}

const struct dns_answer *ph_dns_answer(const struct dns_query *q) {
  return &q->answer;
}

void ph_dns_close(struct ph_stack *stack, struct dns_query *q) {
  struct dns_state *dns = dns_of(stack);
  finish(stack, q, 0);
  q->next = dns->free_queries;
  dns->free_queries = q;
}

int ph_dns_wait(struct ph_stack *stack, struct dns_query *const *queries,
                uint32_t count) {
  enum { TOGETHER = 8 };
  for (;;) {
    struct ph_pollfd pfd[TOGETHER];
    uint64_t deadline = UINT64_MAX;
    uint32_t open = 0;
    for (uint32_t i = 0; i < count && open < TOGETHER; i++) {
      if (ph_dns_step(stack, queries[i]) == -PH_EAGAIN) {
        uint64_t until = ph_dns_wants(queries[i], &pfd[open++]);
        deadline = ph_min_u64(deadline, until);
      }
    }
    if (open == 0) {
      return 0;
    }
    if (!stack->platform->wait) {
      return -PH_EAGAIN;
    }
    uint64_t ms = (deadline - stack->now_ns + NS_PER_MS - 1) / NS_PER_MS;
    int ready = ph_poll(stack, pfd, open, (int)ph_min_u64(ms, INT32_MAX));
    if (ready < 0) {
      return ready;
    }
  }
}
