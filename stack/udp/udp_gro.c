/* SPDX-License-Identifier: Apache-2.0 */
/* UDP_GRO: a read takes datagrams of one sender that wait one behind the other
 * as one, if all but the last are of one length: what Linux puts together when
 * they arrive. They are only put together in the reader's memory, as many as
 * fit into it whole; in the queue each stays what it was. */
#include "stack/udp/udp_internal.h"

enum { GRO_COUNT_MAX = 64 }; /* UDP_GRO_CNT_MAX of Linux */

/* `len` bytes of `pkt` behind its meta, to where `at` bytes are already. */
static PH_APART_IF_SMALL void copy_to(const struct pkt *pkt, uint32_t len,
                                      const struct ph_iovec *iov, uint32_t at) {
  uint32_t from = sizeof(struct udp_meta);
  while (len > 0) {
    while (at >= iov->iov_len) {
      at -= (uint32_t)iov->iov_len;
      iov++;
    }
    size_t room = iov->iov_len - at;
    uint32_t n = room < len ? (uint32_t)room : len;
    pkt_copy(pkt, from, (uint8_t *)iov->iov_base + at, n);
    from += n;
    at += n;
    len -= n;
  }
}

static uint32_t gather(struct udp_pcb *pcb, const struct ph_iovec *iov,
                       uint32_t count, uint32_t *taken) {
  const struct pkt *first = pcb->head;
  uint32_t size = first->len - (uint32_t)sizeof(struct udp_meta);
  uint32_t room = udp_total_len(iov, count); /* at most what IP carries */
  uint32_t at = size, len = size;
  for (const struct pkt *next = first->next;
       next && len == size && *taken < GRO_COUNT_MAX; next = next->next) {
    len = next->len - (uint32_t)sizeof(struct udp_meta);
    if (len == 0 || len > size || at + len > room ||
        memcmp(first->head, next->head, sizeof(struct udp_meta)) != 0) {
      break;
    }
    copy_to(next, len, iov, at);
    at += len;
    ++*taken;
  }
  pcb->info.segment = *taken > 1 ? (uint16_t)size : 0;
  pcb->stack->stats.CopiedBytes += at - size;
  return at - size;
}

PH_APART_IF_SMALL void udp_set_gro(struct udp_pcb *pcb, bool on) {
  pcb->gather = on ? gather : NULL;
}
