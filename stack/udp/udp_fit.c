/* SPDX-License-Identifier: Apache-2.0 */
/* IP_MTU_DISCOVER and UDP_SEGMENT: may a datagram be fragmented, is it to be
 * cut. Who asks for neither does not carry it along. */
#include "stack/base/errno.h"
#include "stack/udp/udp_internal.h"
#include "stack/wire/ip_wire.h"

enum { UDP_SEGMENTS_MAX = 128 }; /* as in Linux */

/* Nobody but we ourselves can say that it is too long. */
static void tell_too_long(struct udp_pcb *pcb, const struct ip_path *path,
                          uint32_t most) {
  const struct ip_error_info info = {.dst = path->dst, .mtu = (uint16_t)most};
  if (pcb->queue_error &&
      pcb->queue_error(pcb, &info, 0, pcb->remote_port, PH_EMSGSIZE) &&
      pcb->event) {
    pcb->event(pcb, UDP_EVENT_ERROR);
  }
}

static int fit(struct udp_pcb *pcb, const struct udp_tx *how,
               struct ip_path *path, uint32_t len, struct ip_tx *tx,
               uint16_t *segment) {
  enum { WANT = 1, DO, PROBE };
  uint32_t most = how->mtu_discover == PROBE ? path->netif->caps.mtu
                                             : ip_path_mtu(pcb->stack, path);
  uint32_t one = how->segment ? ph_min_u32(len, how->segment) : len;
  bool fits = one + UDP_HDR_LEN + path->family->header_len <= most;
  tx->dont_fragment = how->mtu_discover && (fits || how->mtu_discover >= DO);
  if (!fits && (how->segment || how->mtu_discover >= DO)) {
    if (!how->segment) {
      tell_too_long(pcb, path, most);
    }
    return -PH_EMSGSIZE;
  }
  *segment = one < len ? how->segment : 0;
  return one * UDP_SEGMENTS_MAX < len ? -PH_EINVAL : 0;
}

void udp_set_mtu_discover(struct udp_tx *tx, uint8_t mode) {
  tx->mtu_discover = mode;
  tx->fit = fit;
}

void udp_set_segment(struct udp_tx *tx, uint16_t segment) {
  tx->segment = segment;
  tx->fit = fit;
}
