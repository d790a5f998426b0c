/* SPDX-License-Identifier: Apache-2.0 */
/* One decent connection beside a thousand that take memory and never give it
 * back: its rate, in virtual time, is at least nine tenths of what it has
 * alone (docs/stack.md, when memory is short). The wire has no rate, so that
 * it is the memory of both ends, and nothing else, that limits the flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "stack/udp/udp.h"
#include "tests/stack/tcp_pair.h"

enum {
  HOG_PORT = 81,
  HOGS = 1000,
  CONNECTIONS = 1008,
  POOL = 4 * CONNECTIONS + 64, /* blocks: four for each connection */
  CHUNK = 16384,
  BUFFER = 256 * 1024, /* of the decent one */
};

#define FLOW_BYTES (8ull << 20)

struct hogs {
  struct tcp_conn *listener, *client[HOGS], *server[HOGS];
  int owner, count;
  bool up, down; /* to host 0, to host 1 */
};

struct flow {
  struct pair_ends ends;
  int sender; /* host */
  uint64_t size, sent, received;
  struct hogs *hogs; /* stuffed all the time, or NULL */
};

/* Whoever may write to a hog does. */
static void stuff(struct pair *pair, struct hogs *h) {
  static const uint8_t data[CHUNK];
  for (int i = 0; i < h->count; i++) {
    if (h->up) {
      (void)tcp_send(&pair->host[1].stack, h->client[i], data, CHUNK, false);
    }
    if (h->down) {
      (void)tcp_send(&pair->host[0].stack, h->server[i], data, CHUNK, false);
    }
  }
}

static bool pump(struct pair *pair, void *ctx) {
  struct flow *f = ctx;
  bool client = f->ends.client_owner == f->sender;
  struct tcp_conn *from = client ? f->ends.client : f->ends.server;
  struct tcp_conn *to = client ? f->ends.server : f->ends.client;
  if (f->hogs) {
    stuff(pair, f->hogs);
  }
  pair_write(&pair->host[f->sender].stack, from, &f->sent, f->size, CHUNK);
  (void)pair_read(&pair->host[!f->sender].stack, to, &f->received, CHUNK);
  return f->received == f->size;
}

/* How long the flow takes from `sender`, in nanoseconds. */
static uint64_t take_time(struct pair *pair, struct flow *f, int sender) {
  uint64_t start = pair->now_ns;
  f->sender = sender;
  f->size = FLOW_BYTES;
  f->sent = f->received = 0;
  assert_true(pair_run(pair, 20 * PAIR_S, pump, f));
  return pair->now_ns - start;
}

static struct pair *new_pair(void) {
  const struct pair_options options = {.tcp = {.max_connections = CONNECTIONS},
                                       .blocks_each = POOL};
  return pair_new(&options);
}

/* Connections from host 1 to host 0, filled until nothing more goes. */
static struct hogs *hogs_new(struct pair *pair, bool up, bool down) {
  struct ph_stack *s = &pair->host[0].stack;
  struct ph_stack *c = &pair->host[1].stack;
  struct ph_addr any = ph_addr_v4(0);
  struct ph_addr to = pair_addr(0);
  struct hogs *h = calloc(1, sizeof(*h));
  *h = (struct hogs){.count = HOGS, .up = up, .down = down};
  h->listener = tcp_open(s, &h->owner);
  assert_int_equal(tcp_bind(s, h->listener, &any, HOG_PORT, true), 0);
  assert_int_equal(tcp_listen(s, h->listener, HOGS), 0);
  for (int i = 0; i < HOGS; i++) {
    h->client[i] = tcp_open(c, &h->owner);
    assert_non_null(h->client[i]);
    assert_int_equal(tcp_connect(c, h->client[i], &to, HOG_PORT), 0);
  }
  pair_pass(pair, 4 * PAIR_S); /* ARP keeps only a few of the first SYNs */
  for (int i = 0; i < HOGS; i++) {
    h->server[i] = tcp_accept(s, h->listener);
    assert_non_null(h->server[i]);
    tcp_set_owner(h->server[i], &h->owner);
  }
  for (int round = 0; round < 40; round++) {
    stuff(pair, h);
    pair_pass(pair, 10 * PAIR_MS);
  }
  return h;
}

/* Each application reads a request, and nothing after it. */
static void hogs_sip(struct pair *pair, struct hogs *h) {
  enum { REQUEST = 4096, SIPS = 4 };
  for (int sip = 0; sip < SIPS; sip++) {
    for (int i = 0; i < HOGS; i++) {
      struct ph_stack *s = &pair->host[0].stack;
      struct ph_stack *c = &pair->host[1].stack;
      (void)tcp_recv(s, h->server[i], NULL, REQUEST, false);
      (void)tcp_recv(c, h->client[i], NULL, REQUEST, false);
    }
    for (int round = 0; round < 10; round++) {
      pair_pass(pair, 10 * PAIR_MS);
      stuff(pair, h);
    }
  }
}

static void hogs_free(struct pair *pair, struct hogs *h) {
  tcp_close(&pair->host[0].stack, h->listener, true);
  for (int i = 0; i < h->count; i++) {
    tcp_close(&pair->host[0].stack, h->server[i], true);
    tcp_close(&pair->host[1].stack, h->client[i], true);
  }
  free(h);
}

static void end(struct pair *pair, struct flow *f) {
  tcp_close(&pair->host[f->ends.client_owner].stack, f->ends.client, false);
  tcp_close(&pair->host[!f->ends.client_owner].stack, f->ends.server, false);
  pair_pass(pair, PAIR_S);
  pair_free(pair);
  free(f);
}

/* Buffers of a fixed size, or on a wire without a rate the flow alone would
 * take all the memory that there is. */
static void establish(struct pair *pair, struct flow *f) {
  struct tcp_conn *ends[2];
  pair_establish(pair, 1, &f->ends);
  ends[0] = f->ends.server;
  ends[1] = f->ends.client;
  for (int i = 0; i < 2; i++) {
    tcp_set_sndbuf(ends[i], BUFFER);
    tcp_set_rcvbuf(ends[i], BUFFER);
  }
}

static uint64_t alone(int sender) {
  struct pair *pair = new_pair();
  struct flow *f = calloc(1, sizeof(*f));
  establish(pair, f);
  uint64_t ns = take_time(pair, f, sender);
  end(pair, f);
  return ns;
}

/* The flow is there before the hogs, or comes when they have taken what they
 * can get. */
static void beside(bool up, bool down, int sender, bool late, bool sip) {
  uint64_t best = alone(sender);
  struct pair *pair = new_pair();
  struct flow *f = calloc(1, sizeof(*f));
  if (!late) {
    establish(pair, f);
  }
  f->hogs = hogs_new(pair, up, down);
  if (sip) {
    hogs_sip(pair, f->hogs);
  }
  if (late) {
    establish(pair, f);
  }
  uint64_t ns = take_time(pair, f, sender);
  print_message("alone %llu us, beside %llu us: %llu %% of the rate\n",
                (unsigned long long)best / 1000, (unsigned long long)ns / 1000,
                (unsigned long long)(100 * best / ns));
  /* After sips the flow starts in what they left: two thirds of its rate,
   * its start from a window of one block included. */
  assert_true(sip ? 2 * ns <= 3 * best : 9 * ns <= 10 * best);
  for (int i = 0; i < 2 && !sip; i++) {
    const struct ph_block_pool *pool = &pair->host[i].stack.blocks;
    assert_true(pool->available >= pool->reserve + pool->half / 2);
  }
  hogs_free(pair, f->hogs);
  end(pair, f);
}

static void unread_connections_reader_keeps_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (receive) */
  (void)state;
  beside(true, false, 1, false, false);
}

static void unread_connections_late_reader_has_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (receive) */
  (void)state;
  beside(true, false, 1, true, false);
}

static void unread_connections_writer_keeps_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (send) */
  (void)state;
  beside(true, false, 0, false, false);
}

static void peers_that_never_read_writer_keeps_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (send) */
  (void)state;
  beside(false, true, 0, false, false);
}

static void peers_that_never_read_late_writer_has_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (send) */
  (void)state;
  beside(false, true, 0, true, false);
}

static void peers_that_never_read_reader_keeps_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (receive) */
  (void)state;
  beside(false, true, 1, false, false);
}

static void nobody_reads_on_either_side_flow_has_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (both) */
  (void)state;
  beside(true, true, 1, true, false);
}

static void requests_read_and_no_more_reader_has_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (receive) */
  (void)state;
  beside(true, false, 1, true, true);
}

static void requests_read_and_no_more_writer_has_its_rate(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (send) */
  (void)state;
  beside(false, true, 0, true, true);
}

/* ---- UDP ----------------------------------------------------------------- */

static void udp_sockets_never_read_half_of_each_pool_is_left(void **state) {
  /* EVIDENCE: docs/stack.md, when memory is short (UDP) */
  (void)state;
  enum { SOCKETS = 4, DATAGRAMS = 60, PORT = 5000, BLOCKS = 128 };
  const struct pair_options options = {.tcp = {.max_connections = 16},
                                       .socket = {.max_sockets = 8},
                                       .blocks = BLOCKS};
  static const uint8_t data[1000];
  struct pair *pair = pair_new(&options);
  struct pair_host *host = &pair->host[0];
  struct udp_pcb hog[SOCKETS], sender;
  struct ph_addr any = ph_addr_v4(0);
  struct ph_addr to = pair_addr(0);
  ph_block_pool_reserve(&host->rx_pool, PAIR_RX_BLOCKS - BLOCKS);
  udp_open(&pair->host[1].stack, &sender, 1 << 20);
  for (int i = 0; i < SOCKETS; i++) {
    udp_open(&host->stack, &hog[i], 1 << 20);
    assert_int_equal(udp_bind(&hog[i], &any, (uint16_t)(PORT + i)), 0);
  }
  for (int n = 0; n < SOCKETS * DATAGRAMS; n++) {
    assert_int_equal(udp_sendto(&sender, data, sizeof(data), &to,
                                (uint16_t)(PORT + n % SOCKETS)),
                     sizeof(data));
    pair_pass(pair, PAIR_MS);
  }
  for (int i = 0; i < SOCKETS; i++) {
    assert_true(hog[i].queued_len > 1);
  }
  assert_true(ph_block_spare(&host->rx_pool) + SOCKETS >= host->rx_pool.half);
  assert_true(ph_block_spare(&host->stack.blocks) + SOCKETS >=
              host->stack.blocks.half);
  for (int i = 0; i < SOCKETS; i++) {
    udp_close(&hog[i]);
  }
  udp_close(&sender);
  pair_free(pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(unread_connections_reader_keeps_its_rate),
      cmocka_unit_test(unread_connections_late_reader_has_its_rate),
      cmocka_unit_test(unread_connections_writer_keeps_its_rate),
      cmocka_unit_test(peers_that_never_read_writer_keeps_its_rate),
      cmocka_unit_test(peers_that_never_read_late_writer_has_its_rate),
      cmocka_unit_test(peers_that_never_read_reader_keeps_its_rate),
      cmocka_unit_test(nobody_reads_on_either_side_flow_has_its_rate),
      cmocka_unit_test(requests_read_and_no_more_reader_has_its_rate),
      cmocka_unit_test(requests_read_and_no_more_writer_has_its_rate),
      cmocka_unit_test(udp_sockets_never_read_half_of_each_pool_is_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
