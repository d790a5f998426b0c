/* SPDX-License-Identifier: Apache-2.0 */
/* Makes pcap and pcapng files in memory, right ones and wrong ones, without the
 * simulator's own writer. */
#ifndef PH_TESTS_COSIM_RECORDING_H
#define PH_TESTS_COSIM_RECORDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording {
  uint8_t bytes[1 << 20];
  size_t len;
  bool big_endian;
};

/* An empty pcap file; `link` as it stands in the header. */
void recording_pcap(struct recording *recording, bool big_endian, bool nano,
                    uint32_t link);

/* A record of it: `len` bytes of a frame of `wire_len`. */
void recording_add(struct recording *recording, uint32_t seconds,
                   uint32_t fraction, const uint8_t *data, uint32_t len,
                   uint32_t wire_len);

/* pcapng: a section header; it sets the byte order of what follows. */
void recording_section(struct recording *recording, bool big_endian);

/* Options with -1 (name: NULL) are left out. */
struct recording_interface {
  uint16_t link;
  uint32_t snaplen;
  const char *name;
  int resolution, fcs_len;
  int64_t offset_s;
};
void recording_interface(struct recording *recording,
                         const struct recording_interface *interface);

/* An enhanced packet block; `flags` 0: without the option. */
void recording_packet(struct recording *recording, uint32_t interface,
                      uint64_t stamp, const uint8_t *data, uint32_t len,
                      uint32_t wire_len, uint32_t flags);

/* A simple packet block with `len` bytes of a frame of `wire_len`. */
void recording_simple(struct recording *recording, const uint8_t *data,
                      uint32_t len, uint32_t wire_len);

/* Any block. */
void recording_block(struct recording *recording, uint32_t type,
                     const void *body, uint32_t len);

/* Writes `size` bytes of it to a file. */
void recording_save(const struct recording *recording, size_t size,
                    const char *path);

/* A UDP datagram of `payload` bytes in IPv4 without FCS: to port 7 of
 * 10.0.0.1 (02:50:48:00:00:01) from 10.0.0.9 (02:00:00:00:00:09). Returns its
 * length. */
uint32_t recording_udp(uint8_t *frame, uint32_t payload);

/* An ICMP echo request of 56 bytes between the same. */
uint32_t recording_ping(uint8_t *frame);

#endif
