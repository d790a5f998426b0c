/* SPDX-License-Identifier: Apache-2.0 */
/* One stack against segments made by hand. */
#include "tests/stack/tcp_peer.h"

/* The options of the peer's next segment, NOPs in front; returns the length. */
static uint32_t put_options(const struct peer *peer, uint8_t flags,
                            uint8_t to[40]) {
  uint8_t *p = to;
  if (flags & TCP_SYN) {
    memcpy(p, (uint8_t[]){2, 4, PEER_MSS >> 8, PEER_MSS & 0xff}, 4);
    p += 4;
    if (peer->sack_permitted) {
      memcpy(p, (uint8_t[]){1, 1, 4, 2}, 4);
      p += 4;
    }
  }
  if (peer->timestamps) {
    memcpy(p, (uint8_t[]){1, 1, 8, 10}, 4);
    put_be32(p + 4, peer->ts_val);
    put_be32(p + 8, peer->ts_ecr);
    p += 12;
  }
  if (peer->sack_count > 0) {
    memcpy(p, (uint8_t[]){1, 1, 5, (uint8_t)(2 + 8 * peer->sack_count)}, 4);
    p += 4;
    for (uint32_t i = 0; i < peer->sack_count; i++, p += 8) {
      put_be32(p, peer->sack[i].left);
      put_be32(p + 4, peer->sack[i].right);
    }
  }
  return (uint32_t)(p - to);
}

static void syn(struct peer *peer, uint8_t flags) {
  uint8_t options[40];
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = peer->port,
                       .seq = (uint32_t)PAIR_ISS,
                       .ack = peer->ack,
                       .flags = flags,
                       .wnd = peer->wnd,
                       .options = options,
                       .options_len = put_options(peer, flags, options)};
  pair_inject(peer->pair, &tx);
  pair_pass(peer->pair, PAIR_MS); /* address resolution */
  peer->seq = (uint32_t)PAIR_ISS + 1;
}

void peer_listen(struct peer *peer, const struct pair_options *options) {
  struct ph_addr any = ph_addr_v4(0);
  *peer = (struct peer){.pair = pair_new(options),
                        .port = OUR_PORT,
                        .seq = (uint32_t)PAIR_ISS,
                        .wnd = PEER_WND};
  peer->pair->to_test = true;
  peer->stack = &peer->pair->host[0].stack;
  ph_stack_set_now(peer->stack, peer->pair->now_ns);
  peer->listener = tcp_open(peer->stack, &peer->listener_owner);
  assert_int_equal(tcp_bind(peer->stack, peer->listener, &any, OUR_PORT, true),
                   0);
  assert_int_equal(tcp_listen(peer->stack, peer->listener, 2), 0);
}

void peer_passive(struct peer *peer, const struct pair_options *options) {
  peer_passive_with(peer, options, 0);
}

void peer_passive_with(struct peer *peer, const struct pair_options *options,
                       uint32_t has) {
  peer_listen(peer, options);
  peer->sack_permitted = has & PEER_SACK;
  peer->timestamps = has & PEER_TIMESTAMPS;
  peer->ts_val = PEER_TS;
  syn(peer, TCP_SYN);
  assert_int_equal(pair_last(peer->pair, 1)->flags, TCP_SYN | TCP_ACK);
  peer->ack = pair_last(peer->pair, 1)->seq + 1;
  peer->ts_ecr = pair_last(peer->pair, 1)->ts_val;
  peer_ack(peer, peer->ack);
  peer->conn = tcp_accept(peer->stack, peer->listener);
  assert_non_null(peer->conn);
  tcp_set_owner(peer->conn, &peer->owner);
  peer_mark(peer);
}

void peer_active(struct peer *peer, const struct pair_options *options) {
  struct ph_addr to = pair_addr(1);
  peer_listen(peer, options);
  peer->conn = tcp_open(peer->stack, &peer->owner);
  assert_int_equal(tcp_connect(peer->stack, peer->conn, &to, PEER_PORT), 0);
  pair_pass(peer->pair, PAIR_MS);
  assert_int_equal(pair_last(peer->pair, 1)->flags, TCP_SYN);
  peer->port = pair_last(peer->pair, 1)->src_port;
  peer->ack = pair_last(peer->pair, 1)->seq + 1;
  peer_mark(peer);
}

void peer_free(struct peer *peer) {
  if (peer->conn) {
    tcp_close(peer->stack, peer->conn, true);
  }
  if (peer->listener) {
    tcp_close(peer->stack, peer->listener, true);
  }
  pair_pass(peer->pair, PAIR_MS); /* address resolution lets go */
  pair_free(peer->pair);
}

void peer_send(struct peer *peer, uint8_t flags, uint32_t seq, const void *data,
               uint32_t len) {
  uint8_t options[40];
  struct pair_tx tx = {.src_port = PEER_PORT,
                       .dst_port = peer->port,
                       .seq = seq,
                       .ack = peer->ack,
                       .flags = flags,
                       .wnd = peer->wnd,
                       .options = options,
                       .options_len = put_options(peer, 0, options),
                       .data = data,
                       .len = len,
                       .tos = peer->tos,
                       .urg = peer->urg};
  pair_inject(peer->pair, &tx);
}

void peer_data(struct peer *peer, uint32_t len) {
  uint8_t data[1460];
  for (uint32_t i = 0; i < len; i++) {
    data[i] = pair_byte(peer->seq - ((uint32_t)PAIR_ISS + 1) + i);
  }
  peer_send(peer, TCP_ACK, peer->seq, data, len);
  peer->seq += len;
}

void peer_ack(struct peer *peer, uint32_t ack) {
  peer->ack = ack;
  peer_send(peer, TCP_ACK, peer->seq, NULL, 0);
}

uint32_t peer_at(uint32_t n) {
  return (uint32_t)PAIR_ISS + 1 + n * PEER_MSS;
}

void peer_sack(struct peer *peer, uint32_t ack, uint32_t count,
               const struct tcp_sack_block *blocks) {
  peer->sack_count = count;
  memcpy(peer->sack, blocks, count * sizeof(*blocks));
  peer_ack(peer, ack);
  peer->sack_count = 0;
}

void peer_sack1(struct peer *peer, uint32_t ack, uint32_t from, uint32_t to) {
  const struct tcp_sack_block block = {peer_at(from), peer_at(to)};
  peer_sack(peer, peer_at(ack), 1, &block);
}

void peer_icmp(struct peer *peer, uint8_t type, uint8_t code, uint16_t mtu,
               uint32_t seq) {
  uint8_t packet[28] = {0x45};
  put_be16(packet + 2, 1500);
  packet[8] = 60;
  packet[9] = IP_PROTO_TCP;
  put_be32(packet + 12, 0x0a000001);
  put_be32(packet + 16, 0x0a000002);
  put_be16(packet + 20, peer->port);
  put_be16(packet + 22, PEER_PORT);
  put_be32(packet + 24, seq);
  pair_icmp(peer->pair, 0, type, code, mtu, packet, sizeof(packet));
  peer_pass(peer, PAIR_MS);
}

void peer_error(struct peer *peer, enum ip_error error, uint16_t mtu,
                uint32_t seq, uint16_t port) {
  uint8_t quoted[8];
  put_be16(quoted, OUR_PORT);
  put_be16(quoted + 2, port);
  put_be32(quoted + 4, seq);
  const struct ip_error_info info = {.error = error,
                                     .src = pair_addr(0),
                                     .dst = pair_addr(1),
                                     .mtu = mtu,
                                     .transport = quoted,
                                     .transport_len = sizeof(quoted)};
  tcp_icmp_error(peer->stack, &info);
}

void peer_pass(struct peer *peer, uint64_t ns) {
  pair_pass(peer->pair, ns);
}

void peer_mark(struct peer *peer) {
  peer->mark = peer->pair->log_count;
}

uint32_t peer_sent(const struct peer *peer) {
  return peer->pair->log_count - peer->mark;
}

const struct pair_seg *peer_seg(const struct peer *peer, uint32_t n) {
  assert_true(n < peer_sent(peer));
  return &peer->pair->log[peer->mark + n];
}

void peer_expect(const struct peer *peer, uint8_t flags, uint32_t seq,
                 uint32_t ack, uint32_t len) {
  assert_int_equal(peer_sent(peer), 1);
  const struct pair_seg *seg = peer_seg(peer, 0);
  assert_int_equal(seg->flags, flags);
  assert_int_equal(seg->seq, seq);
  assert_int_equal(seg->ack, ack);
  assert_int_equal(seg->len, len);
}

long peer_app_send(struct peer *peer, uint32_t len) {
  static uint8_t data[1 << 20];
  ph_stack_set_now(peer->stack, peer->pair->now_ns);
  return tcp_send(peer->stack, peer->conn, data, len, false);
}

enum tcp_state peer_state(const struct peer *peer) {
  return tcp_get_state(peer->conn);
}

static void fin(struct peer *p) {
  peer_send(p, TCP_FIN | TCP_ACK, p->seq, NULL, 0);
  p->seq++;
}

void peer_into(struct peer *p, enum tcp_state state) {
  switch (state) {
    case TCP_STATE_CLOSED:
      peer_listen(p, NULL);
      p->port = 81;
      return;
    case TCP_STATE_LISTEN:
      peer_listen(p, NULL);
      return;
    case TCP_STATE_SYN_SENT:
      peer_active(p, NULL);
      return;
    case TCP_STATE_SYN_RECEIVED:
      peer_active(p, NULL);
      peer_send(p, TCP_SYN, (uint32_t)PAIR_ISS, NULL, 0);
      p->seq = (uint32_t)PAIR_ISS + 1;
      return;
    default:
      break;
  }
  peer_passive(p, NULL);
  bool peer_first =
      state == TCP_STATE_CLOSE_WAIT || state == TCP_STATE_LAST_ACK;
  if (peer_first) {
    fin(p);
  }
  if (state != TCP_STATE_ESTABLISHED && state != TCP_STATE_CLOSE_WAIT) {
    assert_int_equal(tcp_shutdown(p->stack, p->conn, false, true), 0);
  }
  if (state == TCP_STATE_FIN_WAIT_2 || state == TCP_STATE_TIME_WAIT) {
    peer_ack(p, (uint32_t)PAIR_ISS + 1 + 1);
  }
  if (state == TCP_STATE_CLOSING || state == TCP_STATE_TIME_WAIT) {
    fin(p);
  }
  assert_int_equal(peer_state(p), state);
}
