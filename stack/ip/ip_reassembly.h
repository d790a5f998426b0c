/* SPDX-License-Identifier: Apache-2.0 */
/* What the families and reassembly tell each other. */
#ifndef PH_IP_IP_REASSEMBLY_H
#define PH_IP_IP_REASSEMBLY_H

#include "stack/ip/ip_internal.h"

/* A fragment whose header was checked by its family. */
struct ip_fragment {
  struct ip_rx rx;
  uint32_t id;
  uint32_t header_len; /* of what the whole packet begins with */
  uint32_t data_at;    /* of its data, from the IP header: there is a fragment
                          header in front of it in IPv6 */
  uint32_t next_at;    /* IPv6: of the field that names the fragment header */
  uint32_t offset;     /* of its data in the whole packet's, in bytes */
  bool more;           /* others are behind it */
};

/* ip_state.reassemble: takes `pkt`, which starts at the IP header. The whole
 * packet if this was what it lacked, from its IP header on; else NULL. */
struct pkt *ip_reassemble(struct ph_stack *stack, struct pkt *pkt,
                          const struct ip_fragment *fragment);

#endif
