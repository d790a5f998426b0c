/* SPDX-License-Identifier: Apache-2.0 */
/* The receive queue: bytes in order that the application has not read.
 *
 * A payload stays in the block into which the device wrote it (the block is
 * lent to the connection) as long as that costs nobody else anything:
 *
 * 1. The device's pool keeps its reserve: ph_block_lendable().
 * 2. The payload is at least TCP_COPY_BREAK bytes.
 * 3. What is held and what the peer may still send, packed densely, fit into
 *    SO_RCVBUF: held + block + window - payload <= rcvbuf.
 *
 * Otherwise it is copied behind the last byte of the queue, where bytes are
 * packed densely, and the block goes back at once. The window offered is at
 * most half of SO_RCVBUF less what is queued, so rule 3 leaves the other half
 * for what lent blocks waste, and the window never has to shrink.
 */
#include "stack/tcp/tcp_internal.h"

static struct tcp_chunk *chunk_get(struct tcp_stack *tcp) {
  struct tcp_chunk *chunk = tcp->free_chunks;
  if (chunk) {
    tcp->free_chunks = chunk->next;
    tcp->chunks_available--;
  }
  return chunk;
}

static void chunk_free(struct tcp_stack *tcp, struct tcp_conn *conn,
                       struct tcp_chunk *chunk) {
  conn->rcv_held -= chunk->block->size;
  ph_block_put(chunk->block);
  chunk->next = tcp->free_chunks;
  tcp->free_chunks = chunk;
  tcp->chunks_available++;
}

/* Append a chunk that starts at `data`; takes over one reference. */
static bool chunk_append(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_chunks *to, const struct tcp_chunk *from) {
  struct tcp_chunk *chunk = chunk_get(tcp);
  if (!chunk) {
    return false;
  }
  *chunk = *from;
  chunk->next = NULL;
  conn->rcv_held += chunk->block->size;
  *(to->tail ? &to->tail->next : &to->head) = chunk;
  to->tail = chunk;
  return true;
}

/* Copy into the tail of `to`; returns how many bytes. */
static uint32_t copy_in(struct tcp_stack *tcp, struct tcp_conn *conn,
                        struct tcp_chunks *to, const uint8_t *data,
                        uint32_t len) {
  uint32_t done = 0;
  while (done < len) {
    struct tcp_chunk *tail = to->tail;
    uint32_t room = 0;
    if (tail && tail->copied) {
      room = (uint32_t)(tail->block->data + tail->block->size - tail->data) -
             tail->len;
    }
    if (room == 0) {
      struct ph_block *block =
          tcp_block_allowance(tcp->stack, conn->rcv_held) > 0
              ? ph_block_get(&tcp->stack->blocks)
              : NULL;
      if (!block) {
        tcp->stack->stats.BlockExhausted++;
        break;
      }
      struct tcp_chunk fresh = {NULL, block, block->data, 0, 1};
      if (!chunk_append(tcp, conn, to, &fresh)) {
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
  struct tcp_chunk fresh = {NULL, block, data, len, 0};
  if (!chunk_append(tcp, conn, to, &fresh)) {
    return false;
  }
  ph_block_ref(block);
  return true;
}

/* Take one contiguous piece, lent or copied. */
static uint32_t take_piece(struct tcp_stack *tcp, struct tcp_conn *conn,
                           struct tcp_chunks *to, struct ph_block *block,
                           uint8_t *data, uint32_t len) {
  bool lendable = block && ph_block_lendable(block);
  uint64_t dense = (uint64_t)conn->rcv_held +
                   (uint32_t)(conn->rcv_edge - conn->rcv_nxt) +
                   (block ? block->size : 0);
  if (lendable && len >= TCP_COPY_BREAK &&
      dense <= (uint64_t)conn->rcvbuf + len &&
      lend(tcp, conn, to, block, data, len)) {
    return len;
  }
  uint32_t n = copy_in(tcp, conn, to, data, len);
  if (n < len && lendable && lend(tcp, conn, to, block, data + n, len - n)) {
    n = len;
  }
  return n;
}

uint32_t tcp_chunks_take(struct tcp_stack *tcp, struct tcp_conn *conn,
                         struct tcp_chunks *to, const struct pkt *pkt,
                         uint32_t from, uint32_t len) {
  uint32_t done = 0;
  bool may_lend = !pkt->netif || !pkt->netif->loopback;
  uint32_t offset = 0; /* of the piece looked at */
  for (uint32_t i = 0; i <= pkt->nfrags && done < len; i++) {
    /* Piece 0 is the linear part behind the TCP header. */
    struct ph_block *block = i ? pkt->frags[i - 1].block : pkt->lent;
    uint8_t *data = i ? pkt->frags[i - 1].data : pkt->head;
    uint32_t size = i ? pkt->frags[i - 1].len : pkt->head_len;
    uint32_t start = from + done;
    if (start < offset + size) {
      uint32_t skip = start - offset;
      uint32_t want = ph_min_u32(size - skip, len - done);
      uint32_t got =
          take_piece(tcp, conn, to, may_lend ? block : NULL, data + skip, want);
      done += got;
      if (got < want) {
        break;
      }
    }
    offset += size;
  }
  if (done < len) {
    tcp->stack->stats.TcpRcvBufDrops++;
  }
  return done;
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
  }
  return len;
}
