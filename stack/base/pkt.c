/* SPDX-License-Identifier: Apache-2.0 */
/* Packets: a linear header part and references into blocks. */
#include "stack/base/pkt.h"

#include "stack/base/assert.h"

void pkt_pool_init(struct pkt_pool *pool, struct pkt *pkts, uint32_t count) {
  *pool =
      (struct pkt_pool){.count = count, .available = count, .low_water = count};
  for (uint32_t i = count; i-- > 0;) {
    pkts[i].pool = pool;
    pkts[i].next = pool->free;
    pool->free = &pkts[i];
  }
}

struct pkt *pkt_get(struct pkt_pool *pool, uint32_t reserve) {
  return pkt_get_here(pool, reserve);
}

/* The same, with references from `frag` on; its block has none left. */
static PH_APART void put_last(struct pkt *pkt, const struct pkt_frag *frag) {
  const struct pkt_frag *end = pkt->frags + pkt->nfrags;
  ph_block_release(frag->block);
  for (frag++; frag < end; frag++) {
    ph_block_put(frag->block);
  }
  pkt_put_linear(pkt);
}

void pkt_put(struct pkt *pkt) {
  const struct pkt_frag *frag = pkt->frags;
  const struct pkt_frag *end = frag + pkt->nfrags;
  for (; frag < end; frag++) {
    PH_ASSERT(frag->block->refs > 0);
    if (--frag->block->refs == 0) { /* or a queue still has it */
      if (PH_SHORT_WAYS) {
        put_last(pkt, frag);
        return;
      }
      ph_block_release(frag->block);
    }
  }
  pkt_put_linear(pkt);
}

void pkt_cut_end(struct pkt *pkt, uint32_t len) {
  uint32_t excess = pkt->len - len;
  pkt->len = len;
  while (pkt->nfrags > 0) {
    struct pkt_frag *last = &pkt->frags[pkt->nfrags - 1];
    if (last->len > excess) {
      last->len -= excess;
      return;
    }
    excess -= last->len;
    ph_block_put(last->block);
    pkt->nfrags--;
  }
  pkt->head_len -= excess;
}

void pkt_copy(const struct pkt *pkt, uint32_t from, void *to, uint32_t len) {
  PH_ASSERT(from <= pkt->len && len <= pkt->len - from);
  uint8_t *out = to;
  if (from < pkt->head_len) {
    uint32_t n = ph_min_u32(len, pkt->head_len - from);
    memcpy(out, pkt->head + from, n);
    out += n;
    len -= n;
    from = 0;
  } else {
    from -= pkt->head_len;
  }
  for (const struct pkt_frag *frag = pkt->frags; len > 0; frag++) {
    if (from >= frag->len) {
      from -= frag->len;
      continue;
    }
    uint32_t n = ph_min_u32(len, frag->len - from);
    memcpy(out, frag->data + from, n);
    out += n;
    len -= n;
    from = 0;
  }
}
