/* SPDX-License-Identifier: Apache-2.0 */
/* Frames on the wire: destination address to FCS, no preamble. */
#ifndef PH_SIM_WIRE_FRAME_H
#define PH_SIM_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/core/time.h"

enum {
  FRAME_FCS_LEN = 4,
  FRAME_MIN = 64,      /* FCS included (IEEE 802.3 3.2.8) */
  FRAME_OVERHEAD = 20, /* preamble, SFD and gap on the wire (3.2, 4.4.2) */
  FRAME_ETH_HEADER = 14,
};

/* How a frame was treated; several may hold. */
enum frame_mark {
  FRAME_ERROR = 1, /* the sender ended it with an error code */
  FRAME_BAD_FCS = 2,
  FRAME_FLIPPED = 4, /* a bit was flipped and the FCS repaired */
  FRAME_DUPLICATE = 8,
  FRAME_REORDERED = 16,
  FRAME_DROPPED = 32, /* only in captures of the sender's side */
  FRAME_CE = 64,      /* congestion was marked (RFC 3168 5) */
};

struct frame {
  uint64_t id;    /* of the packet that it carries a segment of; 0: unknown */
  unsigned marks; /* enum frame_mark */
  uint32_t len;   /* bytes, FCS included */
  uint8_t data[];
};

/* A copy; the caller owns it and frees it with free(). */
struct frame *frame_copy(const uint8_t *data, uint32_t len, uint64_t id);

/* CRC-32 of IEEE 802.3 3.2.9. */
uint32_t frame_fcs(const uint8_t *data, size_t len);

/* Write the right FCS into the last four bytes of `len`. */
void frame_set_fcs(uint8_t *data, size_t len);
bool frame_fcs_good(const uint8_t *data, size_t len);

enum frame_kind {
  FRAME_KIND_DATA,      /* TCP with payload */
  FRAME_KIND_ACK,       /* TCP without payload, SYN, FIN and RST */
  FRAME_KIND_HANDSHAKE, /* SYN, FIN, RST without payload */
  FRAME_KIND_UDP,
  FRAME_KIND_ICMP,
  FRAME_KIND_ARP,
  FRAME_KIND_OTHER,
  FRAME_KIND_COUNT
};

enum frame_kind frame_kind_of(const uint8_t *data, size_t len);
const char *frame_kind_name(enum frame_kind kind);

/* Offset and length of the IPv4 packet inside; false if there is none. */
bool frame_ipv4(const uint8_t *data, size_t len, uint32_t *offset,
                uint32_t *ip_len);

/* Offset of the IPv6 packet inside; false if there is none. */
bool frame_ipv6(const uint8_t *data, size_t len, uint32_t *offset);

/* What IP of either version carries: where it is, how long it is by IP's word,
 * and its protocol. IPv6 may have one extension header of eight bytes in front.
 * False: there is none, or its header is cut. */
struct frame_payload {
  uint32_t offset, len;
  uint8_t protocol;
};
bool frame_payload(const uint8_t *data, size_t len,
                   struct frame_payload *payload);

/* Sequence number and payload length of the TCP segment inside; false if there
 * is none. `len` bytes from the destination address on are there, at least up
 * to the end of the TCP header. */
bool frame_tcp(const uint8_t *data, size_t len, uint32_t *seq,
               uint32_t *payload);

/* A number that names the packet inside (IPv4's identification, ports, sequence
 * number; the whole header of a TCP segment without payload), equal at both
 * ends of the wire; 0 if it is no IP. For following a
 * packet in the timeline, nothing else. */
uint64_t frame_key(const uint8_t *data, size_t len);

/* One's-complement sum (RFC 1071), folded, not complemented. `sum` continues an
 * earlier one over an even number of bytes. */
uint16_t frame_sum(const uint8_t *data, size_t len, uint32_t sum);

static inline uint16_t frame_get16(const uint8_t *p) {
  return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t frame_get32(const uint8_t *p) {
  return (uint32_t)frame_get16(p) << 16 | frame_get16(p + 2);
}
static inline void frame_put16(uint8_t *p, uint16_t v) {
  p[0] = (uint8_t)(v >> 8);
  p[1] = (uint8_t)v;
}
static inline void frame_put32(uint8_t *p, uint32_t v) {
  frame_put16(p, (uint16_t)(v >> 16));
  frame_put16(p + 2, (uint16_t)v);
}

#endif
