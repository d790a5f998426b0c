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
#include "stack/tcp/tcp_memory.h"

static struct tcp_chunk *chunk_get(struct tcp_stack *tcp) {
  struct tcp_chunk *chunk = tcp->free_chunks;
  if (chunk) {
    tcp->free_chunks = chunk->next;
    tcp->chunks_available--;
  }
  return chunk;
}

/* Who calls it calls tcp_rcv_account() in the end. */
static void chunk_free(struct tcp_stack *tcp, struct tcp_conn *conn,
                       struct tcp_chunk *chunk) {
  conn->rcv_held -= chunk->block->size;
  conn->rcv_blocks = (uint16_t)(conn->rcv_blocks - chunk->copied);
  ph_block_put(chunk->block);
  chunk->next = tcp->free_chunks;
  tcp->free_chunks = chunk;
  tcp->chunks_available++;
}

/* Append a chunk of `len` bytes at `data`; takes over one reference. */
static bool chunk_append(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_chunks *to, struct ph_block *block,
                         uint8_t *data, uint32_t len, bool copied) {
  struct tcp_chunk *chunk = chunk_get(tcp);
  if (!chunk) {
    return false;
  }
  chunk->next = NULL;
  chunk->block = block;
  chunk->data = data;
  chunk->len = len;
  chunk->copied = copied;
  conn->rcv_held += block->size;
  if (copied) {
    tcp_rcv_block_taken(tcp, conn);
  }
  *(to->tail ? &to->tail->next : &to->head) = chunk;
  to->tail = chunk;
  return true;
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
        chunk_free(tcp, conn, from);
      }
    }
  }
  tcp_rcv_account(tcp, conn);
  conn->rcv_packed = true;
  tcp->stack->stats.TcpRcvCollapsed++;
  return conn->rcv_owed > 0 ||
         (queue->tail && queue->tail->copied && room_behind(queue->tail) > 0);
}

/* Copy into the tail of `to`; returns how many bytes. */
static uint32_t copy_in(struct tcp_stack *tcp, struct tcp_conn *conn,
                        struct tcp_chunks *to, const uint8_t *data,
                        uint32_t len) {
  const bool in_order = to == &conn->rcvq;
  uint32_t done = 0;
  bool packed = false;
  while (done < len) {
    struct tcp_chunk *tail = to->tail;
    uint32_t room = tail && tail->copied ? room_behind(tail) : 0;
    if (room == 0) {
      struct ph_block *block = tcp_rcv_block(tcp, conn, in_order);
      if (!block) {
        if (in_order && to->head && !packed && pack(tcp, conn)) {
          packed = true;
          continue;
        }
        tcp->stack->stats.BlockExhausted++;
        break;
      }
      if (!chunk_append(tcp, conn, to, block, block->data, 0, true)) {
        ph_block_put(block);
        break;
      }
      continue;
    }
    uint32_t n = ph_min_u32(room, len - done);
    memcpy(tail->data + tail->len, data + done, n);
    tail->len += n;
    done += n;
  }
  return done;
}

static bool lend(struct tcp_stack *tcp, struct tcp_conn *conn,
                 struct tcp_chunks *to, struct ph_block *block, uint8_t *data,
                 uint32_t len) {
  if (!chunk_append(tcp, conn, to, block, data, len, false)) {
    return false;
  }
  ph_block_ref(block);
  return true;
}

/* A packet's pieces on their way into a queue. */
struct taking {
  struct tcp_chunks *to;
  bool may_lend, asked;
  uint32_t lendable; /* blocks that may still be lent, once it was asked, */
  int64_t room;      /* and of SO_RCVBUF, the window packed densely */
};

/* Rules 1 to 3 at the head of this file. */
static bool take_lent(struct tcp_stack *tcp, struct tcp_conn *conn,
                      struct taking *taking, struct ph_block *block,
                      uint8_t *data, uint32_t len) {
  if (!taking->asked) {
    taking->asked = true;
    taking->lendable = tcp_rcv_lendable(tcp, conn, block->pool);
    taking->room = (int64_t)conn->rcvbuf - conn->rcv_held -
                   (uint32_t)(conn->rcv_edge - conn->rcv_nxt);
  }
  if (taking->lendable == 0 || (int64_t)block->size - len > taking->room ||
      !lend(tcp, conn, taking->to, block, data, len)) {
    return false;
  }
  taking->lendable--;
  taking->room -= block->size;
  return true;
}

/* Take one contiguous piece, lent or copied. */
static uint32_t take_piece(struct tcp_stack *tcp, struct tcp_conn *conn,
                           struct taking *taking, struct ph_block *block,
                           uint8_t *data, uint32_t len) {
  bool may_lend = taking->may_lend && block;
  if (may_lend && len >= TCP_COPY_BREAK &&
      take_lent(tcp, conn, taking, block, data, len)) {
    return len;
  }
  uint32_t n = copy_in(tcp, conn, taking->to, data, len);
  if (n < len && may_lend && taking->to == &conn->rcvq &&
      ph_block_lendable(block) &&
      lend(tcp, conn, taking->to, block, data + n, len - n)) {
    n = len;
  }
  return n;
}

uint32_t tcp_chunks_take(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_chunks *to, const struct pkt *pkt,
                         uint32_t from, uint32_t len) {
  struct taking taking = {.to = to,
                          .may_lend = !pkt->netif || !pkt->netif->loopback};
  uint32_t left = len;
  /* Piece 0 is the linear part behind the TCP header. */
  struct ph_block *block = pkt->lent;
  uint8_t *data = pkt->head;
  uint32_t size = pkt->head_len;
  for (const struct pkt_frag *frag = pkt->frags; left > 0; frag++) {
    if (from < size) {
      uint32_t want = ph_min_u32(size - from, left);
      uint32_t got = take_piece(tcp, conn, &taking, block, data + from, want);
      left -= got;
      if (got < want) {
        tcp->stack->stats.TcpRcvBufDrops++;
        break;
      }
      from = 0;
    } else {
      from -= size;
    }
    if (frag == pkt->frags + pkt->nfrags) {
      break;
    }
    block = frag->block;
    data = frag->data;
    size = frag->len;
  }
  return len - left;
}

void tcp_chunks_drop_front(struct tcp_stack *tcp, struct tcp_conn *conn,
                           struct tcp_chunks *from, uint32_t n) {
  while (n > 0 && from->head) {
    struct tcp_chunk *chunk = from->head;
    if (n < chunk->len) {
      chunk->data += n;
      chunk->len -= n;
      return;
    }
    n -= chunk->len;
    from->head = chunk->next;
    if (!from->head) {
      from->tail = NULL;
    }
    chunk_free(tcp, conn, chunk);
  }
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
  while (from->head) {
    struct tcp_chunk *chunk = from->head;
    from->head = chunk->next;
    chunk_free(tcp, conn, chunk);
  }
  from->tail = NULL;
  tcp_rcv_account(tcp, conn);
}

/* Copy [offset, offset + len) of the queue. */
static void copy_out(const struct tcp_conn *conn, uint8_t *out, uint32_t len,
                     uint32_t offset) {
  uint32_t done = 0;
  for (const struct tcp_chunk *chunk = conn->rcvq.head; done < len;
       chunk = chunk->next) {
    if (offset >= chunk->len) {
      offset -= chunk->len;
      continue;
    }
    uint32_t n = ph_min_u32(chunk->len - offset, len - done);
    memcpy(out + done, chunk->data + offset, n);
    done += n;
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

uint32_t tcp_recvq_read(struct tcp_stack *tcp, struct tcp_conn *conn, void *to,
                        uint32_t len, bool peek) {
  len = ph_min_u32(len, conn->rcvq_len);
  tcp_recvq_peek(tcp, conn, to, len, 0);
  if (!peek) {
    tcp_chunks_drop_front(tcp, conn, &conn->rcvq, len);
    conn->rcvq_len -= len;
    conn->rcv_packed &= conn->rcvq_len > 0;
    tcp_rcv_account(tcp, conn);
  }
  return len;
}
