/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have how many blocks of the stack's pool, so that connections which
 * take and never give back can't slow down those that move data.
 *
 * 1. Each connection that could exist is sure of two blocks (its floor): one to
 *    receive into, one to send from.
 * 2. A window is a debt. What waits to be read and what the peer may still send
 *    need tcp_need() blocks, packed densely; those that are not there yet are
 *    kept free: pool->reserve is the sum of what is owed. A segment in order
 *    and inside the window therefore finds memory.
 * 3. Of the rest, the upper half is for anyone, the lower half only for who
 *    moves data: twice what was read so far, what was acknowledged so far
 *    (ph_block_share()), as far as that is earned (ph_block_earned()). A window
 * that was opened never shrinks, so this decides only by how much it opens.
 * 4. Data out of order use memory that is not owed, or their own connection's;
 *    they are given up when data in order need it (RFC 2018 8: not yet
 *    acknowledged, so the peer still has them).
 *
 * So who never reads, or whose peer never reads or acknowledges, holds its
 * floor and at most half of the rest, together with all others of its kind,
 * however many they are. Rule 1 needs four blocks per connection; a smaller
 * pool has no floors, and the first block is there for who comes first. */
#include "stack/tcp/tcp_memory.h"

enum {
  FLOOR_SHARE = 2,     /* floors take at most 1/2 of the pool */
  ALLOWANCE_STEP = 16, /* shares shrink while blocks are taken */
};

void tcp_memory_init(struct tcp_stack *tcp) {
  struct ph_block_pool *pool = &tcp->stack->blocks;
  uint64_t floors = 2ull * tcp->max_conns;
  tcp->floor = floors <= pool->count / FLOOR_SHARE;
  ph_block_pool_reserve(pool, tcp->floor ? (uint32_t)floors : 0);
}

static PH_APART_IF_SMALL uint32_t blocks_of(uint64_t bytes) {
  uint64_t blocks = (bytes + PH_BLOCK_SIZE - 1) / PH_BLOCK_SIZE;
  return blocks < UINT16_MAX ? (uint32_t)blocks : UINT16_MAX;
}

/* ---- Receive ------------------------------------------------------------ */

/* Nothing more will arrive that has to be kept. */
static bool receive_over(const struct tcp_conn *conn) {
  return conn->fin_received || conn->state == TCP_STATE_TIME_WAIT;
}

/* The blocks for what waits and what was promised. One that is half read may
 * be moved to its front; of several, the first may be. */
static uint32_t need(const struct tcp_stack *tcp, const struct tcp_conn *conn) {
  uint32_t window = receive_over(conn) ? 0 : conn->rcv_edge - conn->rcv_nxt;
  uint32_t bytes = conn->rcvq_len + window + (window > 0 ? TCP_RCV_SLACK : 0);
  return bytes <= PH_BLOCK_SIZE ? tcp->floor
                                : ph_min_u32(blocks_of(bytes) + 1, UINT16_MAX);
}

void tcp_rcv_account(struct tcp_stack *tcp, struct tcp_conn *conn) {
  uint32_t blocks = need(tcp, conn);
  uint32_t owed = blocks > conn->rcv_blocks ? blocks - conn->rcv_blocks : 0;
  tcp->stack->blocks.reserve += owed - conn->rcv_owed;
  conn->rcv_owed = (uint16_t)owed;
}

/* Two blocks for each that was read: a window doubles per round trip. What was
 * read in small requests long ago is no proof: it counts as far as earned.
 * `anyone`: what is for who has read nothing so far. */
uint32_t tcp_rcv_share(const struct tcp_conn *conn,
                       const struct ph_block_pool *pool, uint32_t anyone) {
  if (conn->bytes_received <= conn->rcvq_len) {
    return anyone;
  }
  uint32_t moved = 2 * blocks_of(conn->bytes_received - conn->rcvq_len);
  return ph_block_share(pool, ph_block_earned(pool, moved));
}

struct ph_block *tcp_rcv_spare_block(struct tcp_stack *tcp,
                                     const struct tcp_conn *conn) {
  struct ph_block_pool *pool = &tcp->stack->blocks;
  uint32_t anyone = ph_block_for_anyone(pool);
  bool enough = conn->rcv_blocks > anyone &&
                conn->rcv_blocks > tcp_rcv_share(conn, pool, anyone);
  return enough ? NULL : ph_block_get_spare(pool);
}

/* Pieces of the receive queues are owed like the blocks under them. */
static bool chunk_spare(const struct tcp_stack *tcp) {
  return tcp->chunks_available >
         ph_min_u32(tcp->stack->blocks.reserve, tcp->chunks_count / 2);
}

uint32_t tcp_rcv_lendable(const struct tcp_stack *tcp,
                          const struct tcp_conn *conn,
                          const struct ph_block_pool *pool) {
  uint64_t lent = conn->rcv_held - conn->rcv_blocks * (uint64_t)PH_BLOCK_SIZE;
  uint32_t blocks = (uint32_t)(lent / pool->block_size);
  uint32_t share = ph_block_for_anyone(pool);
  if (conn->rcv_packed || !chunk_spare(tcp) ||
      pool->available < pool->reserve) {
    return 0;
  }
  share = blocks < share ? share : tcp_rcv_share(conn, pool, share);
  return blocks < share ? share - blocks : 0;
}

/* ---- Send --------------------------------------------------------------- */

/* What path and peer take now (of cwnd twice, or it could not grow), if they
 * ever took anything: when a peer stops to read, its window closes, but it has
 * taken what was in it, and no more than the floor is left. Or, so that a queue
 * need not run empty between two ACKs, twice what the peer's application must
 * have read: what it was offered beyond two of its widest windows (a buffer
 * may still grow to twice the first window without being read). */
static PH_APART_IF_SMALL uint32_t send_moved(const struct ph_block_pool *pool,
                                             const struct tcp_conn *conn) {
  uint64_t taken = 2ull * conn->cwnd;
  taken = conn->snd_wnd < taken ? conn->snd_wnd : taken;
  taken = conn->bytes_acked < taken ? conn->bytes_acked : taken;
  uint64_t offered = conn->bytes_acked + conn->snd_wnd;
  uint64_t held = 2ull * conn->snd_max_wnd;
  uint64_t read = offered > held ? offered - held : 0;
  return ph_max_u32((uint32_t)(taken / PH_BLOCK_SIZE),
                    ph_block_earned(pool, 2 * blocks_of(read)));
}

uint32_t tcp_sendq_allowance(const struct ph_stack *stack,
                             const struct tcp_conn *conn) {
  const struct ph_block_pool *pool = &stack->blocks;
  uint32_t spare = ph_block_spare(pool);
  if (!conn->sndq_head) { /* the floor, at least */
    uint32_t share = ph_min_u32(spare, ph_block_for_anyone(pool));
    bool first = tcp_of(stack)->floor ? pool->available > 0 : spare > 0;
    return first ? ph_max_u32(ph_min_u32(share, ALLOWANCE_STEP), 1) : 0;
  }
  uint32_t held = blocks_of((uint64_t)conn->sndq_offset + conn->sndq_len);
  uint32_t share = ph_block_for_anyone(pool);
  if (held > share) {
    share = ph_block_share(pool, send_moved(pool, conn));
  }
  uint32_t more = held <= share ? share - held + 1 : 0;
  return ph_min_u32(spare, ph_min_u32(more, ALLOWANCE_STEP));
}
