/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 and IPv6 packets: made of what a script says, and read back into fields.
 */
#ifndef PH_SIM_PACKET_PACKETS_H
#define PH_SIM_PACKET_PACKETS_H

#include "sim/packet/ast.h"
#include "stack/base/types.h"

enum { PACKET_BYTES_MAX = 65535 };

/* The fields of a packet; pointers go into its bytes. What ICMPv6 says has the
 * type, code and protocol that ICMP has for it, so that a script may be run
 * over either. */
struct packet_view {
  uint8_t tos, ttl, protocol;
  uint16_t src_port, dst_port;
  /* TCP. */
  uint32_t seq, ack;
  uint8_t flags;
  bool ae;
  uint16_t win, urg;
  const uint8_t *options;
  uint8_t options_len;
  /* ICMP. */
  uint8_t type, code;
  uint16_t mtu;
  const uint8_t *payload;
  uint32_t payload_len;
  uint32_t gathered; /* segments that were joined to this one */
};

/* False: it is not whole, its header's checksum is wrong, or it is neither TCP,
 * UDP nor ICMP; `why` says which. */
bool packet_read(const uint8_t *ip, uint32_t len, struct packet_view *view,
                 const char **why);

/* What a packet to the stack needs beyond the script's words. */
struct packet_ends {
  bool ipv6;
  uint32_t remote_ip, local_ip;
  struct ph_addr remote6, local6; /* of ipv6 */
  uint16_t remote_port, local_port;
  uint32_t seq_add; /* to the remote's numbers */
  uint32_t ack_add; /* to numbers of the stack's space: ack, SACK blocks */
  bool has_ecr;
  uint32_t ecr; /* replaces TS ecr */
};

/* Writes the packet with right checksums to `to` (PACKET_BYTES_MAX bytes).
 * Returns its length, 0 if it would be longer. Payload bytes are zero. */
uint32_t packet_write(uint8_t *to, const struct packet_spec *spec,
                      const struct packet_ends *ends);

/* Where the 8 bytes of the timestamps are in option bytes, or NULL. */
const uint8_t *packet_timestamps(const uint8_t *options, uint32_t len);

/* Steps through options: the length of the one at `at`, 1 at least; less than
 * what its own length says if that does not fit. */
uint32_t packet_option_len(const uint8_t *options, uint32_t len, uint32_t at);

/* One line as tcpdump writes it. `seq_sub` and `ack_sub` are taken off. */
struct packet_base {
  uint32_t seq_sub, ack_sub;
  bool ports;  /* show them */
  bool no_win; /* any window is right */
};
void packet_print(const struct packet_view *view,
                  const struct packet_base *base, char *to, size_t size);

/* "bad" flags and all: "P.", "SEW", "-". At least 12 bytes. */
void packet_flags_print(uint8_t flags, bool ae, char *to);

#endif
