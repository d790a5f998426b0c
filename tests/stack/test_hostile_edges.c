/* SPDX-License-Identifier: Apache-2.0 */
/* RST, SYN, FIN, data and ACK at every edge of what is expected, one off to
 * either side, and as far away as sequence numbers go; each case against a
 * fresh connection, with the outcome that the standards name. With a window
 * and with none. */
#include "tests/stack/tcp_peer.h"

enum { LEN = 10 };

/* What came of one segment. */
struct outcome {
  enum tcp_state state;
  uint32_t advance; /* of rcv_nxt */
  uint32_t held;    /* bytes out of order */
  uint32_t acked;   /* advance of snd_una */
  uint32_t sent;    /* segments in answer */
  uint64_t challenges;
};

static uint32_t out_of_order(const struct tcp_conn *c) {
  uint32_t bytes = 0;
  for (const struct tcp_range *r = c->out->ooo.first; r; r = r->next) {
    bytes += r->len;
  }
  return bytes;
}

/* Until the window is shut; what was read so far stays unread. */
static void shut_window(struct peer *p) {
  tcp_set_rcvbuf(p->conn, 2304);
  while (p->conn->rcv_edge != p->conn->rcv_nxt) {
    peer_data(p, ph_min_u32(1000, p->conn->rcv_edge - p->conn->rcv_nxt));
  }
}

/* A second connection is not touched by anything here. */
static struct tcp_conn *bystander(struct peer *p) {
  struct pair_tx tx = {.src_port = PEER_PORT + 1,
                       .dst_port = OUR_PORT,
                       .seq = 5000,
                       .flags = TCP_SYN,
                       .wnd = 1000};
  pair_inject(p->pair, &tx);
  tx.seq++;
  tx.ack = pair_last(p->pair, 1)->seq + 1;
  tx.flags = TCP_ACK;
  pair_inject(p->pair, &tx);
  struct tcp_conn *conn = tcp_accept(p->stack, p->listener);
  assert_non_null(conn);
  tcp_set_owner(conn, &p->owner);
  return conn;
}

static struct outcome try(bool shut, uint8_t flags, uint32_t offset,
                          uint32_t ack_offset, uint32_t len) {
  struct peer p;
  peer_passive(&p, NULL);
  struct tcp_conn *other = bystander(&p);
  if (shut) {
    shut_window(&p);
  }
  assert_int_equal(peer_app_send(&p, 1000), 1000);
  struct tcp_conn before = *p.conn;
  uint64_t challenges = p.stack->stats.TcpChallengeAcks;
  char text[LEN] = "0123456789";
  peer_mark(&p);
  p.ack = before.snd_una + ack_offset;
  peer_send(&p, flags, before.rcv_nxt + offset, text, len);
  const struct tcp_conn *c = p.conn;
  struct outcome o = {
      .state = peer_state(&p),
      .sent = peer_sent(&p),
      .challenges = p.stack->stats.TcpChallengeAcks - challenges};
  if (o.state != TCP_STATE_CLOSED) {
    o.advance = c->rcv_nxt - before.rcv_nxt;
    o.held = out_of_order(c);
    o.acked = c->snd_una - before.snd_una;
    assert_true(c->rcv_edge == before.rcv_edge || o.advance > 0);
  }
  for (uint32_t i = 0; i < o.sent; i++) { /* nothing but a plain ACK */
    assert_int_equal(peer_seg(&p, i)->flags, TCP_ACK);
    assert_int_equal(peer_seg(&p, i)->ack, c->rcv_nxt);
    assert_int_equal(peer_seg(&p, i)->seq, c->snd_nxt);
  }
  assert_true(o.sent <= 1);
  assert_int_equal(tcp_get_state(other), TCP_STATE_ESTABLISHED);
  assert_int_equal(other->rcv_nxt, 5001);
  tcp_close(p.stack, other, true);
  peer_free(&p);
  return o;
}

static uint32_t window(bool shut) {
  struct peer p;
  peer_passive(&p, NULL);
  if (shut) {
    shut_window(&p);
  }
  uint32_t wnd = p.conn->rcv_edge - p.conn->rcv_nxt;
  peer_free(&p);
  return wnd;
}

/* Offsets from rcv_nxt: both edges of the window and those of the numbers. */
enum { EDGES = 26 };

static void edges(uint32_t wnd, uint32_t to[EDGES]) {
  const uint32_t half = 0x80000000u;
  const uint32_t at[] = {0, wnd, half, wnd + half};
  uint32_t n = 0;
  for (size_t i = 0; i < PH_ARRAY_LEN(at); i++) {
    for (int d = -1; d <= 1; d++) {
      to[n++] = at[i] + (uint32_t)d;
    }
  }
  /* A segment of LEN that ends at an edge or one off. */
  for (size_t i = 0; i < PH_ARRAY_LEN(at); i++) {
    for (int d = -1; d <= 1; d++) {
      to[n++] = at[i] - LEN + (uint32_t)d;
    }
  }
  to[n++] = wnd / 2;
  to[n++] = 0u - wnd / 2 - 1000;
  assert_int_equal(n, EDGES);
}

static void rst_at_every_edge(void **state) {
  /* EVIDENCE: RFC 5961 3.2 (1), (2), (3); RFC 9293 3.10.7.4 (second) */
  (void)state;
  for (int shut = 0; shut < 2; shut++) {
    uint32_t offset[EDGES], wnd = window(shut);
    edges(wnd, offset);
    for (int i = 0; i < EDGES; i++) {
      for (int ack = 0; ack < 2; ack++) {
        struct outcome o =
            try(shut, (uint8_t)(ack ? TCP_RST | TCP_ACK : TCP_RST), offset[i],
                0, 0);
        assert_int_equal(o.state,
                         offset[i] ? TCP_STATE_ESTABLISHED : TCP_STATE_CLOSED);
        bool inside = offset[i] > 0 && offset[i] < wnd;
        assert_int_equal(o.sent, inside);
        assert_int_equal(o.challenges, inside);
      }
    }
  }
}

static void syn_at_every_edge_is_challenged(void **state) {
  /* EVIDENCE: RFC 5961 4.2 (irrespective of the sequence number) */
  (void)state;
  for (int shut = 0; shut < 2; shut++) {
    uint32_t offset[EDGES];
    edges(window(shut), offset);
    for (int i = 0; i < EDGES; i++) {
      for (uint32_t len = 0; len <= LEN; len += LEN) {
        struct outcome o = try(shut, TCP_SYN, offset[i], 0, len);
        assert_int_equal(o.state, TCP_STATE_ESTABLISHED);
        assert_int_equal(o.advance + o.held + o.acked, 0);
        assert_int_equal(o.sent, 1);
      }
    }
  }
}

/* The part of [offset, offset + LEN) inside [0, wnd): where it begins, and how
 * much. */
static uint32_t inside(uint32_t offset, uint32_t wnd, uint32_t *begin) {
  int64_t from = (int32_t)offset, to = from + LEN;
  from = from < 0 ? 0 : from;
  to = to > wnd ? wnd : to;
  *begin = (uint32_t)from;
  return to > from ? (uint32_t)(to - from) : 0;
}

static void data_at_every_edge_counts_inside_the_window(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (first: four cases, and trimming) */
  (void)state;
  for (int shut = 0; shut < 2; shut++) {
    uint32_t offset[EDGES], wnd = window(shut);
    edges(wnd, offset);
    for (int i = 0; i < EDGES; i++) {
      uint32_t begin, bytes = inside(offset[i], wnd, &begin);
      struct outcome o = try(shut, TCP_ACK, offset[i], 0, LEN);
      assert_int_equal(o.state, TCP_STATE_ESTABLISHED);
      assert_int_equal(o.advance, begin == 0 ? bytes : 0);
      assert_int_equal(o.held, begin == 0 ? 0 : bytes);
      assert_int_equal(o.acked, 0);
      if (begin > 0 || bytes == 0) {
        assert_int_equal(o.sent, 1); /* where we are: at once */
      }
    }
  }
}

static void fin_at_every_edge_counts_at_the_next(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (eighth) */
  (void)state;
  uint32_t offset[EDGES];
  edges(window(false), offset);
  for (int i = 0; i < EDGES; i++) {
    struct outcome o = try(false, TCP_FIN | TCP_ACK, offset[i], 0, 0);
    bool next = offset[i] == 0;
    assert_int_equal(o.state,
                     next ? TCP_STATE_CLOSE_WAIT : TCP_STATE_ESTABLISHED);
    assert_int_equal(o.advance, next);
    assert_int_equal(o.held, 0);
    assert_int_equal(o.sent, !next); /* else where we are: at once */
  }
}

static void ack_at_every_edge(void **state) {
  /* EVIDENCE: RFC 9293 3.10.7.4 (fifth), RFC 5961 5.2 */
  (void)state;
  const uint32_t max = PEER_WND; /* MAX.SND.WND */
  const uint32_t half = 0x80000000u, out = 1000;
  const uint32_t at[] = {0, out, 0u - max, half, half + out, half - max};
  for (size_t i = 0; i < PH_ARRAY_LEN(at); i++) {
    for (int d = -1; d <= 1; d++) {
      uint32_t ack = at[i] + (uint32_t)d;
      struct outcome o = try(false, TCP_ACK, 0, ack, LEN);
      bool news = ack > 0 && ack <= out;
      bool old = 0u - ack <= max;
      assert_int_equal(o.acked, news ? ack : 0);
      assert_int_equal(o.advance, news || old ? LEN : 0);
      assert_int_equal(o.challenges, !(news || old));
      assert_int_equal(o.state, TCP_STATE_ESTABLISHED);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rst_at_every_edge),
      cmocka_unit_test(syn_at_every_edge_is_challenged),
      cmocka_unit_test(data_at_every_edge_counts_inside_the_window),
      cmocka_unit_test(fin_at_every_edge_counts_at_the_next),
      cmocka_unit_test(ack_at_every_edge),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
