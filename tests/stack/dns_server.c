/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/dns_server.h"

#include <setjmp.h>
#include <stdarg.h>
/* cmocka needs the two above first */
#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "stack/wire/bytes.h"

static void put(struct dns_msg *msg, const void *data, size_t len) {
  assert_true(msg->len + len <= sizeof msg->bytes);
  memcpy(msg->bytes + msg->len, data, len);
  msg->len += len;
}

static void put16(struct dns_msg *msg, uint16_t value) {
  uint8_t bytes[2];
  put_be16(bytes, value);
  put(msg, bytes, 2);
}

static void put_text_name(struct dns_msg *msg, const char *text) {
  while (*text) {
    size_t n = strcspn(text, ".");
    uint8_t len = (uint8_t)n;
    put(msg, &len, 1);
    put(msg, text, n);
    text += n + (text[n] == '.');
  }
  put(msg, "", 1);
}

void dns_msg_begin(struct dns_msg *msg, const struct dns_asked *asked,
                   uint16_t flags) {
  msg->len = 0;
  put16(msg, asked->id);
  put16(msg, flags);
  put(msg, "\0\1\0\0\0\0\0\0", 8);
  put(msg, asked->question.name.bytes, asked->question.name.len);
  put16(msg, asked->question.type);
  put16(msg, asked->question.class);
}

void dns_msg_record(struct dns_msg *msg, int section, const char *owner,
                    uint16_t type, uint32_t ttl, const void *data, size_t len) {
  uint8_t *count = msg->bytes + 6 + 2 * section;
  put_be16(count, (uint16_t)(get_be16(count) + 1));
  put_text_name(msg, owner);
  put16(msg, type);
  put16(msg, DNS_CLASS_IN);
  put16(msg, (uint16_t)(ttl >> 16));
  put16(msg, (uint16_t)ttl);
  put16(msg, (uint16_t)len);
  put(msg, data, len);
}

void dns_msg_a(struct dns_msg *msg, const char *owner, uint32_t ttl,
               uint32_t ip) {
  uint8_t bytes[4];
  put_be32(bytes, ip);
  dns_msg_record(msg, 0, owner, DNS_TYPE_A, ttl, bytes, 4);
}

void dns_msg_aaaa(struct dns_msg *msg, const char *owner, uint32_t ttl,
                  const char *ip) {
  uint8_t bytes[16];
  assert_int_equal(inet_pton(AF_INET6, ip, bytes), 1);
  dns_msg_record(msg, 0, owner, DNS_TYPE_AAAA, ttl, bytes, 16);
}

void dns_msg_name(struct dns_msg *msg, const char *owner, uint16_t type,
                  uint32_t ttl, const char *target) {
  struct dns_msg data = {0};
  put_text_name(&data, target);
  dns_msg_record(msg, 0, owner, type, ttl, data.bytes, data.len);
}

void dns_msg_soa(struct dns_msg *msg, const char *zone, uint32_t ttl,
                 uint32_t minimum) {
  struct dns_msg data = {0};
  uint8_t numbers[20] = {0};
  put_text_name(&data, "ns.example");
  put_text_name(&data, "root.example");
  put_be32(numbers + 16, minimum);
  put(&data, numbers, sizeof numbers);
  dns_msg_record(msg, 1, zone, DNS_TYPE_SOA, ttl, data.bytes, data.len);
}

static struct ph_sockaddr_in address(int which) {
  return (struct ph_sockaddr_in){
      .sin_family = PH_AF_INET,
      .sin_port = htons(DNS_PORT),
      .sin_addr = htonl(0x0a000001u + 2 * (uint32_t)which)};
}

static void open_all(struct dns_server *s) {
  for (int i = 0; i < DNS_SERVERS; i++) {
    struct ph_sockaddr_in a = address(i);
    s->udp[i] = ph_socket(s->stack, PH_AF_INET, PH_SOCK_DGRAM, 0);
    s->tcp[i] = ph_socket(s->stack, PH_AF_INET, PH_SOCK_STREAM, 0);
    assert_int_equal(ph_bind(s->stack, s->udp[i], &a, sizeof a), 0);
    assert_int_equal(ph_bind(s->stack, s->tcp[i], &a, sizeof a), 0);
    assert_int_equal(ph_listen(s->stack, s->tcp[i], 4), 0);
  }
}

static struct dns_asked *note(struct dns_server *s, const uint8_t *query,
                              size_t len, int which, bool tcp) {
  assert_in_range(s->count, 0, DNS_ASKED_MAX - 1);
  struct dns_asked *asked = &s->asked[s->count++];
  *asked = (struct dns_asked){.id = get_be16(query),
                              .port = ntohs(s->from.sin_port),
                              .time_ns = s->stack->now_ns,
                              .tcp = tcp,
                              .edns = query[11] == 1,
                              .server = which};
  int end = dns_question_read(query, (uint32_t)len, 12, &asked->question);
  assert_int_equal(end + (asked->edns ? 11 : 0), (int)len);
  assert_int_equal(get_be16(query + 2), DNS_RD);
  if (dns_name_to_text(&asked->question.name, asked->name) < 0) {
    asked->name[0] = '\0';
  }
  return asked;
}

void dns_server_say(struct dns_server *s, int which,
                    const struct dns_msg *msg) {
  assert_int_equal(ph_sendto(s->stack, s->udp[which], msg->bytes, msg->len, 0,
                             &s->from, sizeof s->from),
                   msg->len);
}

static void serve_udp(struct dns_server *s, int which) {
  uint8_t query[600];
  ph_socklen_t from_len = sizeof s->from;
  long n = ph_recvfrom(s->stack, s->udp[which], query, sizeof query, 0,
                       &s->from, &from_len);
  assert_in_range(n, 12, sizeof query);
  static struct dns_msg reply;
  reply.len = 0;
  s->reply(s, note(s, query, (size_t)n, which, false), &reply);
  if (reply.len) {
    dns_server_say(s, which, &reply);
  }
}

static void serve_tcp(struct dns_server *s, int which) {
  uint8_t query[600];
  ph_socklen_t from_len = sizeof s->from;
  int fd = ph_accept(s->stack, s->tcp[which], &s->from, &from_len);
  assert_true(fd >= 0);
  long n = ph_recv(s->stack, fd, query, 2, PH_MSG_WAITALL);
  if (n == 2) {
    n = ph_recv(s->stack, fd, query, get_be16(query), PH_MSG_WAITALL);
    static struct dns_msg reply;
    reply.len = 0;
    s->reply(s, note(s, query, (size_t)n, which, true), &reply);
    uint8_t prefix[2];
    put_be16(prefix, (uint16_t)reply.len);
    if (!s->silent_tcp) { /* in pieces, as the network may give it */
      ph_send(s->stack, fd, prefix, 1, 0);
      ph_send(s->stack, fd, prefix + 1, 1, 0);
      ph_send(s->stack, fd, reply.bytes,
              s->short_tcp ? reply.len / 2 : reply.len, 0);
    } else {
      ph_recv(s->stack, fd, query, 1, 0); /* until they give up */
    }
  }
  ph_close(s->stack, fd);
}

void dns_server_run(struct ph_stack *stack, void *arg) {
  struct dns_server *s = arg;
  s->stack = stack;
  open_all(s);
  while (!s->stop) {
    struct ph_pollfd pfd[2 * DNS_SERVERS];
    for (int i = 0; i < DNS_SERVERS; i++) {
      pfd[i] = (struct ph_pollfd){.fd = s->udp[i], .events = PH_POLLIN};
      pfd[DNS_SERVERS + i] =
          (struct ph_pollfd){.fd = s->tcp[i], .events = PH_POLLIN};
    }
    ph_poll(stack, pfd, 2 * DNS_SERVERS, 50);
    for (int i = 0; i < DNS_SERVERS; i++) {
      if (pfd[i].revents) {
        serve_udp(s, i);
      }
      if (pfd[DNS_SERVERS + i].revents) {
        serve_tcp(s, i);
      }
    }
  }
  for (int i = 0; i < DNS_SERVERS; i++) {
    ph_close(stack, s->udp[i]);
    ph_close(stack, s->tcp[i]);
  }
}
