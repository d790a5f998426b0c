/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the readers of pcap and pcapng. */
#ifndef PH_SIM_WIRE_PCAP_INTERNAL_H
#define PH_SIM_WIRE_PCAP_INTERNAL_H

#include "sim/wire/pcap.h"

enum { PCAP_LINKTYPE_ETHERNET = 1, PCAPNG_SECTION = 0x0A0D0D0A };

static inline uint32_t pcap_get32(const struct pcap *pcap, size_t at) {
  const uint8_t *p = pcap->data + at;
  return pcap->big_endian ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
                                (uint32_t)p[2] << 8 | p[3]
                          : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
                                (uint32_t)p[1] << 8 | p[0];
}

static inline uint16_t pcap_get16(const struct pcap *pcap, size_t at) {
  const uint8_t *p = pcap->data + at;
  return (uint16_t)(pcap->big_endian ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

/* Is interface `number` one that is asked for? */
bool pcap_wanted(const struct pcap *pcap, unsigned number);

/* A time stamp of that interface. */
pcap_time pcap_stamp(const struct pcap_interface *interface, uint64_t stamp);

/* Fills `frame` with `len` of `wire_len` bytes that lie at `at` and came at
 * `time`; 1, or -1 if that can't be a frame. */
int pcap_take(struct pcap *pcap, struct pcap_frame *frame, unsigned number,
              size_t at, uint32_t len, uint32_t wire_len, pcap_time time);

/* pcap_next() of the two kinds. */
int pcap_next_record(struct pcap *pcap, struct pcap_frame *frame);
int pcapng_next(struct pcap *pcap, struct pcap_frame *frame);

#endif
