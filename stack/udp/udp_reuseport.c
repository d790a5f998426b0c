/* SPDX-License-Identifier: Apache-2.0 */
/* SO_REUSEPORT: endpoints that are bound alike share what comes to their port,
 * each flow always to the same one as long as they stay (as in Linux). */
#include "stack/udp/udp_internal.h"

/* Is `p` in the group of `of`, both not connected? */
static bool is_in(const struct udp_pcb *p, const struct udp_pcb *of) {
  return p->share && !p->connected && p->local_port == of->local_port &&
         p->tx.device == of->tx.device && ph_addr_equal(&p->local, &of->local);
}

/* One of the group of `first`, by a keyed hash of who sends: nobody can aim all
 * of his flows at one. */
static struct udp_pcb *reuseport(struct udp_pcb *first,
                                 const struct ph_addr *remote,
                                 uint16_t remote_port) {
  struct udp_state *udp = udp_of(first->stack);
  uint32_t members = 1;
  if (first->connected) {
    return first;
  }
  for (const struct udp_pcb *p = first->next; p; p = p->next) {
    members += is_in(p, first);
  }
  struct udp_pcb *chosen = first;
  uint64_t left =
      ph_siphash24_ends(&udp->key, &first->local, first->local_port, remote,
                        remote_port, (struct ph_hash_use){0, 0}) %
      members;
  while (left > 0) {
    chosen = chosen->next;
    left -= is_in(chosen, first);
  }
  return chosen;
}

PH_APART_IF_SMALL void udp_set_reuseport(struct udp_pcb *pcb, bool on) {
  pcb->share = on ? reuseport : NULL;
}
