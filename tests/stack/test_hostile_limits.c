/* SPDX-License-Identifier: Apache-2.0 */
/* Peers and owners that take and never give back: each test has one decent
 * connection beside them, whose bytes must get through, and ends with every
 * pool as full as at the start (pair_free). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/stack/tcp_pair.h"

enum { HOG_PORT = 81, HOGS = 200, CHUNK = 16384 };

struct flow {
  struct pair_ends ends;
  int sender; /* host */
  uint64_t size, sent, received;
  uint8_t buf[CHUNK];
};

static bool pump(struct pair *pair, void *ctx) {
  struct flow *f = ctx;
  struct ph_stack *s = &pair->host[f->sender].stack;
  struct ph_stack *r = &pair->host[!f->sender].stack;
  bool client = f->ends.client_owner == f->sender;
  struct tcp_conn *from = client ? f->ends.client : f->ends.server;
  struct tcp_conn *to = client ? f->ends.server : f->ends.client;
  while (f->sent < f->size) {
    size_t n = f->size - f->sent < CHUNK ? (size_t)(f->size - f->sent) : CHUNK;
    for (size_t i = 0; i < n; i++) {
      f->buf[i] = pair_byte(f->sent + i);
    }
    long done = tcp_send(s, from, f->buf, n, false);
    if (done <= 0) {
      assert_int_equal(done, -PH_EAGAIN);
      break;
    }
    f->sent += (uint64_t)done;
  }
  long got;
  while ((got = tcp_recv(r, to, f->buf, CHUNK, false)) > 0) {
    for (long i = 0; i < got; i++) {
      assert_int_equal(f->buf[i], pair_byte(f->received + (uint64_t)i));
    }
    f->received += (uint64_t)got;
  }
  return f->received == f->size;
}

/* How long `bytes` take from `sender`, in nanoseconds. */
static uint64_t take_time(struct pair *pair, struct flow *f, int sender,
                          uint64_t bytes) {
  uint64_t start = pair->now_ns;
  f->sender = sender;
  f->size = bytes;
  f->sent = f->received = 0;
  assert_true(pair_run(pair, 20 * PAIR_S, pump, f));
  return pair->now_ns - start;
}

struct hogs {
  struct tcp_conn *listener, *client[HOGS], *server[HOGS];
  int owner, count;
};

/* `count` connections from host 1 to host 0, and as much written to them from
 * `writer` as it takes, read by nobody. */
static void hogs_new(struct pair *pair, struct hogs *h, int count, int writer) {
  struct ph_stack *s = &pair->host[0].stack;
  struct ph_stack *c = &pair->host[1].stack;
  struct ph_addr any = ph_addr_v4(0);
  struct ph_addr to = pair_addr(0);
  *h = (struct hogs){.count = count};
  h->listener = tcp_open(s, &h->owner);
  assert_int_equal(tcp_bind(s, h->listener, &any, HOG_PORT, true), 0);
  assert_int_equal(tcp_listen(s, h->listener, HOGS), 0);
  for (int i = 0; i < count; i++) {
    h->client[i] = tcp_open(c, &h->owner);
    assert_non_null(h->client[i]);
    assert_int_equal(tcp_connect(c, h->client[i], &to, HOG_PORT), 0);
    pair_pass(pair, PAIR_MS);
    h->server[i] = tcp_accept(s, h->listener);
    assert_non_null(h->server[i]);
    tcp_set_owner(h->server[i], &h->owner);
  }
  static const uint8_t data[CHUNK];
  for (int round = 0; round < 40; round++) {
    for (int i = 0; i < count; i++) {
      struct tcp_conn *conn = writer ? h->client[i] : h->server[i];
      (void)tcp_send(&pair->host[writer].stack, conn, data, CHUNK, false);
    }
    pair_pass(pair, 10 * PAIR_MS);
  }
}

static void hogs_free(struct pair *pair, struct hogs *h) {
  tcp_close(&pair->host[0].stack, h->listener, true);
  for (int i = 0; i < h->count; i++) {
    tcp_close(&pair->host[0].stack, h->server[i], true);
    tcp_close(&pair->host[1].stack, h->client[i], true);
  }
}

static void close_flow(struct pair *pair, struct flow *f) {
  tcp_close(&pair->host[f->ends.client_owner].stack, f->ends.client, false);
  tcp_close(&pair->host[!f->ends.client_owner].stack, f->ends.server, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
}

/* Host 0 has the hogs; the decent connection sends or receives beside them. */
static void beside_hogs(int writer, int sender) {
  struct hogs h;
  struct flow *f = calloc(1, sizeof(*f));
  struct pair *pair = pair_new(NULL);
  pair_establish(pair, 1, &f->ends);
  uint64_t alone = take_time(pair, f, sender, 1 << 20);
  hogs_new(pair, &h, HOGS, writer);
  uint64_t beside = take_time(pair, f, sender, 1 << 20);
  print_message("alone %llu us, beside %llu us\n",
                (unsigned long long)alone / 1000,
                (unsigned long long)beside / 1000);
  assert_true(beside <= 8 * alone);
  hogs_free(pair, &h);
  close_flow(pair, f);
  free(f);
}

static void unread_connections_leave_room_to_receive(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short */
  (void)state;
  beside_hogs(1, 1);
}

static void unread_connections_leave_room_to_send(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short */
  (void)state;
  beside_hogs(1, 0);
}

static void peers_that_never_read_leave_room_to_send(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short */
  (void)state;
  beside_hogs(0, 0);
}

static void peers_that_never_read_leave_room_to_receive(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short */
  (void)state;
  beside_hogs(0, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unread_connections_leave_room_to_receive),
      cmocka_unit_test(unread_connections_leave_room_to_send),
      cmocka_unit_test(peers_that_never_read_leave_room_to_send),
      cmocka_unit_test(peers_that_never_read_leave_room_to_receive),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
