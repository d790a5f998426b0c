/* SPDX-License-Identifier: Apache-2.0 */
/* The receive queue: bytes in order that the application has not read.
 *
 * A payload stays in the block into which the device wrote it (the block is
 * lent to the connection) as long as that costs nobody else anything:
 *
 * 1. The device's pool keeps its reserve, ph_block_lendable(), and this
 *    connection has no more of the rest than its share.
 * 2. The payload is at least TCP_COPY_BREAK bytes.
 * 3. What is held and what the peer may still send, packed densely, fit into
 *    SO_RCVBUF: held + block + window - payload <= rcvbuf.
 *
 * Otherwise it is copied behind the last byte of the queue, where bytes are
 * packed densely, and the block goes back at once. The window offered is at
 * most half of SO_RCVBUF less what is queued, so rule 3 leaves the other half
 * for what lent blocks waste, and the window never has to shrink.
 *
 * When memory is short and bytes in order arrive, the queue is packed: its
 * pieces are copied together, and nothing more is lent until all is read.
 */
#include "stack/tcp/tcp_recvq.h"

/* Chunks that are done with, linked already, and what they held. */
struct gone {
  struct tcp_chunk *first, *last;
  uint32_t count, held, copied;
};

static inline void let_go(struct gone *gone, struct tcp_chunk *chunk) {
  gone->last = chunk;
  gone->count++;
  gone->held += chunk->block->size;
  gone->copied += chunk->copied;
  ph_block_put(chunk->block);
}

/* Who calls it calls tcp_rcv_account() in the end. */
static void chunks_put(struct tcp_stack *tcp, struct tcp_conn *conn,
                       const struct gone *gone) {
  if (gone->last) {
    gone->last->next = tcp->free_chunks;
    tcp->free_chunks = gone->first;
    tcp->chunks_available += gone->count;
    conn->rcv_held -= gone->held;
    conn->rcv_blocks = (uint16_t)(conn->rcv_blocks - gone->copied);
  }
}

static uint32_t room_behind(const struct tcp_chunk *chunk) {
  return (uint32_t)(chunk->block->data + chunk->block->size - chunk->data) -
         chunk->len;
}

/* Fill up each block of ours with what lies behind it. What is lent in front
 * of the first stays: it is the device's memory. True if that made room. */
static bool pack(struct tcp_stack *tcp, struct tcp_conn *conn) {
  struct tcp_chunks *queue = &conn->rcvq;
  for (struct tcp_chunk *to = queue->head; to; to = to->next) {
    if (!to->copied) {
      continue;
    }
    memmove(to->block->data, to->data, to->len);
    to->data = to->block->data;
    struct tcp_chunk *from;
    while ((from = to->next) != NULL && room_behind(to) > 0) {
      uint32_t n = ph_min_u32(room_behind(to), from->len);
      memcpy(to->data + to->len, from->data, n);
      to->len += n;
      from->data += n;
      from->len -= n;
      if (from->len == 0) {
        to->next = from->next;
        queue->tail = to->next ? queue->tail : to;
        struct gone gone = {.first = from};
        let_go(&gone, from);
        chunks_put(tcp, conn, &gone);
      }
    }
  }
  tcp_rcv_account(tcp, conn);
  conn->rcv_packed = true;
  tcp->stack->stats.TcpRcvCollapsed++;
  return conn->rcv_owed > 0 ||
         (queue->tail && queue->tail->copied && room_behind(queue->tail) > 0);
}

/* How many bytes fit behind the last one, in a new block if there is no other
 * room; 0: there is no memory. */
static PH_INLINE uint32_t make_room(struct tcp_stack *tcp,
                                    struct tcp_conn *conn,
                                    struct tcp_chunks *to) {
  struct tcp_chunk *tail = to->tail;
  uint32_t room = tail && tail->copied ? room_behind(tail) : 0;
  if (room > 0) {
    return room;
  }
  struct ph_block *block = tcp_rcv_block(tcp, conn, to == &conn->rcvq);
  if (!block) {
    return 0;
  }
  if (!tcp_chunk_append(tcp, conn, to, block, block->data, 0, true)) {
    ph_block_put(block);
    return 0;
  }
  return block->size;
}

/* Copy `n` bytes for which there is room. */
static inline void copy_behind(struct tcp_chunks *to, const uint8_t *data,
                               uint32_t n) {
  struct tcp_chunk *tail = to->tail;
  uint8_t *end = tail->data + tail->len;
  tail->len += n;
  memcpy(end, data, n);
}

/* Copy into the tail of `to`; returns how many bytes. */
static uint32_t copy_in(struct tcp_stack *tcp, struct tcp_conn *conn,
                        struct tcp_chunks *to, const uint8_t *data,
                        uint32_t len) {
  uint32_t done = 0;
  bool packed = to != &conn->rcvq; /* out of order: never */
  while (done < len) {
    uint32_t n = ph_min_u32(make_room(tcp, conn, to), len - done);
    if (n == 0) {
      if (!packed && to->head && pack(tcp, conn)) {
        packed = true;
        continue;
      }
      tcp->stack->stats.BlockExhausted++;
      break;
    }
    copy_behind(to, data + done, n);
    done += n;
  }
  return done;
}

static bool lend(struct tcp_stack *tcp, struct tcp_conn *conn,
                 struct tcp_chunks *to, struct ph_block *block, uint8_t *data,
                 uint32_t len) {
  if (!tcp_chunk_append(tcp, conn, to, block, data, len, false)) {
    return false;
  }
  ph_block_ref(block);
  return true;
}

/* A packet's pieces on their way into a queue. */
struct taking {
  struct pkt *pkt;
  struct tcp_chunks *to;
  bool may_lend, asked;
  uint32_t lendable; /* blocks that may still be lent, once it was asked, */
  int64_t room;      /* and of SO_RCVBUF, the window packed densely */
};

/* Ask once per packet what rules 1 and 3 at the head of this file leave. */
static void ask(const struct tcp_stack *tcp, const struct tcp_conn *conn,
                struct taking *taking, const struct ph_block_pool *pool) {
  if (!taking->asked) {
    taking->asked = true;
    taking->lendable = tcp_rcv_lendable(tcp, conn, pool);
    taking->room = (int64_t)conn->rcvbuf - conn->rcv_held -
                   (uint32_t)(conn->rcv_edge - conn->rcv_nxt);
  }
}

/* The chunks have a reference to each of these pieces, up to `end`: the
 * packet's, if they are its last and nothing of them is left, or their own. */
static inline void hold_pieces(struct pkt *pkt, const struct pkt_frag *piece,
                               const struct pkt_frag *end, uint32_t len,
                               bool whole) {
  if (whole && end == pkt->frags + pkt->nfrags) {
    pkt->nfrags = (uint8_t)(piece - pkt->frags);
    pkt->len -= len;
    return;
  }
  for (; piece < end; piece++) {
    ph_block_ref(piece->block);
  }
}

/* Lend the first of these pieces, as many as rules 1 to 3 at the head of this
 * file allow; *piece is the first of the others then. Returns how many bytes
 * of `len`. */
static uint32_t lend_pieces(struct tcp_stack *tcp, struct tcp_conn *conn,
                            struct taking *taking,
                            const struct pkt_frag **piece,
                            const struct pkt_frag *end, uint32_t len) {
  const struct pkt_frag *frag = *piece;
  if (!taking->may_lend || frag == end || !frag->block ||
      ph_min_u32(frag->len, len) < TCP_COPY_BREAK) {
    return 0;
  }
  ask(tcp, conn, taking, frag->block->pool);
  uint32_t most = ph_min_u32(taking->lendable, tcp->chunks_available);
  if (most < (uint32_t)(end - frag)) {
    end = frag + most;
  }
  struct tcp_chunk *chunk = tcp->free_chunks;
  struct tcp_chunk *last = NULL;
  int64_t room = taking->room;
  uint32_t left = len;
  for (; frag < end; frag++) {
    struct ph_block *block = frag->block;
    uint32_t n = ph_min_u32(frag->len, left);
    if (n < TCP_COPY_BREAK || (int64_t)block->size - n > room) {
      break;
    }
    chunk->block = block;
    chunk->data = frag->data;
    chunk->len = n;
    chunk->copied = false;
    room -= block->size;
    left -= n;
    last = chunk;
    chunk = chunk->next;
  }
  if (last) {
    struct tcp_chunks run = {tcp->free_chunks, last};
    hold_pieces(taking->pkt, *piece, frag, len - left,
                last->len == frag[-1].len);
    uint32_t count = (uint32_t)(frag - *piece);
    tcp->free_chunks = chunk;
    tcp->chunks_available -= count;
    last->next = NULL;
    tcp_chunks_concat(taking->to, &run);
    conn->rcv_held += (uint32_t)(taking->room - room);
    taking->lendable -= count;
    taking->room = room;
    *piece = frag;
  }
  return len - left;
}

/* Copy a piece, `len` bytes of it. What there is no memory for may stay where
 * it is as long as the device has enough. */
static uint32_t copy_piece(struct tcp_stack *tcp, struct tcp_conn *conn,
                           const struct taking *taking,
                           const struct pkt_frag *piece, uint32_t len) {
  uint32_t n = copy_in(tcp, conn, taking->to, piece->data, len);
  if (n < len && taking->may_lend && piece->block &&
      taking->to == &conn->rcvq && ph_block_lendable(piece->block) &&
      lend(tcp, conn, taking->to, piece->block, piece->data + n, len - n)) {
    n = len;
  }
  return n;
}

/* Take these pieces, lent or copied, `len` bytes at most. */
static uint32_t take_pieces(struct tcp_stack *tcp, struct tcp_conn *conn,
                            struct taking *taking, const struct pkt_frag *piece,
                            uint32_t count, uint32_t len) {
  const struct pkt_frag *end = piece + count;
  uint32_t done = 0;
  for (;; piece++) {
    done += lend_pieces(tcp, conn, taking, &piece, end, len - done);
    if (piece == end || done == len) {
      return done;
    }
    uint32_t want = ph_min_u32(piece->len, len - done);
    uint32_t got = copy_piece(tcp, conn, taking, piece, want);
    done += got;
    if (got < want) {
      tcp->stack->stats.TcpRcvBufDrops++;
      return done;
    }
  }
}

PH_APART static uint32_t take_long(struct tcp_stack *tcp, struct tcp_conn *conn,
                                   struct tcp_chunks *to, struct pkt *pkt,
                                   uint32_t from, uint32_t len) {
  struct taking taking = {
      .pkt = pkt, .to = to, .may_lend = !pkt->netif || !pkt->netif->loopback};
  /* The piece in which it begins: the linear part behind the TCP header, */
  struct pkt_frag first = {pkt->lent, pkt->head, pkt->head_len};
  uint32_t next = 0;
  while (from >= first.len && next < pkt->nfrags) { /* or a fragment */
    from -= first.len;
    first = pkt->frags[next++];
  }
  uint32_t done = 0;
  if (from == 0 && next > 0) {
    next--; /* all of it */
  } else {
    first.data += from;
    first.len -= from;
    done = take_pieces(tcp, conn, &taking, &first, 1, len);
    if (done < first.len) {
      return done;
    }
  }
  return done + take_pieces(tcp, conn, &taking, pkt->frags + next,
                            pkt->nfrags - next, len - done);
}

uint32_t tcp_chunks_take(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_chunks *to, struct pkt *pkt, uint32_t from,
                         uint32_t len) {
  /* Most messages are short: one piece, copied. */
  bool is_short = PH_SHORT_WAYS && len > 0 && len < TCP_COPY_BREAK;
  if (is_short && from + len <= pkt->head_len &&
      make_room(tcp, conn, to) >= len) {
    copy_behind(to, pkt->head + from, len);
    return len;
  }
  return take_long(tcp, conn, to, pkt, from, len);
}

/* Take the first `n` bytes off, to `to` if that is not NULL. */
static inline void take_front(struct tcp_stack *tcp, struct tcp_conn *conn,
                              struct tcp_chunks *from, uint32_t n,
                              uint8_t *to) {
  struct tcp_chunk *chunk = from->head;
  struct gone gone = {.first = chunk};
  for (; chunk && n >= chunk->len; chunk = chunk->next) {
    if (to) {
      memcpy(to, chunk->data, chunk->len);
      to += chunk->len;
    }
    n -= chunk->len;
    let_go(&gone, chunk);
  }
  from->head = chunk;
  if (!chunk) {
    from->tail = NULL;
  } else if (n > 0) {
    if (to) {
      memcpy(to, chunk->data, n);
    }
    chunk->data += n;
    chunk->len -= n;
  }
  chunks_put(tcp, conn, &gone);
}

void tcp_chunks_drop_front(struct tcp_stack *tcp, struct tcp_conn *conn,
                           struct tcp_chunks *from, uint32_t n) {
  take_front(tcp, conn, from, n, NULL);
}

void tcp_chunks_concat(struct tcp_chunks *to, struct tcp_chunks *from) {
  if (from->head) {
    *(to->tail ? &to->tail->next : &to->head) = from->head;
    to->tail = from->tail;
    from->head = from->tail = NULL;
  }
}

void tcp_chunks_free(struct tcp_stack *tcp, struct tcp_conn *conn,
                     struct tcp_chunks *from) {
  struct gone gone = {.first = from->head};
  for (struct tcp_chunk *chunk = from->head; chunk; chunk = chunk->next) {
    let_go(&gone, chunk);
  }
  chunks_put(tcp, conn, &gone);
  from->head = from->tail = NULL;
  tcp_rcv_account(tcp, conn);
}

/* Copy [offset, offset + len) of the queue. */
static void copy_out(const struct tcp_conn *conn, uint8_t *out, uint32_t len,
                     uint32_t offset) {
  const struct tcp_chunk *chunk = conn->rcvq.head;
  for (; offset >= chunk->len; chunk = chunk->next) {
    offset -= chunk->len;
  }
  for (; len > 0; chunk = chunk->next) {
    uint32_t n = ph_min_u32(chunk->len - offset, len);
    memcpy(out, chunk->data + offset, n);
    out += n;
    len -= n;
    offset = 0;
  }
}

void tcp_recvq_peek(struct tcp_stack *tcp, const struct tcp_conn *conn,
                    void *to, uint32_t len, uint32_t offset) {
  if (to) {
    copy_out(conn, to, len, offset);
    tcp->stack->stats.CopiedBytes += len;
  }
}

uint32_t tcp_recvq_read(struct tcp_stack *tcp, struct tcp_conn *conn,
                        uint8_t *to, uint32_t len) {
  len = ph_min_u32(len, conn->rcvq_len);
  take_front(tcp, conn, &conn->rcvq, len, to);
  tcp->stack->stats.CopiedBytes += to ? len : 0;
  conn->rcvq_len -= len;
  conn->rcv_packed &= conn->rcvq_len > 0;
  tcp_rcv_account(tcp, conn);
  return len;
}
